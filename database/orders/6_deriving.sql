-- From all that was heard of an order to where it is. Whoever calls holds the lock of its follow row.

-- Internal: shipments and packages, losses, sums; then what is told and when it is looked at again.
create or replace function orders.derive(program_id integer, redemption_id uuid) returns void
language plpgsql set search_path = pg_catalog as $$
begin
    perform orders.derive_packages(derive.program_id, derive.redemption_id);
    perform orders.derive_undeliverable(derive.program_id, derive.redemption_id);
    perform orders.derive_sums(derive.program_id, derive.redemption_id);
    perform orders.derive_contradictions(derive.program_id, derive.redemption_id);
    perform orders.tell(derive.program_id, derive.redemption_id);
end
$$;

-- Internal: every event with the shipment and the package it is of. What lacks an id is found by the tracking number of
-- something that has it. `package_key` null: it is said of the whole shipment.
create or replace function orders.placed_events(program_id integer, redemption_id uuid)
returns table (shipment_key text, package_key text, event orders.package_event)
language sql stable set search_path = pg_catalog
begin atomic
    with all_said as (
        select e as event, e.amazon_order_id || '/' || coalesce(e.shipment_id, (
            select min(o.shipment_id) from orders.package_event as o
            where o.program_id = e.program_id and o.redemption_id = e.redemption_id
              and o.amazon_order_id = e.amazon_order_id and o.tracking = e.tracking), '-') as shipment_key
        from orders.package_event as e
        where e.program_id = placed_events.program_id and e.redemption_id = placed_events.redemption_id
    )
    select a.shipment_key,
           coalesce((a.event).package_id, (
               select min((b.event).package_id) from all_said as b
               where b.shipment_key = a.shipment_key and (b.event).tracking = (a.event).tracking), (a.event).tracking),
           a.event
    from all_said as a;
end;

