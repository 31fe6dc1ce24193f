-- What happened to a member's points: in pages, at an instant, and as a whole that proves itself (loyalty/points/verify.py).

drop function if exists points.statement(int, bigint, bigint, int);

-- A member's rows, newest first, those before a sequence number (null: from the newest). At most 500 a page.
-- Filters, null for all: kinds; what happened (occurred_at) from an instant on and before another.
-- `amount` is what the row did to available points if it touched them, else to its own account; lots: [{expires_on, amount,
-- returned_until}], the last only where a return was extended.
create or replace function points.statement(
    p_program_id int, p_member_id bigint, p_before_sequence bigint, p_page_size int,
    p_kinds text[] default null, p_from timestamptz default null, p_to timestamptz default null
) returns table (
    sequence bigint, kind text, amount bigint, available_after bigint, held_after bigint, occurred_at timestamptz,
    created_at timestamptz, reference text, partner text, partner_reference text, lots jsonb,
    op_id uuid, ref_op uuid, dr smallint, cr smallint
) language sql stable security definer set search_path = pg_catalog
begin atomic
    select j.sequence, j.kind::text, case when j.dr in (1, 2, 3, 4, 11) and j.cr <> 1 then -j.amount else j.amount end,
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
        and (p_kinds is null or j.kind::text = any (p_kinds))
        and (p_from is null or j.occurred_at >= p_from)
        and (p_to is null or j.occurred_at < p_to)
    order by j.sequence desc
    limit greatest(1, least(coalesce(p_page_size, 50), 500));
end;

-- The first row below number `p_below` that was booked after an instant; `p_below` if there is none.
-- Rows are looked at from there down, 32 a look, so it costs what was booked since and no more. An operation's time is when
-- its transaction began, and it may have waited for the member after that, but no longer than a function lives: a row that is
-- so much older than the instant ends the look.
create or replace function points.first_after(p_program_id int, p_member_id bigint, p_below bigint, p_at timestamptz)
returns bigint language plpgsql stable set plan_cache_mode = force_generic_plan as $$
declare
    c_longest_wait constant interval := interval '15 minutes';
    v_first bigint := p_below;
    v_below bigint := p_below;
    r record;
begin
    while v_below > 1 loop
        select min(j.sequence) filter (where j.created_at > p_at) as first, min(j.created_at) as oldest into r
        from points.journal j
        where j.program_id = p_program_id and j.member_id = p_member_id
            and j.sequence >= v_below - 32 and j.sequence < v_below;
        v_first := least(v_first, r.first);
        exit when r.oldest <= p_at - c_longest_wait;
        v_below := v_below - 32;
    end loop;
    return v_first;
end $$;

-- The member's first row booked after an instant; the next one to be written if there is none.
create or replace function points.first_since(p_program_id int, p_member_id bigint, p_since timestamptz) returns bigint
language sql stable
    return points.first_after(p_program_id, p_member_id, (
        select m.version + 1 from points.member m where m.program_id = p_program_id and m.member_id = p_member_id), p_since);

-- The balances as they were booked at an instant (null: now), with the sequence and link of the row they stand in; no row
-- for an unknown member. That is the state before the first row booked after the instant.
-- Rows are numbered without a gap, so the row is found by the statement's index thirty-one places a look: any history takes a few
-- looks and operations maintain no index for it.
create or replace function points.balance_at(p_program_id int, p_member_id bigint, p_at timestamptz)
returns table (available bigint, held bigint, pending bigint, debt bigint, sequence bigint, chain bytea)
language plpgsql stable security definer set search_path = pg_catalog set plan_cache_mode = force_generic_plan as $$
declare
    v_at timestamptz := coalesce(p_at, 'infinity');
    v_before bigint := 0;  -- not after the instant, as far as looked
    v_after bigint;        -- after the instant
    v_step bigint;
    v_found bigint;
begin
    select m.version + 1 into v_after from points.member m where m.program_id = p_program_id and m.member_id = p_member_id;
    if not found then return; end if;
    while v_after - v_before > 32 loop
        v_step := (v_after - v_before) / 32 + 1;
        select min(j.sequence) into v_found from points.journal j
        where j.program_id = p_program_id and j.member_id = p_member_id and j.created_at > v_at and j.sequence < v_after
            and j.sequence = any (array(select v_before + i * v_step from generate_series(1, 31) as i));
        if v_found is null then
            v_before := v_before + least(31, (v_after - 1 - v_before) / v_step) * v_step;
        else
            v_after := v_found;
            v_before := v_found - v_step;
        end if;
    end loop;
    v_after := points.first_after(p_program_id, p_member_id, v_after, v_at);
    return query
    select j.available_after, j.held_after, j.pending_after, j.debt_after, j.sequence, j.chain from points.journal j
    where j.program_id = p_program_id and j.member_id = p_member_id and j.sequence = v_after - 1;
    if not found then
        return query select 0::bigint, 0::bigint, 0::bigint, 0::bigint, 0::bigint, ''::bytea;
    end if;
end $$;

-- Where a member's chain ends now, and what the member has there: what a whole statement must lead to.
create or replace function points.head(p_program_id int, p_member_id bigint)
returns table (
    sequence bigint, chain bytea, available bigint, held bigint, pending bigint, debt bigint,
    lot_keys int[], lot_amounts bigint[]
) language sql stable security definer set search_path = pg_catalog
begin atomic
    select m.version, m.chain, m.available, m.held, m.pending, m.debt,
        array(select l.key from points.lot l where l.program_id = p_program_id and l.member_id = p_member_id order by l.key),
        array(select l.amount from points.lot l where l.program_id = p_program_id and l.member_id = p_member_id order by l.key)
    from points.member m
    where m.program_id = p_program_id and m.member_id = p_member_id;
end;

-- A member's rows after a sequence number, oldest first, with every column that points.link covers. At most 5,000 a call.
create or replace function points.history(p_program_id int, p_member_id bigint, p_after_sequence bigint, p_page_size int)
returns table (
    sequence bigint, op_id uuid, leg smallint, kind text, dr smallint, cr smallint, amount bigint, available_after bigint,
    held_after bigint, pending_after bigint, debt_after bigint, lot_keys int[], lot_amounts bigint[], lot_to int[],
    ref_op uuid, reference text, actor text, approver text, request_hash bytea, occurred_at timestamptz,
    created_at timestamptz, chain bytea
) language sql stable security definer set search_path = pg_catalog
begin atomic
    select j.sequence, j.op_id, j.leg, j.kind::text, j.dr, j.cr, j.amount, j.available_after, j.held_after,
        j.pending_after, j.debt_after, j.lot_keys, j.lot_amounts, j.lot_to, j.ref_op, j.reference, j.actor, j.approver,
        j.request_hash, j.occurred_at, j.created_at, j.chain
    from points.journal j
    where j.program_id = p_program_id and j.member_id = p_member_id and j.sequence > p_after_sequence
    order by j.sequence
    limit greatest(1, least(p_page_size, 5000));
end;

grant execute on function points.statement(int, bigint, bigint, int, text[], timestamptz, timestamptz)
    to member_api, manager_api;
grant execute on function points.balance_at(int, bigint, timestamptz) to member_api, manager_api;
grant execute on function points.head(int, bigint), points.history(int, bigint, bigint, int) to member_api, manager_api;
