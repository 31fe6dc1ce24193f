-- What members and staff may read of an order on its way.

-- {progress, units…, shipments: [{…, units, packages: [{…, events}]}]}; null while nothing is followed.
create or replace function orders.progress_of(program_id integer, redemption_id uuid)
returns jsonb language plpgsql stable security definer set search_path = pg_catalog as $$
begin
    return (
        select jsonb_build_object(
            'progress', f.progress, 'units', f.units, 'units_shipped', f.units_shipped,
            'units_delivered', f.units_delivered, 'units_lost', f.units_lost, 'heard_at', f.heard_at,
            'shipments', coalesce((
                select jsonb_agg(jsonb_build_object(
                    'shipment_key', s.shipment_key, 'amazon_order_id', s.amazon_order_id, 'shipped_at', s.shipped_at,
                    'delivered_at', s.delivered_at,
                    'units', coalesce((
                        select jsonb_agg(jsonb_build_object('line_number', u.line_number, 'quantity', u.quantity)
                                         order by u.line_number)
                        from orders.shipped_unit as u
                        where u.program_id = s.program_id and u.redemption_id = s.redemption_id
                          and u.shipment_key = s.shipment_key), '[]'),
                    'packages', (
                        select jsonb_agg(jsonb_build_object(
                            'package_key', p.package_key, 'state', p.state, 'trouble', p.trouble,
                            'delayed', p.delayed_at is not null and p.state <> 'delivered', 'for_pickup', p.for_pickup,
                            'carrier', p.carrier, 'tracking', p.tracking, 'promised_from', p.promised_from,
                            'promised_to', p.promised_to, 'shipped_at', p.shipped_at, 'delivered_at', p.delivered_at,
                            'events', orders.events_of(p)) order by p.package_key)
                        from orders.package as p
                        where p.program_id = s.program_id and p.redemption_id = s.redemption_id
                          and p.shipment_key = s.shipment_key)) order by s.shipped_at, s.shipment_key)
                from orders.shipment as s
                where s.program_id = f.program_id and s.redemption_id = f.redemption_id), '[]'))
        from orders.follow as f
        where f.program_id = progress_of.program_id and f.redemption_id = progress_of.redemption_id);
end
$$;

-- Internal: a package's steps, each once with the earliest time that is known of it; at most 50.
create or replace function orders.events_of(package orders.package) returns jsonb
language sql stable set search_path = pg_catalog
return (
    select coalesce(jsonb_agg(jsonb_build_object('status', e.status, 'at', e.at) order by e.at, e.status), '[]')
    from (
        select upper((d.event).status) as status,
               coalesce(min((d.event).occurred_at), min((d.event).first_said_at)) as at
        from orders.placed_events(package.program_id, package.redemption_id) as d
        where d.shipment_key = package.shipment_key
          and (d.package_key = package.package_key or d.package_key is null)
        group by 1 order by 2 limit 50) as e);

-- One word for lists: null while nothing is followed.
create or replace function orders.progress_word(program_id integer, redemption_id uuid) returns text
language sql stable security definer set search_path = pg_catalog
begin atomic
    select f.progress from orders.follow as f
    where f.program_id = progress_word.program_id and f.redemption_id = progress_word.redemption_id;
end;

-- Internal: an order that may exist and of which nothing is known is looked up now, and not when its turn would come.
create or replace function orders.look_now(program_id integer, redemption_id uuid) returns void
language sql set search_path = pg_catalog
begin atomic
    update orders.placement as p set due_at = clock.now(), row_xid = pg_current_xact_id()
    where p.program_id = look_now.program_id and p.redemption_id = look_now.redemption_id
      and p.state in ('sent', 'unknown') and p.due_at > clock.now()
      and (p.lease_until is null or p.lease_until < clock.now());
end;

-- ---- what the redemption flow does about it -------------------------------------------------------------------------

-- The order's row, locked: what is derived of it does not change meanwhile.
create or replace function orders.hold_still(program_id integer, redemption_id uuid) returns void
language plpgsql set search_path = pg_catalog as $$
begin
    perform from orders.follow as f
    where f.program_id = hold_still.program_id and f.redemption_id = hold_still.redemption_id for no key update;
