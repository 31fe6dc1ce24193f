-- Orders on their way: what was heard, what follows from it, and when to ask again.

-- One row an order that something may still be heard of.
create table orders.follow (
    program_id integer not null,
    redemption_id uuid not null,
    member_id bigint not null,
    connection text not null,
    state text not null default 'open' check (state in ('open', 'closed')),
    -- Reports are asked for by the day of the order.
    ordered_at timestamptz not null,
    -- The sum of all packages, for lists: ordered, partly_shipped, shipped, partly_delivered, delivered, cancelled.
    progress text not null default 'ordered' check (progress in
        ('ordered', 'partly_shipped', 'shipped', 'partly_delivered', 'delivered', 'cancelled')),
    units integer not null default 0,
    units_lost integer not null default 0,
    units_shipped integer not null default 0,
    units_delivered integer not null default 0,
    delivered_at timestamptz,
    -- Payments were told that nothing more will leave.
    all_due_at timestamptz,
    -- The last time that something new was heard.
    heard_at timestamptz not null,
    -- Look at the order itself (orderDetails): null while there is no reason to. Hinted ones first.
    next_look_at timestamptz,
    hinted_at timestamptz,
    looked_at timestamptz,
    look_failures integer not null default 0,
    -- Ask the reports about it.
    next_report_at timestamptz not null,
    reported_at timestamptz,
    lease_until timestamptz,
    closed_at timestamptz,
    close_reason text check (close_reason in ('delivered', 'cancelled', 'silent')),
    case_id uuid,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, redemption_id),
    foreign key (program_id, redemption_id) references orders.placement,
    check ((state = 'closed') = (closed_at is not null))
);
create index follow_look on orders.follow (connection, next_look_at) where state = 'open' and next_look_at is not null;
create index follow_report on orders.follow (connection, next_report_at) where state = 'open';
create index follow_heard on orders.follow (connection, heard_at) where state = 'open';
create index order_part_number on orders.order_part (amazon_order_id);

-- All that was ever said of packages, once each: a set that only grows. What a package is, is computed from all of it,
-- so that neither the order nor the number in which things are heard can matter.
create table orders.package_event (
    program_id integer not null,
    redemption_id uuid not null,
    -- Hash of source and content, without the time at which it was said.
    content bytea not null,
    source text not null check (source in ('push', 'report', 'details', 'tracking')),
    amazon_order_id text not null,
    -- Amazon's; each may be missing. Without package and tracking number it is said of the whole shipment.
    shipment_id text,
    package_id text,
    tracking text,
    carrier text,
    -- Amazon's own words, also those that we do not know.
    status text not null,
    detail text,
    -- When it happened, if that was told; and between when and when it was said.
    occurred_at timestamptz,
    first_said_at timestamptz not null,
    last_said_at timestamptz not null,
    promised_from timestamptz,
    promised_to timestamptz,
    heard_at timestamptz not null,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, redemption_id, content),
    foreign key (program_id, redemption_id) references orders.follow
);

create table orders.shipment (
    program_id integer not null,
    redemption_id uuid not null,
    -- Amazon's order and shipment: its shipments' names are not said to be unique.
    shipment_key text not null,
    amazon_order_id text not null,
    shipment_id text,
    shipped_at timestamptz,
    -- All its packages have arrived.
    delivered_at timestamptz,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, redemption_id, shipment_key),
    foreign key (program_id, redemption_id) references orders.follow
);

create table orders.package (
    program_id integer not null,
    redemption_id uuid not null,
    shipment_key text not null,
    -- Amazon's package id, else the tracking number, else '-' for a shipment of which no package is known.
    package_key text not null,
    package_id text,
    -- How far: never back.
    state text not null check (state in ('ordered', 'shipped', 'out_for_delivery', 'delivered')),
    -- What went wrong, beside it.
    trouble text check (trouble in ('undeliverable', 'returned', 'refunded')),
    -- It was said that it could not be delivered, whatever was said after that.
    undeliverable boolean not null,
    delayed_at timestamptz,
    for_pickup boolean not null,
    carrier text,
    tracking text,
    promised_from timestamptz,
    promised_to timestamptz,
    shipped_at timestamptz,
    delivered_at timestamptz,
    -- Asking the carrier costs a call: only when it is overdue.
    next_track_at timestamptz,
    tracked_at timestamptz,
    tracks integer not null default 0,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, redemption_id, shipment_key, package_key),
    foreign key (program_id, redemption_id, shipment_key) references orders.shipment
);
create index package_track on orders.package (next_track_at) where next_track_at is not null;

