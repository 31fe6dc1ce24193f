-- What is published at an instant. It leaves the draft, so that the next one can be prepared; cancelled or refused it comes
-- back, unless there is another draft by then.

create or replace function programme.schedules(p_program_id integer) returns setof programme.schedule
language sql stable security definer set search_path = pg_catalog as $$
    select * from programme.schedule
     where program_id = p_program_id and state in ('waiting', 'refused') order by scheduled_at
$$;

-- Statuses: ok, stale (draft or version have moved), already_scheduled, past (not ahead, or more than a year).
create or replace function programme.schedule_draft(
    p_program_id integer, p_based_on integer, p_revision integer, p_sections jsonb, p_at timestamptz, p_actor text, p_why text
) returns table (status text, schedule_id uuid)
language plpgsql security definer set search_path = pg_catalog as $$
#variable_conflict use_column
declare
    v_id uuid := clock.new_id();
begin
    if not programme.still(p_program_id, p_based_on, p_revision) then
        return query select 'stale', null::uuid;
    elsif exists (select from programme.schedule s where s.program_id = p_program_id and s.state = 'waiting') then
        return query select 'already_scheduled', null::uuid;
    elsif p_at <= clock.now() or p_at > clock.now() + interval '1 year' then
        return query select 'past', null::uuid;
    else
        perform programme.dismiss(p_program_id, p_actor);
        insert into programme.schedule (program_id, schedule_id, sections, based_on, publish_at, why, scheduled_by, scheduled_at)
        values (p_program_id, v_id, p_sections, p_based_on, p_at, p_why, p_actor, clock.now());
        perform programme.move_draft(p_program_id, p_actor, '{}', '{}');
        return query select 'ok', v_id;
    end if;
end;
$$;

-- Internal: what was refused has been seen; its case is closed with it. The case before the schedule, as whoever decides the case
-- takes them.
create or replace function programme.dismiss(p_program_id integer, p_actor text) returns void
language plpgsql set search_path = pg_catalog as $$
declare
    v_id uuid;
begin
    select s.schedule_id into v_id from programme.schedule s where s.program_id = p_program_id and s.state = 'refused';
    if found then
        perform casework.withdraw_case(p_program_id, v_id, p_actor);
        perform programme.seen(p_program_id, v_id);
    end if;
end;
$$;

-- Internal: its case was decided.
create or replace function programme.seen(p_program_id integer, p_schedule_id uuid) returns text
language sql set search_path = pg_catalog as $$
    update programme.schedule set state = 'dismissed', row_xid = pg_current_xact_id()
     where program_id = p_program_id and schedule_id = p_schedule_id and state = 'refused';
    select 'ok'
$$;

-- Internal: what was scheduled is a draft again; false if there is another one.
create or replace function programme.back_to_draft(s programme.schedule) returns boolean
language plpgsql set search_path = pg_catalog as $$
begin
    if (select d.document <> '{}' from programme.draft d where d.program_id = s.program_id) then
        return false;
    end if;
    perform programme.move_draft(s.program_id, s.scheduled_by, s.sections, (
        select jsonb_object_agg(k, s.based_on) from jsonb_object_keys(s.sections) k));
    return true;
end;
$$;

-- One that waits is cancelled, one that was refused has been seen. Statuses: ok, unknown, closed. `drafted`: it is the draft.
create or replace function programme.cancel_schedule(p_program_id integer, p_schedule_id uuid, p_actor text)
returns table (status text, drafted boolean)
language plpgsql security definer set search_path = pg_catalog as $$
declare
    s programme.schedule;
