-- The star: what metrics read. Points and minor units are whole numbers, times UTC, `day` the date in UTC of the row's
-- own event. program_id leads every key. Keys are told to the planner, not enforced: the loads keep them. `batch` is the
-- batch that a row was last written by.

CREATE SCHEMA IF NOT EXISTS loyalty;

-- Which batch of which table is in: written in the transaction that loads it. A batch that `replaces` holds the whole
-- table, so nothing of an earlier one may come after it. Batches are numbered upwards, a table at a time.
CREATE TABLE IF NOT EXISTS loyalty.load_log (
    table_name VARCHAR(64) NOT NULL,
    batch BIGINT NOT NULL,
    rows BIGINT NOT NULL,
    loaded_at TIMESTAMP NOT NULL,
    replaces BOOLEAN NOT NULL,
    PRIMARY KEY (table_name, batch)
) DISTSTYLE ALL SORTKEY (table_name, loaded_at);

CREATE TABLE IF NOT EXISTS loyalty.dim_date (
    day DATE NOT NULL,
    iso_week SMALLINT NOT NULL,
    iso_year SMALLINT NOT NULL,
    month SMALLINT NOT NULL,
    quarter SMALLINT NOT NULL,
    year SMALLINT NOT NULL,
    weekday SMALLINT NOT NULL,
    is_weekend BOOLEAN NOT NULL,
    PRIMARY KEY (day)
) DISTSTYLE ALL SORTKEY (day);

-- A member's rows touch and never overlap: valid_from <= t < valid_to, the current one has none.
CREATE TABLE IF NOT EXISTS loyalty.dim_member (
    program_id INTEGER NOT NULL,
    member_key VARCHAR(36) NOT NULL,
    tier VARCHAR(100),
    country VARCHAR(2),
    language VARCHAR(2),
    state VARCHAR(40),
    joined_on DATE NOT NULL,
    valid_from TIMESTAMP NOT NULL,
    valid_to TIMESTAMP,
    is_current BOOLEAN NOT NULL,
    claimed_on DATE,
    PRIMARY KEY (program_id, member_key, valid_from)
) DISTKEY (member_key) SORTKEY (program_id, member_key, valid_from);

CREATE TABLE IF NOT EXISTS loyalty.dim_preference (
    program_id INTEGER NOT NULL,
    member_key VARCHAR(36) NOT NULL,
    language VARCHAR(2),
    wants_email BOOLEAN,
    wants_sms BOOLEAN,
    batch BIGINT NOT NULL,
    PRIMARY KEY (program_id, member_key)
) DISTKEY (member_key) SORTKEY (program_id, member_key);

CREATE TABLE IF NOT EXISTS loyalty.dim_product (
    program_id INTEGER NOT NULL,
    asin VARCHAR(10) NOT NULL,
    title VARCHAR(2000),
    brand VARCHAR(400),
    category VARCHAR(200),
    price_minor BIGINT,
    currency VARCHAR(3),
    available BOOLEAN,
    first_seen_at TIMESTAMP,
    checked_at TIMESTAMP,
    batch BIGINT NOT NULL,
    PRIMARY KEY (program_id, asin)
) DISTSTYLE ALL SORTKEY (program_id, asin);

CREATE TABLE IF NOT EXISTS loyalty.dim_campaign (
    program_id INTEGER NOT NULL,
    campaign VARCHAR(200) NOT NULL,
    state VARCHAR(40),
    since TIMESTAMP,
    started_at TIMESTAMP,
    batch BIGINT NOT NULL,
    PRIMARY KEY (program_id, campaign)
) DISTSTYLE ALL SORTKEY (program_id, campaign);

CREATE TABLE IF NOT EXISTS loyalty.dim_tier (
    program_id INTEGER NOT NULL,
    tier VARCHAR(100) NOT NULL,
    rank INTEGER NOT NULL,
    name VARCHAR(400),
    batch BIGINT NOT NULL,
    PRIMARY KEY (program_id, tier)
) DISTSTYLE ALL SORTKEY (program_id, tier);

CREATE TABLE IF NOT EXISTS loyalty.ref_rate (
    program_id INTEGER NOT NULL,
    version INTEGER NOT NULL,
    applies_from DATE,
    currency VARCHAR(3),
    point_value_micros BIGINT,
    deferred_micros BIGINT,
    cost_micros BIGINT,
    breakage_basis_points INTEGER,
    batch BIGINT NOT NULL,
    minor_micros INTEGER,
    curve VARCHAR(1440),
    curve_months SMALLINT,
    PRIMARY KEY (program_id, version)
) DISTSTYLE ALL SORTKEY (program_id, version);

