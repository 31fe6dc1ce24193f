-- The relay moves events and says how it stands; only owners' functions say that something happened.
grant usage on schema outbox to outbox_relay, auditor;
grant execute on function
    outbox.take(uuid, integer, integer, integer),
    outbox.sent(uuid[]),
    outbox.put_back(uuid, uuid[], boolean, integer, text),
    outbox.let_go(uuid, uuid[]),
    outbox.standing(),
    outbox.parked(integer),
    outbox.redrive(uuid[]),
    outbox.drop_parked(uuid, text, text),
    outbox.purge(integer, integer)
to outbox_relay;
grant select on outbox.event to auditor;
