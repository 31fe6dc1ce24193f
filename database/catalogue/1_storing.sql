-- Keeping the stored copy: which categories there are, which products, what Amazon says about them now.

-- The programmes that have something published, and the store each one buys in.
create or replace function catalogue.stores() returns table (program_id integer, region text, locale text)
language sql stable security definer set search_path = pg_catalog
begin atomic
    select p.program_id, c.document -> 'store' ->> 'region', c.document -> 'store' ->> 'locale'
    from programme.program as p
    cross join lateral programme.current(p.program_id) as c
    order by p.program_id;
end;

create or replace function catalogue.store_categories(program_id integer, names jsonb) returns void
language sql security definer set search_path = pg_catalog
begin atomic
    insert into catalogue.category as c (program_id, category, name)
    select store_categories.program_id, told.key, told.value
    from jsonb_each_text(store_categories.names) as told
    on conflict on constraint category_pkey do update
        set name = excluded.name, row_xid = pg_current_xact_id()
        where c.name <> excluded.name;
end;

-- The category whose products have not been looked for in so many hours, the longest ago first; null: none.
create or replace function catalogue.category_due(program_id integer, hours integer) returns text
language sql stable security definer set search_path = pg_catalog
begin atomic
    select c.category from catalogue.category as c
    where c.program_id = category_due.program_id
      and (c.discovered_at is null or c.discovered_at <= clock.now() - make_interval(hours => category_due.hours))
    order by c.discovered_at nulls first, c.category
    limit 1;
end;

-- Products found in a category, most popular first. `completed`: that was its last page.
create or replace function catalogue.store_found(
    program_id integer, category text, asins text[], first_rank integer, completed boolean
) returns void language sql security definer set search_path = pg_catalog
begin atomic
    insert into catalogue.product as p (program_id, asin, category, category_name, popularity, first_seen_at)
    select store_found.program_id, found.asin, store_found.category, c.name,
           store_found.first_rank + found.position - 1, clock.now()
    from unnest(store_found.asins) with ordinality as found (asin, position)
    join catalogue.category as c on c.program_id = store_found.program_id and c.category = store_found.category
    on conflict on constraint product_pkey do update
        set category = excluded.category, category_name = excluded.category_name, popularity = excluded.popularity,
            row_xid = pg_current_xact_id()
        where (p.category, p.category_name, p.popularity)
              is distinct from (excluded.category, excluded.category_name, excluded.popularity);
    update catalogue.category as c set discovered_at = clock.now(), row_xid = pg_current_xact_id()
    where store_found.completed and c.program_id = store_found.program_id and c.category = store_found.category;
end;

-- Products that Amazon was not asked about for so many minutes: never asked first, then the popular ones.
create or replace function catalogue.products_due(program_id integer, minutes integer, most integer)
returns table (asin text) language sql stable security definer set search_path = pg_catalog
begin atomic
    select p.asin from catalogue.product as p
    where p.program_id = products_due.program_id
      and (p.checked_at is null or p.checked_at <= clock.now() - make_interval(mins => products_due.minutes))
    order by p.checked_at is not null, p.popularity, p.asin
    limit products_due.most;
end;

create or replace function catalogue.count_due(program_id integer, minutes integer) returns bigint
language sql stable security definer set search_path = pg_catalog
begin atomic
    select count(*) from catalogue.product as p
    where p.program_id = count_due.program_id
      and (p.checked_at is null or p.checked_at <= clock.now() - make_interval(mins => count_due.minutes));
end;

