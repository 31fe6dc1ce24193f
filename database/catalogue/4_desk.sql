-- What staff see of the catalogue: every product, on the shelf or not, and why. `rules` as in 2_shelf.sql, for everybody
-- (`limits` empty) unless somebody's shelf is asked for. A parent stands for its kinds, with the best of them.

-- Internal: every product that stands alone and every parent.
create or replace function catalogue.desk_rows(program_id integer, rules jsonb, among text[])
returns table (
    asin text, priced_asin text, why text, price_minor bigint, shipping_minor bigint, cost_minor bigint,
    all_in_minor bigint, points bigint, margin_basis_points bigint, currency text, quantity_in_stock bigint,
    checked_at timestamptz, kinds bigint, kinds_shown bigint, category text, limited text[]
) language sql stable
begin atomic
    with offered as materialized (
        select o.* from catalogue.priced(desk_rows.program_id, desk_rows.rules, desk_rows.among) as o
    ), one as (
        select distinct on (o.asin) o.* from offered as o order by o.asin, o.why is not null, o.points, o.position
    ), best as (
        select distinct on (o.listing) o.*, count(*) over (partition by o.listing) as kinds,
               count(*) filter (where o.why is null) over (partition by o.listing) as kinds_shown
        from one as o order by o.listing, o.why is not null, o.points, o.asin
    )
    select p.asin, coalesce(b.asin, p.asin),
           case when b.asin is not null then b.why
                else coalesce(catalogue.against(p, desk_rows.rules),
                              case when p.checked_at is null then 'not-checked' else 'no-offer' end) end,
           b.price_minor, b.shipping_minor, b.cost_minor, b.all_in_minor, b.points, b.margin_basis_points, b.currency,
           b.quantity_in_stock, coalesce(b.checked_at, p.checked_at), coalesce(b.kinds, 0), coalesce(b.kinds_shown, 0),
           filed.category,
           array(select r.rule ->> 'code' from jsonb_array_elements(desk_rows.rules -> 'limited') as r(rule)
                 cross join lateral catalogue.matching(
                     p, filed.category, false, null::bigint, null::boolean, null::numeric, r.rule, true) as m
                 where m.yes)
    from catalogue.product as p
    left join best as b on b.listing = p.asin
    cross join lateral catalogue.said_of(p.program_id, p.asin, p.parent_asin) as s
    cross join lateral (
        select coalesce(s.category, desk_rows.rules -> 'mapping' ->> p.category, p.category) as category
    ) as filed
    where p.program_id = desk_rows.program_id and p.parent_asin is null
      and (desk_rows.among is null or p.asin = any (desk_rows.among));
end;

