-- Documents: what a member gets for an order and for what came back of it. Numbers without gaps, facts frozen when they are
-- issued; who the member is and where they live is in no row here, only in the PDF.
create schema documents;

do $$
begin
    if not exists (select from pg_roles where rolname = 'invoicing') then
        create role invoicing login;
    end if;
    if exists (select from pg_roles where rolname = 'rds_iam') then
        grant rds_iam to invoicing;
    end if;
end
$$;

-- The last number of each series; locked by whoever issues, so that a number that is not used is not taken either.
create table documents.series (
    program_id integer not null references programme.program,
    kind text not null check (kind in ('receipt', 'tax_invoice', 'credit_note')),
    year integer not null,
    last_number bigint not null check (last_number > 0),
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, kind, year)
);

-- `event_key`: what it was issued for, `order` or the event by which units came back. Planned: it has its number and its
-- facts. Ready: the PDF is stored, and `content_hash` says which. Failed: it could not be drawn (a person must look).
create table documents.document (
    program_id integer not null references programme.program,
    document_id uuid not null,
    redemption_id uuid not null,
    member_id bigint not null,
    event_key text not null check (length(event_key) between 1 and 260),
    kind text not null,
    year integer not null,
    sequence bigint not null check (sequence > 0),
    number text not null,
    -- A credit note's: what it takes back.
    corrects uuid,
    programme_version integer not null,
    facts jsonb not null check (jsonb_typeof(facts) = 'object'),
    object_key text not null check (length(object_key) between 40 and 200),
    issued_at timestamptz not null,
    state text not null default 'planned' check (state in ('planned', 'ready', 'failed')),
    reason text check (length(reason) <= 100),
    content_hash bytea check (length(content_hash) = 32),
    content_bytes integer check (content_bytes > 0),
    ready_at timestamptz,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, document_id),
    unique (program_id, redemption_id, event_key),
    unique (program_id, kind, year, sequence),
    unique (program_id, number),
    unique (object_key),
    foreign key (program_id, kind, year) references documents.series,
    foreign key (program_id, corrects) references documents.document (program_id, document_id),
    check ((kind = 'credit_note') = (corrects is not null)),
    check ((state = 'ready') = (ready_at is not null and content_hash is not null and content_bytes is not null)),
    check ((state = 'failed') = (reason is not null))
);
create index document_unready on documents.document (issued_at) where state <> 'ready';

-- What was issued stays as it was issued; only its way to the store moves, and not back from there.
create function documents.refuse_change() returns trigger language plpgsql as $$
begin
    if tg_op = 'UPDATE' and old.state <> 'ready'
       and (old.program_id, old.document_id, old.redemption_id, old.member_id, old.event_key, old.kind, old.year,
            old.sequence, old.number, old.corrects, old.programme_version, old.facts, old.object_key, old.issued_at)
           is not distinct from
           (new.program_id, new.document_id, new.redemption_id, new.member_id, new.event_key, new.kind, new.year,
            new.sequence, new.number, new.corrects, new.programme_version, new.facts, new.object_key, new.issued_at) then
        return new;
    end if;
    raise exception 'documents.document: what was issued does not change' using errcode = 'restrict_violation';
end $$;
create trigger issued_stays before update or delete on documents.document
    for each row execute function documents.refuse_change();
create trigger issued_stays_whole before truncate on documents.document
    execute function documents.refuse_change();
