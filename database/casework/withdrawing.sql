-- What the case asked has answered itself. A decided case stays decided.
create or replace function casework.withdraw_case(p_program_id integer, p_case_id uuid, p_actor text) returns void
language sql security definer set search_path = pg_catalog as $$
    with gone as (
        update casework.case
           set state = 'withdrawn', decided_by = p_actor, decided_at = clock.now(), row_xid = pg_current_xact_id()
         where program_id = p_program_id and case_id = p_case_id and state = 'open'
        returning program_id, case_id)
    select casework.note(g.program_id, g.case_id, 'withdrawn', p_actor) from gone g
$$;
