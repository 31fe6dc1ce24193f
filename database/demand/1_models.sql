-- Models: which one forecasts, which were refused, and back to one that was good.

-- Internal: its error as a share of the error of repeating the past; null: it was not measured.
create or replace function demand.against_naive(measured jsonb) returns double precision
language sql immutable set search_path = pg_catalog as $$
    select case when jsonb_typeof(measured -> 'wql') = 'number' and jsonb_typeof(measured -> 'wql_naive') = 'number'
                then (measured ->> 'wql')::double precision / nullif((measured ->> 'wql_naive')::double precision, 0) end
$$;

-- Internal: of the nights that are shown, the worst that forecasts lately did against repeating the past; null: nobody
-- knows. What another model did, before the current one was had back, says nothing of this one.
create or replace function demand.lately_against_naive() returns double precision
language sql stable set search_path = pg_catalog as $$
    select max(case when jsonb_typeof(n.health -> 'wql_lately') = 'number'
                     and jsonb_typeof(n.health -> 'wql_naive_lately') = 'number'
                    then (n.health ->> 'wql_lately')::double precision
                         / nullif((n.health ->> 'wql_naive_lately')::double precision, 0) end)
    from demand.night as n
    where n.state = 'current'
      and not exists (select from demand.model as m where m.version = n.model and m.state <> 'current')
$$;

-- Note a trained model and decide at once: better than repeating the past, and not worse against it than the current one
-- is (when it was trained, or lately, if that is worse) by more than `tolerance_percent`. A model that was decided stays so.
-- `state`: current or refused.
create or replace function demand.decide_model(
    version text, artefact text, measured jsonb, tolerance_percent double precision
) returns table (state text, reason text)
language plpgsql security definer set search_path = pg_catalog as $$
#variable_conflict use_column
declare
    v_ratio double precision := demand.against_naive(measured);
    v_now double precision;
    v_reason text;
begin
    perform pg_advisory_xact_lock(7203122);
    if not exists (select from demand.model as m where m.version = decide_model.version) then
        select greatest(demand.against_naive(m.measured), demand.lately_against_naive()) into v_now
        from demand.model as m where m.state = 'current';
        v_reason := case
            when v_ratio is null then 'too little has happened to measure it'
            when v_ratio >= 1 then format('%s times the error of repeating the past', round(v_ratio::numeric, 3))
            when v_ratio > v_now * (1 + tolerance_percent / 100)
                then format('%s times the error of repeating the past, the current one %s', round(v_ratio::numeric, 3),
                            round(v_now::numeric, 3)) end;
        if v_reason is null then
            update demand.model as m set state = 'previous', row_xid = pg_current_xact_id() where m.state = 'current';
        end if;
        insert into demand.model (version, trained_at, artefact, state, reason, measured, decided_at, decided_by)
        values (decide_model.version, clock.now(), decide_model.artefact,
                case when v_reason is null then 'current' else 'refused' end, v_reason, decide_model.measured, clock.now(),
                'the night');
    end if;
    return query select case m.state when 'previous' then 'current' else m.state end, m.reason
                 from demand.model as m where m.version = decide_model.version;
end
$$;

-- What the registry calls it.
create or replace function demand.name_package(version text, package text) returns void
language sql security definer set search_path = pg_catalog as $$
    update demand.model as m set package = name_package.package, row_xid = pg_current_xact_id()
    where m.version = name_package.version and m.package is distinct from name_package.package
$$;

-- The model that forecasts, and since how many days it was trained, or had back: whoever wanted it back does not want another
-- the next night. No row: there is none yet.
create or replace function demand.current_model()
returns table (version text, artefact text, measured jsonb, days_old double precision)
language sql stable security definer set search_path = pg_catalog as $$
    select m.version, m.artefact, m.measured, extract(epoch from clock.now() - greatest(m.trained_at, m.decided_at)) / 86400
    from demand.model as m where m.state = 'current'
$$;

-- Back to a model that was current before; the next night forecasts by it. ok; already (it is current); refused (it never
-- was good enough); unknown.
create or replace function demand.restore_model(version text, actor text) returns text
language plpgsql security definer set search_path = pg_catalog as $$
#variable_conflict use_column
declare
    v_state text;
begin
    perform pg_advisory_xact_lock(7203122);
    select m.state into v_state from demand.model as m where m.version = restore_model.version;
    if not found then return 'unknown'; end if;
    if v_state = 'current' then return 'already'; end if;
    if v_state <> 'previous' then return 'refused'; end if;
    update demand.model as m set state = 'previous', row_xid = pg_current_xact_id() where m.state = 'current';
    update demand.model as m
    set state = 'current', reason = null, decided_at = clock.now(), decided_by = restore_model.actor,
        row_xid = pg_current_xact_id()
    where m.version = restore_model.version;
    return 'ok';
end
$$;

-- What a night is about: the last whole day (UTC), whose programmes, the model that forecasts and for how many days it has,
-- whether its forecasts were lately no better than repeating the past, and a night of some two weeks ago whose forecasts can
-- be held against what happened since.
create or replace function demand.plan_night()
returns table (as_of date, program_ids integer[], model text, artefact text, days_old double precision, drifted boolean,
               earlier text)
language sql stable security definer set search_path = pg_catalog as $$
    with today as materialized (
        select (clock.now() at time zone 'UTC')::date - 1 as as_of
    )
    select t.as_of, (select array_agg(p.program_id order by p.program_id) from programme.program as p),
           m.version, m.artefact, m.days_old, coalesce(demand.lately_against_naive() >= 1, false),
           (select n.run_id from demand.night as n
            where n.state in ('current', 'superseded') and n.model is not null
              and n.as_of between t.as_of - 28 and t.as_of - 3
            order by abs(t.as_of - 14 - n.as_of), n.run_id limit 1)
    from today as t left join demand.current_model() as m on true
$$;
