-- Two books over the same movements. Each is a function of points and rates, exact in millionths; the journal's amounts are
-- whole minor units: up to any day, the sum of a posting is its exact sum rounded down, and what is left is carried to the
-- next day. So the parts of any span add up to the whole, and debit equals credit in every line.
--
-- Deferred revenue: a point's share of the sale waits until the point is redeemed. Of the net points N of a lot month,
-- (1 - breakage) are expected to be redeemed; when k have been (and did not come back), k / (k + those still expected) of the whole is recognised:
-- k points' own share as the redemption's revenue (first "redeemed, undelivered"), the rest as breakage. When no point is
-- left, everything has been recognised. A new breakage estimate applies to all open lot months from its day on.
-- Redemption cost: outstanding points of a lot month × cost × the part that will still be redeemed at that age.

create or replace function reports.minor(p_micros numeric, p_unit int) returns bigint language sql immutable
    return div(p_micros - mod(mod(p_micros, p_unit) + p_unit, p_unit), p_unit)::bigint;

-- Which accounts a posting debits and credits.
create or replace function reports.postings()
returns table (book text, event text, debit_account text, credit_account text) language sql immutable
begin atomic
    values ('deferred_revenue', 'opened', 'sales', 'deferred_revenue'),
        ('deferred_revenue', 'granted', 'goodwill', 'deferred_revenue'),
        ('deferred_revenue', 'reversed', 'deferred_revenue', 'sales'),
        ('deferred_revenue', 'withdrawn', 'deferred_revenue', 'goodwill'),
        ('deferred_revenue', 'owed', 'points_owed', 'sales'),
        ('deferred_revenue', 'written_off', 'write_offs', 'sales'),
        ('deferred_revenue', 'repaid', 'sales', 'points_owed'),
        ('deferred_revenue', 'repaid_pending', 'deferred_revenue', 'points_owed'),
        ('deferred_revenue', 'repaid_granted', 'goodwill', 'points_owed'),
        ('deferred_revenue', 'repaid_transferred', 'deferred_revenue', 'points_owed'),
        ('deferred_revenue', 'forgiven', 'write_offs', 'points_owed'),
        ('deferred_revenue', 'redeemed', 'deferred_revenue', 'redeemed_undelivered'),
        ('deferred_revenue', 'restored', 'redeemed_undelivered', 'deferred_revenue'),
        ('deferred_revenue', 'delivered', 'redeemed_undelivered', 'redemption_revenue'),
        ('deferred_revenue', 'returned', 'redemption_revenue', 'redeemed_undelivered'),
        ('deferred_revenue', 'breakage', 'deferred_revenue', 'breakage_revenue'),
        ('redemption_cost', 'estimated', 'redemption_cost', 'redemption_liability'),
        ('redemption_cost', 'used', 'redemption_liability', 'rewards_payable'),
        ('redemption_cost', 'restored', 'rewards_payable', 'redemption_liability');
end;

-- Internal: all points of a lot month by event, up to and including a day. From the lock on, what is locked is summed already.
create or replace function reports.cohorts(p_program_id int, p_day date)
returns table (funder text, lot_month date, event text, points numeric) language sql stable
begin atomic
    select c.funder, c.lot_month, c.event, sum(c.points)
    from (select coalesce(max(p.locked_through), '-infinity') as through
          from reports.period p where p.program_id = p_program_id) k
    cross join lateral (
        select s.funder, s.lot_month, s.event, s.points
        from reports.standing s where s.program_id = p_program_id and p_day >= k.through
        union all
        select m.funder, m.lot_month, m.event, m.points
        from reports.movement m
        where m.program_id = p_program_id and m.day <= p_day
            and m.day > case when p_day >= k.through then k.through else '-infinity' end
    ) c group by 1, 2, 3;
end;

