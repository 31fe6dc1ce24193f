-- Who may do what.
grant usage on schema interactions to member_api, auditor;
grant execute on function
    interactions.personalisation(integer, bigint),
    interactions.choose(integer, bigint, boolean, text),
    interactions.record(integer, bigint, jsonb, integer)
to member_api;
grant select on all tables in schema interactions to auditor;
