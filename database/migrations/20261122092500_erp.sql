-- What leaves for finance's system: vendor invoices, credit memos and the days of the journal, each once.
create schema erp;

do $$
declare
    entry_point text;
begin
    foreach entry_point in array array['erp_gateway', 'invoice_desk'] loop
        if not exists (select from pg_roles where rolname = entry_point) then
            execute format('create role %I login', entry_point);
        end if;
        if exists (select from pg_roles where rolname = 'rds_iam') then
            execute format('grant rds_iam to %I', entry_point);
        end if;
    end loop;
end
$$;

-- waiting: was not sent yet. sent: was sent, and nobody knows whether it arrived. accepted: the ERP has it and has not said yet
-- what becomes of it. posted: it is in its books. refused: it will not take it so. given_up: nobody tries any more.
create table erp.document (
    program_id integer not null references programme.program,
    document_id uuid not null,
    kind text not null check (kind in ('invoice', 'credit_memo', 'journal')),
    -- The invoice it is; a day of the journal has none.
    subject uuid,
    -- Whose number it is: the vendor's, or our programme's for a day of the journal.
    vendor text not null check (length(vendor) between 1 and 200),
    number text not null check (length(number) between 1 and 60),
    idempotency_key text not null check (length(idempotency_key) <= 300),
    -- What is told, in our words; nothing of a member.
    content jsonb not null check (jsonb_typeof(content) = 'object'),
    content_hash bytea not null check (length(content_hash) = 32),
    -- The very text that was sent: every attempt sends the same. Made before the first one.
    format text check (format in ('json', 'ubl')),
    body text check (length(body) <= 4000000),
    state text not null default 'waiting' check (state in ('waiting', 'sent', 'accepted', 'posted', 'refused', 'given_up')),
    attempts integer not null default 0 check (attempts >= 0),
    handed_over_at timestamptz not null,
    first_tried_at timestamptz,
    -- When it left for the first time: from then on the ERP may have it.
    sent_at timestamptz,
    due_at timestamptz not null,
    taken_by uuid,
    -- The ERP's own id and word for it.
    erp_document_id text check (length(erp_document_id) between 1 and 100),
    erp_status text check (length(erp_status) <= 40),
    -- Why it was refused, or had no answer: a code, never what somebody wrote.
    problem text check (length(problem) <= 100),
    -- The ERP's reason for people, cut.
    detail text check (length(detail) <= 500),
    ended_at timestamptz,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, document_id),
    unique (program_id, kind, vendor, number),
    check ((kind = 'journal') = (subject is null)),
    check (num_nulls(format, body) in (0, 2)),
    check ((state in ('posted', 'refused', 'given_up')) = (ended_at is not null)),
    check (state not in ('accepted', 'posted') or erp_document_id is not null),
    check (state <> 'waiting' or sent_at is null)
);
create index document_open on erp.document (program_id, due_at) where state in ('waiting', 'sent', 'accepted');
create index document_subject on erp.document (program_id, subject) where subject is not null;

-- Append-only: each time it was sent or asked about, and what came back.
create table erp.attempt (
    program_id integer not null,
    document_id uuid not null,
    attempt_number bigint not null generated always as identity,
    tried_at timestamptz not null,
    action text not null check (action in ('post', 'status')),
    status integer check (status between 100 and 599),
    problem text check (length(problem) <= 100),
    detail text check (length(detail) <= 500),
    milliseconds integer not null check (milliseconds >= 0),
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, document_id, attempt_number),
    foreign key (program_id, document_id) references erp.document
);

-- A programme's ERP as it was last met. While it fails it is sent one document at a time, at ever longer intervals.
create table erp.receiver (
    program_id integer primary key references programme.program,
    -- Since when the programme has one without a break: days of the journal that were locked before were taken by hand.
    connected_at timestamptz not null,
    failing_since timestamptz,
    failures integer not null default 0 check (failures >= 0),
    due_at timestamptz not null,
    answered_at timestamptz,
    row_xid xid8 not null default pg_current_xact_id(),
    check ((failures = 0) = (failing_since is null))
);
