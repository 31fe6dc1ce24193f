-- Three pictures of every redemption laid over each other, once a day: the points journal, the payment provider, Amazon.
create schema reconciliation;

do $$
declare
    entry_point text;
begin
    foreach entry_point in array array['reconciliation', 'readoption'] loop
        if not exists (select from pg_roles where rolname = entry_point) then
            execute format('create role %I login', entry_point);
        end if;
        if exists (select from pg_roles where rolname = 'rds_iam') then
            execute format('grant rds_iam to %I', entry_point);
        end if;
    end loop;
end
$$;

-- ---- what Amazon says it has charged ---------------------------------------------------------------------------------

-- Reading Amazon's transactions of a connection, from the first page of a range to its last.
create table reconciliation.feed (
    connection text primary key,
    range_start timestamptz not null,
    range_end timestamptz not null,
    next_token text,
    started_at timestamptz not null,
    finished_at timestamptz,
    pages integer not null default 0,
    -- Every seventh pass reaches far back, for what comes very late.
    passes integer not null default 1,
    row_xid xid8 not null default pg_current_xact_id()
);

-- One transaction, as it was told last: before it is settled its amount may change under the same id.
create table reconciliation.transaction (
    connection text not null,
    transaction_type text not null check (length(transaction_type) between 1 and 40),
    transaction_id text not null check (length(transaction_id) between 1 and 200),
    transacted_at timestamptz,
    feed_at timestamptz,
    currency text not null,
    -- What it costs us: refunds are below zero.
    amount_minor bigint not null,
    -- Amazon's own words, without buyer, payer, names and card digits; and their hash.
    raw jsonb not null,
    content bytea not null,
    -- How often it was told differently than before.
    changes integer not null default 0,
    first_heard_at timestamptz not null,
    last_heard_at timestamptz not null,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (connection, transaction_type, transaction_id)
);

-- Its items; position 0 is what the items leave of the amount, if anything.
create table reconciliation.transaction_line (
    connection text not null,
    transaction_type text not null,
    transaction_id text not null,
    position integer not null check (position >= 0),
    amazon_order_id text,
    purchase_order_number text,
    asin text,
    seller text,
    -- Units charged (above zero) or refunded (below); 0: money only, or not told.
    quantity integer not null,
    currency text not null,
    amount_minor bigint not null,
    principal_minor bigint not null,
    -- Whose it is; null while no order of ours is known by it.
    program_id integer,
    redemption_id uuid,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (connection, transaction_type, transaction_id, position),
    foreign key (connection, transaction_type, transaction_id) references reconciliation.transaction
);
create index transaction_line_redemption on reconciliation.transaction_line (program_id, redemption_id)
    where redemption_id is not null;
create index transaction_line_unknown on reconciliation.transaction_line (connection) where redemption_id is null;

-- ---- what the payment provider says ----------------------------------------------------------------------------------

-- One charge as the provider told it when it was asked last.
create table reconciliation.charge (
    provider text not null,
    charge_id text not null,
    program_id integer not null,
    redemption_id uuid not null,
    -- pending, authorised, captured, declined, cancelled; missing: the provider does not know it.
    state text not null check (state in ('pending', 'authorised', 'captured', 'declined', 'cancelled', 'missing')),
    currency text not null,
    authorised_minor bigint not null,
    captured_minor bigint not null,
    refunded_minor bigint not null,
    asked_at timestamptz not null,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (provider, charge_id)
);
create index charge_redemption on reconciliation.charge (program_id, redemption_id);

-- ---- the comparison --------------------------------------------------------------------------------------------------

create table reconciliation.run (
    program_id integer not null references programme.program,
    day date not null,
    -- fetching: Amazon is read; asking: the provider is asked; comparing; done.
    state text not null default 'fetching' check (state in ('fetching', 'asking', 'comparing', 'done')),
    -- How often the day was begun; what was seen is what stood at `as_of`.
    attempt integer not null default 1,
    as_of timestamptz not null,
    -- Rows that moved in transactions before this one were in it.
    below xid8,
    finished_at timestamptz,
    matched integer,
    explained integer,
    tickets integer,
    orphans integer,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, day),
    check ((state = 'done') = (finished_at is not null))
);

-- What a run is about, and what came of it: the work list and the day's report.
create table reconciliation.item (
    program_id integer not null,
    day date not null,
    redemption_id uuid not null,
    -- The provider was asked about its charges.
    asked_at timestamptz,
    verdict text check (verdict in ('matched', 'explained', 'ticket')),
    -- [{kind, leg (points, money, provider, amazon), amount_minor | points, explained, asin?, seller?}]
    differences jsonb not null default '[]',
    compared_at timestamptz,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, day, redemption_id),
    foreign key (program_id, day) references reconciliation.run
);
create index item_open on reconciliation.item (program_id, day, redemption_id) where verdict is null;

