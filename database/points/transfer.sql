-- One member gives points to another. Off unless the programme's document turns it on (points.transfers_enabled).

-- Points given away since an instant.
create or replace function points.given_since(p_program_id int, p_member_id bigint, p_since timestamptz) returns bigint
language plpgsql stable set plan_cache_mode = force_generic_plan as $$
declare
    v_first bigint := points.first_since(p_program_id, p_member_id, p_since);
begin
    return (
        select coalesce(sum(j.amount), 0) from points.journal j
        where j.program_id = p_program_id and j.member_id = p_member_id and j.kind = 'transfer' and j.dr = 1
            and j.sequence >= v_first and j.created_at > p_since);
end $$;

-- Internal: so many of a member's points become another's; both rows are locked and the giver has them. The soonest-expiring
-- points go, and keep their expiry and its mark. What the receiver owes is paid first. Each member's journal has its own rows;
-- all of them name the giver's operation in ref_op, and neither row names the other member. Returns the giver's row after it.
create or replace function points.hand_over(
    m points.standing, t points.standing, p_op_id uuid, p_amount bigint, p_hash bytea, p_reference text, p_actor text,
    p_now timestamptz
) returns points.standing language plpgsql as $$
declare
    j points.journal;
    v_repaid bigint;
    v_parts record;
    v_own record;
    v_lots record;
begin
    m := points.expire_lapsed(m, p_now, clock.new_id(), ''::bytea, 'ledger');
    select * into v_parts from points.split(m.lot_keys, m.lot_amounts, p_amount);
    m.lot_keys := v_parts.rest_keys;
    m.lot_amounts := v_parts.rest_amounts;
    j.op_id := p_op_id;
    j.ref_op := p_op_id;
    j.reference := p_reference;
    j.request_hash := p_hash;
    j.actor := p_actor;
    j.occurred_at := p_now;
    j.created_at := p_now;
    m := points.post(m, j, 1, 'transfer', 1, 16, p_amount, v_parts.first_keys, v_parts.first_amounts);
    perform points.store(m);

    t := points.expire_lapsed(t, p_now, clock.new_id(), ''::bytea, 'ledger');
    j.op_id := clock.new_id();
    -- Who gave them, and to whom, is not the receiver's to read in a sealed row.
    j.request_hash := points.request('transfer', p_op_id::text);
    j.actor := 'ledger';
    v_repaid := least(t.debt, p_amount);
    if v_repaid > 0 then
        t := points.post(t, j, 1, 'repay', 16, 4, v_repaid, null, null);
    end if;
    if p_amount > v_repaid then
        select * into v_own from points.split(v_parts.first_keys, v_parts.first_amounts, v_repaid);
        for i in 1 .. cardinality(v_own.rest_keys) loop
            select * into v_lots from points.put(t.lot_keys, t.lot_amounts, v_own.rest_keys[i], v_own.rest_amounts[i]);
            t.lot_keys := v_lots.p_keys;
            t.lot_amounts := v_lots.p_amounts;
        end loop;
        t := points.post(
            t, j, case when v_repaid > 0 then 2 else 1 end, 'transfer', 16, 1, p_amount - v_repaid,
            v_own.rest_keys, v_own.rest_amounts);
    end if;
    perform points.store(t);
    return m;
end $$;

-- Statuses of its own: transfers_off, same_member, unknown_recipient, in_debt (who owes points gives none away), over_limit
-- (points.transfer_daily_limit in 24 hours by the database's clock).
create or replace function points.transfer(
    p_program_id int, p_from bigint, p_to bigint, p_op_id uuid, p_amount bigint, p_actor text
) returns points.outcome language plpgsql security definer set search_path = pg_catalog as $$
declare
    v_now timestamptz := clock.now();
    v_hash bytea := points.request('transfer', p_to::text, p_amount::text);
    v_first_good int := points.lot_key(points.today(p_program_id), true);
    v_policy jsonb;
    m points.standing;
    t points.standing;
    v_replay points.outcome;
    v_lapsed bigint;
begin
    if not points.is_amount(p_amount) or not points.is_key(p_op_id) or num_nulls(p_to, p_actor) > 0 then
        return points.refusal('invalid', p_op_id, p_amount);
    end if;
    -- Both by ascending member_id, like everybody who locks several.
    perform from points.member
    where program_id = p_program_id and member_id in (p_from, p_to) order by member_id for no key update;
    select * into m from points.locked(p_program_id, p_from);
    if not found then return points.refusal('unknown_member', p_op_id, p_amount); end if;
    v_replay := points.replay(m, p_op_id, v_hash);
    if v_replay.status is not null then return v_replay; end if;

    select c.document -> 'points' into v_policy from programme.current(p_program_id) as c;
    if not coalesce((v_policy ->> 'transfers_enabled')::boolean, false) then
        return points.answer('transfers_off', m, p_op_id, p_amount);
    end if;
    if p_from = p_to then return points.answer('same_member', m, p_op_id, p_amount); end if;
    select * into t from points.locked(p_program_id, p_to);
    if not found then return points.answer('unknown_recipient', m, p_op_id, p_amount); end if;
    if not points.has_room(t, p_amount) then return points.answer('invalid', m, p_op_id, p_amount); end if;
    if m.debt > 0 then return points.answer('in_debt', m, p_op_id, p_amount); end if;
    if points.given_since(p_program_id, p_from, v_now - interval '24 hours') + p_amount
        > coalesce((v_policy ->> 'transfer_daily_limit')::bigint, 0) then
        return points.answer('over_limit', m, p_op_id, p_amount);
    end if;
    v_lapsed := points.lapsed(m.lot_keys, m.lot_amounts, v_first_good);
    if m.available - v_lapsed < p_amount then
        m.available := m.available - v_lapsed;
        return points.answer('insufficient', m, p_op_id, p_amount);
    end if;

    m := points.hand_over(m, t, p_op_id, p_amount, v_hash, null, p_actor, v_now);
    return points.answer('ok', m, p_op_id, p_amount);
end $$;
