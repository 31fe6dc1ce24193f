-- The orders worker's side: a durable queue, one attempt at a time, and what is known after each.
--
-- `sends` counts the calls under the placement's present name that may have had an effect. It is raised before a call
-- and lowered only when Amazon has certainly done nothing; while it is above zero nothing is taken back or refunded.

-- A message of the state machine has come: from here on this row is the queue. Coming twice changes nothing but the
-- token, so that a state machine that asks again gets its answer. Returns the state, or 'unknown_redemption'.
-- Nothing has a default: beside the version before, which a database gets again when a deployment is taken back, a call
-- would be good for two functions.
drop function if exists orders.enqueue(integer, uuid, text, text, text);
create or replace function orders.enqueue(
    program_id integer, redemption_id uuid, task_token text, correlation_id text, trace text
) returns text language plpgsql security definer set search_path = pg_catalog as $$
declare
    found_state text;
begin
    update orders.placement as p
    set task_token = enqueue.task_token,
        correlation_id = coalesce(enqueue.correlation_id, p.correlation_id),
        trace = coalesce(enqueue.trace, p.trace),
        answered_at = case when p.task_token = enqueue.task_token then p.answered_at end,
        state = case when p.state = 'planned' then 'queued' else p.state end,
        queue_number = case when p.state = 'planned' then nextval('orders.queue_number') else p.queue_number end,
        queued_at = case when p.state = 'planned' then clock.now() else p.queued_at end,
        due_at = case when p.state = 'planned' then clock.now() else p.due_at end,
        row_xid = pg_current_xact_id()
    where p.program_id = enqueue.program_id and p.redemption_id = enqueue.redemption_id
    returning p.state into found_state;
    return coalesce(found_state, 'unknown_redemption');
end
$$;

-- The same for a worker from before requests had an id, as long as one runs.
create or replace function orders.enqueue(program_id integer, redemption_id uuid, task_token text)
returns text language sql security definer set search_path = pg_catalog as $$
    select orders.enqueue(enqueue.program_id, enqueue.redemption_id, enqueue.task_token, null, null)
$$;

-- Internal: whether the money for a queued order is (still) reserved. A queue may be days long while the connection is
-- paused, and a reservation that is renewed meanwhile can be declined. Then the order is taken back; while a renewal is
-- under way it lets others pass.
create or replace function orders.may_leave(placement orders.placement) returns boolean
language plpgsql set search_path = pg_catalog as $$
declare
    payment_state text := (select p.state from payments.status_of(placement.program_id, placement.redemption_id) as p);
    over boolean := placement.sends = 0 and payment_state in ('declined', 'abandoned', 'voiding', 'voided');
begin
    if payment_state is null or payment_state = 'authorised' then
        return true;
    end if;
    update orders.placement as p
    set state = case when over then 'withdrawn' else p.state end,
        due_at = case when not over then clock.now() + interval '1 minute' end,
        row_xid = pg_current_xact_id()
    where p.program_id = placement.program_id and p.redemption_id = placement.redemption_id;
    return false;
end
$$;

-- The next thing to do on a connection, leased to the caller: `place` (its name and state 'sent' are stored, the token
-- is taken), `look` (ask what became of it), `probe` (paused, and nothing to try with), or `wait` for some seconds.
-- The connection's row is the turnstile: orders leave in the order in which they came.
-- `trials`: also the canary's. Only who says it has read the column `trial`; another would buy what it is given.
drop function if exists orders.next(text, uuid, integer, boolean);
create or replace function orders.next(connection text, lease_id uuid, lease_seconds integer, trials boolean)
returns table (kind text, wait_seconds numeric, program_id integer, redemption_id uuid, member_id bigint,
               address_id uuid, external_id text, purchase_order_number text, region text, currency text,
               sends integer, look_ups integer, correlation_id text, trace text, trial boolean)
language plpgsql security definer set search_path = pg_catalog as $$
#variable_conflict use_column
declare
    instant timestamptz := clock.now();
    lease_end timestamptz := instant + make_interval(secs => next.lease_seconds);
    line orders.connection;
    placement orders.placement;
    operation text;
    rate record;
    tries boolean := false;
