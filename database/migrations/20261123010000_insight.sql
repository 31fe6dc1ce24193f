-- Demand, and what members might like: worked out at night from the lake, kept here so that an answer only reads.
create schema demand;

do $$
declare
    entry_point text;
begin
    foreach entry_point in array array['insight_loading', 'demand_desk']
    loop
        if not exists (select from pg_roles where rolname = entry_point) then
            execute format('create role %I login', entry_point);
        end if;
        if exists (select from pg_roles where rolname = 'rds_iam') then
            execute format('grant rds_iam to %I', entry_point);
        end if;
    end loop;
end
$$;

-- A model that was trained, and how it did on weeks it had not seen. refused: worse than before or than doing nothing.
-- previous: was current and can be again. Of the deployment, not of one programme: it learns from all of them.
create table demand.model (
    version text primary key check (version ~ '^[A-Za-z0-9-]{1,100}$'),
    trained_at timestamptz not null,
    -- Where its files are, as SageMaker names them; nothing personal is in them.
    artefact text not null check (length(artefact) between 1 and 500),
    state text not null check (state in ('candidate', 'current', 'previous', 'refused')),
    reason text check (length(reason) <= 300),
    -- Numbers alone: wql, wql_naive, wql_statistical, coverage80, series, origins.
    measured jsonb not null check (jsonb_typeof(measured) = 'object'),
    decided_at timestamptz,
    decided_by text,
    row_xid xid8 not null default pg_current_xact_id()
);
create unique index model_current on demand.model ((true)) where state = 'current';

-- A night's results, a programme each. `as_of`: the last day that was known.
create table demand.night (
    program_id integer not null references programme.program,
    run_id text not null check (run_id ~ '^[A-Za-z0-9_-]{1,100}$'),
    as_of date not null,
    model text,
    -- loading: parts of it are in; current: what is shown; superseded: there is a newer one; stopped: it did not come to its end.
    state text not null check (state in ('loading', 'current', 'superseded', 'stopped')),
    -- Numbers alone, for the page of the model's health: rows, wql_lately, wql_naive_lately, coverage80_lately, drifted.
    health jsonb not null default '{}' check (jsonb_typeof(health) = 'object'),
    began_at timestamptz not null,
    loaded_at timestamptz,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, run_id)
);
create unique index night_current on demand.night (program_id) where state = 'current';

-- What will be asked for, of one product: units a day (the next 28) and a week (the next 13). The arrays are of one
-- length; the n-th is of the n-th period from `first_on`. `history` ends where they begin; null there: it could not be had.
create table demand.forecast (
    program_id integer not null references programme.program,
    asin text not null,
    period text not null check (period in ('day', 'week')),
    first_on date not null,
    mean real[] not null,
    q05 real[] not null,
    q10 real[] not null,
    q25 real[] not null,
    q50 real[] not null,
    q75 real[] not null,
    q90 real[] not null,
    q95 real[] not null,
    history_from date,
    history real[] not null default '{}',
    -- How it was made: model (enough of its own past), category (too young for one), nothing (nobody ever asked for it).
    basis text not null check (basis in ('model', 'category', 'nothing')),
    run_id text not null,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, asin, period)
);

-- Whether a product can be had in the next 14 days. `by_day`: the probability that it cannot, a day each from `first_on`.
create table demand.outlook (
    program_id integer not null references programme.program,
    asin text not null,
    first_on date not null,
    probability real not null check (probability between 0 and 1),
    by_day real[] not null,
    -- Why it would not: out_of_stock, slow (later than the programme wants), below_floor (too dear to give), gone.
    cause text not null check (cause in ('out_of_stock', 'slow', 'below_floor', 'gone')),
    -- It cannot be had already.
    is_out boolean not null,
    -- When it is likely to be there again; null: nobody can say, or it is there.
    back_from date,
    back_until date,
    -- Members who would want it on days on which it cannot be had.
    members_disappointed real not null check (members_disappointed >= 0),
    -- Numbers alone that speak for it: quantity, days_of_stock, outages_90_days, median_outage_days.
    evidence jsonb not null default '{}' check (jsonb_typeof(evidence) = 'object'),
    run_id text not null,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, asin)
);
create index outlook_order on demand.outlook (program_id, members_disappointed desc, asin);

-- Whether a product rises or falls: percent a week without season and campaigns, with its range, and the probability (q,
-- corrected for how many products were looked at) that there is nothing.
create table demand.trend (
    program_id integer not null references programme.program,
    asin text not null,
    direction text not null check (direction in ('rising', 'falling', 'steady', 'unknown')),
    percent_a_week real,
    low real,
    high real,
    p real check (p between 0 and 1),
    q real check (q between 0 and 1),
    -- Percent more than without the campaigns it was in, with its range; null: it was in none.
    campaign_percent real,
    campaign_low real,
    campaign_high real,
    -- Units a week: what was asked for, its level, its season, what campaigns added; arrays of one length from `first_on`.
    first_on date,
    units real[] not null default '{}',
    level real[] not null default '{}',
    season real[] not null default '{}',
    campaign real[] not null default '{}',
    run_id text not null,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, asin)
);
create index trend_order on demand.trend (program_id, direction, percent_a_week);

-- What a member might like, best first, at most 200. `because`: the product of the member's own past that speaks for it
-- most, or '' where none does. Only of members who want personal choices.
create table recommendations.scored (
    program_id integer not null references programme.program,
    member_id bigint not null,
    asins text[] not null check (cardinality(asins) between 1 and 200),
    scores real[] not null,
    because text[] not null,
    scored_at timestamptz not null,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, member_id),
    check (cardinality(scores) = cardinality(asins) and cardinality(because) = cardinality(asins))
);

-- What is liked by those who like this one, best first, at most 50.
create table recommendations.similar (
    program_id integer not null references programme.program,
    asin text not null,
    others text[] not null check (cardinality(others) between 1 and 50),
    scores real[] not null,
    scored_at timestamptz not null,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, asin),
    check (cardinality(scores) = cardinality(others))
);

-- What is redeemed more than usual lately, best first: for whoever has no past of their own.
create table recommendations.trending (
    program_id integer not null references programme.program,
    asin text not null,
    place integer not null check (place > 0),
    score real not null,
    scored_at timestamptz not null,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, asin)
);
create index trending_order on recommendations.trending (program_id, place);
