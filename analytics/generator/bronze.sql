-- The generated tables (made_*; n: the row's place) as the lake's: a view bronze_<table> with its contract's columns.
-- Ids look like the platform's, by time and then a number that says nothing; members' keys say nothing at all.

create macro hex12(number) as lower(lpad(to_hex(cast(number as bigint)), 12, '0'));
create macro id_of(moment, thing, number) as
    substr(hex12(epoch_ms(moment)), 1, 8) || '-' || substr(hex12(epoch_ms(moment)), 9, 4) || '-7' || thing || '-8000-'
    || hex12((number * 25214903917) % 281474976710656);
create macro asin_of(product) as 'B0' || lpad(cast(product as varchar), 8, '0');
create macro campaign_of(number) as case when number >= 0 then 'season-' || lpad(cast(number as varchar), 3, '0') end;
create macro title_of(product, kind) as
    ['Plain', 'Bright', 'Quiet', 'Sturdy', 'Folding', 'Little', 'Fine'][product % 7 + 1] || ' ' || kind || ' '
    || ['set', 'box', 'lamp', 'bag', 'kit'][product % 5 + 1] || ' ' || cast(product as varchar);
create macro the_end() as cast(first_day() as timestamp) + to_days(cast(the_days() as integer));

create table keys as
select number as member,
       substr(h, 1, 8) || '-' || substr(h, 9, 4) || '-4' || substr(h, 14, 3) || '-8' || substr(h, 18, 3) || '-'
           || substr(h, 21, 12) as member_key
from (select range as number, md5(the_seed() || '/' || range) as h from range((select count(*) from made_members)));

create table orders as
select n as redemption, id_of(happened, '002', n) as redemption_id, member, happened, points, money_minor, settled,
       settled_money_minor, accepted_units, shipped_at, delivered_at, promised_to, undeliverable
from made_redemptions;

create table items as
select l.*, o.redemption_id, asin_of(l.product) as asin, title_of(l.product, category_names()[p.category + 1]) as title
from made_lines as l join orders as o using (redemption) join made_products as p on p.n = l.product;

create view bronze_member as
select the_program_id() as program_id, k.member_key, tier_names()[m.tier + 1] as tier,
       country_names()[m.country + 1] as country, language_names()[m.country + 1] as language,
       member_state_names()[m.state + 1] as state, m.joined_at, m.claimed_at
from made_members as m join keys as k on k.member = m.n;

create view bronze_preference as
select the_program_id() as program_id, k.member_key, language_names()[m.country + 1] as language, m.wants_email, m.wants_sms
from made_members as m join keys as k on k.member = m.n
where m.wants_email or m.wants_sms;

-- One in five does not.
create view bronze_personalised as
select the_program_id() as program_id, member_key from keys where member % 5 <> 0;

create view bronze_tier as
select the_program_id() as program_id, tier, rank, tier_name_names()[rank + 1] as name
from (select unnest(tier_names()) as tier, generate_subscripts(tier_names(), 1) - 1 as rank);

create view bronze_tier_change as
select the_program_id() as program_id, id_of(c.happened, '003', c.n) as change_id, k.member_key, c.sequence,
       tier_names()[c.from_tier + 1] as from_tier, tier_names()[c.to_tier + 1] as to_tier,
       direction_names()[sign(c.to_tier - c.from_tier) + 2] as direction, cause_names()[c.cause + 1] as cause,
       c.happened as changed_at
from made_tier_changes as c join keys as k using (member);

create view bronze_accrual as
select the_program_id() as program_id, id_of(a.happened, '001', a.op) as op_id, k.member_key,
       coalesce('campaign:' || campaign_of(a.campaign), partner_names()[a.partner + 1]) as partner,
       the_funder() as funder, campaign_of(a.campaign) as campaign, a.points, the_cost() as unit_cost_micros,
       a.happened as occurred_at
from made_accruals as a join keys as k using (member);

create view bronze_points_entry as
select the_program_id() as program_id, id_of(e.happened, '001', e.op) as op_id, 1 as leg, k.member_key, e.sequence,
       kind_names()[e.kind + 1] as kind, debit_names()[e.kind + 1] as debit_account,
       credit_names()[e.kind + 1] as credit_account, e.points, e.happened as occurred_at, e.happened as booked_at
from made_entries as e join keys as k using (member);

create view bronze_points_movement as
select the_program_id() as program_id, cast(m.day as date) as day, the_funder() as funder,
       cast(m.lot_month as date) as lot_month, event_names()[m.event + 1] as event, m.points
from made_movements as m;

-- Nobody's: the generator keeps a member's points by month earned, and what moved them only of all members together.
create view bronze_lot_entry as
select the_program_id() as program_id, row_number() over (order by m.day, m.lot_month, m.event) as entry_id,
       cast(null as varchar) as member_key, 1 as sequence, event_names()[m.event + 1] as event,
       strftime(last_day(cast(m.lot_month as date) + interval 12 months), '%Y-%m-%d') as lot,
       cast(m.lot_month as date) as lot_month, the_funder() as funder, cast(m.day as date) as day, m.points
from made_movements as m;

create view bronze_rate as
select the_program_id() as program_id, 1 as version, first_day() as applies_from, the_currency() as currency,
       the_point_value() as point_value_micros, the_deferred() as deferred_micros, the_cost() as cost_micros,
       the_breakage() as breakage_basis_points, 10000 as minor_micros, '10000' as curve, 1 as curve_months;

create view bronze_redemption as
select the_program_id() as program_id, o.redemption_id, k.member_key, the_version() as programme_version,
       case when o.accepted_units = 0 or o.delivered_at is not null or o.undeliverable then 'closed' else 'settled' end
           as state,
       case when o.accepted_units = 0 then 'rejected' when o.delivered_at is null and not o.undeliverable then null
           when i.quantity > o.accepted_units then 'partially_completed' else 'completed' end as outcome,
       o.points, o.money_minor, o.settled as settled_points, o.points - o.settled as released_points,
       the_currency() as currency, false as estimated, o.happened as created_at,
       case when o.accepted_units = 0 then o.happened + interval 2 minutes when o.undeliverable then o.shipped_at
           else o.delivered_at end as closed_at
from orders as o
join keys as k using (member)
join (select redemption, sum(quantity) as quantity from made_lines group by redemption) as i using (redemption);

create view bronze_redemption_line as
select the_program_id() as program_id, redemption_id, number as line_number, asin, title,
       campaign_of(campaign) as campaign, quantity, accepted as accepted_quantity, returned as returned_quantity,
       unit_points, unit_money_minor, unit_discount_minor * quantity as discount_minor,
       case when accepted < quantity then 'UnavailableQuantity' else '' end as reasons
from items;

create view bronze_units_back as
select the_program_id() as program_id, i.redemption_id, i.number as line_number,
       sha256(the_seed() || '/back/' || b.n) as event_key, 'returned' as kind, 'member' as caused_by, b.quantity, b.points,
       b.money_minor, b.happened as given_back_at
from made_back as b join items as i on i.n = b.line;

create view bronze_shipment as
select the_program_id() as program_id, redemption_id, sha256(the_seed() || '/shipment/' || redemption) as shipment_key,
       accepted_units as units, shipped_at, delivered_at, promised_to, undeliverable
from orders where shipped_at is not null;

create view bronze_money as
select the_program_id() as program_id, redemption_id, 'capture' as kind, 1 as number, settled_money_minor as amount_minor,
       the_currency() as currency, 'captured' as state, happened + interval 1 minute as happened_at
from orders where settled_money_minor > 0
union all
select the_program_id(), i.redemption_id, 'refund',
       row_number() over (partition by i.redemption_id order by b.happened, b.n), b.money_minor, the_currency(), 'refunded', b.happened
from made_back as b join items as i on i.n = b.line where b.money_minor > 0;

create view bronze_invoice as
select the_program_id() as program_id, id_of(issued_at, '004', invoice) as invoice_id, 'invoice' as kind,
       'INV-' || lpad(cast(invoice as varchar), 6, '0') as number, cast(issued_at as date) as issued_on,
       the_currency() as currency, total_minor,
       case when issued_at + interval 33 hours < the_end() then 'posted' else 'approved' end as state,
       case when issued_at + interval 33 hours < the_end() then issued_at + interval 33 hours end as posted_at
from (
    select invoice, cast(first_day() as timestamp) + to_days(cast(invoice as integer)) as issued_at,
           sum(amount_minor) as total_minor
    from made_invoice_lines group by invoice
);

create view bronze_invoice_line as
select the_program_id() as program_id,
       id_of(cast(first_day() as timestamp) + to_days(cast(v.invoice as integer)), '004', v.invoice) as invoice_id,
       v.number as line_number, 'item' as kind, i.asin, i.accepted as quantity, v.amount_minor, i.redemption_id
from made_invoice_lines as v join items as i on i.n = v.line;

create view bronze_product as
select the_program_id() as program_id, asin_of(n) as asin, title_of(n, category_names()[category + 1]) as title,
       ['Alder', 'Birch', 'Cedar', 'Dogwood', 'Elm', 'Fir'][n % 6 + 1] as brand, category_names()[category + 1] as category,
       price_minor, the_currency() as currency, available, launched_at as first_seen_at,
       the_end() - interval 2 hours as checked_at
from made_products where launched_at < the_end();

create view bronze_campaign as
select the_program_id() as program_id, campaign_of(n) as campaign,
       case when ended_at <= the_end() then 'ended' else 'running' end as state,
       case when ended_at <= the_end() then ended_at else started_at end as since, started_at
from made_campaigns;

create view bronze_campaign_participant as
select the_program_id() as program_id, campaign_of(p.campaign) as campaign, k.member_key, p.held_out
from made_participants as p join keys as k using (member);

create view bronze_wish as
select the_program_id() as program_id, k.member_key, asin_of(w.product) as asin, w.happened as added_at
from made_wishes as w join keys as k using (member);

-- What was redeemed had been looked at, and at every other time something else too; of four members in five, who want it kept.
create table looks as
select happened, cast(floor(date_diff('day', first_day(), happened) / 90) as integer) as span, member, product, n, came_from
from (
    select o.happened - interval 4 minutes as happened, o.member, i.product, i.n * 2 as n,
           ['search', 'category', 'home'][i.n % 3 + 1] as came_from
    from items as i join orders as o using (redemption)
    union all
    select o.happened - interval 9 minutes, o.member, (i.product * 7 + i.n) % (select count(*) from made_products),
           i.n * 2 + 1, ['home', 'product', 'wishlist', 'elsewhere'][i.n % 4 + 1]
    from items as i join orders as o using (redemption) where i.n % 2 = 0
) where member % 5 <> 0 and happened >= first_day();
create macro viewer_of(member, span) as md5(the_seed() || '/viewer/' || member || '/' || span);

create view bronze_availability as
select the_program_id() as program_id, asin_of(a.product) as asin, a.happened as noted_at,
       case when a.out then 'out_of_stock' else 'available' end as state,
       case when a.quantity >= 0 then a.quantity end as quantity,
       case when a.delivery_days >= 0 then a.delivery_days end as delivery_days, p.price_minor
from made_availability as a join made_products as p on p.n = a.product;

create view bronze_catalogue_view as
select the_program_id() as program_id, id_of(happened, '009', n) as event_key, viewer_of(member, span) as viewer_key,
       asin_of(product) as asin, came_from, happened as seen_at
from looks;

create view bronze_viewer as
select the_program_id() as program_id, viewer_of(l.member, l.span) as viewer_key, k.member_key
from (select distinct member, span from looks) as l join keys as k using (member);
