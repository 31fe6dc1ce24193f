-- Purchases with a campaign's bonus. The purchase's own points and each campaign's bonus are accruals of their own, because
-- others pay for them: the books and the funders' statements need no rule for campaigns. A bonus is known by
-- (`campaign:<code>`, `<partner>/<reference of the purchase>`), names no partner can have. Own points never depend on a budget.
-- Bonuses are told as [{campaign, asked, points}]: what the campaign promised, and what its budget and the member's cap let it
-- pay (`points`), or what was moved now by a return or a release.

-- Internal: what a campaign may still do for a member, of what is asked.
create or replace function points.within_cap(b points.budget, p_member_id bigint, p_asked bigint) returns bigint
language plpgsql stable as $$
begin
    if b.campaign is null then return 0; end if;
    if b.member_cap_points is null then return p_asked; end if;
    return greatest(0, least(
        p_asked, b.member_cap_points - points.campaign_points(b.program_id, b.campaign, p_member_id)));
end $$;

-- Internal: take the money for so many points at that price, or for fewer. A point that costs nothing is always paid.
create or replace function points.fund_points(b points.budget, p_slice int, p_points bigint, p_unit_cost_micros bigint)
returns bigint language plpgsql as $$
begin
    if p_points <= 0 or p_unit_cost_micros = 0 then return p_points; end if;
    return points.take_budget(
        b.program_id, b.campaign, p_slice, least(p_points, b.budget_micros / p_unit_cost_micros) * p_unit_cost_micros,
        p_unit_cost_micros, false) / p_unit_cost_micros;
end $$;

-- Internal: one bonus of a purchase that has just been granted.
create or replace function points.pay_bonus(a points.accrual, p_campaign text, p_asked bigint) returns bigint
language plpgsql as $$
declare
    b points.budget;
    v_slice int := points.slice_of(a.member_id);
    v_paid bigint;
begin
    select * into b from points.budget where program_id = a.program_id and campaign = p_campaign;
    if not found then return 0; end if;
    v_paid := points.fund_points(b, v_slice, points.within_cap(b, a.member_id, p_asked), a.unit_cost_micros);
    if v_paid > 0 and (points.accrue(
            a.program_id, a.member_id, clock.new_id(), v_paid, a.expires_on, a.occurred_at, 'campaign:' || p_campaign,
            a.partner || '/' || a.partner_reference, b.funder, a.unit_cost_micros, a.request_hash, a.actor,
            a.pending_until, p_campaign)).status <> 'ok' then
        -- More than an account holds.
        perform points.give_back(a.program_id, p_campaign, v_slice, v_paid * a.unit_cost_micros);
        v_paid := 0;
    end if;
    insert into points.budget_use (
        program_id, op_id, campaign, kind, member_id, funder, slice, asked_points, paid_points, unit_cost_micros, points,
        spent_micros, created_at)
    values (a.program_id, a.op_id, p_campaign, 'bonus', a.member_id, b.funder, v_slice, p_asked, v_paid,
        a.unit_cost_micros, v_paid, v_paid * a.unit_cost_micros, a.created_at);
    return v_paid;
end $$;

-- points.accrue, and what campaigns add: p_bonuses [{campaign, points}], each campaign once. Again is the first answer,
-- whatever campaigns there are by then. The balances are those after the purchase's own points.
create or replace function points.accrue_purchase(
    p_program_id int, p_member_id bigint, p_op_id uuid, p_amount bigint, p_expires_on date, p_occurred_at timestamptz,
    p_partner text, p_partner_reference text, p_funder text, p_unit_cost_micros bigint, p_request_hash bytea,
    p_actor text, p_pending_until timestamptz, p_bonuses jsonb
) returns table (
    status text, op_id uuid, version bigint, available bigint, held bigint, pending bigint, debt bigint, amount bigint,
    bonuses jsonb
) language plpgsql security definer set search_path = pg_catalog as $$
#variable_conflict use_column
declare
    o points.outcome := points.accrue(
        p_program_id, p_member_id, p_op_id, p_amount, p_expires_on, p_occurred_at, p_partner, p_partner_reference, p_funder,
        p_unit_cost_micros, p_request_hash, p_actor, p_pending_until);
    a points.accrual;
    v_told jsonb := '[]';
    w record;
