-- What was ordered and what has left, for whoever compares invoices with it.

-- Internal: the lines of Amazon's orders, of this programme and no other. `extra_minor`: what the order said beyond the goods and
-- their tax: shipping less discounts. `shipped`: units that are known to have left.
create or replace function orders.lines_of(program_id integer, amazon_order_ids text[])
returns table (
    amazon_order_id text, redemption_id uuid, line_number integer, asin text, purchase_order_number text, currency text,
    quantity bigint, unit_price_minor bigint, extra_minor bigint, tax_minor bigint, shipped bigint)
language sql stable set search_path = pg_catalog as $$
    select o.amazon_order_id, o.redemption_id, o.line_number, l.asin, p.purchase_order_number, p.currency, sum(o.quantity),
           max(coalesce(o.unit_price_minor, l.expected_unit_price_minor)),
           sum(o.charged_minor - o.tax_minor - o.quantity * coalesce(o.unit_price_minor, l.expected_unit_price_minor))::bigint,
           sum(o.tax_minor)::bigint,
           (select coalesce(sum(u.quantity), 0) from orders.shipped_unit as u
            join orders.shipment as s using (program_id, redemption_id, shipment_key)
            where u.program_id = lines_of.program_id and u.redemption_id = o.redemption_id and u.line_number = o.line_number
              and s.amazon_order_id = o.amazon_order_id and s.shipped_at is not null)
    from orders.order_part as o
    join orders.placement_line as l using (program_id, redemption_id, line_number)
    join orders.placement as p using (program_id, redemption_id)
    where o.program_id = lines_of.program_id and o.amazon_order_id = any (lines_of.amazon_order_ids)
    group by o.amazon_order_id, o.redemption_id, o.line_number, l.asin, p.purchase_order_number, p.currency
$$;

-- Internal: Amazon's orders behind numbers that we gave ours: each ends with the redemption's id.
create or replace function orders.behind(program_id integer, purchase_order_numbers text[]) returns setof text
language sql stable set search_path = pg_catalog as $$
    select distinct o.amazon_order_id
    from unnest(behind.purchase_order_numbers) as n(number)
    join orders.placement as p
        on p.program_id = behind.program_id and upper(p.purchase_order_number) = n.number
       and p.redemption_id = substring(lower(n.number) from '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$')::uuid
    join orders.order_part as o on o.program_id = p.program_id and o.redemption_id = p.redemption_id
    where o.amazon_order_id is not null
$$;

-- Internal: Amazon's orders that numbers may mean which were hardly read: the same but for the last group of seven digits, or with that
-- one the same; and those of redemptions whose id begins with a moment, twelve digits of it. At most so many: none if there are more,
-- for then nobody can say which is meant.
create or replace function orders.near(program_id integer, amazon_order_ids text[], moments text[], most integer) returns setof text
language sql stable set search_path = pg_catalog as $$
    with found as (
        select o.amazon_order_id
        from unnest(near.amazon_order_ids) as n(number)
        join orders.order_part as o
            on o.program_id = near.program_id
           and o.amazon_order_id between left(n.number, 12) || '0000000' and left(n.number, 12) || '9999999'
        union
        select o.amazon_order_id
        from unnest(near.amazon_order_ids) as n(number)
        join orders.order_part as o on o.program_id = near.program_id and right(o.amazon_order_id, 7) = right(n.number, 7)
        where o.amazon_order_id is not null
        union
        select o.amazon_order_id
        from unnest(near.moments) as m(moment)
        join orders.placement as p
            on p.program_id = near.program_id
           and p.redemption_id between rpad(m.moment, 32, '0')::uuid and rpad(m.moment, 32, 'f')::uuid
        join orders.order_part as o on o.program_id = p.program_id and o.redemption_id = p.redemption_id
        where m.moment ~ '^[0-9a-f]{12}$' and o.amazon_order_id is not null
        limit near.most + 1
    )
    select f.amazon_order_id from found as f where (select count(*) from found) <= near.most
$$;

-- Internal: units of a line that are known to have been lost on their way, or cancelled.
create or replace function orders.lost_units(program_id integer, redemption_id uuid, line_number integer) returns bigint
language sql stable set search_path = pg_catalog as $$
    select coalesce(sum(u.quantity), 0)::bigint from orders.lost_unit as u
    where u.program_id = lost_units.program_id and u.redemption_id = lost_units.redemption_id
      and u.line_number = lost_units.line_number
$$;
