-- Members: the only room that holds personal data. Everything else in the database holds member_id.
create table members.member (
    program_id integer not null references programme.program,
    member_id bigint not null generated always as identity,
    number text not null check (number ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$'),
    email text not null check (length(email) <= 254),
    phone text,
    tier text not null,
    country text not null check (country ~ '^[A-Z]{2}$'),
    language text not null check (language ~ '^[a-z]{2}$'),
    state text not null default 'active' check (state in ('active', 'blocked', 'closed')),
    subject text,
    claimed_at timestamptz,
    default_address_id uuid,
    request_hash bytea not null,
    created_by text not null,
    created_at timestamptz not null,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, member_id),
    unique (program_id, number),
    unique (program_id, subject),
    check ((subject is null) = (claimed_at is null))
);

-- Never changed: a correction is a new address, so an order always knows where it was sent.
create table members.address (
    program_id integer not null,
    member_id bigint not null,
    address_id uuid not null,
    full_name text not null,
    phone text not null,
    line1 text not null check (length(line1) between 1 and 60),
    line2 text check (length(line2) between 1 and 60),
    line3 text check (length(line3) between 1 and 60),
    city text not null,
    state_or_region text,
    postal_code text not null,
    country_code text not null check (country_code ~ '^[A-Z]{2}$'),
    is_po_box boolean not null,
    is_military boolean not null,
    created_at timestamptz not null,
    primary key (program_id, member_id, address_id),
    foreign key (program_id, member_id) references members.member (program_id, member_id)
);
alter table members.member
    add foreign key (program_id, member_id, default_address_id)
        references members.address (program_id, member_id, address_id);

-- The code that was sent, as a salted hash; one a member and sign-in.
create table members.claim (
    program_id integer not null,
    member_id bigint not null,
    subject text not null,
    salt bytea not null,
    code_hash bytea not null,
    expires_at timestamptz not null,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, member_id, subject),
    foreign key (program_id, member_id) references members.member (program_id, member_id)
);

-- Counted over all sign-ins that try: whoever guesses with many of them is still one guesser.
create table members.claim_guard (
    program_id integer not null,
    member_id bigint not null,
    failures integer not null default 0,
    locked_until timestamptz,
    codes_sent integer not null default 0,
    codes_since timestamptz not null,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, member_id),
    foreign key (program_id, member_id) references members.member (program_id, member_id)
);

create table members.acceptance (
    program_id integer not null,
    member_id bigint not null,
    version text not null,
    accepted_at timestamptz not null,
    primary key (program_id, member_id, version),
    foreign key (program_id, member_id) references members.member (program_id, member_id)
);

-- Points given or taken by hand; `note` is staff's own words and may be about a person, so it stays in this room.
create table members.adjustment (
    program_id integer not null,
    adjustment_id uuid not null,
    member_id bigint not null,
    amount bigint not null check (amount <> 0),
    expires_on date,
    reason_code text not null,
    note text,
    state text not null check (state in ('waiting', 'applied', 'declined', 'failed')),
    request_hash bytea not null,
    requested_by text not null,
    requested_at timestamptz not null,
    decided_by text,
    decided_at timestamptz,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, adjustment_id),
    foreign key (program_id, member_id) references members.member (program_id, member_id)
);
create index adjustment_waiting on members.adjustment (program_id, requested_at) where state = 'waiting';
