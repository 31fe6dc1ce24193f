-- A member's wish list. `rules` is the programme's part in prices, as loyalty/catalogue/cards.py writes it.

-- Wish for a product: added, there (it was already), full (the member has `most`), unknown (nothing that members see).
-- What cannot be had now is noted as away: when it is seen again, it has come back.
create or replace function wishes.add(program_id integer, member_id bigint, asin text, rules jsonb, most integer)
returns text language plpgsql security definer set search_path = pg_catalog as $$
#variable_conflict use_column
declare
    card record;
begin
    -- One after the other for each member, or two at once would pass the limit.
    perform pg_advisory_xact_lock(hashtextextended(add.program_id || ' ' || add.member_id, 710001));
    if exists (select from wishes.wish as w
               where w.program_id = add.program_id and w.member_id = add.member_id and w.asin = add.asin) then
        return 'there';
    end if;
    select c.title, c.shown, c.points is not null as available into card
    from catalogue.cards(add.program_id, add.rules, array[add.asin]) as c;
    if not found or not card.shown then return 'unknown'; end if;
    if (select count(*) from wishes.wish as w
        where w.program_id = add.program_id and w.member_id = add.member_id) >= add.most then
        return 'full';
    end if;
    perform wishes.see(add.program_id, add.asin, card.available);
    insert into wishes.wish(program_id, member_id, asin, title, added_at)
    values (add.program_id, add.member_id, add.asin, card.title, clock.now());
    return 'added';
end
$$;

-- Internal: a wished product as it was seen now.
create or replace function wishes.see(program_id integer, asin text, available boolean) returns void
language sql set search_path = pg_catalog as $$
    insert into wishes.product as p (program_id, asin, available)
    values (see.program_id, see.asin, see.available)
    on conflict on constraint product_pkey do update
    set available = excluded.available, row_xid = pg_current_xact_id(),
        back_at = case when excluded.available then clock.now() else p.back_at end
    where p.available <> excluded.available
$$;

-- Take it off the list; whether it was on it.
create or replace function wishes.remove(program_id integer, member_id bigint, asin text) returns boolean
language sql security definer set search_path = pg_catalog as $$
    with gone as (
        delete from wishes.wish as w
        where w.program_id = remove.program_id and w.member_id = remove.member_id and w.asin = remove.asin
        returning 1
    )
    select exists (select from gone)
$$;

-- Internal: the account is erased, and so is its list.
create or replace function wishes.forget(program_id integer, member_id bigint) returns void
language sql set search_path = pg_catalog as $$
    delete from wishes.wish as w where w.program_id = forget.program_id and w.member_id = forget.member_id
$$;

-- The list, newest first, or that one of it; a product that is not shown any more has its last title and no more.
create or replace function wishes.of_member(program_id integer, member_id bigint, rules jsonb, only_asin text)
returns table (
    asin text, kind text, title text, brand text, category text, image jsonb, points bigint, price_minor bigint,
    list_price_minor bigint, currency text, from_points boolean, star_rating numeric, number_of_ratings integer,
    delivery_earliest timestamptz, delivery_latest timestamptz, priced_asin text, priced_category text,
    shipping_minor bigint, available boolean, added_at timestamptz, told_at timestamptz, texts jsonb
) language sql stable security definer set search_path = pg_catalog as $$
    with own as materialized (
        select w.* from wishes.wish as w
        where w.program_id = of_member.program_id and w.member_id = of_member.member_id
          and (of_member.only_asin is null or w.asin = of_member.only_asin)
    ), card as materialized (
        select c.* from catalogue.cards(
            of_member.program_id, of_member.rules, (select coalesce(array_agg(o.asin), '{}') from own as o)) as c
        where c.shown
    )
    select o.asin, coalesce(c.kind, 'UNKNOWN'), coalesce(c.title, known.title, o.title), coalesce(c.brand, ''),
           c.category, c.image, c.points, c.price_minor, c.list_price_minor, c.currency,
           coalesce(c.from_points, false), c.star_rating, c.number_of_ratings, c.delivery_earliest, c.delivery_latest,
           c.priced_asin, c.priced_category, c.shipping_minor, c.points is not null, o.added_at, o.told_at,
           coalesce(c.texts, '{}')
    from own as o
    left join card as c on c.asin = o.asin
    left join catalogue.product as known
        on known.program_id = o.program_id and known.asin = o.asin and known.title <> ''
    order by o.added_at desc, o.asin
$$;

-- Internal: what another membership of the same person wishes for; what is wished for already stays as it is.
create or replace function wishes.hand_on(program_id integer, from_member bigint, to_member bigint) returns void
language sql set search_path = pg_catalog as $$
    insert into wishes.wish(program_id, member_id, asin, title, added_at, told_at)
    select w.program_id, hand_on.to_member, w.asin, w.title, w.added_at, w.told_at from wishes.wish as w
    where w.program_id = hand_on.program_id and w.member_id = hand_on.from_member
    on conflict do nothing;
    delete from wishes.wish as w where w.program_id = hand_on.program_id and w.member_id = hand_on.from_member
$$;
