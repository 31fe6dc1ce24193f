-- Redemptions `first` to `last` of `redemptions`, evenly over the days: four of five have one line. Prices by the product's own
-- rounding: a unit's price up, its points up, the split's points down and money up. Tax differs by state, and of one order in
-- thirteen the price had moved.
create unlogged table bench_basket as
select n, n %% %(members)s + 1 as member_id, i.at, i.quote_id, i.redemption_id,
       case when n %% 5 < 4 then 1 when n %% 20 < 19 then 2 else 3 end as lines,
       case n %% 10 when 0 then 50 when 1 then 25 else 100 end as percent
from generate_series(%(first)s::bigint, %(last)s) n
cross join lateral (
    select clock.now() - interval '1 hour' - (%(days)s * interval '1 day' - interval '2 hours') * ((%(redemptions)s - n)::double precision / %(redemptions)s) as at
) t
cross join lateral (
    select t.at, overlay(clock.first_id(t.at - interval '1 minute')::text placing lpad(to_hex(n), 12, '0') from 25)::uuid as quote_id,
           overlay(clock.first_id(t.at)::text placing lpad(to_hex(n), 12, '0') from 25)::uuid as redemption_id
) i;
create unlogged table bench_line as
select b.n, b.member_id, b.at, b.quote_id, b.redemption_id, b.percent, b.lines, k.line_number, p.asin, p.offer_id, k.quantity,
       p.price_minor as eup, ship.minor as ship, tax.minor as tax, u.price as unit_price, f.points as full
from bench_basket b
cross join lateral generate_series(1, b.lines) line_number
cross join lateral (
    select line_number, 1 + (b.n %% 17 = 0)::int as quantity,
           1 + (b.n * 31 + line_number * 613)::bigint %% %(products)s as product
) k
join bench_product p on p.product = k.product
cross join lateral (select p.shipping_minor as minor) ship
cross join lateral (select (p.price_minor * k.quantity * (b.n * 37 %% 50 * 20) / 10000)::bigint as minor) tax
cross join lateral (
    select (p.price_minor * k.quantity + ship.minor + tax.minor + k.quantity - 1) / k.quantity as price
) u
cross join lateral (select (u.price * %(factor)s + 99) / 100 as points) f;
create unlogged table bench_split as
select l.*, s.up, l.unit_price - l.unit_price * s.up / l.full as um
from (
    select l.*, sum(l.quantity * l.full) over w as points_full, sum(l.quantity * l.unit_price) over w as total_minor
    from bench_line l window w as (partition by l.quote_id)
) l
cross join lateral (select div(l.full * div(l.points_full * l.percent, 100), l.points_full)::bigint as up) s;
insert into redemptions.quote (program_id, quote_id, member_id, address_id, programme_version, currency, partial_policy, estimated,
    basket_hash, created_at, expires_at, total_minor, points_full, points_min, points_max, points_step, shipping_total_minor,
    tax_total_minor)
select 1, quote_id, min(member_id), quote_id, 1, 'USD', 'send_what_you_can', false, sha256('bench'), min(at) - interval '1 minute',
    min(at) + interval '14 minutes', min(total_minor), min(points_full), 0, min(points_full), 1, sum(ship), sum(tax)
from bench_split group by quote_id order by min(at);
insert into redemptions.quote_line (program_id, quote_id, line_number, asin, offer_id, title, quantity, unit_price_minor,
    unit_points_full, expected_unit_price_minor, expected_shipping_minor, expected_tax_minor)
select 1, quote_id, line_number, asin, offer_id, 'A product of the shop with a title', quantity, unit_price, "full", eup, ship, tax
from bench_split;
insert into redemptions.redemption (program_id, redemption_id, member_id, quote_id, programme_version, address_id, request_hash, points,
    money_minor, currency, partial_policy, capture_at, return_days, state, outcome, settle_op_id, release_op_id, accepted_points,
    accepted_money_minor, settled_points, released_points, release_at, approve_until, place_before, lease_until,
    execution_started_at, actor, created_at, updated_at, closed_at)
select 1, redemption_id, min(member_id), min(quote_id::text)::uuid, 1, redemption_id, sha256('bench'), sum(quantity * up),
    sum(quantity * um), 'USD', 'send_what_you_can', 'shipment', 30, 'closed', 'completed', redemption_id, redemption_id,
    sum(quantity * up), sum(quantity * um), sum(quantity * up), 0, min(at), min(at), min(at), min(at), min(at), 'bench', min(at),
    min(at), min(at)
from bench_split group by redemption_id order by min(at);
insert into redemptions.line (program_id, redemption_id, line_number, asin, title, quantity, unit_points, unit_money_minor,
    accepted_quantity)
select 1, redemption_id, line_number, asin, 'A product of the shop with a title', quantity, up, um, quantity from bench_split;
insert into orders.placement (program_id, redemption_id, member_id, address_id, connection, region, currency, external_id,
    purchase_order_number, state, queue_number, concluded_at, created_at)
select 1, redemption_id, min(member_id), redemption_id, 'bench', 'US', 'USD', redemption_id::text, 'PO', 'accepted',
    min(n), min(at), min(at)
from bench_split group by redemption_id order by min(at);
insert into orders.placement_line (program_id, redemption_id, line_number, asin, offer_id, quantity, expected_unit_price_minor,
    expected_shipping_minor, expected_tax_minor, limit_unit_price_minor, limit_shipping_minor, limit_tax_minor, accepted_quantity,
    rejected_quantity, charged_minor, variance_minor)
select 1, redemption_id, line_number, asin, offer_id, quantity, eup, ship, tax, eup * 105 / 100, ship * 105 / 100 + 1,
    tax * 105 / 100 + 1, quantity, 0, quantity * (eup + d.drift) + ship + tax, quantity * d.drift
from bench_split cross join lateral (select case when n %% 13 = 0 then eup * 2 / 100 else 0 end as drift) d;
drop table bench_basket, bench_line, bench_split;