create or replace function orders.derive_packages(program_id integer, redemption_id uuid) returns void
language plpgsql set search_path = pg_catalog as $$
begin
    insert into orders.shipment as s (program_id, redemption_id, shipment_key, amazon_order_id, shipment_id)
    select derive_packages.program_id, derive_packages.redemption_id, p.shipment_key, min((p.event).amazon_order_id),
           min((p.event).shipment_id)
    from orders.placed_events(derive_packages.program_id, derive_packages.redemption_id) as p
    group by p.shipment_key
    on conflict on constraint shipment_pkey do nothing;

    with placed as materialized (
        select p.shipment_key, p.package_key, (p.event).*
        from orders.placed_events(derive_packages.program_id, derive_packages.redemption_id) as p
    ), packages as (
        select distinct d.shipment_key, d.package_key from placed as d where d.package_key is not null
        union
        select d.shipment_key, '-' from placed as d group by d.shipment_key having count(d.package_key) = 0
    ), joined as (
        select k.shipment_key, k.package_key, max(d.package_id) as package_id,
               coalesce(max(orders.way_of(d.status)), 0) as way, max(orders.trouble_of(d.status)) as trouble,
               bool_or(upper(d.status) = 'UNDELIVERABLE') as undeliverable,
               max(coalesce(d.occurred_at, d.first_said_at)) filter (where upper(d.status) = 'DELAYED') as delayed_at,
               coalesce(bool_or(upper(d.status) = 'AVAILABLE_FOR_PICKUP' or d.detail = 'PACKAGE_AVAILABLE_FOR_PICKUP'),
                        false) as for_pickup,
               (array_agg(d.carrier order by d.last_said_at desc, d.carrier)
                   filter (where d.carrier is not null))[1] as carrier,
               (array_agg(d.tracking order by d.last_said_at desc, d.tracking)
                   filter (where d.tracking is not null))[1] as tracking,
               -- The latest word holds; of two at one instant the later day.
               (array_agg(d.promised_from order by d.last_said_at desc, d.promised_to desc, d.promised_from desc nulls last)
                   filter (where d.promised_to is not null))[1] as promised_from,
               (array_agg(d.promised_to order by d.last_said_at desc, d.promised_to desc)
                   filter (where d.promised_to is not null))[1] as promised_to,
               coalesce(min(d.occurred_at) filter (where orders.way_of(d.status) >= 1),
                        min(d.first_said_at) filter (where orders.way_of(d.status) >= 1)) as shipped_at,
               coalesce(min(d.occurred_at) filter (where orders.way_of(d.status) = 3),
                        min(d.first_said_at) filter (where orders.way_of(d.status) = 3)) as delivered_at
        from packages as k
        join placed as d on d.shipment_key = k.shipment_key
            and (d.package_key = k.package_key or d.package_key is null)
        group by k.shipment_key, k.package_key
    ), gone as (
        -- It has got its real name.
        delete from orders.package as p
        where p.program_id = derive_packages.program_id and p.redemption_id = derive_packages.redemption_id
          and (p.shipment_key, p.package_key) not in (select k.shipment_key, k.package_key from packages as k)
    )
    insert into orders.package as p (
        program_id, redemption_id, shipment_key, package_key, package_id, state, trouble, undeliverable, delayed_at,
        for_pickup, carrier, tracking, promised_from, promised_to, shipped_at, delivered_at)
    select derive_packages.program_id, derive_packages.redemption_id, j.shipment_key, j.package_key, j.package_id,
           (array['ordered', 'shipped', 'out_for_delivery', 'delivered'])[j.way + 1],
           (array['undeliverable', 'returned', 'refunded'])[j.trouble], j.undeliverable, j.delayed_at, j.for_pickup,
           j.carrier, j.tracking, j.promised_from, j.promised_to, j.shipped_at, j.delivered_at
    from joined as j
    on conflict on constraint package_pkey do update
    set package_id = excluded.package_id, state = excluded.state, trouble = excluded.trouble,
        undeliverable = excluded.undeliverable, delayed_at = excluded.delayed_at, for_pickup = excluded.for_pickup, carrier = excluded.carrier,
        tracking = excluded.tracking, promised_from = excluded.promised_from, promised_to = excluded.promised_to,
        shipped_at = excluded.shipped_at, delivered_at = excluded.delivered_at, row_xid = pg_current_xact_id();

    -- A shipment of which everything was found elsewhere.
    delete from orders.shipment as s
    where s.program_id = derive_packages.program_id and s.redemption_id = derive_packages.redemption_id
      and not exists (select from orders.package as p
                      where p.program_id = s.program_id and p.redemption_id = s.redemption_id
                        and p.shipment_key = s.shipment_key);
    update orders.shipment as s
    set shipped_at = sums.shipped_at, delivered_at = sums.delivered_at, row_xid = pg_current_xact_id()
    from (select p.shipment_key, min(p.shipped_at) as shipped_at,
                 case when bool_and(p.state = 'delivered') then max(p.delivered_at) end as delivered_at
          from orders.package as p
          where p.program_id = derive_packages.program_id and p.redemption_id = derive_packages.redemption_id
          group by p.shipment_key) as sums
    where s.program_id = derive_packages.program_id and s.redemption_id = derive_packages.redemption_id
      and s.shipment_key = sums.shipment_key
      and (s.shipped_at, s.delivered_at) is distinct from (sums.shipped_at, sums.delivered_at);
    -- The carrier is asked about what is overdue by half a day, later each time; not about what has arrived.
    update orders.package as p
    set next_track_at = case
            when p.state in ('ordered', 'delivered') or p.trouble in ('returned', 'refunded') or p.package_id is null
                then null
            else greatest(coalesce(p.promised_to, p.shipped_at + interval '10 days') + interval '12 hours',
                          p.tracked_at + least(interval '12 hours' * 2 ^ least(p.tracks, 8), interval '7 days')) end,
        row_xid = pg_current_xact_id()
    where p.program_id = derive_packages.program_id and p.redemption_id = derive_packages.redemption_id;
end
$$;

