-- What members see. `rules` is the programme's part in it, as loyalty/catalogue/prices.py writes it:
-- {included, tax_basis_points, minor_per_major, currency, points_per_major, by_category {category: factor},
--  campaigns [{factor, categories [], asins []}], max_age_hours, hidden_asins [], hidden_categories [],
--  margin_floor_basis_points, unit_cost_micros}. Prices follow prices.py to the cent; a test holds the two together.

-- The best offer of each product that a member could have now: nothing refused, hidden, stale, sold out or unpriced.
-- `among`: only of these, by their key; null: of all.
create or replace function catalogue.sellable_among(program_id integer, rules jsonb, among text[])
returns table (
    asin text, listing text, offer_id text, price_minor bigint, all_in_minor bigint, points bigint, currency text,
    list_price_minor bigint, quantity_in_stock bigint, min_quantity integer, max_quantity integer,
    delivery_earliest timestamptz, delivery_latest timestamptz, checked_at timestamptz, shipping_minor bigint
) language sql stable set search_path = pg_catalog
begin atomic
    select distinct on (o.asin)
           o.asin, coalesce(p.parent_asin, p.asin), o.offer_id, o.price_minor, priced.all_in_minor, priced.points,
           o.currency, o.list_price_minor, o.quantity_in_stock, o.min_quantity, o.max_quantity, o.delivery_earliest,
           o.delivery_latest, o.checked_at, o.shipping_minor
    from (
        select one.* from catalogue.offer as one
        where sellable_among.among is null and one.program_id = sellable_among.program_id
        union all
        select one.* from (select distinct wanted.asin from unnest(sellable_among.among) as wanted(asin)) as wanted
        join catalogue.offer as one on one.program_id = sellable_among.program_id and one.asin = wanted.asin
    ) as o
    join catalogue.product as p on p.program_id = o.program_id and p.asin = o.asin
    cross join lateral (
        select (o.price_minor + o.shipping_minor) + div(
                   (o.price_minor + o.shipping_minor) * (rules ->> 'tax_basis_points')::numeric + 9999, 10000)::bigint
               as cost_minor
    ) as cost
    cross join lateral (
        select case rules ->> 'included' when 'charged' then cost.cost_minor else o.price_minor end as all_in_minor,
               coalesce(
                   (select min((c ->> 'factor')::bigint) from jsonb_array_elements(rules -> 'campaigns') as c
                    where (c -> 'categories' = '[]' or c -> 'categories' ? p.category)
                      and (c -> 'asins' = '[]' or c -> 'asins' ? p.asin)),
                   (rules -> 'by_category' ->> p.category)::bigint,
                   (rules ->> 'points_per_major')::bigint) as factor
    ) as chosen
    cross join lateral (
        select chosen.all_in_minor, ceil(chosen.all_in_minor::numeric * chosen.factor
                                         / (rules ->> 'minor_per_major')::numeric)::bigint as points
    ) as priced
    cross join lateral (
        select priced.points::numeric * (rules ->> 'unit_cost_micros')::numeric as value_micros,
               cost.cost_minor::numeric * 1000000 / (rules ->> 'minor_per_major')::numeric as cost_micros
    ) as margin
    where o.refused_for is null and p.refused_for is null
      and p.kind in ('STANDARD', 'VARIATION_CHILD')
      and o.in_stock and o.price_minor > 0 and o.currency = rules ->> 'currency'
      and o.checked_at > clock.now() - make_interval(hours => (rules ->> 'max_age_hours')::integer)
      and not rules -> 'hidden_asins' ? p.asin
      and not rules -> 'hidden_asins' ? coalesce(p.parent_asin, p.asin)
      and not coalesce(rules -> 'hidden_categories' ? p.category, false)
      and ((rules ->> 'margin_floor_basis_points')::integer = 0
           or (margin.value_micros - margin.cost_micros) * 10000
              >= margin.value_micros * (rules ->> 'margin_floor_basis_points')::numeric)
    order by o.asin, priced.points, o.position;
end;

