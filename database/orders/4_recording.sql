-- The Order Information function: Amazon's answer, written out by line and part. Idempotent.

-- Returns the placement's state; only accepted, partial and rejected have something to record.
create or replace function orders.record(program_id integer, redemption_id uuid)
returns text language plpgsql security definer set search_path = pg_catalog as $$
declare
    placement orders.placement;
begin
    select * into placement from orders.placement as p
    where p.program_id = record.program_id and p.redemption_id = record.redemption_id for no key update;
    if placement.concluded_at is null or placement.recorded_at is not null then
        return placement.state;
    end if;

    insert into orders.order_part(program_id, redemption_id, line_number, part_number, amazon_order_id, quantity,
                                  unit_price_minor, charged_minor, shipping_minor, tax_minor,
                                  delivery_earliest, delivery_latest, recorded_at)
    select record.program_id, record.redemption_id, (line ->> 'line_number')::integer, part.position,
           part.item ->> 'order_id', (part.item ->> 'quantity')::integer, (part.item ->> 'unit_price_minor')::bigint,
           (part.item ->> 'charged_minor')::bigint, (part.item ->> 'shipping_minor')::bigint,
           (part.item ->> 'tax_minor')::bigint, (part.item ->> 'delivery_earliest')::timestamptz,
           (part.item ->> 'delivery_latest')::timestamptz, clock.now()
    from jsonb_array_elements(placement.result -> 'lines') as line,
         jsonb_array_elements(line -> 'accepted') with ordinality as part(item, position);

    -- Whatever is not accepted is rejected: an answer that leaves units out is not concluded (loyalty.orders.placing). More
    -- than was asked for does not happen; the check stops it.
    update orders.placement_line as l
    set accepted_quantity = taken.quantity,
        rejected_quantity = l.quantity - taken.quantity,
        reasons = taken.reasons,
        charged_minor = taken.charged_minor,
        variance_minor = taken.charged_minor - taken.quantity * l.expected_unit_price_minor
            - (l.expected_shipping_minor + l.expected_tax_minor) * taken.quantity / l.quantity,
        row_xid = pg_current_xact_id()
    from (
        select asked.line_number,
               coalesce((select sum(o.quantity) from orders.order_part as o
                         where o.program_id = record.program_id and o.redemption_id = record.redemption_id
                           and o.line_number = asked.line_number), 0)::integer as quantity,
               coalesce((select sum(o.charged_minor) from orders.order_part as o
                         where o.program_id = record.program_id and o.redemption_id = record.redemption_id
                           and o.line_number = asked.line_number), 0)::bigint as charged_minor,
               coalesce((select array_agg(distinct reason ->> 'kind')
                         from jsonb_array_elements(placement.result -> 'lines') as line,
                              jsonb_array_elements(line -> 'rejected') as item,
                              jsonb_array_elements(item -> 'reasons') as reason
                         where (line ->> 'line_number')::integer = asked.line_number), '{}') as reasons
        from orders.placement_line as asked
        where asked.program_id = record.program_id and asked.redemption_id = record.redemption_id
    ) as taken
    where l.program_id = record.program_id and l.redemption_id = record.redemption_id
      and l.line_number = taken.line_number;

    update orders.placement as p
    set recorded_at = clock.now(), row_xid = pg_current_xact_id()
    where p.program_id = record.program_id and p.redemption_id = record.redemption_id;
    if not placement.trial then
        perform orders.begin_following(record.program_id, record.redemption_id);
    end if;
    return placement.state;
end
$$;
