-- Two memberships of one person become one. Somebody asks, somebody else decides, and before both it is told what would happen.
-- Redemptions, cases, adjustments and the statement of the duplicate stay where they are: whoever looks for them by either number finds
-- them with the survivor. Points that come into the duplicate's account later follow within a minute.

-- Internal: what stands in the way, in the order in which it is told.
create or replace function support.obstacles(d members.member, s members.member) returns text[]
language sql stable set search_path = pg_catalog as $$
    select array_remove(array[
        case when d.member_id = s.member_id then 'same_member' end,
        case when 'closed' in (d.state, s.state) then 'closed' end,
        case when 'blocked' in (d.state, s.state) then 'blocked' end,
        case when num_nonnulls(d.frozen_at, s.frozen_at) > 0 then 'frozen' end,
        case when num_nonnulls(d.closing_since, s.closing_since) > 0 then 'closing' end,
        -- It waits for its second person, or has it and is carried out.
        case when exists (select from casework.case as k
                          where k.program_id = d.program_id and k.kind = 'erasure'
                            and k.subject in ('member:' || d.member_id, 'member:' || s.member_id)
                            and (k.state = 'open' or k.decision = 'approve')) then 'erasing' end,
        case when exists (select from redemptions.redemption as r
                          where r.program_id = d.program_id and r.member_id = d.member_id and r.state <> 'closed')
             then 'redemptions_open' end,
        case when p.held > 0 then 'points_held' end,
        case when exists (select from cases.member_case as k
                          where k.program_id = d.program_id and k.member_id = d.member_id
                            and k.state in ('open', 'approval', 'return')) then 'cases_open' end,
        case when exists (select from members.adjustment as a
                          where a.program_id = d.program_id and a.member_id = d.member_id and a.state = 'waiting')
             then 'adjustments_waiting' end,
        case when p.debt > t.available then 'owes_points' end,
        case when t.available + t.held + t.pending + p.available > 9007199254740991 then 'too_many_points' end], null)
    from points.member as p
    join points.member as t on t.program_id = s.program_id and t.member_id = s.member_id
    where p.program_id = d.program_id and p.member_id = d.member_id
$$;

-- Internal: one of the two, as whoever decides sees it.
create or replace function support.one_of_two(m members.member) returns jsonb
language sql stable set search_path = pg_catalog as $$
    select to_jsonb(t) - array['found_by', 'redemption_id'] || jsonb_build_object(
        'member_since', m.created_at, 'sign_in', m.subject is not null, 'available', b.available, 'held', b.held,
        'pending', b.pending, 'debt', b.debt,
        'lots', (select coalesce(jsonb_agg(to_jsonb(l)), '[]') from points.lots(m.program_id, m.member_id) as l),
        'redemptions', (select count(*) from redemptions.redemption as r
                        where r.program_id = m.program_id and r.member_id = m.member_id),
        'cases', (select count(*) from cases.member_case as k where k.program_id = m.program_id and k.member_id = m.member_id))
    from support.told(m.program_id, array[m.member_id], null, null, 1) as t,
         points.balance(m.program_id, m.member_id) as b
$$;

-- What would happen; null where one of the numbers is nobody's. `sign_in`: moved (to the survivor), both (each leads to the survivor),
-- none. Points that are pending follow on their day.
create or replace function support.merge_preview(program_id integer, duplicate text, survivor text) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog as $$
declare
    d members.member;
    s members.member;
begin
    select * into d from members.member as m
    where m.program_id = merge_preview.program_id and m.number = merge_preview.duplicate;
    select * into s from members.member as m
    where m.program_id = merge_preview.program_id and m.number = merge_preview.survivor;
    if num_nulls(d.member_id, s.member_id) > 0 then
        return null;
    end if;
    return jsonb_build_object(
        'duplicate', support.one_of_two(d), 'survivor', support.one_of_two(s), 'obstacles', to_jsonb(support.obstacles(d, s)),
        'sign_in', case when d.subject is null then 'none' when s.subject is null then 'moved' else 'both' end);