-- A page of them, the featured first, then by popularity. `state`: shown, hidden (for whatever reason), picked, featured,
-- edited (own texts), added (not in any category of Amazon's), stale, out-of-stock, margin-floor, refused, or any other
-- `why` by its first word. The page begins after (after_key, after_asin).
create or replace function catalogue.desk(
    program_id integer, rules jsonb, search text, category text, state text, after_key bigint, after_asin text,
    most integer
) returns table (
    asin text, kind text, title text, brand text, image jsonb, amazon_category text, amazon_category_name text,
    category text, standing text, featured integer, own_category text, texts jsonb, why text, limited text[],
    price_minor bigint, cost_minor bigint, all_in_minor bigint, points bigint, margin_basis_points bigint, currency text,
    quantity_in_stock bigint, kinds bigint, kinds_shown bigint, checked_at timestamptz, age_seconds double precision,
    popularity integer, change_id bigint, sort_key bigint, found bigint
) language sql stable security definer set search_path = pg_catalog
begin atomic
    with every as (
        select p.asin, p.kind, p.title, p.brand, p.images -> 0 as image, p.category as amazon_category,
               p.category_name, r.category, k.standing, k.featured, k.category as own_category,
               coalesce(k.texts, '{}') as texts, r.why, r.limited, r.price_minor, r.cost_minor, r.all_in_minor,
               r.points, r.margin_basis_points, r.currency, r.quantity_in_stock, r.kinds, r.kinds_shown, r.checked_at,
               extract(epoch from clock.now() - r.checked_at)::double precision as age_seconds, p.popularity,
               coalesce(k.change_id, 0) as change_id,
               coalesce(k.featured - 1099511627776, p.popularity) as sort_key
        from catalogue.desk_rows(desk.program_id, desk.rules, null) as r
        join catalogue.product as p on p.program_id = desk.program_id and p.asin = r.asin
        left join catalogue.curated as k on k.program_id = p.program_id and k.asin = p.asin
    ), found as (
        select e.*, count(*) over () as found from every as e
        where (desk.category is null or e.category = desk.category or e.amazon_category = desk.category)
          and (desk.search is null or e.asin = upper(desk.search)
               or exists (select from catalogue.product as c
                          where c.program_id = desk.program_id and c.asin = upper(desk.search) and c.parent_asin = e.asin)
               or position(lower(desk.search) in lower(
                      e.title || ' ' || e.brand || ' ' || e.category_name || ' '
                      || coalesce(jsonb_path_query_array(e.texts, '$.*.title')::text, ''))) > 0)
          and case desk.state
                  when 'shown' then e.why is null
                  when 'hidden' then e.why is not null
                  when 'picked' then e.standing = 'picked'
                  when 'featured' then e.featured is not null
                  when 'edited' then e.texts <> '{}'
                  when 'added' then e.amazon_category is null
                  when 'limited' then e.limited <> '{}'
                  when 'by-hand' then e.why = 'hidden'
                  else desk.state is null or split_part(e.why, ':', 1) = desk.state
              end
    )
    select f.asin, f.kind, f.title, f.brand, f.image, f.amazon_category, f.category_name, f.category, f.standing,
           f.featured, f.own_category, f.texts, f.why, f.limited, f.price_minor, f.cost_minor, f.all_in_minor, f.points,
           f.margin_basis_points, f.currency, f.quantity_in_stock, f.kinds, f.kinds_shown, f.checked_at, f.age_seconds,
           f.popularity, f.change_id, f.sort_key, f.found
    from found as f
    where desk.after_key is null or (f.sort_key, f.asin) > (desk.after_key, desk.after_asin)
    order by f.sort_key, f.asin
    limit desk.most;
end;

-- How many there are, and how many for each reason ('' is shown).
create or replace function catalogue.desk_counts(program_id integer, rules jsonb)
returns table (why text, products bigint)
language sql stable security definer set search_path = pg_catalog
begin atomic
    select coalesce(r.why, ''), count(*) from catalogue.desk_rows(desk_counts.program_id, desk_counts.rules, null) as r
    group by 1 order by 2 desc, 1;
end;

-- What other rules would do: products that would come (`comes`) or go, and why they are away in the other case.
create or replace function catalogue.desk_difference(program_id integer, rules jsonb, other jsonb)
returns table (asin text, title text, comes boolean, why text)
language sql stable security definer set search_path = pg_catalog
begin atomic
    select p.asin, coalesce(nullif(p.title, ''), p.asin), b.why is null, coalesce(a.why, b.why)
    from catalogue.desk_rows(desk_difference.program_id, desk_difference.rules, null) as a
    join catalogue.desk_rows(desk_difference.program_id, desk_difference.other, null) as b on b.asin = a.asin
    join catalogue.product as p on p.program_id = desk_difference.program_id and p.asin = a.asin
    where (a.why is null) <> (b.why is null)
    order by p.popularity, p.asin;
end;

-- One product with everything about it: its offers and kinds, what it has cost, whatever keeps it off the shelf.
create or replace function catalogue.desk_product(program_id integer, rules jsonb, asin text)
returns table (
    asin text, parent_asin text, kind text, title text, brand text, description text, features text[], images jsonb,
    amazon_category text, amazon_category_name text, category text, standing text, featured integer, own_category text,
    texts jsonb, change_id bigint, why text, limited text[], star_rating numeric, number_of_ratings integer,
    first_seen_at timestamptz, checked_at timestamptz, age_seconds double precision, offers jsonb, kinds jsonb,
    prices jsonb
) language sql stable security definer set search_path = pg_catalog
begin atomic
    with it as materialized (
        select p.* from catalogue.product as p
        where p.program_id = desk_product.program_id and p.asin = desk_product.asin
    ), family as materialized (
        select c.asin, c.title, c.dimensions from it as i
        join catalogue.product as c on c.program_id = i.program_id and c.parent_asin = i.asin
    ), offered as materialized (
        select o.* from catalogue.priced(
            desk_product.program_id, desk_product.rules,
            (select array_agg(one.asin) from (select i.asin from it as i union select f.asin from family as f) as one)) as o
    )
    select p.asin, p.parent_asin, p.kind, p.title, p.brand, p.description, p.features, p.images, p.category,
           p.category_name, filed.category, k.standing, k.featured, k.category, coalesce(k.texts, '{}'),
           (select coalesce(max(c.change_id), 0) from catalogue.changed as c
            where c.program_id = p.program_id and c.asin = p.asin),
           case when exists (select from offered as o where o.why is null) then null
                else coalesce((select o.why from offered as o order by o.asin, o.position limit 1),
                              catalogue.against(p, desk_product.rules),
                              case when p.checked_at is null then 'not-checked' else 'no-offer' end) end,
           array(select r.rule ->> 'code' from jsonb_array_elements(desk_product.rules -> 'limited') as r(rule)
                 cross join lateral catalogue.matching(
                     p, filed.category, false, null::bigint, null::boolean, null::numeric, r.rule, true) as m
                 where m.yes),
           p.star_rating, p.number_of_ratings, p.first_seen_at, p.checked_at,
           extract(epoch from clock.now() - p.checked_at)::double precision,
           (select coalesce(jsonb_agg(jsonb_build_object(
                       'offer_id', o.offer_id, 'why', o.why, 'price_minor', o.price_minor,
                       'shipping_minor', o.shipping_minor, 'cost_minor', o.cost_minor, 'points', o.points,
                       'margin_basis_points', o.margin_basis_points, 'currency', o.currency,
                       'quantity_in_stock', o.quantity_in_stock, 'merchant_name', x.merchant_name,
                       'merchant_stars', x.merchant_stars, 'by_amazon', x.by_amazon, 'condition', x.condition,
                       'delivery_earliest', o.delivery_earliest, 'delivery_latest', o.delivery_latest)
                       order by o.position), '[]')
            from offered as o
            join catalogue.offer as x on x.program_id = p.program_id and x.asin = o.asin and x.offer_id = o.offer_id
            where o.asin = p.asin),
           (select coalesce(jsonb_agg(jsonb_build_object(
                       'asin', f.asin, 'title', f.title, 'dimensions', f.dimensions, 'points', o.points,
                       'price_minor', o.price_minor,
                       'why', case when o.asin is null then 'not-checked' else o.why end)
                       order by f.dimensions::text, f.asin), '[]')
            from family as f
            left join lateral (select y.* from offered as y where y.asin = f.asin
                               order by y.why is not null, y.points, y.position limit 1) as o on true),
           (select coalesce(jsonb_agg(jsonb_build_object('seen_at', s.seen_at, 'price_minor', s.price_minor,
                                                         'currency', s.currency) order by s.seen_at), '[]')
            from (select h.* from catalogue.price_seen as h
                  where h.program_id = p.program_id and h.asin = p.asin order by h.seen_at desc limit 200) as s)
    from it as p
    left join catalogue.curated as k on k.program_id = p.program_id and k.asin = p.asin
    cross join lateral catalogue.said_of(p.program_id, p.asin, p.parent_asin) as s
    cross join lateral (
        select coalesce(s.category, desk_product.rules -> 'mapping' ->> p.category, p.category) as category
    ) as filed;
end;

-- Amazon's categories and how many products each has; and what the programme files under each of its own codes.
create or replace function catalogue.amazon_categories(program_id integer)
returns table (category text, name text, products bigint, discovered_at timestamptz)
language sql stable security definer set search_path = pg_catalog
begin atomic
    select c.category, c.name,
           (select count(*) from catalogue.product as p
            where p.program_id = c.program_id and p.category = c.category and p.parent_asin is null), c.discovered_at
    from catalogue.category as c
    where c.program_id = amazon_categories.program_id
    order by c.name, c.category;
end;