-- Internal: what could not be delivered goes back to the member. Of a shipment in several packages nobody knows which
-- units were in the one that came back: a person looks (orders.derive_contradictions).
create or replace function orders.derive_undeliverable(program_id integer, redemption_id uuid) returns void
language plpgsql set search_path = pg_catalog as $$
begin
    insert into orders.lost_unit as l (program_id, redemption_id, line_number, cause, cause_key, quantity, first_heard_at)
    select u.program_id, u.redemption_id, u.line_number, 'undeliverable', u.shipment_key, u.quantity, clock.now()
    from orders.shipped_unit as u
    where u.program_id = derive_undeliverable.program_id and u.redemption_id = derive_undeliverable.redemption_id
      and orders.is_lost(u.program_id, u.redemption_id, u.shipment_key)
    on conflict on constraint lost_unit_pkey do update
    set quantity = greatest(l.quantity, excluded.quantity), row_xid = pg_current_xact_id()
    where excluded.quantity > l.quantity;
end
$$;

-- Internal: none of the shipment's packages could be delivered. What only came back or was refunded may be a member's own
-- return, and that is settled by its case.
create or replace function orders.is_lost(program_id integer, redemption_id uuid, shipment_key text) returns boolean
language sql stable set search_path = pg_catalog
return (
    select coalesce(bool_and(p.undeliverable and p.state <> 'delivered'), false) from orders.package as p
    where p.program_id = is_lost.program_id and p.redemption_id = is_lost.redemption_id
      and p.shipment_key = is_lost.shipment_key);

-- Internal: the order as one word and some numbers. Units of a shipment count when somebody has said how many.
create or replace function orders.derive_sums(program_id integer, redemption_id uuid) returns void
language plpgsql set search_path = pg_catalog as $$
declare
    shipped integer;
    delivered integer;
    lost integer;
    any_shipped boolean;
    any_delivered boolean;
    unclear boolean;
    last_delivery timestamptz;
begin
    select coalesce(sum(u.units) filter (where s.shipped_at is not null and not gone.yes), 0),
           coalesce(sum(u.units) filter (where s.delivered_at is not null), 0),
           coalesce(bool_or(s.shipped_at is not null and not gone.yes), false),
           coalesce(bool_or(s.delivered_at is not null), false),
           coalesce(bool_or(s.shipped_at is not null and u.units is null), false), max(s.delivered_at)
    into shipped, delivered, any_shipped, any_delivered, unclear, last_delivery
    from orders.shipment as s
    cross join lateral (
        select orders.is_lost(s.program_id, s.redemption_id, s.shipment_key) as yes) as gone
    cross join lateral (
        select sum(q.quantity)::integer as units from orders.shipped_unit as q
        where q.program_id = s.program_id and q.redemption_id = s.redemption_id
          and q.shipment_key = s.shipment_key) as u
    where s.program_id = derive_sums.program_id and s.redemption_id = derive_sums.redemption_id;
    select coalesce(sum(l.quantity), 0) into lost from orders.lost_unit as l
    where l.program_id = derive_sums.program_id and l.redemption_id = derive_sums.redemption_id;

    update orders.follow as f
    set units_shipped = shipped, units_delivered = delivered, units_lost = lost,
        delivered_at = last_delivery,
        progress = case
            when lost >= f.units then 'cancelled'
            when delivered > 0 and delivered >= f.units - lost then 'delivered'
            when any_delivered then 'partly_delivered'
            when shipped > 0 and shipped >= f.units - lost then 'shipped'
            when any_shipped then 'partly_shipped'
            else 'ordered' end,
        heard_at = clock.now(),
        -- Something left and nobody has said what is in it: the order itself says.
        hinted_at = case when unclear then coalesce(f.hinted_at, clock.now()) else f.hinted_at end,
        next_look_at = case
            when unclear then least(coalesce(f.next_look_at, 'infinity'),
                                    greatest(clock.now(), f.looked_at + interval '1 minute'))
            -- All of it has left: there is nothing to look for without a hint.
            when shipped + lost >= f.units and f.hinted_at is null then null
            else f.next_look_at end,
        state = 'open', closed_at = null, close_reason = null,
        row_xid = pg_current_xact_id()
    where f.program_id = derive_sums.program_id and f.redemption_id = derive_sums.redemption_id;
