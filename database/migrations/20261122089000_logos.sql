-- Pictures of the brand. A version of the programme names one by its digest, so none is ever changed or deleted.
create table programme.logo (
    program_id integer not null references programme.program,
    digest text not null check (digest ~ '^[0-9a-f]{64}$'),
    png bytea not null check (octet_length(png) between 1 and 65536),
    width integer not null check (width between 1 and 640),
    height integer not null check (height between 1 and 160),
    kept_by text not null,
    kept_at timestamptz not null,
    primary key (program_id, digest)
);

-- Messages that staff sent to themselves to look at them; kept for a day, to count them.
create table programme.test_send (
    program_id integer not null references programme.program,
    actor text not null,
    sent_at timestamptz not null,
    row_xid xid8 not null default pg_current_xact_id()
);
create index test_send_of_actor on programme.test_send (program_id, actor, sent_at);
