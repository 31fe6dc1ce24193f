-- What staff see of what was worked out at night. Names and pictures are the catalogue's.

-- The night that is shown; no row: there was none yet. `days_old`: whole days since the last day that it knew.
create or replace function demand.night_shown(program_id integer)
returns table (run_id text, as_of date, loaded_at timestamptz, model text, days_old integer, health jsonb)
language sql stable security definer set search_path = pg_catalog
begin atomic
    select n.run_id, n.as_of, n.loaded_at, n.model, (clock.now() at time zone 'UTC')::date - n.as_of, n.health
    from demand.night as n
    where n.program_id = night_shown.program_id and n.state = 'current';
end;

-- The nights before it as well, newest first, those too that did not come to their end.
create or replace function demand.nights(program_id integer, most integer)
returns table (run_id text, as_of date, began_at timestamptz, loaded_at timestamptz, model text, state text, health jsonb)
language sql stable security definer set search_path = pg_catalog
begin atomic
    select n.run_id, n.as_of, n.began_at, n.loaded_at, n.model, n.state, n.health
    from demand.night as n
    where n.program_id = nights.program_id
    order by n.began_at desc, n.run_id
    limit nights.most;
end;

-- Models of the deployment, the current one first, then the newest.
create or replace function demand.models(most integer)
returns table (version text, trained_at timestamptz, state text, reason text, measured jsonb, decided_at timestamptz,
               decided_by text)
language sql stable security definer set search_path = pg_catalog
begin atomic
    select m.version, m.trained_at, m.state, m.reason, m.measured, m.decided_at, m.decided_by
    from demand.model as m
    order by m.state <> 'current', m.trained_at desc, m.version
    limit models.most;
end;

-- Internal: the sum of the first four. Like the other two that stand in every row's way it sets nothing, so that the planner
-- puts it where it is called; names in such a body are resolved when it is made.
create or replace function demand.four_weeks(weeks real[]) returns double precision
language sql immutable
return coalesce(weeks[1], 0)::double precision + coalesce(weeks[2], 0) + coalesce(weeks[3], 0) + coalesce(weeks[4], 0);

-- Internal: a product as staff know it, if it is in the category and has what was typed in its name or number.
create or replace function demand.named(program_id integer, asin text, search text, category text)
returns table (title text, image jsonb, category text, category_name text)
language sql stable
begin atomic
    select n.title, n.image, n.category, n.category_name
    from (
        select coalesce(p.title, '') as title, p.images -> 0 as image, coalesce(k.category, p.category) as category,
               case when k.category is null then coalesce(nullif(p.category_name, ''), p.category) else k.category end
                   as category_name
        from (select) as always
        left join catalogue.product as p on p.program_id = named.program_id and p.asin = named.asin
        left join catalogue.curated as k on k.program_id = named.program_id and k.asin = named.asin
    ) as n
    where (named.category is null or n.category = named.category)
      and (named.search is null or named.asin = upper(named.search)
           or position(lower(named.search) in lower(n.title)) > 0);
end;

-- Internal: forecasts by the week, with the four weeks to come, their range, and the four weeks before (those in which it
-- could be had, as if all four had been so). The range adds the weeks' own: as if each were as low, or as high, as the rest.
create or replace function demand.weekly(program_id integer, search text, category text)
returns table (asin text, title text, image jsonb, category text, category_name text, basis text, first_on date,
               units double precision, low double precision, high double precision, before double precision)
language sql stable
begin atomic
    select f.asin, n.title, n.image, n.category, n.category_name, f.basis, f.first_on, demand.four_weeks(f.mean),
           demand.four_weeks(f.q10), demand.four_weeks(f.q90),
           4 * (coalesce(h.last[1], 0)::double precision + coalesce(h.last[2], 0) + coalesce(h.last[3], 0)
                + coalesce(h.last[4], 0))
             / nullif(num_nonnulls(h.last[1], h.last[2], h.last[3], h.last[4]), 0)
    from demand.forecast as f
    cross join lateral demand.named(f.program_id, f.asin, weekly.search, weekly.category) as n
    cross join lateral (select f.history[greatest(cardinality(f.history) - 3, 1):] as last) as h
    where f.program_id = weekly.program_id and f.period = 'week';
