-- What members are told of the outlook: read by key.

-- Of these products, what the last night says (none older than three days): `going`, `slow`: within a week there is a day on
-- which it more likely than not cannot be had, or comes too late; `back_from`, `back_until`: it cannot be had, and when it
-- likely can again. Of a parent what holds for all of its kinds, and the first of them that is back.
create or replace function demand.labels(program_id integer, asins text[])
returns table (asin text, going boolean, slow boolean, back_from date, back_until date)
language sql stable security definer set search_path = pg_catalog as $$
    with today as materialized (
        select (clock.now() at time zone 'UTC')::date as day
    ), family as materialized (
        select a.asin as of_asin, coalesce(k.asin, a.asin) as asin
        from (select distinct one.asin from unnest(labels.asins) as one(asin)) as a
        left join catalogue.product as k on k.program_id = labels.program_id and k.parent_asin = a.asin
    ), told as (
        select f.of_asin, o.asin is not null as known, o.cause, t.day, o.back_from, o.back_until,
               -- What could not be had in that night and can now, it knew nothing of.
               (not o.is_out or o.cause = 'slow') and coalesce(
                   0.5 <= any (o.by_day[greatest(t.day - o.first_on + 1, 1):t.day - o.first_on + 7]), false) as likely,
               o.is_out and o.back_from is not null and o.back_until >= t.day as comes_back
        from family as f
        cross join today as t
        left join demand.outlook as o
            on o.program_id = labels.program_id and o.asin = f.asin and o.first_on between t.day - 3 and t.day + 1
    )
    select s.of_asin, bool_and(s.likely and s.cause <> 'slow'), bool_and(s.likely and s.cause = 'slow'),
           (array_agg(greatest(s.back_from, s.day) order by s.back_from, s.back_until) filter (where s.comes_back))[1],
           (array_agg(s.back_until order by s.back_from, s.back_until) filter (where s.comes_back))[1]
    from told as s
    group by s.of_asin
    having bool_or(s.known)
$$;
