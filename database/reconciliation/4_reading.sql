-- What staff read: days, a day's report, its redemptions one by one, and the house's accounts for finance.

-- A programme's days, newest first.
create or replace function reconciliation.days(p_program_id integer, p_most integer)
returns table (
    day date, state text, as_of timestamptz, finished_at timestamptz, attempt integer, matched integer, explained integer,
    tickets integer, orphans integer
) language sql stable security definer set search_path = pg_catalog
begin atomic
    select r.day, r.state, r.as_of, r.finished_at, r.attempt, r.matched, r.explained, r.tickets, r.orphans
    from reconciliation.run r where r.program_id = p_program_id
    order by r.day desc limit greatest(1, least(coalesce(p_most, 30), 400));
end;

-- A day's report (null: there is none): sums by verdict, differences by kind, house:price_variance by product and seller as that day
-- posted it, unmatched redemptions (oldest first, at most 200) and open orphans (oldest first, at most 200) with their cases. `others`: what was first told on that day
-- and is not ours, by currency.
create or replace function reconciliation.report(p_program_id integer, p_day date) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog as $$
begin
    return (
        select jsonb_build_object(
            'day', r.day, 'state', r.state, 'as_of', r.as_of, 'finished_at', r.finished_at, 'attempt', r.attempt,
            'matched', k.matched, 'explained', k.explained, 'tickets', k.tickets, 'waiting', k.waiting,
            'differences', reconciliation.sums_of(p_program_id, p_day),
            'price_variances', (
                select coalesce(jsonb_agg(to_jsonb(v) order by abs(v.amount_minor) desc, v.asin, v.seller), '[]') from (
                    select h.asin, h.seller, h.reason, h.currency, sum(h.amount_minor)::bigint as amount_minor
                    from reconciliation.house h
                    where h.program_id = p_program_id and h.day = p_day and h.account = 'price_variance'
                    group by 1, 2, 3, 4 having sum(h.amount_minor) <> 0 order by abs(sum(h.amount_minor)) desc limit 200) v),
            'unmatched', (
                select coalesce(jsonb_agg(to_jsonb(u) order by u.unmatched_since, u.redemption_id), '[]') from (
                    select i.redemption_id, s.unmatched_since, i.differences, s.case_id, c.state as case_state, c.deadline,
                           d.currency
                    from reconciliation.item i
                    join reconciliation.subject s using (program_id, redemption_id)
                    join redemptions.redemption d using (program_id, redemption_id)
                    left join casework.case c on c.program_id = s.program_id and c.case_id = s.case_id
                    where i.program_id = p_program_id and i.day = p_day and i.verdict = 'ticket'
                    order by s.unmatched_since, i.redemption_id limit 200) u),
            'orphans', (
                select coalesce(jsonb_agg(to_jsonb(o) order by o.first_seen_at, o.source, o.reference), '[]') from (
                    select x.source, x.reference, x.kind, x.currency, x.amount_minor, x.first_seen_at, x.case_id
                    from reconciliation.orphan x where x.program_id = p_program_id and x.resolved_at is null
                    order by x.first_seen_at limit 200) o),
            'others', (
                select coalesce(jsonb_agg(to_jsonb(t) order by t.currency), '[]') from (
                    select l.currency, count(distinct (l.transaction_type, l.transaction_id)) as transactions,
                           sum(l.amount_minor)::bigint as amount_minor
                    from reconciliation.unknown_lines(p_program_id) l
                    join reconciliation.transaction h using (connection, transaction_type, transaction_id)
                    where not l.ours and (coalesce(h.feed_at, h.transacted_at, h.first_heard_at)
                                          at time zone points.zone(p_program_id))::date = p_day
                    group by l.currency) t))
        from reconciliation.run r
        cross join lateral (
            select count(*) filter (where i.verdict = 'matched') as matched,
                   count(*) filter (where i.verdict = 'explained') as explained,
                   count(*) filter (where i.verdict = 'ticket') as tickets,
                   count(*) filter (where i.verdict is null) as waiting
            from reconciliation.item i where i.program_id = r.program_id and i.day = r.day) k
        where r.program_id = p_program_id and r.day = p_day);
end $$;

-- Internal: a day's differences by leg, kind and currency: how many, and their sum.
create or replace function reconciliation.sums_of(p_program_id integer, p_day date) returns jsonb
language sql stable set search_path = pg_catalog
begin atomic
    select coalesce(jsonb_agg(to_jsonb(x) order by x.explained, x.leg, x.kind, x.currency), '[]') from (
        select d ->> 'leg' as leg, d ->> 'kind' as kind, (d ->> 'explained')::boolean as explained,
               case when d ? 'amount_minor' then r.currency end as currency, count(*) as redemptions,
               sum((d ->> 'amount_minor')::bigint)::bigint as amount_minor, sum((d ->> 'points')::bigint)::bigint as points
        from reconciliation.item i
        join redemptions.redemption r using (program_id, redemption_id)
        cross join lateral jsonb_array_elements(i.differences) d
        where i.program_id = p_program_id and i.day = p_day
        group by 1, 2, 3, 4) x;
