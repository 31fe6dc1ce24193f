-- How many of a scarce product one member may have: said by staff (catalogue.cap), kept here.

-- Internal: units of a product that a member has had, or will have, since so many days, by whatever membership became theirs.
create or replace function redemptions.units_had(program_id integer, member_id bigint, asin text, days integer)
returns bigint language sql stable set search_path = pg_catalog
begin atomic
    select coalesce(sum(coalesce(l.accepted_quantity, l.quantity) - l.given_back), 0)::bigint
    from redemptions.redemption as r
    join redemptions.line as l on l.program_id = r.program_id and l.redemption_id = r.redemption_id
    where r.program_id = units_had.program_id and r.member_id = any (members.family(units_had.program_id, units_had.member_id))
      and l.asin = units_had.asin
      and r.created_at > clock.now() - make_interval(days => units_had.days)
      and r.state not in ('cancelled', 'failed')
      and (r.outcome is null or r.outcome in ('completed', 'partially_completed'));
end;

-- Of a basket, the places (from 1) that want more than the member may still have, with the lines before them, and how many
-- that is. A quote asks, to say it early; redeem decides.
create or replace function redemptions.capped(
    program_id integer, member_id bigint, asins text[], quantities integer[]
) returns table (place bigint, units integer, days integer, remaining bigint)
language sql stable security definer set search_path = pg_catalog
begin atomic
    select w.place, c.units, c.days, greatest(c.units - had.units, 0)
    from (
        select one.asin, one.place, sum(one.quantity) over (partition by one.asin order by one.place) as so_far
        from unnest(capped.asins, capped.quantities) with ordinality as one(asin, quantity, place)
    ) as w
    join catalogue.cap as c on c.program_id = capped.program_id and c.asin = w.asin
    cross join lateral (
        select redemptions.units_had(c.program_id, capped.member_id, c.asin, c.days) as units) as had
    where had.units + w.so_far > c.units
    order by w.place;
end;

-- Internal: whether a redemption, whose lines are written, has more of something than its member may have.
create or replace function redemptions.passes_a_cap(program_id integer, member_id bigint, redemption_id uuid)
returns boolean language plpgsql set search_path = pg_catalog as $$
begin
    if not exists (
        select from redemptions.line as l
        join catalogue.cap as c on c.program_id = l.program_id and c.asin = l.asin
        where l.program_id = passes_a_cap.program_id and l.redemption_id = passes_a_cap.redemption_id
    ) then
        return false;
    end if;
    -- One after the other for each member, or two at once would pass it; what is seen after this is seen anew.
    perform pg_advisory_xact_lock(
        hashtextextended(passes_a_cap.program_id || ' ' || passes_a_cap.member_id, 710002));
    return exists (
        select from redemptions.line as l
        join catalogue.cap as c on c.program_id = l.program_id and c.asin = l.asin
        where l.program_id = passes_a_cap.program_id and l.redemption_id = passes_a_cap.redemption_id
          and redemptions.units_had(c.program_id, passes_a_cap.member_id, c.asin, c.days) > c.units);
end
$$;
