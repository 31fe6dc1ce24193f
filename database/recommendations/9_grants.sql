-- Who may do what.
grant usage on schema recommendations to member_api, sweeper, auditor;
grant execute on function
    recommendations.for_member(integer, bigint, integer),
    recommendations.with_product(integer, bigint, text, integer),
    recommendations.stored_for(integer, bigint, integer),
    recommendations.liked_too(integer, bigint, text, integer),
    recommendations.places(integer, bigint)
to member_api;
grant execute on function recommendations.recount(integer) to sweeper;
grant select on all tables in schema recommendations to auditor;
grant usage on schema recommendations to personalize_events;
grant execute on function
    recommendations.key_of(integer, bigint),
    recommendations.known(integer, bigint, text[])
to member_api;
grant execute on function
    recommendations.looks(integer, bigint, uuid[]),
    recommendations.redeemed(integer, uuid)
to personalize_events;
