-- Campaign budgets: money of a named funder that a campaign may cost, to the last point and never above.
--
-- Rules
--  * The money of a campaign is in 64 slices and a pot (points.budget). Whoever spends takes from the slice that the member's
--    number picks: one row of 64. Every slice keeps what is left, reserved and spent of it, so no row is everybody's.
--  * A slice that is short is filled from the pot; when the pot is short too, from all other slices and from reservations whose
--    time is over. So an amount is refused only if the money of the whole budget was short at one instant.
--  * Lock order: member rows ascending, then uses (points.budget_use), then budgets by ascending campaign. Within a budget,
--    whoever wants more than one row of it holds the pot first and then takes the slices ascending. Whoever holds one slice
--    without the pot asks for nothing else of this budget: it commits with that slice, or has let it go (a savepoint).
--    Nothing that publishing holds is waited for with a slice in hand: it locks programme.program FOR NO KEY UPDATE.
--    Uses are locked while slices are held only by `skip locked`. A transaction does one thing with a budget, once.
--  * A budget that is spent answers from one look at a snapshot, without a lock.
--  * Amounts are millionths of the currency. A bonus costs points times the price of a point, exactly; what the books bill the
--    funder for is the same product. A discount is whole minor units.
--  * Each use is known by (campaign, operation): the purchase's accrual or the quote. Again is the first answer.

-- How many millionths the currency's smallest unit is.
create or replace function points.minor_micros(p_currency text) returns int language sql immutable
    return case when p_currency in ('JPY', 'KRW', 'VND', 'CLP', 'ISK') then 1000000
                when p_currency in ('BHD', 'JOD', 'KWD', 'OMR', 'TND') then 1000 else 10000 end;

create or replace function points.slice_of(p_member_id bigint) returns int language sql immutable
    return hashint8(p_member_id) & 63;

-- ---- the money --------------------------------------------------------------------------------------------------

-- Internal: reservations of a campaign whose time is over come back to their slices; only under the pot's lock. Whatever
-- somebody works on is passed over.
create or replace function points.lapse_campaign(p_program_id int, p_campaign text, p_limit int) returns int
language plpgsql as $$
declare
    v_count int := 0;
    u points.budget_use;
begin
    perform from points.budget_slice where program_id = p_program_id and campaign = p_campaign order by slice for no key update;
    for u in
        select * from points.budget_use
        where program_id = p_program_id and campaign = p_campaign and reserved_micros > 0 and reserved_until <= clock.now()
        order by reserved_until limit p_limit for no key update skip locked
    loop
        update points.budget_slice
        set left_micros = left_micros + u.reserved_micros, reserved_micros = reserved_micros - u.reserved_micros,
            row_xid = pg_current_xact_id()
        where program_id = p_program_id and campaign = p_campaign and slice = u.slice;
        update points.budget_use set reserved_micros = 0, points = 0, row_xid = pg_current_xact_id()
        where program_id = p_program_id and op_id = u.op_id and campaign = p_campaign;
        v_count := v_count + 1;
    end loop;
    return v_count;
end $$;

-- Internal: what one snapshot shows as free.
create or replace function points.free_micros(p_program_id int, p_campaign text) returns bigint
language sql stable
    return (select b.pot_micros + coalesce((
                select sum(s.left_micros) from points.budget_slice s
                where s.program_id = b.program_id and s.campaign = b.campaign), 0) + coalesce((
                select sum(u.reserved_micros) from points.budget_use u
                where u.program_id = b.program_id and u.campaign = b.campaign and u.reserved_micros > 0
                    and u.reserved_until <= clock.now()), 0)
            from points.budget b where b.program_id = p_program_id and b.campaign = p_campaign)::bigint;

-- Internal: take `p_micros` as spent (or reserved) from the slice, or as many whole `p_unit` of it as the budget has left.
-- Returns how much it was.
create or replace function points.take_budget(
    p_program_id int, p_campaign text, p_slice int, p_micros bigint, p_unit bigint, p_reserve boolean
) returns bigint language plpgsql as $$
declare
    v_pot bigint;
    v_own bigint;
    v_take bigint := p_micros;
    v_from_pot bigint := 0;
    v_short bigint;
    s record;
