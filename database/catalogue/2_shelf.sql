-- What members see. `rules` is the programme's part in it, as loyalty/catalogue/prices.py writes it: what
-- 1_verdict.sql says, and {included, tax_basis_points, minor_per_major, currency, points_per_major, by_category {category:
-- factor}, campaigns [{factor, categories [], asins []}], max_age_hours, margin_floor_basis_points, unit_cost_micros,
-- names {category: {language: name}}, places {category: number}, featured {asin: place}}; `only` [rules]: nothing that none
-- of them names. Prices follow prices.py to the cent; a test holds the two together.

-- Every offer with its price, its margin and what keeps it off the shelf. `why` null: nothing; the margin is what is left
-- of what the points brought in, after the product, its delivery and the rough tax. `among`: only of these products, by
-- their key; null: of all.
create or replace function catalogue.priced(program_id integer, rules jsonb, among text[])
returns table (
    asin text, listing text, offer_id text, "position" integer, price_minor bigint, cost_minor bigint,
    all_in_minor bigint, points bigint, currency text, list_price_minor bigint, quantity_in_stock bigint,
    min_quantity integer, max_quantity integer, delivery_earliest timestamptz, delivery_latest timestamptz,
    checked_at timestamptz, shipping_minor bigint, category text, margin_basis_points bigint, why text
) language sql stable
begin atomic
    select o.asin, coalesce(p.parent_asin, p.asin), o.offer_id, o.position, o.price_minor, cost.cost_minor,
           priced.all_in_minor, priced.points, o.currency, o.list_price_minor, o.quantity_in_stock, o.min_quantity,
           o.max_quantity, o.delivery_earliest, o.delivery_latest, o.checked_at, o.shipping_minor, filed.category,
           case when margin.value_micros > 0
                then floor((margin.value_micros - margin.cost_micros) * 10000 / margin.value_micros)::bigint end,
           case
               when p.kind not in ('STANDARD', 'VARIATION_CHILD') then 'not-checked'
               when v.why is not null then v.why
               when o.refused_for is not null then 'refused:' || o.refused_for
               when not o.in_stock then 'out-of-stock'
               when o.price_minor is null or o.price_minor = 0 or o.currency is distinct from rules ->> 'currency'
                   then 'no-price'
               when o.checked_at <= clock.now() - make_interval(hours => (rules ->> 'max_age_hours')::integer)
                   then 'stale'
               when (rules ->> 'margin_floor_basis_points')::integer > 0
                    and (margin.value_micros - margin.cost_micros) * 10000
                        < margin.value_micros * (rules ->> 'margin_floor_basis_points')::numeric then 'margin-floor'
           end
    from (
        select one.* from catalogue.offer as one
        where priced.among is null and one.program_id = priced.program_id
        union all
        select one.* from (select distinct wanted.asin from unnest(priced.among) as wanted(asin)) as wanted
        join catalogue.offer as one on one.program_id = priced.program_id and one.asin = wanted.asin
    ) as o
    join catalogue.product as p on p.program_id = o.program_id and p.asin = o.asin
    cross join lateral catalogue.said_of(priced.program_id, p.asin, p.parent_asin) as s
    cross join lateral (
        select coalesce(s.category, rules -> 'mapping' ->> p.category, p.category) as category
    ) as filed
    cross join lateral catalogue.verdict(
        p, s.standing, filed.category, true, o.price_minor, o.by_amazon, o.merchant_stars, rules) as v
    cross join lateral (
        select (o.price_minor + o.shipping_minor) + div(
                   (o.price_minor + o.shipping_minor) * (rules ->> 'tax_basis_points')::numeric + 9999, 10000)::bigint
               as cost_minor
    ) as cost
    cross join lateral (
        select case rules ->> 'included' when 'charged' then cost.cost_minor else o.price_minor end as all_in_minor,
               coalesce(
                   (select min((c ->> 'factor')::bigint) from jsonb_array_elements(rules -> 'campaigns') as c
                    where (c -> 'categories' = '[]' or c -> 'categories' ? filed.category)
                      and (c -> 'asins' = '[]' or c -> 'asins' ? p.asin)),
                   (rules -> 'by_category' ->> filed.category)::bigint,
                   (rules ->> 'points_per_major')::bigint) as factor
    ) as chosen
    cross join lateral (
        select chosen.all_in_minor, ceil(chosen.all_in_minor::numeric * chosen.factor
                                         / (rules ->> 'minor_per_major')::numeric)::bigint as points
    ) as priced
    cross join lateral (
        select priced.points::numeric * (rules ->> 'unit_cost_micros')::numeric as value_micros,
               cost.cost_minor::numeric * 1000000 / (rules ->> 'minor_per_major')::numeric as cost_micros
    ) as margin;