end
$$;

-- Units that have left and whose money was not asked for, by line. A shipment of which nobody has said what is in it
-- waits. The key names how many of the shipment's units were paid for by then.
create or replace function orders.to_collect(program_id integer, redemption_id uuid)
returns table (shipment_key text, event_key text, line_number integer, quantity integer)
language sql stable set search_path = pg_catalog
begin atomic
    select u.shipment_key,
           u.shipment_key || ':' || sum(u.quantity) over (partition by u.shipment_key),
           u.line_number, u.quantity - u.collected
    from orders.shipped_unit as u
    join orders.shipment as s using (program_id, redemption_id, shipment_key)
    where u.program_id = to_collect.program_id and u.redemption_id = to_collect.redemption_id
      and s.shipped_at is not null and not orders.is_lost(s.program_id, s.redemption_id, s.shipment_key)
    order by s.shipped_at, u.shipment_key, u.line_number;
end;

create or replace function orders.collected(program_id integer, redemption_id uuid, shipment_key text) returns void
language sql set search_path = pg_catalog
begin atomic
    update orders.shipped_unit as u set collected = u.quantity, row_xid = pg_current_xact_id()
    where u.program_id = collected.program_id and u.redemption_id = collected.redemption_id
      and u.shipment_key = collected.shipment_key and u.collected < u.quantity;
end;

-- Nothing more will leave: true once.
create or replace function orders.all_due(program_id integer, redemption_id uuid) returns boolean
language plpgsql set search_path = pg_catalog as $$
begin
    update orders.follow as f set all_due_at = clock.now(), row_xid = pg_current_xact_id()
    where f.program_id = all_due.program_id and f.redemption_id = all_due.redemption_id
      and f.all_due_at is null and f.units_shipped + f.units_lost >= f.units;
    return found;
end
$$;

-- Lost units that were not given back. The key names how many were lost by then: heard of in parts or at once, the units
-- are the same.
create or replace function orders.to_give_back(program_id integer, redemption_id uuid)
returns table (line_number integer, cause text, cause_key text, event_key text, quantity integer)
language sql stable set search_path = pg_catalog
begin atomic
    select l.line_number, l.cause, l.cause_key, l.cause || ':' || l.cause_key || ':' || l.quantity,
           l.quantity - l.given_back
    from orders.lost_unit as l
    where l.program_id = to_give_back.program_id and l.redemption_id = to_give_back.redemption_id
      and l.given_back < l.quantity and l.refused is null
    order by l.line_number, l.cause, l.cause_key;
end;

create or replace function orders.given_back(
    program_id integer, redemption_id uuid, line_number integer, cause text, cause_key text, quantity integer
) returns void language sql set search_path = pg_catalog
begin atomic
    update orders.lost_unit as l set given_back = l.given_back + given_back.quantity, row_xid = pg_current_xact_id()
    where l.program_id = given_back.program_id and l.redemption_id = given_back.redemption_id
      and l.line_number = given_back.line_number and l.cause = given_back.cause and l.cause_key = given_back.cause_key;
end;

-- They were not given back: a person is asked, in a case of its own.
create or replace function orders.give_back_refused(
    program_id integer, redemption_id uuid, line_number integer, cause text, cause_key text, reason text
) returns void language plpgsql set search_path = pg_catalog as $$
begin
    update orders.lost_unit as l set refused = give_back_refused.reason, row_xid = pg_current_xact_id()
    where l.program_id = give_back_refused.program_id and l.redemption_id = give_back_refused.redemption_id
      and l.line_number = give_back_refused.line_number and l.cause = give_back_refused.cause
      and l.cause_key = give_back_refused.cause_key;
    perform orders.open_case(
        give_back_refused.program_id, give_back_refused.redemption_id, 'not_given_back',
        array['points_back', 'leave_as_it_is'],
        jsonb_build_object('line_number', give_back_refused.line_number, 'cause', give_back_refused.cause,
                           'cause_key', give_back_refused.cause_key, 'refused', give_back_refused.reason));
end
$$;
