-- What a draft holds is only the sections that somebody touched, each with the version it was based on: all others follow
-- what is published. The row stays when the draft is gone, so that a revision never comes twice.
alter table programme.draft
    drop column based_on,
    add column bases jsonb not null default '{}' check (jsonb_typeof(bases) = 'object'),
    add check (jsonb_typeof(document) = 'object');
comment on column programme.draft.document is 'Touched sections by name; empty: there is no draft.';
comment on column programme.draft.bases is 'The version that each touched section was based on.';

-- How a version came to be, and of which one it is the return.
alter table programme.published
    add column origin text not null default 'publication'
        check (origin in ('publication', 'schedule', 'change', 'restoration')),
    add column restored_version integer,
    add check ((origin = 'restoration') = (restored_version is not null));

-- What is to be published at an instant; one waits at a time.
create table programme.schedule (
    program_id integer not null references programme.program,
    schedule_id uuid not null,
    sections jsonb not null check (jsonb_typeof(sections) = 'object' and sections <> '{}'),
    based_on integer not null,
    publish_at timestamptz not null,
    why text not null,
    scheduled_by text not null,
    scheduled_at timestamptz not null,
    state text not null default 'waiting' check (state in ('waiting', 'published', 'refused', 'cancelled', 'dismissed')),
    closed_by text,
    closed_at timestamptz,
    version integer,
    problems jsonb,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, schedule_id),
    check ((state = 'waiting') = (closed_at is null)),
    check ((state = 'published') = (version is not null)),
    check (state not in ('refused', 'dismissed') or problems is not null)
);
create unique index schedule_waiting on programme.schedule (program_id) where state = 'waiting';
create unique index schedule_refused on programme.schedule (program_id) where state = 'refused';
