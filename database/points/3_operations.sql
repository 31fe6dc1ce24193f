-- What is earned, taken back, adjusted and lapses.

-- ---- operations -------------------------------------------------------------------------------------------------

create or replace function points.open_account(p_program_id int, p_member_id bigint) returns void
language sql security definer set search_path = pg_catalog
begin atomic
    insert into points.member (program_id, member_id) values (p_program_id, p_member_id) on conflict do nothing;
end;

-- Internal: two accounts are one person's, whose memberships were merged.
create or replace function points.same_person(p_program_id int, p_one bigint, p_other bigint) returns boolean
language plpgsql stable set search_path = pg_catalog as $$
begin
    return coalesce(members.standing_for(p_program_id, p_one) = members.standing_for(p_program_id, p_other), false);
end $$;

-- New points of any origin pay debt first; what is left becomes available.
create or replace function points.credit(
    m points.standing, j points.journal, p_kind points.kind, p_from int, p_amount bigint, p_key int
) returns points.standing language plpgsql as $$
declare
    v_repaid bigint := least(m.debt, p_amount);
    v_lots record;
begin
    if v_repaid > 0 then
        m := points.post(m, j, 1, 'repay', p_from, 4, v_repaid, null, null);
    end if;
    if p_amount > v_repaid then
        select * into v_lots from points.put(m.lot_keys, m.lot_amounts, p_key, p_amount - v_repaid);
        m.lot_keys := v_lots.p_keys;
        m.lot_amounts := v_lots.p_amounts;
        m := points.post(
            m, j, case when v_repaid > 0 then 2 else 1 end, p_kind, p_from, 1, p_amount - v_repaid,
            array[p_key], array[p_amount - v_repaid]);
    end if;
    return m;
end $$;

-- An accrual that is already written down in points.accrual moves its points.
create or replace function points.post_accrual(m points.standing, a points.accrual) returns points.standing
language plpgsql as $$
declare
    j points.journal;
begin
    j.op_id := a.op_id;
    j.ref_op := a.op_id;
    j.reference := a.partner_reference;
    j.request_hash := a.request_hash;
    j.actor := a.actor;
    j.occurred_at := a.occurred_at;
    j.created_at := a.created_at;
    if a.pending_until is null then
        return points.credit(m, j, 'accrue', 10, a.amount, points.lot_key(a.expires_on, false));
    end if;
    insert into points.pending (program_id, member_id, accrual_op_id, amount, expires_on, pending_until)
    values (a.program_id, a.member_id, a.op_id, a.amount, a.expires_on, a.pending_until);
    return points.post(m, j, 1, 'accrue', 10, 3, a.amount, null, null);
end $$;

create or replace function points.accrue(
    p_program_id int, p_member_id bigint, p_op_id uuid, p_amount bigint, p_expires_on date, p_occurred_at timestamptz,
    p_partner text, p_partner_reference text, p_funder text, p_unit_cost_micros bigint, p_request_hash bytea,
    p_actor text, p_pending_until timestamptz default null, p_campaign text default null
) returns points.outcome language plpgsql security definer set search_path = pg_catalog as $$
declare
    v_now timestamptz := clock.now();
    m points.standing;
    a points.accrual;
    v_known points.accrual;
    v_replay points.outcome;
begin
    if not points.is_amount(p_amount) or not points.is_key(p_op_id)
        or num_nulls(p_occurred_at, p_partner, p_partner_reference, p_funder, p_unit_cost_micros, p_request_hash, p_actor) > 0
    then
        return points.refusal('invalid', p_op_id, p_amount);
    end if;
    select * into m from points.locked(p_program_id, p_member_id);
    if not found then return points.refusal('unknown_member', p_op_id, p_amount); end if;

    select * into v_known from points.accrual
    where program_id = p_program_id and partner = p_partner and partner_reference = p_partner_reference;
    if found then
        if v_known.member_id <> p_member_id then
            if not points.same_person(p_program_id, v_known.member_id, p_member_id) then
                return points.refusal('key_reuse', p_op_id, 0);
            end if;
            -- The first answer is in the journal of the account of then.
            m.member_id := v_known.member_id;
        end if;
        return points.replay(m, v_known.op_id, p_request_hash);
    end if;
    v_replay := points.replay(m, p_op_id, p_request_hash);
    if v_replay.status is not null then return points.answer('key_reuse', m, p_op_id, 0); end if;
    if not points.has_room(m, p_amount) or not points.is_expiry(p_program_id, p_expires_on) then
        return points.answer('invalid', m, p_op_id, p_amount);
    end if;

    insert into points.accrual values (
        p_program_id, p_op_id, p_partner, p_partner_reference, p_member_id, p_amount, p_expires_on, p_pending_until,
        p_funder, p_unit_cost_micros, p_campaign, p_request_hash, p_actor, p_occurred_at, v_now)
    on conflict do nothing returning * into a;
    -- Another member's accrual took the reference or the key while we waited: it is not ours to show.
    if not found then return points.refusal('key_reuse', p_op_id, 0); end if;

    m := points.expire_lapsed(m, v_now, clock.new_id(), ''::bytea, 'ledger');
    m := points.post_accrual(m, a);
    perform points.store(m);
    return points.answer('ok', m, p_op_id, p_amount);
