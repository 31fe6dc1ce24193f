-- Points that one member gave another, between the giver's row of the journal and the receiver's: what they are worth goes
-- with them.
create table reports.transit (
    program_id int not null,
    -- The giver's operation.
    op_id uuid not null,
    lot_key int not null,
    lot_month date not null,
    funder text not null,
    points bigint not null check (points > 0),
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, op_id, lot_key, lot_month, funder)
);
-- The receiver's rows name the giver's operation and not the giver.
create index journal_given on points.journal (program_id, op_id) where cr = 16;

-- Given points that pay what their receiver owes.
alter table reports.movement drop constraint movement_event_check;
alter table reports.movement add constraint movement_event_check check (event in (
    'opened', 'granted', 'reversed', 'withdrawn', 'owed', 'written_off', 'repaid', 'repaid_pending', 'repaid_granted',
    'repaid_transferred', 'redeemed', 'lapsed', 'delivered'));

create index delivery_redemption on reports.delivery (program_id, redemption_id);
