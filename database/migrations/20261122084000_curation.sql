-- What the people who run a programme say about single products, beside the rules of its document; and where it is said.

do $$
begin
    if not exists (select from pg_roles where rolname = 'catalogue_desk') then create role catalogue_desk login; end if;
    if exists (select from pg_roles where rolname = 'rds_iam') then grant rds_iam to catalogue_desk; end if;
end
$$;

-- These answer more than they did; the repeatable files make them anew.
drop function if exists wishes.of_member(integer, bigint, jsonb, text);
drop function if exists catalogue.categories(integer, jsonb);
drop function if exists catalogue.page(integer, jsonb, text, text, bigint, text, bigint, text, integer);
drop function if exists catalogue.product_of(integer, jsonb, text);
drop function if exists catalogue.cards(integer, jsonb, text[]);
drop function if exists catalogue.sellable(integer, jsonb);
drop function if exists catalogue.sellable_among(integer, jsonb, text[]);
drop function if exists catalogue.shown(catalogue.product, jsonb);

-- Who sends it, and how buyers rate who sells it; null: Amazon did not say.
alter table catalogue.offer
    add column by_amazon boolean,
    add column merchant_stars numeric(2, 1) check (merchant_stars between 0 and 5);

-- One product as staff want it. No row: nothing was said about it.
create table catalogue.curated (
    program_id integer not null references programme.program,
    asin text not null check (asin ~ '^[A-Z0-9]{10}$'),
    -- picked: in, whatever the rules say. hidden: out, whatever they say. null: the rules decide.
    standing text check (standing in ('picked', 'hidden')),
    -- Its place among the featured, from 1; null: it is not featured.
    featured integer check (featured between 1 and 1000),
    -- The programme's own category; null: by the document's mapping.
    category text check (length(category) between 1 and 63),
    -- {language: {title, description}}
    texts jsonb not null default '{}' check (jsonb_typeof(texts) = 'object'),
    -- The change that made it so.
    change_id bigint not null,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, asin)
);
create index curated_featured on catalogue.curated (program_id, featured) where featured is not null;

-- Every change of that, whole as it was made: so it can be taken back whole.
create table catalogue.change (
    program_id integer not null references programme.program,
    change_id bigint not null check (change_id > 0),
    kind text not null check (kind in ('pick', 'hide', 'release', 'feature', 'map', 'edit', 'add', 'import', 'undo')),
    why text check (length(why) <= 500),
    actor text not null,
    made_at timestamptz not null,
    products integer not null check (products > 0),
    -- Of an undo: what it takes back.
    undoes bigint,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, change_id),
    foreign key (program_id, undoes) references catalogue.change (program_id, change_id),
    check ((kind = 'undo') = (undoes is not null))
);
create unique index change_undone_once on catalogue.change (program_id, undoes) where undoes is not null;

-- What a change found and left of each product: {standing, featured, category, texts}.
create table catalogue.changed (
    program_id integer not null,
    change_id bigint not null,
    asin text not null,
    before jsonb not null,
    after jsonb not null,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, change_id, asin),
    foreign key (program_id, change_id) references catalogue.change (program_id, change_id)
);
create index changed_product on catalogue.changed (program_id, asin, change_id);

-- A file of such changes: looked at as a whole, then taken over as a whole or not at all.
create table catalogue.import (
    program_id integer not null references programme.program,
    import_id uuid not null,
    file_name text not null check (length(file_name) between 1 and 200),
    bytes bigint not null check (bytes > 0),
    -- waiting: the file is not here yet. good: can be taken over. refused: has mistakes. applied: taken over.
    state text not null default 'waiting' check (state in ('waiting', 'good', 'refused', 'applied')),
    asked_by text not null,
    asked_at timestamptz not null,
    checked_at timestamptz,
    lines integer,
    -- What is wrong: [{line, column, detail}].
    mistakes jsonb not null default '[]',
    mistakes_in_all integer not null default 0,
    -- What it would change, as catalogue.curate takes it; emptied when it is taken over.
    changes jsonb not null default '[]',
    change_id bigint,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, import_id),
    check ((state = 'waiting') = (checked_at is null)),
    check (change_id is null or state = 'applied')
);

-- What a product's first offer cost whenever that changed.
create table catalogue.price_seen (
    program_id integer not null,
    asin text not null,
    seen_at timestamptz not null,
    price_minor bigint not null check (price_minor >= 0),
    currency text not null,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, asin, seen_at)
);