end
$$;

-- Internal: what cannot both be true is a person's to decide: units that were given back and came nevertheless, more
-- units than there are, and a package of several that did not arrive. `extent`: how many of them; what a person has seen is
-- asked again only where it has grown.
create or replace function orders.derive_contradictions(program_id integer, redemption_id uuid) returns void
language plpgsql set search_path = pg_catalog as $$
declare
    followed orders.follow;
    one record;
begin
    select * into strict followed from orders.follow as f
    where f.program_id = derive_contradictions.program_id and f.redemption_id = derive_contradictions.redemption_id;
    for one in
        select 'delivered_after_all' as what, count(*) as extent, array['leave_as_it_is'] as outcomes
        from orders.shipment as s
        where s.program_id = followed.program_id and s.redemption_id = followed.redemption_id
          and exists (select from orders.lost_unit as l
                      where l.program_id = s.program_id and l.redemption_id = s.redemption_id
                        and l.cause = 'undeliverable' and l.cause_key = s.shipment_key)
          and exists (select from orders.package as p
                      where p.program_id = s.program_id and p.redemption_id = s.redemption_id
                        and p.shipment_key = s.shipment_key and p.state = 'delivered')
        union all
        -- What could not be delivered and was, is the one above.
        select 'shipped_although_cancelled',
               followed.units_shipped + followed.units_lost - followed.units - coalesce((
                   select sum(l.quantity) from orders.lost_unit as l
                   where l.program_id = followed.program_id and l.redemption_id = followed.redemption_id
                     and l.cause = 'undeliverable'
                     and not orders.is_lost(l.program_id, l.redemption_id, l.cause_key)), 0),
               array['leave_as_it_is']
        union all
        select 'part_of_shipment_lost', count(*), array['points_back', 'leave_as_it_is']
        from orders.package as p
        where p.program_id = followed.program_id and p.redemption_id = followed.redemption_id
          and p.trouble is not null and p.state <> 'delivered'
          and not orders.is_lost(p.program_id, p.redemption_id, p.shipment_key)
    loop
        continue when one.extent <= 0 or exists (
            select from casework.case as c
            where c.program_id = followed.program_id and c.kind = 'shipment'
              and c.subject = followed.redemption_id::text and c.reason = one.what
              -- Cases of before had no extent.
              and coalesce((c.evidence ->> 'extent')::bigint, one.extent) >= one.extent);
        perform orders.open_case(followed.program_id, followed.redemption_id, one.what, one.outcomes,
                                 jsonb_build_object('extent', one.extent));
    end loop;
end
$$;

-- Internal: a person is asked; not again for the same while that is open.
drop function if exists orders.open_case(integer, uuid, text);
create or replace function orders.open_case(
    program_id integer, redemption_id uuid, reason text, outcomes text[], evidence jsonb
) returns void language plpgsql set search_path = pg_catalog as $$
declare
    followed orders.follow;
    found_case uuid := clock.new_id();
begin
    select * into strict followed from orders.follow as f
    where f.program_id = open_case.program_id and f.redemption_id = open_case.redemption_id;
    if exists (select from casework.case as c
               where c.program_id = followed.program_id and c.kind = 'shipment' and c.state = 'open'
                 and c.subject = followed.redemption_id::text and c.reason = open_case.reason
                 and c.evidence @> open_case.evidence) then
        return;
    end if;
    perform casework.open_case(
        followed.program_id, found_case, 'shipment', followed.redemption_id::text, open_case.reason,
        jsonb_build_object('units', followed.units, 'units_shipped', followed.units_shipped,
                           'units_delivered', followed.units_delivered, 'units_lost', followed.units_lost)
        || open_case.evidence,
        open_case.outcomes, array['support', 'business-operator'], clock.now() + interval '3 days', 'orders');
    update orders.follow as f set case_id = found_case, row_xid = pg_current_xact_id()
    where f.program_id = followed.program_id and f.redemption_id = followed.redemption_id;
