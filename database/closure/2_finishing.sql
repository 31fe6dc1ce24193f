-- What the schedule does with accounts whose thirty days are over. Each step is one transaction about one account and may be
-- stopped anywhere and done again.

-- What is due, soonest first. `step`: finish, remove_sign_in (of `subject`: one at a time, of the member and of memberships that
-- were merged into it), erase. Under a legal hold a step is put off by a day.
create or replace function closure.due(most integer)
returns table (program_id integer, closure_id uuid, step text, subject text)
language sql stable security definer set search_path = pg_catalog as $$
    select c.program_id, c.closure_id,
           case when c.state = 'closing' then 'finish'
                when members.held(c.program_id, c.member_id) then 'erase'
                when c.sign_in_removed_at is null or cardinality(s.subjects) > 0 then 'remove_sign_in'
                else 'erase' end,
           s.subjects[1]
    from closure.closure as c
    cross join lateral (select case when c.state = 'closed' and not members.held(c.program_id, c.member_id)
                                    then members.sign_ins_of_the_gone(c.program_id, c.member_id)
                                    else '{}' end as subjects) as s
    where c.state in ('closing', 'closed') and c.due_at <= clock.now()
    order by c.due_at, c.closure_id limit most
$$;

-- Not now: look again after so many minutes.
create or replace function closure.put_off(program_id integer, closure_id uuid, minutes integer) returns void
language sql security definer set search_path = pg_catalog as $$
    update closure.closure as c
    set due_at = clock.now() + make_interval(mins => put_off.minutes), row_xid = pg_current_xact_id()
    where c.program_id = put_off.program_id and c.closure_id = put_off.closure_id and c.state in ('closing', 'closed')
$$;

-- Internal: the points go, those of memberships that became part of this one too, and the membership with them. The caller holds the closure's row and the member's. Returns the points.
create or replace function closure.take_away(c closure.closure) returns bigint
language plpgsql set search_path = pg_catalog as $$
declare
    whose bigint;
    forfeited points.outcome;
    taken bigint := 0;
begin
    for whose in select f.member_id from unnest(members.family(c.program_id, c.member_id)) as f (member_id) order by 1 loop
        forfeited := points.forfeit(c.program_id, whose, clock.new_id(), 'closure', 'closure');
        if forfeited.status <> 'ok' then
            raise exception 'closure %: the ledger says %', c.closure_id, forfeited.status;
        end if;
        taken := taken + forfeited.amount;
    end loop;
    perform members.close(c.program_id, c.member_id);
    update closure.closure as one
    set state = 'closed', closed_at = clock.now(), due_at = clock.now(), row_xid = pg_current_xact_id()
    where one.program_id = c.program_id and one.closure_id = c.closure_id;
    perform outbox.emit(c.program_id, 'member.closed', c.member_id::text, c.closure_id,
                        jsonb_build_object('member_id', c.member_id));
    return taken;
end
$$;

-- Internal (the privacy room calls it): the end without the thirty days, of an account that is being closed or not. Returns
-- the points that went: 0 where it has ended before, null while an order or a case is open or a legal hold stands.
create or replace function closure.end_now(program_id integer, member_id bigint, closure_id uuid) returns bigint
language plpgsql set search_path = pg_catalog as $$
declare
    c closure.closure;
begin
    perform from members.member as m
    where m.program_id = end_now.program_id and m.member_id = end_now.member_id for no key update;
    select * into c from closure.closure as one
    where one.program_id = end_now.program_id and one.member_id = end_now.member_id and one.state <> 'undone'
    for no key update;
    if c.state in ('closed', 'erased') then
        return 0;
    elsif members.held(end_now.program_id, end_now.member_id)
          or closure.in_the_way(end_now.program_id, end_now.member_id) && array['redemptions_open', 'points_held', 'cases_open'] then
        return null;
    elsif c.state is null then
        insert into closure.closure(program_id, closure_id, member_id, request_hash, started_at, undo_until, due_at)
        values (end_now.program_id, end_now.closure_id, end_now.member_id, '\x', clock.now(), clock.now(), clock.now())
        returning * into c;
    end if;
    return closure.take_away(c);
end
$$;

-- The points go, and the membership with them. Returns closed, waits (something has to end first, or a legal hold stands: looked
-- at again tomorrow; until then it may be undone), not_due.
create or replace function closure.finish(program_id integer, closure_id uuid) returns text
language plpgsql security definer set search_path = pg_catalog as $$
declare
    c closure.closure;
