-- Campaign budgets: money that a funder put up, and every use of it. The rules are in database/points/budget.sql.
-- All amounts are millionths of the currency (*_micros), so that no point's price is ever rounded.

-- One a campaign; `pot_micros` is what no slice has.
create table points.budget (
    program_id int not null references programme.program,
    campaign text not null,
    funder text not null,
    currency text not null check (currency ~ '^[A-Z]{3}$'),
    minor_micros int not null check (minor_micros in (1000, 10000, 1000000)),
    -- Far below a bigint's end, and every sum of it too.
    budget_micros bigint not null check (budget_micros between 0 and 1000000000000000000),
    pot_micros bigint not null check (pot_micros between 0 and budget_micros),
    member_cap_points bigint check (member_cap_points > 0),
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, campaign)
) with (fillfactor = 50);

-- The same money in 64 rows, so that those who spend at once do not stand in one queue.
create table points.budget_slice (
    program_id int not null,
    campaign text not null,
    slice smallint not null check (slice between 0 and 63),
    left_micros bigint not null,
    reserved_micros bigint not null default 0,
    spent_micros bigint not null default 0,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, campaign, slice),
    foreign key (program_id, campaign) references points.budget (program_id, campaign),
    constraint nothing_below_zero check (least(left_micros, reserved_micros, spent_micros) >= 0)
) with (fillfactor = 20);

-- What it was used for: a purchase's bonus (op_id is the purchase's accrual) or a quote's discount (op_id is the quote).
create table points.budget_use (
    program_id int not null,
    op_id uuid not null,
    campaign text not null,
    kind text not null check (kind in ('bonus', 'discount')),
    member_id bigint not null,
    funder text not null,
    slice smallint not null check (slice between 0 and 63),
    -- A bonus: what the campaign promised, what the budget paid, and the price of one point.
    asked_points bigint not null check (asked_points >= 0),
    paid_points bigint not null check (paid_points between 0 and asked_points),
    unit_cost_micros bigint check (unit_cost_micros >= 0),
    -- What counts against the member's cap now: bonus points not taken back, or points saved.
    points bigint not null check (points between 0 and paid_points),
    reserved_micros bigint not null default 0 check (reserved_micros >= 0),
    reserved_until timestamptz,
    spent_micros bigint not null default 0 check (spent_micros >= 0),
    created_at timestamptz not null,
    row_xid xid8 not null default pg_current_xact_id(),
    -- No reference to the budget: each use would leave its mark on that one row.
    primary key (program_id, op_id, campaign),
    check (reserved_micros = 0 or (kind = 'discount' and spent_micros = 0 and reserved_until is not null)),
    check (kind <> 'bonus' or spent_micros = points * unit_cost_micros)
) with (fillfactor = 80);
create index budget_use_member on points.budget_use (program_id, campaign, member_id);
create index budget_use_lapsing on points.budget_use (program_id, campaign, reserved_until) where reserved_micros > 0;

-- Which campaign makes the line cheaper, and what it would cost without; and of what the quote had to do without.
alter table redemptions.quote add column campaigns_left_out jsonb;
alter table redemptions.quote_line
    add column campaign text,
    add column unit_points_normal bigint,
    add constraint a_campaign_is_kinder check (
        num_nulls(campaign, unit_points_normal) in (0, 2) and unit_points_normal > unit_points_full);
alter table redemptions.line
    add column campaign text,
    add column unit_discount_minor bigint not null default 0 check (unit_discount_minor >= 0),
    add column unit_saved_points bigint not null default 0 check (unit_saved_points >= 0);

-- What funders pay, by campaign: bonus points beside the partners' own, and discounts in money.
alter table reports.funding add column campaign text not null default '';
alter table reports.funding drop constraint funding_pkey;
alter table reports.funding add primary key (program_id, day, funder, unit_cost_micros, campaign);
create table reports.discount (
    program_id int not null,
    day date not null,
    funder text not null,
    campaign text not null,
    redemptions int not null,
    amount_minor bigint not null,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, day, funder, campaign)
);
create trigger locked_stays before insert or update or delete on reports.discount
    for each row execute function reports.guard_locked();
create trigger locked_stays_whole before truncate on reports.discount execute function reports.refuse_change();
