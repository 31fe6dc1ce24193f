-- From the table to the bus, at least once: taken for a while, sent, marked. Whoever dies in between is followed by another.

-- Up to `lanes` keys whose first open event is due, and up to `depth` events of each, in order. They are the caller's for
-- `seconds`; a key with a parked event waits behind it.
create or replace function outbox.take(taker uuid, lanes integer, depth integer, seconds integer)
returns table (
    program_id integer, event_id uuid, lane bigint, topic text, key text, subject uuid, payload jsonb,
    occurred_at timestamptz, attempts integer
) language plpgsql security definer set search_path = pg_catalog as $$
begin
    return query
    with heads as materialized (
        select e.program_id, e.key, e.lane
        from outbox.event as e
        where e.state = 'waiting' and e.due_at <= clock.now()
          and not exists (
              select from outbox.event as before
              where before.program_id = e.program_id and before.key = e.key and before.lane < e.lane
                and before.state in ('waiting', 'parked'))
        order by e.lane
        limit least(greatest(take.lanes, 1), 500)
        for no key update skip locked
    ), mine as (
        select one.program_id, one.event_id
        from heads
        cross join lateral (
            select e.program_id, e.event_id
            from outbox.event as e
            where e.program_id = heads.program_id and e.key = heads.key and e.lane >= heads.lane
              and e.state = 'waiting'
              and not exists (
                  select from outbox.event as before
                  where before.program_id = e.program_id and before.key = e.key and before.lane < e.lane
                    and before.state = 'parked')
            order by e.lane
            limit least(greatest(take.depth, 1), 50)
        ) as one
    ), taken as (
        update outbox.event as e
        set taken_by = take.taker, attempts = e.attempts + 1,
            due_at = clock.now() + make_interval(secs => take.seconds), row_xid = pg_current_xact_id()
        from mine
        where e.program_id = mine.program_id and e.event_id = mine.event_id and e.state = 'waiting'
        returning e.*
    )
    select t.program_id, t.event_id, t.lane, t.topic, t.key, t.subject, t.payload, t.occurred_at, t.attempts
    from taken as t
    order by t.lane;
end
$$;

-- The bus has them. Also true of one that was taken over meanwhile: it was sent twice then.
create or replace function outbox.sent(events uuid[]) returns integer
language sql security definer set search_path = pg_catalog as $$
    with ended as (
        update outbox.event as e
        set state = 'sent', ended_at = clock.now(), taken_by = null, row_xid = pg_current_xact_id()
        where e.event_id = any (events) and e.state in ('waiting', 'parked')
        returning 1
    )
    select count(*)::integer from ended
$$;

-- The bus did not take them: again after a pause that doubles, up to a quarter of an hour, a part of it by the
-- event's own hash so that not all come back at once. `refused`: the bus answered about these very events; after `most` such answers one is parked.
-- A bus that is away parks nothing.
create or replace function outbox.put_back(taker uuid, events uuid[], refused boolean, most integer, reason text)
returns integer language sql security definer set search_path = pg_catalog as $$
    with back as (
        update outbox.event as e
        set state = case when put_back.refused and e.refusals + 1 >= put_back.most then 'parked' else 'waiting' end,
            refusals = e.refusals + case when put_back.refused then 1 else 0 end,
            note = left(put_back.reason, 300),
            taken_by = null,
            due_at = clock.now() + least(900, 2 ^ least(e.attempts, 10)) * (0.5 + (hashtextextended(e.event_id::text, e.attempts) & 1023) / 2048.0) * interval '1 second',
            row_xid = pg_current_xact_id()
        where e.event_id = any (put_back.events) and e.taken_by = put_back.taker and e.state = 'waiting'
        returning e.state
    )
    select (count(*) filter (where state = 'parked'))::integer from back
$$;

-- Those that were taken behind one that failed: nobody tried them, so they are free again at once.
create or replace function outbox.let_go(taker uuid, events uuid[]) returns void
language sql security definer set search_path = pg_catalog as $$
    update outbox.event as e
    set taken_by = null, due_at = clock.now(), attempts = greatest(0, e.attempts - 1), row_xid = pg_current_xact_id()
    where e.event_id = any (let_go.events) and e.taken_by = let_go.taker and e.state = 'waiting'
$$;

-- How it stands: the age of the oldest open event in seconds (0: none), how many wait, how many are parked.
create or replace function outbox.standing()
returns table (oldest_seconds bigint, waiting bigint, parked bigint)
language sql stable security definer set search_path = pg_catalog as $$
    select coalesce(extract(epoch from clock.now() - min(occurred_at))::bigint, 0),
           count(*) filter (where state = 'waiting'), count(*) filter (where state = 'parked')
    from outbox.event
    where state in ('waiting', 'parked')
$$;

create or replace function outbox.parked(most integer)
returns table (
    program_id integer, event_id uuid, topic text, key text, occurred_at timestamptz, attempts integer, note text
) language sql stable security definer set search_path = pg_catalog as $$
    select e.program_id, e.event_id, e.topic, e.key, e.occurred_at, e.attempts, e.note
    from outbox.event as e where e.state = 'parked' order by e.lane limit least(greatest(parked.most, 1), 1000)
$$;

-- Try parked events again; `events` null: all of them.
create or replace function outbox.redrive(events uuid[]) returns integer
language sql security definer set search_path = pg_catalog as $$
    with again as (
        update outbox.event as e
        set state = 'waiting', refusals = 0, attempts = 0, due_at = clock.now(), row_xid = pg_current_xact_id()
        where e.state = 'parked' and (redrive.events is null or e.event_id = any (redrive.events))
        returning 1
    )
    select count(*)::integer from again
$$;

-- Give a parked event up, so that its key goes on without it.
create or replace function outbox.drop_parked(event uuid, reason text, actor text) returns boolean
language sql security definer set search_path = pg_catalog as $$
    with gone as (
        update outbox.event as e
        set state = 'dropped', ended_at = clock.now(), note = left(actor || ': ' || reason, 300),
            row_xid = pg_current_xact_id()
        where e.state = 'parked' and e.event_id = drop_parked.event
          and length(drop_parked.reason) > 0 and length(drop_parked.actor) > 0
        returning 1
    )
    select exists (select from gone)
$$;

-- What ended long ago leaves; a piece at a time. How many.
create or replace function outbox.purge(days integer, most integer) returns integer
language sql security definer set search_path = pg_catalog as $$
    with old as (
        select e.program_id, e.event_id from outbox.event as e
        where e.state in ('sent', 'dropped') and e.ended_at < clock.now() - make_interval(days => greatest(days, 1))
        order by e.ended_at limit purge.most for update skip locked
    ), gone as (
        delete from outbox.event as e using old
        where e.program_id = old.program_id and e.event_id = old.event_id returning 1
    )
    select count(*)::integer from gone
$$;