begin
    if p_micros <= 0 then return 0; end if;
    if exists (
        select from points.budget_slice
        where program_id = p_program_id and campaign = p_campaign and slice = p_slice and left_micros >= p_micros) then
        begin
            update points.budget_slice
            set left_micros = left_micros - p_micros,
                reserved_micros = reserved_micros + case when p_reserve then p_micros else 0 end,
                spent_micros = spent_micros + case when p_reserve then 0 else p_micros end, row_xid = pg_current_xact_id()
            where program_id = p_program_id and campaign = p_campaign and slice = p_slice and left_micros >= p_micros;
            if found then return p_micros; end if;
            -- Somebody was quicker, and to find that out has locked the row: rolling back lets it go.
            raise exception using errcode = 'BU001';
        exception when sqlstate 'BU001' then
            null;
        end;
    end if;
    if coalesce(points.free_micros(p_program_id, p_campaign), 0) < p_unit then return 0; end if;

    select pot_micros into v_pot from points.budget
    where program_id = p_program_id and campaign = p_campaign for no key update;
    select left_micros into v_own from points.budget_slice
    where program_id = p_program_id and campaign = p_campaign and slice = p_slice for no key update;
    if v_own + v_pot >= p_micros then
        -- More than is needed now, while there is plenty: the next ones find it here.
        if v_own < p_micros then v_from_pot := least(v_pot, greatest(p_micros - v_own, v_pot / 128)); end if;
        v_own := v_own + v_from_pot;
    else
        perform points.lapse_campaign(p_program_id, p_campaign, 2147483647);
        select left_micros into v_own from points.budget_slice
        where program_id = p_program_id and campaign = p_campaign and slice = p_slice;
        select least(p_micros, sum(left_micros) + v_pot)::bigint into v_take from points.budget_slice
        where program_id = p_program_id and campaign = p_campaign;
        v_take := v_take / p_unit * p_unit;
        if v_take = 0 then return 0; end if;
        v_from_pot := least(v_pot, greatest(0, v_take - v_own));
        v_short := v_take - v_own - v_from_pot;
        v_own := v_own + v_from_pot;
        for s in
            select slice, left_micros from points.budget_slice
            where program_id = p_program_id and campaign = p_campaign and slice <> p_slice and left_micros > 0
            order by (slice - p_slice + 64) % 64
        loop
            exit when v_short <= 0;
            update points.budget_slice
            set left_micros = left_micros - least(s.left_micros, v_short), row_xid = pg_current_xact_id()
            where program_id = p_program_id and campaign = p_campaign and slice = s.slice;
            v_own := v_own + least(s.left_micros, v_short);
            v_short := v_short - least(s.left_micros, v_short);
        end loop;
    end if;
    if v_from_pot > 0 then
        update points.budget set pot_micros = pot_micros - v_from_pot, row_xid = pg_current_xact_id()
        where program_id = p_program_id and campaign = p_campaign;
    end if;
    update points.budget_slice
    set left_micros = v_own - v_take, reserved_micros = reserved_micros + case when p_reserve then v_take else 0 end,
        spent_micros = spent_micros + case when p_reserve then 0 else v_take end, row_xid = pg_current_xact_id()
    where program_id = p_program_id and campaign = p_campaign and slice = p_slice;
    return v_take;
end $$;

-- Internal: spent money is left again.
create or replace function points.give_back(p_program_id int, p_campaign text, p_slice int, p_micros bigint) returns void
language sql as $$
    update points.budget_slice
    set left_micros = left_micros + p_micros, spent_micros = spent_micros - p_micros, row_xid = pg_current_xact_id()
    where program_id = p_program_id and campaign = p_campaign and slice = p_slice and p_micros > 0
$$;