end;

-- A page of the forecasts: by `units`, `growth` (of the four weeks before), `range` (the widest first) or `title`.
create or replace function demand.expected(
    program_id integer, search text, category text, sort text, skip integer, most integer
) returns table (
    asin text, title text, image jsonb, category text, category_name text, basis text, first_on date,
    units double precision, low double precision, high double precision, before double precision, weeks real[],
    weeks_low real[], weeks_high real[], history real[], probability real, is_out boolean, found bigint
) language sql stable security definer set search_path = pg_catalog
begin atomic
    -- Sorted are keys and numbers; what is long is read of the page alone.
    with page as (
        select f.asin, f.units, f.low, f.high, f.before, count(*) over () as found,
               row_number() over (
                   order by case expected.sort when 'title' then lower(f.title) end,
                            case expected.sort when 'growth' then f.units - coalesce(f.before, f.units)
                                               when 'range' then f.high - f.low else f.units end desc, f.asin) as place
        from demand.weekly(expected.program_id, expected.search, expected.category) as f
        order by place offset expected.skip limit expected.most
    )
    select p.asin, n.title, n.image, n.category, n.category_name, w.basis, w.first_on, p.units, p.low, p.high, p.before,
           w.mean, w.q10, w.q90, w.history, o.probability, coalesce(o.is_out, false), p.found
    from page as p
    join demand.forecast as w on w.program_id = expected.program_id and w.asin = p.asin and w.period = 'week'
    cross join lateral demand.named(expected.program_id, p.asin, null, null) as n
    left join demand.outlook as o on o.program_id = expected.program_id and o.asin = p.asin
    order by p.place;
end;

-- The same added up, a row a category and one for all ('' with the name null). Two ranges: `apart`, as if products went their own
-- ways, and `together`, as if all were as low, or as high, at once. What is true lies between the two.
create or replace function demand.expected_by_category(program_id integer, search text)
returns table (category text, category_name text, products bigint, units double precision, low_apart double precision,
               high_apart double precision, low_together double precision, high_together double precision,
               before double precision)
language sql stable security definer set search_path = pg_catalog
begin atomic
    select coalesce(f.category, ''), max(f.category_name), count(*), sum(f.units),
           greatest(sum(f.units) - sqrt(sum(greatest(f.units - f.low, 0) ^ 2)), 0),
           sum(f.units) + sqrt(sum(greatest(f.high - f.units, 0) ^ 2)), sum(f.low), sum(f.high), sum(f.before)
    from demand.weekly(expected_by_category.program_id, expected_by_category.search, null) as f
    group by coalesce(f.category, '')
    order by sum(f.units) desc, 1;
end;

-- Week by week of all that fits: what was asked for (`units`), and what will be, with the same two ranges.
create or replace function demand.expected_by_week(program_id integer, search text, category text)
returns table (week_on date, units double precision, mean double precision, low_apart double precision,
               high_apart double precision, low_together double precision, high_together double precision)
language sql stable security definer set search_path = pg_catalog
begin atomic
    with fitting as (
        select w.* from demand.forecast as w
        cross join lateral demand.named(w.program_id, w.asin, expected_by_week.search, expected_by_week.category) as n
        where w.program_id = expected_by_week.program_id and w.period = 'week'
    )
    select f.history_from + 7 * (h.place - 1)::integer, sum(h.units)::double precision, null::double precision,
           null::double precision, null::double precision, null::double precision, null::double precision
    from fitting as f
    cross join lateral unnest(f.history) with ordinality as h(units, place)
    where f.history_from is not null
    group by 1
    union all
    select f.first_on + 7 * (w.place - 1)::integer, null, sum(w.mean),
           greatest(sum(w.mean) - sqrt(sum(greatest(w.mean - w.q10, 0)::double precision ^ 2)), 0),
           sum(w.mean) + sqrt(sum(greatest(w.q90 - w.mean, 0)::double precision ^ 2)), sum(w.q10), sum(w.q90)
    from fitting as f
    cross join lateral unnest(f.mean, f.q10, f.q90) with ordinality as w(mean, q10, q90, place)
    group by 1
    order by 1;
