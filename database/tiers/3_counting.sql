-- Purchases count, and what comes back counts no more. The ledger's own functions do the booking; redemptions, lapsed points,
-- transfers, bonuses and points by hand do not come by here, so they move no counter.

-- Internal: count purchases that have just been booked, and answer whose level they changed. The members are locked.
create or replace function tiers.count(
    p_program_id int, p_member_ids bigint[], p_op_ids uuid[], p_occurred_at timestamptz[], p_base_points bigint[],
    p_spend_minor bigint[], p_actor text
) returns table (member_id bigint, tier text) language plpgsql set search_path = pg_catalog
set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
    l tiers.ladder := tiers.ladder_of(p_program_id);
    v_ids bigint[];
    v_months date[];
begin
    if l.codes is null then return; end if;
    with counted as (
        insert into tiers.purchase as p (program_id, op_id, member_id, month, base_points, spend_minor)
        select p_program_id, g.op_id, g.member_id, date_trunc('month', g.occurred_at at time zone l.zone)::date, g.base_points,
            g.spend_minor
        from unnest(p_op_ids, p_member_ids, p_occurred_at, p_base_points, p_spend_minor)
            g (op_id, member_id, occurred_at, base_points, spend_minor)
        returning p.member_id, p.month, p.base_points, p.spend_minor
    ), added as (
        insert into tiers.month as m (program_id, member_id, month, base_points, spend_minor)
        select p_program_id, c.member_id, c.month, sum(c.base_points), sum(c.spend_minor) from counted c
        group by c.member_id, c.month order by c.member_id, c.month
        on conflict (program_id, member_id, month) do update
        set base_points = m.base_points + excluded.base_points, spend_minor = m.spend_minor + excluded.spend_minor,
            row_xid = pg_current_xact_id()
        returning m.member_id, m.month
    )
    select array_agg(a.member_id), array_agg(a.month) into v_ids, v_months from added a;
    v_ids := tiers.reach(l, v_ids, v_months);
    if v_ids is not null then
        -- What a merged membership reaches follows to the one that stands for it, and is told there.
        select array_agg(u.member_id) into v_ids from unnest(v_ids) u (member_id)
        where not exists (select from members.member m
                          where m.program_id = p_program_id and m.member_id = u.member_id and m.merged_into is not null);
    end if;
    if v_ids is not null then
        v_ids := tiers.lock_or_leave(l, v_ids);
    end if;
    if v_ids is not null then
        -- The counters may have been waited for, and another version published meanwhile.
        l := tiers.ladder_of(p_program_id);
        return query select s.member_id, s.tier from tiers.settle(l, v_ids, 'reached', p_actor) s;
    end if;
end $$;

-- points.accrue_purchase, counted. `tier`: the member's new level, if this purchase made one.
create or replace function tiers.accrue_purchase(
    p_program_id int, p_member_id bigint, p_op_id uuid, p_amount bigint, p_expires_on date, p_occurred_at timestamptz,
    p_partner text, p_partner_reference text, p_funder text, p_unit_cost_micros bigint, p_request_hash bytea,
    p_actor text, p_pending_until timestamptz, p_bonuses jsonb, p_base_points bigint, p_spend_minor bigint
) returns table (
    status text, op_id uuid, version bigint, available bigint, held bigint, pending bigint, debt bigint, amount bigint,
    bonuses jsonb, tier text
) language plpgsql security definer set search_path = pg_catalog as $$
#variable_conflict use_column
begin
    select a.status, a.op_id, a.version, a.available, a.held, a.pending, a.debt, a.amount, a.bonuses
    into status, op_id, version, available, held, pending, debt, amount, bonuses
    from points.accrue_purchase(
        p_program_id, p_member_id, p_op_id, p_amount, p_expires_on, p_occurred_at, p_partner, p_partner_reference, p_funder,
        p_unit_cost_micros, p_request_hash, p_actor, p_pending_until, p_bonuses) a;
    if status = 'ok' then
        select c.tier into tier
        from tiers.count(
            p_program_id, array[p_member_id], array[op_id], array[p_occurred_at], array[p_base_points], array[p_spend_minor],
            p_actor) c;
    end if;
    return next;
end $$;

-- points.accrue_purchases, counted. `tier`: the new level of a row's member, if the rows together made one.
create or replace function tiers.accrue_purchases(
    p_program_id int, p_partner text, p_funder text, p_unit_cost_micros bigint, p_actor text,
    p_member_ids bigint[], p_op_ids uuid[], p_amounts bigint[], p_expires_on date[], p_occurred_at timestamptz[],
    p_partner_references text[], p_request_hashes bytea[], p_pending_until timestamptz[],
    p_bonus_positions int[], p_bonus_campaigns text[], p_bonus_points bigint[], p_base_points bigint[],
    p_spend_minor bigint[]
) returns table ("position" int, status text, bonus bigint, tier text) language plpgsql security definer
set search_path = pg_catalog set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
    v_status text[];
    v_bonus bigint[];
    v_ids bigint[];
    v_tiers text[];
