-- A night's results come in piece by piece and are shown all at once, a programme each.

-- Begin a night in every programme; what one of as late a day, or an earlier one, left half loaded is given up. Once more
-- changes nothing. `state`: loading, or what became of it; superseded from the beginning: a later day's is shown, or loads.
create or replace function demand.begin_night(run_id text, as_of date, model text)
returns table (program_id integer, state text)
language plpgsql security definer set search_path = pg_catalog as $$
#variable_conflict use_column
begin
    -- One night at a time begins or is shown.
    perform pg_advisory_xact_lock(7203121);
    if not exists (select from demand.night as n where n.run_id = begin_night.run_id) then
        perform demand.give_up(n.run_id) from (
            select distinct o.run_id from demand.night as o
            where o.state = 'loading' and o.as_of <= begin_night.as_of) as n;
    end if;
    insert into demand.night (program_id, run_id, as_of, model, state, began_at)
    select p.program_id, begin_night.run_id, begin_night.as_of, begin_night.model,
           case when exists (
               select from demand.night as o
               where o.program_id = p.program_id and o.state in ('loading', 'current') and o.as_of > begin_night.as_of
           ) then 'superseded' else 'loading' end, clock.now()
    from programme.program as p
    on conflict do nothing;
    return query select n.program_id, n.state from demand.night as n where n.run_id = begin_night.run_id;
end
$$;

-- Internal: a night that does not come to its end leaves nothing.
create or replace function demand.give_up(run_id text) returns void
language sql set search_path = pg_catalog as $$
    delete from demand.piece as p where p.run_id = give_up.run_id;
    update demand.night as n set state = 'stopped', row_xid = pg_current_xact_id()
    where n.run_id = give_up.run_id and n.state = 'loading';
$$;

-- The machine stopped: what is shown stays.
create or replace function demand.stop_night(run_id text) returns void
language plpgsql security definer set search_path = pg_catalog as $$
begin
    perform pg_advisory_xact_lock(7203121);
    perform demand.give_up(stop_night.run_id);
end
$$;

-- Put a part aside until the night is shown: rows of all programmes, each with its program_id. The same part once more
-- changes nothing. False: this night does not load.
create or replace function demand.keep_piece(run_id text, name text, piece text, rows jsonb) returns boolean
language plpgsql security definer set search_path = pg_catalog as $$
#variable_conflict use_column
begin
    -- Held until the piece is in: who gives the night up takes it away as well.
    perform from demand.night as n
    where n.run_id = keep_piece.run_id and n.state = 'loading' order by n.program_id for share;
    if not found then
        return false;
    end if;
    -- A row of a programme that there is not breaks the reference: then the night is somebody else's.
    insert into demand.piece (program_id, run_id, name, piece, rows)
    select (one.row ->> 'program_id')::integer, keep_piece.run_id, keep_piece.name, keep_piece.piece, jsonb_agg(one.row)
    from jsonb_array_elements(keep_piece.rows) as one(row)
    group by 1
    on conflict do nothing;
    return true;
end
$$;

-- Members' lists, each whole, shown at once: a member's own is of one night, and a million are too many for one
-- transaction. By the lake's keys; whoever has none any more was erased. How many were kept; null: this night does not
-- load.
create or replace function demand.keep_members(run_id text, rows jsonb) returns integer
language plpgsql security definer set search_path = pg_catalog as $$
#variable_conflict use_column
declare
    v_kept integer;
begin
    if not exists (select from demand.night as n where n.run_id = keep_members.run_id and n.state = 'loading') then
        return null;
    end if;
    with given as (
        select k.program_id, jsonb_agg(jsonb_build_object(
                   'member_id', k.member_id, 'asins', r.asins, 'scores', r.scores, 'because', r.because)) as lists
        from jsonb_to_recordset(keep_members.rows)
            as r(program_id integer, member_key uuid, asins jsonb, scores jsonb, because jsonb)
        join lake.member_key as k on k.member_key = r.member_key and k.program_id = r.program_id
        group by k.program_id
    )
    select coalesce(sum(recommendations.keep_lists(g.program_id, g.lists, n.began_at)), 0) into v_kept
    from given as g
    join demand.night as n
        on n.program_id = g.program_id and n.run_id = keep_members.run_id and n.state = 'loading';
    return v_kept;
end
$$;

-- Show the night: from here on everything of this programme is of it. Once more changes nothing. The state then: current;
-- superseded or stopped, when it came too late.
create or replace function demand.show_night(program_id integer, run_id text, health jsonb) returns text
language plpgsql security definer set search_path = pg_catalog as $$
#variable_conflict use_column
declare
    v_night demand.night;