-- One leg of the journal.
CREATE TABLE IF NOT EXISTS loyalty.fact_points_entry (
    program_id INTEGER NOT NULL,
    op_id VARCHAR(36) NOT NULL,
    leg SMALLINT NOT NULL,
    member_key VARCHAR(36),
    sequence BIGINT,
    kind VARCHAR(20) NOT NULL,
    debit_account VARCHAR(20) NOT NULL,
    credit_account VARCHAR(20) NOT NULL,
    points BIGINT NOT NULL,
    occurred_at TIMESTAMP NOT NULL,
    booked_at TIMESTAMP,
    day DATE NOT NULL,
    PRIMARY KEY (program_id, op_id, leg)
) DISTKEY (member_key) SORTKEY (program_id, day);

-- Points by day, funder, month of the lot and what happened.
CREATE TABLE IF NOT EXISTS loyalty.fact_points_movement (
    program_id INTEGER NOT NULL,
    day DATE NOT NULL,
    funder VARCHAR(100) NOT NULL,
    lot_month DATE NOT NULL,
    event VARCHAR(32) NOT NULL,
    points BIGINT NOT NULL,
    batch BIGINT NOT NULL,
    PRIMARY KEY (program_id, day, funder, lot_month, event)
) DISTSTYLE EVEN SORTKEY (program_id, day);

-- What movements are made of: points of one member's lot, on the books' day. Of one row of the journal there may be several.
CREATE TABLE IF NOT EXISTS loyalty.fact_lot_entry (
    program_id INTEGER NOT NULL,
    entry_id BIGINT NOT NULL,
    member_key VARCHAR(36),
    sequence BIGINT NOT NULL,
    event VARCHAR(32) NOT NULL,
    lot VARCHAR(20) NOT NULL,
    lot_month DATE NOT NULL,
    funder VARCHAR(100) NOT NULL,
    day DATE NOT NULL,
    points BIGINT NOT NULL,
    PRIMARY KEY (program_id, entry_id)
) DISTKEY (member_key) SORTKEY (program_id, day);

CREATE TABLE IF NOT EXISTS loyalty.fact_accrual (
    program_id INTEGER NOT NULL,
    op_id VARCHAR(36) NOT NULL,
    member_key VARCHAR(36),
    partner VARCHAR(100),
    funder VARCHAR(100),
    campaign VARCHAR(200),
    points BIGINT NOT NULL,
    unit_cost_micros BIGINT,
    occurred_at TIMESTAMP NOT NULL,
    day DATE NOT NULL,
    PRIMARY KEY (program_id, op_id)
) DISTKEY (member_key) SORTKEY (program_id, day);

-- One line of a redemption. Points and money are what the line cost for the units that were accepted, after what came
-- back; tier_then the member's tier when they redeemed. Made from base.*, again whenever one of its parts changes.
CREATE TABLE IF NOT EXISTS loyalty.fact_redemption_line (
    program_id INTEGER NOT NULL,
    redemption_id VARCHAR(36) NOT NULL,
    line_number INTEGER NOT NULL,
    member_key VARCHAR(36),
    tier_then VARCHAR(100),
    asin VARCHAR(10) NOT NULL,
    category VARCHAR(200),
    campaign VARCHAR(200),
    currency VARCHAR(3),
    units_ordered INTEGER NOT NULL,
    units_accepted INTEGER NOT NULL,
    units_returned INTEGER NOT NULL,
    units_refused INTEGER NOT NULL,
    points BIGINT NOT NULL,
    money_minor BIGINT NOT NULL,
    discount_minor BIGINT NOT NULL,
    outcome VARCHAR(40),
    redeemed_at TIMESTAMP NOT NULL,
    day DATE NOT NULL,
    title VARCHAR(2000),
    reasons VARCHAR(1000),
    state VARCHAR(40),
    PRIMARY KEY (program_id, redemption_id, line_number)
) DISTKEY (member_key) SORTKEY (program_id, day);

-- days_to_ship counts from the redemption, days_to_deliver from the shipping; on_time is null until it is known.
CREATE TABLE IF NOT EXISTS loyalty.fact_shipment (
    program_id INTEGER NOT NULL,
    redemption_id VARCHAR(36) NOT NULL,
    shipment_key VARCHAR(64) NOT NULL,
    member_key VARCHAR(36),
    units INTEGER,
    redeemed_at TIMESTAMP,
    shipped_at TIMESTAMP,
    delivered_at TIMESTAMP,
    promised_to TIMESTAMP,
    undeliverable BOOLEAN,
    days_to_ship INTEGER,
    days_to_deliver INTEGER,
    on_time BOOLEAN,
    day DATE,
    PRIMARY KEY (program_id, redemption_id, shipment_key)
) DISTKEY (member_key) SORTKEY (program_id, day);

