-- Figures of this moment, and whether the past is still what was locked.
--
-- What the worker has not posted yet is posted first, up to the row that was committed last: a member's rows may be posted
-- at any time, the mark only finds who has new ones. Where too much waits (a large file has just been read), the figures are
-- those of what is posted, and `waiting` says how many rows they leave out.

-- Internal: post every row that can be seen, unless there are more than `p_most`.
create or replace function reports.catch_up(p_program_id int, p_most int) returns void language plpgsql as $$
declare
    v_below xid8;
    v_locked date;
    w record;
begin
    -- The same order of locks as reports.post.
    select below into v_below from reports.mark for update;
    insert into reports.period (program_id) values (p_program_id) on conflict do nothing;
    select p.locked_through into v_locked from reports.period p where p.program_id = p_program_id for update;
    if p_most < (
        select count(*) from (
            select from points.journal j
            where j.txid >= (v_below::text)::bigint and j.program_id = p_program_id limit p_most + 1) x) then
        return;
    end if;
    for w in
        select j.member_id, max(j.sequence) as sequence from points.journal j
        where j.txid >= (v_below::text)::bigint and j.program_id = p_program_id
        group by 1 order by 1
    loop
        perform reports.post_through(p_program_id, w.member_id, w.sequence, v_locked);
    end loop;
end $$;

-- Internal: points that members have by rollup and tail, and that the books know.
create or replace function reports.points_now(p_program_id int, out ledger numeric, out owed numeric, out books numeric)
language sql stable
begin atomic
    select f.ledger, f.owed,
        (select coalesce(sum(s.points), 0) from reports.source s where s.program_id = p_program_id)
            + (select coalesce(sum(t.points), 0) from reports.transit t where t.program_id = p_program_id)
    from (
        select coalesce(sum(case when r.cr in (1, 2, 3) then r.amount else 0 end
                - case when r.dr in (1, 2, 3) then r.amount else 0 end), 0) as ledger,
            coalesce(sum(case when r.dr = 4 then r.amount when r.cr = 4 then -r.amount else 0 end), 0) as owed
        from points.figures(p_program_id, '-infinity', 'infinity') r) f;
end;

-- Where both books stand now. accounts: [{book, account, code, balance_micros, balance_minor}], debit less credit, exact and as
-- posted. lot_months: [{lot_month, funder, points_*, deferred_micros, cost_micros}].
create or replace function reports.position(
    p_program_id int, out at timestamptz, out day date, out locked_through date, out waiting bigint, out ledger_points bigint,
    out owed_points bigint, out books_points bigint, out accounting_model text, out currency text, out rate_version int,
    out accounts jsonb, out lot_months jsonb
) language plpgsql security definer set search_path = pg_catalog as $$
begin
    perform reports.catch_up(p_program_id, 10000);
    -- One statement, one snapshot.
    select clock.now(), d.day, p.locked_through, (select t.waiting from reports.state(p_program_id) t), n.ledger, n.owed, n.books,
        r.accounting_model, r.currency, r.version,
        coalesce((
            select jsonb_agg(jsonb_build_object(
                'book', a.book, 'account', a.account, 'code', coalesce(r.accounts ->> a.account, a.account),
                'balance_micros', a.micros, 'balance_minor', a.minor) order by a.book, a.account)
            from (
                select c.book, x.account, sum(x.sign * c.micros) as micros,
                    sum(x.sign * reports.minor(c.micros, r.minor_micros)) as minor
                from reports.cumulative(p_program_id, d.day) c
                join reports.postings() o on o.book = c.book and o.event = c.event
                cross join lateral (values (o.debit_account, 1), (o.credit_account, -1)) x (account, sign)
                where r.version is not null
                group by 1, 2) a), '[]'),
        coalesce((
            select jsonb_agg(jsonb_build_object(
                'lot_month', v.lot_month, 'funder', v.funder, 'net', v.net, 'redeemed', v.redeemed, 'lapsed', v.lapsed,
                'outstanding', v.outstanding, 'expected', v.expected,
                'deferred_micros', v.net * v.deferred_micros - v.recognised_micros, 'cost_micros', v.cost_left_micros)
                order by v.lot_month, v.funder collate "C")
            from reports.valued(p_program_id, d.day) v where v.outstanding <> 0), '[]')
    into at, day, locked_through, waiting, ledger_points, owed_points, books_points, accounting_model, currency,
        rate_version, accounts, lot_months
    from (select points.today(p_program_id) as day) d
    cross join lateral reports.rate_on(p_program_id, d.day) r
    cross join reports.points_now(p_program_id) n
    left join reports.period p on p.program_id = p_program_id;
