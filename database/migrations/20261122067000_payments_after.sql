-- The money after the order: several captures, money back, what nobody will pay, and what providers tell us.
alter table payments.payment
    add column member_id bigint,
    add column capture_at text not null default 'acceptance' check (capture_at in ('acceptance', 'shipment')),
    -- What has shipped, and whether that was all: only where money is taken by shipment.
    add column due_minor bigint not null default 0 check (due_minor >= 0),
    add column all_due boolean not null default false,
    -- Of capture_minor: what stopped being owed before it was taken, and what nobody will pay.
    add column reduced_minor bigint not null default 0 check (reduced_minor >= 0),
    add column written_off_minor bigint not null default 0 check (written_off_minor >= 0),
    -- The capture under way, and what the current charge has given so far.
    add column part_minor bigint check (part_minor > 0),
    add column charge_captured_minor bigint not null default 0,
    -- Attempts to collect what a provider refused, and the case a person works on meanwhile.
    add column captures integer not null default 0,
    add column unpaid_attempts integer not null default 0,
    add column unpaid_case_id uuid,
    -- The provider says that something happened to a reservation at rest.
    add column hinted boolean not null default false;

do $$
declare
    old record;
begin
    for old in
        select c.conname from pg_constraint as c
        where c.conrelid = 'payments.payment'::regclass and c.contype = 'c'
          and (pg_get_constraintdef(c.oid) like '%captured_minor <= authorised_minor%'
               or pg_get_constraintdef(c.oid) like '%awaiting_approval%')
    loop
        execute format('alter table payments.payment drop constraint %I', old.conname);
    end loop;
end $$;
alter table payments.payment
    add constraint payment_state check (state in (
        'opened', 'awaiting_approval', 'completing', 'authorised', 'declined', 'abandoned',
        'capturing', 'captured', 'voiding', 'voided', 'unknown', 'unpaid')),
    add constraint taken_or_not_owed
        check (captured_minor >= 0 and captured_minor + reduced_minor + written_off_minor <= coalesce(capture_minor, 0));

-- Insert-only: every capture, so that money back can go where it came from.
create table payments.capture (
    program_id integer not null,
    redemption_id uuid not null,
    capture_number integer not null check (capture_number > 0),
    charge_id text not null,
    amount_minor bigint not null check (amount_minor > 0),
    captured_at timestamptz not null,
    primary key (program_id, redemption_id, capture_number),
    foreign key (program_id, redemption_id) references payments.payment
);
insert into payments.capture(program_id, redemption_id, capture_number, charge_id, amount_minor, captured_at)
select p.program_id, p.redemption_id, 1, p.charge_id, p.captured_minor, coalesce(p.captured_at, p.updated_at)
from payments.payment as p where p.captured_minor > 0;
update payments.payment set charge_captured_minor = captured_minor, captures = 1 where captured_minor > 0;

-- Shipments whose money is due, once each.
create table payments.collection (
    program_id integer not null,
    redemption_id uuid not null,
    event_key text not null check (length(event_key) between 1 and 200),
    amount_minor bigint not null check (amount_minor >= 0),
    is_last boolean not null,
    created_at timestamptz not null,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, redemption_id, event_key),
    foreign key (program_id, redemption_id) references payments.payment
);

-- Money the member no longer owes, once an event: not taken any more, sent back, or never paid in the first place.
create table payments.money_back (
    sequence bigint generated always as identity,
    program_id integer not null,
    redemption_id uuid not null,
    event_key text not null check (length(event_key) between 1 and 200),
    amount_minor bigint not null check (amount_minor > 0),
    reason text not null,
    -- Null while a capture is under way: only its outcome says what there is to send back.
    allocated_at timestamptz,
    reduced_minor bigint not null default 0,
    refund_minor bigint not null default 0,
    forgiven_minor bigint not null default 0,
    created_at timestamptz not null,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, redemption_id, event_key),
    foreign key (program_id, redemption_id) references payments.payment,
    check (allocated_at is null or reduced_minor + refund_minor + forgiven_minor = amount_minor),
    check (reduced_minor >= 0 and refund_minor >= 0 and forgiven_minor >= 0)
);
create index money_back_waiting on payments.money_back (program_id, redemption_id) where allocated_at is null;

