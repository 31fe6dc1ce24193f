-- Levels: what purchases count towards them, which one was reached when, and which one a member has now and why.
create schema tiers;

-- Every purchase asks for the levels: beside the document, which is large.
alter table programme.published
    add column tiers jsonb generated always as (document -> 'tiers') stored;

-- From when a programme counts. Levels of members who were registered before are theirs as if registered then.
create table tiers.programme (
    program_id integer primary key references programme.program,
    began_at timestamptz not null,
    -- How far the sweeper has looked at everybody: which version is done, which one it is at and up to which member; on which day
    -- it last looked for new ones.
    version integer not null default 0,
    walking integer not null default 0,
    day date not null default '-infinity',
    after_member_id bigint not null default 0,
    row_xid xid8 not null default pg_current_xact_id()
);

-- What a purchase counts: points before the member's level multiplied them and without a campaign's, and what was spent; and
-- how much of both came back. `month`: the first day of its month, where the programme was when it was booked.
create table tiers.purchase (
    program_id integer not null,
    op_id uuid not null,
    member_id bigint not null,
    month date not null check (extract(day from month) = 1),
    base_points bigint not null,
    spend_minor bigint not null,
    base_returned bigint not null default 0,
    spend_returned bigint not null default 0,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, op_id),
    check (base_returned between 0 and base_points and spend_returned between 0 and spend_minor)
);

-- The counter: the same, by member and month, less what came back.
create table tiers.month (
    program_id integer not null,
    member_id bigint not null,
    month date not null,
    base_points bigint not null check (base_points >= 0),
    spend_minor bigint not null check (spend_minor >= 0),
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, member_id, month)
) with (fillfactor = 80);

-- The highest level reached in a period, whatever came back since; kept until `ends_on`, the end of the period that follows.
-- Both are what was so when it was reached: a programme that changes its window later breaks no promise.
create table tiers.reached (
    program_id integer not null,
    member_id bigint not null,
    starts_on date not null,
    ends_on date not null check (ends_on > starts_on),
    source text not null check (source in ('earned', 'registered')),
    tier text not null,
    reached_at timestamptz not null,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, member_id, starts_on, ends_on, source)
);

-- Levels given by staff; `until` is the last day. Reasons are codes: what is about a person has no place here.
create table tiers.granted (
    program_id integer not null,
    grant_id uuid not null,
    member_id bigint not null,
    tier text not null,
    until date not null,
    reason_code text not null check (reason_code ~ '^[a-z][a-z0-9-]{1,39}$'),
    request_hash bytea not null,
    granted_by text not null,
    granted_at timestamptz not null,
    withdrawn_by text,
    withdrawn_at timestamptz,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, grant_id),
    check ((withdrawn_by is null) = (withdrawn_at is null))
);
create index granted_member on tiers.granted (program_id, member_id);

-- Which level a member has and why; nobody who is where everybody begins. `until`: the last day it is kept, `due_at`: when to
-- look again.
create table tiers.standing (
    program_id integer not null,
    member_id bigint not null,
    tier text not null,
    source text not null check (source in ('earned', 'registered', 'stepped_down', 'granted', 'start')),
    since timestamptz not null,
    until date,
    due_at timestamptz,
    grant_id uuid,
    version integer not null,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, member_id)
);
create index standing_due on tiers.standing (program_id, due_at) where due_at is not null;

create table tiers.change (
    program_id integer not null,
    change_id uuid not null,
    member_id bigint not null,
    -- Their order for a member: whoever changes a level holds the member's lock.
    sequence bigint not null generated always as identity,
    from_tier text not null,
    to_tier text not null,
    direction text not null check (direction in ('up', 'down', 'same')),
    cause text not null check (cause in (
        'reached', 'period_ended', 'grant_ended', 'granted', 'grant_withdrawn', 'programme')),
    until date,
    grant_id uuid,
    actor text not null,
    changed_at timestamptz not null,
    primary key (program_id, member_id, sequence),
    unique (program_id, change_id)
);
create function tiers.refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'tiers.% is append-only', tg_table_name using errcode = 'restrict_violation';
end $$;
create trigger append_only before update or delete on tiers.change for each row execute function tiers.refuse_change();
create trigger append_only_whole before truncate on tiers.change execute function tiers.refuse_change();

-- Members of a level are counted, and found, by it.
create index member_tier on members.member (program_id, tier, member_id);
