-- A member closes the account, and may undo it for thirty days; until then nothing is lost. Rooms before this one say what
-- stands in the way, and each forgets what is its own.

-- Internal: what is in an account and in those that became part of it.
create or replace function closure.balance(program_id integer, member_id bigint)
returns table (available bigint, pending bigint, held bigint, debt bigint)
language sql stable set search_path = pg_catalog as $$
    select sum(b.available)::bigint, sum(b.pending)::bigint, sum(b.held)::bigint, sum(b.debt)::bigint
    from unnest(members.family(balance.program_id, balance.member_id)) as f (member_id),
         points.balance(balance.program_id, f.member_id) as b
    having count(*) > 0
$$;

-- Internal: what has to end first: codes in the order in which they are told. Held points are those of redemptions.
create or replace function closure.in_the_way(program_id integer, member_id bigint) returns text[]
language sql stable set search_path = pg_catalog as $$
    select array_remove(array[
        case when exists (select from redemptions.redemption as r
                          where r.program_id = in_the_way.program_id and r.member_id = any (f.ids)
                            and r.state <> 'closed') then 'redemptions_open' end,
        case when exists (select from points.member as p
                          where p.program_id = in_the_way.program_id and p.member_id = any (f.ids) and p.held > 0)
             then 'points_held' end,
        case when exists (select from cases.member_case as k
                          where k.program_id = in_the_way.program_id and k.member_id = any (f.ids)
                            and k.state in ('open', 'approval', 'return')) then 'cases_open' end,
        case members.spending_state(in_the_way.program_id, in_the_way.member_id)
             when 'frozen' then 'frozen' when 'blocked' then 'blocked' when 'closed' then 'blocked' end], null)
    from (select members.family(in_the_way.program_id, in_the_way.member_id) as ids) as f
$$;

-- How a member stands: active or closing (from when, and when it may be undone until: later where the end was put off), what
-- would be lost now, and what has to end first.
create or replace function closure.standing(program_id integer, member_id bigint)
returns table (
    state text, started_at timestamptz, undo_until timestamptz, available bigint, pending bigint, held bigint, debt bigint,
    obstacles text[], redemptions uuid[], cases uuid[]
) language sql stable security definer set search_path = pg_catalog as $$
    select coalesce(c.state, 'active'), c.started_at, greatest(c.undo_until, c.due_at), b.available, b.pending, b.held, b.debt,
           closure.in_the_way(standing.program_id, standing.member_id),
           array(select r.redemption_id from redemptions.redemption as r
                 where r.program_id = standing.program_id and r.member_id = any (f.ids) and r.state <> 'closed'
                 order by r.redemption_id desc limit 100),
           array(select k.case_id from cases.member_case as k
                 where k.program_id = standing.program_id and k.member_id = any (f.ids)
                   and k.state in ('open', 'approval', 'return')
                 order by k.case_id desc limit 100)
    from closure.balance(standing.program_id, standing.member_id) as b
    cross join (select members.family(standing.program_id, standing.member_id) as ids) as f
    left join closure.closure as c on c.program_id = standing.program_id and c.member_id = standing.member_id
                                  and c.state = 'closing'
$$;

-- Statuses: ok, replay (this request was carried out before, and stands), key_reuse (also of one that was undone), key_time,
-- closing (by another request), an obstacle of the above, points_changed (`points`: available and pending, as the member
-- was shown them).
create or replace function closure.start(
    program_id integer, member_id bigint, closure_id uuid, points bigint, request_hash bytea, undo_days integer
) returns text language plpgsql security definer set search_path = pg_catalog as $$
#variable_conflict use_variable
declare
    known closure.closure;
    obstacles text[];
    until timestamptz := clock.now() + make_interval(days => undo_days);
begin
    perform from members.member as m
    where m.program_id = start.program_id and m.member_id = start.member_id for no key update;
    select * into known from closure.closure as c
    where c.program_id = start.program_id and c.closure_id = start.closure_id;
    if found then
        return case when (known.member_id, known.request_hash) = (member_id, request_hash)
                     and known.state <> 'undone' then 'replay'
                    else 'key_reuse' end;
    elsif not clock.key_is_fresh(closure_id) then
        return 'key_time';
    elsif exists (select from closure.closure as c
                  where c.program_id = start.program_id and c.member_id = start.member_id and c.state <> 'undone') then
        return 'closing';
    end if;
    obstacles := closure.in_the_way(program_id, member_id);
    if cardinality(obstacles) > 0 then
        return obstacles[1];
    elsif points is distinct from (select b.available + b.pending from closure.balance(program_id, member_id) as b) then
        return 'points_changed';
    end if;
    insert into closure.closure(program_id, closure_id, member_id, request_hash, started_at, undo_until, due_at)
    values (program_id, closure_id, member_id, request_hash, clock.now(), until, until)
    on conflict do nothing;
    if not found then
        return 'key_reuse';
    end if;
    perform members.set_leaving(program_id, member_id, true);
    perform outbox.emit(program_id, 'member.closing', member_id::text, closure_id,
                        jsonb_build_object('member_id', member_id, 'until', until));
    return 'ok';
end
$$;

-- Everything is as it was. Returns whether there was anything to undo; again is the same as once.
create or replace function closure.undo(program_id integer, member_id bigint) returns boolean
language plpgsql security definer set search_path = pg_catalog as $$
begin
    perform from members.member as m
    where m.program_id = undo.program_id and m.member_id = undo.member_id for no key update;
    update closure.closure as c
    set state = 'undone', undone_at = clock.now(), row_xid = pg_current_xact_id()
    where c.program_id = undo.program_id and c.member_id = undo.member_id and c.state = 'closing';
    if not found then
        return false;
    end if;
    perform members.set_leaving(undo.program_id, undo.member_id, false);
    return true;
end
$$;
