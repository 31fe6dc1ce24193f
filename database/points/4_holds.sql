-- Points are held for a redemption, and the hold is settled or released. What happens for every redemption is one UPDATE of
-- the member's row and one INSERT into the journal; whatever is uncommon goes the long way.

-- The usual hold: the lot that is spent next has more than enough and is good. The UPDATE reads nothing but the member's row,
-- so if it waits for somebody else's change of the row it is worked out anew from the changed one. The link is points.link of
-- the row written below, with what is the same for every such row written out (the invariant I8 compares).
create or replace function points.hold(
    p_program_id int, p_member_id bigint, p_op_id uuid, p_amount bigint, p_lease_until timestamptz,
    p_request_hash bytea, p_actor text
) returns points.outcome language plpgsql security definer as $$
declare
    v_available bigint;
    v_held bigint;
    v_pending bigint;
    v_debt bigint;
    v_version bigint;
    v_key int;
    v_chain bytea;
begin
    if not points.is_amount(p_amount) or not points.is_key(p_op_id)
        or num_nulls(p_lease_until, p_request_hash, p_actor) > 0 then
        return points.refusal('invalid', p_op_id, p_amount);
    end if;
    update points.member m
    set head = m.head - p_amount, available = m.available - p_amount, held = m.held + p_amount, version = m.version + 1,
        hold_ids = p_op_id || m.hold_ids,
        holds = array[m.held + p_amount, m.head_key, points.lease(p_lease_until)] || m.holds,
        chain = sha256(
            m.chain || int4send(p_program_id) || int8send(p_member_id) || uuid_send(p_op_id)
            || '\x0001'                                                        -- leg
            || int8send(m.version + 1)
            || '\x00000004686f6c6400010002'                                    -- 'hold', dr, cr
            || int8send(p_amount) || int8send(m.available - p_amount) || int8send(m.held + p_amount)
            || int8send(m.pending) || int8send(m.debt)
            || '\x000000010000000000000017000000010000000100000004' || int4send(m.head_key)   -- array of one int
            || '\x000000010000000000000014000000010000000100000008' || int8send(p_amount)     -- array of one bigint
            || '\xffffffffffffffffffffffff'                                    -- no lot_to, ref_op, reference
            || points.sealed(p_actor)
            || '\xffffffff'                                                    -- no approver
            || int4send(octet_length(p_request_hash)) || p_request_hash
            || timestamptz_send(clock.now()) || timestamptz_send(clock.now()))
    where m.program_id = p_program_id and m.member_id = p_member_id and m.head > p_amount
        -- Nowhere is it later: what is good until then need not know where the programme is.
        and m.head_key >= points.lot_key(((clock.now() + interval '14 hours') at time zone 'UTC')::date, true)
    returning m.available, m.held, m.pending, m.debt, m.version, m.head_key, m.chain
    into v_available, v_held, v_pending, v_debt, v_version, v_key, v_chain;
    if not found then
        return points.hold_slowly(p_program_id, p_member_id, p_op_id, p_amount, p_lease_until, p_request_hash, p_actor);
    end if;
    insert into points.journal (
        op_id, member_id, sequence, amount, available_after, held_after, pending_after, debt_after, occurred_at, created_at,
        txid, program_id, kind, leg, dr, cr, chain, request_hash, actor, lot_keys, lot_amounts)
    values (
        p_op_id, p_member_id, v_version, p_amount, v_available, v_held, v_pending, v_debt, clock.now(), clock.now(),
        txid_current(), p_program_id, 'hold', 1, 1, 2, v_chain, p_request_hash, p_actor, array[v_key], array[p_amount])
    on conflict do nothing;
    if not found then
        return points.hold_taken_back(p_program_id, p_member_id, p_op_id, p_amount, p_request_hash);
    end if;
    return row('ok', p_op_id, v_version, v_available, v_held, v_pending, v_debt, p_amount)::points.outcome;
end $$;

-- The link of a member's row by its number; before the first there is none.
create or replace function points.link_at(p_program_id int, p_member_id bigint, p_sequence bigint) returns bytea
language plpgsql stable as $$
begin
    return coalesce((
        select j.chain from points.journal j
        where j.program_id = p_program_id and j.member_id = p_member_id and j.sequence = p_sequence), '');
end $$;

-- The key was taken, so the usual hold puts the row back as it was and tells what the key was first.
create or replace function points.hold_taken_back(
    p_program_id int, p_member_id bigint, p_op_id uuid, p_amount bigint, p_request_hash bytea
) returns points.outcome language plpgsql as $$
declare
    m points.standing;