begin
    perform pg_advisory_xact_lock(7203121);
    select n.* into v_night from demand.night as n
    where n.program_id = show_night.program_id and n.run_id = show_night.run_id for update;
    if v_night.state is distinct from 'loading' then
        return coalesce(v_night.state, 'stopped');
    end if;
    perform demand.replace_rows(show_night.program_id, show_night.run_id);
    perform recommendations.clear_products(show_night.program_id);
    perform case p.name when 'similar' then recommendations.add_similar(p.program_id, p.rows, v_night.began_at)
                        else recommendations.add_trending(p.program_id, p.rows, v_night.began_at) end
    from demand.piece as p
    where p.program_id = show_night.program_id and p.run_id = show_night.run_id and p.name in ('similar', 'trending');
    update demand.night as n set state = 'superseded', row_xid = pg_current_xact_id()
    where n.program_id = show_night.program_id and n.state = 'current';
    update demand.night as n
    set state = 'current', health = show_night.health, loaded_at = clock.now(), row_xid = pg_current_xact_id()
    where n.program_id = show_night.program_id and n.run_id = show_night.run_id;
    delete from demand.piece as p where p.program_id = show_night.program_id and p.run_id = show_night.run_id;
    delete from demand.night as n
    where n.program_id = show_night.program_id and n.state <> 'current' and n.began_at < clock.now() - interval '400 days';
    return 'current';
end
$$;

-- Internal: what was shown goes, what was put aside takes its place, read part by part: together they may be gigabytes. Of a
-- product that was told twice one row counts.
create or replace function demand.replace_rows(program_id integer, run_id text) returns void
language plpgsql set search_path = pg_catalog as $$
#variable_conflict use_column
begin
    delete from demand.forecast as old where old.program_id = replace_rows.program_id;
    insert into demand.forecast (program_id, asin, period, first_on, mean, q05, q10, q25, q50, q75, q90, q95,
                                 history_from, history, basis, run_id)
    select distinct on (n.asin, n.period) replace_rows.program_id, n.asin, n.period, n.first_on, n.mean, n.q05, n.q10,
           n.q25, n.q50, n.q75, n.q90, n.q95, n.history_from, n.history, n.basis, replace_rows.run_id
    from demand.piece as piece
    cross join lateral jsonb_to_recordset(piece.rows) as n(
        asin text, period text, first_on date, mean real[], q05 real[], q10 real[], q25 real[], q50 real[], q75 real[],
        q90 real[], q95 real[], history_from date, history real[], basis text)
    where piece.program_id = replace_rows.program_id and piece.run_id = replace_rows.run_id and piece.name = 'forecast'
    order by n.asin, n.period;
    delete from demand.outlook as old where old.program_id = replace_rows.program_id;
    insert into demand.outlook (program_id, asin, first_on, probability, by_day, cause, is_out, back_from, back_until,
                                members_disappointed, evidence, run_id)
    select distinct on (n.asin) replace_rows.program_id, n.asin, n.first_on, n.probability, n.by_day, n.cause, n.is_out,
           n.back_from, n.back_until, n.members_disappointed, n.evidence, replace_rows.run_id
    from demand.piece as piece
    cross join lateral jsonb_to_recordset(piece.rows) as n(
        asin text, first_on date, probability real, by_day real[], cause text, is_out boolean, back_from date,
        back_until date, members_disappointed real, evidence jsonb)
    where piece.program_id = replace_rows.program_id and piece.run_id = replace_rows.run_id and piece.name = 'outlooks'
    order by n.asin;
    delete from demand.trend as old where old.program_id = replace_rows.program_id;
    insert into demand.trend (program_id, asin, direction, percent_a_week, low, high, p, q, campaign_percent, campaign_low,
                              campaign_high, first_on, units, level, season, campaign, run_id)
    select distinct on (n.asin) replace_rows.program_id, n.asin, n.direction, n.percent_a_week, n.low, n.high, n.p, n.q,
           n.campaign_percent, n.campaign_low, n.campaign_high, n.first_on, n.units, n.level, n.season, n.campaign,
           replace_rows.run_id
    from demand.piece as piece
    cross join lateral jsonb_to_recordset(piece.rows) as n(
        asin text, direction text, percent_a_week real, low real, high real, p real, q real, campaign_percent real,
        campaign_low real, campaign_high real, first_on date, units real[], level real[], season real[], campaign real[])
    where piece.program_id = replace_rows.program_id and piece.run_id = replace_rows.run_id and piece.name = 'trends'
    order by n.asin;
end
$$;

-- Members' lists that a shown night did not work out again, at most so many; how many went.
create or replace function demand.drop_lists(program_id integer, run_id text, most integer) returns integer
language sql security definer set search_path = pg_catalog as $$
    select coalesce(max(recommendations.drop_lists(n.program_id, n.began_at, drop_lists.most)), 0)
    from demand.night as n
    where n.program_id = drop_lists.program_id and n.run_id = drop_lists.run_id and n.state = 'current'
$$;

-- Nothing calls it any more.
drop function if exists demand.pieces(integer, text, text);
