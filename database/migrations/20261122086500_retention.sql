-- When each rule of the retention is looked at again: what is old becomes so day by day, and tables are large.
create table privacy.retention_mark (
    rule text primary key,
    due_at timestamptz not null,
    row_xid xid8 not null default pg_current_xact_id()
);