-- A part of an event's money on its way back to the capture it came from.
create table payments.refund (
    program_id integer not null,
    redemption_id uuid not null,
    refund_number integer not null check (refund_number > 0),
    event_key text not null,
    capture_number integer not null,
    charge_id text not null,
    amount_minor bigint not null check (amount_minor > 0),
    -- due: nothing sent; sending: sent, perhaps; pending: the provider has it; failed: a person pays it back.
    state text not null default 'due' check (state in ('due', 'sending', 'pending', 'refunded', 'failed')),
    attempt integer not null default 1 check (attempt between 1 and 20),
    refund_id text,
    reason text,
    case_id uuid,
    created_at timestamptz not null,
    begun_at timestamptz,
    ended_at timestamptz,
    next_look_at timestamptz,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, redemption_id, refund_number),
    foreign key (program_id, redemption_id, event_key) references payments.money_back,
    foreign key (program_id, redemption_id, capture_number) references payments.capture,
    check (state <> 'pending' or refund_id is not null),
    check ((state in ('refunded', 'failed')) = (ended_at is not null)),
    check ((state = 'failed') = (case_id is not null)),
    check (state in ('refunded', 'failed') or next_look_at is not null)
);
create index refund_next_look on payments.refund (program_id, next_look_at) where next_look_at is not null;
create unique index refund_at_provider on payments.refund (refund_id) where refund_id is not null;

-- What falls to the programme's own accounts: finance posts these rows. Insert-only; a reversal is a row with the sign turned.
create table payments.house (
    sequence bigint generated always as identity primary key,
    program_id integer not null,
    redemption_id uuid not null,
    account text not null check (account in ('write_off', 'chargeback')),
    key text not null,
    amount_minor bigint not null check (amount_minor <> 0),
    currency text not null,
    reason text not null,
    created_at timestamptz not null,
    unique (program_id, redemption_id, account, key),
    foreign key (program_id, redemption_id) references payments.payment
);

-- What providers told us, once an event; ids and kinds only. A hint, never a fact.
create table payments.notice (
    provider text not null check (provider in ('amazon_pay', 'stripe')),
    event_id text not null check (length(event_id) between 1 and 200),
    kind text not null,
    object_id text not null,
    program_id integer,
    redemption_id uuid,
    received_at timestamptz not null,
    primary key (provider, event_id)
);
create index notice_unmatched on payments.notice (received_at) where redemption_id is null;

-- A bank took money back on the member's word.
create table payments.dispute (
    program_id integer not null,
    redemption_id uuid not null,
    dispute_id text not null,
    state text not null default 'open' check (state in ('open', 'won', 'lost')),
    amount_minor bigint check (amount_minor > 0),
    case_id uuid not null,
    opened_at timestamptz not null,
    ended_at timestamptz,
    next_look_at timestamptz,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, redemption_id, dispute_id),
    foreign key (program_id, redemption_id) references payments.payment
);
create index dispute_next_look on payments.dispute (program_id, next_look_at) where next_look_at is not null;
create index payment_permission on payments.payment (provider, permission_id) where permission_id is not null;
create index payment_charge on payments.payment (provider, charge_id) where charge_id is not null;
update payments.payment set part_minor = capture_minor
where state in ('capturing', 'unknown') and step = 'capture' and capture_minor > 0;

-- The door of providers' notices: it may say that something happened, and nothing else.
do $$
begin
    if not exists (select from pg_roles where rolname = 'payment_webhook') then
        create role payment_webhook login;
    end if;
    if exists (select from pg_roles where rolname = 'rds_iam') then
        grant rds_iam to payment_webhook;
    end if;
end
$$;
