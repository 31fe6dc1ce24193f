-- What a member was promised, to the point and to the cent. Rows are never changed; the token the member holds is
-- an HMAC over them.
create table redemptions.quote (
    program_id integer not null references programme.program,
    quote_id uuid not null,
    member_id bigint not null,
    address_id uuid not null,
    programme_version integer not null,
    currency text not null check (currency ~ '^[A-Z]{3}$'),
    partial_policy text not null check (partial_policy in ('send_what_you_can', 'all_or_nothing')),
    -- Tax and shipping are not what Amazon answered for exactly this order.
    estimated boolean not null,
    -- Same lines, same address, same rules, same day's price: the member's second look finds the first quote.
    basket_hash bytea not null check (length(basket_hash) = 32),
    created_at timestamptz not null,
    expires_at timestamptz not null check (expires_at > created_at),
    total_minor bigint not null check (total_minor > 0),
    points_full bigint not null check (points_full > 0),
    points_min bigint not null check (points_min >= 0),
    points_max bigint not null check (points_max between points_min and points_full),
    points_step bigint not null check (points_step > 0),
    shipping_total_minor bigint not null check (shipping_total_minor >= 0),
    tax_total_minor bigint not null check (tax_total_minor >= 0),
    delivery_earliest timestamptz,
    delivery_latest timestamptz,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, quote_id)
);
create index quote_basket on redemptions.quote (program_id, member_id, basket_hash);

create table redemptions.quote_line (
    program_id integer not null,
    quote_id uuid not null,
    line_number integer not null check (line_number between 1 and 50),
    asin text not null,
    offer_id text not null,
    title text not null,
    image_url text,
    quantity integer not null check (quantity between 1 and 999),
    -- What one unit costs the member, all in, and the points that pay all of it.
    unit_price_minor bigint not null check (unit_price_minor > 0),
    unit_points_full bigint not null check (unit_points_full > 0),
    -- What Amazon said: the price of one unit, and shipping and tax of the whole line.
    expected_unit_price_minor bigint not null check (expected_unit_price_minor >= 0),
    expected_shipping_minor bigint not null check (expected_shipping_minor >= 0),
    expected_tax_minor bigint not null check (expected_tax_minor >= 0),
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, quote_id, line_number),
    foreign key (program_id, quote_id) references redemptions.quote (program_id, quote_id)
);

-- The buyer has one cart at Amazon: who estimates with it holds it until then.
create table redemptions.cart_turn (
    connection text primary key,
    held_until timestamptz not null,
    row_xid xid8 not null default pg_current_xact_id()
);
