-- Who may do what.
grant usage on schema demand to insight_loading, demand_desk, member_api, auditor;
grant usage on schema clock, programme to insight_loading;
grant execute on function
    demand.begin_night(text, date, text),
    demand.keep_piece(text, text, text, jsonb),
    demand.keep_members(text, jsonb),
    demand.show_night(integer, text, jsonb),
    demand.drop_lists(integer, text, integer),
    demand.stop_night(text),
    demand.decide_model(text, text, jsonb, double precision),
    demand.name_package(text, text),
    demand.current_model(),
    demand.plan_night(),
    programme.current(integer)
to insight_loading;
grant execute on function demand.restore_model(text, text) to demand_desk;
grant select on demand.model, demand.night to demand_desk;
grant select on all tables in schema demand to auditor;

grant usage on schema clock, programme, catalogue to demand_desk, insight_loading;
grant execute on function
    demand.act(integer, text, text, jsonb, text),
    demand.undo(integer, bigint, text),
    demand.standing(integer, text),
    demand.actions(integer, text, bigint, integer),
    demand.warnings(integer, integer),
    demand.dismiss(integer, bigint, text)
to demand_desk;
-- The night's end.
grant execute on function demand.warn(integer, double precision, double precision) to insight_loading;
-- The desk's door: what it shows, and the log of what staff asked for.
grant usage on schema audit to demand_desk;
grant execute on function
    audit.begin(integer, text, text[], text, text[], jsonb, text),
    audit.finish(integer, uuid, integer, text, text)
to demand_desk;
grant execute on function
    demand.night_shown(integer),
    demand.nights(integer, integer),
    demand.models(integer),
    demand.expected(integer, text, text, text, integer, integer),
    demand.expected_by_category(integer, text),
    demand.expected_by_week(integer, text, text),
    demand.forecast_of(integer, text),
    demand.risks(integer, text, text, text, text, boolean, double precision, integer, integer),
    demand.risks_in_all(integer, double precision),
    demand.trends_shown(integer, text, text, text, text, integer, integer),
    demand.trends_in_all(integer)
to demand_desk;
grant execute on function demand.labels(integer, text[]) to member_api;
