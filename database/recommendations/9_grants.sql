-- Who may do what.
grant usage on schema recommendations to member_api, sweeper, auditor;
grant execute on function
    recommendations.for_member(integer, bigint, integer),
    recommendations.with_product(integer, bigint, text, integer)
to member_api;
grant execute on function recommendations.recount(integer) to sweeper;
grant select on all tables in schema recommendations to auditor;