end $$;

-- Nothing lapsed is `ok` with amount 0 and leaves no row.
create or replace function points.expire_member(p_program_id int, p_member_id bigint, p_op_id uuid, p_actor text)
returns points.outcome language plpgsql security definer set search_path = pg_catalog as $$
declare
    v_hash bytea := points.request('expire');
    m points.standing;
    v_before bigint;
    v_replay points.outcome;
begin
    if not points.is_key(p_op_id) or p_actor is null then return points.refusal('invalid', p_op_id, 0); end if;
    select * into m from points.locked(p_program_id, p_member_id);
    if not found then return points.refusal('unknown_member', p_op_id, 0); end if;
    v_replay := points.replay(m, p_op_id, v_hash);
    if v_replay.status is not null then return v_replay; end if;
    v_before := m.available;
    m := points.expire_lapsed(m, clock.now(), p_op_id, v_hash, p_actor);
    if m.available < v_before then perform points.store(m); end if;
    return points.answer('ok', m, p_op_id, v_before - m.available);
end $$;

create or replace function points.adjust(
    p_program_id int, p_member_id bigint, p_op_id uuid, p_amount bigint, p_expires_on date, p_reason text,
    p_request_hash bytea, p_actor text, p_approver text
) returns points.outcome language plpgsql security definer set search_path = pg_catalog as $$
declare
    v_now timestamptz := clock.now();
    m points.standing;
    j points.journal;
    v_replay points.outcome;
    v_lapsed bigint;
    v_parts record;
begin
    -- abs() of the smallest bigint does not exist, so the sign is looked at first.
    if p_amount is null or p_amount < -9007199254740991 or not points.is_amount(abs(p_amount))
        or not points.is_key(p_op_id) or num_nulls(p_reason, p_request_hash, p_actor) > 0 then
        return points.refusal('invalid', p_op_id, p_amount);
    end if;
    select * into m from points.locked(p_program_id, p_member_id);
    if not found then return points.refusal('unknown_member', p_op_id, p_amount); end if;
    v_replay := points.replay(m, p_op_id, p_request_hash);
    if v_replay.status is not null then
        v_replay.amount := sign(p_amount) * v_replay.amount;
        return v_replay;
    end if;
    if p_amount > 0 and not (points.has_room(m, p_amount) and points.is_expiry(p_program_id, p_expires_on)) then
        return points.answer('invalid', m, p_op_id, p_amount);
    end if;
    v_lapsed := points.lapsed(m.lot_keys, m.lot_amounts, points.lot_key(points.today(p_program_id), true));
    if m.available - v_lapsed < -p_amount then
        m.available := m.available - v_lapsed;
        return points.answer('insufficient', m, p_op_id, p_amount);
    end if;

    m := points.expire_lapsed(m, v_now, clock.new_id(), ''::bytea, 'ledger');
    j.op_id := p_op_id;
    j.reference := p_reason;
    j.request_hash := p_request_hash;
    j.actor := p_actor;
    j.approver := p_approver;
    j.occurred_at := v_now;
    j.created_at := v_now;
    if p_amount > 0 then
        m := points.credit(m, j, 'adjust', 14, p_amount, points.lot_key(p_expires_on, false));
    else
        select * into v_parts from points.split(m.lot_keys, m.lot_amounts, -p_amount);
        m.lot_keys := v_parts.rest_keys;
        m.lot_amounts := v_parts.rest_amounts;
        m := points.post(m, j, 1, 'adjust', 1, 14, -p_amount, v_parts.first_keys, v_parts.first_amounts);
    end if;
    perform points.store(m);
    return points.answer('ok', m, p_op_id, p_amount);
end $$;

-- The purchase came back: its points go, pending ones first, then those of its lot, and what is spent becomes debt.
create or replace function points.reverse_accrual(
    p_program_id int, p_op_id uuid, p_partner text, p_partner_reference text, p_reversal_reference text,
    p_amount bigint, p_debt_policy text, p_request_hash bytea, p_actor text
) returns points.outcome language plpgsql security definer set search_path = pg_catalog as $$
declare
    v_now timestamptz := clock.now();
    m points.standing;
    a points.accrual;
    r points.reversal;
    j points.journal;
    v_replay points.outcome;
    v_key int;
    v_leg int := 0;
    v_left bigint := p_amount;
    v_part bigint;
    v_lots record;
