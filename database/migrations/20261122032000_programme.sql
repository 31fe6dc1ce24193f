-- One document a programme says how it works; every version that ever applied is kept, a quote names the one it used.
create table programme.program (
    program_id integer primary key check (program_id > 0),
    code text not null unique check (code ~ '^[a-z][a-z0-9-]{1,30}$')
);
insert into programme.program(program_id, code) values (1, 'main'), (2, 'canary');

create table programme.published (
    program_id integer not null references programme.program,
    version integer not null check (version > 0),
    document jsonb not null,
    content_hash bytea not null,
    published_at timestamptz not null,
    published_by text not null,
    why text not null,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, version)
);

-- What is being prepared: one draft a programme, `revision` counts its saves so that nobody overwrites another's.
create table programme.draft (
    program_id integer primary key references programme.program,
    document jsonb not null,
    based_on integer,
    revision integer not null default 1 check (revision > 0),
    saved_by text not null,
    saved_at timestamptz not null,
    row_xid xid8 not null default pg_current_xact_id()
);

-- Which partner an app client of the inbound API is.
create table programme.partner (
    program_id integer not null references programme.program,
    client_id text not null,
    partner text not null check (partner ~ '^[a-z0-9][a-z0-9_.-]{0,62}$'),
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, client_id)
);
