-- Privacy: what is held on a person goes to them as a file, or goes for ever with a receipt from every store.
create schema privacy;

do $$
begin
    if not exists (select from pg_roles where rolname = 'privacy') then create role privacy login; end if;
    if exists (select from pg_roles where rolname = 'rds_iam') then grant rds_iam to privacy; end if;
end
$$;

-- By it a member has the same name in lists outside, which without it says nothing.
create table privacy.pepper (
    one boolean primary key default true check (one),
    secret bytea not null check (length(secret) = 32),
    row_xid xid8 not null default pg_current_xact_id()
);

-- Everything that is held on a member, as a ZIP. Its id is the Idempotency-Key of who asked for it.
-- waiting: to be put together. ready: may be downloaded until it expires. failed: a person must look. expired: it is gone.
create table privacy.export (
    program_id integer not null references programme.program,
    export_id uuid not null,
    member_id bigint not null,
    state text not null default 'waiting' check (state in ('waiting', 'ready', 'failed', 'expired')),
    requested_by text not null,
    requested_at timestamptz not null,
    due_at timestamptz not null,
    attempts integer not null default 0,
    object_key text,
    size_bytes bigint check (size_bytes > 0),
    files integer check (files > 0),
    ready_at timestamptz,
    expires_at timestamptz,
    reason text check (length(reason) <= 100),
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, export_id),
    check (state <> 'ready' or num_nulls(object_key, size_bytes, files, ready_at, expires_at) = 0)
);
create index export_due on privacy.export (due_at) where state in ('waiting', 'ready');
create index export_member on privacy.export (program_id, member_id, export_id);

-- Append-only: who took the file.
create table privacy.download (
    program_id integer not null,
    export_id uuid not null,
    download_number bigint generated always as identity,
    actor text not null,
    downloaded_at timestamptz not null,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, export_id, download_number),
    foreign key (program_id, export_id) references privacy.export
);

-- Why nothing of a member may be erased for now: a court, a claim.
create table privacy.legal_hold (
    program_id integer not null references programme.program,
    hold_id uuid not null,
    member_id bigint not null,
    reason text not null check (length(reason) between 1 and 200),
    placed_by text not null,
    placed_at timestamptz not null,
    lifted_by text,
    lifted_at timestamptz,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, hold_id),
    check ((lifted_by is null) = (lifted_at is null))
);
create index legal_hold_standing on privacy.legal_hold (program_id, member_id) where lifted_at is null;

-- waiting: for the second person. running: store by store. stuck: a store has refused too often. done: each has its receipt.
create table privacy.erasure (
    program_id integer not null references programme.program,
    erasure_id uuid not null,
    member_id bigint not null,
    erasure_key text not null check (erasure_key ~ '^[0-9a-f]{64}$'),
    -- restore: it was carried out before and the database was restored to an instant before it.
    origin text not null check (origin in ('request', 'restore')),
    reason text not null check (reason in ('member_request', 'minor', 'court_order', 'other')),
    state text not null check (state in ('waiting', 'declined', 'running', 'stuck', 'done')),
    request_hash bytea not null,
    requested_by text not null,
    requested_at timestamptz not null,
    decided_by text,
    decided_at timestamptz,
    -- Points that went with the account.
    forfeited bigint,
    due_at timestamptz not null,
    done_at timestamptz,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, erasure_id),
    check (decided_by <> requested_by),
    check ((state = 'waiting') = (decided_at is null)),
    check ((state = 'done') = (done_at is not null))
);
create unique index one_erasure_a_member on privacy.erasure (program_id, member_id) where state <> 'declined';
create index erasure_due on privacy.erasure (due_at) where state = 'running';

-- One a store. done: nothing is left there. kept: the law wants it until `until`, and then it goes. pending: whoever runs that
-- store fulfils it (privacy.to_erase_outside). stuck: refused too often.
create table privacy.receipt (
    program_id integer not null,
    erasure_id uuid not null,
    store text not null check (store ~ '^[a-z_]{2,30}$'),
    place integer not null,
    state text not null default 'waiting' check (state in ('waiting', 'done', 'kept', 'pending', 'stuck')),
    -- Rows, files or users that went, by what they were.
    removed jsonb not null default '{}' check (jsonb_typeof(removed) = 'object'),
    until date,
    attempts integer not null default 0,
    problem text check (length(problem) <= 100),
    at timestamptz,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, erasure_id, store),
    foreign key (program_id, erasure_id) references privacy.erasure,
    check ((state = 'kept') = (until is not null)),
    check ((state in ('done', 'kept', 'pending')) = (at is not null))
);
create index receipt_pending on privacy.receipt (store) where state = 'pending';
create index receipt_kept on privacy.receipt (until) where state = 'kept';

-- PDFs that were deleted after their time; their numbers and amounts stay.
create table privacy.removed_document (
    program_id integer not null,
    document_id uuid not null,
    removed_at timestamptz not null,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, document_id)
);

-- Accounts whose end is in the list outside the database.
create table privacy.listed (
    program_id integer not null,
    member_id bigint not null,
    listed_at timestamptz not null,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, member_id)
);

-- Append-only: what the retention job removed, by rule and day.
create table privacy.retention_run (
    rule text not null,
    day date not null,
    removed bigint not null,
    last_at timestamptz not null,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (rule, day)
);