create or replace function catalogue.sellable(program_id integer, rules jsonb)
returns table (
    asin text, listing text, offer_id text, price_minor bigint, all_in_minor bigint, points bigint, currency text,
    list_price_minor bigint, quantity_in_stock bigint, min_quantity integer, max_quantity integer,
    delivery_earliest timestamptz, delivery_latest timestamptz, checked_at timestamptz
) language sql stable set search_path = pg_catalog
begin atomic
    select s.asin, s.listing, s.offer_id, s.price_minor, s.all_in_minor, s.points, s.currency, s.list_price_minor,
           s.quantity_in_stock, s.min_quantity, s.max_quantity, s.delivery_earliest, s.delivery_latest, s.checked_at
    from catalogue.sellable_among(sellable.program_id, sellable.rules, null) as s;
end;

-- The categories that have something to show, by name.
create or replace function catalogue.categories(program_id integer, rules jsonb)
returns table (category text, name text, products bigint)
language sql stable security definer set search_path = pg_catalog
begin atomic
    select l.category, min(l.category_name), count(*)
    from (select distinct s.listing from catalogue.sellable(categories.program_id, categories.rules) as s) as shown
    join catalogue.product as l on l.program_id = categories.program_id and l.asin = shown.listing
    where l.category is not null
    group by l.category
    order by 2, 1;
end;

