-- Orders at Amazon Business: one placement a redemption, the queue they wait in, the rate they are sent at.

-- Amazon counts calls by connection and operation, whichever programme makes them: so do we, across programmes.
create table orders.bucket (
    connection text not null,
    operation text not null,
    tokens numeric not null check (tokens >= 0),
    refilled_at timestamptz not null,
    -- After a 429: nothing is sent before, whatever the count says.
    closed_until timestamptz,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (connection, operation)
);

-- Whether orders can be placed at all: a revoked authorization or a failed company card stops the programmes that
-- order through the connection, never one member at a time.
create table orders.connection (
    connection text primary key,
    state text not null default 'working' check (state in ('working', 'paused')),
    reason text,
    since timestamptz not null,
    next_probe_at timestamptz,
    row_xid xid8 not null default pg_current_xact_id()
);

create sequence orders.queue_number;

create table orders.placement (
    program_id integer not null references programme.program,
    redemption_id uuid not null,
    member_id bigint not null,
    address_id uuid not null,
    connection text not null,
    region text not null,
    currency text not null,
    -- The name of the order at Amazon, stored before the first call: the redemption's id. Only an order that Amazon has
    -- refused as a whole, for a reason that is not the order's, is asked for again under a name of its own.
    external_id text not null unique,
    purchase_order_number text not null,
    state text not null default 'planned' check (state in
        ('planned', 'queued', 'sent', 'unknown', 'accepted', 'partial', 'rejected', 'withdrawn')),
    queue_number bigint unique,
    queued_at timestamptz,
    task_token text,
    -- When it wants to be looked at next, and until when somebody is doing so.
    due_at timestamptz,
    lease_until timestamptz,
    lease_id uuid,
    sends integer not null default 0,
    look_ups integer not null default 0,
    not_found_count integer not null default 0,
    not_found_since timestamptz,
    resends integer not null default 0,
    -- Asking goes on, but the state machine is told that nobody knows.
    given_up_at timestamptz,
    sent_at timestamptz,
    concluded_at timestamptz,
    -- What Amazon answered, in our words; the Order Information function writes it out into order_part.
    result jsonb,
    recorded_at timestamptz,
    answered_at timestamptz,
    created_at timestamptz not null,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, redemption_id),
    check (state in ('planned', 'withdrawn') or queue_number is not null),
    check ((state in ('accepted', 'partial', 'rejected')) = (concluded_at is not null))
);
create index placement_due on orders.placement (connection, state, queue_number)
    where state in ('queued', 'sent', 'unknown');
create index placement_unanswered on orders.placement (queue_number)
    where task_token is not null and answered_at is null;

create table orders.placement_line (
    program_id integer not null,
    redemption_id uuid not null,
    line_number integer not null,
    asin text not null,
    offer_id text,
    quantity integer not null check (quantity > 0),
    -- What the quote said, and the most we let Amazon take: the difference is the programme's to absorb.
    expected_unit_price_minor bigint not null check (expected_unit_price_minor >= 0),
    expected_shipping_minor bigint not null check (expected_shipping_minor >= 0),
    expected_tax_minor bigint not null check (expected_tax_minor >= 0),
    limit_unit_price_minor bigint not null,
    limit_shipping_minor bigint,
    limit_tax_minor bigint,
    accepted_quantity integer check (accepted_quantity between 0 and quantity),
    rejected_quantity integer check (rejected_quantity between 0 and quantity),
    -- Kinds of artifact (BrokenUnitPriceExpectation, UnavailableQuantity, …), never Amazon's prose.
    reasons text[] not null default '{}',
    charged_minor bigint,
    -- What the accepted units cost us beyond the quote; below zero when they were cheaper.
    variance_minor bigint,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, redemption_id, line_number),
    foreign key (program_id, redemption_id) references orders.placement,
    check (limit_unit_price_minor >= expected_unit_price_minor),
    check (accepted_quantity + rejected_quantity = quantity)
);

-- So many units of a line in one Amazon order: one line may be spread over several; the further parts of a bundle count
-- no units. Insert-only.
create table orders.order_part (
    program_id integer not null,
    redemption_id uuid not null,
    line_number integer not null,
    part_number integer not null,
    amazon_order_id text,
    quantity integer not null check (quantity >= 0),
    unit_price_minor bigint,
    charged_minor bigint not null,
    shipping_minor bigint not null,
    tax_minor bigint not null,
    delivery_earliest timestamptz,
    delivery_latest timestamptz,
    recorded_at timestamptz not null,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, redemption_id, line_number, part_number),
    foreign key (program_id, redemption_id, line_number) references orders.placement_line
);
create index order_part_amazon on orders.order_part (program_id, amazon_order_id);
