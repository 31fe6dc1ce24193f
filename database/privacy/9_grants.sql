-- Who may do what. Staff ask, decide and look; only the function `privacy` gathers and erases.
grant usage on schema privacy to manager_api, privacy, auditor;
grant execute on function
    privacy.standing(integer, text),
    privacy.requests(integer, text, text, uuid, integer),
    privacy.one(integer, uuid),
    privacy.place_hold(integer, text, uuid, text, text),
    privacy.lift_hold(integer, text, uuid, text),
    privacy.ask_for_export(integer, text, uuid, text),
    privacy.download(integer, uuid, text),
    privacy.ask_for_erasure(integer, text, uuid, text, bigint, bytea, text),
    privacy.decide_erasure(integer, uuid, text, text, text[]),
    privacy.retry_erasure(integer, uuid, text),
    privacy.retention_runs(integer)
to manager_api;
grant execute on function
    privacy.take_export(integer),
    privacy.section(integer, uuid, text),
    privacy.export_ready(integer, uuid, text, bigint, integer, integer),
    privacy.export_failed(integer, uuid, text, integer),
    privacy.expired_exports(integer),
    privacy.export_gone(integer, uuid),
    privacy.take_step(integer),
    privacy.erase_store(integer, uuid, text, jsonb),
    privacy.step_failed(integer, uuid, text, text, integer),
    privacy.unlisted(integer),
    privacy.note_listed(integer, bigint),
    privacy.whose(integer, text[]),
    privacy.reapply(integer, bigint, uuid, text, text, timestamptz),
    privacy.apply_retention(text, integer, integer),
    privacy.documents_to_remove(integer),
    privacy.document_removed(integer, uuid),
    privacy.overdue()
to privacy;
grant execute on function privacy.check_invariants() to auditor;
grant select on privacy.invariants to auditor;
-- What was erased elsewhere.
grant usage on schema privacy to personalize_events;
grant execute on function
    privacy.to_erase_outside(text, integer),
    privacy.erased_outside(integer, uuid, text, jsonb)
to personalize_events;
