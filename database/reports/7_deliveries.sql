-- What has arrived, told to the books: by the shipments that Amazon delivered, whole ones only.

-- So many of each redemption's points as its delivered shipments cost are delivered. Returns how many redemptions were told.
-- What is not posted yet, or was heard late, is found the next time.
create or replace function reports.post_deliveries(p_most int) returns bigint
language plpgsql security definer set search_path = pg_catalog as $$
declare
    d record;
    v_count bigint := 0;
begin
    for d in
        with open as (
            select u.program_id, u.redemption_id, sum(u.points)::bigint as points from reports.undelivered u group by 1, 2
        ), arrived as (
            select o.program_id, o.redemption_id, o.points as open, max(s.delivered_at) as at,
                sum(q.quantity * l.unit_points)::bigint as points
            from open o
            join orders.shipment s on s.program_id = o.program_id and s.redemption_id = o.redemption_id
                and s.delivered_at is not null
            join orders.shipped_unit q on q.program_id = s.program_id and q.redemption_id = s.redemption_id
                and q.shipment_key = s.shipment_key
            join redemptions.line l on l.program_id = q.program_id and l.redemption_id = q.redemption_id
                and l.line_number = q.line_number
            group by 1, 2, 3
        )
        select a.program_id, a.redemption_id, a.at, a.points as through, least(a.points - k.points, a.open) as points
        from arrived a
        cross join lateral (
            select coalesce(sum(y.points), 0)::bigint as points from reports.delivery y
            where y.program_id = a.program_id and y.redemption_id = a.redemption_id) k
        where a.points > k.points
        order by a.program_id, a.redemption_id limit p_most
    loop
        -- Known by how much has arrived in all: told twice at once, it counts once.
        perform reports.deliver(
            d.program_id, md5(concat_ws(':', 'arrived', d.redemption_id, d.through))::uuid, d.redemption_id, d.points,
            d.at, 'orders');
        v_count := v_count + 1;
    end loop;
    return v_count;
end $$;
