-- Redeemed points that come back. In one file with nothing that uses the new kind: PostgreSQL wants it committed first.
alter type points.kind add value 'restore';

-- Each is known for ever by what caused it; what it did is in the journal.
create table points.restoration (
    program_id int not null,
    member_id bigint not null,
    hold_id uuid not null,
    event_key text not null,
    op_id uuid not null,
    amount bigint not null check (amount > 0),
    request_hash bytea not null,
    created_at timestamptz not null,
    primary key (program_id, member_id, hold_id, event_key),
    unique (program_id, op_id)
);
create trigger append_only before update or delete on points.restoration
    for each row execute function points.refuse_change();
create trigger append_only_whole before truncate on points.restoration execute function points.refuse_change();

-- ---- units of an order that are given back -------------------------------------------------------------------------

alter table redemptions.line
    add column given_back integer not null default 0,
    add constraint never_more_than_was_accepted check (given_back between 0 and coalesce(accepted_quantity, 0));

-- Append-only: what each event gave back. Points and money are whole per unit, so any sequence of events is exact.
create table redemptions.units_back (
    program_id integer not null,
    redemption_id uuid not null,
    line_number integer not null,
    event_key text not null check (length(event_key) between 1 and 150),
    -- cancelled: they never arrived; returned: they had.
    kind text not null check (kind in ('cancelled', 'returned')),
    reason text not null,
    caused_by text not null check (caused_by in ('member', 'ours')),
    quantity integer not null check (quantity > 0),
    points bigint not null check (points >= 0),
    money_minor bigint not null check (money_minor >= 0),
    -- The ledger's operation, if there were points.
    op_id uuid unique,
    actor text not null,
    given_back_at timestamptz not null,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, redemption_id, line_number, event_key),
    foreign key (program_id, redemption_id, line_number) references redemptions.line,
    check ((points > 0) = (op_id is not null))
);
create function redemptions.refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'redemptions.% is append-only', tg_table_name using errcode = 'restrict_violation';
end $$;
create trigger append_only before update or delete on redemptions.units_back
    for each row execute function redemptions.refuse_change();
create trigger append_only_whole before truncate on redemptions.units_back
    execute function redemptions.refuse_change();

-- ---- the books -----------------------------------------------------------------------------------------------------

alter table reports.movement drop constraint movement_event_check;
alter table reports.movement add constraint movement_event_check check (event in (
    'opened', 'granted', 'reversed', 'withdrawn', 'owed', 'written_off', 'repaid', 'repaid_pending', 'repaid_granted',
    'repaid_transferred', 'redeemed', 'restored', 'lapsed', 'delivered', 'returned'));

-- Whose points a redemption spent, also after its goods have arrived: what is restored is worth what it was. Redemptions that
-- were posted before there was this table are not in it.
create table reports.redeemed (
    program_id int not null,
    redemption_id uuid not null,
    lot_key int not null,
    lot_month date not null,
    funder text not null,
    points bigint not null check (points > 0),
    restored bigint not null default 0 check (restored between 0 and points),
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, redemption_id, lot_key, lot_month, funder)
);

-- How much of each redemption's discount a campaign's funder has been told of.
create table reports.discounted (
    program_id int not null,
    redemption_id uuid not null,
    campaign text not null,
    amount_minor bigint not null check (amount_minor >= 0),
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, redemption_id, campaign)
);
insert into reports.discounted (program_id, redemption_id, campaign, amount_minor)
select r.program_id, r.redemption_id, l.campaign, sum(l.accepted_quantity * l.unit_discount_minor)
from redemptions.redemption r
join redemptions.line l using (program_id, redemption_id)
where l.campaign is not null and exists (
    select from points.journal j
    join reports.posted p on p.program_id = j.program_id and p.member_id = j.member_id and p.sequence >= j.sequence
    where j.program_id = r.program_id and j.member_id = r.member_id and j.ref_op = r.redemption_id and j.cr = 11)
group by 1, 2, 3 having sum(l.accepted_quantity * l.unit_discount_minor) > 0;