-- Internal: what a campaign has already done for a member; exact under the member's lock.
create or replace function points.campaign_points(p_program_id int, p_campaign text, p_member_id bigint) returns bigint
language sql stable
    return (select coalesce(sum(points), 0)::bigint from points.budget_use
            where program_id = p_program_id and campaign = p_campaign and member_id = p_member_id);

-- ---- discounts --------------------------------------------------------------------------------------------------

-- Reserve a quote's discount until a time. Statuses: ok, exhausted, capped (the member's cap), open_quotes (the member holds
-- ten reservations of this campaign: nobody may keep the others out by asking).
create or replace function points.reserve_discount(
    p_program_id int, p_campaign text, p_quote_id uuid, p_member_id bigint, p_micros bigint, p_points bigint, p_until timestamptz
) returns text language plpgsql as $$
declare
    b points.budget;
    v_slice int := points.slice_of(p_member_id);
begin
    select * into b from points.budget where program_id = p_program_id and campaign = p_campaign;
    if not found or p_micros > b.budget_micros then return 'exhausted'; end if;
    -- One member's quotes take turns, or two at once would both be the last one allowed.
    perform from points.member where program_id = p_program_id and member_id = p_member_id for no key update;
    if b.member_cap_points is not null
        and points.campaign_points(p_program_id, p_campaign, p_member_id) + p_points > b.member_cap_points then
        return 'capped';
    end if;
    if (select count(*) from points.budget_use
        where program_id = p_program_id and campaign = p_campaign and member_id = p_member_id and reserved_micros > 0
            and reserved_until > clock.now()) >= 10 then
        return 'open_quotes';
    end if;
    if points.take_budget(p_program_id, p_campaign, v_slice, p_micros, p_micros, true) < p_micros then
        return 'exhausted';
    end if;
    insert into points.budget_use (
        program_id, op_id, campaign, kind, member_id, funder, slice, asked_points, paid_points, points, reserved_micros,
        reserved_until, created_at)
    values (p_program_id, p_quote_id, p_campaign, 'discount', p_member_id, b.funder, v_slice, p_points, p_points, p_points,
        p_micros, p_until, clock.now());
    return 'ok';
end $$;

-- The quote was redeemed: of its reservation this much is spent, the rest is left again. Statuses: ok, lapsed.
create or replace function points.spend_reserved(
    p_program_id int, p_campaign text, p_quote_id uuid, p_micros bigint, p_points bigint
) returns text language plpgsql as $$
declare
    u points.budget_use;
begin
    select * into u from points.budget_use
    where program_id = p_program_id and op_id = p_quote_id and campaign = p_campaign for no key update;
    if not found or u.reserved_micros = 0 then return 'lapsed'; end if;
    if p_micros not between 0 and u.reserved_micros then
        raise exception 'campaign %: % was reserved and % is to be spent', p_campaign, u.reserved_micros, p_micros;
    end if;
    update points.budget_slice
    set reserved_micros = reserved_micros - u.reserved_micros, spent_micros = spent_micros + p_micros,
        left_micros = left_micros + u.reserved_micros - p_micros, row_xid = pg_current_xact_id()
    where program_id = p_program_id and campaign = p_campaign and slice = u.slice;
    update points.budget_use
    set reserved_micros = 0, spent_micros = p_micros, points = least(points, p_points), row_xid = pg_current_xact_id()
    where program_id = p_program_id and op_id = p_quote_id and campaign = p_campaign;
    return 'ok';
end $$;

-- Internal: whoever goes on to several slices of a budget has this first.
create or replace function points.lock_pot(p_program_id int, p_campaign text) returns void language plpgsql as $$
begin
    perform from points.budget where program_id = p_program_id and campaign = p_campaign for no key update;
end $$;

-- Of a redeemed quote's discount only this much was needed in the end. Again changes nothing.
create or replace function points.keep_spent(
    p_program_id int, p_campaign text, p_quote_id uuid, p_micros bigint, p_points bigint
) returns void language plpgsql as $$
declare
    u points.budget_use;
