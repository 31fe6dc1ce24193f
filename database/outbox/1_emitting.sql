-- Say that something happened. The caller's transaction decides whether it did. Of a canary's programme nothing is said: no
-- letter, no document, no webhook, no book outside hears of what nobody wanted.

-- `topic`: what, as in shipment.delivered. `key`: events of one key are told in the order they were said, so say it after
-- locking the row it is about. `payload`: ids, amounts and dates, nothing that says who somebody is.
create or replace function outbox.emit(program_id integer, topic text, key text, subject uuid, payload jsonb)
returns void language sql security definer set search_path = pg_catalog as $$
    insert into outbox.event(program_id, event_id, topic, key, subject, payload, occurred_at, due_at)
    select emit.program_id, clock.new_id(), emit.topic, emit.key, emit.subject, coalesce(emit.payload, '{}'),
           clock.now(), clock.now()
    where not exists (select from programme.program as g where g.program_id = emit.program_id and g.trial)
$$;
