-- The stored copy of what Amazon Business sells us. Each programme has its own: its store, its rules, its prices.
create table catalogue.category (
    program_id integer not null references programme.program,
    category text not null check (length(category) between 1 and 63),
    name text not null,
    -- When its products were last looked for; null: never.
    discovered_at timestamptz,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, category)
);

create table catalogue.product (
    program_id integer not null references programme.program,
    asin text not null check (asin ~ '^[A-Z0-9]{10}$'),
    -- STANDARD, VARIATION_PARENT (never orderable), VARIATION_CHILD, or UNKNOWN until it was fetched.
    kind text not null default 'UNKNOWN',
    title text not null default '',
    brand text not null default '',
    category text,
    category_name text not null default '',
    description text not null default '',
    features text[] not null default '{}',
    details jsonb not null default '{}',
    images jsonb not null default '[]',
    parent_asin text,
    dimensions jsonb not null default '{}',
    star_rating numeric(2, 1),
    number_of_ratings integer,
    -- Rank of popularity, 1 is the most popular; what nobody ranked comes last.
    popularity integer not null default 1000000,
    -- The rule by which it can never be redeemed (loyalty/catalogue/rules.py); null: none.
    refused_for text,
    first_seen_at timestamptz not null,
    -- When Amazon last told us about it and its offers; null: never.
    checked_at timestamptz,
    words tsvector not null generated always as (
        setweight(to_tsvector('english', title), 'A') || setweight(to_tsvector('english', brand), 'A')
        || setweight(to_tsvector('english', category_name), 'B') || setweight(to_tsvector('english', description), 'D')
    ) stored,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, asin)
);
create index product_words on catalogue.product using gin (words);
create index product_children on catalogue.product (program_id, parent_asin) where parent_asin is not null;
create index product_due on catalogue.product (program_id, popularity, checked_at);

create table catalogue.offer (
    program_id integer not null,
    asin text not null,
    offer_id text not null,
    -- Amazon's order of preference, from 0.
    position integer not null,
    -- Null: Amazon told no price.
    price_minor bigint check (price_minor >= 0),
    currency text,
    list_price_minor bigint,
    price_type text,
    in_stock boolean not null,
    -- Null: Amazon did not say how many.
    quantity_in_stock bigint,
    min_quantity integer not null,
    max_quantity integer,
    condition text not null,
    buying_guidance text not null,
    merchant_name text,
    shipping_minor bigint not null check (shipping_minor >= 0),
    delivery_earliest timestamptz,
    delivery_latest timestamptz,
    refused_for text,
    checked_at timestamptz not null,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, asin, offer_id),
    foreign key (program_id, asin) references catalogue.product (program_id, asin)
);