-- How each redemption stands now.
create table reconciliation.subject (
    program_id integer not null,
    redemption_id uuid not null,
    verdict text not null check (verdict in ('matched', 'explained', 'ticket')),
    differences jsonb not null,
    -- Nothing can change in it without a row moving: it is not looked at every day.
    at_rest boolean not null,
    unmatched_since timestamptz,
    case_id uuid,
    -- Differences that a person has accepted: the same again are explained.
    accepted jsonb,
    day date not null,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, redemption_id),
    check ((verdict = 'ticket') = (unmatched_since is not null))
);
create index subject_restless on reconciliation.subject (program_id, redemption_id) where not at_rest;
create index subject_unmatched on reconciliation.subject (unmatched_since) where verdict = 'ticket';

-- What was seen outside and no redemption knows.
create table reconciliation.orphan (
    program_id integer not null references programme.program,
    -- amazon, amazon_pay, stripe; and its id there.
    source text not null check (source in ('amazon', 'amazon_pay', 'stripe')),
    reference text not null check (length(reference) between 1 and 300),
    kind text not null check (kind in ('transaction', 'unreadable', 'charge')),
    currency text,
    amount_minor bigint,
    -- Ids and amounts only.
    detail jsonb not null,
    case_id uuid not null,
    first_seen_at timestamptz not null,
    -- It found its redemption, or a person has decided.
    resolved_at timestamptz,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, source, reference)
);
create index orphan_open on reconciliation.orphan (program_id, first_seen_at) where resolved_at is null;

-- What falls to the programme's own accounts, for finance. Insert-only: a correction is a row with the sign turned.
-- price_variance: what Amazon charged beyond the quote, by product and seller; exception: points that a member could not pay.
create table reconciliation.house (
    sequence bigint generated always as identity primary key,
    program_id integer not null references programme.program,
    redemption_id uuid not null,
    account text not null check (account in ('price_variance', 'exception')),
    key text not null,
    asin text not null default '',
    seller text not null default '',
    reason text not null,
    currency text,
    amount_minor bigint not null default 0,
    points bigint not null default 0,
    day date not null,
    created_at timestamptz not null,
    unique (program_id, redemption_id, account, key),
    check (amount_minor <> 0 or points <> 0),
    check ((amount_minor <> 0) <= (currency is not null))
);
create index house_day on reconciliation.house (program_id, day);

-- ---- after a restore ---------------------------------------------------------------------------------------------------

-- Taking up again what happened after the instant that the database was restored to.
create table reconciliation.readoption (
    restored_to timestamptz primary key,
    begun_at timestamptz not null,
    -- Orders and charges made up to here are looked for.
    reports_end timestamptz not null,
    finished_at timestamptz,
    row_xid xid8 not null default pg_current_xact_id()
);

-- What was found and done, once each. Of an order: none, forward (led on), late (turned back before the order was found),
-- over (its execution had ended without one), lost (a redemption that the database does not know). Of a charge: adopted,
-- kept (its order is lost: a person has it), voided, refunded, refused.
create table reconciliation.adoption (
    restored_to timestamptz not null references reconciliation.readoption,
    subject text not null check (length(subject) between 1 and 300),
    kind text not null check (kind in ('none', 'forward', 'late', 'over', 'lost', 'adopted', 'kept', 'voided', 'refunded',
                                       'refused')),
    program_id integer,
    redemption_id uuid,
    -- The ledger's operations of `late`, minted before their use.
    hold_op_id uuid,
    settle_op_id uuid,
    points bigint not null default 0,
    house_points bigint not null default 0,
    detail jsonb not null default '{}',
    case_id uuid,
    -- A call to a provider: written down before it is made.
    begun_at timestamptz not null,
    done_at timestamptz,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (restored_to, subject)
);
create index adoption_redemption on reconciliation.adoption (redemption_id) where redemption_id is not null;

-- Insert-only.
create function reconciliation.refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'reconciliation.% stays as it was written', tg_table_name using errcode = 'restrict_violation';
end $$;
create trigger append_only before update or delete on reconciliation.house
    for each row execute function reconciliation.refuse_change();
create trigger append_only_whole before truncate on reconciliation.house execute function reconciliation.refuse_change();

-- A charge is asked for by its id, also an earlier one of its payment.
create index capture_charge on payments.capture (charge_id);