end
$$;

-- Statuses: waiting, replay_waiting, replay_merged, replay_declined, key_reuse, key_time, unknown_member, asked (another request about
-- the duplicate waits), or the first obstacle.
create or replace function support.ask_merge(
    program_id integer, merge_id uuid, duplicate text, survivor text, reason text, request_hash bytea, actor text
) returns text language plpgsql security definer set search_path = pg_catalog as $$
#variable_conflict use_variable
declare
    known support.merge;
    d members.member;
    s members.member;
    obstacles text[];
begin
    select * into known from support.merge as g where g.program_id = ask_merge.program_id and g.merge_id = ask_merge.merge_id;
    if found then
        return case when (known.request_hash, known.requested_by) = (request_hash, actor) then 'replay_' || known.state
                    else 'key_reuse' end;
    elsif not clock.key_is_fresh(merge_id) then
        return 'key_time';
    end if;
    select * into d from members.member as m where m.program_id = ask_merge.program_id and m.number = duplicate;
    select * into s from members.member as m where m.program_id = ask_merge.program_id and m.number = survivor;
    if num_nulls(d.member_id, s.member_id) > 0 then
        return 'unknown_member';
    end if;
    obstacles := support.obstacles(d, s);
    if cardinality(obstacles) > 0 then
        return obstacles[1];
    end if;
    insert into support.merge(program_id, merge_id, duplicate_id, survivor_id, reason, request_hash, requested_by, requested_at)
    values (program_id, merge_id, d.member_id, s.member_id, reason, request_hash, actor, clock.now())
    on conflict do nothing;
    if not found then
        return case when exists (select from support.merge as g where g.merge_id = ask_merge.merge_id) then 'key_reuse'
                    else 'asked' end;
    end if;
    perform casework.open_case(
        program_id, merge_id, 'merge', 'member:' || s.member_id, 'duplicate',
        jsonb_build_object('merge_id', merge_id, 'member_id', s.member_id, 'duplicate_id', d.member_id),
        array['approve', 'decline'], array['business-operator'], clock.now() + interval '14 days', actor);
    return 'waiting';
end
$$;

-- The second person. Statuses: merged, declined, replay_merged, replay_declined, those of casework.decide_case, or the first obstacle:
-- then it waits on.
create or replace function support.decide_merge(program_id integer, merge_id uuid, decision text, actor text, groups text[])
returns text language plpgsql security definer set search_path = pg_catalog as $$
declare
    g support.merge;
    d members.member;
    s members.member;
    said text;
    obstacles text[];
    moved points.outcome;
    how text;