begin
    if not points.is_amount(p_amount) or not points.is_key(p_op_id) or p_debt_policy is null
        or p_debt_policy not in ('debt', 'write_off')
        or num_nulls(p_partner, p_partner_reference, p_reversal_reference, p_request_hash, p_actor) > 0 then
        return points.refusal('invalid', p_op_id, p_amount);
    end if;
    select * into a from points.accrual
    where program_id = p_program_id and partner = p_partner and partner_reference = p_partner_reference;
    if not found then return points.refusal('unknown_accrual', p_op_id, p_amount); end if;
    select * into m from points.locked(p_program_id, a.member_id);
    if not found then return points.refusal('unknown_member', p_op_id, p_amount); end if;

    select * into r from points.reversal
    where program_id = p_program_id and partner = p_partner and partner_reference = p_partner_reference
        and reversal_reference = p_reversal_reference;
    if found then return points.replay(m, r.op_id, p_request_hash); end if;
    v_replay := points.replay(m, p_op_id, p_request_hash);
    if v_replay.status is not null then return points.answer('key_reuse', m, p_op_id, 0); end if;
    if p_amount > a.amount - (
        select coalesce(sum(amount), 0) from points.reversal
        where program_id = p_program_id and accrual_op_id = a.op_id) then
        return points.answer('over_accrual', m, p_op_id, p_amount);
    end if;
    -- The points of a merged membership are with the one that stands for it: whatever the policy, that one is asked first
    -- (support.forward_late), and only what it has not is written off.
    if p_debt_policy = 'write_off' and members.standing_for(p_program_id, a.member_id) <> a.member_id then
        p_debt_policy := 'debt';
    end if;
    -- What is owed is counted exactly too.
    if p_debt_policy = 'debt' and not points.is_amount(m.debt + p_amount) then
        return points.answer('invalid', m, p_op_id, p_amount);
    end if;

    insert into points.reversal values (
        p_program_id, p_op_id, p_partner, p_partner_reference, p_reversal_reference, a.op_id, p_amount, p_request_hash, v_now)
    on conflict do nothing;
    if not found then return points.refusal('key_reuse', p_op_id, 0); end if;
    m := points.expire_lapsed(m, v_now, clock.new_id(), ''::bytea, 'ledger');
    j.op_id := p_op_id;
    j.ref_op := a.op_id;
    j.reference := p_reversal_reference;
    j.request_hash := p_request_hash;
    j.actor := p_actor;
    j.occurred_at := v_now;
    j.created_at := v_now;

    select amount into v_part from points.pending
    where program_id = p_program_id and member_id = a.member_id and accrual_op_id = a.op_id and amount > 0;
    if found then
        v_part := least(v_part, v_left);
        update points.pending set amount = amount - v_part, row_xid = pg_current_xact_id()
        where program_id = p_program_id and member_id = a.member_id and accrual_op_id = a.op_id;
        v_leg := v_leg + 1;
        v_left := v_left - v_part;
        m := points.post(m, j, v_leg, 'reverse', 3, 13, v_part, null, null);
    end if;

    v_key := points.lot_key(a.expires_on, false);
    v_part := least(m.lot_amounts[array_position(m.lot_keys, v_key)], v_left);
    if array_position(m.lot_keys, v_key) is not null and v_part > 0 then
        select * into v_lots from points.put(m.lot_keys, m.lot_amounts, v_key, -v_part);
        m.lot_keys := v_lots.p_keys;
        m.lot_amounts := v_lots.p_amounts;
        v_leg := v_leg + 1;
        v_left := v_left - v_part;
        m := points.post(m, j, v_leg, 'reverse', 1, 13, v_part, array[v_key], array[v_part]);
    end if;

    if v_left > 0 then
        m := points.post(
            m, j, v_leg + 1, case p_debt_policy when 'debt' then 'reverse' else 'write_off' end::points.kind,
            case p_debt_policy when 'debt' then 4 else 15 end, 13, v_left, null, null);
    end if;
    perform points.store(m);
    return points.answer('ok', m, p_op_id, p_amount);
end $$;

-- ---- who may call what ------------------------------------------------------------------------------------------
-- Nobody touches a table. Holds and adjustments are made by the redemptions and members rooms, whose functions run as the
-- owner: an entry point that called points.adjust itself could pass by the second pair of eyes.

grant usage on schema points to member_api, quote_api, manager_api, partner_api, importer, sweeper, auditor;
grant execute on function points.accrue(
    int, bigint, uuid, bigint, date, timestamptz, text, text, text, bigint, bytea, text, timestamptz, text
) to partner_api;
grant execute on function points.reverse_accrual(int, uuid, text, text, text, bigint, text, bytea, text) to partner_api;
grant execute on procedure points.ensure_partitions() to sweeper;

call points.ensure_partitions();
