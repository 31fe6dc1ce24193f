-- What to show a member, best first; whether it can be had now and for how much, the caller asks catalogue.cards.

-- Internal: what the member had in an order of the last 90 days that was not cancelled; a kind stands for its parent.
create or replace function recommendations.lately(program_id integer, member_id bigint) returns table (asin text)
language sql stable set search_path = pg_catalog as $$
    select distinct coalesce(p.parent_asin, l.asin)
    from redemptions.redemption as r
    join redemptions.line as l on l.program_id = r.program_id and l.redemption_id = r.redemption_id
    left join catalogue.product as p on p.program_id = l.program_id and p.asin = l.asin
    where r.program_id = lately.program_id and r.member_id = any (members.family(lately.program_id, lately.member_id))
      and r.redemption_id >= clock.first_id(clock.now() - interval '92 days')
      and r.created_at > clock.now() - interval '90 days'
      and (r.outcome is null or r.outcome in ('completed', 'partially_completed'))
      and (l.accepted_quantity is null or l.accepted_quantity > l.given_back)
$$;

-- Up to `most` products without those that the member lately redeemed. `reason`: popular (what members redeemed most),
-- well_rated (what the catalogue itself ranks first).
create or replace function recommendations.for_member(program_id integer, member_id bigint, most integer)
returns table (asin text, reason text)
language sql stable security definer set search_path = pg_catalog as $$
    with lately as materialized (
        select x.asin from recommendations.lately(for_member.program_id, for_member.member_id) as x
    ), popular as materialized (
        select x.asin, row_number() over (order by x.members desc, x.units desc, x.asin) as place
        from recommendations.popular as x
        where x.program_id = for_member.program_id and not exists (select from lately as had where had.asin = x.asin)
        order by x.members desc, x.units desc, x.asin limit for_member.most
    ), ranked as materialized (
        select x.asin, x.popularity, x.star_rating from catalogue.product as x
        where x.program_id = for_member.program_id and x.refused_for is null and x.parent_asin is null
          and not exists (select from lately as had where had.asin = x.asin)
          and not exists (select from popular as p where p.asin = x.asin)
        order by x.popularity limit for_member.most
    )
    select picked.asin, picked.reason
    from (
        select p.asin, 'popular' as reason, 1 as part, p.place, null::numeric as stars from popular as p
        union all
        select r.asin, 'well_rated', 2, r.popularity, r.star_rating from ranked as r
    ) as picked
    order by picked.part, picked.place, picked.stars desc nulls last, picked.asin
    limit for_member.most
$$;

-- The same for what goes with a product, which itself (or its parent) comes first, as `itself`. `reason`: goes_with (in
-- one order with it), similar (of its category, popular first; the caller leaves out what costs much more or less). No
-- row: there is no such product.
create or replace function recommendations.with_product(
    program_id integer, member_id bigint, about text, most integer
) returns table (asin text, reason text)
language sql stable security definer set search_path = pg_catalog as $$
    with it as materialized (
        select coalesce(p.parent_asin, p.asin) as asin, p.category from catalogue.product as p
        where p.program_id = with_product.program_id and p.asin = with_product.about
    ), not_these as materialized (
        select x.asin from recommendations.lately(with_product.program_id, with_product.member_id) as x
        union
        select i.asin from it as i
    ), together as materialized (
        select x.other as asin, row_number() over (order by x.members desc, x.other) as place
        from it as i
        join recommendations.together as x on x.program_id = with_product.program_id and x.asin = i.asin
        where not exists (select from not_these as n where n.asin = x.other)
        order by x.members desc, x.other limit with_product.most
    ), alike as materialized (
        select x.asin, x.popularity
        from it as i
        join catalogue.product as x on x.program_id = with_product.program_id and x.category = i.category
        where x.refused_for is null and x.parent_asin is null
          and not exists (select from not_these as n where n.asin = x.asin)
          and not exists (select from together as t where t.asin = x.asin)
        order by x.popularity, x.asin limit with_product.most
    )
    select picked.asin, picked.reason
    from (
        select with_product.about as asin, 'itself' as reason, 0 as part, 0::bigint as place from it
        union all
        select t.asin, 'goes_with', 1, t.place from together as t
        union all
        select a.asin, 'similar', 2, a.popularity from alike as a
    ) as picked
    order by picked.part, picked.place, picked.asin
    limit with_product.most + 1
$$;
