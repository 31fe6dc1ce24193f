-- How fast a member may spend: so many points held in 24 hours (the programme's points.held_daily_limit). The member's own
-- newest rows are the counter, read under the lock the hold needs anyway: no counter row, no second place that could disagree.

-- Points held since an instant. What came back because of us does not count; what the member cancelled does.
create or replace function points.held_since(p_program_id int, p_member_id bigint, p_since timestamptz) returns bigint
language plpgsql stable set plan_cache_mode = force_generic_plan as $$
declare
    v_first bigint := points.first_since(p_program_id, p_member_id, p_since);
begin
    return (
        with lately as (
            select j.kind, j.op_id, j.ref_op, j.amount, j.reference, j.created_at from points.journal j
            where j.program_id = p_program_id and j.member_id = p_member_id and j.sequence >= v_first
        ), held as (
            select op_id, amount from lately where kind = 'hold' and created_at > p_since
        )
        select coalesce((select sum(amount) from held), 0) - coalesce((
            select sum(l.amount) from lately l join held h on h.op_id = l.ref_op
            where l.kind in ('release', 'restore') and l.reference = 'ours'), 0));
end $$;

-- points.hold, unless it would pass the limit (null: there is none): then `velocity`, and nothing has happened.
create or replace function points.hold_within(
    p_program_id int, p_member_id bigint, p_op_id uuid, p_amount bigint, p_lease_until timestamptz,
    p_request_hash bytea, p_actor text, p_daily_limit bigint
) returns points.outcome language plpgsql security definer set search_path = pg_catalog as $$
declare
    m points.standing;
    v_replay points.outcome;
begin
    if p_daily_limit is not null and points.is_amount(p_amount) then
        select * into m from points.locked(p_program_id, p_member_id);
        v_replay := points.replay(m, p_op_id, p_request_hash);
        if v_replay.status is null
            and points.held_since(p_program_id, p_member_id, clock.now() - interval '24 hours') + p_amount > p_daily_limit then
            return case when m.member_id is null then points.refusal('unknown_member', p_op_id, p_amount)
                        else points.answer('velocity', m, p_op_id, p_amount) end;
        end if;
    end if;
    return points.hold(p_program_id, p_member_id, p_op_id, p_amount, p_lease_until, p_request_hash, p_actor);
end $$;