begin
    update points.member u
    set head = u.head + p_amount, available = u.available + p_amount, held = u.held - p_amount, version = u.version - 1,
        hold_ids = u.hold_ids[2:], holds = u.holds[4:],
        chain = points.link_at(p_program_id, p_member_id, u.version - 1)
    where u.program_id = p_program_id and u.member_id = p_member_id;
    select * into m from points.locked(p_program_id, p_member_id);
    return points.replay(m, p_op_id, p_request_hash);
end $$;

-- Any hold: of several lots or of all that is left, ahead of which lapsed points are written off; refusals and repetitions.
create or replace function points.hold_slowly(
    p_program_id int, p_member_id bigint, p_op_id uuid, p_amount bigint, p_lease_until timestamptz,
    p_request_hash bytea, p_actor text
) returns points.outcome language plpgsql as $$
declare
    v_now timestamptz := clock.now();
    m points.standing;
    j points.journal;
    v_replay points.outcome;
    v_lapsed bigint;
    v_parts record;
begin
    select * into m from points.locked(p_program_id, p_member_id);
    if not found then return points.refusal('unknown_member', p_op_id, p_amount); end if;
    v_replay := points.replay(m, p_op_id, p_request_hash);
    if v_replay.status is not null then return v_replay; end if;
    v_lapsed := points.lapsed(m.lot_keys, m.lot_amounts, points.lot_key(points.today(p_program_id), true));
    if m.available - v_lapsed < p_amount then
        m.available := m.available - v_lapsed;
        return points.answer('insufficient', m, p_op_id, p_amount);
    end if;

    m := points.expire_lapsed(m, v_now, clock.new_id(), ''::bytea, 'ledger');
    select * into v_parts from points.split(m.lot_keys, m.lot_amounts, p_amount);
    m.lot_keys := v_parts.rest_keys;
    m.lot_amounts := v_parts.rest_amounts;
    j.op_id := p_op_id;
    j.request_hash := p_request_hash;
    j.actor := p_actor;
    j.occurred_at := v_now;
    j.created_at := v_now;
    m := points.post(m, j, 1, 'hold', 1, 2, p_amount, v_parts.first_keys, v_parts.first_amounts);
    m := points.pin(m, p_op_id, v_parts.first_keys, v_parts.first_amounts, p_lease_until);
    perform points.store(m);
    return points.answer('ok', m, p_op_id, p_amount);
end $$;

create or replace function points.extend_lease(
    p_program_id int, p_member_id bigint, p_hold_id uuid, p_lease_until timestamptz
) returns boolean language plpgsql security definer set search_path = pg_catalog as $$
declare
    m points.standing;
    h points.pinned;
begin
    select * into m from points.locked(p_program_id, p_member_id);
    if not found then return false; end if;
    h := points.pinned_by(m, p_hold_id);
    if h.open is null then return false; end if;
    perform points.store(points.pin(m, p_hold_id, h.lot_keys, h.lot_amounts, greatest(h.lease_until, p_lease_until)));
    return true;
end $$;

-- The usual settling: the newest hold has one lot and all of it is settled. What the row must say for it is looked up without a
-- lock; the UPDATE finds it still said, or changes nothing.
create or replace function points.settle(
    p_program_id int, p_member_id bigint, p_op_id uuid, p_hold_id uuid, p_amount bigint, p_actor text
) returns points.outcome language plpgsql security definer as $$
declare
    v_hash bytea := points.request('settle', p_hold_id::text, p_amount::text);
    v_hold bigint[];
    v_available bigint;
    v_held bigint;
    v_pending bigint;
    v_debt bigint;
    v_version bigint;
    v_chain bytea;
