-- The lake: what leaves the database for analysis, as views, and the random keys members have there.
create schema lake;

do $$
begin
    -- Comes by a password that is rotated: Glue's JDBC has no other way.
    if not exists (select from pg_roles where rolname = 'lake_reader') then create role lake_reader login; end if;
end
$$;

-- One row: which life of this database this is. After a restore another begins, and everything is exported anew.
create table lake.epoch (
    only_row boolean primary key default true check (only_row),
    epoch uuid not null,
    since timestamptz not null
);

-- What a member is called in the lake: random, nothing of the member is in it. Erasing the member removes the row.
create table lake.member_key (
    program_id integer not null references programme.program,
    member_id bigint not null,
    member_key uuid not null,
    primary key (program_id, member_id),
    unique (member_key)
);

-- ---- what changed since: every source tells by the transaction that wrote the row ------------------------------------
alter table tiers.change add column row_xid xid8 not null default pg_current_xact_id();
alter table payments.capture add column row_xid xid8 not null default pg_current_xact_id();
alter table campaigns.participant add column row_xid xid8 not null default pg_current_xact_id();

-- Summaries: some bytes for each few pages, no write for each row, and a row that changes stays in its page. xid8 has none.
-- Members change anywhere in their table, and movements often: those have a tree. The journal's is points.journal_txid.
create index member_window on members.member (((row_xid::text)::bigint));
create index movement_window on reports.movement (((row_xid::text)::bigint));
create index redemption_window on redemptions.redemption
    using brin (((row_xid::text)::bigint)) with (pages_per_range = 32, autosummarize = on);
create index line_window on redemptions.line
    using brin (((row_xid::text)::bigint)) with (pages_per_range = 32, autosummarize = on);
create index units_back_window on redemptions.units_back
    using brin (((row_xid::text)::bigint)) with (pages_per_range = 32, autosummarize = on);
create index follow_window on orders.follow
    using brin (((row_xid::text)::bigint)) with (pages_per_range = 32, autosummarize = on);
create index capture_window on payments.capture
    using brin (((row_xid::text)::bigint)) with (pages_per_range = 32, autosummarize = on);
create index refund_window on payments.refund
    using brin (((row_xid::text)::bigint)) with (pages_per_range = 32, autosummarize = on);
create index invoice_window on invoices.invoice
    using brin (((row_xid::text)::bigint)) with (pages_per_range = 32, autosummarize = on);
create index invoice_line_window on invoices.line
    using brin (((row_xid::text)::bigint)) with (pages_per_range = 32, autosummarize = on);
create index tier_change_window on tiers.change
    using brin (((row_xid::text)::bigint)) with (pages_per_range = 32, autosummarize = on);
create index participant_window on campaigns.participant
    using brin (((row_xid::text)::bigint)) with (pages_per_range = 32, autosummarize = on);

-- No statement can forget to say that it changed a row.
create function lake.note_change() returns trigger language plpgsql set search_path = pg_catalog as $$
begin
    new.row_xid := pg_current_xact_id();
    return new;
end
$$;
do $$
declare
    source text;
begin
    foreach source in array array[
        'members.member', 'reports.movement', 'redemptions.redemption', 'redemptions.line', 'redemptions.units_back',
        'orders.follow', 'payments.capture', 'payments.refund', 'invoices.invoice', 'invoices.line', 'tiers.change',
        'campaigns.participant'
    ] loop
        execute format('create trigger note_change before update on %s for each row execute function lake.note_change()', source);
    end loop;
end
$$;
