-- Whether a product is on the shelf, and what keeps it off. In this order; the first that says something decides:
--   what can never be redeemed; hidden by hand; limited to members that this is not asked for; picked by hand;
--   a hidden category; a rule that excludes; rules that include, none of which names it.
-- `rules` has for this, as loyalty/catalogue/visibility.py writes it: hidden_asins [], hidden_categories [], mapping
-- {Amazon's category: the programme's}, excludes, includes and limits: [{code, categories, asins, brands, keywords,
-- min_stars_tenths, price_from_minor, price_to_minor, by_amazon, min_merchant_stars_tenths}]. A rule has only the conditions
-- it makes, and all of them must hold. Functions that only others here use have no settings of their own: so the planner
-- sees through them.

-- One rule and one offer. `loose`: a condition about the offer holds where there is no offer.
create or replace function catalogue.matching(
    p catalogue.product, category text, offered boolean, price_minor bigint, by_amazon boolean, merchant_stars numeric,
    rule jsonb, loose boolean
) returns table (yes boolean) language sql stable
begin atomic
    select coalesce(
        (not rule ? 'categories' or rule -> 'categories' ? matching.category)
        and (not rule ? 'asins' or rule -> 'asins' ? p.asin or coalesce(rule -> 'asins' ? p.parent_asin, false))
        and (not rule ? 'brands' or rule -> 'brands' ? lower(p.brand))
        and (not rule ? 'keywords' or exists (
                select from jsonb_array_elements_text(rule -> 'keywords') as word
                where position(word in lower(p.title || ' ' || p.brand)) > 0))
        and (not rule ? 'min_stars_tenths' or p.star_rating * 10 >= (rule ->> 'min_stars_tenths')::integer)
        and (not rule ?| array['price_from_minor', 'price_to_minor', 'by_amazon', 'min_merchant_stars_tenths']
             or case when matching.offered then
                    (not rule ? 'price_from_minor' or matching.price_minor >= (rule ->> 'price_from_minor')::bigint)
                    and (not rule ? 'price_to_minor' or matching.price_minor <= (rule ->> 'price_to_minor')::bigint)
                    and (not rule ? 'by_amazon' or matching.by_amazon = (rule ->> 'by_amazon')::boolean)
                    and (not rule ? 'min_merchant_stars_tenths'
                         or matching.merchant_stars * 10 >= (rule ->> 'min_merchant_stars_tenths')::integer)
                else matching.loose end),
        false);
end;

-- What the programme says about a product with one of its offers; null: nothing against it.
create or replace function catalogue.verdict(
    p catalogue.product, standing text, category text, offered boolean, price_minor bigint, by_amazon boolean,
    merchant_stars numeric, rules jsonb
) returns table (why text) language sql stable
begin atomic
    select case
        when p.refused_for is not null then 'refused:' || p.refused_for
        when verdict.standing = 'hidden' or rules -> 'hidden_asins' ? p.asin
             or rules -> 'hidden_asins' ? coalesce(p.parent_asin, p.asin) then 'hidden'
        when jsonb_array_length(rules -> 'limits') > 0 and exists (
                select from jsonb_array_elements(rules -> 'limits') as r(rule)
                cross join lateral catalogue.matching(
                    p, verdict.category, verdict.offered, verdict.price_minor, verdict.by_amazon,
                    verdict.merchant_stars, r.rule, true) as m
                where m.yes) then (
            select 'limited:' || (r.rule ->> 'code')
            from jsonb_array_elements(rules -> 'limits') with ordinality as r(rule, place)
            cross join lateral catalogue.matching(
                p, verdict.category, verdict.offered, verdict.price_minor, verdict.by_amazon,
                verdict.merchant_stars, r.rule, true) as m
            where m.yes order by r.place limit 1)
        when verdict.standing = 'picked' then null
        when coalesce(rules -> 'hidden_categories' ? p.category, false)
             or coalesce(rules -> 'hidden_categories' ? verdict.category, false) then 'category'
        when jsonb_array_length(rules -> 'excludes') > 0 and exists (
                select from jsonb_array_elements(rules -> 'excludes') as r(rule)
                cross join lateral catalogue.matching(
                    p, verdict.category, verdict.offered, verdict.price_minor, verdict.by_amazon,
                    verdict.merchant_stars, r.rule, false) as m
                where m.yes) then (
            select 'rule:' || (r.rule ->> 'code')
            from jsonb_array_elements(rules -> 'excludes') with ordinality as r(rule, place)
            cross join lateral catalogue.matching(
                p, verdict.category, verdict.offered, verdict.price_minor, verdict.by_amazon,
                verdict.merchant_stars, r.rule, false) as m
            where m.yes order by r.place limit 1)
        when jsonb_array_length(rules -> 'includes') > 0 and not exists (
                select from jsonb_array_elements(rules -> 'includes') as r(rule)
                cross join lateral catalogue.matching(
                    p, verdict.category, verdict.offered, verdict.price_minor, verdict.by_amazon,
                    verdict.merchant_stars, r.rule, true) as m
                where m.yes) then 'not-included'
    end;
end;

-- What staff said about a product: a kind is hidden with its parent, picked with it, and named and filed as it.
create or replace function catalogue.said_of(program_id integer, asin text, parent_asin text)
returns table (standing text, category text, texts jsonb, featured integer) language sql stable
begin atomic
    select case when 'hidden' in (own.standing, family.standing) then 'hidden'
                else coalesce(own.standing, family.standing) end,
           coalesce(own.category, family.category),
           coalesce(nullif(own.texts, '{}'), family.texts, '{}'),
           own.featured
    from (select 1) as one
    left join catalogue.curated as own on own.program_id = said_of.program_id and own.asin = said_of.asin
    left join catalogue.curated as family
        on family.program_id = said_of.program_id and family.asin = said_of.parent_asin;
end;

-- The same of every product of which anything was said, for who looks at all of them by themselves.
create or replace view catalogue.said as
select p.program_id, p.asin, s.standing, s.category, s.texts, s.featured
from catalogue.product as p
cross join lateral catalogue.said_of(p.program_id, p.asin, p.parent_asin) as s
where s.standing is not null or s.category is not null or s.featured is not null or s.texts <> '{}';
