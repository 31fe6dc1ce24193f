-- Sums of the journal by day, and its months closed. What they mean is in database/points/rollup.sql and months.sql.

-- The worker reads what was written since it last looked. xid8 has no summary index of its own, its number has.
create index journal_txid on points.journal using brin (((txid::text)::bigint));

create table points.rollup (
    program_id int not null,
    booked_day date not null,
    business_day date not null,
    dr smallint not null,
    cr smallint not null,
    -- Who pays for the points, where the row names the accrual it is about; else empty.
    funder text not null,
    amount bigint not null,
    entries bigint not null,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, booked_day, business_day, dr, cr, funder)
);

-- All rows of transactions before this one are in the rollup, no others.
create table points.rollup_mark (
    only_row boolean primary key default true check (only_row),
    below xid8 not null
);
insert into points.rollup_mark (below) values ('0');

create table points.month_close (
    program_id int not null references programme.program,
    month date not null check (extract(day from month) = 1),
    -- Where the month ends, in the programme's time zone when it was closed.
    until timestamptz not null,
    state text not null check (state in ('closed', 'refused')),
    members bigint,
    entries bigint,
    available numeric,
    held numeric,
    pending numeric,
    debt numeric,
    -- SHA-256 over all members' chains: whoever keeps this one value can prove every balance of the month.
    head bytea,
    violations jsonb,
    attempted_by text not null,
    attempted_at timestamptz not null,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, month)
);

create table points.month_balance (
    program_id int not null,
    month date not null,
    member_id bigint not null,
    available bigint not null,
    held bigint not null,
    pending bigint not null,
    debt bigint not null,
    sequence bigint not null,
    chain bytea not null,
    primary key (program_id, month, member_id)
);
create trigger append_only before update or delete on points.month_balance
    for each row execute function points.refuse_change();
create trigger append_only_whole before truncate on points.month_balance execute function points.refuse_change();

create function points.refuse_reopening() returns trigger language plpgsql as $$
begin
    if old.state = 'closed' then
        raise exception 'a closed month stays closed' using errcode = 'restrict_violation';
    end if;
    return case tg_op when 'DELETE' then old else new end;
end $$;
create trigger closed_stays_closed before update or delete on points.month_close
    for each row execute function points.refuse_reopening();
