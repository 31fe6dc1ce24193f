-- Wishes: what members would like to have, and who is told when it can be had again. What goes well with what.
create schema wishes;
create schema recommendations;

do $$
begin
    if not exists (select from pg_roles where rolname = 'wish_notices') then
        create role wish_notices login;
    end if;
    if exists (select from pg_roles where rolname = 'rds_iam') then
        grant rds_iam to wish_notices;
    end if;
end
$$;

-- A member's wish list. `title`: as it was then, for a product that leaves the catalogue.
create table wishes.wish (
    program_id integer not null references programme.program,
    member_id bigint not null,
    asin text not null check (asin ~ '^[A-Z0-9]{10}$'),
    title text not null,
    added_at timestamptz not null,
    -- When the member was last told that it can be had again.
    told_at timestamptz,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, member_id, asin)
);
create index wish_product on wishes.wish (program_id, asin, member_id);

-- A product that somebody wishes for, as it was last seen. `back_at`: when it last came back after it had been away.
create table wishes.product (
    program_id integer not null references programme.program,
    asin text not null,
    available boolean not null,
    back_at timestamptz,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, asin)
);
create index product_back on wishes.product (program_id, back_at) where available and back_at is not null;

-- How far the look at a programme's wished products has come; empty: at the beginning.
create table wishes.walk (
    program_id integer primary key references programme.program,
    after_asin text not null,
    row_xid xid8 not null default pg_current_xact_id()
);

-- What members of a programme redeemed in the last 90 days: how many of them, and how often.
create table recommendations.popular (
    program_id integer not null references programme.program,
    asin text not null,
    members bigint not null check (members > 0),
    units bigint not null check (units > 0),
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, asin)
);
create index popular_order on recommendations.popular (program_id, members desc, units desc, asin);

-- What was redeemed together: both in one order.
create table recommendations.together (
    program_id integer not null references programme.program,
    asin text not null,
    other text not null check (other <> asin),
    members bigint not null check (members > 0),
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, asin, other)
);
create index together_order on recommendations.together (program_id, asin, members desc, other);

create table recommendations.counted (
    program_id integer primary key references programme.program,
    counted_at timestamptz not null,
    row_xid xid8 not null default pg_current_xact_id()
);

-- A category's products, most popular first.
create index product_category on catalogue.product (program_id, category, popularity);