CREATE TABLE IF NOT EXISTS loyalty.fact_money (
    program_id INTEGER NOT NULL,
    redemption_id VARCHAR(36) NOT NULL,
    kind VARCHAR(16) NOT NULL,
    number INTEGER NOT NULL,
    amount_minor BIGINT NOT NULL,
    currency VARCHAR(3),
    state VARCHAR(40),
    happened_at TIMESTAMP,
    batch BIGINT NOT NULL,
    day DATE,
    PRIMARY KEY (program_id, redemption_id, kind, number)
) DISTKEY (redemption_id) SORTKEY (program_id, day);

-- One line of a vendor's invoice or credit memo; `day` is when it was issued.
CREATE TABLE IF NOT EXISTS loyalty.fact_invoice_line (
    program_id INTEGER NOT NULL,
    invoice_id VARCHAR(36) NOT NULL,
    line_number INTEGER NOT NULL,
    invoice_kind VARCHAR(32),
    number VARCHAR(100),
    issued_on DATE,
    currency VARCHAR(3),
    state VARCHAR(40),
    posted_at TIMESTAMP,
    kind VARCHAR(32),
    asin VARCHAR(100),
    quantity INTEGER,
    amount_minor BIGINT,
    redemption_id VARCHAR(36),
    day DATE,
    PRIMARY KEY (program_id, invoice_id, line_number)
) DISTKEY (redemption_id) SORTKEY (program_id, day);

CREATE TABLE IF NOT EXISTS loyalty.fact_tier_change (
    program_id INTEGER NOT NULL,
    change_id VARCHAR(36) NOT NULL,
    member_key VARCHAR(36),
    sequence BIGINT NOT NULL,
    from_tier VARCHAR(100) NOT NULL,
    to_tier VARCHAR(100) NOT NULL,
    direction VARCHAR(16),
    cause VARCHAR(32),
    changed_at TIMESTAMP NOT NULL,
    day DATE NOT NULL,
    PRIMARY KEY (program_id, change_id)
) DISTKEY (member_key) SORTKEY (program_id, day);

CREATE TABLE IF NOT EXISTS loyalty.fact_participation (
    program_id INTEGER NOT NULL,
    campaign VARCHAR(200) NOT NULL,
    member_key VARCHAR(36) NOT NULL,
    held_out BOOLEAN NOT NULL,
    PRIMARY KEY (program_id, campaign, member_key)
) DISTKEY (member_key) SORTKEY (program_id, campaign);

CREATE TABLE IF NOT EXISTS loyalty.fact_wish (
    program_id INTEGER NOT NULL,
    member_key VARCHAR(36) NOT NULL,
    asin VARCHAR(10) NOT NULL,
    added_at TIMESTAMP,
    batch BIGINT NOT NULL,
    day DATE,
    PRIMARY KEY (program_id, member_key, asin)
) DISTKEY (member_key) SORTKEY (program_id, day);

-- Whether a product could be had, from `noted_at` until its next row.
CREATE TABLE IF NOT EXISTS loyalty.fact_availability (
    program_id INTEGER NOT NULL,
    asin VARCHAR(10) NOT NULL,
    noted_at TIMESTAMP NOT NULL,
    state VARCHAR(20) NOT NULL,
    quantity BIGINT,
    delivery_days INTEGER,
    price_minor BIGINT,
    day DATE NOT NULL,
    PRIMARY KEY (program_id, asin, noted_at)
) DISTKEY (asin) SORTKEY (program_id, day);

-- A product's page was open. Its category is the product's now (dim_product); whose the key is, dim_viewer says.
CREATE TABLE IF NOT EXISTS loyalty.fact_catalogue_view (
    program_id INTEGER NOT NULL,
    event_key VARCHAR(36) NOT NULL,
    viewer_key VARCHAR(36) NOT NULL,
    asin VARCHAR(10) NOT NULL,
    came_from VARCHAR(20) NOT NULL,
    seen_at TIMESTAMP NOT NULL,
    day DATE NOT NULL,
    PRIMARY KEY (program_id, event_key)
) DISTKEY (viewer_key) SORTKEY (program_id, day);

-- Members who want what is shown to be chosen for them. Whoever wants it no more is not here.
CREATE TABLE IF NOT EXISTS loyalty.dim_personalised (
    program_id INTEGER NOT NULL,
    member_key VARCHAR(36) NOT NULL,
    batch BIGINT NOT NULL,
    PRIMARY KEY (program_id, member_key)
) DISTKEY (member_key) SORTKEY (program_id, member_key);

-- Of those who want what they look at to be kept; whoever wants it no more is not here, and their views are nobody's.
CREATE TABLE IF NOT EXISTS loyalty.dim_viewer (
    program_id INTEGER NOT NULL,
    viewer_key VARCHAR(36) NOT NULL,
    member_key VARCHAR(36) NOT NULL,
    batch BIGINT NOT NULL,
    PRIMARY KEY (program_id, viewer_key)
) DISTKEY (viewer_key) SORTKEY (program_id, viewer_key);
