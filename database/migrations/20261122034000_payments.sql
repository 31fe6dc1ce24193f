-- The money part of a redemption: one payment a redemption, what was sent to the provider for it, and how its state moved.
create table payments.payment (
    program_id integer not null,
    redemption_id uuid not null,
    provider text not null check (provider in ('amazon_pay', 'stripe')),
    amount_minor bigint not null check (amount_minor > 0),
    currency text not null check (currency ~ '^[A-Z]{3}$'),
    state text not null default 'opened' check (state in (
        'opened', 'awaiting_approval', 'completing', 'authorised', 'declined', 'abandoned',
        'capturing', 'captured', 'voiding', 'voided', 'unknown')),
    -- What is (or, in state unknown, may have been) under way at the provider.
    step text check (step in ('session', 'complete', 'reauthorise', 'capture', 'void')),
    reason text,
    session_id text,
    approval_url text,
    permission_id text,
    permission_closed_at timestamptz,
    charge_id text,
    charge_cancelled_at timestamptz,
    -- Numbers that make the next idempotency key: a refused call needs a new key, because the refusal is replayed too.
    complete_attempt integer not null default 1,
    charge_generation integer not null default 0,
    authorised_minor bigint not null default 0 check (authorised_minor between 0 and amount_minor),
    authorised_at timestamptz,
    authorisation_expires_at timestamptz,
    capture_minor bigint check (capture_minor between 0 and amount_minor),
    captured_minor bigint not null default 0,
    captured_at timestamptz,
    void_requested_at timestamptz,
    -- The open task of the state machine, so that a worker that died can be followed by another.
    task text check (task in ('authorise', 'capture', 'void')),
    task_token text,
    -- When the worker should look again without being asked.
    next_look_at timestamptz,
    actor text not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, redemption_id),
    check (captured_minor between 0 and authorised_minor),
    check (state <> 'unknown' or step is not null),
    check (state not in ('authorised', 'capturing', 'captured') or charge_id is not null),
    check (captured_minor > 0 or state <> 'captured')
);
create index payment_next_look on payments.payment (program_id, next_look_at) where next_look_at is not null;
create unique index payment_session on payments.payment (provider, session_id);

-- Every call that must not happen twice: its key and its exact request, stored before it is sent.
create table payments.operation (
    program_id integer not null,
    redemption_id uuid not null,
    name text not null,
    idempotency_key text not null check (length(idempotency_key) between 16 and 32),
    request text not null,
    begun_at timestamptz not null,
    concluded_at timestamptz,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, redemption_id, name),
    foreign key (program_id, redemption_id) references payments.payment
);
create unique index operation_key on payments.operation (idempotency_key);

-- Insert-only: how the state moved and why (the provider's reason code, never words about a person).
create table payments.transition (
    sequence bigint generated always as identity primary key,
    program_id integer not null,
    redemption_id uuid not null,
    from_state text,
    to_state text not null,
    step text,
    reason text,
    created_at timestamptz not null,
    foreign key (program_id, redemption_id) references payments.payment
);
create index transition_payment on payments.transition (program_id, redemption_id, sequence);
