-- What is kept for scarce products: how many one member may have, and what is offered instead. demand says so; members'
-- pages, quotes and redemptions ask here.

-- Internal: one member may have so many of it within so many days; null: as many as there are.
create or replace function catalogue.limit_to(program_id integer, asin text, units integer, days integer) returns void
language sql set search_path = pg_catalog as $$
    delete from catalogue.cap as c
    where limit_to.units is null and c.program_id = limit_to.program_id and c.asin = limit_to.asin;
    insert into catalogue.cap as c (program_id, asin, units, days)
    select limit_to.program_id, limit_to.asin, limit_to.units, limit_to.days where limit_to.units is not null
    on conflict on constraint cap_pkey do update
        set units = excluded.units, days = excluded.days, row_xid = pg_current_xact_id();
$$;

-- Internal: these are offered where it cannot be had, in this order; none: nothing is.
create or replace function catalogue.offer_instead(program_id integer, asin text, others text[]) returns void
language sql set search_path = pg_catalog as $$
    delete from catalogue.substitute as s
    where s.program_id = offer_instead.program_id and s.asin = offer_instead.asin;
    insert into catalogue.substitute (program_id, asin, place, other)
    select offer_instead.program_id, offer_instead.asin, o.place, o.other
    from unnest(offer_instead.others) with ordinality as o(other, place);
$$;

-- Which of these cannot be offered instead of a product: not known, never redeemable, hidden by hand, or itself.
create or replace function catalogue.no_substitutes(program_id integer, asin text, others text[]) returns text[]
language sql stable set search_path = pg_catalog
begin atomic
    select array(
        select o.other from unnest(no_substitutes.others) as o(other)
        where o.other = no_substitutes.asin or not exists (
            select from catalogue.product as p
            cross join lateral catalogue.said_of(p.program_id, p.asin, p.parent_asin) as said
            where p.program_id = no_substitutes.program_id and p.asin = o.other and p.refused_for is null
              and said.standing is distinct from 'hidden'));
end;

-- What staff named to be offered instead of each of these, in order; whether it can be had now, its card says.
create or replace function catalogue.substitutes(program_id integer, asins text[])
returns table (asin text, place integer, other text)
language sql stable security definer set search_path = pg_catalog
begin atomic
    select s.asin, s.place, s.other from catalogue.substitute as s
    where s.program_id = substitutes.program_id and s.asin = any (substitutes.asins)
    order by s.asin, s.place;
end;
