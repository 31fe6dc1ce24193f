-- Who may do what with documents.
grant usage on schema documents to invoicing, member_api, manager_api, auditor;
grant usage on schema programme to invoicing;
grant execute on function programme.version(integer, integer) to invoicing;

grant execute on function
    documents.issue(integer, uuid, text),
    documents.issue_credit_note(integer, uuid, integer, text, text, text),
    documents.to_draw(integer, uuid),
    documents.stored(integer, uuid, bytea, integer),
    documents.not_drawn(integer, uuid, text)
to invoicing;
grant execute on function documents.of_redemption(integer, bigint, uuid), documents.one(integer, bigint, uuid) to member_api;
grant execute on function documents.of_redemption_for_staff(integer, uuid), documents.one_for_staff(integer, uuid)
    to manager_api;
grant execute on function documents.check_invariants() to auditor;
grant select on documents.invariants, documents.waiting, documents.document, documents.series to auditor;
