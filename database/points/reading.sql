-- What members, staff and workers may read of the ledger. Decisions are never made from these: operations lock the row.

-- What a member could spend now: lapsed points that the job has not written off yet do not count.
create or replace function points.balance(p_program_id int, p_member_id bigint)
returns table (
    available bigint, held bigint, pending bigint, debt bigint, version bigint,
    expires_next_on date, expires_next_amount bigint
) language sql stable security definer set search_path = pg_catalog
begin atomic
    select m.available - l.lapsed, m.held, m.pending, m.debt, m.version, l.next_on, coalesce(l.next_amount, 0)
    from points.member m
    cross join lateral (
        select coalesce(sum(s.amount) filter (where s.key < g.first_good), 0)::bigint as lapsed,
            points.lot_expires_on(min(s.key) filter (where s.key >= g.first_good)) as next_on,
            (sum(s.amount) filter (
                where points.lot_expires_on(s.key) = (
                    select points.lot_expires_on(min(k.key)) from points.lot k
                    where k.program_id = m.program_id and k.member_id = m.member_id and k.key >= g.first_good)
            ))::bigint as next_amount
        from (select points.lot_key(points.today(p_program_id), true) as first_good) g
        left join points.lot as s on s.program_id = m.program_id and s.member_id = m.member_id
        group by g.first_good
    ) l
    where m.program_id = p_program_id and m.member_id = p_member_id;
end;

-- Points that may be spent, by their last good day, soonest first; null is never.
create or replace function points.lots(p_program_id int, p_member_id bigint)
returns table (expires_on date, amount bigint) language sql stable security definer set search_path = pg_catalog
begin atomic
    select points.lot_expires_on(s.key), sum(s.amount)::bigint
    from points.lot s
    where s.program_id = p_program_id and s.member_id = p_member_id
        and s.key >= points.lot_key(points.today(p_program_id), true)
    group by points.lot_expires_on(s.key)
    order by points.lot_expires_on(s.key) nulls last;
end;

grant execute on function points.balance(int, bigint) to member_api, quote_api, manager_api;
grant execute on function points.lots(int, bigint) to member_api, quote_api, manager_api;