end $$;

-- What members could still spend, by the month in which it lapses (null: never), in points and in what both books make of
-- them. months: [{month, points, deferred_minor, cost_minor}]. What is deferred for a lot month belongs to each of its points
-- alike; the months' amounts add up to the whole.
create or replace function reports.liability(
    p_program_id int, out at timestamptz, out waiting bigint, out ledger_points bigint, out owed_points bigint,
    out books_points bigint, out currency text, out months jsonb
) language plpgsql security definer set search_path = pg_catalog as $$
begin
    perform reports.catch_up(p_program_id, 10000);
    with open as (
        select date_trunc('month', points.lot_expires_on(s.lot_key))::date as month, s.funder, s.lot_month,
            sum(s.points) as points
        from (
            select o.lot_key, o.funder, o.lot_month, o.points from reports.source o where o.program_id = p_program_id
            union all
            select t.lot_key, t.funder, t.lot_month, t.points from reports.transit t where t.program_id = p_program_id
        ) s group by 1, 2, 3
    ), shared as (
        select o.month, o.points, v.deferred, v.cost_left_micros as cost, v.outstanding,
            sum(o.points) over (partition by o.funder, o.lot_month order by o.month) as through
        from open o
        join (
            select x.*, x.net * x.deferred_micros - x.recognised_micros as deferred
            from reports.valued(p_program_id, points.today(p_program_id)) x where x.outstanding > 0
        ) v on v.funder = o.funder and v.lot_month = o.lot_month
    ), monthly as (
        select s.month, sum(s.points) as points,
            sum(div(s.deferred * s.through, s.outstanding) - div(s.deferred * (s.through - s.points), s.outstanding))
                as deferred,
            sum(div(s.cost * s.through, s.outstanding) - div(s.cost * (s.through - s.points), s.outstanding)) as cost
        from shared s group by 1
    ), summed as (
        select m.month, m.points, m.deferred, m.cost, sum(m.deferred) over w as deferred_through, sum(m.cost) over w as cost_through
        from monthly m window w as (order by m.month)
    )
    select clock.now(), (select t.waiting from reports.state(p_program_id) t), n.ledger, n.owed, n.books, r.currency,
        coalesce((
            select jsonb_agg(jsonb_build_object(
                'month', s.month, 'points', s.points,
                'deferred_minor', reports.minor(s.deferred_through, r.minor_micros)
                    - reports.minor(s.deferred_through - s.deferred, r.minor_micros),
                'cost_minor', reports.minor(s.cost_through, r.minor_micros)
                    - reports.minor(s.cost_through - s.cost, r.minor_micros)) order by s.month)
            from summed s), '[]')
    into at, waiting, ledger_points, owed_points, books_points, currency, months
    from reports.points_now(p_program_id) n
    cross join reports.rate_on(p_program_id, points.today(p_program_id)) r;
end $$;

-- Locked days once more: whether their lines are those that were hashed, and the hash of what movements and rates give today.
-- At most 31 days.
create or replace function reports.rerun(p_program_id int, p_from date, p_until date)
returns table (day date, content_hash bytea, stored_hash bytea, rerun_hash bytea)
language sql stable security definer set search_path = pg_catalog
begin atomic
    with again as materialized (
        select l.day, array_agg(row(
            p_program_id, l.day, l.line_number, l.book, l.event, l.funder, l.debit_account, l.credit_account, l.debit_code,
            l.credit_code, l.amount_minor, l.through_micros)::reports.line) as lines
        from reports.lines_between(
            p_program_id, p_from, least(p_until, p_from + 30, (
                select max(d.day) from reports.day d where d.program_id = p_program_id)),
            (reports.rate_on(p_program_id, p_until)).accounting_model) l
        group by 1
    )
    select d.day, d.content_hash,
        sha256(convert_to(reports.content(p_program_id, d.day, d.currency, d.rate_version, (
            select array_agg(l) from reports.line l where l.program_id = p_program_id and l.day = d.day)), 'UTF8')),
        sha256(convert_to(reports.content(p_program_id, d.day, r.currency, r.version, a.lines), 'UTF8'))
    from reports.day d
    left join again a on a.day = d.day
    cross join lateral reports.rate_on(p_program_id, d.day) r
    where d.program_id = p_program_id and d.day between p_from and least(p_until, p_from + 30)
    order by d.day;
end;
