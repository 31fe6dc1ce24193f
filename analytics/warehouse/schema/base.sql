-- The latest row of what several facts are made from, and what has to be made again. Metrics do not read here.

CREATE SCHEMA IF NOT EXISTS base;

-- A member's attributes over time, as loads saw them. The tier is the latest seen: when it changed, tier changes say.
CREATE TABLE IF NOT EXISTS base.member_version (
    program_id INTEGER NOT NULL,
    member_key VARCHAR(36) NOT NULL,
    tier VARCHAR(100),
    country VARCHAR(2),
    language VARCHAR(2),
    state VARCHAR(40),
    joined_at TIMESTAMP NOT NULL,
    claimed_at TIMESTAMP,
    valid_from TIMESTAMP NOT NULL,
    valid_to TIMESTAMP,
    batch BIGINT NOT NULL,
    PRIMARY KEY (program_id, member_key, valid_from)
) DISTKEY (member_key) SORTKEY (program_id, member_key, valid_from);

CREATE TABLE IF NOT EXISTS base.redemption (
    program_id INTEGER NOT NULL,
    redemption_id VARCHAR(36) NOT NULL,
    member_key VARCHAR(36),
    programme_version INTEGER,
    state VARCHAR(40),
    outcome VARCHAR(40),
    points BIGINT,
    money_minor BIGINT,
    settled_points BIGINT,
    released_points BIGINT,
    currency VARCHAR(3),
    estimated BOOLEAN,
    created_at TIMESTAMP NOT NULL,
    closed_at TIMESTAMP,
    batch BIGINT NOT NULL,
    PRIMARY KEY (program_id, redemption_id)
) DISTKEY (redemption_id) SORTKEY (program_id, redemption_id);

CREATE TABLE IF NOT EXISTS base.redemption_line (
    program_id INTEGER NOT NULL,
    redemption_id VARCHAR(36) NOT NULL,
    line_number INTEGER NOT NULL,
    asin VARCHAR(10) NOT NULL,
    title VARCHAR(2000),
    campaign VARCHAR(200),
    quantity INTEGER NOT NULL,
    accepted_quantity INTEGER,
    returned_quantity INTEGER,
    unit_points BIGINT NOT NULL,
    unit_money_minor BIGINT NOT NULL,
    discount_minor BIGINT,
    reasons VARCHAR(1000),
    batch BIGINT NOT NULL,
    PRIMARY KEY (program_id, redemption_id, line_number)
) DISTKEY (redemption_id) SORTKEY (program_id, redemption_id);

CREATE TABLE IF NOT EXISTS base.units_back (
    program_id INTEGER NOT NULL,
    redemption_id VARCHAR(36) NOT NULL,
    line_number INTEGER NOT NULL,
    event_key VARCHAR(64) NOT NULL,
    kind VARCHAR(32),
    caused_by VARCHAR(32),
    quantity INTEGER NOT NULL,
    points BIGINT,
    money_minor BIGINT,
    given_back_at TIMESTAMP,
    PRIMARY KEY (program_id, redemption_id, line_number, event_key)
) DISTKEY (redemption_id) SORTKEY (program_id, redemption_id);

CREATE TABLE IF NOT EXISTS base.shipment (
    program_id INTEGER NOT NULL,
    redemption_id VARCHAR(36) NOT NULL,
    shipment_key VARCHAR(64) NOT NULL,
    units INTEGER,
    shipped_at TIMESTAMP,
    delivered_at TIMESTAMP,
    promised_to TIMESTAMP,
    undeliverable BOOLEAN,
    batch BIGINT NOT NULL,
    PRIMARY KEY (program_id, redemption_id, shipment_key)
) DISTKEY (redemption_id) SORTKEY (program_id, redemption_id);

CREATE TABLE IF NOT EXISTS base.invoice (
    program_id INTEGER NOT NULL,
    invoice_id VARCHAR(36) NOT NULL,
    kind VARCHAR(32),
    number VARCHAR(100),
    issued_on DATE,
    currency VARCHAR(3),
    total_minor BIGINT,
    state VARCHAR(40),
    posted_at TIMESTAMP,
    batch BIGINT NOT NULL,
    PRIMARY KEY (program_id, invoice_id)
) DISTKEY (invoice_id) SORTKEY (program_id, invoice_id);

CREATE TABLE IF NOT EXISTS base.invoice_line (
    program_id INTEGER NOT NULL,
    invoice_id VARCHAR(36) NOT NULL,
    line_number INTEGER NOT NULL,
    kind VARCHAR(32),
    asin VARCHAR(100),
    quantity INTEGER,
    amount_minor BIGINT,
    redemption_id VARCHAR(36),
    batch BIGINT NOT NULL,
    PRIMARY KEY (program_id, invoice_id, line_number)
) DISTKEY (invoice_id) SORTKEY (program_id, invoice_id);

-- Whose derived rows are out of date; filled by the loads, emptied by what makes them again.
CREATE TABLE IF NOT EXISTS base.touched_redemption (
    program_id INTEGER NOT NULL,
    redemption_id VARCHAR(36) NOT NULL
) DISTKEY (redemption_id);

CREATE TABLE IF NOT EXISTS base.touched_member (
    program_id INTEGER NOT NULL,
    member_key VARCHAR(36) NOT NULL
) DISTKEY (member_key);

CREATE TABLE IF NOT EXISTS base.touched_invoice (
    program_id INTEGER NOT NULL,
    invoice_id VARCHAR(36) NOT NULL
) DISTKEY (invoice_id);
