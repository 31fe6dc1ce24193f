-- What leaves for the lake, a view a table, each with exactly its contract's columns (analytics/contracts) and `row_xid`: the
-- transaction that wrote the row, by which an export takes what is new. Times are UTC. No name, contact, address or member id;
-- nothing of a canary's programme, said in a way that leaves finding what is new to the index of row_xid.

drop view if exists
    lake.instance, lake.member, lake.tier_change, lake.accrual, lake.points_entry, lake.points_movement, lake.rate,
    lake.lot_entry,
    lake.redemption, lake.redemption_line, lake.units_back, lake.shipment, lake.money, lake.invoice, lake.invoice_line,
    lake.product, lake.campaign, lake.campaign_participant, lake.wish, lake.preference, lake.tier,
    lake.catalogue_view, lake.viewer, lake.availability, lake.personalised;

-- Which database this is, and which transactions are over: below `xmin` nothing can appear any more.
create view lake.instance as
select c.system_identifier::text as cluster_id, e.epoch::text as epoch, not pg_is_in_recovery() as writer,
       pg_snapshot_xmin(pg_current_snapshot())::text::bigint as xmin,
       pg_snapshot_xmax(pg_current_snapshot())::text::bigint as xmax
from lake.epoch as e cross join pg_control_system() as c;

create view lake.member as
select m.program_id, k.member_key::text as member_key, m.tier, m.country, m.language, m.state,
       m.created_at at time zone 'UTC' as joined_at, m.claimed_at at time zone 'UTC' as claimed_at,
       (m.row_xid::text)::bigint as row_xid
from members.member as m join lake.member_key as k using (program_id, member_id)
where m.program_id <> all (array(select t.program_id from programme.program as t where t.trial));

create view lake.tier_change as
select c.program_id, c.change_id::text as change_id, k.member_key::text as member_key, c.sequence, c.from_tier, c.to_tier,
       c.direction, c.cause, c.changed_at at time zone 'UTC' as changed_at, (c.row_xid::text)::bigint as row_xid
from tiers.change as c left join lake.member_key as k using (program_id, member_id)
where c.program_id <> all (array(select t.program_id from programme.program as t where t.trial));

-- Its operation's first entry in the journal tells when it was written.
create view lake.accrual as
select a.program_id, a.op_id::text as op_id, k.member_key::text as member_key, a.partner, a.funder, a.campaign,
       a.amount as points, a.unit_cost_micros, a.occurred_at at time zone 'UTC' as occurred_at, j.txid as row_xid
from points.journal as j
join points.accrual as a on a.program_id = j.program_id and a.op_id = j.op_id and a.member_id = j.member_id
left join lake.member_key as k on k.program_id = a.program_id and k.member_id = a.member_id
where j.leg = 1
  and a.program_id <> all (array(select t.program_id from programme.program as t where t.trial));

create view lake.points_entry as
select j.program_id, j.op_id::text as op_id, j.leg, k.member_key::text as member_key, j.sequence, j.kind::text as kind,
       d.name as debit_account, c.name as credit_account, j.amount::bigint as points,
       j.occurred_at at time zone 'UTC' as occurred_at, j.created_at at time zone 'UTC' as booked_at, j.txid as row_xid
from points.journal as j
join points.account as d on d.account = j.dr
join points.account as c on c.account = j.cr
left join lake.member_key as k on k.program_id = j.program_id and k.member_id = j.member_id
where j.program_id <> all (array(select t.program_id from programme.program as t where t.trial));

create view lake.points_movement as
select m.program_id, m.day, m.funder, m.lot_month, m.event, m.points, (m.row_xid::text)::bigint as row_xid
from reports.movement as m
where m.program_id <> all (array(select t.program_id from programme.program as t where t.trial));

-- A lot's key is its last good day and whether it was extended, as points.lot_key makes it; whoever exports may call nothing.
create view lake.lot_entry as
select e.program_id, e.entry_id, k.member_key::text as member_key, e.sequence, e.event,
       case when e.lot_key = 2147483647 then 'never'
            else to_char(date '2000-01-01' + e.lot_key / 2, 'YYYY-MM-DD')
                || case when e.lot_key % 2 = 0 then '-extended' else '' end end as lot,
       e.lot_month, e.funder, e.day, e.points, (e.row_xid::text)::bigint as row_xid
from reports.entry as e left join lake.member_key as k using (program_id, member_id)
where e.program_id <> all (array(select t.program_id from programme.program as t where t.trial));

create view lake.rate as
select r.program_id, r.version, r.applies_from, r.currency, r.point_value_micros, r.deferred_micros, r.cost_micros,
       r.breakage_basis_points, r.minor_micros, array_to_string(r.curve, ',') as curve,
       cardinality(r.curve)::smallint as curve_months, 0::bigint as row_xid
from reports.rate as r where r.approved_at is not null
  and r.program_id <> all (array(select t.program_id from programme.program as t where t.trial));