-- Internal: the points of each funder and lot month as of a day, and what both books make of them. Redeemed and delivered
-- are less what came back. `recognised_micros` of
-- what was deferred has become revenue or breakage; `cost_left_micros` is what is still expected to be spent.
create or replace function reports.valued(p_program_id int, p_day date)
returns table (
    funder text, lot_month date, net numeric, redeemed numeric, lapsed numeric, delivered numeric, outstanding numeric,
    deferred_micros bigint, cost_micros bigint, recognise_at text, expected numeric, recognised_micros numeric,
    cost_left_micros numeric
) language sql stable
begin atomic
    with cohort as (
        select c.funder, c.lot_month,
            coalesce(sum(c.points) filter (where c.event in ('opened', 'granted')), 0)
                - coalesce(sum(c.points) filter (
                    where c.event in ('reversed', 'withdrawn', 'repaid_pending', 'repaid_transferred')), 0) as net,
            coalesce(sum(c.points) filter (where c.event = 'redeemed'), 0)
                - coalesce(sum(c.points) filter (where c.event = 'restored'), 0) as redeemed,
            coalesce(sum(c.points) filter (where c.event = 'lapsed'), 0) as lapsed,
            coalesce(sum(c.points) filter (where c.event = 'delivered'), 0)
                - coalesce(sum(c.points) filter (where c.event = 'returned'), 0) as delivered
        from reports.cohorts(p_program_id, p_day) c group by 1, 2
    )
    select h.funder, h.lot_month, h.net, h.redeemed, h.lapsed, h.delivered, o.outstanding, r.deferred_micros, r.cost_micros,
        n.recognise_at, e.expected,
        case when h.redeemed + e.expected = 0 then h.net * r.deferred_micros
             else div(h.net * r.deferred_micros * h.redeemed, h.redeemed + e.expected) end,
        div(o.outstanding * n.cost_micros * n.curve[greatest(1, least(cardinality(n.curve),
            1 + (extract(year from p_day) - extract(year from h.lot_month)) * 12
                + extract(month from p_day) - extract(month from h.lot_month)))::int], 10000)
    from cohort h
    cross join lateral reports.rate_on(p_program_id, h.lot_month) r
    cross join lateral reports.rate_on(p_program_id, p_day) n
    cross join lateral (select h.net - h.redeemed - h.lapsed as outstanding) o
    cross join lateral (
        select greatest(0, least(o.outstanding, ceil(h.net * (10000 - n.breakage_basis_points) / 10000) - h.redeemed))
            as expected) e;
end;

-- Internal: every posting's exact sum from the beginning to a day.
create or replace function reports.cumulative(p_program_id int, p_day date)
returns table (book text, event text, funder text, micros numeric) language sql stable
begin atomic
    with valued as materialized (
        select * from reports.valued(p_program_id, p_day)
    ), cohort as materialized (
        select c.event, c.funder, sum(c.points * r.deferred_micros) as deferred, sum(c.points * r.cost_micros) as cost
        from reports.cohorts(p_program_id, p_day) c
        cross join lateral reports.rate_on(p_program_id, c.lot_month) r
        group by c.event, c.funder
    )
    select 'deferred_revenue', event, funder, deferred from cohort where event not in ('lapsed', 'delivered', 'returned')
    union all
    select 'deferred_revenue', case when c.event in ('redeemed', 'delivered') then 'delivered' else 'returned' end, c.funder,
        c.deferred
    from cohort c
    cross join lateral reports.rate_on(p_program_id, p_day) r
    where c.event in ('redeemed', 'restored') and r.recognise_at = 'settlement'
        or c.event in ('delivered', 'returned') and r.recognise_at = 'delivery'
    union all
    select 'deferred_revenue', 'breakage', funder, sum(recognised_micros - redeemed * deferred_micros)
    from valued group by funder
    union all
    select 'redemption_cost', case event when 'redeemed' then 'used' else 'restored' end, funder, cost
    from cohort where event in ('redeemed', 'restored')
    union all
    select 'redemption_cost', 'estimated', funder, sum(redeemed * cost_micros + cost_left_micros)
    from valued group by funder;
end;

-- Internal: the journal of one book over a span of days, worked out from movements and rates: as it will be when locked, or,
-- of locked days, as it was. An amount below zero is a correction of earlier days: its accounts change places.
drop function if exists reports.lines_of(int, date, text);
drop function if exists reports.open_day(int, date);
create or replace function reports.lines_between(p_program_id int, p_from date, p_until date, p_book text)
returns table (
    day date, line_number int, book text, event text, funder text, debit_account text, credit_account text, debit_code text,
    credit_code text, amount_minor bigint, through_micros numeric
) language sql stable
begin atomic
    select d.day, row_number() over (partition by d.day order by d.event collate "C", d.funder collate "C")::int, d.book,
        d.event, d.funder, a.debit, a.credit, coalesce(d.accounts ->> a.debit, a.debit),
        coalesce(d.accounts ->> a.credit, a.credit), abs(d.amount_minor), d.micros
    from (
        -- A posting that has begun is there every day after, so the row before is the day before.
        select s.day::date as day, t.book, t.event, t.funder, t.micros, r.accounts,
            reports.minor(t.micros, r.minor_micros)
                - lag(reports.minor(t.micros, r.minor_micros), 1, 0::bigint) over (
                    partition by t.book, t.event, t.funder order by s.day) as amount_minor
        from generate_series(p_from - 1, p_until, interval '1 day') s (day)
        cross join lateral reports.cumulative(p_program_id, s.day::date) t
        cross join lateral reports.rate_on(p_program_id, s.day::date) r
        where t.book = p_book
    ) d
    join reports.postings() p on p.book = d.book and p.event = d.event
    cross join lateral (
        select case when d.amount_minor > 0 then p.debit_account else p.credit_account end as debit,
            case when d.amount_minor > 0 then p.credit_account else p.debit_account end as credit) a
    where d.day >= p_from and d.amount_minor <> 0;
