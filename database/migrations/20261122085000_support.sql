-- Support: a member is found, seen whole and helped; two memberships of one person become one.

-- ---- finding -------------------------------------------------------------------------------------------------------
-- Names, cards and mail addresses as people type them: no case, no accents, no signs.
create function members.search_key(name text) returns text language sql immutable parallel safe set search_path = pg_catalog
return btrim(regexp_replace(
    translate(lower(regexp_replace(normalize(name, NFKD), '[\u0300-\u036f]', '', 'g')), 'ßøłđı', 'soldi'),
    '[\x21-\x2f\x3a-\x40\x5b-\x60\x7b-\x7e\s’]+', ' ', 'g'));

create index address_name on members.address using gin (to_tsvector('pg_catalog.simple', members.search_key(full_name)))
    with (fastupdate = off);
create index member_number_prefix on members.member (program_id, upper(number) text_pattern_ops);
create index member_email_prefix on members.member (program_id, lower(email) text_pattern_ops);
-- By their last digits: nobody says the country.
create index member_phone_tail on members.member (program_id, reverse(phone) text_pattern_ops) where phone is not null;
create index address_phone_tail on members.address (program_id, reverse(phone) text_pattern_ops);
create index package_tracking on orders.package (program_id, tracking) where tracking is not null;
create index line_asin on redemptions.line (program_id, asin, redemption_id);

-- ---- blocking, merging -----------------------------------------------------------------------------------------------
-- Who blocked a member or lifted it, and why; `reason` is staff's own words and may be about a person, so it stays in this room.
create table members.block (
    program_id integer not null,
    member_id bigint not null,
    event_id uuid not null,
    kind text not null check (kind in ('blocked', 'unblocked')),
    reason text not null check (length(reason) <= 500),
    actor text not null,
    occurred_at timestamptz not null,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, member_id, event_id),
    foreign key (program_id, member_id) references members.member (program_id, member_id)
);

-- Whose membership this one became part of; it is closed then, and whoever asks for its number or sign-in is led there.
alter table members.member
    add column merged_into bigint,
    add constraint merged_is_closed check (merged_into is null or (state = 'closed' and merged_into <> member_id)),
    add foreign key (program_id, merged_into) references members.member (program_id, member_id);
create index member_merged on members.member (program_id, merged_into) where merged_into is not null;

-- What staff did to an order, and why; the member's timeline says what became of it. Insert-only; `reason` holds staff's own words.
create table redemptions.staff_act (
    program_id integer not null,
    redemption_id uuid not null,
    act_id uuid not null,
    kind text not null check (kind in ('cancelled', 'address_changed', 'tried_again', 'sent_again')),
    reason text check (length(reason) <= 500),
    actor text not null,
    done_at timestamptz not null,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, redemption_id, act_id),
    foreign key (program_id, redemption_id) references redemptions.redemption
);

create schema support;
-- Two memberships that one person asked for and another decides; `merge_id` is the request's key and the case's id.
create table support.merge (
    program_id integer not null references programme.program,
    merge_id uuid not null,
    duplicate_id bigint not null,
    survivor_id bigint not null,
    reason text not null check (length(reason) between 1 and 500),
    state text not null default 'waiting' check (state in ('waiting', 'merged', 'declined')),
    request_hash bytea not null,
    requested_by text not null,
    requested_at timestamptz not null,
    decided_by text,
    decided_at timestamptz,
    -- The ledger's operation, and what it moved; below zero: what the survivor paid of the duplicate's debt.
    op_id uuid,
    points bigint,
    -- moved, both (each sign-in leads to the survivor), none
    sign_in text check (sign_in in ('moved', 'both', 'none')),
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, merge_id),
    check (duplicate_id <> survivor_id),
    check ((state = 'waiting') = (decided_at is null)),
    check ((state = 'merged') = (op_id is not null)),
    check (decided_by <> requested_by)
);
create unique index one_merge_a_duplicate on support.merge (program_id, duplicate_id) where state <> 'declined';
create index merge_waiting on support.merge (program_id, requested_at) where state = 'waiting';
create index merge_survivor on support.merge (program_id, survivor_id);