begin
    kind := 'wait';
    wait_seconds := 5;
    select * into line from orders.connection as c where c.connection = next.connection for no key update;
    if not found or (line.state = 'paused' and line.next_probe_at > instant) then
        return next;
        return;
    end if;

    foreach operation in array array['orderDetails', 'placeOrder'] loop
        if operation = 'orderDetails' then
            select * into placement from orders.placement as p
            where p.connection = next.connection and p.state in ('sent', 'unknown') and p.due_at <= instant
                and (next.trials or not p.trial)
            order by p.due_at, p.queue_number limit 1 for no key update skip locked;
        else
            loop
                select * into placement from orders.placement as p
                where p.connection = next.connection and p.state = 'queued' and p.due_at <= instant
                    and (next.trials or not p.trial)
                -- A trial never keeps a member waiting.
                order by p.trial, p.queue_number limit 1 for no key update skip locked;
                exit when not found or orders.may_leave(placement);
            end loop;
        end if;
        continue when not found;
        tries := true;
        select * into rate from orders.rate_of(placement.program_id);
        wait_seconds := least(wait_seconds, orders.take_token(
            placement.program_id, next.connection, operation, rate.per_second, rate.burst, 0));
        continue when wait_seconds > 0;
        update orders.placement as p
        set state = case when operation = 'placeOrder' then 'sent' else 'unknown' end,
            sends = p.sends + case when operation = 'placeOrder' then 1 else 0 end,
            sent_at = case when operation = 'placeOrder' then instant else p.sent_at end,
            look_ups = p.look_ups + case when operation = 'orderDetails' then 1 else 0 end,
            lease_id = next.lease_id,
            lease_until = lease_end,
            due_at = lease_end,
            row_xid = pg_current_xact_id()
        where p.program_id = placement.program_id and p.redemption_id = placement.redemption_id
        returning p.* into placement;
        perform orders.next_probe(next.connection);
        kind := case when operation = 'placeOrder' then 'place' else 'look' end;
        program_id := placement.program_id;
        redemption_id := placement.redemption_id;
        member_id := placement.member_id;
        address_id := placement.address_id;
        external_id := placement.external_id;
        purchase_order_number := placement.purchase_order_number;
        region := placement.region;
        currency := placement.currency;
        sends := placement.sends;
        look_ups := placement.look_ups;
        trial := placement.trial;
        correlation_id := placement.correlation_id;
        trace := placement.trace;
        return next;
        return;
    end loop;

    if line.state = 'paused' and not tries then
        perform orders.next_probe(next.connection);
        kind := 'probe';
    end if;
    if not tries then
        -- Something may become due before the pause is over.
        select least(wait_seconds, greatest(0.05, extract(epoch from min(p.due_at) - instant))) into wait_seconds
        from orders.placement as p
        where p.connection = next.connection and p.state in ('queued', 'sent', 'unknown') and p.due_at > instant;
    end if;
    return next;
end
$$;

-- The same for a worker from before there were trials, as long as one runs: a roll-out, an older image. Trials wait.
drop function if exists orders.next(text, uuid, integer);
create or replace function orders.next(connection text, lease_id uuid, lease_seconds integer)
returns table (kind text, wait_seconds numeric, program_id integer, redemption_id uuid, member_id bigint,
               address_id uuid, external_id text, purchase_order_number text, region text, currency text,
               sends integer, look_ups integer)
language sql security definer set search_path = pg_catalog as $$
    select n.kind, n.wait_seconds, n.program_id, n.redemption_id, n.member_id, n.address_id, n.external_id,
           n.purchase_order_number, n.region, n.currency, n.sends, n.look_ups
    from orders.next(next.connection, next.lease_id, next.lease_seconds, false) as n
$$;

-- Internal: while paused, one attempt a minute is enough to notice that it works again.
create or replace function orders.next_probe(connection text) returns void
language sql set search_path = pg_catalog
begin atomic
    update orders.connection as c
    set next_probe_at = clock.now() + interval '1 minute', row_xid = pg_current_xact_id()
    where c.connection = next_probe.connection and c.state = 'paused';
end;

create or replace function orders.lines_to_place(program_id integer, redemption_id uuid)
returns table (line_number integer, asin text, offer_id text, quantity integer, limit_unit_price_minor bigint,
               limit_shipping_minor bigint, limit_tax_minor bigint)
language sql stable security definer set search_path = pg_catalog
begin atomic
    select l.line_number, l.asin, l.offer_id, l.quantity, l.limit_unit_price_minor, l.limit_shipping_minor,
           l.limit_tax_minor
    from orders.placement_line as l
    where l.program_id = lines_to_place.program_id and l.redemption_id = lines_to_place.redemption_id
    order by l.line_number;
end;