begin
    select * into g from support.merge as one
    where one.program_id = decide_merge.program_id and one.merge_id = decide_merge.merge_id for no key update;
    -- Members before their accounts, like everybody who needs both.
    perform from members.member as m
    where m.program_id = g.program_id and m.member_id in (g.duplicate_id, g.survivor_id)
    order by m.member_id for no key update;
    begin
        said := casework.decide_case(decide_merge.program_id, decide_merge.merge_id, decision, actor, groups);
        if said = 'replay' then
            return 'replay_' || g.state;
        elsif said <> 'ok' then
            return said;
        elsif decision = 'decline' then
            update support.merge as one
            set state = 'declined', decided_by = actor, decided_at = clock.now(), row_xid = pg_current_xact_id()
            where one.program_id = g.program_id and one.merge_id = g.merge_id;
            return 'declined';
        end if;
        select * into strict d from members.member as m where m.program_id = g.program_id and m.member_id = g.duplicate_id;
        select * into strict s from members.member as m where m.program_id = g.program_id and m.member_id = g.survivor_id;
        obstacles := support.obstacles(d, s);
        if cardinality(obstacles) > 0 then
            raise exception using errcode = 'SU001', message = obstacles[1];
        end if;
        moved := points.merge(g.program_id, g.duplicate_id, g.survivor_id, clock.new_id(), actor);
        if moved.status <> 'ok' then
            raise exception using errcode = 'SU001', message = case moved.status when 'held' then 'points_held'
                                                                                 else 'too_many_points' end;
        end if;
        perform tiers.merge(g.program_id, g.duplicate_id, g.survivor_id, actor);
        how := members.merge(g.program_id, g.duplicate_id, g.survivor_id);
        perform wishes.hand_on(g.program_id, g.duplicate_id, g.survivor_id);
        perform interactions.hand_on(g.program_id, g.duplicate_id, g.survivor_id);
        -- The survivor's list knows of the other's past after the next night.
        perform recommendations.forget(g.program_id, g.duplicate_id);
    exception when sqlstate 'SU001' then
        return sqlerrm;
    end;
    update support.merge as one
    set state = 'merged', decided_by = actor, decided_at = clock.now(), op_id = moved.op_id, points = moved.amount,
        sign_in = how, row_xid = pg_current_xact_id()
    where one.program_id = g.program_id and one.merge_id = g.merge_id;
    perform outbox.emit(g.program_id, 'member.merged', g.survivor_id::text, g.merge_id,
                        jsonb_build_object('member_id', g.survivor_id, 'duplicate_id', g.duplicate_id));
    return 'merged';
end
$$;

-- What waits for a second person, oldest first.
create or replace function support.merges_waiting(program_id integer, most integer) returns setof jsonb
language sql stable security definer set search_path = pg_catalog as $$
    select support.merge_told(g) from support.merge as g
    where g.program_id = merges_waiting.program_id and g.state = 'waiting'
    order by g.requested_at, g.merge_id limit greatest(1, least(most, 200))
$$;

-- Internal: the programme writes off what returned goods leave owing.
create or replace function support.writes_off(program_id integer) returns boolean
language sql stable set search_path = pg_catalog as $$
    select coalesce((select c.document -> 'points' ->> 'debt_policy' = 'write_off'
                     from programme.current(writes_off.program_id) as c), false)
$$;

-- Internal: something counts towards a level of this membership.
create or replace function support.has_units(program_id integer, member_id bigint) returns boolean
language sql stable set search_path = pg_catalog as $$
    select exists (select from tiers.month as o where o.program_id = has_units.program_id and o.member_id = has_units.member_id)
        or exists (select from tiers.reached as r where r.program_id = has_units.program_id and r.member_id = has_units.member_id)
$$;

-- What came into a duplicate's account after it was merged follows: points, what counts towards levels, and what it then owes is paid;
-- where the programme writes debts off, what the survivor has not is written off. A closed survivor gets nothing: that goes with
-- the account. Looks at the next `most` duplicates after that one; how many had something, and the last one looked at (null:
-- there are no more).
drop function if exists support.forward_late(integer);
create or replace function support.forward_late(after bigint, most integer, out forwarded integer, out last bigint)
language plpgsql security definer set search_path = pg_catalog as $$
declare
    programs integer[];
    duplicates bigint[];
    survivors bigint[];
    late record;
    moved points.outcome;
    units boolean;
