-- What the redemption flow says to orders, inside its own transactions.

-- Whether orders go through now. No row: nothing was ever ordered through this programme's connection, so they may.
create or replace function orders.connection_state(program_id integer)
returns table (connection text, state text, reason text, since timestamptz)
language plpgsql stable security definer set search_path = pg_catalog as $$
begin
    return query
        select r.connection, coalesce(c.state, 'working'), c.reason, c.since
        from orders.rate_of(connection_state.program_id) as r
        left join orders.connection as c on c.connection = r.connection;
end
$$;

-- Writes down what will be ordered; nothing is sent before the state machine says so. Called by redeem.
-- `lines`: [{line_number, asin, offer_id, quantity, expected_unit_price_minor, expected_shipping_minor,
-- expected_tax_minor}]. With `exact` also shipping and tax may exceed the quote by no more than the tolerance.
-- Whether it is a trial only the programme's row says.
create or replace function orders.plan(
    program_id integer, redemption_id uuid, member_id bigint, address_id uuid, region text, currency text,
    tolerance_basis_points integer, exact boolean, lines jsonb
) returns void language plpgsql security definer set search_path = pg_catalog as $$
declare
    connection_name text;
    prefix text;
    is_trial boolean;
    factor numeric := 1 + plan.tolerance_basis_points / 10000.0;
begin
    select r.connection, r.purchase_order_prefix into strict connection_name, prefix from orders.rate_of(plan.program_id) as r;
    select g.trial into strict is_trial from programme.program as g where g.program_id = plan.program_id;
    insert into orders.connection(connection, since) values (connection_name, clock.now()) on conflict do nothing;
    insert into orders.placement(program_id, redemption_id, member_id, address_id, connection, region, currency,
                                 external_id, purchase_order_number, trial, created_at)
    values (plan.program_id, plan.redemption_id, plan.member_id, plan.address_id, connection_name, plan.region,
            plan.currency, case when is_trial then 'trial-' else '' end || plan.redemption_id,
            prefix || plan.redemption_id, is_trial, clock.now());
    insert into orders.placement_line(program_id, redemption_id, line_number, asin, offer_id, quantity,
                                      expected_unit_price_minor, expected_shipping_minor, expected_tax_minor,
                                      limit_unit_price_minor, limit_shipping_minor, limit_tax_minor)
    select plan.program_id, plan.redemption_id, l.line_number, l.asin, l.offer_id, l.quantity,
           l.expected_unit_price_minor, l.expected_shipping_minor, l.expected_tax_minor,
           floor(l.expected_unit_price_minor * factor),
           case when plan.exact then ceil(l.expected_shipping_minor * factor) end,
           case when plan.exact then ceil(l.expected_tax_minor * factor) end
    from jsonb_to_recordset(plan.lines) as l(
        line_number integer, asin text, offer_id text, quantity integer, expected_unit_price_minor bigint,
        expected_shipping_minor bigint, expected_tax_minor bigint);
end
$$;

-- Another door, while nothing has been said to Amazon.
create or replace function orders.change_address(program_id integer, redemption_id uuid, address_id uuid)
returns boolean language plpgsql security definer set search_path = pg_catalog as $$
begin
    update orders.placement as p
    set address_id = change_address.address_id, row_xid = pg_current_xact_id()
    where p.program_id = change_address.program_id and p.redemption_id = change_address.redemption_id
      and p.state = 'planned';
    return found;
end
$$;

-- Takes the order back if it has certainly not been sent. Returns the placement's state: anything but 'withdrawn'
-- means that there is, or may be, an order.
create or replace function orders.withdraw(program_id integer, redemption_id uuid)
returns text language plpgsql security definer set search_path = pg_catalog as $$
declare
    placement orders.placement;
begin
    select * into placement from orders.placement as p
    where p.program_id = withdraw.program_id and p.redemption_id = withdraw.redemption_id for no key update;
    if placement.state = 'planned' or (placement.state = 'queued' and placement.sends = 0) then
        update orders.placement as p
        set state = 'withdrawn', due_at = null, row_xid = pg_current_xact_id()
        where p.program_id = withdraw.program_id and p.redemption_id = withdraw.redemption_id;
        return 'withdrawn';
    end if;
    return placement.state;
end
$$;

create or replace function orders.state_of(program_id integer, redemption_id uuid)
returns text language sql stable security definer set search_path = pg_catalog
begin atomic
    select p.state from orders.placement as p
    where p.program_id = state_of.program_id and p.redemption_id = state_of.redemption_id;
end;

-- How many units of each line Amazon took, once its answer is recorded.
create or replace function orders.recorded_lines(program_id integer, redemption_id uuid)
returns table (line_number integer, accepted_quantity integer, rejected_quantity integer, reasons text[])
language sql stable security definer set search_path = pg_catalog
begin atomic
    select l.line_number, l.accepted_quantity, l.rejected_quantity, l.reasons
    from orders.placement_line as l
    join orders.placement as p using (program_id, redemption_id)
    where l.program_id = recorded_lines.program_id and l.redemption_id = recorded_lines.redemption_id
      and p.recorded_at is not null;
end;

-- The parts of a redemption's lines that Amazon is delivering.
create or replace function orders.parts(program_id integer, redemption_id uuid)
returns table (line_number integer, amazon_order_id text, quantity integer,
               delivery_earliest timestamptz, delivery_latest timestamptz)
language sql stable security definer set search_path = pg_catalog
begin atomic
    select o.line_number, o.amazon_order_id, o.quantity, o.delivery_earliest, o.delivery_latest
    from orders.order_part as o
    where o.program_id = parts.program_id and o.redemption_id = parts.redemption_id
    order by o.line_number, o.part_number;
end;

-- Orders that wait to be sent through a connection, of all programmes that share it.
create or replace function orders.orders_waiting(program_id integer, connection text)
returns bigint language sql stable security definer set search_path = pg_catalog
begin atomic
    select count(*) from orders.placement as p
    where p.connection = orders_waiting.connection and p.state = 'queued' and not p.trial;
end;

-- How long a queued order will wait, in seconds, as things stand. Null: it does not wait, or nobody can say (paused).
create or replace function orders.expected_wait(program_id integer, redemption_id uuid)
returns table (orders_ahead bigint, wait_seconds integer)
language plpgsql stable security definer set search_path = pg_catalog as $$
begin
    return query
        select ahead.orders,
               case when coalesce(c.state, 'working') = 'working' then ceil(greatest(
                   extract(epoch from b.closed_until - clock.now()),
                   0,
                   (ahead.orders + 1 - least(r.burst, coalesce(b.tokens, r.burst) + r.per_second
                       * greatest(0, extract(epoch from clock.now() - coalesce(b.refilled_at, clock.now())))))
                       / r.per_second))::integer end
        from orders.placement as p
        cross join lateral orders.rate_of(p.program_id) as r
        cross join lateral (
            select count(*) as orders from orders.placement as q
            where q.connection = p.connection and q.state = 'queued' and q.queue_number < p.queue_number and not q.trial
        ) as ahead
        left join orders.bucket as b on b.connection = p.connection and b.operation = 'placeOrder'
        left join orders.connection as c on c.connection = p.connection
        where p.program_id = expected_wait.program_id and p.redemption_id = expected_wait.redemption_id
          and p.state = 'queued';
end
$$;