begin
    if not points.is_amount(p_amount) or not points.is_key(p_op_id) or p_actor is null then
        return points.refusal('invalid', p_op_id, p_amount);
    end if;
    select m.holds[1:4] into v_hold from points.member m
    where m.program_id = p_program_id and m.member_id = p_member_id
        and m.hold_ids[1] = p_hold_id and m.holds[1] - m.holds[4] = p_amount;
    if v_hold is not null then
        update points.member m
        set held = m.held - p_amount, version = m.version + 1, hold_ids = m.hold_ids[2:], holds = m.holds[4:],
            chain = sha256(
                m.chain || int4send(p_program_id) || int8send(p_member_id) || uuid_send(p_op_id)
                || '\x0001'                                                    -- leg
                || int8send(m.version + 1)
                || '\x00000006736574746c650002000b'                            -- 'settle', dr, cr
                || int8send(p_amount) || int8send(m.available) || int8send(m.held - p_amount)
                || int8send(m.pending) || int8send(m.debt)
                || '\x000000010000000000000017000000010000000100000004' || int4send(m.holds[2]::int)
                || '\x000000010000000000000014000000010000000100000008' || int8send(p_amount) || '\xffffffff'
                || points.sealed(p_hold_id::text) || '\xffffffff' || points.sealed(p_actor) || '\xffffffff'
                || int4send(octet_length(v_hash)) || v_hash
                || timestamptz_send(clock.now()) || timestamptz_send(clock.now()))
        where m.program_id = p_program_id and m.member_id = p_member_id
            and m.hold_ids[1] = p_hold_id and m.hold_ids[2] is distinct from p_hold_id and m.holds[1:4] = v_hold
            -- Nothing lapsed has to be written off first.
            and m.head_key >= points.lot_key(((clock.now() + interval '14 hours') at time zone 'UTC')::date, true)
        returning m.available, m.held, m.pending, m.debt, m.version, m.chain
        into v_available, v_held, v_pending, v_debt, v_version, v_chain;
    end if;
    if v_version is null then
        return points.settle_slowly(p_program_id, p_member_id, p_op_id, p_hold_id, p_amount, p_actor);
    end if;
    insert into points.journal (
        op_id, member_id, sequence, amount, available_after, held_after, pending_after, debt_after, occurred_at, created_at,
        txid, program_id, kind, leg, dr, cr, chain, request_hash, actor, lot_keys, lot_amounts, ref_op)
    values (
        p_op_id, p_member_id, v_version, p_amount, v_available, v_held, v_pending, v_debt, clock.now(), clock.now(),
        txid_current(), p_program_id, 'settle', 1, 2, 11, v_chain, v_hash, p_actor, v_hold[2:2]::int[], array[p_amount],
        p_hold_id)
    on conflict do nothing;
    if not found then
        return points.settle_taken_back(p_program_id, p_member_id, p_op_id, p_hold_id, v_hold, v_hash);
    end if;
    return row('ok', p_op_id, v_version, v_available, v_held, v_pending, v_debt, p_amount)::points.outcome;
end $$;

-- As points.hold_taken_back.
create or replace function points.settle_taken_back(
    p_program_id int, p_member_id bigint, p_op_id uuid, p_hold_id uuid, p_hold bigint[], p_request_hash bytea
) returns points.outcome language plpgsql as $$
declare
    m points.standing;
begin
    update points.member s
    set held = p_hold[1], version = s.version - 1, hold_ids = p_hold_id || s.hold_ids, holds = p_hold[:3] || s.holds,
        chain = points.link_at(p_program_id, p_member_id, s.version - 1)
    where s.program_id = p_program_id and s.member_id = p_member_id;
    select * into m from points.locked(p_program_id, p_member_id);
    return points.replay(m, p_op_id, p_request_hash);
end $$;

-- Any settling.
create or replace function points.settle_slowly(
    p_program_id int, p_member_id bigint, p_op_id uuid, p_hold_id uuid, p_amount bigint, p_actor text
) returns points.outcome language plpgsql security definer set search_path = pg_catalog as $$
declare
    v_now timestamptz := clock.now();
    v_hash bytea := points.request('settle', p_hold_id::text, p_amount::text);
    m points.standing;
    h points.pinned;
    j points.journal;
    v_replay points.outcome;
    v_parts record;
begin
    select * into m from points.locked(p_program_id, p_member_id);
    if not found then return points.refusal('unknown_member', p_op_id, p_amount); end if;
    v_replay := points.replay(m, p_op_id, v_hash);
    if v_replay.status is not null then return v_replay; end if;
    h := points.pinned_by(m, p_hold_id);
    if h.open is null then return points.answer('hold_not_open', m, p_op_id, p_amount); end if;
    if p_amount > h.open then return points.answer('over_hold', m, p_op_id, p_amount); end if;

    m := points.expire_lapsed(m, v_now, clock.new_id(), ''::bytea, 'ledger');
    select * into v_parts from points.split(h.lot_keys, h.lot_amounts, p_amount);
    j.op_id := p_op_id;
    j.ref_op := p_hold_id;
    j.request_hash := v_hash;
    j.actor := p_actor;
    j.occurred_at := v_now;
    j.created_at := v_now;
    m := points.post(m, j, 1, 'settle', 2, 11, p_amount, v_parts.first_keys, v_parts.first_amounts);
    perform points.store(points.pin(m, p_hold_id, v_parts.rest_keys, v_parts.rest_amounts, h.lease_until));
    return points.answer('ok', m, p_op_id, p_amount);
