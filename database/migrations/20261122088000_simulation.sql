-- Simulations: what a draft of the programme would change, computed before it is published. Nothing else reads these rows.
create schema simulation;

do $$
begin
    if not exists (select from pg_roles where rolname = 'simulation') then
        create role simulation login;
    end if;
    if exists (select from pg_roles where rolname = 'rds_iam') then
        grant rds_iam to simulation;
    end if;
end
$$;
-- No statement of it may hold up anybody for long, its sorts stay in memory, and it comes on two connections instead of with
-- helpers. Set here and not by the session, so that RDS Proxy does not pin it.
alter role simulation set statement_timeout = '60s';
alter role simulation set work_mem = '64MB';
alter role simulation set jit = off;
alter role simulation set max_parallel_workers_per_gather = 0;

-- One a draft's content, the version it is compared with and, at most, a day. `document` is the draft as it was.
create table simulation.job (
    program_id integer not null references programme.program,
    simulation_id uuid not null,
    based_on integer not null,
    draft_revision integer not null,
    content_hash bytea not null check (length(content_hash) = 32),
    document jsonb not null,
    state text not null default 'waiting' check (state in ('waiting', 'running', 'done', 'failed')),
    steps_done integer not null default 0 check (steps_done >= 0),
    steps integer not null default 0 check (steps >= steps_done),
    attempts integer not null default 0,
    result jsonb,
    -- A code, never a message: what the door makes words of.
    failure text,
    requested_by text not null,
    requested_at timestamptz not null,
    started_at timestamptz,
    -- Until when whoever computes it is believed to be at it.
    lease_until timestamptz,
    finished_at timestamptz,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, simulation_id),
    check ((state = 'done') = (result is not null)),
    check ((state = 'failed') = (failure is not null)),
    check ((state in ('done', 'failed')) = (finished_at is not null))
);
create index job_content on simulation.job (program_id, content_hash, based_on, requested_at);
create index job_newest on simulation.job (program_id, requested_at);
