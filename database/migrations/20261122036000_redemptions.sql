-- Redemptions: what a member asked for, how far it has come, and every step it took.
create table redemptions.redemption (
    program_id integer not null references programme.program,
    -- The member's Idempotency-Key, and the root of every name it has outside: unique over all programmes, because
    -- they may share one Amazon connection.
    redemption_id uuid not null unique,
    member_id bigint not null,
    quote_id uuid not null,
    programme_version integer not null,
    address_id uuid not null,
    request_hash bytea not null,
    -- What the member promised: points held (the sum over the lines) and money.
    points bigint not null check (points >= 0),
    money_minor bigint not null check (money_minor >= 0),
    currency text not null,
    partial_policy text not null check (partial_policy in ('send_what_you_can', 'all_or_nothing')),
    capture_at text not null check (capture_at in ('acceptance', 'shipment')),
    return_days integer not null,
    -- held: may be changed. awaiting_payment: may be cancelled. ordering: the order may exist, only forward from here.
    -- cancelled, failed: on the way back. ordered: Amazon's answer is recorded. settled: points are spent. closed: done.
    state text not null default 'held' check (state in
        ('held', 'awaiting_payment', 'ordering', 'settled', 'cancelled', 'failed', 'closed')),
    outcome text check (outcome in ('completed', 'partially_completed', 'cancelled', 'payment_declined',
        'payment_abandoned', 'rejected', 'expired', 'failed')),
    -- The ids of the ledger's operations, minted before their first use so that a retry uses them again.
    settle_op_id uuid not null,
    release_op_id uuid not null,
    accepted_points bigint check (accepted_points between 0 and points),
    accepted_money_minor bigint check (accepted_money_minor between 0 and money_minor),
    settled_points bigint not null default 0,
    released_points bigint not null default 0,
    release_at timestamptz not null,
    approve_until timestamptz not null,
    -- After this the order is not sent any more: price and hold were promised for a time.
    place_before timestamptz not null,
    lease_until timestamptz not null,
    review_reason text,
    case_id uuid,
    -- The state machine's executions: this row is the outbox of the first, the sweeper starts another if one died.
    execution_number integer not null default 0,
    execution_started_at timestamptz,
    execution_checked_at timestamptz,
    actor text not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    closed_at timestamptz,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, redemption_id),
    unique (program_id, quote_id),
    check (points > 0 or money_minor > 0),
    check (settled_points >= 0 and released_points >= 0 and settled_points + released_points <= points),
    check (state <> 'closed' or (settled_points + released_points = points and outcome is not null
                                 and closed_at is not null)),
    check (state <> 'settled' or accepted_points is not null)
);
create index redemption_member on redemptions.redemption (program_id, member_id, redemption_id);
create index redemption_unstarted on redemptions.redemption (created_at)
    where execution_started_at is null and state <> 'closed';
create index redemption_open on redemptions.redemption (lease_until) where state <> 'closed';

create table redemptions.line (
    program_id integer not null,
    redemption_id uuid not null,
    line_number integer not null,
    asin text not null,
    title text not null,
    image_url text,
    quantity integer not null check (quantity > 0),
    -- Points and money are whole per unit, so any part of a line is exact.
    unit_points bigint not null check (unit_points >= 0),
    unit_money_minor bigint not null check (unit_money_minor >= 0),
    accepted_quantity integer check (accepted_quantity between 0 and quantity),
    reasons text[] not null default '{}',
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, redemption_id, line_number),
    foreign key (program_id, redemption_id) references redemptions.redemption
);

-- Insert-only: the timeline. `detail` holds amounts, counts and codes.
create table redemptions.event (
    event_id uuid primary key,
    program_id integer not null,
    redemption_id uuid not null,
    event_number bigint generated always as identity,
    kind text not null,
    detail jsonb not null default '{}',
    occurred_at timestamptz not null,
    row_xid xid8 not null default pg_current_xact_id(),
    foreign key (program_id, redemption_id) references redemptions.redemption
);
create index event_redemption on redemptions.event (program_id, redemption_id, event_number);
