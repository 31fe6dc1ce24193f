-- Who may call what. Nobody touches a table of this room.
grant usage on schema payments to
    member_api, manager_api, engine_step, sweeper, orders_worker, payments_worker, auditor;

grant execute on function payments.status_of(integer, uuid) to
    member_api, manager_api, engine_step, sweeper, orders_worker, payments_worker;
grant execute on function payments.history_of(integer, uuid) to member_api, manager_api, engine_step, auditor;
grant execute on function payments.intend_capture(integer, uuid, bigint) to engine_step;
grant execute on function payments.abandon(integer, uuid) to member_api, engine_step, sweeper, payments_worker;
grant execute on function payments.approvals_lapsed(integer, integer) to sweeper, engine_step;
grant execute on function payments.open_authorisations(integer) to sweeper, engine_step, auditor;
grant select on payments.due_for_reauthorisation to sweeper, payments_worker, auditor;
grant select on payments.invariants to auditor;
grant execute on function payments.idempotency_key(integer, uuid, text) to auditor;

grant execute on function
    payments.payment_of(integer, uuid),
    payments.unresolved(integer, uuid),
    payments.take_task(integer, uuid, text, text),
    payments.answered(integer, uuid, text),
    payments.begin_step(integer, uuid, text, text),
    payments.record_unknown(integer, uuid, text),
    payments.record_session(integer, uuid, text, text),
    payments.record_not_approved(integer, uuid),
    payments.record_authorised(integer, uuid, text, text, bigint, timestamptz),
    payments.record_charge_refused(integer, uuid),
    payments.record_charge_cancelled(integer, uuid, text),
    payments.record_failed(integer, uuid, text, text),
    payments.record_captured(integer, uuid, bigint),
    payments.record_voided(integer, uuid, integer),
    payments.record_permission_closed(integer, uuid),
    payments.due(integer, integer),
    payments.at_rest(integer, uuid)
to payments_worker;
grant select on payments.programs_at_work to payments_worker;
