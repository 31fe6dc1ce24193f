-- Outbox: what happened, written in the transaction in which it happened, until the event bus has taken it.
create schema outbox;

do $$
begin
    if not exists (select from pg_roles where rolname = 'outbox_relay') then
        create role outbox_relay login;
    end if;
    if exists (select from pg_roles where rolname = 'rds_iam') then
        grant rds_iam to outbox_relay;
    end if;
end
$$;

-- One event. `lane` orders the events of a key; `refusals` counts answers about this event itself, `attempts` all tries.
create table outbox.event (
    program_id integer not null references programme.program,
    event_id uuid not null,
    lane bigint not null generated always as identity,
    topic text not null check (topic ~ '^[a-z]+\.[a-z_]+$' and length(topic) <= 60),
    key text not null check (length(key) between 1 and 100),
    subject uuid,
    payload jsonb not null check (jsonb_typeof(payload) = 'object' and octet_length(payload::text) <= 8192),
    occurred_at timestamptz not null,
    state text not null default 'waiting' check (state in ('waiting', 'sent', 'parked', 'dropped')),
    due_at timestamptz not null,
    attempts integer not null default 0,
    refusals integer not null default 0,
    -- The relay that has it, until due_at.
    taken_by uuid,
    ended_at timestamptz,
    -- Why it was parked, or who dropped it and why.
    note text check (length(note) <= 300),
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, event_id),
    check ((ended_at is not null) = (state in ('sent', 'dropped')))
);
-- What is not sent is little; both indexes stay small however many events have been.
create index event_open on outbox.event (program_id, key, lane) where state in ('waiting', 'parked');
create index event_due on outbox.event (lane) where state = 'waiting';
create index event_parked on outbox.event (lane) where state = 'parked';
create index event_ended on outbox.event (ended_at) where state in ('sent', 'dropped');
