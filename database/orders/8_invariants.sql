-- What must hold at any instant. Every row should say 0.
create or replace view orders.invariants as
select 'every accepted order that is recorded is followed, or was' as name,
       (select count(*) from orders.placement as p
        where p.state in ('accepted', 'partial') and p.recorded_at is not null and not p.trial
          and not exists (select from orders.follow as f
                          where f.program_id = p.program_id and f.redemption_id = p.redemption_id)) as violations
union all
select 'a trial is what its programme says, and Amazon has no order of it',
       (select count(*) from orders.placement as p
        join programme.program as g using (program_id)
        where p.trial <> g.trial
           or p.trial and exists (select from orders.order_part as o
                                  where o.program_id = p.program_id and o.redemption_id = p.redemption_id
                                    and o.amazon_order_id is not null)) as violations
union all
select 'no more units have left or are lost than were accepted, or a person knows',
       (select count(*) from orders.follow as f
        where f.units_shipped + f.units_lost > f.units and f.case_id is null)
union all
select 'nothing is paid for that has not left',
       (select count(*) from orders.shipped_unit as u
        left join orders.shipment as s using (program_id, redemption_id, shipment_key)
        where u.collected > 0 and s.shipped_at is null)
union all
select 'a package is said to be where the furthest word has it',
       (select count(*) from orders.package as p
        where (array_position(array['ordered', 'shipped', 'out_for_delivery', 'delivered'], p.state) - 1)
              <> (select coalesce(max(orders.way_of((e.event).status)), 0)
                  from orders.placed_events(p.program_id, p.redemption_id) as e
                  where e.shipment_key = p.shipment_key and (e.package_key = p.package_key or e.package_key is null)))
union all
select 'nobody was told the same of a package twice',
       (select count(*) from (
            select from outbox.event as e
            where e.topic in ('shipment.shipped', 'shipment.out_for_delivery', 'shipment.delivered')
            group by e.program_id, e.subject, e.topic, e.payload ->> 'shipment_key', e.payload ->> 'package_key'
            having count(*) > 1) as twice)
union all
select 'an order is not followed for more than half a year, or a person knows',
       (select count(*) from orders.follow as f
        where f.state = 'open' and f.case_id is null and f.ordered_at < clock.now() - interval '180 days');
