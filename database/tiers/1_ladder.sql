-- The levels of a programme, its periods, and what a level is worth that was reached some time ago.
--
-- Periods are `window_months` long and begin where the months since the year 0 divide by it: of 12 they are calendar years, of 3
-- quarters. A level reached in a period is kept to the end of the next one; from then on it counts one level less each period.
-- The level a member has is the highest of all that were reached, so counted, and of those that staff gave.

do $$
begin
    if not exists (select from pg_type where typname = 'ladder' and typnamespace = 'tiers'::regnamespace) then
        create type tiers.ladder as (
            program_id int, version int, unit text, months int, zone text, today date, codes text[], thresholds bigint[]);
    end if;
end $$;

-- Internal: the levels as they are now, from low to high.
create or replace function tiers.ladder_of(p_program_id int) returns tiers.ladder
language plpgsql stable set search_path = pg_catalog as $$
declare
    l tiers.ladder;
begin
    select p.program_id, p.version, coalesce(p.tiers ->> 'unit', 'base_points'),
        coalesce((p.tiers ->> 'window_months')::int, 12), p.time_zone, (clock.now() at time zone p.time_zone)::date,
        (select array_agg(v.level ->> 'code' order by v.place)
         from jsonb_array_elements(p.tiers -> 'levels') with ordinality v (level, place)),
        (select array_agg((v.level ->> 'qualifying_units')::bigint order by v.place)
         from jsonb_array_elements(p.tiers -> 'levels') with ordinality v (level, place))
    into l
    from programme.published p where p.program_id = p_program_id order by p.version desc limit 1;
    return l;
end $$;

-- Internal: a level that the programme no longer has is the one that stands for it, else the next lower one of those it has.
create or replace function tiers.rank_of_removed(l tiers.ladder, p_code text) returns int
language plpgsql stable set search_path = pg_catalog as $$
declare
    v_then jsonb;
    v_rank int;
begin
    select array_position(l.codes, p.tiers -> 'replaced' ->> p_code) into v_rank from programme.published p
    where p.program_id = l.program_id and p.version = l.version;
    if v_rank is not null then
        return v_rank;
    end if;
    select p.tiers -> 'levels' into v_then from programme.published p
    where p.program_id = l.program_id and p.tiers -> 'levels' @> jsonb_build_array(jsonb_build_object('code', p_code))
    order by p.version desc limit 1;
    select max(array_position(l.codes, v.level ->> 'code')) into v_rank
    from jsonb_array_elements(v_then) with ordinality v (level, place)
    where v.place < (select o.place from jsonb_array_elements(v_then) with ordinality o (level, place)
                     where o.level ->> 'code' = p_code);
    return coalesce(v_rank, 1);
end $$;

-- Internal: which level that is, counted from 1.
create or replace function tiers.rank(l tiers.ladder, p_code text) returns int language sql stable
return coalesce(array_position((l).codes, p_code), tiers.rank_of_removed(l, p_code));

-- Internal: the first day of the period of a day.
create or replace function tiers.period(p_day date, p_months int) returns date language sql immutable parallel safe
return make_date(
    ((extract(year from p_day)::int * 12 + extract(month from p_day)::int - 1) / p_months * p_months) / 12,
    ((extract(year from p_day)::int * 12 + extract(month from p_day)::int - 1) / p_months * p_months) % 12 + 1, 1);

-- Internal: so many months after the first day of one.
create or replace function tiers.later(p_first date, p_months int) returns date language sql immutable parallel safe
return (p_first + make_interval(months => p_months))::date;

-- Internal: how many levels less a level counts that was kept until `p_ends_on`.
create or replace function tiers.steps(p_ends_on date, p_today date, p_months int) returns int
language sql immutable parallel safe
return case when p_today < p_ends_on then 0
            else 1 + ((extract(year from p_today)::int - extract(year from p_ends_on)::int) * 12
                      + extract(month from p_today)::int - extract(month from p_ends_on)::int) / p_months end;
