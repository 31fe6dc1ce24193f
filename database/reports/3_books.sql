-- Two books over the same movements. Each is a function of points and rates, exact in millionths; the journal's amounts are
-- whole minor units: up to any day, the sum of a posting is its exact sum rounded down, and what is left is carried to the
-- next day. So the parts of any span add up to the whole, and debit equals credit in every line.
--
-- Deferred revenue: a point's share of the sale waits until the point is redeemed. Of the net points N of a lot month,
-- (1 - breakage) are expected to be redeemed; when k have been, k / (k + those still expected) of the whole is recognised:
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
        ('deferred_revenue', 'redeemed', 'deferred_revenue', 'redeemed_undelivered'),
        ('deferred_revenue', 'delivered', 'redeemed_undelivered', 'redemption_revenue'),
        ('deferred_revenue', 'breakage', 'deferred_revenue', 'breakage_revenue'),
        ('redemption_cost', 'estimated', 'redemption_cost', 'redemption_liability'),
        ('redemption_cost', 'used', 'redemption_liability', 'rewards_payable');
end;

-- Internal: all points of a lot month by event, up to and including a day that is not before the lock.
create or replace function reports.cohorts(p_program_id int, p_day date)
returns table (funder text, lot_month date, event text, points numeric) language sql stable
begin atomic
    select c.funder, c.lot_month, c.event, sum(c.points)
    from (
        select s.funder, s.lot_month, s.event, s.points from reports.standing s where s.program_id = p_program_id
        union all
        select m.funder, m.lot_month, m.event, m.points
        from reports.movement m
        where m.program_id = p_program_id and m.day <= p_day and m.day > coalesce(
            (select p.locked_through from reports.period p where p.program_id = p_program_id), '-infinity')
    ) c group by 1, 2, 3;
end;

-- Internal: every posting's exact sum from the beginning to a day that is not before the lock.
create or replace function reports.cumulative(p_program_id int, p_day date)
returns table (book text, event text, funder text, micros numeric) language sql stable
begin atomic
    with cohort as (
        select c.funder, c.lot_month,
            coalesce(sum(c.points) filter (where c.event in ('opened', 'granted')), 0)
                - coalesce(sum(c.points) filter (
                    where c.event in ('reversed', 'withdrawn', 'repaid_pending', 'repaid_transferred')), 0) as net,
            coalesce(sum(c.points) filter (where c.event = 'redeemed'), 0) as redeemed,
            coalesce(sum(c.points) filter (where c.event = 'lapsed'), 0) as lapsed,
            coalesce(sum(c.points) filter (where c.event = 'delivered'), 0) as delivered
        from reports.cohorts(p_program_id, p_day) c group by 1, 2
    ), valued as (
        select h.*, h.net - h.redeemed - h.lapsed as outstanding, r.deferred_micros, r.cost_micros,
            n.recognise_at, n.cost_micros as cost_now, greatest(0, least(
                h.net - h.redeemed - h.lapsed,
                ceil(h.net * (10000 - n.breakage_basis_points) / 10000) - h.redeemed)) as expected,
            n.curve[greatest(1, least(cardinality(n.curve),
                1 + (extract(year from p_day) - extract(year from h.lot_month)) * 12
                    + extract(month from p_day) - extract(month from h.lot_month)))::int] as still_redeemed
        from cohort h
        cross join lateral reports.rate_on(p_program_id, h.lot_month) r
        cross join lateral reports.rate_on(p_program_id, p_day) n
    )
    select 'deferred_revenue', c.event, c.funder, sum(c.points * r.deferred_micros)
    from reports.cohorts(p_program_id, p_day) c
    cross join lateral reports.rate_on(p_program_id, c.lot_month) r
    where c.event not in ('lapsed', 'delivered')
    group by c.event, c.funder
    union all
    select 'deferred_revenue', 'delivered', funder,
        sum(case recognise_at when 'settlement' then redeemed else delivered end * deferred_micros)
    from valued group by funder
    union all
    select 'deferred_revenue', 'breakage', funder,
        sum(case when redeemed + expected = 0 then net * deferred_micros
                 else div(net * deferred_micros * redeemed, redeemed + expected) end - redeemed * deferred_micros)
    from valued group by funder
    union all
    select 'redemption_cost', 'used', funder, sum(redeemed * cost_micros) from valued group by funder
    union all
    select 'redemption_cost', 'estimated', funder,
        sum(redeemed * cost_micros + div(outstanding * cost_now * still_redeemed, 10000))
    from valued group by funder;
end;

-- Both books' postings of one open day; an amount below zero is a correction of earlier days.
create or replace function reports.open_day(p_program_id int, p_day date)
returns table (book text, event text, funder text, amount_minor bigint, through_micros numeric) language sql stable
begin atomic
    select t.book, t.event, t.funder,
        reports.minor(t.micros, r.minor_micros) - reports.minor(coalesce(b.micros, 0), r.minor_micros),
        t.micros
    from reports.cumulative(p_program_id, p_day) t
    left join reports.cumulative(p_program_id, p_day - 1) b using (book, event, funder)
    cross join lateral reports.rate_on(p_program_id, p_day) r
    where reports.minor(t.micros, r.minor_micros) <> reports.minor(coalesce(b.micros, 0), r.minor_micros);
end;

-- Internal: an open day's journal of one book as it will be when locked.
create or replace function reports.lines_of(p_program_id int, p_day date, p_book text)
returns table (
    line_number int, book text, event text, funder text, debit_account text, credit_account text, debit_code text,
    credit_code text, amount_minor bigint, through_micros numeric
) language sql stable
begin atomic
    select row_number() over (order by d.event collate "C", d.funder collate "C")::int, d.book, d.event, d.funder,
        a.debit, a.credit, coalesce(r.accounts ->> a.debit, a.debit), coalesce(r.accounts ->> a.credit, a.credit),
        abs(d.amount_minor), d.through_micros
    from reports.open_day(p_program_id, p_day) d
    join reports.postings() p on p.book = d.book and p.event = d.event
    cross join lateral reports.rate_on(p_program_id, p_day) r
    cross join lateral (
        select case when d.amount_minor > 0 then p.debit_account else p.credit_account end as debit,
            case when d.amount_minor > 0 then p.credit_account else p.debit_account end as credit) a
    where d.book = p_book;
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
-- still runs: again later), too_long (more than 750 days: in steps).
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
        where (j.txid::text)::bigint >= (k.below::text)::bigint and j.program_id = p_program_id
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
    if p_through - v_day >= 750 then return 'too_long'; end if;
    if (reports.rate_on(p_program_id, v_day)).version is null then return 'no_rate'; end if;

    for v_day in select generate_series(v_day, p_through, interval '1 day')::date loop
        r := reports.rate_on(p_program_id, v_day);
        select array_agg(row(
            p_program_id, v_day, l.line_number, l.book, l.event, l.funder, l.debit_account, l.credit_account, l.debit_code,
            l.credit_code, l.amount_minor, l.through_micros)::reports.line order by l.line_number) into v_lines
        from reports.lines_of(p_program_id, v_day, r.accounting_model) l;
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