begin
    select * into c from closure.closure as one
    where one.program_id = finish.program_id and one.closure_id = finish.closure_id;
    perform from members.member as m
    where m.program_id = c.program_id and m.member_id = c.member_id for no key update;
    select * into c from closure.closure as one
    where one.program_id = finish.program_id and one.closure_id = finish.closure_id and one.state = 'closing'
      and one.due_at <= clock.now()
    for no key update;
    if not found then
        return 'not_due';
    end if;
    if members.held(c.program_id, c.member_id) or cardinality(closure.in_the_way(c.program_id, c.member_id)) > 0 then
        perform closure.put_off(c.program_id, c.closure_id, 24 * 60);
        return 'waits';
    end if;
    perform closure.take_away(c);
    return 'closed';
end
$$;

-- Nobody signs in by `subject` any more; null: there was nothing to remove. After the last of them what says who it was stays so
-- long that the last message arrives.
drop function if exists closure.sign_in_removed(integer, uuid, integer);
create or replace function closure.sign_in_removed(program_id integer, closure_id uuid, subject text, keep_hours integer)
returns void language sql security definer set search_path = pg_catalog as $$
    select members.forget_sign_ins(c.program_id, c.member_id, array[sign_in_removed.subject])
    from closure.closure as c
    where c.program_id = sign_in_removed.program_id and c.closure_id = sign_in_removed.closure_id and c.state = 'closed';
    update closure.closure as c
    set sign_in_removed_at = clock.now(), due_at = c.closed_at + make_interval(hours => sign_in_removed.keep_hours),
        row_xid = pg_current_xact_id()
    where c.program_id = sign_in_removed.program_id and c.closure_id = sign_in_removed.closure_id and c.state = 'closed'
      and c.sign_in_removed_at is null and cardinality(members.sign_ins_of_the_gone(c.program_id, c.member_id)) = 0
$$;

-- Each room forgets who it was, and who was merged into it. Returns whether this was the time.
create or replace function closure.erase(program_id integer, closure_id uuid) returns boolean
language plpgsql security definer set search_path = pg_catalog as $$
declare
    c closure.closure;
    one_of_them bigint;
begin
    select * into c from closure.closure as one
    where one.program_id = erase.program_id and one.closure_id = erase.closure_id and one.state = 'closed'
      and one.due_at <= clock.now()
    for no key update;
    if not found then
        return false;
    elsif members.held(c.program_id, c.member_id) then
        perform closure.put_off(c.program_id, c.closure_id, 24 * 60);
        return false;
    elsif c.sign_in_removed_at is null then
        return false;
    end if;
    perform members.erase(c.program_id, c.member_id);
    foreach one_of_them in array members.family(c.program_id, c.member_id) loop
        perform notifications.forget(c.program_id, one_of_them);
        perform wishes.forget(c.program_id, one_of_them);
        perform interactions.forget(c.program_id, one_of_them);
        perform recommendations.forget(c.program_id, one_of_them);
    end loop;
    update closure.closure as one
    set state = 'erased', erased_at = clock.now(), row_xid = pg_current_xact_id()
    where one.program_id = c.program_id and one.closure_id = c.closure_id;
    return true;
end
$$;

-- Points that came into a closed account, or one that had become part of it, afterwards, as of returned goods, and what it then owes. How many accounts.
create or replace function closure.forfeit_late(most integer) returns integer
language plpgsql security definer set search_path = pg_catalog as $$
declare
    late record;
    taken integer := 0;
begin
    for late in
        select p.program_id, p.member_id from closure.closure as c
        cross join lateral (
            select c.member_id
            union all
            select d.member_id from members.member as d
            where d.program_id = c.program_id and d.merged_into = c.member_id) as f
        join points.member as p on p.program_id = c.program_id and p.member_id = f.member_id
        where c.closed_at > clock.now() - interval '2 years'
          and p.available + p.pending + p.debt > 0 and p.held = 0
        order by c.closed_at limit most
        for no key update of p skip locked
    loop
        perform points.forfeit(late.program_id, late.member_id, clock.new_id(), 'closure', 'closure');
        taken := taken + 1;
    end loop;
    return taken;
end
$$;

-- How many accounts nobody has looked at when they were due, hours ago. Those that wait for something to end are not among them.
drop function if exists closure.overdue();
create function closure.overdue() returns bigint
language sql stable security definer set search_path = pg_catalog as $$
    select count(*) from closure.closure as c
    where c.state in ('closing', 'closed') and c.due_at < clock.now() - interval '6 hours'
$$;