begin
    select * into u from points.budget_use
    where program_id = p_program_id and op_id = p_quote_id and campaign = p_campaign for no key update;
    if not found or u.spent_micros <= p_micros then return; end if;
    perform points.give_back(p_program_id, p_campaign, u.slice, u.spent_micros - p_micros);
    update points.budget_use
    set spent_micros = p_micros, points = least(points, p_points), row_xid = pg_current_xact_id()
    where program_id = p_program_id and op_id = p_quote_id and campaign = p_campaign;
end $$;

-- Reservations whose time is over come back. How many; the sweeper calls it until it returns 0.
create or replace function points.lapse_reservations(p_limit int) returns int
language plpgsql security definer set search_path = pg_catalog as $$
declare
    c record;
    v_count int := 0;
begin
    for c in
        select program_id, campaign from points.budget_use
        where reserved_micros > 0 and reserved_until <= clock.now()
        group by program_id, campaign order by program_id, campaign collate "C"
    loop
        exit when v_count >= p_limit;
        perform points.lock_pot(c.program_id, c.campaign);
        v_count := v_count + points.lapse_campaign(c.program_id, c.campaign, p_limit - v_count);
    end loop;
    return v_count;
end $$;

-- ---- what the programme's document says --------------------------------------------------------------------------

-- Internal: the field of the document and why; publishing turns it into a refusal.
create or replace function points.refuse_budget(p_field text, p_code text, p_detail text) returns void
language plpgsql as $$
begin
    raise exception using errcode = 'PB001', message = p_detail,
        detail = jsonb_build_object('field', p_field, 'code', p_code)::text;
end $$;

-- Every campaign of a document has its budget: new ones are opened, raised ones get the difference, lowered ones give back what
-- is neither spent nor promised. A campaign that leaves the document keeps its budget as it stands.
create or replace function points.set_budgets(p_program_id int, p_document jsonb) returns void
language plpgsql security definer set search_path = pg_catalog as $$
declare
    v_currency text := p_document -> 'store' ->> 'currency';
    v_unit int := points.minor_micros(p_document -> 'store' ->> 'currency');
    v_micros bigint;
    v_cap bigint;
    v_used bigint;
    v_less bigint;
    v_part bigint;
    c record;
    s record;
    b points.budget;
begin
    for c in
        select x.campaign, x.place - 1 as place, x.campaign ->> 'code' as code
        from jsonb_array_elements(coalesce(p_document -> 'campaigns', '[]')) with ordinality as x (campaign, place)
        order by x.campaign ->> 'code' collate "C"
    loop
        v_micros := (c.campaign ->> 'budget_minor')::bigint * v_unit;
        v_cap := (c.campaign ->> 'member_cap_points')::bigint;
        -- Half of it to begin with: the pot levels out what members do not spend evenly.
        insert into points.budget (program_id, campaign, funder, currency, minor_micros, budget_micros, pot_micros,
            member_cap_points)
        values (p_program_id, c.code, c.campaign ->> 'funder', v_currency, v_unit, v_micros,
            v_micros - v_micros / 128 * 64, v_cap)
        on conflict do nothing;
        if found then
            insert into points.budget_slice (program_id, campaign, slice, left_micros)
            select p_program_id, c.code, n, v_micros / 128 from generate_series(0, 63) n;
            continue;
        end if;

        select * into b from points.budget where program_id = p_program_id and campaign = c.code;
        continue when (b.funder, b.currency, b.budget_micros) = (c.campaign ->> 'funder', v_currency, v_micros)
            and b.member_cap_points is not distinct from v_cap;
        select * into b from points.budget where program_id = p_program_id and campaign = c.code for no key update;
        perform points.lapse_campaign(p_program_id, c.code, 2147483647);
        select sum(reserved_micros + spent_micros) into v_used from points.budget_slice
        where program_id = p_program_id and campaign = c.code;
        if v_used > 0 and b.funder <> c.campaign ->> 'funder' then
            perform points.refuse_budget(format('campaigns.%s.funder', c.place), 'budget-funder',
                format('%s has paid for this campaign; another funder needs another campaign.', b.funder));
        elsif v_used > 0 and b.currency <> v_currency then
            perform points.refuse_budget('store.currency', 'budget-currency',
                format('Campaign %s has spent %s.', c.code, b.currency));
        elsif v_micros < v_used then
            perform points.refuse_budget(format('campaigns.%s.budget_minor', c.place), 'budget-below-spent',
                format('%s is spent or promised in open quotes already; the budget can be no lower.', -div(-v_used, v_unit)));
        end if;
        update points.budget
        set funder = c.campaign ->> 'funder', currency = v_currency, minor_micros = v_unit, budget_micros = v_micros,
            pot_micros = case when v_micros >= b.budget_micros then b.pot_micros + v_micros - b.budget_micros
                              else greatest(0, b.pot_micros - (b.budget_micros - v_micros)) end,
            member_cap_points = v_cap, row_xid = pg_current_xact_id()
        where program_id = p_program_id and campaign = c.code;
        v_less := b.budget_micros - v_micros - b.pot_micros;
        for s in
            select slice, left_micros from points.budget_slice
            where program_id = p_program_id and campaign = c.code order by slice
        loop
            exit when v_less <= 0;
            v_part := least(s.left_micros, v_less);
            update points.budget_slice set left_micros = left_micros - v_part, row_xid = pg_current_xact_id()
            where program_id = p_program_id and campaign = c.code and slice = s.slice;
            v_less := v_less - v_part;
        end loop;
    end loop;