-- Amazon's answer, for ever. The first answer stands: whoever brings another is told the state. Not fenced by the
-- lease, because an answer is true whoever heard it.
create or replace function orders.conclude(program_id integer, redemption_id uuid, result jsonb)
returns text language plpgsql security definer set search_path = pg_catalog as $$
declare
    placement orders.placement;
    ordered bigint;
    accepted bigint;
begin
    select * into placement from orders.placement as p
    where p.program_id = conclude.program_id and p.redemption_id = conclude.redemption_id for no key update;
    if placement.concluded_at is not null or placement.sends = 0 then
        return placement.state;
    end if;
    select sum(l.quantity) into ordered from orders.placement_line as l
    where l.program_id = conclude.program_id and l.redemption_id = conclude.redemption_id;
    select coalesce(sum((item ->> 'quantity')::bigint), 0) into accepted
    from jsonb_array_elements(conclude.result -> 'lines') as line,
         jsonb_array_elements(line -> 'accepted') as item;
    update orders.placement as p
    set state = case when accepted = 0 then 'rejected' when accepted < ordered then 'partial' else 'accepted' end,
        result = conclude.result,
        concluded_at = clock.now(),
        answered_at = null,
        due_at = null,
        lease_id = null,
        lease_until = null,
        row_xid = pg_current_xact_id()
    where p.program_id = conclude.program_id and p.redemption_id = conclude.redemption_id
    returning p.state into placement.state;
    return placement.state;
end
$$;

-- Amazon did nothing with this call: the order keeps its place. Only whoever holds the lease may say so.
drop function if exists orders.put_back(integer, uuid, uuid, numeric);
create or replace function orders.put_back(
    program_id integer, redemption_id uuid, lease_id uuid, seconds double precision
)
returns boolean language plpgsql security definer set search_path = pg_catalog as $$
begin
    update orders.placement as p
    set state = case when p.state = 'sent' and p.sends <= 1 then 'queued' else 'unknown' end,
        sends = p.sends - case when p.state = 'sent' then 1 else 0 end,
        due_at = clock.now() + make_interval(secs => put_back.seconds),
        lease_id = null,
        lease_until = null,
        row_xid = pg_current_xact_id()
    where p.program_id = put_back.program_id and p.redemption_id = put_back.redemption_id
      and p.lease_id = put_back.lease_id and p.state in ('sent', 'unknown');
    return found;
end
$$;

-- Amazon refused the order as a whole for a reason that is not the order's. It certainly placed nothing under this name
-- (the caller has looked it up if it was sent twice), so it may be asked again, under another: nobody knows what Amazon
-- makes of a name it has refused. After a minute, then later each time up to an hour: what is refused may be this order
-- alone (a limit that it is above), so the others have their turn in between.
create or replace function orders.ask_again_later(program_id integer, redemption_id uuid, lease_id uuid)
returns boolean language plpgsql security definer set search_path = pg_catalog as $$
begin
    update orders.placement as p
    set state = 'queued',
        external_id = p.redemption_id || '-' || substr(clock.new_id()::text, 25),
        sends = 0,
        not_found_count = 0,
        not_found_since = null,
        due_at = clock.now() + least(interval '1 minute' * 2 ^ least(p.put_off, 10), interval '1 hour'),
        put_off = p.put_off + 1,
        lease_id = null,
        lease_until = null,
        row_xid = pg_current_xact_id()
    where p.program_id = ask_again_later.program_id and p.redemption_id = ask_again_later.redemption_id
      and p.lease_id = ask_again_later.lease_id and p.state in ('sent', 'unknown');
    return found;
end
$$;

-- Nobody knows what became of the call: it is looked up again in `seconds`. After `give_up_seconds` of not knowing the
-- state machine is told so (once), and the looking goes on, slowly.
drop function if exists orders.mark_unknown(integer, uuid, uuid, numeric, integer);
create or replace function orders.mark_unknown(
    program_id integer, redemption_id uuid, lease_id uuid, seconds double precision, give_up_seconds integer
) returns text language plpgsql security definer set search_path = pg_catalog as $$
declare
    given_up timestamptz;
begin
    update orders.placement as p
    set state = 'unknown',
        given_up_at = coalesce(p.given_up_at, case
            when clock.now() - p.queued_at > make_interval(secs => mark_unknown.give_up_seconds)
             and clock.now() - p.sent_at > make_interval(secs => mark_unknown.give_up_seconds) then clock.now() end),
        due_at = clock.now() + make_interval(secs => mark_unknown.seconds),
        lease_id = null,
        lease_until = null,
        row_xid = pg_current_xact_id()
    where p.program_id = mark_unknown.program_id and p.redemption_id = mark_unknown.redemption_id
      and p.lease_id = mark_unknown.lease_id and p.state in ('sent', 'unknown')
    returning p.given_up_at into given_up;
    return case when given_up is null then 'unknown' else 'given_up' end;
