-- The books: what the points mean in money. How they are kept is in database/reports/*.sql and docs/books.md.
create schema reports;

-- What finance says a point is worth. A version applies from the first day of a month, once a second person approved it.
create table reports.rate (
    program_id int not null references programme.program,
    version int not null check (version > 0),
    applies_from date not null check (extract(day from applies_from) = 1),
    -- Which of the two books is posted, and when redeemed points become revenue: for the life of the books.
    accounting_model text not null check (accounting_model in ('deferred_revenue', 'redemption_cost')),
    recognise_at text not null check (recognise_at in ('settlement', 'delivery')),
    currency text not null check (currency ~ '^[A-Z]{3}$'),
    -- How many millionths of the currency its smallest unit is: 10000 for cents.
    minor_micros int not null check (minor_micros in (1000, 10000, 1000000)),
    -- Deferred revenue. What a point is worth to a member, what goods one point is earned with sell for, and how many
    -- of 10,000 points will never be redeemed.
    point_value_micros bigint not null check (point_value_micros between 0 and 1000000000),
    sales_micros bigint not null check (sales_micros between 1 and 1000000000000),
    breakage_basis_points int not null check (breakage_basis_points between 0 and 9900),
    -- The part of a sale that belongs to one point: by relative selling prices, less expected breakage; half up.
    deferred_micros bigint not null generated always as (div(
        2 * point_value_micros::numeric * (10000 - breakage_basis_points) * sales_micros
            + sales_micros::numeric * 10000 + point_value_micros::numeric * (10000 - breakage_basis_points),
        2 * (sales_micros::numeric * 10000 + point_value_micros::numeric * (10000 - breakage_basis_points)))::bigint) stored,
    -- Redemption cost. What redeeming a point costs, and how many of 10,000 outstanding points will still be redeemed
    -- when they are 0, 1, 2 … months old; the last value is for all older ones.
    cost_micros bigint not null check (cost_micros between 0 and 1000000000),
    curve int[] not null check (
        cardinality(curve) between 1 and 240 and 0 <= all (curve) and 10000 >= all (curve)
        and array_position(curve, null) is null),
    -- The general ledger's code of each of our accounts; our own name where there is none.
    accounts jsonb not null default '{}' check (jsonb_typeof(accounts) = 'object'),
    note text not null,
    proposed_by text not null,
    proposed_at timestamptz not null,
    approved_by text,
    approved_at timestamptz,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, version),
    constraint approved_by_somebody_else check (approved_by <> proposed_by),
    check (num_nulls(approved_by, approved_at) in (0, 2))
);

create function reports.refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'reports.% stays as it was written', tg_table_name using errcode = 'restrict_violation';
end $$;
create function reports.guard_rate() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' or old.approved_at is not null
        -- The generated column is not there yet; it follows from the others.
        or (to_jsonb(new) - '{approved_by,approved_at,row_xid,deferred_micros}'::text[])
            <> (to_jsonb(old) - '{approved_by,approved_at,row_xid,deferred_micros}'::text[]) then
        raise exception 'a proposed rate may only be approved, an approved one stays' using errcode = 'restrict_violation';
    end if;
    return new;
end $$;
create trigger approved_stays before update or delete on reports.rate for each row execute function reports.guard_rate();

-- Days up to here are locked: what comes later is dated after it.
create table reports.period (
    program_id int primary key references programme.program,
    locked_through date,
    row_xid xid8 not null default pg_current_xact_id()
);

-- All rows of transactions before this one have been posted; and of each member, all rows up to this one.
create table reports.mark (
    only_row boolean primary key default true check (only_row),
    below xid8 not null
);
insert into reports.mark (below) values ('0');
create table reports.posted (
    program_id int not null,
    member_id bigint not null,
    sequence bigint not null,
    primary key (program_id, member_id)
) with (fillfactor = 70);

-- Where a member's points come from: of each lot, the month they were earned in and who funds them.
create table reports.source (
    program_id int not null,
    member_id bigint not null,
    lot_key int not null,
    lot_month date not null,
    funder text not null,
    points bigint not null check (points > 0),
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, member_id, lot_key, lot_month, funder)
);

-- The books in points: what happened to the points of a lot month, by accounting day.
create table reports.movement (
    program_id int not null,
    day date not null,
    funder text not null,
    lot_month date not null,
    event text not null check (event in (
        'opened', 'granted', 'reversed', 'withdrawn', 'owed', 'written_off', 'repaid', 'repaid_pending', 'repaid_granted',
        'redeemed', 'lapsed', 'delivered')),
    points bigint not null,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, day, funder, lot_month, event)
);
create function reports.guard_locked() returns trigger language plpgsql as $$
begin
    if exists (
        select from reports.period p where p.program_id = coalesce(new.program_id, old.program_id)
            and p.locked_through >= least(new.day, old.day)) or tg_op = 'DELETE' then
        raise exception 'reports.%: the day is locked', tg_table_name using errcode = 'restrict_violation';
    end if;
    return new;
end $$;
create trigger locked_stays before insert or update or delete on reports.movement
    for each row execute function reports.guard_locked();
create trigger locked_stays_whole before truncate on reports.movement execute function reports.refuse_change();

-- The sums of all locked movements.
create table reports.standing (
    program_id int not null,
    funder text not null,
    lot_month date not null,
    event text not null,
    points bigint not null,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, funder, lot_month, event)
);

-- What funders pay: points issued and taken back, at the price agreed when they were issued.
create table reports.funding (
    program_id int not null,
    day date not null,
    funder text not null,
    unit_cost_micros bigint not null,
    issued bigint not null,
    reversed bigint not null,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, day, funder, unit_cost_micros)
);
create trigger locked_stays before insert or update or delete on reports.funding
    for each row execute function reports.guard_locked();
create trigger locked_stays_whole before truncate on reports.funding execute function reports.refuse_change();

-- Redeemed points whose goods have not arrived yet.
create table reports.undelivered (
    program_id int not null,
    redemption_id uuid not null,
    lot_month date not null,
    funder text not null,
    points bigint not null check (points > 0),
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, redemption_id, lot_month, funder)
);
create table reports.delivery (
    program_id int not null,
    delivery_id uuid not null,
    redemption_id uuid not null,
    points bigint not null check (points > 0),
    delivered_at timestamptz not null,
    actor text not null,
    created_at timestamptz not null,
    primary key (program_id, delivery_id)
);
create trigger append_only before update or delete on reports.delivery
    for each row execute function reports.refuse_change();

-- The general-ledger journal of the locked days, as it was given away.
create table reports.day (
    program_id int not null references programme.program,
    day date not null,
    rate_version int not null,
    currency text not null,
    lines int not null,
    total_minor bigint not null,
    content_hash bytea not null,
    locked_by text not null,
    locked_at timestamptz not null,
    primary key (program_id, day)
);
create table reports.line (
    program_id int not null,
    day date not null,
    line_number int not null,
    book text not null,
    event text not null,
    funder text not null,
    debit_account text not null,
    credit_account text not null,
    debit_code text not null,
    credit_code text not null,
    amount_minor bigint not null check (amount_minor > 0),
    -- The posting's exact sum from the beginning through this day; what all lines of it come to, rounded down, in the
    -- posting's own direction (a correction has the accounts the other way round).
    through_micros numeric not null,
    primary key (program_id, day, line_number),
    foreign key (program_id, day) references reports.day
);
create trigger append_only before update or delete on reports.day for each row execute function reports.refuse_change();
create trigger append_only_whole before truncate on reports.day execute function reports.refuse_change();
create trigger append_only before update or delete on reports.line for each row execute function reports.refuse_change();
create trigger append_only_whole before truncate on reports.line execute function reports.refuse_change();
