-- What the books' movements are made of: of each row of the points journal, which points of which member's lot it moved, on
-- which day of the books. Kept from here on: of members posted before, from the row after the one they were posted to.
create table reports.entry (
    entry_id bigint not null generated always as identity,
    program_id int not null,
    member_id bigint not null,
    sequence bigint not null,
    event text not null check (event in (
        'opened', 'granted', 'reversed', 'withdrawn', 'repaid_pending', 'repaid_transferred', 'redeemed', 'restored', 'lapsed',
        'given', 'received', 'moved_out', 'moved_in')),
    lot_key int not null,
    lot_month date not null,
    funder text not null,
    day date not null,
    points bigint not null check (points > 0),
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, member_id, sequence, event, lot_key, lot_month, funder)
);
-- A month's figure is opened by its days; the lake takes what is new.
create index entry_day on reports.entry (program_id, day, event, member_id, sequence);
create index entry_window on reports.entry
    using brin (((row_xid::text)::bigint)) with (pages_per_range = 32, autosummarize = on);
create trigger note_change before update on reports.entry for each row execute function lake.note_change();
create trigger locked_stays before insert or update or delete on reports.entry
    for each row execute function reports.guard_locked();
create trigger locked_stays_whole before truncate on reports.entry execute function reports.refuse_change();

-- The member's row of the journal after which entries are kept: 0 is from the beginning, null is not at all yet.
alter table reports.posted add column entries_after bigint;