begin
    if o.status = 'ok' and jsonb_array_length(p_bonuses) > 0 then
        select * into a from points.accrual g where g.program_id = p_program_id and g.op_id = o.op_id;
        for w in
            select x ->> 'campaign' as campaign, (x ->> 'points')::bigint as asked from jsonb_array_elements(p_bonuses) x
            where (x ->> 'points')::bigint > 0 order by x ->> 'campaign' collate "C"
        loop
            v_told := v_told || jsonb_build_object(
                'campaign', w.campaign, 'asked', w.asked, 'points', points.pay_bonus(a, w.campaign, w.asked));
        end loop;
    elsif o.status = 'replay' then
        v_told := points.bonuses_paid(p_program_id, o.op_id);
    end if;
    return query select (o).*, v_told;
end $$;

-- Internal: what a purchase was told when it was granted.
create or replace function points.bonuses_paid(p_program_id int, p_op_id uuid) returns jsonb language plpgsql stable as $$
begin
    return (
        select coalesce(jsonb_agg(
            jsonb_build_object('campaign', campaign, 'asked', asked_points, 'points', paid_points)
            order by campaign collate "C"), '[]')
        from points.budget_use where program_id = p_program_id and op_id = p_op_id and kind = 'bonus');
end $$;

-- points.accrue_many with bonuses: of the row at p_bonus_positions[i], p_bonus_points[i] of p_bonus_campaigns[i]; a row and
-- campaign once. The file's rows take a budget's money together, from one slice, and share it in their order. `bonus` is what
-- was paid to a row that is `ok`.
create or replace function points.accrue_purchases(
    p_program_id int, p_partner text, p_funder text, p_unit_cost_micros bigint, p_actor text,
    p_member_ids bigint[], p_op_ids uuid[], p_amounts bigint[], p_expires_on date[], p_occurred_at timestamptz[],
    p_partner_references text[], p_request_hashes bytea[], p_pending_until timestamptz[],
    p_bonus_positions int[], p_bonus_campaigns text[], p_bonus_points bigint[]
) returns table ("position" int, status text, bonus bigint) language plpgsql security definer
set search_path = pg_catalog set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
    v_status text[];
    v_bonus bigint[] := array_fill(0::bigint, array[coalesce(cardinality(p_op_ids), 0)]);
    v_campaign text;
    v_places int[];
    v_asked bigint[];
    v_wanted bigint[];
    v_paid bigint[];
    v_rows int[];
    v_granted text[];
    v_slice int;
    v_funded bigint;
    b points.budget;
    i int;
