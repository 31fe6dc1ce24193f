-- What must hold at any instant. Every row should say 0.
create or replace view redemptions.invariants as
select 'a closed redemption has spent or returned all it held' as name,
       (select count(*) from redemptions.redemption as r
        where r.state = 'closed' and r.settled_points + r.released_points <> r.points) as violations
union all
select 'the hold agrees with the redemption',
       (select count(*) from redemptions.redemption as r
        left join points.hold as h
            on h.program_id = r.program_id and h.member_id = r.member_id and h.hold_id = r.redemption_id
        left join points.journal as j
            on j.program_id = r.program_id and j.member_id = r.member_id and j.op_id = r.redemption_id and j.kind = 'hold'
        -- A closed hold is in the journal only.
        where r.points > 0 and (j.amount <> r.points
                                or coalesce(h.open, 0) <> r.points - r.settled_points - r.released_points))
union all
select 'no hold of points without its redemption',
       (select count(*) from points.hold as h
        where not exists (
            select from redemptions.redemption as r
            where r.program_id = h.program_id and r.member_id = h.member_id and r.redemption_id = h.hold_id))
union all
select 'no order was sent without a redemption that had gone forward',
       (select count(*) from orders.placement as p
        left join redemptions.redemption as r using (program_id, redemption_id)
        where p.sends > 0 and p.state <> 'rejected'
          and (r.redemption_id is null or r.state not in ('ordering', 'settled', 'closed')))
union all
select 'no points returned in full while Amazon delivers, or may',
       (select count(*) from orders.placement as p
        join redemptions.redemption as r using (program_id, redemption_id)
        where (r.state in ('cancelled', 'failed') or (r.state = 'closed' and r.accepted_points is null))
          and (p.state in ('sent', 'unknown', 'accepted', 'partial') or (p.state = 'queued' and p.sends > 0)))
union all
select 'what was ordered is what was redeemed',
       (select count(*) from redemptions.line as l
        full join orders.placement_line as p using (program_id, redemption_id, line_number)
        where (l.asin, l.quantity) is distinct from (p.asin, p.quantity))
union all
select 'an Amazon order belongs to one redemption',
       (select count(*) from (
            select from orders.order_part as o where o.amazon_order_id is not null
            group by o.amazon_order_id having count(distinct (o.program_id, o.redemption_id)) > 1) as shared)
union all
select 'what was settled is what Amazon accepted, to the point and to the cent',
       (select count(*) from redemptions.redemption as r
        cross join lateral (
            select sum(coalesce(a.accepted_quantity, 0) * l.unit_points) as points,
                   sum(coalesce(a.accepted_quantity, 0) * l.unit_money_minor) as money
            from redemptions.line as l
            left join orders.placement_line as a using (program_id, redemption_id, line_number)
            where l.program_id = r.program_id and l.redemption_id = r.redemption_id) as accepted
        where r.accepted_points is not null
          and (r.accepted_points <> accepted.points or r.settled_points <> accepted.points
               or (r.review_reason is distinct from 'money_not_captured'
                   and r.accepted_money_minor <> accepted.money)))
union all
select 'the lines add up to what the member promised',
       (select count(*) from redemptions.redemption as r
        cross join lateral (
            select sum(l.quantity * l.unit_points) as points, sum(l.quantity * l.unit_money_minor) as money
            from redemptions.line as l
            where l.program_id = r.program_id and l.redemption_id = r.redemption_id) as lines
        where lines.points is distinct from r.points or lines.money is distinct from r.money_minor)
union all
select 'every unit costs what the signed quote says',
       (select count(*) from redemptions.redemption as r
        join redemptions.line as l using (program_id, redemption_id)
        left join redemptions.quote_line as q
            on q.program_id = r.program_id and q.quote_id = r.quote_id and q.line_number = l.line_number
        where q.asin is distinct from l.asin
           or l.unit_money_minor
              <> q.unit_price_minor - div(q.unit_price_minor::numeric * l.unit_points, q.unit_points_full))
union all
select 'the payment is of the money that was promised',
       (select count(*) from redemptions.redemption as r
        full join payments.payment as p using (program_id, redemption_id)
        where coalesce(r.money_minor, 0) <> coalesce(p.amount_minor, 0) or r.currency <> p.currency)
union all
select 'what was accepted for money was captured or waits for its shipments, or a person knows',
       (select count(*) from redemptions.redemption as r
        left join payments.standing as p using (program_id, redemption_id)
        where r.state = 'closed' and r.accepted_money_minor > 0
          and r.review_reason is distinct from 'money_not_captured'
          and (coalesce(p.intended_minor, 0) <> r.accepted_money_minor
               or (p.open_minor <> 0 and p.capture_at <> 'shipment')))
