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
