-- What was heard of an order on its way, whoever said it, joined into what is known.
--
-- All that is said is kept, once each (orders.package_event, a set that only grows), and the state of shipments and
-- packages is computed from the whole set: by maximum and minimum, never by who came last. So the same things heard in
-- another order, twice, or with some missing that come later, end in the same state.

-- How far a package is when Amazon says so; null for a word that says nothing about it (kept, never fatal).
create or replace function orders.way_of(status text) returns integer
language sql immutable set search_path = pg_catalog
return case upper(status)
    when 'ORDERED' then 0 when 'SHIPPED_PLANNED' then 0 when 'SHIPPING_SOON' then 0 when 'PENDING_PAYMENT' then 0
    when 'SHIPPED' then 1 when 'CUSTOMER_ACTION' then 1 when 'UNDELIVERABLE' then 1 when 'RETURNED' then 1
    when 'OUT_FOR_DELIVERY' then 2
    when 'DELIVERED' then 3 when 'AVAILABLE_FOR_PICKUP' then 3 end;

create or replace function orders.trouble_of(status text) returns integer
language sql immutable set search_path = pg_catalog
return case upper(status) when 'UNDELIVERABLE' then 1 when 'RETURNED' then 2 when 'REFUND_ISSUED' then 3 end;

-- From here on the order is followed. Called when its parts are recorded.
create or replace function orders.begin_following(program_id integer, redemption_id uuid) returns void
language plpgsql set search_path = pg_catalog as $$
declare
    early record;
begin
    insert into orders.follow(program_id, redemption_id, member_id, connection, ordered_at, units, heard_at,
                              next_look_at, next_report_at)
    select p.program_id, p.redemption_id, p.member_id, p.connection, p.concluded_at, parts.units, clock.now(),
           -- Unhinted, a look is only worth a call once it should have left.
           greatest(clock.now() + interval '1 day', coalesce(parts.earliest - interval '1 day', '-infinity')),
           clock.now() + interval '4 hours'
    from orders.placement as p
    cross join lateral (
        select coalesce(sum(o.quantity), 0) as units, min(o.delivery_earliest) as earliest from orders.order_part as o
        where o.program_id = p.program_id and o.redemption_id = p.redemption_id) as parts
    where p.program_id = begin_following.program_id and p.redemption_id = begin_following.redemption_id
      and p.state in ('accepted', 'partial')
    on conflict do nothing;
    -- A push may be faster than our own record of the order.
    for early in
        select s.stray_id, s.source, s.body from orders.stray as s
        where s.resolved_at is null and s.kind = 'unknown_order' and s.amazon_order_id in (
            select o.amazon_order_id from orders.order_part as o
            where o.program_id = begin_following.program_id and o.redemption_id = begin_following.redemption_id)
        order by s.stray_id
    loop
        perform orders.observe(early.source, early.body);
        update orders.stray as s set resolved_at = clock.now(), row_xid = pg_current_xact_id()
        where s.stray_id = early.stray_id;
    end loop;
end
$$;

-- Internal: keep what cannot be used. The same twice is one row.
create or replace function orders.put_aside(kind text, source text, amazon_order_id text, body jsonb) returns void
language plpgsql set search_path = pg_catalog as $$
begin
    insert into orders.stray(stray_id, kind, source, amazon_order_id, content, body, received_at)
    values (clock.new_id(), put_aside.kind, put_aside.source, left(put_aside.amazon_order_id, 100),
            sha256(convert_to(put_aside.source || put_aside.kind || put_aside.body::text, 'UTF8')), put_aside.body,
            clock.now())
    on conflict (content) do nothing;
end
$$;

-- What came from somebody whom we believe and cannot be read: kept for a person.
create or replace function orders.quarantine(source text, body jsonb) returns void
language plpgsql security definer set search_path = pg_catalog as $$
begin
    perform orders.put_aside('malformed', quarantine.source, null, quarantine.body);
end
$$;

-- The one door for everything that is heard. `source`: push, report, details, tracking, hint. `observation` (all parts
-- but one of the two names may be missing):
--   external_id | amazon_order_id    whose order
--   said_at                          when it was said; absent or ahead of us: now
--   packages  [{amazon_order_id, shipment_id, package_id, tracking, carrier, status, detail, occurred_at,
--               promised_from, promised_to}]
--   units     [{amazon_order_id, shipment_id, line_number | asin, quantity}]
--   lines     [{line_number, accepted, rejected}]      as the order itself says now: units cancelled since are rejected
--   cancelled [amazon_order_id]                        as a report says
-- Returns {outcome, program_id, redemption_id}; outcome: joined (something was new), known, hinted, unknown_order.
create or replace function orders.observe(source text, observation jsonb)
returns jsonb language plpgsql security definer set search_path = pg_catalog as $$
declare
    followed orders.follow;
    instant timestamptz := clock.now();
    said_at timestamptz := least(coalesce((observation ->> 'said_at')::timestamptz, instant), instant);
    news integer := 0;
    changed integer;