union all
select 'nothing is reserved for a redemption that is over, or a person knows',
       (select count(*) from redemptions.redemption as r
        join payments.payment as p using (program_id, redemption_id)
        where r.state = 'closed' and p.state not in ('opened', 'captured', 'voided', 'declined', 'abandoned')
          and (p.capture_at <> 'shipment' or coalesce(r.accepted_money_minor, 0) = 0)
          and coalesce(r.review_reason, '') not in ('money_not_captured', 'money_not_voided'))
union all
select 'money was captured for what was accepted and for nothing else',
       (select count(*) from redemptions.redemption as r
        join payments.payment as p using (program_id, redemption_id)
        where p.captured_minor > 0
          and (p.capture_minor is distinct from r.accepted_money_minor
               or (p.capture_at <> 'shipment'
                   and p.captured_minor + p.reduced_minor + p.written_off_minor <> p.capture_minor)))
union all
select 'what campaigns reserve is for quotes that nobody has redeemed',
       (select count(*) from points.budget_use as u
        left join redemptions.quote as q on q.program_id = u.program_id and q.quote_id = u.op_id
        where u.kind = 'discount' and u.reserved_micros > 0
          and (q.quote_id is null or q.member_id <> u.member_id or q.expires_at <> u.reserved_until
               or exists (select from redemptions.redemption as r
                          where r.program_id = q.program_id and r.quote_id = q.quote_id)))
union all
select 'a campaign pays the discount of what was promised or accepted, and of nothing else',
       (select count(*) from points.budget_use as u
        full join (
            select r.program_id, r.quote_id, l.campaign, r.currency, r.state, r.accepted_points is not null as accepted,
                   sum(l.quantity * l.unit_discount_minor) as promised_minor,
                   sum((coalesce(l.accepted_quantity, 0) - l.given_back) * l.unit_discount_minor) as accepted_minor
            from redemptions.redemption as r
            join redemptions.line as l using (program_id, redemption_id)
            where l.campaign is not null
            group by r.program_id, r.redemption_id, l.campaign) as d
            on d.program_id = u.program_id and d.quote_id = u.op_id and d.campaign = u.campaign
        left join points.budget as b on b.program_id = u.program_id and b.campaign = u.campaign
        where u.kind is distinct from 'bonus'
          -- Who cancels before the payment was asked for gives it back at once, else when that is closed.
          and not (coalesce(u.spent_micros, 0) = 0 and d.state = 'cancelled')
          and coalesce(u.spent_micros, 0) <> coalesce(b.minor_micros, 1) * case
                when d.quote_id is null then 0
                when d.accepted then d.accepted_minor
                when d.state = 'closed' then 0
                else d.promised_minor end)
union all
select 'what was given back is whole units of what was accepted, to the point and to the cent',
       (select count(*) from redemptions.line as l
        full join (
            select b.program_id, b.redemption_id, b.line_number, sum(b.quantity) as quantity, sum(b.points) as points,
                   sum(b.money_minor) as money
            from redemptions.units_back as b group by 1, 2, 3) as b using (program_id, redemption_id, line_number)
        left join redemptions.redemption as r using (program_id, redemption_id)
        where coalesce(l.given_back, 0) <> coalesce(b.quantity, 0)
           or coalesce(b.quantity, 0) > coalesce(l.accepted_quantity, 0)
           or b.points <> b.quantity * l.unit_points
           or b.money <> case when r.accepted_money_minor > 0 then b.quantity * l.unit_money_minor else 0 end)
union all
select 'the ledger restored what was given back, and nothing else',
       (select count(*) from points.restoration as o
        full join (select * from redemptions.units_back where points > 0) as b
            on b.program_id = o.program_id and b.op_id = o.op_id
        where (o.amount, o.hold_id) is distinct from (b.points, b.redemption_id))
union all
select 'the payment gives back the money of what was given back, and nothing else',
       (select count(*) from payments.money_back as m
        full join (select * from redemptions.units_back where money_minor > 0) as b
            on b.program_id = m.program_id and b.redemption_id = m.redemption_id
           and b.line_number || ':' || b.event_key = m.event_key
        where m.amount_minor is distinct from b.money_minor)
union all
select 'a redemption is open for less than thirty days, or a person knows of it',
       (select count(*) from redemptions.redemption as r
        where r.state <> 'closed' and r.case_id is null and r.created_at < clock.now() - interval '30 days');

-- Who is still on the way, for progress lines and liveness checks.
create or replace view redemptions.open_by_state as
select r.program_id, r.state, p.state as order_state, count(*) as redemptions, min(r.created_at) as oldest
from redemptions.redemption as r
left join orders.placement as p using (program_id, redemption_id)
where r.state <> 'closed'
group by 1, 2, 3;