create view lake.redemption as
select r.program_id, r.redemption_id::text as redemption_id, k.member_key::text as member_key, r.programme_version, r.state,
       r.outcome, r.points, r.money_minor, r.settled_points, r.released_points, r.currency, q.estimated,
       r.created_at at time zone 'UTC' as created_at, r.closed_at at time zone 'UTC' as closed_at,
       (r.row_xid::text)::bigint as row_xid
from redemptions.redemption as r
left join redemptions.quote as q on q.program_id = r.program_id and q.quote_id = r.quote_id
left join lake.member_key as k on k.program_id = r.program_id and k.member_id = r.member_id
where r.program_id <> all (array(select t.program_id from programme.program as t where t.trial));

create view lake.redemption_line as
select l.program_id, l.redemption_id::text as redemption_id, l.line_number, l.asin, left(l.title, 500) as title, l.campaign,
       l.quantity, l.accepted_quantity, l.given_back as returned_quantity, l.unit_points, l.unit_money_minor,
       l.unit_discount_minor * l.quantity as discount_minor, left(array_to_string(l.reasons, ','), 250) as reasons,
       (l.row_xid::text)::bigint as row_xid
from redemptions.line as l
where l.program_id <> all (array(select t.program_id from programme.program as t where t.trial));

create view lake.units_back as
select b.program_id, b.redemption_id::text as redemption_id, b.line_number,
       encode(sha256(convert_to(b.event_key, 'UTF8')), 'hex') as event_key, b.kind, b.caused_by, b.quantity, b.points,
       b.money_minor, b.given_back_at at time zone 'UTC' as given_back_at, (b.row_xid::text)::bigint as row_xid
from redemptions.units_back as b
where b.program_id <> all (array(select t.program_id from programme.program as t where t.trial));

-- By what is known of the whole order: all its shipments leave when anything of them is news, also that one was another's.
create view lake.shipment as
select s.program_id, s.redemption_id::text as redemption_id,
       encode(sha256(convert_to(s.shipment_key, 'UTF8')), 'hex') as shipment_key, u.units,
       s.shipped_at at time zone 'UTC' as shipped_at, s.delivered_at at time zone 'UTC' as delivered_at,
       p.promised_to at time zone 'UTC' as promised_to, coalesce(p.undeliverable, false) as undeliverable,
       (f.row_xid::text)::bigint as row_xid
from orders.follow as f
join orders.shipment as s on s.program_id = f.program_id and s.redemption_id = f.redemption_id
cross join lateral (
    select sum(n.quantity)::integer as units from orders.shipped_unit as n
    where n.program_id = s.program_id and n.redemption_id = s.redemption_id and n.shipment_key = s.shipment_key) as u
cross join lateral (
    select max(n.promised_to) as promised_to, bool_or(n.undeliverable) as undeliverable from orders.package as n
    where n.program_id = s.program_id and n.redemption_id = s.redemption_id and n.shipment_key = s.shipment_key) as p
where s.program_id <> all (array(select t.program_id from programme.program as t where t.trial));

create view lake.money as
select c.program_id, c.redemption_id::text as redemption_id, 'capture' as kind, c.capture_number as number, c.amount_minor,
       p.currency, 'captured' as state, c.captured_at at time zone 'UTC' as happened_at,
       (c.row_xid::text)::bigint as row_xid
from payments.capture as c join payments.payment as p using (program_id, redemption_id)
where c.program_id <> all (array(select t.program_id from programme.program as t where t.trial))
union all
select r.program_id, r.redemption_id::text, 'refund', r.refund_number, r.amount_minor, p.currency, r.state,
       coalesce(r.ended_at, r.created_at) at time zone 'UTC', (r.row_xid::text)::bigint
from payments.refund as r join payments.payment as p using (program_id, redemption_id)
where r.program_id <> all (array(select t.program_id from programme.program as t where t.trial));

create view lake.invoice as
select i.program_id, i.invoice_id::text as invoice_id, i.kind, left(i.number, 25) as number, i.issued_on, i.currency,
       i.total_minor, i.state, i.posted_at at time zone 'UTC' as posted_at, (i.row_xid::text)::bigint as row_xid
from invoices.invoice as i
where i.program_id <> all (array(select t.program_id from programme.program as t where t.trial));

create view lake.invoice_line as
select l.program_id, l.invoice_id::text as invoice_id, l.line_number, l.kind, left(l.asin, 25) as asin, l.quantity,
       l.amount_minor, l.redemption_id::text as redemption_id, (l.row_xid::text)::bigint as row_xid
from invoices.line as l
where l.program_id <> all (array(select t.program_id from programme.program as t where t.trial));

create view lake.product as
select p.program_id, p.asin, left(p.title, 500) as title, left(p.brand, 100) as brand,
       left(coalesce(own.category, family.category, p.category), 50) as category, o.price_minor, o.currency,
       coalesce(o.offered, false) and p.refused_for is null
           and 'hidden' is distinct from own.standing and 'hidden' is distinct from family.standing as available,
       p.first_seen_at at time zone 'UTC' as first_seen_at, p.checked_at at time zone 'UTC' as checked_at,
       0::bigint as row_xid
