-- What somebody outside who learns what members like may be told, as it happens. A member is their random key of the lake;
-- whoever wants no personal choices, or has looked and wants it no more, has no row here.

-- The key of a member who wants personal choices; null: nothing is told, and nothing is asked.
create or replace function recommendations.key_of(program_id integer, member_id bigint) returns text
language sql stable security definer set search_path = pg_catalog as $$
    select k.member_key::text from lake.member_key as k
    cross join lateral interactions.personalisation(k.program_id, k.member_id) as p
    where k.program_id = key_of.program_id and k.member_id = key_of.member_id and p.wanted
$$;

-- Of these times that a product's page was open: those that are kept, and are this member's.
create or replace function recommendations.looks(program_id integer, member_id bigint, keys uuid[])
returns table (member_key text, event_key text, asin text, units integer, happened_at timestamptz)
language sql stable security definer set search_path = pg_catalog as $$
    select k.member_key, v.event_key::text, v.asin, 1, v.seen_at
    from recommendations.key_of(looks.program_id, looks.member_id) as k(member_key)
    join interactions.viewer as w
        on w.program_id = looks.program_id and w.member_id = looks.member_id and w.ended_at is null
    join interactions.catalogue_view as v
        on v.program_id = w.program_id and v.viewer_key = w.viewer_key and v.event_key = any (looks.keys)
    where k.member_key is not null
    order by v.seen_at, v.event_key
$$;

-- What was accepted of a redemption and not given back.
create or replace function recommendations.redeemed(program_id integer, redemption_id uuid)
returns table (member_key text, event_key text, asin text, units integer, happened_at timestamptz)
language sql stable security definer set search_path = pg_catalog as $$
    select k.member_key, l.redemption_id || '-' || l.line_number, l.asin, l.accepted_quantity - l.given_back, r.created_at
    from redemptions.redemption as r
    join redemptions.line as l on l.program_id = r.program_id and l.redemption_id = r.redemption_id
    cross join lateral recommendations.key_of(r.program_id, r.member_id) as k(member_key)
    where r.program_id = redeemed.program_id and r.redemption_id = redeemed.redemption_id
      and l.accepted_quantity > l.given_back and k.member_key is not null
    order by l.line_number
$$;

-- Of these products, in their order, those that may be shown to a member: a kind as its parent, each once, none that has left
-- the catalogue or can never be redeemed, none that the member redeemed lately.
create or replace function recommendations.known(program_id integer, member_id bigint, asins text[])
returns table (asin text)
language sql stable security definer set search_path = pg_catalog as $$
    select coalesce(p.parent_asin, p.asin)
    from unnest(known.asins) with ordinality as one(asin, place)
    join catalogue.product as p on p.program_id = known.program_id and p.asin = one.asin and p.refused_for is null
    where not exists (
        select from recommendations.had(known.program_id, known.member_id) as h
        where h.lately and h.asin = coalesce(p.parent_asin, p.asin))
    group by 1
    order by min(one.place)
$$;
