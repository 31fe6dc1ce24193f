-- Who may do what. Nobody reads the tables: each function shows one member, or nothing personal.
grant usage on schema members to member_api, quote_api, manager_api, partner_api, identity_trigger, importer,
    orders_worker;
revoke usage on schema members from engine_step;
revoke execute on function members.owns_address(integer, bigint, uuid) from member_api, quote_api, engine_step;

grant execute on function members.create(integer, text, text, text, text, text, text, bytea, text)
    to partner_api, manager_api;
grant execute on function members.create_many(integer, text[], text[], text[], text[], text[], text[], bytea[], text)
    to importer;
grant execute on function members.enrol(integer, text, text, text, text, text) to identity_trigger;
grant execute on function members.member_of(integer, text) to member_api, quote_api, identity_trigger;
grant execute on function members.tier_of(integer, bigint) to member_api, quote_api;
grant execute on function members.spending_state(integer, bigint) to quote_api;
grant execute on function members.by_number(integer, text) to partner_api, manager_api;
grant execute on function members.by_numbers(integer, text[]) to importer;
grant execute on function members.profile(integer, bigint) to member_api, manager_api;
grant execute on function members.accept_terms(integer, bigint, text) to member_api;

grant execute on function members.start_claim(integer, text, text, bytea, bytea, integer, integer)
    to member_api, identity_trigger;
grant execute on function members.confirm_claim(integer, text, text, text, integer, integer) to member_api;

grant execute on function members.add_address(
    integer, bigint, text, text, text, text, text, text, text, text, text, boolean, boolean, boolean, integer) to member_api;
grant execute on function members.addresses(integer, bigint) to member_api;
grant execute on function members.choose_address(integer, bigint, uuid) to member_api;
grant execute on function members.shipping_address(integer, bigint, uuid) to orders_worker, quote_api;
grant execute on function members.default_address(integer, bigint) to member_api, quote_api;

grant execute on function members.request_adjustment(
    integer, uuid, text, bigint, date, text, text, bigint, text[], bytea, text) to manager_api;
grant execute on function members.decide_adjustment(integer, uuid, text, text, text[]) to manager_api;
grant execute on function members.waiting_adjustments(integer, integer) to manager_api;

grant execute on function members.transfer(integer, bigint, uuid, text, bigint, text) to member_api;
