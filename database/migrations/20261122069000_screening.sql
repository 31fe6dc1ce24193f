-- Redemptions are screened before anything is asked of anybody, and members can stop what is spent in their name.

alter table members.member add column frozen_at timestamptz;

-- Append-only: who stopped or allowed spending, and why.
create table members.freeze (
    program_id integer not null,
    member_id bigint not null,
    event_id uuid not null,
    kind text not null check (kind in ('frozen', 'unfrozen')),
    reason text not null check (length(reason) between 1 and 500),
    -- The message whose link was used: each does it once.
    source uuid,
    actor text not null,
    occurred_at timestamptz not null,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, member_id, event_id),
    foreign key (program_id, member_id) references members.member (program_id, member_id)
);
create unique index freeze_source on members.freeze (program_id, member_id, source) where source is not null;

-- One place, however it is written: no case, blanks or signs, no matter which line holds what, of an American postal code
-- the first five digits.
create function members.address_key(
    line1 text, line2 text, line3 text, city text, postal_code text, country_code text
) returns bytea language sql immutable parallel safe
return sha256(convert_to(
    country_code || '|' || case when country_code = 'US' then left(postal_code, 5) else lower(postal_code) end || '|'
    || regexp_replace(lower(line1 || coalesce(line2, '') || coalesce(line3, '') || '|' || city), '[^[:alnum:]|]', '', 'g'),
    'UTF8'));
create index address_place on members.address
    (program_id, members.address_key(line1, line2, line3, city, postal_code, country_code));

-- step_up: the member must confirm it. review: a person must. Both end: released when nobody does.
alter table redemptions.redemption
    add column screens boolean not null default false,
    add column device_hash bytea check (octet_length(device_hash) = 32),
    drop constraint redemption_state_check,
    add constraint redemption_state_check check (state in
        ('held', 'step_up', 'review', 'awaiting_payment', 'ordering', 'settled', 'cancelled', 'failed', 'closed'));

-- Append-only: what the rules of the redemption's programme version said, and of what.
create table redemptions.screening (
    program_id integer not null,
    redemption_id uuid not null,
    programme_version integer not null,
    address_id uuid not null,
    action text not null check (action in ('allow', 'step_up', 'review')),
    points integer not null check (points >= 0),
    hits jsonb not null check (jsonb_typeof(hits) = 'array'),
    facts jsonb not null check (jsonb_typeof(facts) = 'object'),
    decided_at timestamptz not null,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, redemption_id),
    foreign key (program_id, redemption_id) references redemptions.redemption
);
comment on table redemptions.screening is 'Ids, amounts and times only; nothing personal.';

-- Why and until when a redemption stands still, and what became of it.
create table redemptions.parking (
    program_id integer not null,
    redemption_id uuid not null,
    parking_number integer not null,
    kind text not null check (kind in ('step_up', 'review')),
    reason text not null check (reason in ('screening', 'frozen')),
    came_from text not null check (came_from in ('held', 'awaiting_payment')),
    parked_at timestamptz not null,
    deadline timestamptz not null,
    case_id uuid,
    result text check (result in ('confirmed', 'approved', 'rejected', 'lapsed', 'cancelled', 'superseded', 'failed')),
    resolved_at timestamptz,
    resolved_by text,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, redemption_id, parking_number),
    foreign key (program_id, redemption_id) references redemptions.redemption,
    check ((kind = 'review') = (case_id is not null)),
    check ((result is null) = (resolved_at is null) and (result is null) = (resolved_by is null))
);
create unique index parking_open on redemptions.parking (program_id, redemption_id) where result is null;
create unique index parking_case on redemptions.parking (program_id, case_id) where case_id is not null;

create table redemptions.step_up_code (
    program_id integer not null,
    redemption_id uuid not null,
    code_id uuid not null,
    member_id bigint not null,
    salt bytea not null,
    code_hash bytea not null,
    sent_at timestamptz not null,
    expires_at timestamptz not null,
    failures integer not null default 0,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, redemption_id, code_id),
    foreign key (program_id, redemption_id) references redemptions.redemption
);
create index step_up_code_member on redemptions.step_up_code (program_id, member_id, sent_at);
