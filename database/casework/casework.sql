-- Open a case, decide it, see what waits. Whoever opens a case cannot decide it (two persons), and a case is decided once.
-- Rooms open cases of their own kinds; what members ask for, and what follows from a ticket's outcome, is in database/cases.

-- Internal: a line of the case's history. Codes, ids and amounts only.
create or replace function casework.note(
    p_program_id integer, p_case_id uuid, p_kind text, p_actor text, p_detail jsonb default '{}'
) returns void language sql set search_path = pg_catalog
begin atomic
    insert into casework.event (program_id, case_id, kind, actor, detail, occurred_at)
    values (p_program_id, p_case_id, p_kind, p_actor, p_detail, clock.now());
end;

-- Again with the same id answers true and changes nothing.
create or replace function casework.open_case(
    p_program_id integer, p_case_id uuid, p_kind text, p_subject text, p_reason text, p_evidence jsonb,
    p_allowed_actions text[], p_approvers text[], p_deadline timestamptz, p_actor text
) returns boolean
language plpgsql security definer set search_path = pg_catalog as $$
begin
    insert into casework.case(program_id, case_id, kind, subject, reason, evidence, allowed_actions, approvers,
                              deadline, opened_by, opened_at)
    values (p_program_id, p_case_id, p_kind, p_subject, p_reason, p_evidence, p_allowed_actions, p_approvers,
            p_deadline, p_actor, clock.now())
    on conflict (program_id, case_id) do nothing;
    if found then
        perform casework.note(p_program_id, p_case_id, 'opened', p_actor, jsonb_build_object('reason', p_reason));
    end if;
    return exists (
        select from casework.case c
         where c.program_id = p_program_id and c.case_id = p_case_id and c.kind = p_kind and c.subject = p_subject);
end;
$$;

-- Statuses: ok, replay (the same person decided the same before), unknown_case, not_open, same_person, not_approver,
-- not_allowed. `p_groups` are the decider's.
create or replace function casework.decide_case(
    p_program_id integer, p_case_id uuid, p_decision text, p_actor text, p_groups text[]
) returns text
language plpgsql security definer set search_path = pg_catalog as $$
declare
    c casework.case;
begin
    select * into c from casework.case where program_id = p_program_id and case_id = p_case_id for update;
    if not found then return 'unknown_case'; end if;
    if p_actor is null or not coalesce(c.approvers && p_groups, false) then return 'not_approver'; end if;
    if c.state = 'decided' and c.decided_by = p_actor and c.decision = p_decision then return 'replay'; end if;
    if c.state <> 'open' then return 'not_open'; end if;
    if c.opened_by = p_actor then return 'same_person'; end if;
    if p_decision is null or p_decision <> all (c.allowed_actions) then return 'not_allowed'; end if;
    update casework.case
       set state = 'decided', decision = p_decision, decided_by = p_actor, decided_at = clock.now(),
           row_xid = pg_current_xact_id()
     where program_id = p_program_id and case_id = p_case_id;
    perform casework.note(p_program_id, p_case_id, 'decided', p_actor, jsonb_build_object('decision', p_decision));
    return 'ok';
end;
$$;

-- Whose case it is; null: nobody's. Statuses: ok, unknown_case, not_open, not_approver.
create or replace function casework.assign(
    p_program_id integer, p_case_id uuid, p_owner text, p_actor text, p_groups text[]
) returns text
language plpgsql security definer set search_path = pg_catalog as $$
declare
    c casework.case;
begin
    select * into c from casework.case where program_id = p_program_id and case_id = p_case_id for update;
    if not found then return 'unknown_case'; end if;
    if p_actor is null or not coalesce(c.approvers && p_groups, false) then return 'not_approver'; end if;
    if c.state <> 'open' then return 'not_open'; end if;
    if c.owner is distinct from p_owner then
        update casework.case set owner = p_owner, row_xid = pg_current_xact_id()
         where program_id = p_program_id and case_id = p_case_id;
        perform casework.note(p_program_id, p_case_id, 'assigned', p_actor, jsonb_build_object('owner', p_owner));
    end if;
    return 'ok';
end;
$$;

-- Internal: the end of a case, or another deadline; whoever calls has looked whether it may be.
create or replace function casework.close(p_program_id integer, p_case_id uuid, p_state text, p_decision text, p_actor text)
returns void language sql set search_path = pg_catalog
begin atomic
    update casework.case
       set state = p_state, decision = p_decision, decided_by = p_actor, decided_at = clock.now(),
           row_xid = pg_current_xact_id()
     where program_id = p_program_id and case_id = p_case_id;
end;
create or replace function casework.wait_until(p_program_id integer, p_case_id uuid, p_deadline timestamptz)
returns void language sql set search_path = pg_catalog
begin atomic
    update casework.case set deadline = p_deadline, row_xid = pg_current_xact_id()
     where program_id = p_program_id and case_id = p_case_id;
end;

-- Open cases past their deadline, of all programmes.
create or replace function casework.overdue() returns bigint
language sql stable security definer set search_path = pg_catalog as $$
    select count(*) from casework.case where state = 'open' and deadline < clock.now()
$$;

-- What waits, oldest first; at most 200.
create or replace function casework.waiting(p_program_id integer, p_kind text, p_page_size integer)
returns setof casework.case
language sql stable security definer set search_path = pg_catalog as $$
    select * from casework.case
     where program_id = p_program_id and state = 'open' and (p_kind is null or kind = p_kind)
     order by opened_at, case_id
     limit greatest(1, least(coalesce(p_page_size, 50), 200))
$$;

grant usage on schema casework to manager_api, sweeper, auditor;
grant execute on function
    casework.waiting(integer, text, integer),
    casework.assign(integer, uuid, text, text, text[])
to manager_api;
grant execute on function casework.overdue() to sweeper;
grant select on casework.case, casework.event to auditor;
