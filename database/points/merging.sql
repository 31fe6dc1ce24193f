-- Two accounts of one person: what is in the one becomes the other's. The support room says when.

-- Two accounts of one person become one: all that one of them has goes to the other, which stays. An amount of its debt the
-- other pays, as far as it has points. Statuses: ok (also with nothing to move: amount 0), unknown_member, same_member, held (open
-- holds are somebody else's to end), invalid (no room). Points that are pending stay until their day; then they are moved by
-- another of these. `p_op_id` names what moves from one to the other.
create or replace function points.merge(p_program_id int, p_from bigint, p_to bigint, p_op_id uuid, p_actor text)
returns points.outcome language plpgsql security definer set search_path = pg_catalog as $$
declare
    v_now timestamptz := clock.now();
    v_first_good int := points.lot_key(points.today(p_program_id), true);
    v_hash bytea := points.request('merge', p_from::text, p_to::text);
    m points.standing;
    t points.standing;
    v_replay points.outcome;
    v_amount bigint;
begin
    if not points.is_key(p_op_id) or num_nulls(p_from, p_to, p_actor) > 0 then
        return points.refusal('invalid', p_op_id, 0);
    elsif p_from = p_to then
        return points.refusal('same_member', p_op_id, 0);
    end if;
    perform from points.member
    where program_id = p_program_id and member_id in (p_from, p_to) order by member_id for no key update;
    select * into m from points.locked(p_program_id, p_from);
    if not found then return points.refusal('unknown_member', p_op_id, 0); end if;
    select * into t from points.locked(p_program_id, p_to);
    if not found then return points.refusal('unknown_member', p_op_id, 0); end if;
    v_replay := points.replay(m, p_op_id, v_hash);
    if v_replay.status is not null then return v_replay; end if;
    if m.held > 0 then return points.answer('held', m, p_op_id, 0); end if;
    v_amount := m.available - points.lapsed(m.lot_keys, m.lot_amounts, v_first_good);
    if v_amount > 0 then
        if not points.has_room(t, v_amount) then return points.answer('invalid', m, p_op_id, v_amount); end if;
        m := points.hand_over(m, t, p_op_id, v_amount, v_hash, 'merge', p_actor, v_now);
    elsif m.debt > 0 then
        v_amount := -least(m.debt, t.available - points.lapsed(t.lot_keys, t.lot_amounts, v_first_good));
        if v_amount < 0 then
            perform points.hand_over(t, m, p_op_id, -v_amount, v_hash, 'merge', p_actor, v_now);
            select * into m from points.locked(p_program_id, p_from);
        end if;
    else
        v_amount := 0;
    end if;
    return points.answer('ok', m, p_op_id, v_amount);
end $$;

-- What an account owes that became part of another is written off: the other has not got it. Nothing owed is `ok` with amount 0 and
-- leaves no row.
create or replace function points.waive(p_program_id int, p_member_id bigint, p_op_id uuid, p_actor text) returns points.outcome
language plpgsql security definer set search_path = pg_catalog as $$
declare
    v_hash bytea := points.request('waive');
    m points.standing;
    j points.journal;
    v_owed bigint;
    v_replay points.outcome;
begin
    if not points.is_key(p_op_id) or p_actor is null then return points.refusal('invalid', p_op_id, 0); end if;
    select * into m from points.locked(p_program_id, p_member_id);
    if not found then return points.refusal('unknown_member', p_op_id, 0); end if;
    v_replay := points.replay(m, p_op_id, v_hash);
    if v_replay.status is not null then return v_replay; end if;
    v_owed := m.debt;
    if v_owed > 0 then
        j.op_id := p_op_id;
        j.reference := 'merge';
        j.request_hash := v_hash;
        j.actor := p_actor;
        j.occurred_at := clock.now();
        j.created_at := j.occurred_at;
        m := points.post(m, j, 1, 'write_off', 15, 4, v_owed, null, null);
        perform points.store(m);
    end if;
    return points.answer('ok', m, p_op_id, v_owed);
end $$;
