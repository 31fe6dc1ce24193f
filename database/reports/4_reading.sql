-- What finance takes away: the journal of a span of days, a month's statement for each funder, and whether all is well.

-- The journal by day and line. Locked days as they were written; open ones (locked = false) as they would be now, of the
-- book that is posted or, for a look, of the other one.
create or replace function reports.journal(p_program_id int, p_from date, p_until date, p_book text default null)
returns table (
    day date, locked boolean, currency text, rate_version int, content_hash bytea, line_number int, book text, event text,
    funder text, debit_account text, credit_account text, debit_code text, credit_code text, amount_minor bigint,
    through_micros numeric
) language plpgsql stable security definer set search_path = pg_catalog as $$
declare
    v_locked date := coalesce((select p.locked_through from reports.period p where p.program_id = p_program_id), '-infinity');
begin
    if p_until - p_from > 400 then
        raise exception 'at most 400 days at a time' using errcode = 'program_limit_exceeded';
    end if;
    return query
    select d.day, true, d.currency, d.rate_version, d.content_hash, l.line_number, l.book, l.event, l.funder,
        l.debit_account, l.credit_account, l.debit_code, l.credit_code, l.amount_minor, l.through_micros
    from reports.day d
    left join reports.line l on l.program_id = d.program_id and l.day = d.day
    where d.program_id = p_program_id and d.day between p_from and p_until
        and (p_book is null or p_book = (reports.rate_on(p_program_id, d.day)).accounting_model)
    order by d.day, l.line_number;
    return query
    select l.day, false, r.currency, r.version, null::bytea, l.line_number, l.book, l.event, l.funder, l.debit_account,
        l.credit_account, l.debit_code, l.credit_code, l.amount_minor, l.through_micros
    from reports.lines_between(
        p_program_id, greatest(p_from, v_locked + 1), p_until,
        coalesce(p_book, (reports.rate_on(p_program_id, p_until)).accounting_model)) l
    cross join lateral reports.rate_on(p_program_id, l.day) r
    order by l.day, l.line_number;
end $$;

