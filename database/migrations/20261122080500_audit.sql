-- What staff did, and looked at: one row before it happens, one with how it ended. Neither ever changes.
create schema audit;

create table audit.entry (
    program_id integer not null references programme.program,
    entry_id uuid not null,
    at timestamptz not null,
    actor text not null check (actor ~ '^staff:.{1,128}$'),
    groups text[] not null,
    -- Like `POST /adjustments/{adjustment_id}/approval`.
    action text not null,
    -- What the address names (a member's number, an id), in its order.
    subjects text[] not null,
    -- What was asked: amounts, decisions, codes. Never free text, never a person's data.
    detail jsonb not null,
    correlation_id text not null,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, entry_id)
);
create index entry_actor on audit.entry (program_id, actor, entry_id);
create index entry_action on audit.entry (program_id, action, entry_id);
create index entry_subject on audit.entry using gin (subjects);

-- How it ended: the answer's status. An entry without one broke off in between.
create table audit.outcome (
    program_id integer not null,
    entry_id uuid not null,
    at timestamptz not null,
    status integer not null check (status between 100 and 599),
    code text,
    member_number text,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, entry_id),
    foreign key (program_id, entry_id) references audit.entry
);
create index outcome_member on audit.outcome (program_id, member_number, entry_id) where member_number is not null;
