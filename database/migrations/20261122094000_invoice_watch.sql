-- Shipments whose invoice did not come by itself, and what was done about each.

create index shipment_shipped on orders.shipment (program_id, shipped_at) where shipped_at is not null;

-- How far each programme's shipments were looked through, and how the months stand.
create table invoices.watch (
    program_id integer primary key references programme.program,
    looked_until timestamptz not null,
    -- Months that ended, whose charges and invoices differ; counted then.
    months_differing integer not null default 0 check (months_differing >= 0),
    counted_at timestamptz,
    row_xid xid8 not null default pg_current_xact_id()
);

-- due: it is to be asked for. asked: Amazon makes the paper. fetched: the paper is here. came: another paper brought it.
-- given_up: a person has a case.
create table invoices.fetch (
    program_id integer not null references programme.program,
    redemption_id uuid not null,
    shipment_key text not null,
    amazon_order_id text not null,
    shipment_id text,
    ordered_at timestamptz not null,
    shipped_at timestamptz not null,
    state text not null default 'due' check (state in ('due', 'asked', 'fetched', 'came', 'given_up')),
    invoice_number text check (length(invoice_number) between 1 and 100),
    report_id text check (length(report_id) between 1 and 200),
    asked_at timestamptz,
    tries integer not null default 0 check (tries >= 0),
    -- When it is looked at next; null: never again.
    next_at timestamptz,
    -- Why the last try came to nothing.
    reason text check (reason ~ '^[a-z][a-z0-9_]{0,59}$'),
    document_id uuid,
    case_id uuid,
    noticed_at timestamptz not null,
    ended_at timestamptz,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, redemption_id, shipment_key),
    foreign key (program_id, document_id) references invoices.document,
    check ((state = 'asked') = (report_id is not null)),
    check ((state = 'fetched') = (document_id is not null)),
    check ((state in ('fetched', 'came', 'given_up')) = (ended_at is not null)),
    check (state <> 'given_up' or case_id is not null),
    check (state not in ('due', 'asked') or next_at is not null)
);
create index fetch_next on invoices.fetch (next_at) where next_at is not null;
