-- Who may do what. Staff look and ask; the sweeper lets late points follow.
grant usage on schema support to manager_api, sweeper, auditor;
grant execute on function
    support.find(integer, text, text, integer),
    support.overview(integer, text, boolean),
    support.orders(integer, uuid, integer, text, text, boolean, integer, text, text, boolean),
    support.one_order(integer, uuid),
    support.merge_preview(integer, text, text),
    support.ask_merge(integer, uuid, text, text, text, bytea, text),
    support.decide_merge(integer, uuid, text, text, text[]),
    support.merges_waiting(integer, integer)
to manager_api;
grant execute on function support.forward_late(bigint, integer) to sweeper;
grant execute on function support.check_invariants() to auditor;
grant select on support.invariants to auditor;
grant execute on function members.addresses(integer, bigint), members.add_address(
    integer, bigint, text, text, text, text, text, text, text, text, text, boolean, boolean, boolean, integer)
to manager_api;
