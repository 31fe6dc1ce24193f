-- Everything that waits for a human, whatever it is about. Later kinds of work add a kind, never another queue.
create table casework.case (
    program_id integer not null,
    case_id uuid not null,
    kind text not null check (kind ~ '^[a-z][a-z_]{1,40}$'),
    subject text not null,
    reason text not null,
    evidence jsonb not null default '{}' check (jsonb_typeof(evidence) = 'object'),
    allowed_actions text[] not null check (cardinality(allowed_actions) > 0),
    approvers text[] not null check (cardinality(approvers) > 0),
    state text not null default 'open' check (state in ('open', 'decided', 'withdrawn')),
    opened_by text not null,
    opened_at timestamptz not null,
    deadline timestamptz,
    decision text,
    decided_by text,
    decided_at timestamptz,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, case_id),
    check ((state = 'open') = (decided_at is null)),
    check (state <> 'decided' or decision = any (allowed_actions))
);
comment on column casework.case.evidence is 'Ids, amounts and codes only; nothing personal.';
create index case_waiting on casework.case (program_id, kind, opened_at) where state = 'open';