end $$;

-- Internal: points go back to the lots they came from, by the return rule. In `m` they are there; those that cannot come back
-- any more are `gone`. `back_to` says where they went, as far as that is another lot.
create or replace function points.put_back(
    inout m points.standing, p_keys int[], p_amounts bigint[], p_caused_by text, p_return_days int,
    out back bigint, out back_keys int[], out back_amounts bigint[], out back_to int[],
    out gone bigint, out gone_keys int[], out gone_amounts bigint[]
) language plpgsql stable as $$
declare
    v_today date := points.today(m.program_id);
    v_first_good int := points.lot_key(points.today(m.program_id), true);
    v_lots record;
    v_key int;
begin
    back := 0;
    back_keys := '{}';
    back_amounts := '{}';
    back_to := '{}';
    gone := 0;
    gone_keys := '{}';
    gone_amounts := '{}';
    for i in 1 .. cardinality(p_keys) loop
        v_key := p_keys[i];
        if v_key < v_first_good and p_caused_by = 'member' and points.lot_extended(v_key) then
            gone := gone + p_amounts[i];
            gone_keys := gone_keys || v_key;
            gone_amounts := gone_amounts || p_amounts[i];
            continue;
        end if;
        back := back + p_amounts[i];
        back_keys := back_keys || v_key;
        back_amounts := back_amounts || p_amounts[i];
        if v_key < v_first_good then
            v_key := points.lot_key(v_today + p_return_days, p_caused_by = 'member' or points.lot_extended(v_key));
        end if;
        back_to := back_to || v_key;
        select * into v_lots from points.put(m.lot_keys, m.lot_amounts, v_key, p_amounts[i]);
        m.lot_keys := v_lots.p_keys;
        m.lot_amounts := v_lots.p_amounts;
    end loop;
    back_to := nullif(back_to, back_keys);
end $$;

create or replace function points.release(
    p_program_id int, p_member_id bigint, p_op_id uuid, p_hold_id uuid, p_amount bigint, p_caused_by text,
    p_return_days int, p_actor text
) returns points.outcome language plpgsql security definer set search_path = pg_catalog as $$
declare
    v_now timestamptz := clock.now();
    -- Not return_days: a retry after the policy changed is still the same request.
    v_hash bytea := points.request('release', p_hold_id::text, p_amount::text, p_caused_by);
    m points.standing;
    h points.pinned;
    j points.journal;
    v_replay points.outcome;
    v_parts record;
    r record;
begin
    if not points.is_amount(p_amount) or not points.is_key(p_op_id) or p_actor is null
        or p_caused_by is null or p_caused_by not in ('member', 'ours')
        or p_return_days is null or p_return_days not between 0 and 3660 then
        return points.refusal('invalid', p_op_id, p_amount);
    end if;
    select * into m from points.locked(p_program_id, p_member_id);
    if not found then return points.refusal('unknown_member', p_op_id, p_amount); end if;
    v_replay := points.replay(m, p_op_id, v_hash);
    if v_replay.status is not null then return v_replay; end if;
    h := points.pinned_by(m, p_hold_id);
    if h.open is null then return points.answer('hold_not_open', m, p_op_id, p_amount); end if;
    if p_amount > h.open then return points.answer('over_hold', m, p_op_id, p_amount); end if;

    m := points.expire_lapsed(m, v_now, clock.new_id(), ''::bytea, 'ledger');
    select * into v_parts from points.split(h.lot_keys, h.lot_amounts, h.open - p_amount);
    select * into r from points.put_back(m, v_parts.rest_keys, v_parts.rest_amounts, p_caused_by, p_return_days);
    m := r.m;
    j.op_id := p_op_id;
    j.ref_op := p_hold_id;
    j.reference := p_caused_by;
    j.request_hash := v_hash;
    j.actor := p_actor;
    j.occurred_at := v_now;
    j.created_at := v_now;
    if r.back > 0 then
        m := points.post(m, j, 1, 'release', 2, 1, r.back, r.back_keys, r.back_amounts, r.back_to);
    end if;
    if r.gone > 0 then
        m := points.post(
            m, j, case when r.back > 0 then 2 else 1 end, 'expire', 2, 12, r.gone, r.gone_keys, r.gone_amounts);
    end if;
    perform points.store(points.pin(m, p_hold_id, v_parts.first_keys, v_parts.first_amounts, h.lease_until));
    return points.answer('ok', m, p_op_id, p_amount);
end $$;
