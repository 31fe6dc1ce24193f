-- Who may call what. Nobody touches a table of this room. The daily run moves neither points nor money nor orders; taking up what a
-- restore has lost does, and is a role of its own that nothing runs by itself.
revoke all on all functions in schema reconciliation from reconciliation, readoption, manager_api, auditor;
grant usage on schema reconciliation to reconciliation, readoption, manager_api, auditor;
grant usage on schema clock, orders, catalogue to reconciliation, readoption;
grant execute on all functions in schema clock to reconciliation, readoption;

grant execute on function
    reconciliation.begin(integer, date, boolean),
    reconciliation.due(),
    reconciliation.today(integer),
    reconciliation.next_page(integer, text, timestamptz, integer, integer, double precision, integer),
    reconciliation.take_page(text, timestamptz, jsonb, jsonb, text),
    reconciliation.feed_again(text),
    reconciliation.list_items(integer, date),
    reconciliation.to_ask(integer, date, integer),
    reconciliation.readable_charge(integer, date, text),
    reconciliation.answered(integer, date, uuid, text, jsonb),
    reconciliation.unknown_charges(text, integer, integer),
    reconciliation.see_charge(integer, text, text, text, text, text, bigint, bigint, bigint),
    reconciliation.compare_some(integer, date, integer),
    reconciliation.finish(integer, date),
    reconciliation.watch()
to reconciliation;
grant execute on function orders.close_bucket(text, text, double precision), orders.rate_of(integer) to reconciliation;
grant execute on function catalogue.stores() to reconciliation, readoption;

-- It asks and records like the payments service, for payments whose redemption has an order.
grant payments_worker to readoption;
grant execute on function
    reconciliation.begin_readoption(timestamptz),
    reconciliation.in_doubt(timestamptz, integer),
    reconciliation.no_order(timestamptz, integer, uuid, boolean),
    reconciliation.has_order(timestamptz, integer, uuid, jsonb, boolean),
    reconciliation.lost_redemption(timestamptz, text, uuid, jsonb),
    reconciliation.knows(timestamptz, uuid),
    reconciliation.charge_found(timestamptz, text, text, text, boolean, jsonb),
    reconciliation.adopt_charge(timestamptz, integer, uuid, text, text, bigint, timestamptz),
    reconciliation.begin_giving_back(timestamptz, text, text, integer, uuid, jsonb),
    reconciliation.gave_back(timestamptz, text, text, jsonb),
    reconciliation.readoption_done(timestamptz),
    reconciliation.readopted(timestamptz)
to readoption;
grant execute on function
    orders.take_token(integer, text, text, numeric, integer, integer),
    orders.close_bucket(text, text, double precision),
    orders.rate_of(integer)
to readoption;

grant execute on function
    reconciliation.days(integer, integer),
    reconciliation.report(integer, date),
    reconciliation.rows(integer, date, text, uuid, integer),
    reconciliation.house_of(integer, date, date)
to manager_api;

grant select on reconciliation.run, reconciliation.item, reconciliation.subject, reconciliation.orphan, reconciliation.house,
    reconciliation.transaction, reconciliation.transaction_line, reconciliation.charge, reconciliation.readoption,
    reconciliation.adoption, reconciliation.feed, reconciliation.invariants
to auditor;