end
$$;

-- Internal: the day that was promised after the delay was known; null: nobody has said one since.
create or replace function orders.expected_by(
    program_id integer, redemption_id uuid, shipment_key text, package_key text
) returns timestamptz language sql stable set search_path = pg_catalog
return (
    select p.promised_to from orders.package as p
    where p.program_id = expected_by.program_id and p.redemption_id = expected_by.redemption_id
      and p.shipment_key = expected_by.shipment_key and p.package_key = expected_by.package_key
      and exists (select from orders.placed_events(p.program_id, p.redemption_id) as d
                  where d.shipment_key = p.shipment_key and (d.package_key = p.package_key or d.package_key is null)
                    and (d.event).promised_to = p.promised_to and (d.event).last_said_at >= p.delayed_at));

-- Internal: what members hear of each package, each thing once: never that something left after it has arrived, a delay
-- once for each new day, and nothing twice because a package or its shipment has got another name.
create or replace function orders.tell(program_id integer, redemption_id uuid) returns void
language plpgsql set search_path = pg_catalog as $$
declare
    package record;
    step text;
begin
    for package in
        select p.*, f.member_id,
               array(select t.topic from orders.told as t
                     where t.program_id = p.program_id and t.redemption_id = p.redemption_id
                       and ((t.shipment_key = p.shipment_key and t.package_key in (p.package_key, p.tracking, '-'))
                            -- Told when nobody had said of which shipment it was.
                            or t.package_key = any (unnamed.keys)
                               and t.shipment_key = split_part(p.shipment_key, '/', 1) || '/-')) as told
        from orders.package as p
        join orders.follow as f using (program_id, redemption_id)
        cross join lateral (
            select array_agg((d.event).package_id) || array_agg((d.event).tracking) as keys
            from orders.placed_events(p.program_id, p.redemption_id) as d
            where d.shipment_key = p.shipment_key and d.package_key = p.package_key
              and (d.event).shipment_id is null) as unnamed
        where p.program_id = tell.program_id and p.redemption_id = tell.redemption_id
        order by p.shipment_key, p.package_key
    loop
        foreach step in array array_remove(array[
            case when package.undeliverable and package.state <> 'delivered' then 'undeliverable'
                 -- Perhaps by the member: nobody says that it could not be delivered.
                 when package.trouble is not null and package.state <> 'delivered' then 'sent_back'
                 when package.state <> 'ordered' then package.state end,
            case when package.delayed_at is not null and package.state <> 'delivered' and package.trouble is null
                 then 'delayed:' || coalesce(package.promised_to, package.delayed_at)::date end], null)
        loop
            continue when step = any (package.told)
                or (step = 'shipped'
                    and package.told && array['out_for_delivery', 'delivered', 'undeliverable', 'sent_back'])
                or (step = 'out_for_delivery' and package.told && array['delivered', 'undeliverable', 'sent_back']);
            insert into orders.told(program_id, redemption_id, shipment_key, package_key, topic, told_at)
            values (package.program_id, package.redemption_id, package.shipment_key, package.package_key, step, clock.now());
            perform outbox.emit(
                package.program_id, 'shipment.' || split_part(step, ':', 1), package.redemption_id::text,
                package.redemption_id,
                jsonb_build_object(
                    'redemption_id', package.redemption_id, 'member_id', package.member_id,
                    'shipment_key', package.shipment_key, 'package_key', package.package_key,
                    'promised_to', package.promised_to, 'for_pickup', package.for_pickup)
                || case when step like 'delayed:%' then jsonb_build_object('expected_by', orders.expected_by(
                    package.program_id, package.redemption_id, package.shipment_key, package.package_key))
                        else '{}' end);
        end loop;
    end loop;
end
$$;