begin
    perform 1 from programme.program where program_id = p_program_id for no key update;
    select * into s from programme.schedule x where x.program_id = p_program_id and x.schedule_id = p_schedule_id;
    if not found then
        return query select 'unknown', false;
    elsif s.state = 'refused' then
        perform programme.dismiss(p_program_id, p_actor);
        return query select 'ok', false;
    elsif s.state <> 'waiting' then
        return query select 'closed', false;
    else
        update programme.schedule x
           set state = 'cancelled', closed_by = p_actor, closed_at = clock.now(), row_xid = pg_current_xact_id()
         where x.program_id = p_program_id and x.schedule_id = p_schedule_id;
        return query select 'ok', programme.back_to_draft(s);
    end if;
end;
$$;

-- Those whose time has come, of all programmes.
create or replace function programme.due_schedules() returns setof programme.schedule
language sql stable security definer set search_path = pg_catalog as $$
    select * from programme.schedule where state = 'waiting' and publish_at <= clock.now() order by program_id
$$;

-- Whether a person published something else since: small changes of one field (a campaign paused) do not count.
create or replace function programme.overtaken(p_program_id integer, p_based_on integer) returns boolean
language sql stable security definer set search_path = pg_catalog as $$
    select exists (select from programme.published p
                    where p.program_id = p_program_id and p.version > p_based_on and p.origin <> 'change')
$$;

-- The new version; null if it is not waiting any more or `p_based_on` is not the newest version.
create or replace function programme.publish_scheduled(
    p_program_id integer, p_schedule_id uuid, p_based_on integer, p_document jsonb
) returns integer
language plpgsql security definer set search_path = pg_catalog as $$
declare
    s programme.schedule;
    v_version integer;
begin
    perform 1 from programme.program where program_id = p_program_id for no key update;
    select * into s from programme.schedule x
     where x.program_id = p_program_id and x.schedule_id = p_schedule_id and x.state = 'waiting' and x.publish_at <= clock.now();
    if not found then
        return null;
    end if;
    v_version := programme.publish(p_program_id, p_based_on, p_document, s.scheduled_by, s.why, 'schedule');
    if v_version is not null then
        update programme.schedule x
           set state = 'published', version = v_version, closed_by = 'sweeper', closed_at = clock.now(),
               row_xid = pg_current_xact_id()
         where x.program_id = p_program_id and x.schedule_id = p_schedule_id;
    end if;
    return v_version;
end;
$$;

-- It cannot be published: nothing is, a case says why, and it is a draft again unless there is another one.
create or replace function programme.refuse_schedule(p_program_id integer, p_schedule_id uuid, p_problems jsonb) returns boolean
language plpgsql security definer set search_path = pg_catalog as $$
declare
    s programme.schedule;
begin
    perform 1 from programme.program where program_id = p_program_id for no key update;
    select * into s from programme.schedule x
     where x.program_id = p_program_id and x.schedule_id = p_schedule_id and x.state = 'waiting';
    if not found then
        return false;
    end if;
    perform programme.dismiss(p_program_id, 'sweeper');
    update programme.schedule x
       set state = 'refused', problems = p_problems, closed_by = 'sweeper', closed_at = clock.now(),
           row_xid = pg_current_xact_id()
     where x.program_id = p_program_id and x.schedule_id = p_schedule_id;
    perform programme.back_to_draft(s);
    perform casework.open_case(
        p_program_id, p_schedule_id, 'publication', p_schedule_id::text, 'scheduled_publication_refused',
        jsonb_build_object('publish_at', s.publish_at, 'scheduled_by', s.scheduled_by, 'problems', p_problems),
        array['noted'], array['catalogue-manager', 'business-operator'], clock.now() + interval '1 day', 'sweeper');
    return true;
end;
$$;

grant execute on function
    programme.schedules(integer),
    programme.schedule_draft(integer, integer, integer, jsonb, timestamptz, text, text),
    programme.cancel_schedule(integer, uuid, text)
to manager_api;
grant execute on function
    programme.due_schedules(),
    programme.overtaken(integer, integer),
    programme.publish_scheduled(integer, uuid, integer, jsonb),
    programme.refuse_schedule(integer, uuid, jsonb)
to sweeper;
