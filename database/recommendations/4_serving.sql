-- What the night worked out, as members are answered: read by key. A kind stands for its parent; what has left the
-- catalogue or can never be redeemed is left out. Whether it can be had now and for how much, the caller asks catalogue.cards.

-- Internal: whether the member wants personal choices; what is stored of who does not is shown to nobody.
create or replace function recommendations.wanted(program_id integer, member_id bigint) returns boolean
language sql stable set search_path = pg_catalog as $$
    select coalesce((select p.wanted from interactions.personalisation(wanted.program_id, wanted.member_id) as p), false)
$$;

-- Internal: what the member redeemed and kept, of the newest 500 orders; `lately`: in the last 90 days.
create or replace function recommendations.had(program_id integer, member_id bigint)
returns table (asin text, lately boolean)
language sql stable set search_path = pg_catalog as $$
    select coalesce(p.parent_asin, l.asin), bool_or(r.created_at > clock.now() - interval '90 days')
    from (
        select o.redemption_id, o.created_at, o.outcome from redemptions.redemption as o
        where o.program_id = had.program_id and o.member_id = any (members.family(had.program_id, had.member_id))
        order by o.redemption_id desc limit 500
    ) as r
    join redemptions.line as l on l.program_id = had.program_id and l.redemption_id = r.redemption_id
    left join catalogue.product as p on p.program_id = l.program_id and p.asin = l.asin
    where (r.outcome is null or r.outcome in ('completed', 'partially_completed'))
      and (l.accepted_quantity is null or l.accepted_quantity > l.given_back)
    group by 1
$$;

-- Internal: the member's own list, best first, if it is wanted: up to `most` of what is stored.
create or replace function recommendations.own_list(program_id integer, member_id bigint, most integer)
returns table (asin text, because text, place bigint)
language sql stable set search_path = pg_catalog as $$
    select distinct on (coalesce(p.parent_asin, p.asin))
           coalesce(p.parent_asin, p.asin), coalesce(b.parent_asin, u.because), u.place
    from (
        select one.asin, one.because, one.place from recommendations.scored as s
        cross join lateral unnest(s.asins[:own_list.most], s.because[:own_list.most])
            with ordinality as one(asin, because, place)
        where s.program_id = own_list.program_id and s.member_id = own_list.member_id
          and recommendations.wanted(own_list.program_id, own_list.member_id)
    ) as u
    join catalogue.product as p on p.program_id = own_list.program_id and p.asin = u.asin and p.refused_for is null
    left join catalogue.product as b on b.program_id = own_list.program_id and b.asin = u.because
    order by coalesce(p.parent_asin, p.asin), u.place
$$;

-- Up to `most` products without those that the member lately redeemed: the member's own list, then what is redeemed more
-- than usual. `reason`: for_you, again (had before), trending. Of for_you, `because` is the product that speaks for it most (maybe
-- itself), `title`, `brand` and `texts` its names (none: it has left the catalogue), `how` what the member did with it: redeemed,
-- wished, looked.
create or replace function recommendations.stored_for(program_id integer, member_id bigint, most integer)
returns table (asin text, reason text, because text, how text, title text, brand text, texts jsonb)
language sql stable security definer set search_path = pg_catalog as $$
    with had as materialized (
        select h.asin, h.lately from recommendations.had(stored_for.program_id, stored_for.member_id) as h
    ), own as materialized (
        -- Some of it is left out again, as kinds of one product or had lately.
        select o.asin, o.because, o.place
        from recommendations.own_list(stored_for.program_id, stored_for.member_id, least(2 * stored_for.most, 200)) as o
        where not exists (select from had as h where h.asin = o.asin and h.lately)
        order by o.place limit stored_for.most
    ), rising as (
        select coalesce(p.parent_asin, p.asin) as asin, min(t.place) as place
        from (
            select x.asin, x.place from recommendations.trending as x
            where x.program_id = stored_for.program_id order by x.place limit 2 * stored_for.most
        ) as t
        join catalogue.product as p on p.program_id = stored_for.program_id and p.asin = t.asin and p.refused_for is null
        group by 1
    ), picked as (
        select o.asin, case when h.asin is not null then 'again' else 'for_you' end as reason, o.because,
               1 as part, o.place
        from own as o
        left join had as h on h.asin = o.asin
        union all
        select r.asin, 'trending', '', 2, r.place from rising as r
        where not exists (select from had as h where h.asin = r.asin and h.lately)
          and not exists (select from own as o where o.asin = r.asin)
        order by part, place limit stored_for.most
    )
    select k.asin, k.reason, k.because,
           case when k.reason <> 'for_you' or k.because = '' then null
                when exists (select from had as h where h.asin = k.because) then 'redeemed'
                when exists (select from wishes.wish as w
                             left join catalogue.product as v on v.program_id = w.program_id and v.asin = w.asin
                             where w.program_id = stored_for.program_id and w.member_id = stored_for.member_id
                               and k.because in (w.asin, v.parent_asin)) then 'wished'
                else 'looked' end,
           b.title, b.brand, coalesce(said.texts, '{}')
    from picked as k
    left join catalogue.product as b
        on b.program_id = stored_for.program_id and b.asin = k.because and k.reason = 'for_you' and b.title <> ''
    left join lateral catalogue.said_of(stored_for.program_id, b.asin, b.parent_asin) as said on b.asin is not null
    order by k.part, k.place
