-- Who may do what. Members close and undo; only the schedule's function ends anything.
grant usage on schema closure to member_api, closure, auditor;
grant execute on function
    closure.standing(integer, bigint),
    closure.start(integer, bigint, uuid, bigint, bytea, integer),
    closure.undo(integer, bigint)
to member_api;
grant execute on function
    closure.due(integer),
    closure.put_off(integer, uuid, integer),
    closure.finish(integer, uuid),
    closure.sign_in_removed(integer, uuid, text, integer),
    closure.erase(integer, uuid),
    closure.forfeit_late(integer),
    closure.overdue()
to closure;
grant execute on function closure.check_invariants() to auditor;
grant select on closure.invariants to auditor;
