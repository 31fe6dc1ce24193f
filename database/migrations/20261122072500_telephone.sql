-- Codes sent to a number that a member says is theirs, as salted hashes; kept for some days, because they count.
create table members.phone_code (
    program_id integer not null,
    member_id bigint not null,
    code_id uuid not null,
    phone text not null check (phone ~ '^\+[1-9][0-9]{6,14}$'),
    salt bytea not null,
    code_hash bytea not null,
    sent_at timestamptz not null,
    expires_at timestamptz not null,
    failures integer not null default 0,
    used_at timestamptz,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, member_id, code_id),
    foreign key (program_id, member_id) references members.member (program_id, member_id)
);
create index phone_code_number on members.phone_code (phone, sent_at);
