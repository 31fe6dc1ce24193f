-- What could be had when, and what staff do about what soon cannot be.

-- One product from then on, until its next row. Written by the sync when it differs from the last. `state`: available; slow
-- (delivered later than the programme wants); below_floor (no price, or too dear to give); out_of_stock; gone.
create table catalogue.availability (
    program_id integer not null references programme.program,
    asin text not null check (asin ~ '^[A-Z0-9]{10}$'),
    at timestamptz not null,
    state text not null check (state in ('available', 'out_of_stock', 'slow', 'below_floor', 'gone')),
    -- What is left, where Amazon says; null: it does not.
    quantity bigint check (quantity >= 0),
    -- Until the latest promised day; null: nothing is promised.
    delivery_days integer check (delivery_days between 0 and 1000),
    price_minor bigint check (price_minor >= 0),
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, asin, at)
);
create index availability_window on catalogue.availability
    using brin (((row_xid::text)::bigint)) with (pages_per_range = 32, autosummarize = on);
create trigger note_change before update on catalogue.availability
    for each row execute function lake.note_change();

-- How many of a product one member may have within so many days. No row: as many as there are.
create table catalogue.cap (
    program_id integer not null references programme.program,
    asin text not null check (asin ~ '^[A-Z0-9]{10}$'),
    units integer not null check (units between 1 and 100),
    days integer not null check (days between 1 and 365),
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, asin)
);

-- What is offered where a product cannot be had, best first.
create table catalogue.substitute (
    program_id integer not null references programme.program,
    asin text not null check (asin ~ '^[A-Z0-9]{10}$'),
    place integer not null check (place between 1 and 5),
    other text not null check (other ~ '^[A-Z0-9]{10}$' and other <> asin),
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, asin, place),
    unique (program_id, asin, other)
);

-- What staff did about a product that will be short, and whether it was taken back.
create table demand.action (
    program_id integer not null references programme.program,
    action_id bigint not null check (action_id > 0),
    asin text not null,
    kind text not null check (kind in ('substitute', 'cap', 'feature', 'hide')),
    -- substitute {asins}, cap {units, days}, feature {asin}, hide {}.
    details jsonb not null check (jsonb_typeof(details) = 'object'),
    actor text not null,
    done_at timestamptz not null,
    -- Of hide and feature: the catalogue's change that it is.
    change_id bigint,
    undone_at timestamptz,
    undone_by text,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, action_id),
    check ((undone_at is null) = (undone_by is null))
);
-- Of one kind a product has one that stands: whoever wants another takes that back first.
create unique index action_standing on demand.action (program_id, asin, kind) where undone_at is null;

-- A warning, from the night that raised it until the risk is over. dismissed: a person has seen it and wants no more of it.
create table demand.alert (
    program_id integer not null references programme.program,
    alert_id bigint not null check (alert_id > 0),
    asin text not null,
    state text not null check (state in ('open', 'dismissed', 'over')),
    cause text not null,
    raised_at timestamptz not null,
    -- As it was when it was raised; how it is now says demand.outlook.
    probability real not null check (probability between 0 and 1),
    members_disappointed real not null check (members_disappointed >= 0),
    was_out boolean not null,
    ended_at timestamptz,
    dismissed_at timestamptz,
    dismissed_by text,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, alert_id),
    check ((state = 'over') = (ended_at is not null)),
    check ((dismissed_at is null) = (dismissed_by is null))
);
create unique index alert_standing on demand.alert (program_id, asin) where state <> 'over';