-- A month for each funder, in points and in what the funder pays; prices: [{unit_cost_micros, campaign, issued, reversed}],
-- campaign null for a partner's own points; discounts: [{campaign, redemptions, amount_minor}].
-- `amount_minor` is points times price, rounded like the journal (the months' amounts add up to the whole), and the discounts.
-- Final when its last day is locked.
drop function if exists reports.funder_statement(int, date);
create function reports.funder_statement(p_program_id int, p_month date)
returns table (
    funder text, issued numeric, reversed numeric, redeemed numeric, lapsed numeric, outstanding numeric, prices jsonb,
    discounts jsonb, discount_minor numeric, amount_minor bigint, through_micros numeric, currency text, final boolean
) language sql stable security definer set search_path = pg_catalog
begin atomic
    with span as (
        select date_trunc('month', p_month::timestamp)::date as first,
            (date_trunc('month', p_month::timestamp) + interval '1 month')::date - 1 as last
    ), paid as (
        select f.funder,
            coalesce(sum(f.issued) filter (where f.day >= s.first), 0) as issued,
            coalesce(sum(f.reversed) filter (where f.day >= s.first), 0) as reversed,
            coalesce(sum((f.issued - f.reversed)::numeric * f.unit_cost_micros), 0) as through,
            coalesce(sum((f.issued - f.reversed)::numeric * f.unit_cost_micros) filter (where f.day < s.first), 0) as before
        from reports.funding f, span s
        where f.program_id = p_program_id and f.day <= s.last group by 1
    ), priced as (
        select x.funder, jsonb_agg(jsonb_build_object(
            'unit_cost_micros', x.unit_cost_micros, 'campaign', nullif(x.campaign, ''), 'issued', x.issued,
            'reversed', x.reversed) order by x.unit_cost_micros, x.campaign collate "C"
        ) as prices
        from (
            select f.funder, f.unit_cost_micros, f.campaign, sum(f.issued) as issued, sum(f.reversed) as reversed
            from reports.funding f, span s
            where f.program_id = p_program_id and f.day between s.first and s.last group by 1, 2, 3
        ) x group by 1
    ), discounted as (
        select x.funder, sum(x.amount_minor) as discount_minor, jsonb_agg(jsonb_build_object(
            'campaign', x.campaign, 'redemptions', x.redemptions, 'amount_minor', x.amount_minor)
            order by x.campaign collate "C") as discounts
        from (
            select d.funder, d.campaign, sum(d.redemptions) as redemptions, sum(d.amount_minor) as amount_minor
            from reports.discount d, span s
            where d.program_id = p_program_id and d.day between s.first and s.last group by 1, 2
        ) x group by 1
    ), used as (
        select m.funder,
            coalesce(sum(m.points) filter (where m.event = 'redeemed' and m.day >= s.first), 0)
                - coalesce(sum(m.points) filter (where m.event = 'restored' and m.day >= s.first), 0) as redeemed,
            coalesce(sum(m.points) filter (where m.event = 'lapsed' and m.day >= s.first), 0) as lapsed,
            coalesce(sum(m.points) filter (where m.event in ('opened', 'granted', 'restored')), 0)
                - coalesce(sum(m.points) filter (
                    where m.event in (
                        'reversed', 'withdrawn', 'repaid_pending', 'repaid_transferred', 'redeemed', 'lapsed')), 0) as outstanding
        from reports.movement m, span s
        where m.program_id = p_program_id and m.day <= s.last group by 1
    )
    select funder, coalesce(p.issued, 0), coalesce(p.reversed, 0), coalesce(u.redeemed, 0), coalesce(u.lapsed, 0),
        coalesce(u.outstanding, 0), coalesce(c.prices, '[]'), coalesce(d.discounts, '[]'), coalesce(d.discount_minor, 0),
        reports.minor(coalesce(p.through, 0), r.minor_micros) - reports.minor(coalesce(p.before, 0), r.minor_micros)
            + coalesce(d.discount_minor, 0)::bigint,
        coalesce(p.through, 0), r.currency,
        coalesce((select o.locked_through >= s.last from reports.period o where o.program_id = p_program_id), false)
    from paid p
    full join used u using (funder)
    full join discounted d using (funder)
    left join priced c using (funder)
    cross join span s
    cross join lateral reports.rate_on(p_program_id, s.last) r
    order by funder collate "C";
end;

-- How far the books are: the programme's day, the last locked day, and how many journal rows wait to be posted.
drop function if exists reports.state(int);
create function reports.state(p_program_id int)
returns table (today date, locked_through date, waiting bigint)
language sql stable security definer set search_path = pg_catalog
begin atomic
    select points.today(p_program_id),
        (select p.locked_through from reports.period p where p.program_id = p_program_id),
        (select count(*)
         from reports.mark k
         join points.journal j on j.txid >= (k.below::text)::bigint
         left join reports.posted p on p.program_id = j.program_id and p.member_id = j.member_id
         where j.program_id = p_program_id and j.sequence > coalesce(p.sequence, 0));
end;

-- What the entries' events are of a month's close: the figure (null: none, the points are still outstanding) and its sign in it, and
-- what they do to the outstanding points and to the lot.
create or replace function reports.figures() returns table (event text, figure text, sign int, outstanding int)
language sql immutable
begin atomic
    values ('opened', 'issued', 1, 1), ('redeemed', 'redeemed', 1, -1), ('restored', 'redeemed', -1, 1),
        ('lapsed', 'expired', 1, -1), ('granted', 'adjusted', 1, 1), ('reversed', 'adjusted', -1, -1),
        ('withdrawn', 'adjusted', -1, -1), ('repaid_pending', 'adjusted', -1, -1), ('repaid_transferred', 'adjusted', -1, -1),
        ('given', null, 0, -1), ('received', null, 0, 1), ('moved_out', null, 0, -1), ('moved_in', null, 0, 1);
end;

-- Each must count nothing, always, also while points move.
create or replace function reports.check_books() returns table (name text, violations bigint)
language sql stable security definer set search_path = pg_catalog
begin atomic
    with posted as materialized (
        select j.* from reports.posted p
        join points.journal j on j.program_id = p.program_id and j.member_id = p.member_id and j.sequence <= p.sequence
    ), known as (
        select program_id, member_id, sum(points) as points from reports.source group by 1, 2
    ), moved as (
        select program_id, sum(amount) filter (where dr = 10 and cr in (1, 3)) as opened,
            sum(amount) filter (where dr = 14 and cr = 1) as granted,
            sum(amount) filter (where dr in (1, 3) and cr = 13) as reversed,
            sum(amount) filter (where dr = 1 and cr = 14) as withdrawn,
            sum(amount) filter (where dr = 4) as owed,
            sum(amount) filter (where dr = 15 and cr = 13) as written_off,
            sum(amount) filter (where dr = 15 and cr = 4) as forgiven,
            sum(amount) filter (where dr = 10 and cr = 4) as repaid,
            sum(amount) filter (where dr = 3 and cr = 4) as repaid_pending,
            sum(amount) filter (where dr = 14 and cr = 4) as repaid_granted,
            sum(amount) filter (where dr = 16 and cr = 4) as repaid_transferred,
            sum(amount) filter (where cr = 11) as redeemed,
            sum(amount) filter (where dr = 11) as restored,
            sum(amount) filter (where cr = 12) as lapsed
        from posted group by 1
    ), event as (
        select m.program_id, e.event, coalesce(e.points, 0) as points
        from moved m cross join lateral (values
            ('opened', opened), ('granted', granted), ('reversed', reversed), ('withdrawn', withdrawn), ('owed', owed),
            ('written_off', written_off), ('forgiven', forgiven), ('repaid', repaid), ('repaid_pending', repaid_pending),
            ('repaid_granted', repaid_granted), ('repaid_transferred', repaid_transferred), ('redeemed', redeemed),
            ('restored', restored), ('lapsed', lapsed)) e (event, points)
    ), booked as (
        select program_id, event, sum(points) as points from reports.movement
        where event not in ('delivered', 'returned') group by 1, 2
    )
    select 'B1 the books know every point a member has', count(*)
    from reports.posted p
    join points.journal j on j.program_id = p.program_id and j.member_id = p.member_id and j.sequence = p.sequence
    left join known k on k.program_id = p.program_id and k.member_id = p.member_id
    where coalesce(k.points, 0) <> j.available_after + j.held_after + j.pending_after
    union all
    select 'B2 the movements are the journal', count(*)
    from event e full join booked b using (program_id, event)
    where coalesce(e.points, 0) <> coalesce(b.points, 0)
    union all
    select 'B3 locked days are as they were written', count(*)
    from reports.day d
    left join lateral (
        select array_agg(l order by l.line_number) as lines, count(*) as count, coalesce(sum(l.amount_minor), 0) as total
        from reports.line l where l.program_id = d.program_id and l.day = d.day) x on true
    where d.lines <> x.count or d.total_minor <> x.total or d.content_hash <> sha256(convert_to(
        reports.content(d.program_id, d.day, d.currency, d.rate_version, x.lines), 'UTF8'))
    union all
    select 'B4 what was posted is points times rates', count(*)
    from reports.period p
    cross join lateral reports.rate_on(p.program_id, p.locked_through) r
    cross join lateral (
        select c.event, c.funder, reports.minor(c.micros, r.minor_micros) as due
        from reports.cumulative(p.program_id, p.locked_through) c where c.book = r.accounting_model) c
    full join (
        select l.program_id, l.event, l.funder,
            sum(case when l.debit_account = o.debit_account then l.amount_minor else -l.amount_minor end) as posted
        from reports.line l join reports.postings() o on o.book = l.book and o.event = l.event group by 1, 2, 3
    ) l on l.program_id = p.program_id and l.event = c.event and l.funder = c.funder
    where coalesce(c.due, 0) <> coalesce(l.posted, 0)
    union all
    select 'B5 the standing is the locked movements', count(*)
    from reports.standing s
    full join (
        select m.program_id, m.funder, m.lot_month, m.event, sum(m.points) as points
        from reports.movement m join reports.period p on p.program_id = m.program_id and m.day <= p.locked_through
        group by 1, 2, 3, 4
    ) m using (program_id, funder, lot_month, event)
    where coalesce(s.points, 0) <> coalesce(m.points, 0)
    union all
    select 'B6 undelivered is redeemed less delivered', count(*)
    from (
        select program_id, funder, lot_month,
            coalesce(sum(points) filter (where event in ('redeemed', 'returned')), 0)
                - coalesce(sum(points) filter (where event in ('restored', 'delivered')), 0) as points
        from reports.movement group by 1, 2, 3
    ) m
    full join (
        select program_id, funder, lot_month, sum(points) as points from reports.undelivered group by 1, 2, 3
    ) u using (program_id, funder, lot_month)
    where coalesce(m.points, 0) <> coalesce(u.points, 0)
    union all
    select 'B7 points on their way are given and not yet received', count(*)
    from (
        select program_id, case when cr = 16 then op_id else ref_op end as op_id,
            sum(case when cr = 16 then amount else -amount end) as points
        from posted where cr = 16 or dr = 16 group by 1, 2
    ) g
    full join (
        select program_id, op_id, sum(points) as points from reports.transit group by 1, 2
    ) t using (program_id, op_id)
    where coalesce(g.points, 0) <> coalesce(t.points, 0)
    union all
    select 'B8 what is left of each month earned is with members or on its way', count(*)
    from (
        select program_id, funder, lot_month,
            coalesce(sum(points) filter (where event in ('opened', 'granted', 'restored')), 0)
                - coalesce(sum(points) filter (where event in (
                    'reversed', 'withdrawn', 'repaid_pending', 'repaid_transferred', 'redeemed', 'lapsed')), 0) as points
        from reports.movement group by 1, 2, 3
    ) m
    full join (
        select program_id, funder, lot_month, sum(points) as points
        from (
            select s.program_id, s.funder, s.lot_month, s.points from reports.source s
            union all
            select t.program_id, t.funder, t.lot_month, t.points from reports.transit t
        ) x group by 1, 2, 3
    ) u using (program_id, funder, lot_month)
    where coalesce(m.points, 0) <> coalesce(u.points, 0)
    union all
    -- Of redemptions that were posted since the books keep it.
    select 'B9 each redemption''s points are its lots'' points', count(*)
    from (
        select program_id, redemption_id, lot_key, sum(points - restored) as points from reports.redeemed group by 1, 2, 3
    ) r
    full join (
        select s.program_id, s.ref_op as redemption_id, l.key as lot_key,
            sum(case when s.cr = 11 then l.amount else -l.amount end) as points
        from posted s, unnest(s.lot_keys, s.lot_amounts) as l (key, amount)
        where 11 in (s.dr, s.cr) and exists (
            select from reports.redeemed k where k.program_id = s.program_id and k.redemption_id = s.ref_op)
        group by 1, 2, 3
    ) j using (program_id, redemption_id, lot_key)
    where coalesce(r.points, 0) <> coalesce(j.points, 0)
    union all
    -- Of members whose entries are kept from their first row on.
    select 'B10 each lot is its entries', count(*)
    from (
        select e.program_id, e.member_id, e.lot_key, e.lot_month, e.funder, sum(f.outstanding * e.points) as points
        from reports.entry e join reports.figures() f using (event)
        join reports.posted p using (program_id, member_id)
        where p.entries_after = 0 group by 1, 2, 3, 4, 5
    ) e
    full join (
        select s.* from reports.source s join reports.posted p using (program_id, member_id) where p.entries_after = 0
    ) s using (program_id, member_id, lot_key, lot_month, funder)
    where coalesce(e.points, 0) <> coalesce(s.points, 0)
    union all
    -- Of programmes of which that is so of every member.
    select 'B11 each movement is its entries', count(*)
    from (
        select e.program_id, e.day, e.funder, e.lot_month, e.event, sum(e.points) as points
        from reports.entry e join reports.figures() f using (event) where f.figure is not null group by 1, 2, 3, 4, 5
    ) e
    full join (
        select m.program_id, m.day, m.funder, m.lot_month, m.event, m.points
        from reports.movement m join reports.figures() f using (event) where f.figure is not null
    ) m using (program_id, day, funder, lot_month, event)
    where coalesce(e.points, 0) <> coalesce(m.points, 0) and not exists (
        select from reports.posted p
        where p.program_id = coalesce(e.program_id, m.program_id) and p.entries_after is distinct from 0);
end;