end $$;

-- Whoever publishes, and however: a document never applies without its budgets.
create or replace function points.budgets_of_published() returns trigger
language plpgsql security definer set search_path = pg_catalog as $$
begin
    perform points.set_budgets(new.program_id, new.document);
    return null;
end $$;
create or replace trigger budgets after insert on programme.published
    for each row execute function points.budgets_of_published();
select points.set_budgets(g.program_id, v.document)
from programme.program g cross join lateral programme.current(g.program_id) v order by g.program_id;

-- ---- reading ----------------------------------------------------------------------------------------------------

-- Every budget in minor units: budget = spent + reserved + left; of parts of a minor unit, `left` has none. `exhausted`: the
-- budget cannot pay for one more point (a campaign of bonuses) or minor unit (of discounts).
create or replace function points.budgets(p_program_id int)
returns table (
    campaign text, funder text, currency text, budget_minor bigint, spent_minor bigint, reserved_minor bigint,
    left_minor bigint, exhausted boolean
) language sql stable security definer set search_path = pg_catalog
begin atomic
    with money as (
        select b.*, points.free_micros(b.program_id, b.campaign) as free_micros, (
            select sum(u.reserved_micros)::bigint from points.budget_use u
            where u.program_id = b.program_id and u.campaign = b.campaign and u.reserved_micros > 0
                and u.reserved_until > clock.now()) as reserved_micros
        from points.budget b where b.program_id = p_program_id
    ), price as (
        select coalesce(min(p.micros) filter (where p.micros > 0), 0) as micros
        from programme.current(p_program_id) v
        cross join lateral (
            select (v.document -> 'points' ->> 'unit_cost_micros')::bigint
            union all
            select (t.value ->> 'unit_cost_micros')::bigint from jsonb_each(v.document -> 'points' -> 'partners') t
        ) p (micros)
    )
    select m.campaign, m.funder, m.currency, m.budget_micros / m.minor_micros,
        m.budget_micros / m.minor_micros - coalesce(m.reserved_micros, 0) / m.minor_micros - m.free_micros / m.minor_micros,
        coalesce(m.reserved_micros, 0) / m.minor_micros, m.free_micros / m.minor_micros,
        m.free_micros < case when exists (
            select from programme.current(p_program_id) v, jsonb_array_elements(v.document -> 'campaigns') c
            where c ->> 'code' = m.campaign and c ->> 'earn_multiplier_percent' is not null)
            then p.micros else m.minor_micros end
    from money m cross join price p
    order by m.campaign collate "C";
