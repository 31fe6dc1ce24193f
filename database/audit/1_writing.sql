-- What staff ask for is written down before it is done; no role may change or delete a row.

create or replace function audit.begin(
    p_program_id integer, p_actor text, p_groups text[], p_action text, p_subjects text[], p_detail jsonb,
    p_correlation_id text
) returns uuid
language sql volatile security definer set search_path = pg_catalog as $$
    insert into audit.entry(program_id, entry_id, at, actor, groups, action, subjects, detail, correlation_id)
    values (p_program_id, clock.new_id(), clock.now(), p_actor, p_groups, p_action, p_subjects, p_detail, p_correlation_id)
    returning entry_id
$$;

create or replace function audit.finish(
    p_program_id integer, p_entry_id uuid, p_status integer, p_code text, p_member_number text
) returns void
language sql volatile security definer set search_path = pg_catalog as $$
    insert into audit.outcome(program_id, entry_id, at, status, code, member_number)
    values (p_program_id, p_entry_id, clock.now(), p_status, p_code, p_member_number)
$$;

create or replace function audit.refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'the audit log is append-only' using errcode = 'restrict_violation';
end;
$$;
do $$
declare
    part text;
begin
    foreach part in array array['entry', 'outcome'] loop
        execute format('create or replace trigger append_only before update or delete on audit.%I
                            for each row execute function audit.refuse_change()', part);
        execute format('create or replace trigger append_only_whole before truncate on audit.%I
                            execute function audit.refuse_change()', part);
    end loop;
end;
$$;