-- What Amazon says now about products we know; the rest is left out. `products` is as loyalty/catalogue/storing.py
-- writes it. A parent's children become known with it. Offers that are told no more are gone.
create or replace function catalogue.store_products(program_id integer, products jsonb, not_found text[]) returns void
language sql security definer set search_path = pg_catalog
begin atomic
    update catalogue.product as p
    set kind = told.kind, title = told.title, brand = told.brand, description = told.description,
        features = told.features, details = told.details, images = told.images, star_rating = told.star_rating,
        number_of_ratings = told.number_of_ratings, refused_for = told.refused_for, checked_at = clock.now(),
        row_xid = pg_current_xact_id()
    from jsonb_to_recordset(store_products.products) as told (
        asin text, kind text, title text, brand text, description text, features text[], details jsonb, images jsonb,
        star_rating numeric, number_of_ratings integer, refused_for text)
    where p.program_id = store_products.program_id and p.asin = told.asin;

    update catalogue.product as p
    set refused_for = 'gone', checked_at = clock.now(), row_xid = pg_current_xact_id()
    where p.program_id = store_products.program_id and p.asin = any (store_products.not_found);

    -- What the first offer costs, whenever that is something else than last time; of the last half year.
    insert into catalogue.price_seen as seen (program_id, asin, seen_at, price_minor, currency)
    select p.program_id, p.asin, clock.now(), (first.told ->> 'price_minor')::bigint, first.told ->> 'currency'
    from jsonb_array_elements(store_products.products) as told
    join catalogue.product as p on p.program_id = store_products.program_id and p.asin = told ->> 'asin'
    cross join lateral (select told -> 'offers' -> 0 as told) as first
    left join lateral (
        select s.price_minor, s.currency from catalogue.price_seen as s
        where s.program_id = p.program_id and s.asin = p.asin order by s.seen_at desc limit 1
    ) as last on true
    where first.told ->> 'price_minor' is not null and first.told ->> 'currency' is not null
      and (last.price_minor, last.currency)
          is distinct from ((first.told ->> 'price_minor')::bigint, first.told ->> 'currency')
    on conflict on constraint price_seen_pkey do update
        set price_minor = excluded.price_minor, currency = excluded.currency, row_xid = pg_current_xact_id();
    delete from catalogue.price_seen as s
    using jsonb_array_elements(store_products.products) as told
    where s.program_id = store_products.program_id and s.asin = told ->> 'asin'
      and s.seen_at < clock.now() - interval '180 days';

    delete from catalogue.offer as o
    using (select told ->> 'asin' as asin from jsonb_array_elements(store_products.products) as told
           union all select unnest(store_products.not_found)) as asked
    where o.program_id = store_products.program_id and o.asin = asked.asin
      and not exists (
          select from jsonb_array_elements(store_products.products) as told, jsonb_array_elements(told -> 'offers') as t
          where told ->> 'asin' = o.asin and t ->> 'offer_id' = o.offer_id);

    insert into catalogue.offer (
        program_id, asin, offer_id, position, price_minor, currency, list_price_minor, price_type, in_stock,
        quantity_in_stock, min_quantity, max_quantity, condition, buying_guidance, merchant_name, shipping_minor,
        delivery_earliest, delivery_latest, by_amazon, merchant_stars, refused_for, checked_at)
    select p.program_id, p.asin, t.offer_id, t.position, t.price_minor, t.currency, t.list_price_minor, t.price_type,
           t.in_stock, t.quantity_in_stock, t.min_quantity, t.max_quantity, t.condition, t.buying_guidance,
           t.merchant_name, t.shipping_minor, t.delivery_earliest, t.delivery_latest, t.by_amazon, t.merchant_stars,
           t.refused_for, clock.now()
    from jsonb_array_elements(store_products.products) as told
    join catalogue.product as p on p.program_id = store_products.program_id and p.asin = told ->> 'asin'
    cross join lateral jsonb_to_recordset(told -> 'offers') as t (
        offer_id text, position integer, price_minor bigint, currency text, list_price_minor bigint, price_type text,
        in_stock boolean, quantity_in_stock bigint, min_quantity integer, max_quantity integer, condition text,
        buying_guidance text, merchant_name text, shipping_minor bigint, delivery_earliest timestamptz,
        delivery_latest timestamptz, by_amazon boolean, merchant_stars numeric, refused_for text)
    on conflict on constraint offer_pkey do update
        set position = excluded.position, price_minor = excluded.price_minor, currency = excluded.currency,
            list_price_minor = excluded.list_price_minor, price_type = excluded.price_type,
            in_stock = excluded.in_stock, quantity_in_stock = excluded.quantity_in_stock,
            min_quantity = excluded.min_quantity, max_quantity = excluded.max_quantity,
            condition = excluded.condition, buying_guidance = excluded.buying_guidance,
            merchant_name = excluded.merchant_name, shipping_minor = excluded.shipping_minor,
            delivery_earliest = excluded.delivery_earliest, delivery_latest = excluded.delivery_latest,
            by_amazon = excluded.by_amazon, merchant_stars = excluded.merchant_stars,
            refused_for = excluded.refused_for, checked_at = excluded.checked_at, row_xid = pg_current_xact_id();

    insert into catalogue.product as p (
        program_id, asin, category, category_name, popularity, parent_asin, dimensions, first_seen_at)
    select parent.program_id, t.asin, parent.category, parent.category_name, parent.popularity, parent.asin,
           t.dimensions, clock.now()
    from jsonb_array_elements(store_products.products) as told
    join catalogue.product as parent
      on parent.program_id = store_products.program_id and parent.asin = told ->> 'asin'
    cross join lateral jsonb_to_recordset(told -> 'variations') as t (asin text, dimensions jsonb)
    where told ->> 'kind' = 'VARIATION_PARENT' and t.asin <> parent.asin
    on conflict on constraint product_pkey do update
        set parent_asin = excluded.parent_asin, dimensions = excluded.dimensions, category = excluded.category,
            category_name = excluded.category_name, row_xid = pg_current_xact_id()
        where (p.parent_asin, p.dimensions, p.category)
              is distinct from (excluded.parent_asin, excluded.dimensions, excluded.category);
end;
