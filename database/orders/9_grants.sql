-- Who may call what. Nobody touches a table of this room.
revoke all on all functions in schema orders from orders_worker, order_information, quote_api, sweeper;
revoke usage on schema orders from sweeper;
grant usage on schema orders to orders_worker, order_information, quote_api, catalogue_desk, auditor;

grant execute on function
    orders.take_token(integer, text, text, numeric, integer, integer),
    orders.close_bucket(text, text, double precision),
    orders.rate_of(integer)
to quote_api, orders_worker;
grant execute on function orders.orders_waiting(integer, text) to quote_api;
grant execute on function orders.take_token(integer, text, text, numeric, integer, integer) to catalogue_desk;

grant execute on function
    orders.enqueue(integer, uuid, text, text, text),
    orders.enqueue(integer, uuid, text),
    orders.next(text, uuid, integer, boolean),
    orders.next(text, uuid, integer),
    orders.lines_to_place(integer, uuid),
    orders.conclude(integer, uuid, jsonb),
    orders.put_back(integer, uuid, uuid, double precision),
    orders.ask_again_later(integer, uuid, uuid),
    orders.mark_unknown(integer, uuid, uuid, double precision, integer),
    orders.not_found(integer, uuid, uuid, integer, integer, integer, double precision),
    orders.unanswered(text, integer),
    orders.answered(integer, uuid, text),
    orders.pause(text, text),
    orders.resume(text),
    orders.next_question(text, integer, text[]),
    orders.looked(integer, uuid, boolean, timestamptz),
    orders.reported(uuid[], boolean, integer),
    orders.next_report_page(text, text, integer),
    orders.report_page_read(text, text, timestamptz, text),
    orders.report_pass_again(text, text),
    orders.tidy_following(text, integer, integer, integer),
    orders.following(text),
    orders.owed(text, integer)
to orders_worker;

grant execute on function orders.record(integer, uuid), orders.quarantine(text, jsonb) to order_information;
grant execute on function orders.purge_strays(integer) to sweeper;
grant usage on schema orders to sweeper;
grant execute on function orders.placed_events(integer, uuid), orders.way_of(text) to auditor;
grant select on orders.placement, orders.placement_line, orders.order_part, orders.connection, orders.follow,
    orders.package_event, orders.shipment, orders.package, orders.shipped_unit, orders.lost_unit,
    orders.cancelled_order, orders.told, orders.stray, orders.report_pass, orders.invariants
to auditor;
