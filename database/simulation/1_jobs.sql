-- Jobs: asked for once for a content, taken by one function at a time, kept with their result.

-- Who is at work says so at least this often; who was not heard of for longer is believed to have died.
create or replace function simulation.lease() returns interval language sql immutable return interval '2 minutes';

-- A job for this content against this version: the one of the last 24 hours that is not failed, else a new one. `fresh`: it
-- is new, or nobody is at it (any more) and it must be told again. `too_many`: five are unfinished already; null, null then.
create or replace function simulation.ask(
    p_program_id integer, p_based_on integer, p_draft_revision integer, p_content_hash bytea, p_document jsonb, p_actor text,
    out simulation_id uuid, out fresh boolean
) language plpgsql security definer set search_path = pg_catalog as $$
#variable_conflict use_column
declare
    j simulation.job;
begin
    -- Two who ask for the same at once get one job.
    perform from programme.program where program_id = p_program_id for no key update;
    select * into j from simulation.job
    where program_id = p_program_id and content_hash = p_content_hash and based_on = p_based_on and state <> 'failed'
      and requested_at > clock.now() - interval '24 hours'
    order by requested_at desc limit 1;
    if found then
        simulation_id := j.simulation_id;
        fresh := j.state in ('waiting', 'running') and coalesce(j.lease_until, j.requested_at) < clock.now();
        if j.draft_revision < p_draft_revision then
            -- The draft was changed and changed back: its result is of the newest revision again.
            update simulation.job set draft_revision = p_draft_revision, row_xid = pg_current_xact_id()
            where program_id = p_program_id and simulation_id = j.simulation_id;
        end if;
        return;
    end if;
    if 5 <= (select count(*) from simulation.job
             where program_id = p_program_id and state in ('waiting', 'running')
               and coalesce(lease_until, requested_at) > clock.now() - interval '1 hour') then
        return;
    end if;
    insert into simulation.job (
        program_id, simulation_id, based_on, draft_revision, content_hash, document, requested_by, requested_at)
    values (p_program_id, clock.new_id(), p_based_on, p_draft_revision, p_content_hash, p_document, p_actor, clock.now())
    returning job.simulation_id into simulation_id;
    fresh := true;
end $$;

-- Take a job; no row when it is finished, somebody is at it, or it was tried three times (it has failed then).
create or replace function simulation.take(p_program_id integer, p_simulation_id uuid)
returns table (based_on integer, document text, attempt integer)
language plpgsql security definer set search_path = pg_catalog as $$
#variable_conflict use_column
declare
    j simulation.job;
begin
    select * into j from simulation.job where program_id = p_program_id and simulation_id = p_simulation_id for update;
    if not found or j.state in ('done', 'failed') or (j.state = 'running' and j.lease_until > clock.now()) then
        return;
    end if;
    if j.attempts >= 3 then
        update simulation.job
        set state = 'failed', failure = 'given-up', finished_at = clock.now(), lease_until = null,
            row_xid = pg_current_xact_id()
        where program_id = p_program_id and simulation_id = p_simulation_id;
        return;
    end if;
    update simulation.job
    set state = 'running', attempts = attempts + 1, steps_done = 0, steps = 0, started_at = clock.now(),
        lease_until = clock.now() + simulation.lease(), row_xid = pg_current_xact_id()
    where program_id = p_program_id and simulation_id = p_simulation_id;
    return query select j.based_on, j.document::text, j.attempts + 1;
end $$;

-- So far; false when the attempt is not the job's any more.
create or replace function simulation.progress(
    p_program_id integer, p_simulation_id uuid, p_attempt integer, p_done integer, p_steps integer
) returns boolean language plpgsql security definer set search_path = pg_catalog as $$
begin
    update simulation.job
    set steps_done = p_done, steps = p_steps, lease_until = clock.now() + simulation.lease(), row_xid = pg_current_xact_id()
    where program_id = p_program_id and simulation_id = p_simulation_id and state = 'running' and attempts = p_attempt;
    return found;
end $$;

-- The end: a result, or a code of what went wrong.
create or replace function simulation.finish(
    p_program_id integer, p_simulation_id uuid, p_attempt integer, p_result jsonb, p_failure text
) returns boolean language plpgsql security definer set search_path = pg_catalog as $$
begin
    update simulation.job
    set state = case when p_failure is null then 'done' else 'failed' end, result = p_result, failure = p_failure,
        steps_done = case when p_failure is null then steps else steps_done end, finished_at = clock.now(), lease_until = null,
        row_xid = pg_current_xact_id()
    where program_id = p_program_id and simulation_id = p_simulation_id and state = 'running' and attempts = p_attempt;
    return found;
end $$;

-- One job; `stalled`: it is not finished and nobody is at it.
create or replace function simulation.job_of(p_program_id integer, p_simulation_id uuid)
returns table (
    simulation_id uuid, based_on integer, draft_revision integer, content_hash bytea, state text, steps_done integer, steps integer,
    result jsonb, failure text, requested_by text, requested_at timestamptz, started_at timestamptz, finished_at timestamptz,
    stalled boolean
) language sql stable security definer set search_path = pg_catalog
begin atomic
    select j.simulation_id, j.based_on, j.draft_revision, j.content_hash, j.state, j.steps_done, j.steps, j.result, j.failure,
           j.requested_by, j.requested_at, j.started_at, j.finished_at,
           j.state in ('waiting', 'running') and coalesce(j.lease_until, j.requested_at + simulation.lease()) < clock.now()
    from simulation.job j
    where j.program_id = p_program_id and j.simulation_id = p_simulation_id;
end;

-- The newest, without their results.
create or replace function simulation.jobs(p_program_id integer, p_limit integer)
returns table (
    simulation_id uuid, based_on integer, draft_revision integer, content_hash bytea, state text, steps_done integer, steps integer,
    failure text, requested_by text, requested_at timestamptz, finished_at timestamptz
) language sql stable security definer set search_path = pg_catalog
begin atomic
    select j.simulation_id, j.based_on, j.draft_revision, j.content_hash, j.state, j.steps_done, j.steps, j.failure, j.requested_by,
           j.requested_at, j.finished_at
    from simulation.job j
    where j.program_id = p_program_id
    order by j.requested_at desc, j.simulation_id desc
    limit p_limit;
end;
