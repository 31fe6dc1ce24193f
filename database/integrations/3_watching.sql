-- What staff see of webhooks, and what they may do: send again, start again what was stopped.

create or replace function integrations.webhooks(program_id integer) returns setof jsonb
language sql stable security definer set search_path = pg_catalog as $$
    select jsonb_build_object(
        'code', w.code, 'state', w.state, 'reason', w.reason, 'stopped_at', w.stopped_at, 'failing_since', w.failing_since,
        'delivered_at', w.delivered_at,
        'waiting', (select count(*) from integrations.delivery as d
                    where d.program_id = w.program_id and d.code = w.code and d.state = 'waiting'),
        'oldest_waiting_at', (select min(d.occurred_at) from integrations.delivery as d
                              where d.program_id = w.program_id and d.code = w.code and d.state = 'waiting'),
        'given_up', (select count(*) from integrations.delivery as d
                     where d.program_id = w.program_id and d.code = w.code and d.state = 'given_up'))
    from integrations.webhook as w
    where w.program_id = webhooks.program_id
    order by w.code
$$;

-- Newest first, those before one of them. Filters, null for all. At most 200 a page.
create or replace function integrations.deliveries(
    program_id integer, of_code text, of_state text, of_topic text, before uuid, page_size integer
) returns table (delivery_id uuid, code text, event_id uuid, topic text, member_number text, state text, again boolean,
                 occurred_at timestamptz, attempts integer, due_at timestamptz, ended_at timestamptz, status integer, problem text)
language sql stable security definer set search_path = pg_catalog as $$
    select d.delivery_id, d.code, d.event_id, d.topic, members.number_of(d.program_id, (d.payload ->> 'member_id')::bigint),
           d.state, d.again, d.occurred_at, d.attempts, case when d.state = 'waiting' then d.due_at end, d.ended_at,
           last.status, last.problem
    from integrations.delivery as d
    left join lateral (
        select a.status, a.problem from integrations.attempt as a
        where a.program_id = d.program_id and a.delivery_id = d.delivery_id order by a.attempt_number desc limit 1
    ) as last on true
    where d.program_id = deliveries.program_id and (deliveries.of_code is null or d.code = deliveries.of_code)
      and (deliveries.of_state is null or d.state = deliveries.of_state)
      and (deliveries.of_topic is null or d.topic = deliveries.of_topic)
      and (deliveries.before is null or d.delivery_id < deliveries.before)
    order by d.delivery_id desc
    limit greatest(1, least(deliveries.page_size, 200))
$$;

-- One with what it says and every attempt; null: there is none.
create or replace function integrations.delivery_of(program_id integer, delivery_id uuid) returns jsonb
language sql stable security definer set search_path = pg_catalog as $$
    select jsonb_build_object(
        'delivery_id', d.delivery_id, 'code', d.code, 'event_id', d.event_id, 'topic', d.topic, 'state', d.state, 'again', d.again,
        'member_number', members.number_of(d.program_id, (d.payload ->> 'member_id')::bigint),
        'occurred_at', d.occurred_at, 'attempts', d.attempts, 'due_at', case when d.state = 'waiting' then d.due_at end,
        'ended_at', d.ended_at, 'data', d.payload - array['member_id', 'duplicate_id'],
        'tries', (select coalesce(jsonb_agg(jsonb_build_object(
                      'at', a.tried_at, 'status', a.status, 'problem', a.problem, 'milliseconds', a.milliseconds)
                      order by a.attempt_number desc), '[]')
                  from (select * from integrations.attempt as x
                        where x.program_id = d.program_id and x.delivery_id = d.delivery_id
                        order by x.attempt_number desc limit 50) as a))
    from integrations.delivery as d
    where d.program_id = delivery_of.program_id and d.delivery_id = delivery_of.delivery_id
$$;

-- Send it once more, also one that arrived; nothing waits for it. Statuses: ok, unknown_delivery, off.
create or replace function integrations.redeliver(program_id integer, delivery_id uuid) returns text
language plpgsql security definer set search_path = pg_catalog as $$
declare
    stands text;
begin
    select w.state into stands from integrations.delivery as d
    join integrations.webhook as w on w.program_id = d.program_id and w.code = d.code
    where d.program_id = redeliver.program_id and d.delivery_id = redeliver.delivery_id for update of d;
    if not found then
        return 'unknown_delivery';
    elsif stands = 'off' then
        return 'off';
    end if;
    update integrations.delivery as d
    set again = d.again or d.state <> 'waiting', attempts = case when d.state = 'waiting' then d.attempts else 0 end,
        first_tried_at = case when d.state = 'waiting' then d.first_tried_at end, state = 'waiting', ended_at = null,
        due_at = clock.now(), row_xid = pg_current_xact_id()
    where d.program_id = redeliver.program_id and d.delivery_id = redeliver.delivery_id;
    return 'ok';
end
$$;

-- The receiver is mended: what was kept goes out, in order. Statuses: ok, unknown_webhook, not_stopped.
create or replace function integrations.start(program_id integer, code text, actor text) returns text
language plpgsql security definer set search_path = pg_catalog as $$
declare
    w integrations.webhook;
begin
    select * into w from integrations.webhook as one
    where one.program_id = start.program_id and one.code = start.code for update;
    if not found then
        return 'unknown_webhook';
    elsif w.state = 'active' and w.failing_since is null then
        return 'ok';
    elsif w.state = 'off' then
        return 'not_stopped';
    end if;
    update integrations.webhook as one
    set state = 'active', stopped_at = null, reason = null, failing_since = null, row_xid = pg_current_xact_id()
    where one.program_id = w.program_id and one.code = w.code;
    update integrations.delivery as d set due_at = clock.now(), row_xid = pg_current_xact_id()
    where d.program_id = w.program_id and d.code = w.code and d.state = 'waiting' and d.taken_by is null;
    perform casework.withdraw_case(c.program_id, c.case_id, start.actor)
    from casework.case as c
    where c.program_id = w.program_id and c.kind = 'webhook_stopped' and c.subject = 'webhook:' || w.code and c.state = 'open';
    return 'ok';
end
$$;

-- What a test of a connection said.
create or replace function integrations.note_check(
    program_id integer, connection text, outcome text, findings jsonb, actor text
) returns timestamptz language sql security definer set search_path = pg_catalog as $$
    insert into integrations.check as c (program_id, connection, outcome, findings, checked_by, checked_at)
    values (note_check.program_id, note_check.connection, note_check.outcome, note_check.findings, note_check.actor, clock.now())
    on conflict on constraint check_pkey do update
    set outcome = excluded.outcome, findings = excluded.findings, checked_by = excluded.checked_by,
        checked_at = excluded.checked_at, row_xid = pg_current_xact_id()
    returning checked_at
$$;

create or replace function integrations.checks(program_id integer)
returns table (connection text, outcome text, findings jsonb, checked_by text, checked_at timestamptz)
language sql stable security definer set search_path = pg_catalog as $$
    select c.connection, c.outcome, c.findings, c.checked_by, c.checked_at from integrations.check as c
    where c.program_id = checks.program_id order by c.connection
$$;
