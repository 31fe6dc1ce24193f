-- Who may do what. The sweeper counts and watches, staff look, and whoever prices or grants asks for one member.
grant usage on schema campaigns to member_api, quote_api, partner_api, importer, manager_api, sweeper, auditor;
grant execute on function campaigns.shopper(int, bigint) to member_api, quote_api;
grant execute on function campaigns.shopper_by_number(int, text) to partner_api;
grant execute on function campaigns.shoppers_by_numbers(int, text[]) to importer;
grant execute on function
    campaigns.programmes(),
    campaigns.watch(int),
    campaigns.count_audiences(int, int),
    campaigns.measure_some(int, int)
to sweeper;
grant execute on function
    campaigns.standing(int),
    campaigns.history(int, text),
    campaigns.audiences(int),
    campaigns.measured(int, text),
    campaigns.ended_at(int, text, jsonb),
    campaigns.spending(int, text, text),
    campaigns.reached(int, text),
    campaigns.reach(int, jsonb, jsonb),
    campaigns.habits(int, jsonb, jsonb, int, real, numeric, numeric)
to manager_api;
grant select on all tables in schema campaigns to auditor;
