-- From the table to the receiver, at least once, in order for each member; one receiver's trouble is not another's.

-- Up to `lanes` deliveries of each active webhook: of each member's the first that is not delivered, when it is due; of a
-- webhook that fails only one, to see whether it answers again. They are the caller's for `seconds`. `member_number` in
-- place of the member's id, which is nobody's business outside.
create or replace function integrations.take(taker uuid, lanes integer, seconds integer)
returns table (program_id integer, delivery_id uuid, code text, url text, secret text, event_id uuid, topic text, data jsonb,
               occurred_at timestamptz, said_at timestamptz)
language plpgsql security definer set search_path = pg_catalog as $$
#variable_conflict use_column
begin
    return query
    with heads as materialized (
        select h.program_id, h.delivery_id
        from integrations.webhook as w
        cross join lateral (
            select d.program_id, d.delivery_id
            from integrations.delivery as d
            where d.program_id = w.program_id and d.code = w.code and d.state = 'waiting' and d.due_at <= clock.now()
              and (d.again or not exists (
                  select from integrations.delivery as before
                  where before.program_id = d.program_id and before.code = d.code and before.order_key = d.order_key
                    and before.place < d.place and before.state = 'waiting' and not before.again))
            order by d.place
            limit case when w.failing_since is null then least(greatest(take.lanes, 1), 100) else 1 end
            for no key update skip locked
        ) as h
        where w.state = 'active'
    ), taken as (
        update integrations.delivery as d
        set taken_by = take.taker, attempts = d.attempts + 1, first_tried_at = coalesce(d.first_tried_at, clock.now()),
            due_at = clock.now() + make_interval(secs => take.seconds), row_xid = pg_current_xact_id()
        from heads
        where d.program_id = heads.program_id and d.delivery_id = heads.delivery_id
        returning d.*
    )
    select t.program_id, t.delivery_id, t.code, w.url, w.secret, t.event_id, t.topic,
           t.payload - array['member_id', 'duplicate_id'] || jsonb_strip_nulls(jsonb_build_object(
               'member_number', members.number_of(t.program_id, (t.payload ->> 'member_id')::bigint),
               'duplicate_number', members.number_of(t.program_id, (t.payload ->> 'duplicate_id')::bigint))),
           t.occurred_at, clock.now()
    from taken as t
    join integrations.webhook as w on w.program_id = t.program_id and w.code = t.code
    order by t.place;
end
$$;

-- What became of one attempt. `status`: the receiver's answer, null: there was none, for `problem`. Again after a pause that
-- doubles from ten seconds to an hour, a part of it by chance of the id. After `give_up_days` of one delivery while others arrive it
-- is given up; after `stop_days` without any the webhook is stopped, at once when the receiver says 410. Both are a case.
-- Returns delivered, waiting, given_up or stopped.
create or replace function integrations.tried(
    program_id integer, delivery_id uuid, taker uuid, status integer, problem text, milliseconds integer,
    give_up_days integer, stop_days integer
) returns text language plpgsql security definer set search_path = pg_catalog as $$
declare
    d integrations.delivery;
    w integrations.webhook;
    good boolean := coalesce(tried.status between 200 and 299, false);