end;

-- Internal: what a day's hash is of. JSON lines: the header, then every line; no id, no time, no name of a person, so that
-- the same points and rates have the same hash.
create or replace function reports.content(
    p_program_id int, p_day date, p_currency text, p_rate_version int, p_lines reports.line[]
) returns text language sql stable
begin atomic
    select jsonb_build_array(p_program_id, p_day, p_currency, p_rate_version, coalesce(cardinality(p_lines), 0))::text
        || coalesce(string_agg(E'\n' || jsonb_build_array(
            l.line_number, l.book, l.event, l.funder, l.debit_account, l.credit_account, l.debit_code, l.credit_code,
            l.amount_minor, l.through_micros::text)::text, '' order by l.line_number), '')
    from unnest(p_lines) l;
end;

-- Lock all days up to this one and write their journals. Statuses: ok, already_locked, too_early (the day is not over),
-- no_rate (nobody approved any), nothing (no movement yet), not_posted (a transaction of those days has just ended or
-- still runs: again later), too_long (more than 400 days: in steps).
create or replace function reports.lock(p_program_id int, p_through date, p_actor text) returns text
language plpgsql security definer set search_path = pg_catalog as $$
declare
    p reports.period;
    r reports.rate;
    v_day date;
    v_lines reports.line[];
begin
    if p_through is null or p_through >= points.today(p_program_id) then return 'too_early'; end if;
    perform reports.post(1000000);
    if exists (
        select from reports.mark k, points.journal j
        where j.txid >= (k.below::text)::bigint and j.program_id = p_program_id
            and reports.business_day(j.program_id, j.occurred_at, j.created_at) <= p_through
            and j.sequence > coalesce((
                select s.sequence from reports.posted s
                where s.program_id = j.program_id and s.member_id = j.member_id), 0)) then
        return 'not_posted';
    end if;
    -- Rates are approved under this lock.
    perform from programme.program where program_id = p_program_id for no key update;
    select * into p from reports.period where program_id = p_program_id for update;
    if p_through <= p.locked_through then return 'already_locked'; end if;
    v_day := coalesce(p.locked_through + 1, (select min(m.day) from reports.movement m where m.program_id = p_program_id));
    if v_day is null or v_day > p_through then return 'nothing'; end if;
    if p_through - v_day >= 400 then return 'too_long'; end if;
    if (reports.rate_on(p_program_id, v_day)).version is null then return 'no_rate'; end if;

    -- The accounting model is for life: that of the last day is that of all.
    r := reports.rate_on(p_program_id, p_through);
    for v_day, v_lines in
        select s.day::date, (select array_agg(l order by l.line_number) from unnest(x.lines) l where l.day = s.day::date)
        from generate_series(v_day, p_through, interval '1 day') s (day),
            (select array_agg(row(
                p_program_id, l.day, l.line_number, l.book, l.event, l.funder, l.debit_account, l.credit_account, l.debit_code,
                l.credit_code, l.amount_minor, l.through_micros)::reports.line) as lines
             from reports.lines_between(p_program_id, v_day, p_through, r.accounting_model) l) x
        order by 1
    loop
        r := reports.rate_on(p_program_id, v_day);
        insert into reports.day
        select p_program_id, v_day, r.version, r.currency, coalesce(cardinality(v_lines), 0),
            (select coalesce(sum(l.amount_minor), 0) from unnest(v_lines) l),
            sha256(convert_to(reports.content(p_program_id, v_day, r.currency, r.version, v_lines), 'UTF8')),
            p_actor, clock.now();
        insert into reports.line select * from unnest(v_lines);
    end loop;

    insert into reports.standing as s (program_id, funder, lot_month, event, points)
    select p_program_id, m.funder, m.lot_month, m.event, sum(m.points)
    from reports.movement m
    where m.program_id = p_program_id and m.day <= p_through and m.day > coalesce(p.locked_through, '-infinity')
    group by m.funder, m.lot_month, m.event
    on conflict (program_id, funder, lot_month, event) do update
    set points = s.points + excluded.points, row_xid = pg_current_xact_id();
    update reports.period set locked_through = p_through, row_xid = pg_current_xact_id() where program_id = p_program_id;
    return 'ok';
end $$;