end;

-- The redemptions of a day after one of them (null: from the first), by verdict if one is given. At most 1,000 a page.
create or replace function reconciliation.rows(
    p_program_id integer, p_day date, p_verdict text, p_after uuid, p_page_size integer
) returns table (
    redemption_id uuid, verdict text, currency text, differences jsonb, unmatched_since timestamptz, case_id uuid
) language sql stable security definer set search_path = pg_catalog
begin atomic
    select i.redemption_id, i.verdict, r.currency, i.differences,
           case when i.verdict = 'ticket' then s.unmatched_since end, case when i.verdict = 'ticket' then s.case_id end
    from reconciliation.item i
    join redemptions.redemption r using (program_id, redemption_id)
    left join reconciliation.subject s using (program_id, redemption_id)
    where i.program_id = p_program_id and i.day = p_day and (p_verdict is null or i.verdict = p_verdict)
      and (p_after is null or i.redemption_id > p_after)
    order by i.redemption_id limit greatest(1, least(coalesce(p_page_size, 200), 1000));
end;

-- The programme's own accounts over a span of days, for finance: what nobody else pays, by account, product and seller. Of what was
-- written off and charged back the day is where the programme is; so is that of free delivery, which is what Amazon said it would cost
-- of units that were accepted, on the day of the redemption.
create or replace function reconciliation.house_of(p_program_id integer, p_from date, p_until date)
returns table (
    account text, reason text, asin text, seller text, currency text, rows bigint, amount_minor bigint, points bigint
) language sql stable security definer set search_path = pg_catalog
begin atomic
    select x.account, x.reason, x.asin, x.seller, x.currency, count(*), sum(x.amount_minor)::bigint, sum(x.points)::bigint
    from (
        select h.account, h.reason, h.asin, h.seller, h.currency, h.amount_minor, h.points
        from reconciliation.house h where h.program_id = p_program_id and h.day between p_from and p_until
        union all
        select h.account, h.reason, '', '', h.currency, h.amount_minor, 0::bigint
        from payments.house h
        where h.program_id = p_program_id
          and (h.created_at at time zone points.zone(p_program_id))::date between p_from and p_until
        union all
        select 'free_delivery', 'tier', l.asin, '', r.currency,
               o.expected_shipping_minor * l.accepted_quantity / o.quantity, 0::bigint
        from redemptions.redemption r
        join redemptions.quote q on q.program_id = r.program_id and q.quote_id = r.quote_id and q.delivery_free
        join redemptions.line l on l.program_id = r.program_id and l.redemption_id = r.redemption_id
        join redemptions.quote_line o on o.program_id = q.program_id and o.quote_id = q.quote_id
            and o.line_number = l.line_number
        where r.program_id = p_program_id
          and r.created_at >= p_from::timestamp at time zone points.zone(p_program_id)
          and r.created_at < (p_until + 1)::timestamp at time zone points.zone(p_program_id)
          and o.expected_shipping_minor * l.accepted_quantity >= o.quantity) x
    group by 1, 2, 3, 4, 5
    order by 1, 2, 3, 4, 5;
end;

-- What must hold at any instant. Every row should say 0.
create or replace view reconciliation.invariants as
select 'every redemption of a day that is done has a verdict' as name,
       (select count(*) from reconciliation.item i join reconciliation.run r using (program_id, day)
        where r.state = 'done' and i.verdict is null) as violations
union all
select 'whatever is unmatched has a ticket, and nothing else has an open one',
       (select count(*) from reconciliation.subject s
        left join casework.case c on c.program_id = s.program_id and c.case_id = s.case_id
        where (s.verdict = 'ticket' and c.case_id is null) or (s.verdict <> 'ticket' and c.state = 'open'))
union all
select 'what nobody knows has a ticket until it is found or decided',
       (select count(*) from reconciliation.orphan o
        left join casework.case c on c.program_id = o.program_id and c.case_id = o.case_id
        where c.case_id is null or (o.resolved_at is not null and c.state = 'open'))
union all
select 'house:price_variance is what is explained as price, shipping and tax, by redemption',
       (select count(*) from (
            select s.program_id, s.redemption_id, sum((d ->> 'amount_minor')::bigint) as amount_minor
            from reconciliation.subject s cross join lateral jsonb_array_elements(s.differences) d
            where d ->> 'kind' in ('price_drift', 'shipping_tax') group by 1, 2) e
        full join (
            select h.program_id, h.redemption_id, sum(h.amount_minor) as amount_minor from reconciliation.house h
            where h.account = 'price_variance' group by 1, 2) h using (program_id, redemption_id)
        where coalesce(e.amount_minor, 0) <> coalesce(h.amount_minor, 0))
union all
select 'a transaction is the sum of its lines',
       (select count(*) from reconciliation.transaction t
        left join lateral (
            select sum(l.amount_minor) as amount_minor from reconciliation.transaction_line l
            where l.connection = t.connection and l.transaction_type = t.transaction_type
              and l.transaction_id = t.transaction_id) l on true
        where t.amount_minor <> coalesce(l.amount_minor, 0));
