-- Campaigns as they run: who is in an audience, what state each campaign was seen in, and what it did for its members.
-- Member ids and counts only; nothing personal.
create schema campaigns;

-- The document's audiences, as counted. A pass goes through all members in pieces; what it has not reached yet is as the pass
-- before left it. `conditions` null: the audience has left the document and its members are being taken out.
create table campaigns.audience (
    program_id int not null references programme.program,
    audience text not null,
    conditions jsonb,
    -- The pass under way: the last member it looked at, and how many of them are in it; null: none is.
    swept_to bigint,
    hits bigint not null default 0,
    members bigint,
    counted_at timestamptz,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, audience)
);
create table campaigns.audience_member (
    program_id int not null,
    member_id bigint not null,
    audience text not null,
    primary key (program_id, member_id, audience)
);

-- A campaign as the sweeper last saw it; when it first ran; those whose purchases are compared, picked when it did.
create table campaigns.watched (
    program_id int not null references programme.program,
    campaign text not null,
    state text not null,
    since timestamptz not null,
    started_at timestamptz,
    -- Who takes part, noted in pieces: the last member noted; `listed_at` when all were.
    listed_to bigint,
    listed_at timestamptz,
    -- Comparing, in pieces: the last member looked at, and until which instant this pass counts.
    measured_to bigint,
    measuring_until timestamptz,
    -- The budget whose end staff have been told of, and the case that did.
    told_budget_micros bigint,
    case_id uuid,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, campaign)
);
-- Insert-only: every state it was seen in.
create table campaigns.state_change (
    program_id int not null,
    campaign text not null,
    change_number bigint not null generated always as identity,
    state text not null,
    at timestamptz not null,
    primary key (program_id, campaign, change_number)
);
create table campaigns.participant (
    program_id int not null,
    campaign text not null,
    member_id bigint not null,
    held_out boolean not null,
    primary key (program_id, campaign, member_id)
);
-- Sums over participants, from which means, shares and their uncertainty follow: `active` did something at least once; `deeds`
-- are purchases or redemptions. `complete` false: of the pass under way.
create table campaigns.measure (
    program_id int not null,
    campaign text not null,
    held_out boolean not null,
    complete boolean not null,
    until timestamptz not null,
    members bigint not null,
    active bigint not null,
    deeds bigint not null,
    deeds_squared numeric not null,
    points numeric not null,
    points_squared numeric not null,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, campaign, held_out, complete)
);
