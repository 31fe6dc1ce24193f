-- Who may call what. Nobody touches a table of this room.
-- What the redemption flow asks of payments it asks in its own functions, as the owner: members, staff and the engine hold
-- nothing here, and a function that names no member is in no reach of a member's door.
revoke all on all functions in schema payments from
    payment_webhook, member_api, manager_api, engine_step, sweeper, orders_worker, payments_worker, auditor;
revoke all on all tables in schema payments from
    payment_webhook, member_api, manager_api, engine_step, sweeper, orders_worker, payments_worker, auditor;
revoke usage on schema payments from member_api, manager_api, engine_step, sweeper, orders_worker;
grant usage on schema payments to payments_worker, payment_webhook, auditor;
grant execute on function payments.take_notice(text, text, text, text, text[], boolean) to payment_webhook;

grant execute on function
    payments.status_of(integer, uuid),
    payments.history_of(integer, uuid),
    payments.approvals_lapsed(integer, integer),
    payments.open_authorisations(integer),
    payments.idempotency_key(integer, uuid, text)
to auditor;
grant execute on function payments.refunds_of(integer, uuid) to auditor;
grant select on payments.invariants, payments.due_for_reauthorisation, payments.standing, payments.house, payments.dispute,
    payments.notice to auditor;

grant execute on function payments.abandon(integer, uuid) to payments_worker;
grant select on payments.due_for_reauthorisation to payments_worker;
grant execute on function
    payments.payment_of(integer, uuid),
    payments.unresolved(integer, uuid),
    payments.take_task(integer, uuid, text, text),
    payments.answered(integer, uuid, text),
    payments.begin_step(integer, uuid, text, text, bigint),
    payments.record_unknown(integer, uuid, text),
    payments.record_session(integer, uuid, text, text),
    payments.record_not_approved(integer, uuid),
    payments.record_authorised(integer, uuid, text, text, bigint, timestamptz),
    payments.record_charge_refused(integer, uuid),
    payments.record_charge_cancelled(integer, uuid, text),
    payments.record_failed(integer, uuid, text, text),
    payments.record_captured(integer, uuid, text, bigint, boolean),
    payments.record_voided(integer, uuid, integer),
    payments.record_permission_closed(integer, uuid),
    payments.due(integer, integer),
    payments.at_rest(integer, uuid, xid8),
    payments.refunds_open(integer, uuid),
    payments.begin_refund(integer, uuid, integer, integer, text),
    payments.record_refund(integer, uuid, integer, integer, text, boolean),
    payments.record_refund_refused(integer, uuid, integer, integer, text, boolean),
    payments.write_off(integer, uuid, bigint, text),
    payments.record_finished(integer, uuid),
    payments.record_part_refused(integer, uuid),
    payments.disputes_open(integer, uuid),
    payments.record_dispute(integer, uuid, text, bigint, text)
to payments_worker;
grant select on payments.programs_at_work to payments_worker;

grant usage on schema payments to sweeper;
grant execute on function payments.purge_notices(integer) to sweeper;
