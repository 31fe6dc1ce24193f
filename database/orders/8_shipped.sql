-- What has left since, for whoever waits for its invoice.

-- Internal: shipments that left in this time, oldest first, so many and those of the last one's instant.
create or replace function orders.shipped_between(program_id integer, after timestamptz, until timestamptz, most integer)
returns table (
    redemption_id uuid, shipment_key text, amazon_order_id text, shipment_id text, ordered_at timestamptz, shipped_at timestamptz)
language sql stable set search_path = pg_catalog as $$
    select s.redemption_id, s.shipment_key, s.amazon_order_id, s.shipment_id, f.ordered_at, s.shipped_at
    from orders.shipment as s join orders.follow as f using (program_id, redemption_id)
    where s.program_id = shipped_between.program_id and s.shipped_at > shipped_between.after
      and s.shipped_at <= shipped_between.until
    order by s.shipped_at
    fetch first (greatest(1, shipped_between.most)) rows with ties
$$;

-- Internal: of each product in a shipment, the units of its Amazon order that had left with it or before it.
create or replace function orders.shipped_until(program_id integer, redemption_id uuid, shipment_key text)
returns table (asin text, quantity bigint)
language sql stable set search_path = pg_catalog as $$
    select l.asin, sum(u.quantity)
    from orders.shipment as this
    join orders.shipment as s
        on s.program_id = this.program_id and s.redemption_id = this.redemption_id and s.amazon_order_id = this.amazon_order_id
       and (s.shipped_at, s.shipment_key) <= (this.shipped_at, this.shipment_key)
    join orders.shipped_unit as u
        on u.program_id = s.program_id and u.redemption_id = s.redemption_id and u.shipment_key = s.shipment_key
    join orders.placement_line as l
        on l.program_id = u.program_id and l.redemption_id = u.redemption_id and l.line_number = u.line_number
    where this.program_id = shipped_until.program_id and this.redemption_id = shipped_until.redemption_id
      and this.shipment_key = shipped_until.shipment_key
    group by l.asin
    having bool_or(s.shipment_key = this.shipment_key)
$$;