begin
    followed := orders.followed(observation);
    if followed.redemption_id is null then
        -- A report of some days is full of what others of the company have ordered: that is nothing to keep.
        perform orders.put_aside('unknown_order', observe.source,
                                 coalesce(observation ->> 'amazon_order_id', observation ->> 'external_id'), observation)
        where observe.source <> 'report';
        return jsonb_build_object('outcome', 'unknown_order');
    end if;
    if observe.source = 'hint' then
        -- Only that something happened: look at it, but not oftener than every minute.
        update orders.follow as f
        set hinted_at = instant,
            next_look_at = least(coalesce(f.next_look_at, 'infinity'),
                                 greatest(instant, f.looked_at + interval '1 minute')),
            state = 'open', closed_at = null, close_reason = null, row_xid = pg_current_xact_id()
        where f.program_id = followed.program_id and f.redemption_id = followed.redemption_id;
        return jsonb_build_object('outcome', 'hinted', 'program_id', followed.program_id,
                                  'redemption_id', followed.redemption_id);
    end if;

    with said as (
        select p.*, coalesce(nullif(p.amazon_order_id, ''), observation ->> 'amazon_order_id') as order_id,
               -- A clock that is ahead of ours tells no time.
               case when p.occurred_at <= instant + interval '1 day' then p.occurred_at end as happened_at
        from jsonb_to_recordset(coalesce(observation -> 'packages', '[]')) as p(
            amazon_order_id text, shipment_id text, package_id text, tracking text, carrier text, status text,
            detail text, occurred_at timestamptz, promised_from timestamptz, promised_to timestamptz)
    )
    insert into orders.package_event as e (
        program_id, redemption_id, content, source, amazon_order_id, shipment_id, package_id, tracking, carrier, status,
        detail, occurred_at, first_said_at, last_said_at, promised_from, promised_to, heard_at)
    select distinct on (content)
           followed.program_id, followed.redemption_id,
           sha256(convert_to(jsonb_build_array(
               observe.source, s.order_id, s.shipment_id, s.package_id, s.tracking, s.carrier, s.status, s.detail,
               s.happened_at, s.promised_from, s.promised_to)::text, 'UTF8')) as content,
           observe.source, s.order_id, nullif(s.shipment_id, ''), nullif(s.package_id, ''), nullif(s.tracking, ''),
           nullif(s.carrier, ''), s.status, nullif(s.detail, ''), s.happened_at, said_at, said_at, s.promised_from,
           s.promised_to, instant
    from said as s
    where s.status is not null and exists (
        select from orders.order_part as o
        where o.program_id = followed.program_id and o.redemption_id = followed.redemption_id
          and o.amazon_order_id = s.order_id)
    on conflict on constraint package_event_pkey do update
    set first_said_at = least(e.first_said_at, excluded.first_said_at),
        last_said_at = greatest(e.last_said_at, excluded.last_said_at),
        row_xid = pg_current_xact_id()
    where excluded.first_said_at < e.first_said_at or excluded.last_said_at > e.last_said_at;
    get diagnostics changed = row_count;
    news := news + changed;
    news := news + orders.join_units(followed, observation);
    news := news + orders.join_losses(followed, observation, said_at);
    if news > 0 then
        perform orders.derive(followed.program_id, followed.redemption_id);
    end if;
    return jsonb_build_object('outcome', case when news > 0 then 'joined' else 'known' end,
                              'program_id', followed.program_id, 'redemption_id', followed.redemption_id);
end
$$;

-- Internal: whose order it is, its row locked; null if nobody's. What is of two redemptions is of none.
create or replace function orders.followed(observation jsonb) returns orders.follow
language plpgsql set search_path = pg_catalog as $$
declare
    found_row orders.follow;
begin
    if observation ? 'external_id' then
        select f.* into found_row from orders.placement as p
        join orders.follow as f using (program_id, redemption_id)
        where p.external_id = observation ->> 'external_id' for no key update of f;
    end if;
    if found_row.redemption_id is null and observation ? 'amazon_order_id' then
        select f.* into found_row from orders.follow as f
        where (f.program_id, f.redemption_id) in (
            select o.program_id, o.redemption_id from orders.order_part as o
            where o.amazon_order_id = observation ->> 'amazon_order_id')
        order by f.program_id, f.redemption_id limit 1 for no key update;
    end if;
    return found_row;