end;

-- One product's, by the day and by the week.
create or replace function demand.forecast_of(program_id integer, asin text)
returns table (title text, image jsonb, category text, category_name text, period text, first_on date, mean real[],
               q05 real[], q10 real[], q25 real[], q50 real[], q75 real[], q90 real[], q95 real[], history_from date,
               history real[], basis text)
language sql stable security definer set search_path = pg_catalog
begin atomic
    select n.title, n.image, n.category, n.category_name, f.period, f.first_on, f.mean, f.q05, f.q10, f.q25, f.q50, f.q75,
           f.q90, f.q95, f.history_from, f.history, f.basis
    from demand.forecast as f
    cross join lateral demand.named(f.program_id, f.asin, null, null) as n
    where f.program_id = forecast_of.program_id and f.asin = forecast_of.asin
    order by f.period;
end;

-- Internal: what could be offered instead: what is liked by those who like it, else the most wanted of its category; of
-- either only what can be had, and likely stays so.
create or replace function demand.suggested(program_id integer, asin text, category text) returns jsonb
language sql stable set search_path = pg_catalog
begin atomic
    select coalesce(jsonb_agg(jsonb_build_object('asin', s.other, 'title', n.title, 'image', n.image) order by s.place), '[]')
    from (
        select c.other, min(c.place) as place
        from (
            select l.other, l.place from recommendations.similar as r
            cross join lateral unnest(r.others[:20]) with ordinality as l(other, place)
            where r.program_id = suggested.program_id and r.asin = suggested.asin
            union all
            (select f.asin, 100 + row_number() over (order by demand.four_weeks(f.mean) desc, f.asin)
             from demand.forecast as f
             join catalogue.product as p on p.program_id = f.program_id and p.asin = f.asin
             where f.program_id = suggested.program_id and f.period = 'week' and p.category = suggested.category
             order by 2 limit 20)
        ) as c
        where not exists (select from demand.outlook as o where o.program_id = suggested.program_id and o.asin = c.other
                            and (o.is_out or o.probability >= 0.5))
          and exists (select from catalogue.offer as f where f.program_id = suggested.program_id and f.asin = c.other
                        and f.in_stock and f.refused_for is null and f.price_minor is not null)
          and catalogue.no_substitutes(suggested.program_id, suggested.asin, array[c.other]) = '{}'
        group by c.other order by 2 limit 3
    ) as s
    cross join lateral demand.named(suggested.program_id, s.other, null, null) as n;
end;

