-- What members, staff and workers may read of the ledger. Decisions are never made from these: operations lock the row.

-- What a member could spend now: lapsed points that the job has not written off yet do not count.
-- Read with every page, so the usual answer, of a member whose next lot is good, is one look at his row.
create or replace function points.balance(p_program_id int, p_member_id bigint)
returns table (
    available bigint, held bigint, pending bigint, debt bigint, version bigint,
    expires_next_on date, expires_next_amount bigint
) language plpgsql stable security definer set search_path = pg_catalog as $$
declare
    v_key int;
    v_head bigint;
    v_lots bigint[];
    v_first_good int := points.lot_key(((clock.now() + interval '14 hours') at time zone 'UTC')::date, true);
begin
    select m.available, m.held, m.pending, m.debt, m.version, m.head_key, m.head, m.lots[:3]
    into available, held, pending, debt, version, v_key, v_head, v_lots
    from points.member m where m.program_id = p_program_id and m.member_id = p_member_id;
    if not found then return; end if;
    if v_key < v_first_good then
        v_first_good := points.lot_key(points.today(p_program_id), true);
        select available - coalesce(sum(l.amount) filter (where l.key < v_first_good), 0),
            min(l.key) filter (where l.key >= v_first_good)
        into available, v_key
        from points.lot l where l.program_id = p_program_id and l.member_id = p_member_id;
        select coalesce(sum(l.amount), 0), points.lot_expires_on(v_key) into expires_next_amount, expires_next_on
        from points.lot l
        where l.program_id = p_program_id and l.member_id = p_member_id and l.key / 2 = v_key / 2 and l.key >= v_first_good;
    else
        -- The next lot may lapse on the same day: what was extended and what was not are two.
        expires_next_on := points.lot_expires_on(v_key);
        expires_next_amount := v_head + case when v_lots[2] / 2 = v_key / 2 then v_lots[1] - v_lots[3] else 0 end;
    end if;
    if expires_next_on is null then expires_next_amount := 0; end if;
    return next;
end $$;

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