end
$$;

-- Internal: units of lines in shipments; the most that was said. A product is found by its ASIN in that Amazon order.
create or replace function orders.join_units(followed orders.follow, observation jsonb) returns integer
language plpgsql set search_path = pg_catalog as $$
declare
    changed integer;
begin
    with told as (
        select coalesce(nullif(u.amazon_order_id, ''), observation ->> 'amazon_order_id') as order_id, u.shipment_id,
               u.line_number, u.asin, u.quantity
        from jsonb_to_recordset(coalesce(observation -> 'units', '[]')) as u(
            amazon_order_id text, shipment_id text, line_number integer, asin text, quantity integer)
        where u.quantity > 0 and u.shipment_id <> ''
    ), placed as (
        select t.order_id || '/' || t.shipment_id as shipment_key, o.line_number,
               least(t.quantity, (select sum(q.quantity) from orders.order_part as q
                                  where q.program_id = followed.program_id
                                    and q.redemption_id = followed.redemption_id
                                    and q.line_number = o.line_number and q.amazon_order_id = t.order_id)) as quantity
        from told as t
        cross join lateral (
            select min(o.line_number) as line_number from orders.order_part as o
            join orders.placement_line as l using (program_id, redemption_id, line_number)
            where o.program_id = followed.program_id and o.redemption_id = followed.redemption_id
              and o.amazon_order_id = t.order_id and o.quantity > 0
              and (o.line_number = t.line_number or (t.line_number is null and l.asin = t.asin))) as o
        where o.line_number is not null
    )
    insert into orders.shipped_unit as s (program_id, redemption_id, shipment_key, line_number, quantity)
    select followed.program_id, followed.redemption_id, p.shipment_key, p.line_number, max(p.quantity)
    from placed as p where p.quantity > 0 group by p.shipment_key, p.line_number
    on conflict on constraint shipped_unit_pkey do update
    set quantity = greatest(s.quantity, excluded.quantity), row_xid = pg_current_xact_id()
    where excluded.quantity > s.quantity;
    get diagnostics changed = row_count;
    return changed;
end
$$;

-- Internal: units that Amazon has cancelled. Believed at once only from the order itself, and only if it accounts for
-- every unit of the line: an answer that leaves something out gives no points back.
create or replace function orders.join_losses(followed orders.follow, observation jsonb, said_at timestamptz)
returns integer language plpgsql set search_path = pg_catalog as $$
declare
    changed integer;
    news integer := 0;
begin
    insert into orders.lost_unit as u (program_id, redemption_id, line_number, cause, cause_key, quantity, first_heard_at)
    select followed.program_id, followed.redemption_id, l.line_number, 'cancelled', '',
           told.rejected - l.rejected_quantity, clock.now()
    from jsonb_to_recordset(coalesce(observation -> 'lines', '[]')) as told(
        line_number integer, accepted integer, rejected integer)
    join orders.placement_line as l
        on l.program_id = followed.program_id and l.redemption_id = followed.redemption_id
       and l.line_number = told.line_number
    where told.accepted >= 0 and told.accepted + told.rejected = l.quantity and told.rejected > l.rejected_quantity
    on conflict on constraint lost_unit_pkey do update
    set quantity = greatest(u.quantity, excluded.quantity), row_xid = pg_current_xact_id()
    where excluded.quantity > u.quantity;
    get diagnostics changed = row_count;
    news := changed;

    insert into orders.cancelled_order as c (program_id, redemption_id, amazon_order_id, first_said_at)
    select distinct followed.program_id, followed.redemption_id, o.amazon_order_id, join_losses.said_at
    from jsonb_array_elements_text(coalesce(observation -> 'cancelled', '[]')) as named(amazon_order_id)
    join orders.order_part as o
        on o.program_id = followed.program_id and o.redemption_id = followed.redemption_id
       and o.amazon_order_id = named.amazon_order_id
    on conflict on constraint cancelled_order_pkey do update
    set first_said_at = excluded.first_said_at, row_xid = pg_current_xact_id()
    where excluded.first_said_at < c.first_said_at;
    get diagnostics changed = row_count;
    if changed > 0 then
        -- It is believed when the order itself says so.
        update orders.follow as f
        set hinted_at = clock.now(), next_look_at = clock.now(), row_xid = pg_current_xact_id()
        where f.program_id = followed.program_id and f.redemption_id = followed.redemption_id;
    end if;
    return news + changed;
end
$$;
