-- The points ledger's tables. What they mean, and every rule, is in database/points/ledger.sql.

-- What a movement is for. `expire` is also written ahead of any other operation that finds lapsed points.
create type points.kind as enum (
    'accrue', 'repay', 'mature', 'hold', 'settle', 'release', 'expire', 'adjust', 'reverse', 'write_off'
);

-- The answer of every operation. Statuses: ok, replay, key_reuse, insufficient, unknown_member, unknown_accrual,
-- hold_not_open, over_hold, over_accrual, invalid. Balances are those after the operation.
create type points.outcome as (
    status text, op_id uuid, version bigint, available bigint, held bigint, pending bigint, debt bigint, amount bigint
);

-- The chart of accounts: a journal row moves `amount` points out of its `dr` account into its `cr` account.
create table points.account (
    account smallint primary key,
    name text not null unique,
    belongs_to text not null check (belongs_to in ('member', 'programme')),
    meaning text not null
);
insert into points.account values
    (1, 'available', 'member', 'points that may be spent; kept in lots by expiry'),
    (2, 'held', 'member', 'points promised to an open redemption, pinned with their lots'),
    (3, 'pending', 'member', 'points earned that may not be spent yet'),
    (4, 'debt', 'member', 'points owed: this account is at or below zero, the member row shows it positive'),
    (10, 'issued', 'programme', 'where earned points come from'),
    (11, 'redeemed', 'programme', 'points exchanged for goods'),
    (12, 'expired', 'programme', 'points that lapsed'),
    (13, 'revoked', 'programme', 'points taken back because the purchase was'),
    (14, 'adjusted', 'programme', 'points given (out of) or taken (into) by hand'),
    (15, 'written_off', 'programme', 'revoked points that nobody could give back');

-- Lots that lapse together are one lot; true if the lots are sorted, positive and add up.
-- A loop and no sum(unnest()): it is a CHECK on the row that every operation writes.
create function points.lots_agree(p_total bigint, p_keys int[], p_amounts bigint[])
returns boolean language plpgsql immutable parallel safe as $$
declare
    v_total bigint := 0;
    v_last int := -2147483648;
begin
    if cardinality(p_keys) <> cardinality(p_amounts) then return false; end if;
    for i in 1 .. cardinality(p_keys) loop
        if p_keys[i] is null or p_keys[i] <= v_last or p_amounts[i] is null or p_amounts[i] <= 0 then
            return false;
        end if;
        v_last := p_keys[i];
        v_total := v_total + p_amounts[i];
    end loop;
    return v_total = p_total;
end $$;

-- One row a member, the only row that operations compete for. No row_xid here: the lake reads the journal's txid.
create table points.member (
    program_id int not null,
    member_id bigint not null,
    available bigint not null default 0,
    held bigint not null default 0,
    pending bigint not null default 0,
    debt bigint not null default 0,
    version bigint not null default 0,
    chain bytea not null default '\x',
    lot_keys int[] not null default '{}',
    lot_amounts bigint[] not null default '{}',
    primary key (program_id, member_id),
    -- One constraint a table: PostgreSQL parses each of them anew for every statement. No lot is below zero, so neither is
    -- their sum.
    constraint available_is_the_sum_of_its_lots check (
        points.lots_agree(available, lot_keys, lot_amounts) and held >= 0 and pending >= 0 and debt >= 0)
) with (fillfactor = 50);
-- Who has lapsed points. Updates stay heap-only as long as the set of lots does not change.
create index member_next_expiry on points.member ((lot_keys[1])) where lot_keys <> '{}';

create table points.hold (
    program_id int not null,
    member_id bigint not null,
    hold_id uuid not null,
    amount bigint not null,
    open bigint not null,
    lot_keys int[] not null,
    lot_amounts bigint[] not null,
    lease_until timestamptz not null,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, member_id, hold_id),
    constraint open_is_the_sum_of_its_lots check (
        points.lots_agree(open, lot_keys, lot_amounts) and amount > 0 and open <= amount)
) with (fillfactor = 70);
create index hold_lease on points.hold (lease_until) where open > 0;

-- Append-only. Partitions by month of the operation's UUIDv7, so that a key is unique for ever and a month can leave.
create table points.journal (
    program_id int not null,
    member_id bigint not null,
    op_id uuid not null,
    leg smallint not null,
    sequence bigint not null,
    kind points.kind not null,
    dr smallint not null,
    cr smallint not null,
    amount bigint not null,
    available_after bigint not null,
    held_after bigint not null,
    pending_after bigint not null,
    debt_after bigint not null,
    lot_keys int[],
    lot_amounts bigint[],
    lot_to int[],
    ref_op uuid,
    reference text,
    actor text not null,
    approver text,
    request_hash bytea not null,
    occurred_at timestamptz not null,
    created_at timestamptz not null,
    txid xid8 not null,
    chain bytea not null,
    primary key (program_id, member_id, op_id, leg),
    check (amount > 0 and dr <> cr)
) partition by range (op_id);
create index journal_statement on points.journal (program_id, member_id, sequence);

-- Where each lot came from, for ever: finance needs funder and cost, reversals need member and expiry.
create table points.accrual (
    program_id int not null,
    op_id uuid not null,
    partner text not null,
    partner_reference text not null,
    member_id bigint not null,
    amount bigint not null check (amount > 0),
    expires_on date,
    pending_until timestamptz,
    funder text not null,
    unit_cost_micros bigint not null,
    campaign text,
    request_hash bytea not null,
    actor text not null,
    occurred_at timestamptz not null,
    created_at timestamptz not null,
    primary key (program_id, op_id),
    unique (program_id, partner, partner_reference)
);

create table points.reversal (
    program_id int not null,
    op_id uuid not null,
    partner text not null,
    partner_reference text not null,
    reversal_reference text not null,
    accrual_op_id uuid not null,
    amount bigint not null check (amount > 0),
    request_hash bytea not null,
    created_at timestamptz not null,
    primary key (program_id, op_id),
    unique (program_id, partner, partner_reference, reversal_reference),
    foreign key (program_id, accrual_op_id) references points.accrual (program_id, op_id)
);
create index reversal_accrual on points.reversal (program_id, accrual_op_id);

-- What of an accrual still waits for its day.
create table points.pending (
    program_id int not null,
    member_id bigint not null,
    accrual_op_id uuid not null,
    amount bigint not null check (amount >= 0),
    expires_on date,
    pending_until timestamptz not null,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, member_id, accrual_op_id)
);
create index pending_due on points.pending (pending_until) where amount > 0;

-- The second wall behind the missing grants: not even the owner changes what was written.
create function points.refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'points.% is append-only', tg_table_name using errcode = 'restrict_violation';
end $$;
create trigger append_only before update or delete on points.journal
    for each row execute function points.refuse_change();
create trigger append_only_whole before truncate on points.journal execute function points.refuse_change();
create trigger append_only before update or delete on points.accrual
    for each row execute function points.refuse_change();
create trigger append_only_whole before truncate on points.accrual execute function points.refuse_change();
create trigger append_only before update or delete on points.reversal
    for each row execute function points.refuse_change();
create trigger append_only_whole before truncate on points.reversal execute function points.refuse_change();
