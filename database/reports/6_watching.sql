-- What must wake somebody, measured and not concluded from a duty that did not complain.

-- months_missing: of this month and the two after it, how many the points journal has no partition for (operations of such a
-- month fail). closes_refused: months that did not add up. closes_late: months that ended more than a day ago and are not
-- closed. unposted_seconds, unrolled_seconds: how old the oldest row is that the books or the daily sums do not know.
create or replace function reports.watch()
returns table (
    months_missing bigint, closes_refused bigint, closes_late bigint, unposted_seconds bigint, unrolled_seconds bigint
) language sql stable security definer set search_path = pg_catalog
begin atomic
    select
        (select count(*)
         from generate_series(0, 2) m
         where not exists (
            select from pg_inherits i join pg_class c on c.oid = i.inhrelid
            where i.inhparent = 'points.journal'::regclass
                and c.relname = 'journal_' || to_char(
                    date_trunc('month', clock.now() at time zone 'UTC') + make_interval(months => m), 'YYYYMM'))),
        (select count(*) from points.month_close c where c.state = 'refused'),
        (select count(*)
         from programme.program g
         cross join lateral (
            select coalesce(
                (select (max(c.month) + interval '1 month')::date from points.month_close c
                 where c.program_id = g.program_id and c.state = 'closed'),
                (select date_trunc('month', min(r.booked_day))::date from points.rollup r
                 where r.program_id = g.program_id)) as month
         ) n
         where (n.month + interval '1 month')::timestamp at time zone points.zone(g.program_id)
            < clock.now() - interval '1 day'),
        (select coalesce(greatest(0, extract(epoch from clock.now() - min(j.created_at)))::bigint, 0)
         from reports.mark k
         join points.journal j on j.txid >= (k.below::text)::bigint
         left join reports.posted p on p.program_id = j.program_id and p.member_id = j.member_id
         where j.sequence > coalesce(p.sequence, 0)
            and j.program_id in (select e.program_id from programme.in_earnest e)),
        (select coalesce(greatest(0, extract(epoch from clock.now() - min(j.created_at)))::bigint, 0)
         from points.rollup_mark k
         join points.journal j on j.txid >= (k.below::text)::bigint);
end;
