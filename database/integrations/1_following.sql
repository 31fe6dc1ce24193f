-- What happens becomes a delivery for every webhook that asked for it, in the transaction in which it happened.

-- Internal: does nothing but look into a small table where nobody asked for anything.
create or replace function integrations.follow() returns trigger
language plpgsql security definer set search_path = pg_catalog as $$
begin
    insert into integrations.delivery(program_id, delivery_id, code, event_id, topic, order_key, payload, occurred_at, due_at)
    select e.program_id, clock.new_id(), w.code, e.event_id, e.topic, coalesce('member:' || (e.payload ->> 'member_id'), e.key),
           e.payload, e.occurred_at, clock.now()
    from fresh as e
    join integrations.webhook as w on w.program_id = e.program_id and w.state <> 'off'
    where w.topics && array[e.topic, split_part(e.topic, '.', 1) || '.*'] and e.topic <> 'redemption.told_again'
    order by e.lane;
    return null;
end
$$;
create or replace trigger follow after insert on outbox.event
    referencing new table as fresh for each statement execute function integrations.follow();

-- The programme's webhooks are now these: [{code, url, topics, secret, active}]. One whose address or secret changed is tried
-- anew; what waits for one that is gone is given up.
create or replace function integrations.set_webhooks(program_id integer, webhooks jsonb) returns void
language plpgsql security definer set search_path = pg_catalog as $$
begin
    insert into integrations.webhook as w (program_id, code, url, secret, topics, state)
    select set_webhooks.program_id, g.code, g.url, g.secret, g.topics, case when g.active then 'active' else 'off' end
    from jsonb_to_recordset(set_webhooks.webhooks) as g(code text, url text, secret text, topics text[], active boolean)
    on conflict on constraint webhook_pkey do update
    set url = excluded.url, secret = excluded.secret, topics = excluded.topics,
        state = case when excluded.state = 'active' and w.state = 'stopped' and (w.url, w.secret) = (excluded.url, excluded.secret)
                     then 'stopped' else excluded.state end,
        stopped_at = case when excluded.state = 'active' and (w.url, w.secret) = (excluded.url, excluded.secret) then w.stopped_at end,
        reason = case when excluded.state = 'active' and (w.url, w.secret) = (excluded.url, excluded.secret) then w.reason end,
        failing_since = case when (w.url, w.secret) = (excluded.url, excluded.secret) then w.failing_since end,
        row_xid = pg_current_xact_id()
    where (w.url, w.secret, w.topics, w.state = 'off') is distinct from
          (excluded.url, excluded.secret, excluded.topics, excluded.state = 'off');
    update integrations.webhook as w
    set state = 'off', stopped_at = null, failing_since = null, row_xid = pg_current_xact_id()
    where w.program_id = set_webhooks.program_id and w.state <> 'off'
      and not exists (select from jsonb_to_recordset(set_webhooks.webhooks) as g(code text) where g.code = w.code);
    update integrations.delivery as d
    set state = 'given_up', ended_at = clock.now(), taken_by = null, row_xid = pg_current_xact_id()
    from integrations.webhook as w
    where w.program_id = set_webhooks.program_id and w.state = 'off'
      and d.program_id = w.program_id and d.code = w.code and d.state = 'waiting' and not d.again;
end
$$;

-- The programmes whose current version the webhooks are taken from.
create or replace function integrations.programmes() returns setof integer
language sql stable security definer set search_path = pg_catalog as $$
    select p.program_id from programme.in_earnest as p
    where exists (select from programme.current(p.program_id)) order by p.program_id
$$;
