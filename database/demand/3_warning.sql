-- Warnings: raised by a night's outlooks, over when the risk is.

-- Raise what is new, end what is over; how many of each. A risk is at least so probable and disappoints at least so many
-- members. What a person dismissed is not raised again until it was over once.
create or replace function demand.warn(program_id integer, least_probability double precision, least_members double precision)
returns table (raised integer, ended integer)
language plpgsql security definer set search_path = pg_catalog as $$
#variable_conflict use_column
declare
    v_ended integer;
    v_raised integer;
    v_last bigint;
begin
    -- One after the other, or two would get one number.
    perform pg_advisory_xact_lock(warn.program_id, 84101);
    -- A risk that shrinks a little is not over: half of what raises it.
    update demand.alert as a
    set state = 'over', ended_at = clock.now(), row_xid = pg_current_xact_id()
    where a.program_id = warn.program_id and a.state <> 'over' and not exists (
        select from demand.outlook as o
        where o.program_id = a.program_id and o.asin = a.asin
          and (o.is_out or o.probability >= warn.least_probability / 2)
          and o.members_disappointed >= warn.least_members / 2);
    get diagnostics v_ended = row_count;
    select coalesce(max(a.alert_id), 0) into v_last from demand.alert as a where a.program_id = warn.program_id;
    insert into demand.alert (
        program_id, alert_id, asin, state, cause, raised_at, probability, members_disappointed, was_out)
    select o.program_id, v_last + row_number() over (order by o.members_disappointed desc, o.asin), o.asin, 'open',
           o.cause, clock.now(), o.probability, o.members_disappointed, o.is_out
    from demand.outlook as o
    where o.program_id = warn.program_id and (o.is_out or o.probability >= warn.least_probability)
      and o.members_disappointed >= warn.least_members
      and not exists (select from demand.alert as a
                      where a.program_id = o.program_id and a.asin = o.asin and a.state <> 'over');
    get diagnostics v_raised = row_count;
    return query select v_raised, v_ended;
end
$$;

-- The open ones, as they are now, those that disappoint most first.
create or replace function demand.warnings(program_id integer, most integer)
returns table (alert_id bigint, asin text, cause text, raised_at timestamptz, probability real,
               members_disappointed real, is_out boolean, back_from date, back_until date)
language sql stable security definer set search_path = pg_catalog
begin atomic
    select a.alert_id, a.asin, coalesce(o.cause, a.cause), a.raised_at, coalesce(o.probability, a.probability),
           coalesce(o.members_disappointed, a.members_disappointed), coalesce(o.is_out, a.was_out), o.back_from,
           o.back_until
    from demand.alert as a
    left join demand.outlook as o on o.program_id = a.program_id and o.asin = a.asin
    where a.program_id = warnings.program_id and a.state = 'open'
    order by 6 desc, a.asin
    limit warnings.most;
end;

-- A person has seen it: ok; unknown; over.
create or replace function demand.dismiss(program_id integer, alert_id bigint, actor text) returns text
language plpgsql security definer set search_path = pg_catalog as $$
#variable_conflict use_column
declare
    v_state text;
begin
    select a.state into v_state from demand.alert as a
    where a.program_id = dismiss.program_id and a.alert_id = dismiss.alert_id for update;
    if not found then return 'unknown'; end if;
    if v_state = 'over' then return 'over'; end if;
    update demand.alert as a
    set state = 'dismissed', dismissed_at = clock.now(), dismissed_by = dismiss.actor, row_xid = pg_current_xact_id()
    where a.program_id = dismiss.program_id and a.alert_id = dismiss.alert_id and a.state = 'open';
    return 'ok';
end
$$;
