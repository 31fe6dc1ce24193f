-- Points by hand. Up to the programme's limit one person is enough; above it the adjustment waits for a second one.

-- Statuses: applied, waiting, replay_applied, replay_waiting, replay_declined, replay_failed, key_reuse, key_time,
-- unknown_member, insufficient, invalid.
create or replace function members.request_adjustment(
    p_program_id integer, p_adjustment_id uuid, p_number text, p_amount bigint, p_expires_on date, p_reason_code text,
    p_note text, p_limit bigint, p_approvers text[], p_request_hash bytea, p_actor text
) returns table (status text, outcome points.outcome)
language plpgsql security definer set search_path = pg_catalog as $$
declare
    a members.adjustment;
    v_member_id bigint;
    v_outcome points.outcome;
begin
    select * into a from members.adjustment where program_id = p_program_id and adjustment_id = p_adjustment_id;
    if found then
        return query select case when a.request_hash = p_request_hash and a.requested_by = p_actor
                                 then 'replay_' || a.state else 'key_reuse' end, null::points.outcome;
        return;
    end if;
    if not clock.key_is_fresh(p_adjustment_id) then
        return query select 'key_time', null::points.outcome;
        return;
    end if;
    select m.member_id into v_member_id from members.member m where m.program_id = p_program_id and m.number = p_number;
    if not found then
        return query select 'unknown_member', null::points.outcome;
        return;
    end if;
    insert into members.adjustment(program_id, adjustment_id, member_id, amount, expires_on, reason_code, note, state,
                                   request_hash, requested_by, requested_at)
    values (p_program_id, p_adjustment_id, v_member_id, p_amount, p_expires_on, p_reason_code, p_note,
            case when abs(p_amount) > p_limit then 'waiting' else 'applied' end, p_request_hash, p_actor, clock.now())
    on conflict do nothing;
    if not found then
        return query select * from members.request_adjustment(
            p_program_id, p_adjustment_id, p_number, p_amount, p_expires_on, p_reason_code, p_note, p_limit, p_approvers,
            p_request_hash, p_actor);
        return;
    end if;
    if abs(p_amount) > p_limit then
        perform casework.open_case(
            p_program_id, p_adjustment_id, 'adjustment', 'member:' || v_member_id, p_reason_code,
            jsonb_build_object('member_id', v_member_id, 'amount', p_amount, 'adjustment_id', p_adjustment_id),
            array['approve', 'decline'], p_approvers, clock.now() + interval '14 days', p_actor);
        return query select 'waiting', null::points.outcome;
        return;
    end if;
    v_outcome := points.adjust(p_program_id, v_member_id, p_adjustment_id, p_amount, p_expires_on, p_reason_code,
                               p_request_hash, p_actor, null);
    if v_outcome.status <> 'ok' then
        -- Nothing happened, so the key stays unused.
        delete from members.adjustment where program_id = p_program_id and adjustment_id = p_adjustment_id;
        return query select v_outcome.status, v_outcome;
        return;
    end if;
    return query select 'applied', v_outcome;
end;
$$;

-- Statuses: applied, declined, failed (the ledger refused, e.g. the points are gone), replay_…, and those of
-- casework.decide_case.
create or replace function members.decide_adjustment(
    p_program_id integer, p_adjustment_id uuid, p_decision text, p_actor text, p_groups text[]
) returns table (status text, outcome points.outcome)
language plpgsql security definer set search_path = pg_catalog as $$
declare
    a members.adjustment;
    v_decided text;
    v_outcome points.outcome;
begin
    select * into a from members.adjustment
     where program_id = p_program_id and adjustment_id = p_adjustment_id for update;
    v_decided := casework.decide_case(p_program_id, p_adjustment_id, p_decision, p_actor, p_groups);
    if v_decided = 'replay' then
        return query select 'replay_' || a.state, null::points.outcome;
        return;
    elsif v_decided <> 'ok' then
        return query select v_decided, null::points.outcome;
        return;
    end if;
    if p_decision = 'approve' then
        v_outcome := points.adjust(p_program_id, a.member_id, p_adjustment_id, a.amount, a.expires_on, a.reason_code,
                                   a.request_hash, a.requested_by, p_actor);
    end if;
    update members.adjustment
       set state = case when p_decision = 'decline' then 'declined'
                        when v_outcome.status in ('ok', 'replay') then 'applied'
                        else 'failed' end,
           decided_by = p_actor, decided_at = clock.now(), row_xid = pg_current_xact_id()
     where program_id = p_program_id and adjustment_id = p_adjustment_id
    returning state into v_decided;
    return query select v_decided, v_outcome;
end;
$$;

-- What waits for a second person, oldest first.
create or replace function members.waiting_adjustments(p_program_id integer, p_page_size integer)
returns table (
    adjustment_id uuid, member_number text, amount bigint, expires_on date, reason_code text, note text,
    requested_by text, requested_at timestamptz
) language sql stable security definer set search_path = pg_catalog as $$
    select a.adjustment_id, m.number, a.amount, a.expires_on, a.reason_code, a.note, a.requested_by, a.requested_at
      from members.adjustment a
      join members.member m on m.program_id = a.program_id and m.member_id = a.member_id
     where a.program_id = p_program_id and a.state = 'waiting'
     order by a.requested_at, a.adjustment_id
     limit greatest(1, least(coalesce(p_page_size, 50), 200))
$$;