end;

-- Which of these campaigns can pay for no discount any more.
create or replace function points.exhausted_campaigns(p_program_id int, p_campaigns text[]) returns text[]
language sql stable security definer set search_path = pg_catalog
    return (select coalesce(array_agg(c), '{}') from unnest(p_campaigns) c
            where coalesce(points.free_micros(p_program_id, c), 0) < coalesce((
                select b.minor_micros from points.budget b where b.program_id = p_program_id and b.campaign = c), 1));

-- Each must count nothing, always, also while points move. What a reservation is for is the redemptions room's to say.
create or replace function points.check_budgets() returns table (name text, violations bigint)
language sql stable security definer set search_path = pg_catalog
begin atomic
    with slices as (
        select program_id, campaign, count(*) as count, sum(left_micros) as left_micros, sum(reserved_micros) as reserved,
            sum(spent_micros) as spent, least(min(left_micros), min(reserved_micros), min(spent_micros)) as lowest
        from points.budget_slice group by 1, 2
    ), uses as (
        select program_id, campaign, slice, sum(reserved_micros) as reserved, sum(spent_micros) as spent
        from points.budget_use group by 1, 2, 3
    )
    select 'C1 what is left, reserved and spent is the budget', count(*)
    from points.budget b full join slices s using (program_id, campaign)
    where s.count is distinct from 64
        or b.budget_micros is distinct from b.pot_micros + s.left_micros + s.reserved + s.spent
    union all
    select 'C2 no budget below zero, none spent above', (select count(*) from points.budget b
        left join slices s using (program_id, campaign)
        where b.pot_micros < 0 or s.lowest < 0 or s.spent + s.reserved > b.budget_micros)
    union all
    select 'C3 every slice is the sum of its uses', count(*)
    from points.budget_slice s full join uses u using (program_id, campaign, slice)
    where coalesce(s.reserved_micros, 0) <> coalesce(u.reserved, 0) or coalesce(s.spent_micros, 0) <> coalesce(u.spent, 0)
    union all
    select 'C4 every bonus is an accrual of its campaign and funder', (
        select count(*) from points.budget_use u
        left join points.accrual p on p.program_id = u.program_id and p.op_id = u.op_id
        left join points.accrual a on a.program_id = u.program_id and a.partner = 'campaign:' || u.campaign
            and a.partner_reference = p.partner || '/' || p.partner_reference
        where u.kind = 'bonus' and (
            p.op_id is null or p.campaign is not null or p.member_id <> u.member_id
            or u.paid_points <> coalesce(a.amount, 0)
            or a.op_id is not null and (a.member_id, a.campaign, a.funder, a.unit_cost_micros)
                <> (u.member_id, u.campaign, u.funder, u.unit_cost_micros)
            or u.points <> coalesce(a.amount, 0) - coalesce((
                select sum(r.amount) from points.reversal r
                where r.program_id = a.program_id and r.accrual_op_id = a.op_id), 0))
    ) + (
        select count(*) from points.accrual a
        where (a.campaign is not null or a.partner like 'campaign:%') and not exists (
            select from points.budget_use u
            join points.accrual p on p.program_id = u.program_id and p.op_id = u.op_id
            where u.program_id = a.program_id and u.campaign = a.campaign and 'campaign:' || u.campaign = a.partner
                and p.partner || '/' || p.partner_reference = a.partner_reference)
    );
end;

create or replace view points.budget_invariants with (security_invoker = true) as
select name, violations from points.check_budgets();

grant execute on function points.lapse_reservations(int) to sweeper;
grant execute on function points.budgets(int) to manager_api, sweeper;
grant execute on function points.exhausted_campaigns(int, text[]) to member_api;
grant usage on schema points to auditor;
grant execute on function points.check_budgets() to auditor;
grant select on points.budget_invariants to auditor;
