-- Whether a product can be had, as the programme sees it, and since when.

-- What these products are now, each by its best offer, whatever the programme shows or hides. `slow_days`: later than that
-- is slow. `quantity` null: Amazon does not say; `delivery_days` null: nothing is promised.
create or replace function catalogue.available_now(program_id integer, rules jsonb, slow_days integer, asins text[])
returns table (asin text, state text, quantity bigint, delivery_days integer, price_minor bigint)
language sql stable set search_path = pg_catalog
begin atomic
    select distinct on (p.asin) p.asin, judged.state, o.quantity_in_stock,
           least(greatest(ceil(extract(epoch from promised.by_at - clock.now()) / 86400), 0), 1000)::integer,
           o.price_minor
    from catalogue.product as p
    left join catalogue.offer as o on o.program_id = p.program_id and o.asin = p.asin
    left join lateral (
        select r.margin_basis_points, r.points from catalogue.priced(
            available_now.program_id, available_now.rules, array[p.asin]) as r
        where r.offer_id = o.offer_id
    ) as priced on true
    cross join lateral (select coalesce(o.delivery_latest, o.delivery_earliest) as by_at) as promised
    cross join lateral (
        select case
            when p.refused_for is not null or o.refused_for is not null then 'gone'
            when o.offer_id is null or not o.in_stock then 'out_of_stock'
            when coalesce(o.price_minor, 0) = 0 or o.currency is distinct from rules ->> 'currency' then 'below_floor'
            when (rules ->> 'margin_floor_basis_points')::integer > 0
                 and coalesce(priced.margin_basis_points, -1) < (rules ->> 'margin_floor_basis_points')::integer
                then 'below_floor'
            when promised.by_at > clock.now() + make_interval(days => available_now.slow_days) then 'slow'
            else 'available' end as state
    ) as judged
    where p.program_id = available_now.program_id and p.asin = any (available_now.asins)
      and p.checked_at is not null and (p.kind in ('STANDARD', 'VARIATION_CHILD') or p.refused_for = 'gone')
    order by p.asin, array_position(array['available', 'slow', 'below_floor', 'out_of_stock', 'gone'], judged.state),
             priced.points, o.position;
end;

-- Note what is not as it was last; how many were. Another state always; only another number if the last note is some
-- hours old and the number is another by more than a little. Of each product the last four hundred days are kept.
create or replace function catalogue.note_availability(
    program_id integer, rules jsonb, slow_days integer, asins text[]
) returns integer language sql security definer set search_path = pg_catalog as $$
    delete from catalogue.availability as old
    where old.program_id = note_availability.program_id and old.asin = any (note_availability.asins)
      and old.at < clock.now() - interval '400 days'
      and exists (select from catalogue.availability as newer
                  where newer.program_id = old.program_id and newer.asin = old.asin and newer.at > old.at
                    and newer.at < clock.now() - interval '400 days');
    with noted as (
        insert into catalogue.availability (program_id, asin, at, state, quantity, delivery_days, price_minor)
        select note_availability.program_id, n.asin, clock.now(), n.state, n.quantity, n.delivery_days, n.price_minor
        from catalogue.available_now(
            note_availability.program_id, note_availability.rules, note_availability.slow_days,
            note_availability.asins) as n
        left join lateral (
            select a.* from catalogue.availability as a
            where a.program_id = note_availability.program_id and a.asin = n.asin order by a.at desc limit 1
        ) as last on true
        where last.state is distinct from n.state
           or last.at <= clock.now() - interval '6 hours' and (
              last.price_minor is distinct from n.price_minor
              or (last.quantity is null) <> (n.quantity is null)
              or n.quantity <> last.quantity and (n.quantity <= 20 or abs(n.quantity - last.quantity) * 10 >= last.quantity)
              or (last.delivery_days is null) <> (n.delivery_days is null)
              or abs(n.delivery_days - last.delivery_days) >= 2)
        on conflict on constraint availability_pkey do nothing
        returning 1
    )
    select count(*)::integer from noted
$$;
