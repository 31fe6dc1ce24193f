-- A member gives points to the member of that number. Who may not be found is told like who does not exist, and nobody is
-- looked for where transfers are off: the ledger decides in its order (points.transfer).
-- Who is leaving gets none: they would be lost.
-- Statuses of its own: key_time, blocked, frozen, closing; a giver's key is taken, also again, in its time only.
create or replace function members.transfer(
    p_program_id integer, p_member_id bigint, p_transfer_id uuid, p_number text, p_amount bigint, p_actor text
) returns points.outcome language plpgsql security definer set search_path = pg_catalog as $$
declare
    v_nobody constant bigint := -1;
    v_receiver bigint;
    v_giver constant text := members.spending_state(p_program_id, p_member_id);
begin
    if not clock.key_is_fresh(p_transfer_id) then
        return row('key_time', p_transfer_id, null, null, null, null, null, p_amount)::points.outcome;
    elsif v_giver is distinct from 'active' then
        return row(case when v_giver in ('frozen', 'closing') then v_giver else 'blocked' end, p_transfer_id, null, null, null, null, null, p_amount)::points.outcome;
    end if;
    select m.member_id into v_receiver from members.member m
    where m.program_id = p_program_id and m.number = p_number and m.state = 'active' and m.closing_since is null;
    return points.transfer(p_program_id, p_member_id, coalesce(v_receiver, v_nobody), p_transfer_id, p_amount, p_actor);
end;
$$;
