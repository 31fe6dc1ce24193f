-- Redeemed points come back: their goods will not arrive, or were returned.
--
-- They go to the lots they were spent from, the latest first, like those of a release, and by the same return rule. Like a
-- release they are no new points: what the member owes is not paid from them. What cannot come back (a lot that the member has
-- already extended, lapsed again) leaves the redeemed points for the expired ones.

-- Internal: what is redeemed of a hold and was not restored, by the lots it was spent from. A member's rows are read from the
-- hold on: nothing but this asks for it, so no index is kept for it.
create or replace function points.redeemed_of(
    p_program_id int, p_member_id bigint, p_hold_id uuid, out lot_keys int[], out lot_amounts bigint[], out redeemed bigint
) language plpgsql stable set plan_cache_mode = force_generic_plan as $$
declare
    v_hold bigint := (
        select j.sequence from points.journal j
        where j.op_id = p_hold_id and j.member_id = p_member_id and j.program_id = p_program_id and j.leg = 1
            and j.kind = 'hold');
begin
    select coalesce(array_agg(s.key order by s.key), '{}'), coalesce(array_agg(s.amount order by s.key), '{}'),
        coalesce(sum(s.amount), 0)
    into lot_keys, lot_amounts, redeemed
    from (
        select l.key, sum(case when j.cr = 11 then l.amount else -l.amount end)::bigint as amount
        from points.journal j, unnest(j.lot_keys, j.lot_amounts) as l (key, amount)
        where j.program_id = p_program_id and j.member_id = p_member_id and j.sequence > v_hold
            and j.ref_op = p_hold_id and 11 in (j.dr, j.cr)
        group by l.key
    ) s
    where s.amount <> 0;
end $$;

-- `p_amount` of a hold's settled points; each event (p_event_key) once, and again is the first answer whatever the key of the
-- operation. Statuses of its own: over_settled (more than is settled of the hold and not restored yet).
create or replace function points.restore(
    p_program_id int, p_member_id bigint, p_op_id uuid, p_hold_id uuid, p_event_key text, p_amount bigint, p_caused_by text,
    p_return_days int, p_actor text
) returns points.outcome language plpgsql security definer set search_path = pg_catalog as $$
declare
    v_now timestamptz := clock.now();
    -- Not return_days: a retry after the policy changed is still the same request.
    v_hash bytea := points.request('restore', p_hold_id::text, p_event_key, p_amount::text, p_caused_by);
    m points.standing;
    j points.journal;
    v_known uuid;
    v_replay points.outcome;
    v_spent record;
    v_parts record;
    r record;
begin
    if not points.is_amount(p_amount) or not points.is_key(p_op_id) or num_nulls(p_hold_id, p_event_key, p_actor) > 0
        or p_caused_by is null or p_caused_by not in ('member', 'ours')
        or p_return_days is null or p_return_days not between 0 and 3660 then
        return points.refusal('invalid', p_op_id, p_amount);
    end if;
    select * into m from points.locked(p_program_id, p_member_id);
    if not found then return points.refusal('unknown_member', p_op_id, p_amount); end if;
    select k.op_id into v_known from points.restoration k
    where k.program_id = p_program_id and k.member_id = p_member_id and k.hold_id = p_hold_id and k.event_key = p_event_key;
    if found then return points.replay(m, v_known, v_hash); end if;
    v_replay := points.replay(m, p_op_id, v_hash);
    if v_replay.status is not null then return points.answer('key_reuse', m, p_op_id, 0); end if;
    v_spent := points.redeemed_of(p_program_id, p_member_id, p_hold_id);
    if p_amount > v_spent.redeemed then return points.answer('over_settled', m, p_op_id, p_amount); end if;
    if not points.has_room(m, p_amount) then return points.answer('invalid', m, p_op_id, p_amount); end if;

    insert into points.restoration values (
        p_program_id, p_member_id, p_hold_id, p_event_key, p_op_id, p_amount, v_hash, v_now);
    m := points.expire_lapsed(m, v_now, clock.new_id(), ''::bytea, 'ledger');
    select * into v_parts from points.split(v_spent.lot_keys, v_spent.lot_amounts, v_spent.redeemed - p_amount);
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
        m := points.post(m, j, 1, 'restore', 11, 1, r.back, r.back_keys, r.back_amounts, r.back_to);
    end if;
    if r.gone > 0 then
        m := points.post(
            m, j, case when r.back > 0 then 2 else 1 end, 'expire', 11, 12, r.gone, r.gone_keys, r.gone_amounts);
    end if;
    perform points.store(m);
    return points.answer('ok', m, p_op_id, p_amount);
end $$;