from catalogue.product as p
left join catalogue.curated as own on own.program_id = p.program_id and own.asin = p.asin
left join catalogue.curated as family on family.program_id = p.program_id and family.asin = p.parent_asin
left join lateral (
    select n.price_minor, n.currency, n.in_stock and n.refused_for is null and n.price_minor is not null as offered
    from catalogue.offer as n where n.program_id = p.program_id and n.asin = p.asin
    order by 3 desc, n.position limit 1) as o on true
where p.program_id <> all (array(select t.program_id from programme.program as t where t.trial));

create view lake.availability as
select a.program_id, a.asin, a.at at time zone 'UTC' as noted_at, a.state, a.quantity, a.delivery_days, a.price_minor,
       (a.row_xid::text)::bigint as row_xid
from catalogue.availability as a
where a.program_id <> all (array(select t.program_id from programme.program as t where t.trial));

create view lake.campaign as
select w.program_id, w.campaign, w.state, w.since at time zone 'UTC' as since,
       w.started_at at time zone 'UTC' as started_at, 0::bigint as row_xid
from campaigns.watched as w
where w.program_id <> all (array(select t.program_id from programme.program as t where t.trial));

create view lake.campaign_participant as
select p.program_id, p.campaign, k.member_key::text as member_key, p.held_out, (p.row_xid::text)::bigint as row_xid
from campaigns.participant as p join lake.member_key as k using (program_id, member_id)
where p.program_id <> all (array(select t.program_id from programme.program as t where t.trial));

create view lake.wish as
select w.program_id, k.member_key::text as member_key, w.asin, w.added_at at time zone 'UTC' as added_at, 0::bigint as row_xid
from wishes.wish as w join lake.member_key as k using (program_id, member_id)
where w.program_id <> all (array(select t.program_id from programme.program as t where t.trial));

-- Under keys that are good for a while each; whose they are, lake.viewer says as long as the member wants it.
create view lake.catalogue_view as
select v.program_id, v.event_key::text as event_key, v.viewer_key::text as viewer_key, v.asin, v.came_from,
       v.seen_at at time zone 'UTC' as seen_at, (v.row_xid::text)::bigint as row_xid
from interactions.catalogue_view as v
where v.program_id <> all (array(select t.program_id from programme.program as t where t.trial));

create view lake.viewer as
select w.program_id, w.viewer_key::text as viewer_key, k.member_key::text as member_key, 0::bigint as row_xid
from interactions.viewer as w join lake.member_key as k using (program_id, member_id)
where w.ended_at is null
  and w.program_id <> all (array(select t.program_id from programme.program as t where t.trial));

-- As interactions.personalisation says of one member (whoever exports may call no function, so what stands without a choice
-- is written here again; a test holds them together); nobody who is no member any more.
create view lake.personalised as
select m.program_id, k.member_key::text as member_key, 0::bigint as row_xid
from members.member as m
join lake.member_key as k using (program_id, member_id)
left join (
    select distinct on (o.program_id, o.member_id) o.program_id, o.member_id, o.wanted
    from interactions.choice as o order by o.program_id, o.member_id, o.entry desc
) as c using (program_id, member_id)
where m.state <> 'closed' and coalesce(c.wanted, m.country = 'US')
  and m.program_id <> all (array(select t.program_id from programme.program as t where t.trial));

-- The newest choice of each channel counts; whoever wants no advertising is not here.
create view lake.preference as
select m.program_id, k.member_key::text as member_key, m.language, c.email as wants_email, c.sms as wants_sms,
       0::bigint as row_xid
from members.member as m
join lake.member_key as k using (program_id, member_id)
join (
    select n.program_id, n.member_id, bool_or(n.wanted and n.channel = 'email') as email,
           bool_or(n.wanted and n.channel = 'sms') as sms
    from (select distinct on (o.program_id, o.member_id, o.channel) o.program_id, o.member_id, o.channel, o.wanted
          from notifications.consent as o
          where o.kind = 'marketing' order by o.program_id, o.member_id, o.channel, o.entry desc) as n
    group by n.program_id, n.member_id
) as c using (program_id, member_id)
where (c.email or c.sms) and m.state <> 'closed'
  and m.program_id <> all (array(select t.program_id from programme.program as t where t.trial));

create view lake.tier as
select p.program_id, l.level ->> 'code' as tier, (l.place - 1)::integer as rank,
       left(coalesce(l.level -> 'names' ->> 'en', l.level ->> 'code'), 100) as name, 0::bigint as row_xid
from (select distinct on (n.program_id) n.program_id, n.document from programme.published as n
      order by n.program_id, n.version desc) as p
cross join lateral jsonb_array_elements(p.document -> 'tiers' -> 'levels') with ordinality as l(level, place)
where p.program_id <> all (array(select t.program_id from programme.program as t where t.trial));
