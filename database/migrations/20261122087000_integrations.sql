-- Integrations: events on their way to other companies' systems, what became of each, and how the connections stand.
create schema integrations;

do $$
declare
    entry_point text;
begin
    foreach entry_point in array array['webhook_sender', 'integrations_desk'] loop
        if not exists (select from pg_roles where rolname = entry_point) then
            execute format('create role %I login', entry_point);
        end if;
        if exists (select from pg_roles where rolname = 'rds_iam') then
            execute format('grant rds_iam to %I', entry_point);
        end if;
    end loop;
end
$$;

-- The programme's webhooks as its current version has them. active: is sent to. stopped: refused for days; what happens is kept
-- for it. off: the programme switched it off, or no longer has it.
create table integrations.webhook (
    program_id integer not null references programme.program,
    code text not null check (length(code) between 1 and 40),
    url text not null,
    -- The name of its secret, never the secret.
    secret text not null,
    topics text[] not null check (cardinality(topics) > 0),
    state text not null default 'active' check (state in ('active', 'stopped', 'off')),
    stopped_at timestamptz,
    reason text check (length(reason) <= 100),
    failing_since timestamptz,
    delivered_at timestamptz,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, code),
    check ((state = 'stopped') = (stopped_at is not null))
);

-- One event for one webhook. `place` orders those of one member. waiting: to be sent. delivered: the receiver said so.
-- given_up: nobody tries any more, unless staff say so.
create table integrations.delivery (
    program_id integer not null,
    delivery_id uuid not null,
    code text not null,
    event_id uuid not null,
    place bigint not null generated always as identity,
    topic text not null,
    -- Events of one member, or of one case or order without one, go in order.
    order_key text not null,
    payload jsonb not null,
    occurred_at timestamptz not null,
    state text not null default 'waiting' check (state in ('waiting', 'delivered', 'given_up')),
    -- Sent once more because staff said so: nothing waits for it.
    again boolean not null default false,
    due_at timestamptz not null,
    attempts integer not null default 0,
    first_tried_at timestamptz,
    taken_by uuid,
    ended_at timestamptz,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, delivery_id),
    unique (program_id, code, event_id),
    foreign key (program_id, code) references integrations.webhook,
    check ((state = 'waiting') = (ended_at is null))
);
create index delivery_open on integrations.delivery (program_id, code, order_key, place) where state = 'waiting';
create index delivery_log on integrations.delivery (program_id, code, delivery_id);
create index delivery_ended on integrations.delivery (ended_at) where ended_at is not null;

-- Append-only until the delivery leaves: each time it was sent, and what came back. `problem`: why there was no answer.
create table integrations.attempt (
    program_id integer not null,
    delivery_id uuid not null,
    attempt_number bigint not null generated always as identity,
    tried_at timestamptz not null,
    status integer check (status between 100 and 599),
    problem text check (length(problem) <= 100),
    milliseconds integer not null check (milliseconds >= 0),
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, delivery_id, attempt_number),
    foreign key (program_id, delivery_id) references integrations.delivery on delete cascade
);

-- What the last test of each connection said.
create table integrations.check (
    program_id integer not null references programme.program,
    connection text not null check (length(connection) <= 60),
    outcome text not null check (outcome in ('ok', 'warning', 'failed')),
    findings jsonb not null check (jsonb_typeof(findings) = 'array'),
    checked_by text not null,
    checked_at timestamptz not null,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, connection)
);
