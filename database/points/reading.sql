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
                    select points.lot_expires_on(min(k)) from unnest(m.lot_keys) k where k >= g.first_good)
            ))::bigint as next_amount
        from (select points.lot_key(points.today(p_program_id), true) as first_good) g
        left join unnest(m.lot_keys, m.lot_amounts) as s (key, amount) on true
        group by g.first_good
    ) l
    where m.program_id = p_program_id and m.member_id = p_member_id;
end;

-- Points that may be spent, by their last good day, soonest first; null is never.
create or replace function points.lots(p_program_id int, p_member_id bigint)
returns table (expires_on date, amount bigint) language sql stable security definer set search_path = pg_catalog
begin atomic
    select points.lot_expires_on(s.key), sum(s.amount)::bigint
    from points.member m, unnest(m.lot_keys, m.lot_amounts) as s (key, amount)
    where m.program_id = p_program_id and m.member_id = p_member_id
        and s.key >= points.lot_key(points.today(p_program_id), true)
    group by points.lot_expires_on(s.key)
    order by points.lot_expires_on(s.key) nulls last;
end;

-- A member's rows, newest first, those before a sequence number (null: from the newest). At most 500 a page.
-- `amount` is what the row did to available points if it touched them, else to its own account; lots: [{expires_on, amount,
-- returned_until}], the last only where a return was extended.
create or replace function points.statement(
    p_program_id int, p_member_id bigint, p_before_sequence bigint, p_page_size int
) returns table (
    sequence bigint, kind text, amount bigint, available_after bigint, held_after bigint, occurred_at timestamptz,
    created_at timestamptz, reference text, partner text, partner_reference text, lots jsonb,
    op_id uuid, ref_op uuid, dr smallint, cr smallint
) language sql stable security definer set search_path = pg_catalog
begin atomic
    select j.sequence, j.kind::text, case when j.dr in (1, 2, 3, 4) and j.cr <> 1 then -j.amount else j.amount end,
        j.available_after, j.held_after, j.occurred_at, j.created_at, j.reference, a.partner, a.partner_reference,
        (
            select jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
                'expires_on', points.lot_expires_on(l.key), 'amount', l.amount,
                'returned_until', case when l.moved_to <> l.key then points.lot_expires_on(l.moved_to) end)) order by l.key)
            from unnest(j.lot_keys, j.lot_amounts, j.lot_to) as l (key, amount, moved_to)
        ),
        j.op_id, j.ref_op, j.dr, j.cr
    from points.journal j
    left join points.accrual a on a.program_id = j.program_id and a.op_id = j.ref_op
        and a.member_id = j.member_id and j.kind in ('accrue', 'repay', 'mature', 'reverse', 'write_off')
    where j.program_id = p_program_id and j.member_id = p_member_id
        and j.sequence < coalesce(p_before_sequence, 9223372036854775807)
    order by j.sequence desc
    limit greatest(1, least(coalesce(p_page_size, 50), 500));
end;

grant execute on function points.balance(int, bigint) to member_api, quote_api, manager_api;
grant execute on function points.lots(int, bigint) to member_api, quote_api, manager_api;
grant execute on function points.statement(int, bigint, bigint, int) to member_api, manager_api;