end
$$;

-- Amazon does not know the name. Said `needed` times over at least `quiet_seconds` it is believed, and the order is
-- sent again under the same name, at most `resends` times. Returns look_again, resend or given_up.
drop function if exists orders.not_found(integer, uuid, uuid, integer, integer, integer, numeric);
create or replace function orders.not_found(
    program_id integer, redemption_id uuid, lease_id uuid, needed integer, quiet_seconds integer, resends integer,
    seconds double precision
) returns text language plpgsql security definer set search_path = pg_catalog as $$
declare
    placement orders.placement;
    since timestamptz;
    believed boolean;
    verdict text;
begin
    select * into placement from orders.placement as p
    where p.program_id = not_found.program_id and p.redemption_id = not_found.redemption_id for no key update;
    if placement.lease_id is distinct from not_found.lease_id or placement.state <> 'unknown' then
        return 'look_again';
    end if;
    since := coalesce(placement.not_found_since, clock.now());
    believed := placement.not_found_count + 1 >= not_found.needed
        and clock.now() - since >= make_interval(secs => not_found.quiet_seconds);
    verdict := case when not believed then 'look_again'
                    when placement.resends < not_found.resends then 'resend'
                    else 'given_up' end;
    update orders.placement as p
    set state = case when verdict = 'resend' then 'queued' else p.state end,
        resends = p.resends + case when verdict = 'resend' then 1 else 0 end,
        not_found_count = case when verdict = 'resend' then 0 else p.not_found_count + 1 end,
        not_found_since = case when verdict = 'resend' then null else since end,
        given_up_at = case when verdict = 'given_up' then coalesce(p.given_up_at, clock.now()) else p.given_up_at end,
        due_at = case verdict
            when 'resend' then clock.now()
            when 'given_up' then clock.now() + interval '1 hour'
            else clock.now() + make_interval(secs => not_found.seconds) end,
        lease_id = null,
        lease_until = null,
        row_xid = pg_current_xact_id()
    where p.program_id = not_found.program_id and p.redemption_id = not_found.redemption_id;
    return verdict;
end
$$;

-- Answers that the state machine waits for: outcomes, and placements nobody knows the outcome of.
create or replace function orders.unanswered(connection text, most integer)
returns table (program_id integer, redemption_id uuid, task_token text, outcome text, accepted_quantity bigint)
language sql stable security definer set search_path = pg_catalog
begin atomic
    select p.program_id, p.redemption_id, p.task_token, p.state,
           coalesce((select sum((item ->> 'quantity')::bigint)
                     from jsonb_array_elements(p.result -> 'lines') as line,
                          jsonb_array_elements(line -> 'accepted') as item), 0)::bigint
    from orders.placement as p
    where p.connection = unanswered.connection and p.task_token is not null and p.answered_at is null
      and (p.concluded_at is not null or p.given_up_at is not null or p.state = 'withdrawn')
    order by p.queue_number
    limit unanswered.most;
end;

create or replace function orders.answered(program_id integer, redemption_id uuid, task_token text) returns void
language sql security definer set search_path = pg_catalog
begin atomic
    update orders.placement as p
    set answered_at = clock.now(), row_xid = pg_current_xact_id()
    where p.program_id = answered.program_id and p.redemption_id = answered.redemption_id
      and p.task_token = answered.task_token and p.answered_at is null;
end;

-- Orders cannot be placed through this connection. Returns true if that is news.
create or replace function orders.pause(connection text, reason text)
returns boolean language plpgsql security definer set search_path = pg_catalog as $$
declare
    before text;
begin
    select c.state into before from orders.connection as c where c.connection = pause.connection for no key update;
    update orders.connection as c
    set state = 'paused',
        reason = pause.reason,
        since = case when before = 'paused' then c.since else clock.now() end,
        next_probe_at = clock.now() + interval '1 minute',
        row_xid = pg_current_xact_id()
    where c.connection = pause.connection;
    return before = 'working';
end
$$;

-- They can again. Returns true if that is news.
create or replace function orders.resume(connection text)
returns boolean language plpgsql security definer set search_path = pg_catalog as $$
begin
    update orders.connection as c
    set state = 'working', reason = null, since = clock.now(), next_probe_at = null, row_xid = pg_current_xact_id()
    where c.connection = resume.connection and c.state = 'paused';
    return found;
end
$$;