$$;

-- Up to `most` products that are liked by those who like this one, without what the member lately redeemed.
create or replace function recommendations.liked_too(program_id integer, member_id bigint, about text, most integer)
returns table (asin text)
language sql stable security definer set search_path = pg_catalog as $$
    with it as materialized (
        select coalesce(p.parent_asin, p.asin) as asin from catalogue.product as p
        where p.program_id = liked_too.program_id and p.asin = liked_too.about
    ), family as materialized (
        select i.asin from it as i
        union
        select k.asin from it as i
        join catalogue.product as k on k.program_id = liked_too.program_id and k.parent_asin = i.asin
    ), others as (
        select coalesce(p.parent_asin, p.asin) as asin, min(o.place) as place
        from family as f
        join recommendations.similar as s on s.program_id = liked_too.program_id and s.asin = f.asin
        cross join lateral unnest(s.others) with ordinality as o(asin, place)
        join catalogue.product as p on p.program_id = s.program_id and p.asin = o.asin and p.refused_for is null
        group by 1
    )
    select o.asin from others as o
    where not exists (select from it as i where i.asin = o.asin)
      and not exists (select from recommendations.lately(liked_too.program_id, liked_too.member_id) as h where h.asin = o.asin)
    order by o.place, o.asin limit liked_too.most
$$;

-- {asin: place}, from 1: what stands first where the member searches. The member's own list, then what is redeemed more than
-- usual, then what is redeemed most.
create or replace function recommendations.places(program_id integer, member_id bigint) returns jsonb
language sql stable security definer set search_path = pg_catalog as $$
    with listed as (
        select o.asin, 1 as part, o.place from recommendations.own_list(places.program_id, places.member_id, 200) as o
        union all
        select coalesce(p.parent_asin, p.asin), 2, t.place
        from recommendations.trending as t
        join catalogue.product as p on p.program_id = t.program_id and p.asin = t.asin
        where t.program_id = places.program_id and t.place <= 200
        union all
        select x.asin, 3, row_number() over (order by x.members desc, x.units desc, x.asin)
        from recommendations.popular as x where x.program_id = places.program_id
    ), once as (
        select distinct on (l.asin) l.asin, l.part, l.place from listed as l order by l.asin, l.part, l.place
    )
    select coalesce(jsonb_object_agg(r.asin, r.place), '{}')
    from (select o.asin, row_number() over (order by o.part, o.place, o.asin) as place from once as o) as r
$$;

-- Internal: what was chosen for a member goes. How many lists.
create or replace function recommendations.forget(program_id integer, member_id bigint) returns bigint
language sql set search_path = pg_catalog as $$
    with gone as (
        delete from recommendations.scored as s
        where s.program_id = forget.program_id and s.member_id = forget.member_id returning 1
    )
    select count(*) from gone
$$;

-- With the choice, so that nothing is stored of who wants no personal choices any more.
create or replace function recommendations.not_wanted() returns trigger
language plpgsql security definer set search_path = pg_catalog as $$
begin
    if not recommendations.wanted(new.program_id, new.member_id) then
        perform recommendations.forget(new.program_id, new.member_id);
    end if;
    return null;
end
$$;
create or replace trigger not_wanted after insert or update on interactions.choice
    for each row execute function recommendations.not_wanted();
