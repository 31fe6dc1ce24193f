-- Who may call what of cases. Outcomes are functions of their own; nobody touches a table.
grant usage on schema cases to member_api, manager_api, auditor;

grant execute on function
    cases.open(integer, bigint, uuid, text, uuid, integer, integer, text, text, date, text, bytea),
    cases.say(integer, bigint, uuid, text),
    cases.promise_photo(integer, bigint, uuid, uuid, text, text, integer),
    cases.withdraw(integer, bigint, uuid),
    cases.of_member(integer, bigint, uuid),
    cases.list(integer, bigint, uuid, integer)
to member_api;

grant execute on function
    cases.queue(integer, text, text, text, uuid, integer),
    cases.for_staff(integer, uuid),
    cases.budget_of(integer, text),
    cases.open_for_member(
        integer, text, uuid, text, uuid, integer, integer, text, text, date, text, bytea, text, text[]),
    cases.answer(integer, uuid, uuid, text, text, text[]),
    cases.promise_label(integer, uuid, uuid, text, text, integer, text),
    cases.looked_at(integer, uuid, uuid, boolean),
    cases.return_with_label(integer, uuid, text, text[]),
    cases.receive_return(integer, uuid, integer, text, text[]),
    cases.refund_without_return(integer, uuid, text, text[]),
    cases.goodwill_points(integer, uuid, bigint, date, text, text[]),
    cases.credit_missing_accrual(integer, uuid, bigint, date, text, text[]),
    cases.settle_ticket(integer, uuid, text, jsonb, text, text[]),
    cases.refuse(integer, uuid, text, text, text[]),
    cases.approve(integer, uuid, text, date, text, text[])
to manager_api;

grant select on cases.invariants to auditor;
