-- Interactions: which products members look at, of those who may be asked for it, and whether they want that.
create schema interactions;

-- Whether a member wants what they look at to be kept, so that it may choose what they are shown; the newest counts.
create table interactions.choice (
    program_id integer not null references programme.program,
    member_id bigint not null,
    entry bigint not null generated always as identity,
    wanted boolean not null,
    source text not null check (source in ('member', 'staff')),
    given_at timestamptz not null,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, member_id, entry)
);

-- Under which random key a member looked, one after the other in time; without its row what was looked at is nobody's.
-- `ended_at`: the member wants it no more, and a legal hold stood; it goes when that is lifted.
create table interactions.viewer (
    program_id integer not null references programme.program,
    viewer_key uuid not null,
    member_id bigint not null,
    since timestamptz not null,
    ended_at timestamptz,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, viewer_key)
);
create index viewer_member on interactions.viewer (program_id, member_id, since);
create index viewer_since on interactions.viewer (since);

-- A product's page was open. `event_key` is the browser's, so that what is sent twice is one; the time is ours.
create table interactions.catalogue_view (
    program_id integer not null references programme.program,
    event_key uuid not null,
    viewer_key uuid not null,
    asin text not null check (asin ~ '^[A-Z0-9]{10}$'),
    came_from text not null check (came_from in ('home', 'search', 'category', 'product', 'wishlist', 'elsewhere')),
    seen_at timestamptz not null,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, event_key)
);
create index catalogue_view_viewer on interactions.catalogue_view (program_id, viewer_key, seen_at);
create index catalogue_view_seen on interactions.catalogue_view (seen_at);

-- As every source of the lake that is read by a window.
create index catalogue_view_window on interactions.catalogue_view
    using brin (((row_xid::text)::bigint)) with (pages_per_range = 32, autosummarize = on);
create trigger note_change before update on interactions.catalogue_view
    for each row execute function lake.note_change();

-- What was erased before there was anything to look at has its receipt.
insert into privacy.receipt(program_id, erasure_id, store, place, state, at)
select e.program_id, e.erasure_id, 'interactions', 6, case when e.state = 'done' then 'done' else 'waiting' end,
       case when e.state = 'done' then e.done_at end
from privacy.erasure as e where e.state in ('running', 'stuck', 'done');
