-- Who may do what. The sender sends, staff watch, and the desk tests connections with the keys that only it holds.
grant usage on schema integrations to webhook_sender, manager_api, integrations_desk, auditor;
grant usage on schema programme, clock to webhook_sender, integrations_desk;
grant execute on all functions in schema clock to webhook_sender, integrations_desk;
grant execute on function programme.current(integer) to webhook_sender, integrations_desk;
grant execute on function
    integrations.programmes(),
    integrations.set_webhooks(integer, jsonb),
    integrations.take(uuid, integer, integer),
    integrations.tried(integer, uuid, uuid, integer, text, integer, integer, integer),
    integrations.standing(),
    integrations.purge(integer, integer)
to webhook_sender;
grant execute on function
    integrations.webhooks(integer),
    integrations.deliveries(integer, text, text, text, uuid, integer),
    integrations.delivery_of(integer, uuid),
    integrations.redeliver(integer, uuid),
    integrations.start(integer, text, text),
    integrations.checks(integer)
to manager_api;
grant usage on schema audit to integrations_desk;
grant execute on function
    audit.begin(integer, text, text[], text, text[], jsonb, text),
    audit.finish(integer, uuid, integer, text, text),
    integrations.note_check(integer, text, text, jsonb, text)
to integrations_desk;