-- A page of what can be had: products that stand alone, and parents at the price of their cheapest child.
-- `sort`: relevance, points, points_down, newest; the page begins after (after_key, after_asin) of the last one's row.
create or replace function catalogue.page(
    program_id integer, rules jsonb, search text, category text, max_points bigint, sort text, after_key bigint,
    after_asin text, page_size integer
) returns table (
    asin text, kind text, title text, brand text, category text, image jsonb, points bigint, price_minor bigint,
    list_price_minor bigint, currency text, from_points boolean, star_rating numeric, number_of_ratings integer,
    delivery_earliest timestamptz, delivery_latest timestamptz, sort_key bigint
) language sql stable security definer set search_path = pg_catalog
begin atomic
    with listed as (
        select distinct on (s.listing) s.*, max(s.points) over (partition by s.listing) as dearest
        from catalogue.sellable(page.program_id, page.rules) as s
        order by s.listing, s.points, s.asin
    ), found as (
        select l.*, p.kind, p.title, p.brand, p.category, p.images -> 0 as image, p.star_rating, p.number_of_ratings,
               case page.sort
                   when 'points' then l.points
                   when 'points_down' then -l.points
                   when 'newest' then -extract(epoch from p.first_seen_at)::bigint
                   else p.popularity - case when page.search is null then 0 else
                       (ts_rank(p.words, websearch_to_tsquery('english', page.search)) * 1000000)::bigint * 10000000 end
               end as sort_key
        from listed as l
        join catalogue.product as p on p.program_id = page.program_id and p.asin = l.listing
        where (page.category is null or p.category = page.category)
          and (page.max_points is null or l.points <= page.max_points)
          and (page.search is null
               or p.words @@ websearch_to_tsquery('english', page.search)
               or p.title || ' ' || p.brand || ' ' || p.category_name ilike '%' || replace(replace(replace(
                      page.search, '\', '\\'), '%', '\%'), '_', '\_') || '%')
    )
    select f.listing, f.kind, f.title, f.brand, f.category, f.image, f.points, f.all_in_minor, f.list_price_minor,
           f.currency, f.dearest > f.points, f.star_rating, f.number_of_ratings, f.delivery_earliest,
           f.delivery_latest, f.sort_key
    from found as f
    where page.after_key is null or (f.sort_key, f.listing) > (page.after_key, page.after_asin)
    order by f.sort_key, f.listing
    limit page.page_size;
end;

-- Internal: whether members may see this product at all, priced or not.
create or replace function catalogue.shown(p catalogue.product, rules jsonb) returns boolean
language sql stable set search_path = pg_catalog
begin atomic
    select p.refused_for is null and p.checked_at is not null
      and (not exists (select from catalogue.offer as o where o.program_id = p.program_id and o.asin = p.asin)
           or exists (select from catalogue.offer as o
                      where o.program_id = p.program_id and o.asin = p.asin and o.refused_for is null))
      and not rules -> 'hidden_asins' ? p.asin
      and not rules -> 'hidden_asins' ? coalesce(p.parent_asin, p.asin)
      and not coalesce(rules -> 'hidden_categories' ? p.category, false);
end;

-- One product with its siblings and their prices; no row for what is refused, hidden or not known.
create or replace function catalogue.product_of(program_id integer, rules jsonb, asin text)
returns table (
    asin text, kind text, title text, brand text, category text, category_name text, description text, features text[],
    images jsonb, parent_asin text, dimensions jsonb, star_rating numeric, number_of_ratings integer, offer_id text,
    points bigint, price_minor bigint, list_price_minor bigint, currency text, min_quantity integer,
    max_quantity integer, delivery_earliest timestamptz, delivery_latest timestamptz, checked_at timestamptz,
    variations jsonb
) language sql stable security definer set search_path = pg_catalog
begin atomic
    with sold as (select * from catalogue.sellable(product_of.program_id, product_of.rules))
    select p.asin, p.kind, p.title, p.brand, p.category, p.category_name, p.description, p.features, p.images,
           p.parent_asin, p.dimensions, p.star_rating, p.number_of_ratings, s.offer_id, s.points, s.all_in_minor,
           s.list_price_minor, s.currency, s.min_quantity,
           least(s.max_quantity, s.quantity_in_stock)::integer, s.delivery_earliest, s.delivery_latest, p.checked_at,
           (select coalesce(jsonb_agg(jsonb_build_object(
                       'asin', v.asin, 'dimensions', v.dimensions, 'points', vs.points,
                       'price_minor', vs.all_in_minor) order by v.dimensions::text, v.asin), '[]')
            from catalogue.product as v
            left join sold as vs on vs.asin = v.asin
            where v.program_id = p.program_id and v.parent_asin = coalesce(p.parent_asin, p.asin)
              and v.refused_for is null)
    from catalogue.product as p
    left join sold as s on s.asin = p.asin
    where p.program_id = product_of.program_id and p.asin = product_of.asin
      and catalogue.shown(p, product_of.rules);
end;

-- Products by their key, at the price of their cheapest kind: also those that cannot be had now (no price) or are not
-- shown any more. `stale`: nothing of it can be had, and of some of it Amazon was not heard for too long, so nobody knows.
create or replace function catalogue.cards(program_id integer, rules jsonb, asins text[])
returns table (
    asin text, listing text, kind text, title text, brand text, category text, image jsonb, points bigint,
    price_minor bigint, list_price_minor bigint, currency text, from_points boolean, star_rating numeric,
    number_of_ratings integer, delivery_earliest timestamptz, delivery_latest timestamptz, priced_asin text,
    priced_category text, shipping_minor bigint, shown boolean, stale boolean
) language sql stable security definer set search_path = pg_catalog
begin atomic
    with asked as materialized (
        select p.program_id, p.asin, p.parent_asin, p.kind, p.title, p.brand, p.category, p.images -> 0 as image,
               p.star_rating, p.number_of_ratings, p.refused_for, p.checked_at,
               catalogue.shown(p, cards.rules) as shown
        from (select distinct a.asin from unnest(cards.asins) as a(asin)) as wanted
        join catalogue.product as p on p.program_id = cards.program_id and p.asin = wanted.asin
    ), family as materialized (
        select k.asin as of_asin, k.asin, k.category, k.kind, k.refused_for, k.checked_at from asked as k
        union all
        select k.asin, c.asin, c.category, c.kind, c.refused_for, c.checked_at
        from asked as k
        join catalogue.product as c on c.program_id = k.program_id and c.parent_asin = k.asin
    ), sold as materialized (
        select s.* from catalogue.sellable_among(
            cards.program_id, cards.rules, (select coalesce(array_agg(f.asin), '{}') from family as f)) as s
    ), best as (
        select distinct on (f.of_asin) f.of_asin, f.category, s.*,
               max(s.points) over (partition by f.of_asin) as dearest
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
                      or f.checked_at <= clock.now() - make_interval(hours => (rules ->> 'max_age_hours')::integer)))
    from asked as k
    left join best as b on b.of_asin = k.asin;
end;

-- What the stored copy says about these products, for a quote: also what is refused, with the rule.
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