begin
    insert into integrations.attempt(program_id, delivery_id, tried_at, status, problem, milliseconds)
    values (tried.program_id, tried.delivery_id, clock.now(), tried.status, left(tried.problem, 100), tried.milliseconds);
    select * into strict d from integrations.delivery as one
    where one.program_id = tried.program_id and one.delivery_id = tried.delivery_id;
    select * into strict w from integrations.webhook as one
    where one.program_id = d.program_id and one.code = d.code for no key update;
    if good then
        update integrations.delivery as one
        set state = 'delivered', ended_at = clock.now(), taken_by = null, again = false, row_xid = pg_current_xact_id()
        where one.program_id = d.program_id and one.delivery_id = d.delivery_id and one.state = 'waiting';
        update integrations.webhook as one
        set failing_since = null, delivered_at = clock.now(), row_xid = pg_current_xact_id()
        where one.program_id = w.program_id and one.code = w.code;
        return 'delivered';
    end if;
    if w.state = 'active' then
        update integrations.webhook as one
        set failing_since = coalesce(one.failing_since, clock.now()), row_xid = pg_current_xact_id()
        where one.program_id = w.program_id and one.code = w.code
        returning * into w;
        if tried.status = 410 or w.failing_since < clock.now() - make_interval(days => tried.stop_days) then
            update integrations.webhook as one
            set state = 'stopped', stopped_at = clock.now(), row_xid = pg_current_xact_id(),
                reason = coalesce('status ' || tried.status, left(tried.problem, 100))
            where one.program_id = w.program_id and one.code = w.code
            returning * into w;
            perform casework.open_case(
                w.program_id, clock.new_id(), 'webhook_stopped', 'webhook:' || w.code, 'webhook_stopped',
                jsonb_build_object('webhook', w.code, 'status', tried.status, 'problem', left(tried.problem, 100),
                                   'failing_since', w.failing_since),
                array['done'], array['catalogue-manager', 'business-operator'], clock.now() + interval '7 days', 'webhooks');
        end if;
    end if;
    if d.first_tried_at < clock.now() - make_interval(days => tried.give_up_days) and coalesce(w.delivered_at > d.first_tried_at, false)
       or d.again and d.attempts >= 5 then
        update integrations.delivery as one
        set state = 'given_up', ended_at = clock.now(), taken_by = null, again = false, row_xid = pg_current_xact_id()
        where one.program_id = d.program_id and one.delivery_id = d.delivery_id and one.state = 'waiting';
        if not exists (select from casework.case as c
                       where c.program_id = d.program_id and c.kind = 'webhook_given_up' and c.subject = 'webhook:' || d.code
                         and c.state = 'open') then
            perform casework.open_case(
                d.program_id, clock.new_id(), 'webhook_given_up', 'webhook:' || d.code, 'webhook_given_up',
                jsonb_build_object('webhook', d.code, 'delivery_id', d.delivery_id, 'event_id', d.event_id, 'topic', d.topic,
                                   'status', tried.status, 'problem', left(tried.problem, 100)),
                array['done'], array['catalogue-manager', 'business-operator'], clock.now() + interval '7 days', 'webhooks');
        end if;
        return 'given_up';
    end if;
    update integrations.delivery as one
    set taken_by = null, row_xid = pg_current_xact_id(),
        due_at = clock.now() + least(3600, 5 * 2 ^ least(one.attempts, 12)) * interval '1 second'
                 * (0.5 + (hashtextextended(one.delivery_id::text, one.attempts) & 1023) / 2048.0)
    where one.program_id = d.program_id and one.delivery_id = d.delivery_id and one.taken_by = tried.taker and one.state = 'waiting';
    return case when w.state = 'stopped' then 'stopped' else 'waiting' end;
end
$$;

-- How it stands: the age of the oldest that an active webhook waits for, in seconds; how many wait; webhooks that are stopped.
create or replace function integrations.standing() returns table (oldest_seconds bigint, waiting bigint, stopped bigint)
language sql stable security definer set search_path = pg_catalog as $$
    select coalesce(extract(epoch from clock.now() - min(d.occurred_at) filter (where w.state = 'active'))::bigint, 0),
           count(*), (select count(*) from integrations.webhook as s where s.state = 'stopped')
    from integrations.delivery as d
    join integrations.webhook as w on w.program_id = d.program_id and w.code = d.code
    where d.state = 'waiting'
$$;

-- What ended long ago leaves, and what a stopped webhook never came back for; a piece at a time. How many.
create or replace function integrations.purge(days integer, most integer) returns integer
language sql security definer set search_path = pg_catalog as $$
    with gone as (
        delete from integrations.delivery as d where d.ctid = any (array(
            select o.ctid from integrations.delivery as o
            where o.ended_at < clock.now() - make_interval(days => greatest(purge.days, 1))
               or o.state = 'waiting' and o.occurred_at < clock.now() - make_interval(days => greatest(purge.days, 1))
            limit purge.most for update skip locked))
        returning 1
    )
    select count(*)::integer from gone
$$;