end;

-- The best offer of each product that a member could have now: nothing refused, hidden, stale, sold out or unpriced.
create or replace function catalogue.sellable_among(program_id integer, rules jsonb, among text[])
returns table (
    asin text, listing text, offer_id text, price_minor bigint, all_in_minor bigint, points bigint, currency text,
    list_price_minor bigint, quantity_in_stock bigint, min_quantity integer, max_quantity integer,
    delivery_earliest timestamptz, delivery_latest timestamptz, checked_at timestamptz, shipping_minor bigint,
    category text
) language sql stable
begin atomic
    select distinct on (o.asin)
           o.asin, o.listing, o.offer_id, o.price_minor, o.all_in_minor, o.points, o.currency, o.list_price_minor,
           o.quantity_in_stock, o.min_quantity, o.max_quantity, o.delivery_earliest, o.delivery_latest, o.checked_at,
           o.shipping_minor, o.category
    from catalogue.priced(sellable_among.program_id, sellable_among.rules, sellable_among.among) as o
    where o.why is null
    order by o.asin, o.points, o.position;
end;

create or replace function catalogue.sellable(program_id integer, rules jsonb)
returns table (
    asin text, listing text, offer_id text, price_minor bigint, all_in_minor bigint, points bigint, currency text,
    list_price_minor bigint, quantity_in_stock bigint, min_quantity integer, max_quantity integer,
    delivery_earliest timestamptz, delivery_latest timestamptz, checked_at timestamptz, category text
) language sql stable
begin atomic
    select s.asin, s.listing, s.offer_id, s.price_minor, s.all_in_minor, s.points, s.currency, s.list_price_minor,
           s.quantity_in_stock, s.min_quantity, s.max_quantity, s.delivery_earliest, s.delivery_latest, s.checked_at,
           s.category
    from catalogue.sellable_among(sellable.program_id, sellable.rules, null) as s;
end;

-- The categories that have something to show, in the programme's order, else by name. `names`: in its languages, if it has
-- named them.
create or replace function catalogue.categories(program_id integer, rules jsonb)
returns table (category text, name text, products bigint, names jsonb)
language sql stable security definer set search_path = pg_catalog
begin atomic
    select filed.category,
           coalesce(rules -> 'names' -> filed.category ->> 'en',
                    min(filed.theirs) filter (where filed.amazons = filed.category), filed.category),
           count(*), coalesce(rules -> 'names' -> filed.category, '{}')
    from (
        select coalesce(said.category, rules -> 'mapping' ->> l.category, l.category) as category,
               l.category as amazons, l.category_name as theirs
        from (select distinct s.listing from catalogue.sellable(categories.program_id, categories.rules) as s) as shown
        join catalogue.product as l on l.program_id = categories.program_id and l.asin = shown.listing
        cross join lateral catalogue.said_of(l.program_id, l.asin, l.parent_asin) as said
    ) as filed
    where filed.category is not null
    group by filed.category
    order by (rules -> 'places' ->> filed.category)::integer nulls last, 2, 1;
end;