begin
    select array_agg(m.status order by m."position") into v_status
    from points.accrue_many(
        p_program_id, p_partner, p_funder, p_unit_cost_micros, p_actor, p_member_ids, p_op_ids, p_amounts, p_expires_on,
        p_occurred_at, p_partner_references, p_request_hashes, p_pending_until) m;

    for v_campaign in
        select distinct g.campaign collate "C" from unnest(p_bonus_positions, p_bonus_campaigns) g (place, campaign)
        where v_status[g.place] = 'ok' order by 1
    loop
        select * into b from points.budget where program_id = p_program_id and campaign = v_campaign;
        continue when not found;
        select array_agg(g.place order by g.place), array_agg(g.asked order by g.place) into v_places, v_asked
        from unnest(p_bonus_positions, p_bonus_campaigns, p_bonus_points) g (place, campaign, asked)
        where g.campaign = v_campaign and g.asked > 0 and v_status[g.place] = 'ok';
        continue when v_places is null;

        -- A member's rows share the cap in their order, then all rows share the money in theirs.
        select array_agg(greatest(0, least(g.asked, c.may - g.before))::bigint order by g.n) into v_wanted
        from (
            select u.n, u.asked, p_member_ids[u.place] as member_id,
                sum(u.asked) over (partition by p_member_ids[u.place] order by u.n) - u.asked as before
            from unnest(v_places, v_asked) with ordinality u (place, asked, n)
        ) g
        join (
            select d.member_id, points.within_cap(b, d.member_id, 9007199254740991) as may
            from (select distinct p_member_ids[p] as member_id from unnest(v_places) p) d
        ) c using (member_id);
        v_slice := points.slice_of(p_member_ids[v_places[1]]);
        v_funded := points.fund_points(
            b, v_slice, (select least(sum(w), 9007199254740991)::bigint from unnest(v_wanted) w), p_unit_cost_micros);
        select array_agg(greatest(0, least(g.wanted, v_funded - g.before))::bigint order by g.n) into v_paid
        from (
            select u.n, u.wanted, sum(u.wanted) over (order by u.n) - u.wanted as before
            from unnest(v_wanted) with ordinality u (wanted, n)
        ) g;

        select array_agg(n) into v_rows from generate_subscripts(v_paid, 1) n where v_paid[n] > 0;
        select array_agg(m.status order by m."position") into v_granted
        from points.accrue_many(
            p_program_id, 'campaign:' || v_campaign, b.funder, p_unit_cost_micros, p_actor,
            (select array_agg(p_member_ids[v_places[n]] order by n) from unnest(v_rows) n),
            (select array_agg(clock.new_id()) from unnest(v_rows) n),
            (select array_agg(v_paid[n] order by n) from unnest(v_rows) n),
            (select array_agg(p_expires_on[v_places[n]] order by n) from unnest(v_rows) n),
            (select array_agg(p_occurred_at[v_places[n]] order by n) from unnest(v_rows) n),
            (select array_agg(p_partner || '/' || p_partner_references[v_places[n]] order by n) from unnest(v_rows) n),
            (select array_agg(p_request_hashes[v_places[n]] order by n) from unnest(v_rows) n),
            (select array_agg(p_pending_until[v_places[n]] order by n) from unnest(v_rows) n), v_campaign) m;
        for i in 1 .. coalesce(cardinality(v_rows), 0) loop
            continue when v_granted[i] = 'ok';
            -- More than an account holds.
            perform points.give_back(p_program_id, v_campaign, v_slice, v_paid[v_rows[i]] * p_unit_cost_micros);
            v_paid[v_rows[i]] := 0;
        end loop;
        insert into points.budget_use (
            program_id, op_id, campaign, kind, member_id, funder, slice, asked_points, paid_points, unit_cost_micros, points,
            spent_micros, created_at)
        select p_program_id, p_op_ids[g.place], v_campaign, 'bonus', p_member_ids[g.place], b.funder, v_slice, g.asked, g.paid,
            p_unit_cost_micros, g.paid, g.paid * p_unit_cost_micros, clock.now()
        from unnest(v_places, v_asked, v_paid) g (place, asked, paid);
        for i in 1 .. cardinality(v_places) loop
            v_bonus[v_places[i]] := v_bonus[v_places[i]] + v_paid[i];
        end loop;
    end loop;

    return query select g.place::int, g.status, g.bonus
    from unnest(v_status, v_bonus) with ordinality g (status, bonus, place) order by g.place;
end $$;

-- points.reverse_accrual of a purchase, and each bonus with it: when r of the purchase's own a points are back, so are
-- floor(bonus × r / a) of each bonus, so that parts add up to the whole and the last own point takes the last bonus point. The
-- money returns to the campaign's budget, also when it is over: its funder is billed for what stayed.
create or replace function points.reverse_purchase(
    p_program_id int, p_op_id uuid, p_partner text, p_partner_reference text, p_reversal_reference text,
    p_amount bigint, p_debt_policy text, p_request_hash bytea, p_actor text
) returns table (
    status text, op_id uuid, version bigint, available bigint, held bigint, pending bigint, debt bigint, amount bigint,
    bonuses jsonb
) language plpgsql security definer set search_path = pg_catalog as $$
#variable_conflict use_column
declare
    o points.outcome := points.reverse_accrual(
        p_program_id, p_op_id, p_partner, p_partner_reference, p_reversal_reference, p_amount, p_debt_policy, p_request_hash,
        p_actor);
    a points.accrual;
    u points.budget_use;
    v_back numeric;
    v_due bigint;
    v_status text;
    v_told jsonb := '[]';