-- A page of what members may not get in the next 14 days, those that disappoint most first: what cannot be had now, and
-- what is at least that probable. `acted`: only with, or only without, an action that stands. Of one product: whatever
-- is known of it. `units`: what is expected to be asked for in these days.
create or replace function demand.risks(
    program_id integer, of_asin text, search text, category text, cause text, acted boolean,
    least_probability double precision, skip integer, most integer
) returns table (
    asin text, title text, image jsonb, category text, category_name text, first_on date, probability real, by_day real[],
    cause text, is_out boolean, back_from date, back_until date, members_disappointed real, evidence jsonb,
    units double precision, suggested jsonb, actions jsonb, alert_id bigint, raised_at timestamptz, found bigint
) language sql stable security definer set search_path = pg_catalog
begin atomic
    with standing as materialized (
        select a.* from demand.action as a
        where a.program_id = risks.program_id and a.undone_at is null and demand.stands(a)
    ), fitting as (
        select o.*, n.title, n.image, n.category, n.category_name, count(*) over () as found
        from demand.outlook as o
        cross join lateral demand.named(o.program_id, o.asin, risks.search, risks.category) as n
        where o.program_id = risks.program_id
          and case when risks.of_asin is null then o.is_out or o.probability >= risks.least_probability
                   else o.asin = risks.of_asin end
          and (risks.cause is null or o.cause = risks.cause)
          and (risks.acted is null or risks.acted = exists (select from standing as s where s.asin = o.asin))
        order by o.members_disappointed desc, o.asin
        offset risks.skip limit risks.most
    )
    select f.asin, f.title, f.image, f.category, f.category_name, f.first_on, f.probability, f.by_day, f.cause, f.is_out,
           f.back_from, f.back_until, f.members_disappointed, f.evidence,
           (select sum(d.units)::double precision from demand.forecast as w, unnest(w.mean[:14]) as d(units)
            where w.program_id = risks.program_id and w.asin = f.asin and w.period = 'day'),
           demand.suggested(risks.program_id, f.asin, f.category),
           (select coalesce(jsonb_agg(jsonb_build_object(
                       'action_id', s.action_id, 'kind', s.kind, 'details', s.details, 'actor', s.actor,
                       'done_at', s.done_at) order by s.action_id), '[]')
            from standing as s where s.asin = f.asin),
           w.alert_id, w.raised_at, f.found
    from fitting as f
    left join demand.alert as w on w.program_id = risks.program_id and w.asin = f.asin and w.state = 'open'
    order by f.members_disappointed desc, f.asin;
end;

-- How many of them, and how many members they disappoint.
create or replace function demand.risks_in_all(program_id integer, least_probability double precision)
returns table (out_now bigint, likely bigint, possible bigint, members double precision)
language sql stable security definer set search_path = pg_catalog
begin atomic
    select count(*) filter (where o.is_out), count(*) filter (where not o.is_out and o.probability >= 0.5),
           count(*) filter (where not o.is_out and o.probability < 0.5), coalesce(sum(o.members_disappointed::double precision), 0)
    from demand.outlook as o
    where o.program_id = risks_in_all.program_id and (o.is_out or o.probability >= risks_in_all.least_probability);
end;

-- A page of the trends, the strongest first; of one product: its own.
create or replace function demand.trends_shown(
    program_id integer, of_asin text, direction text, search text, category text, skip integer, most integer
) returns table (
    asin text, title text, image jsonb, category text, category_name text, direction text, percent_a_week real, low real,
    high real, q real, campaign_percent real, campaign_low real, campaign_high real, first_on date, units real[],
    level real[], season real[], campaign real[], found bigint
) language sql stable security definer set search_path = pg_catalog
begin atomic
    select t.asin, n.title, n.image, n.category, n.category_name, t.direction, t.percent_a_week, t.low, t.high, t.q,
           t.campaign_percent, t.campaign_low, t.campaign_high, t.first_on, t.units, t.level, t.season, t.campaign,
           count(*) over ()
    from demand.trend as t
    cross join lateral demand.named(t.program_id, t.asin, trends_shown.search, trends_shown.category) as n
    where t.program_id = trends_shown.program_id
      and (trends_shown.of_asin is null or t.asin = trends_shown.of_asin)
      and (trends_shown.direction is null or t.direction = trends_shown.direction)
    order by abs(t.percent_a_week) desc nulls last, t.asin
    offset trends_shown.skip limit trends_shown.most;
end;

-- How many go which way.
create or replace function demand.trends_in_all(program_id integer) returns table (direction text, products bigint)
language sql stable security definer set search_path = pg_catalog
begin atomic
    select t.direction, count(*) from demand.trend as t
    where t.program_id = trends_in_all.program_id
    group by t.direction order by t.direction;
end;

-- Was what weekly is; nothing calls it any more.
drop function if exists demand.by_week(integer, text, text);