-- Units of a line in a shipment; the most that was ever said.
create table orders.shipped_unit (
    program_id integer not null,
    redemption_id uuid not null,
    shipment_key text not null,
    line_number integer not null,
    quantity integer not null check (quantity > 0),
    -- For so many of them money was asked for.
    collected integer not null default 0 check (collected between 0 and quantity),
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, redemption_id, shipment_key, line_number),
    foreign key (program_id, redemption_id, line_number) references orders.placement_line
);

create index shipped_unit_due on orders.shipped_unit (program_id, redemption_id) where collected < quantity;

-- Accepted units that will not arrive: cancelled by Amazon (`cause_key` ''), or in a package that could not be delivered
-- (the package). What has been given back for them is a part of it.
create table orders.lost_unit (
    program_id integer not null,
    redemption_id uuid not null,
    line_number integer not null,
    cause text not null check (cause in ('cancelled', 'undeliverable')),
    cause_key text not null,
    quantity integer not null check (quantity > 0),
    given_back integer not null default 0 check (given_back between 0 and quantity),
    -- They could not be given back: why. A person has a case.
    refused text,
    first_heard_at timestamptz not null,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, redemption_id, line_number, cause, cause_key),
    foreign key (program_id, redemption_id, line_number) references orders.placement_line
);
create index lost_unit_owed on orders.lost_unit (program_id, redemption_id)
    where given_back < quantity and refused is null;

-- Amazon orders that a report calls cancelled; believed when the order itself says so, or after a day without shipment.
create table orders.cancelled_order (
    program_id integer not null,
    redemption_id uuid not null,
    amazon_order_id text not null,
    first_said_at timestamptz not null,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, redemption_id, amazon_order_id),
    foreign key (program_id, redemption_id) references orders.follow
);

-- What members were told of a package: at most once each, whatever the package is called in between. Insert-only.
create table orders.told (
    program_id integer not null,
    redemption_id uuid not null,
    shipment_key text not null,
    package_key text not null,
    topic text not null,
    told_at timestamptz not null,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, redemption_id, shipment_key, package_key, topic)
);

-- What was said by somebody whom we believe and could not be used: of orders we do not know (yet), or unreadable.
create table orders.stray (
    stray_id uuid primary key,
    kind text not null check (kind in ('unknown_order', 'malformed')),
    source text not null,
    amazon_order_id text,
    content bytea not null unique,
    body jsonb not null,
    received_at timestamptz not null,
    -- Found a home later: an order's parts were recorded after its first push.
    resolved_at timestamptz,
    row_xid xid8 not null default pg_current_xact_id()
);
create index stray_order on orders.stray (amazon_order_id) where resolved_at is null and amazon_order_id is not null;
create index stray_received on orders.stray (received_at);

-- Reading a report from its first page to its last; one row a connection and report.
create table orders.report_pass (
    connection text not null,
    report text not null,
    range_start timestamptz not null,
    range_end timestamptz not null,
    next_token text,
    started_at timestamptz not null,
    finished_at timestamptz,
    next_pass_at timestamptz not null,
    pages integer not null default 0,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (connection, report)
);

-- Orders that were recorded before anybody followed them.
insert into orders.follow(program_id, redemption_id, member_id, connection, ordered_at, units, heard_at, next_look_at,
                          next_report_at)
select p.program_id, p.redemption_id, p.member_id, p.connection, p.concluded_at,
       (select coalesce(sum(o.quantity), 0) from orders.order_part as o
        where o.program_id = p.program_id and o.redemption_id = p.redemption_id),
       p.concluded_at, p.concluded_at, p.concluded_at
from orders.placement as p
where p.state in ('accepted', 'partial') and p.recorded_at is not null;