begin
    select array_agg(a.status order by a."position"), array_agg(a.bonus order by a."position") into v_status, v_bonus
    from points.accrue_purchases(
        p_program_id, p_partner, p_funder, p_unit_cost_micros, p_actor, p_member_ids, p_op_ids, p_amounts, p_expires_on,
        p_occurred_at, p_partner_references, p_request_hashes, p_pending_until, p_bonus_positions, p_bonus_campaigns,
        p_bonus_points) a;
    if 'ok' = any (v_status) then
        select array_agg(c.member_id), array_agg(c.tier) into v_ids, v_tiers
        from (
            select array_agg(g.member_id order by g.n) as member_ids, array_agg(g.op_id order by g.n) as op_ids,
                array_agg(g.occurred_at order by g.n) as occurred_at, array_agg(g.base order by g.n) as base,
                array_agg(g.spend order by g.n) as spend
            from unnest(v_status, p_member_ids, p_op_ids, p_occurred_at, p_base_points, p_spend_minor)
                with ordinality g (status, member_id, op_id, occurred_at, base, spend, n)
            where g.status = 'ok'
        ) k
        cross join lateral tiers.count(
            p_program_id, k.member_ids, k.op_ids, k.occurred_at, k.base, k.spend, p_actor) c;
    end if;
    return query
    select g.n::int, g.status, g.bonus, v_tiers[array_position(v_ids, p_member_ids[g.n])]
    from unnest(v_status, v_bonus) with ordinality g (status, bonus, n) order by g.n;
end $$;

-- points.reverse_purchase, counted: when r of a purchase's own a points are back, so are floor(units × r / a) of its units, in
-- the month it counts in. Nobody's level changes by it before its time.
create or replace function tiers.reverse_purchase(
    p_program_id int, p_op_id uuid, p_partner text, p_partner_reference text, p_reversal_reference text,
    p_amount bigint, p_debt_policy text, p_request_hash bytea, p_actor text
) returns table (
    status text, op_id uuid, version bigint, available bigint, held bigint, pending bigint, debt bigint, amount bigint,
    bonuses jsonb
) language plpgsql security definer set search_path = pg_catalog as $$
#variable_conflict use_column
begin
    select a.status, a.op_id, a.version, a.available, a.held, a.pending, a.debt, a.amount, a.bonuses
    into status, op_id, version, available, held, pending, debt, amount, bonuses
    from points.reverse_purchase(
        p_program_id, p_op_id, p_partner, p_partner_reference, p_reversal_reference, p_amount, p_debt_policy,
        p_request_hash, p_actor) a;
    if status = 'ok' then
        perform tiers.uncount(p_program_id, a.op_id, a.amount) from points.accrual a
        where a.program_id = p_program_id and a.partner = p_partner and a.partner_reference = p_partner_reference;
    end if;
    return next;
end $$;

-- Internal: of a purchase of `p_own` points, what is back by now.
create or replace function tiers.uncount(p_program_id int, p_op_id uuid, p_own bigint) returns void language plpgsql
set search_path = pg_catalog as $$
declare
    v_back numeric;
    o tiers.purchase;
    n tiers.purchase;
begin
    select * into o from tiers.purchase p where p.program_id = p_program_id and p.op_id = p_op_id for no key update;
    if not found then return; end if;
    select coalesce(sum(r.amount), 0) into v_back from points.reversal r
    where r.program_id = p_program_id and r.accrual_op_id = p_op_id;
    update tiers.purchase p
    set base_returned = div(p.base_points * v_back, p_own), spend_returned = div(p.spend_minor * v_back, p_own),
        row_xid = pg_current_xact_id()
    where p.program_id = p_program_id and p.op_id = p_op_id
    returning p.* into n;
    update tiers.month m
    set base_points = m.base_points - (n.base_returned - o.base_returned),
        spend_minor = m.spend_minor - (n.spend_returned - o.spend_returned), row_xid = pg_current_xact_id()
    where m.program_id = p_program_id and m.member_id = o.member_id and m.month = o.month;
end $$;

-- Internal: two memberships become one; both are locked. What the duplicate's purchases count, what it reached and was given is the
-- survivor's.
create or replace function tiers.merge(p_program_id int, p_duplicate bigint, p_survivor bigint, p_actor text) returns void
language plpgsql set search_path = pg_catalog as $$
declare
    l tiers.ladder := tiers.ladder_of(p_program_id);
    v_months date[];
begin
    if l.codes is null then return; end if;
    perform tiers.adopt(l, array[p_duplicate, p_survivor]);
    update tiers.purchase p set member_id = p_survivor, row_xid = pg_current_xact_id()
    where p.program_id = p_program_id and p.member_id = p_duplicate and p.op_id in (
        select j.op_id from points.journal j
        where j.program_id = p_program_id and j.member_id = p_duplicate and j.dr = 10);
    with gone as (
        delete from tiers.month m where m.program_id = p_program_id and m.member_id = p_duplicate returning *
    ), added as (
        insert into tiers.month as m (program_id, member_id, month, base_points, spend_minor)
        select g.program_id, p_survivor, g.month, g.base_points, g.spend_minor from gone g
        on conflict (program_id, member_id, month) do update
        set base_points = m.base_points + excluded.base_points, spend_minor = m.spend_minor + excluded.spend_minor,
            row_xid = pg_current_xact_id()
        returning m.month
    )
    select array_agg(a.month) into v_months from added a;
    with gone as (
        delete from tiers.reached r where r.program_id = p_program_id and r.member_id = p_duplicate returning *
    )
    insert into tiers.reached (program_id, member_id, starts_on, ends_on, source, tier, reached_at)
    select g.program_id, p_survivor, g.starts_on, g.ends_on, g.source, g.tier, g.reached_at from gone g
    on conflict do nothing;
    update tiers.granted g set member_id = p_survivor, row_xid = pg_current_xact_id()
    where g.program_id = p_program_id and g.member_id = p_duplicate;
    delete from tiers.standing s where s.program_id = p_program_id and s.member_id = p_duplicate;
    if v_months is not null then
        perform tiers.reach(l, array_fill(p_survivor, array[cardinality(v_months)]), v_months);
    end if;
    perform tiers.settle(l, array[p_survivor], 'reached', p_actor);
end $$;