begin
    if o.status = 'ok' then
        select * into a from points.accrual g
        where g.program_id = p_program_id and g.partner = p_partner and g.partner_reference = p_partner_reference;
        select sum(r.amount) into v_back from points.reversal r
        where r.program_id = p_program_id and r.accrual_op_id = a.op_id;
        for u in
            select * from points.budget_use g
            where g.program_id = p_program_id and g.op_id = a.op_id and g.kind = 'bonus' and g.paid_points > 0
            order by g.campaign collate "C" for no key update
        loop
            v_due := div(u.paid_points * v_back, a.amount) - (u.paid_points - u.points);
            continue when v_due = 0;
            v_status := (points.reverse_accrual(
                p_program_id, clock.new_id(), 'campaign:' || u.campaign, p_partner || '/' || p_partner_reference,
                p_reversal_reference, v_due, p_debt_policy, p_request_hash, p_actor)).status;
            if v_status <> 'ok' then raise exception 'bonus not taken back: %', v_status; end if;
            perform points.give_back(p_program_id, u.campaign, u.slice, v_due * u.unit_cost_micros);
            update points.budget_use g
            set points = g.points - v_due, spent_micros = g.spent_micros - v_due * u.unit_cost_micros,
                row_xid = pg_current_xact_id()
            where g.program_id = p_program_id and g.op_id = a.op_id and g.campaign = u.campaign;
            v_told := v_told || jsonb_build_object('campaign', u.campaign, 'asked', v_due, 'points', v_due);
        end loop;
    elsif o.status = 'replay' then
        select coalesce(jsonb_agg(
            jsonb_build_object('campaign', g.campaign, 'asked', r.amount, 'points', r.amount)
            order by g.campaign collate "C"), '[]') into v_told
        from points.accrual p
        join points.budget_use g on g.program_id = p.program_id and g.op_id = p.op_id and g.kind = 'bonus'
        join points.reversal r on r.program_id = p.program_id and r.partner = 'campaign:' || g.campaign
            and r.partner_reference = p_partner || '/' || p_partner_reference
            and r.reversal_reference = p_reversal_reference
        where p.program_id = p_program_id and p.partner = p_partner and p.partner_reference = p_partner_reference;
    end if;
    return query select (o).*, v_told;
end $$;

-- points.mature_purchase, and what waits of its bonuses.
create or replace function points.release_purchase(
    p_program_id int, p_op_id uuid, p_partner text, p_partner_reference text, p_actor text
) returns table (
    status text, op_id uuid, version bigint, available bigint, held bigint, pending bigint, debt bigint, amount bigint,
    bonuses jsonb
) language plpgsql security definer set search_path = pg_catalog as $$
#variable_conflict use_column
declare
    o points.outcome := points.mature_purchase(p_program_id, p_op_id, p_partner, p_partner_reference, p_actor);
    v_bonus points.outcome;
    v_told jsonb := '[]';
    v_campaign text;
begin
    if o.status in ('ok', 'replay') then
        for v_campaign in
            select g.campaign from points.accrual p
            join points.budget_use g on g.program_id = p.program_id and g.op_id = p.op_id and g.kind = 'bonus'
            where p.program_id = p_program_id and p.partner = p_partner and p.partner_reference = p_partner_reference
                and g.paid_points > 0
            order by g.campaign collate "C"
        loop
            v_bonus := points.mature_purchase(
                p_program_id, clock.new_id(), 'campaign:' || v_campaign, p_partner || '/' || p_partner_reference, p_actor);
            v_told := v_told || jsonb_build_object(
                'campaign', v_campaign, 'asked', v_bonus.amount, 'points', v_bonus.amount);
        end loop;
    end if;
    return query select (o).*, v_told;
end $$;

grant execute on function points.accrue_purchase(
    int, bigint, uuid, bigint, date, timestamptz, text, text, text, bigint, bytea, text, timestamptz, jsonb
) to partner_api;
grant execute on function points.reverse_purchase(int, uuid, text, text, text, bigint, text, bytea, text) to partner_api;
grant execute on function points.release_purchase(int, uuid, text, text, text) to partner_api;
grant execute on function points.accrue_purchases(
    int, text, text, bigint, text, bigint[], uuid[], bigint[], date[], timestamptz[], text[], bytea[], timestamptz[],
    int[], text[], bigint[]
) to importer;