-- A page of what can be had: products that stand alone, and parents at the price of their cheapest child.
-- `sort`: relevance (the featured first), points, points_down, newest, for_you (by `rules.mine` {asin: place}, then by
-- relevance); the page begins after (after_key, after_asin) of the
-- last one's row. `texts`: the programme's own words by language.
create or replace function catalogue.page(
    program_id integer, rules jsonb, search text, category text, max_points bigint, sort text, after_key bigint,
    after_asin text, page_size integer
) returns table (
    asin text, kind text, title text, brand text, category text, image jsonb, points bigint, price_minor bigint,
    list_price_minor bigint, currency text, from_points boolean, star_rating numeric, number_of_ratings integer,
    delivery_earliest timestamptz, delivery_latest timestamptz, texts jsonb, sort_key bigint
) language sql stable security definer set search_path = pg_catalog
begin atomic
    with listed as (
        select distinct on (s.listing) s.*, max(s.points) over (partition by s.listing) as dearest
        from catalogue.sellable(page.program_id, page.rules) as s
        order by s.listing, s.points, s.asin
    ), found as (
        select l.*, p.kind, p.title, p.brand, p.images -> 0 as image, p.star_rating, p.number_of_ratings,
               coalesce(said.texts, '{}') as texts,
               case page.sort
                   when 'points' then l.points
                   when 'points_down' then -l.points
                   when 'newest' then -extract(epoch from p.first_seen_at)::bigint
                   -- Before everything that a search finds, which is no nearer than 2^50.
                   when 'for_you' then (rules -> 'mine' ->> p.asin)::bigint - 1125899906842624
                   else case when page.search is null
                       -- The featured come before everything, in their order: nothing is as popular as 2^40.
                       then coalesce(said.featured, 1000 + (rules -> 'featured' ->> p.asin)::integer) - 1099511627776 end
               end as featured_key,
               p.popularity - case when page.search is null then 0 else
                   (ts_rank(p.words, websearch_to_tsquery('english', page.search)) * 1000000)::bigint * 10000000
               end as relevance_key
        from listed as l
        join catalogue.product as p on p.program_id = page.program_id and p.asin = l.listing
        cross join lateral catalogue.said_of(p.program_id, p.asin, p.parent_asin) as said
        where (page.category is null or l.category = page.category)
          and (page.max_points is null or l.points <= page.max_points)
          and (page.search is null
               or p.words @@ websearch_to_tsquery('english', page.search)
               or p.title || ' ' || p.brand || ' ' || p.category_name || ' '
                  || coalesce(jsonb_path_query_array(said.texts, '$.*.title')::text, '') ilike '%' || replace(replace(
                      replace(page.search, '\', '\\'), '%', '\%'), '_', '\_') || '%')
          and (rules -> 'only' is null or exists (
               select from jsonb_array_elements(rules -> 'only') as r(rule)
               cross join lateral catalogue.matching(
                   p, l.category, false, null::bigint, null::boolean, null::numeric, r.rule, true) as m
               where m.yes))
    ), keyed as (
        select f.*, coalesce(f.featured_key, f.relevance_key) as sort_key from found as f
    )
    select f.listing, f.kind, f.title, f.brand, f.category, f.image, f.points, f.all_in_minor, f.list_price_minor,
           f.currency, f.dearest > f.points, f.star_rating, f.number_of_ratings, f.delivery_earliest,
           f.delivery_latest, f.texts, f.sort_key
    from keyed as f
    where page.after_key is null or (f.sort_key, f.listing) > (page.after_key, page.after_asin)
    order by f.sort_key, f.listing
    limit page.page_size;
end;

-- Internal: what the programme says against a product, whatever of it can be had; null: nothing. A parent is judged
-- without an offer, as what was told of none; of several offers the one with the least against it counts.
create or replace function catalogue.against(p catalogue.product, rules jsonb) returns text
language sql stable set search_path = pg_catalog
begin atomic
    select v.why
    from (select 1) as one
    left join catalogue.offer as o on o.program_id = p.program_id and o.asin = p.asin
    cross join lateral catalogue.said_of(p.program_id, p.asin, p.parent_asin) as s
    cross join lateral catalogue.verdict(
        p, s.standing, coalesce(s.category, rules -> 'mapping' ->> p.category, p.category), o.offer_id is not null,
        o.price_minor, o.by_amazon, o.merchant_stars, rules) as v
    order by v.why is not null, o.position
    limit 1;
end;

-- Internal: whether members may see this product at all, priced or not.
create or replace function catalogue.shown(p catalogue.product, rules jsonb) returns boolean
language sql stable set search_path = pg_catalog
begin atomic
    select p.refused_for is null and p.checked_at is not null
      and (not exists (select from catalogue.offer as o where o.program_id = p.program_id and o.asin = p.asin)
           or exists (select from catalogue.offer as o
                      where o.program_id = p.program_id and o.asin = p.asin and o.refused_for is null))
      and catalogue.against(p, rules) is null;
end;

-- One product with its siblings and their prices; no row for what is refused, hidden or not known.
create or replace function catalogue.product_of(program_id integer, rules jsonb, asin text)
returns table (
    asin text, kind text, title text, brand text, category text, category_name text, description text, features text[],
    images jsonb, parent_asin text, dimensions jsonb, star_rating numeric, number_of_ratings integer, offer_id text,
    points bigint, price_minor bigint, list_price_minor bigint, currency text, min_quantity integer,
    max_quantity integer, delivery_earliest timestamptz, delivery_latest timestamptz, checked_at timestamptz,
    variations jsonb, texts jsonb, category_names jsonb
) language sql stable security definer set search_path = pg_catalog
begin atomic
    with asked as materialized (
        select p.*, said.texts, coalesce(said.category, rules -> 'mapping' ->> p.category, p.category) as filed
        from catalogue.product as p
        cross join lateral catalogue.said_of(p.program_id, p.asin, p.parent_asin) as said
        where p.program_id = product_of.program_id and p.asin = product_of.asin
          and catalogue.shown(p, product_of.rules)
    ), siblings as materialized (
        select v.asin, v.dimensions from asked as a
        join catalogue.product as v on v.program_id = a.program_id and v.parent_asin = coalesce(a.parent_asin, a.asin)
        where v.refused_for is null and catalogue.against(v, product_of.rules) is null
    ), sold as materialized (
        select * from catalogue.sellable_among(
            product_of.program_id, product_of.rules,
            (select array_agg(one.asin) from (select a.asin from asked as a union select s.asin from siblings as s) as one))
    )
    select p.asin, p.kind, p.title, p.brand, p.filed,
           coalesce(rules -> 'names' -> p.filed ->> 'en', case when p.filed = p.category then p.category_name end,
                    p.filed, ''),
           p.description, p.features, p.images,
           p.parent_asin, p.dimensions, p.star_rating, p.number_of_ratings, s.offer_id, s.points, s.all_in_minor,
           s.list_price_minor, s.currency, s.min_quantity,
           least(s.max_quantity, s.quantity_in_stock, c.units)::integer, s.delivery_earliest, s.delivery_latest, p.checked_at,
           (select coalesce(jsonb_agg(jsonb_build_object(
                       'asin', v.asin, 'dimensions', v.dimensions, 'points', vs.points,
                       'price_minor', vs.all_in_minor) order by v.dimensions::text, v.asin), '[]')
            from siblings as v
            left join sold as vs on vs.asin = v.asin),
           coalesce(p.texts, '{}'), coalesce(rules -> 'names' -> p.filed, '{}')
    from asked as p
    left join sold as s on s.asin = p.asin
    left join catalogue.cap as c on c.program_id = product_of.program_id and c.asin = p.asin;
end;

-- Products by their key, at the price of their cheapest kind: also those that cannot be had now (no price) or are not
-- shown any more. `stale`: nothing of it can be had, and of some of it Amazon was not heard for too long, so nobody knows.
create or replace function catalogue.cards(program_id integer, rules jsonb, asins text[])
returns table (
    asin text, listing text, kind text, title text, brand text, category text, image jsonb, points bigint,
    price_minor bigint, list_price_minor bigint, currency text, from_points boolean, star_rating numeric,
    number_of_ratings integer, delivery_earliest timestamptz, delivery_latest timestamptz, priced_asin text,
    priced_category text, shipping_minor bigint, shown boolean, stale boolean, texts jsonb
) language sql stable security definer set search_path = pg_catalog
begin atomic
    with asked as materialized (
        select p.program_id, p.asin, p.parent_asin, p.kind, p.title, p.brand,
               coalesce(said.category, rules -> 'mapping' ->> p.category, p.category) as category,
               p.images -> 0 as image,
               p.star_rating, p.number_of_ratings, p.refused_for, p.checked_at, said.texts,
               catalogue.shown(p, cards.rules) as shown
        from (select distinct a.asin from unnest(cards.asins) as a(asin)) as wanted
        join catalogue.product as p on p.program_id = cards.program_id and p.asin = wanted.asin
        cross join lateral catalogue.said_of(p.program_id, p.asin, p.parent_asin) as said
    ), family as materialized (
        select k.asin as of_asin, k.asin, k.kind, k.refused_for, k.checked_at from asked as k
        union all
        select k.asin, c.asin, c.kind, c.refused_for, c.checked_at
        from asked as k
        join catalogue.product as c on c.program_id = k.program_id and c.parent_asin = k.asin
    ), sold as materialized (
        select s.* from catalogue.sellable_among(
            cards.program_id, cards.rules, (select coalesce(array_agg(f.asin), '{}') from family as f)) as s
    ), best as (
        select distinct on (f.of_asin) f.of_asin, s.*, max(s.points) over (partition by f.of_asin) as dearest
        from family as f join sold as s on s.asin = f.asin
        order by f.of_asin, s.points, s.asin
    )
    select k.asin, coalesce(k.parent_asin, k.asin), k.kind, k.title, k.brand, k.category, k.image, b.points,
           b.all_in_minor, b.list_price_minor, b.currency, coalesce(b.dearest > b.points, false), k.star_rating,
           k.number_of_ratings, b.delivery_earliest, b.delivery_latest, b.asin, b.category, b.shipping_minor,
           k.shown, b.asin is null and exists (
               select from family as f
               where f.of_asin = k.asin and f.refused_for is null and f.kind <> 'VARIATION_PARENT'
                 and (f.checked_at is null
                      or f.checked_at <= clock.now() - make_interval(hours => (rules ->> 'max_age_hours')::integer))),
           coalesce(k.texts, '{}')
    from asked as k
    left join best as b on b.of_asin = k.asin;
end;

-- What the stored copy says about these products, for a quote: also what is refused, with the rule. Filed under Amazon's
-- category: it is what the functions asked that ran before there was `catalogue.asked`.
create or replace function catalogue.stored(program_id integer, asins text[])
returns table (asin text, kind text, title text, category text, image_url text, refused_for text, parent_asin text,
               checked_at timestamptz, age_seconds double precision, offers jsonb)
language sql stable security definer set search_path = pg_catalog
begin atomic
    select p.asin, p.kind, p.title, p.category, p.images -> 0 -> 'large' ->> 'url', p.refused_for, p.parent_asin,
           p.checked_at, extract(epoch from clock.now() - p.checked_at)::double precision,
           (select coalesce(jsonb_agg(to_jsonb(o) - 'program_id' - 'row_xid' order by o.position), '[]')
            from catalogue.offer as o where o.program_id = p.program_id and o.asin = p.asin)
    from catalogue.product as p
    where p.program_id = stored.program_id and p.asin = any (stored.asins);
end;

-- The same as the programme sees it: in its own category and words, `against` what it says against the product as a whole,
-- and in each offer `why` that is not on the shelf now.
create or replace function catalogue.asked(program_id integer, rules jsonb, asins text[])
returns table (asin text, kind text, title text, category text, image_url text, refused_for text, against text,
               texts jsonb, age_seconds double precision, offers jsonb)
language sql stable security definer set search_path = pg_catalog
begin atomic
    with known as materialized (
        select o.asin, o.offer_id, o.why from catalogue.priced(asked.program_id, asked.rules, asked.asins) as o
    )
    select p.asin, p.kind, p.title, coalesce(said.category, rules -> 'mapping' ->> p.category, p.category),
           p.images -> 0 -> 'large' ->> 'url', p.refused_for, catalogue.against(p, asked.rules),
           coalesce(said.texts, '{}'), extract(epoch from clock.now() - p.checked_at)::double precision,
           (select coalesce(jsonb_agg(
                       to_jsonb(o) - 'program_id' - 'row_xid' || jsonb_build_object('why', k.why) order by o.position), '[]')
            from catalogue.offer as o
            left join known as k on k.asin = o.asin and k.offer_id = o.offer_id
            where o.program_id = p.program_id and o.asin = p.asin)
    from catalogue.product as p
    cross join lateral catalogue.said_of(p.program_id, p.asin, p.parent_asin) as said
    where p.program_id = asked.program_id and p.asin = any (asked.asins);
end;