begin
    select array_agg(w.program_id), array_agg(w.member_id), array_agg(w.merged_into), max(w.member_id), 0
    into programs, duplicates, survivors, last, forwarded
    from (select m.program_id, m.member_id, m.merged_into from members.member as m
          join members.member as s on s.program_id = m.program_id and s.member_id = m.merged_into
          join points.member as p on p.program_id = m.program_id and p.member_id = m.member_id
          join points.member as t on t.program_id = m.program_id and t.member_id = m.merged_into
          where m.merged_into is not null and m.member_id > forward_late.after and s.state <> 'closed'
            and (p.held = 0 and (p.available > 0 or p.debt > 0 and (t.available > 0 or support.writes_off(m.program_id)))
                 or support.has_units(m.program_id, m.member_id))
          order by m.member_id limit most) as w;
    if last is null then
        return;
    end if;
    -- All of them at once and ascending, members before their accounts, like everybody who locks several.
    perform from members.member as m
    where (m.program_id, m.member_id) in (select * from unnest(programs || programs, duplicates || survivors))
    order by m.member_id for no key update of m;
    perform from points.member as p
    where (p.program_id, p.member_id) in (select * from unnest(programs || programs, duplicates || survivors))
    order by p.member_id for no key update of p;
    for late in
        select m.program_id, m.member_id, m.merged_into
        from unnest(programs, duplicates, survivors) as w (program_id, duplicate_id, survivor_id)
        -- Not who was led on to somebody else meanwhile.
        join members.member as m
            on m.program_id = w.program_id and m.member_id = w.duplicate_id and m.merged_into = w.survivor_id
        join members.member as s on s.program_id = w.program_id and s.member_id = w.survivor_id and s.state <> 'closed'
        order by m.member_id
    loop
        units := support.has_units(late.program_id, late.member_id);
        if units then
            perform tiers.merge(late.program_id, late.member_id, late.merged_into, 'merge');
        end if;
        moved := points.merge(late.program_id, late.member_id, late.merged_into, clock.new_id(), 'merge');
        if moved.status = 'ok' and moved.amount > 0 and moved.debt > 0 then
            moved := points.merge(late.program_id, late.member_id, late.merged_into, clock.new_id(), 'merge');
        end if;
        if moved.status = 'ok' and moved.debt > 0 and support.writes_off(late.program_id) then
            moved := points.waive(late.program_id, late.member_id, clock.new_id(), 'merge');
        end if;
        if units or moved.status = 'ok' and moved.amount <> 0 then
            forwarded := forwarded + 1;
        end if;
    end loop;
end
$$;

-- What must always hold; every row with violations above 0 is a fault.
create or replace function support.check_invariants() returns table (name text, violations bigint)
language sql stable security definer set search_path = pg_catalog as $$
    select 'S1 a membership leads to another if and only if two persons said so', count(*)
    from members.member as m
    full join (select g.program_id, g.duplicate_id from support.merge as g where g.state = 'merged') as g
        on g.program_id = m.program_id and g.duplicate_id = m.member_id
    where (m.merged_into is not null) <> (g.duplicate_id is not null)
    union all
    select 'S2 nobody is led to a membership that leads on', count(*)
    from members.member as m
    join members.member as s on s.program_id = m.program_id and s.member_id = m.merged_into
    where s.merged_into is not null
    union all
    select 'S3 a merge moved what it says', count(*)
    from support.merge as g
    where g.state = 'merged' and abs(g.points) <> (
        select coalesce(sum(j.amount), 0) from points.journal as j
        where j.program_id = g.program_id and j.op_id = g.op_id and j.member_id in (g.duplicate_id, g.survivor_id))
    union all
    select 'S4 a merge waits if and only if its case is open', count(*)
    from support.merge as g
    where (g.state = 'waiting') <> exists (
        select from casework.case as c where c.program_id = g.program_id and c.case_id = g.merge_id and c.state = 'open')
    union all
    select 'S5 an hour after it was booked, what counts towards a level counts for the membership that stands for it', count(*)
    from members.member as m
    join members.member as s on s.program_id = m.program_id and s.member_id = m.merged_into and s.state <> 'closed'
    where exists (select from tiers.reached as r
                  where r.program_id = m.program_id and r.member_id = m.member_id
                    and r.reached_at < clock.now() - interval '1 hour')
       or exists (select from tiers.month as o
                  join tiers.purchase as p on p.program_id = o.program_id and p.member_id = o.member_id
                  join points.accrual as a on a.program_id = p.program_id and a.op_id = p.op_id
                  where o.program_id = m.program_id and o.member_id = m.member_id
                    and a.created_at < clock.now() - interval '1 hour')
$$;
create or replace view support.invariants as select * from support.check_invariants();
