-- Who may do what. The function reads sums; the door asks for a job and shows it.
grant usage on schema simulation to manager_api, simulation, auditor;
grant usage on schema clock, programme, catalogue, points, campaigns to simulation;
grant execute on function
    simulation.ask(integer, integer, integer, bytea, jsonb, text),
    simulation.job_of(integer, uuid),
    simulation.jobs(integer, integer)
to manager_api;
grant execute on function
    clock.now(),
    programme.version(integer, integer),
    catalogue.cards(integer, jsonb, text[]),
    points.budgets(integer),
    campaigns.audiences(integer),
    simulation.take(integer, uuid),
    simulation.progress(integer, uuid, integer, integer, integer),
    simulation.finish(integer, uuid, integer, jsonb, text),
    simulation.redemptions_since(integer, timestamptz),
    simulation.replay(integer, timestamptz, timestamptz, timestamptz, jsonb),
    simulation.balances(integer, text[], bigint[]),
    simulation.examples(integer, bigint[]),
    simulation.popular(integer, integer),
    simulation.products(integer, jsonb, jsonb),
    simulation.levels(integer, jsonb, text),
    simulation.earned(integer, timestamptz, timestamptz[], text[])
to simulation;
grant select on all tables in schema simulation to auditor;
