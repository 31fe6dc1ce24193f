-- Who may do what. A contact leaves this room only to the function that writes to it.
grant usage on schema notifications to member_api, manager_api, shipment_notification, notification_feedback,
    points_notices, auditor;
grant usage on schema clock to shipment_notification;
grant execute on function clock.now() to shipment_notification;
grant usage on schema programme to shipment_notification;
grant usage on schema catalogue to shipment_notification;
grant execute on function programme.current(integer) to shipment_notification;
grant execute on function catalogue.page(integer, jsonb, text, text, bigint, text, bigint, text, integer)
    to shipment_notification;

grant execute on function
    notifications.plan(integer, uuid, bigint, text, text, text, integer, timestamptz, integer, jsonb, boolean, boolean),
    notifications.begin_sending(integer, uuid),
    notifications.sent(integer, uuid, integer),
    notifications.not_sent(integer, uuid, text, text)
to shipment_notification;
grant execute on function notifications.came_back(integer, uuid, text), notifications.heard(text, boolean)
    to notification_feedback;
grant execute on function
    notifications.read_journal(integer),
    notifications.tell_digests(integer),
    notifications.warn_expiring(integer),
    notifications.give_up(integer),
    notifications.standing()
to points_notices;
grant execute on function
    notifications.preferences(integer, bigint, boolean),
    notifications.choose(integer, bigint, jsonb, text),
    notifications.confirm_contact(integer, bigint, text)
to member_api;
grant execute on function notifications.history(integer, bigint, integer) to member_api, manager_api;
grant execute on function notifications.unwarned(integer, integer), notifications.lost(integer, integer) to manager_api;
grant execute on function notifications.check_invariants() to auditor;
grant select on notifications.invariants, notifications.message, notifications.consent, notifications.suppression
    to auditor;
