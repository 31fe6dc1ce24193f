-- A membership ends, and what is in the account with it.

-- Pending points become the member's first, so that they pay what is owed; then all that is available expires before its day
-- and the rest of the debt is written off: rows of one operation, with the reason as their reference. Nothing to take is `ok`
-- with amount 0 and leaves no row. Statuses of its own: held (open holds are somebody else's to end).
create or replace function points.forfeit(p_program_id int, p_member_id bigint, p_op_id uuid, p_reason text, p_actor text)
returns points.outcome language plpgsql security definer set search_path = pg_catalog as $$
declare
    v_now timestamptz := clock.now();
    v_hash bytea := points.request('forfeit', p_reason);
    m points.standing;
    j points.journal;
    v_replay points.outcome;
    v_pending uuid;
    v_forfeited bigint;
    v_owed bigint;
begin
    if not points.is_key(p_op_id) or num_nulls(p_reason, p_actor) > 0 then
        return points.refusal('invalid', p_op_id, 0);
    end if;
    select * into m from points.locked(p_program_id, p_member_id);
    if not found then return points.refusal('unknown_member', p_op_id, 0); end if;
    v_replay := points.replay(m, p_op_id, v_hash);
    if v_replay.status is not null then return v_replay; end if;
    if m.held > 0 then return points.answer('held', m, p_op_id, 0); end if;

    for v_pending in
        select w.accrual_op_id from points.pending w
        where w.program_id = p_program_id and w.member_id = p_member_id and w.amount > 0 order by w.accrual_op_id
    loop
        perform points.mature(p_program_id, p_member_id, clock.new_id(), v_pending, p_actor);
    end loop;
    select * into m from points.locked(p_program_id, p_member_id);
    m := points.expire_lapsed(m, v_now, clock.new_id(), ''::bytea, 'ledger');
    v_forfeited := m.available;
    v_owed := m.debt;
    j.op_id := p_op_id;
    j.reference := p_reason;
    j.request_hash := v_hash;
    j.actor := p_actor;
    j.occurred_at := v_now;
    j.created_at := v_now;
    if v_forfeited > 0 then
        m := points.post(m, j, 1, 'expire', 1, 12, v_forfeited, m.lot_keys, m.lot_amounts);
        m.lot_keys := '{}';
        m.lot_amounts := '{}';
    end if;
    if v_owed > 0 then
        m := points.post(m, j, case when v_forfeited > 0 then 2 else 1 end, 'write_off', 15, 4, v_owed, null, null);
    end if;
    perform points.store(m);
    return points.answer('ok', m, p_op_id, v_forfeited + v_owed);
end $$;
