-- A redemption that stands still before the pivot: until the member has confirmed it (step_up), until a person has looked
-- (review), or until the deadline, which releases the points and never places. Whoever acts has locked the redemption's row
-- first, so of a cancellation, a confirmation, a decision and the deadline exactly one happens.

-- Internal: stand still. The hold and the promise of the price last as long as that may take.
create or replace function redemptions.park(redemption redemptions.redemption, kind text, reason text) returns void
language plpgsql set search_path = pg_catalog as $$
declare
    policy constant jsonb := redemptions.screening_policy(redemption.program_id, redemption.programme_version);
    number constant integer := (select count(*) from redemptions.parking as p
                                where p.program_id = redemption.program_id and p.redemption_id = redemption.redemption_id);
    was_parked constant boolean := redemption.state in ('step_up', 'review');
    came_from text := redemption.state;
    deadline timestamptz;
    case_id uuid;
begin
    if was_parked then
        came_from := redemptions.end_parking(redemption, 'superseded', 'engine');
    end if;
    if kind = 'step_up' then
        -- Inside the release delay nothing is lost by waiting.
        deadline := greatest(clock.now(), redemption.release_at)
                    + make_interval(mins => coalesce((policy ->> 'step_up_minutes')::integer, 60));
    else
        deadline := clock.now() + make_interval(hours => coalesce((policy ->> 'review_hours')::integer, 48));
        case_id := clock.new_id();
        perform casework.open_case(
            redemption.program_id, case_id, 'screening', redemption.redemption_id::text, park.reason,
            jsonb_build_object('redemption_id', redemption.redemption_id, 'member_id', redemption.member_id,
                               'points', redemption.points, 'money_minor', redemption.money_minor,
                               'currency', redemption.currency, 'address_id', redemption.address_id,
                               'screening', (select to_jsonb(s) - array['program_id', 'redemption_id', 'row_xid']
                                             from redemptions.screening as s
                                             where s.program_id = redemption.program_id
                                               and s.redemption_id = redemption.redemption_id)),
            array['approve', 'reject'], array['support'], deadline, 'engine');
    end if;
    insert into redemptions.parking(program_id, redemption_id, parking_number, kind, reason, came_from, parked_at, deadline,
                                    case_id)
    values (redemption.program_id, redemption.redemption_id, number + 1, park.kind, park.reason, came_from, clock.now(),
            deadline, case_id);
    perform redemptions.promise_until(redemption, deadline);
    perform redemptions.move(redemption.program_id, redemption.redemption_id, park.kind,
                             case when park.reason = 'frozen' then 'frozen' when park.kind = 'review' then 'checking'
                                  else 'step_up' end,
                             jsonb_build_object('until', deadline));
    if kind = 'step_up' then
        -- Most will not be looking any more.
        perform outbox.emit(
            redemption.program_id, 'redemption.confirmation_asked', redemption.redemption_id::text, redemption.redemption_id,
            jsonb_build_object('redemption_id', redemption.redemption_id, 'member_id', redemption.member_id,
                               'until', deadline));
    end if;
end
$$;

-- Internal: price and hold are promised for some time after `deadline`, as they were for the time after redeeming.
create or replace function redemptions.promise_until(redemption redemptions.redemption, deadline timestamptz) returns void
language plpgsql set search_path = pg_catalog as $$
declare
    approval constant interval := redemption.approve_until - redemption.release_at;
    latest constant timestamptz := greatest(redemption.place_before, deadline + approval + interval '1 day');
begin
    update redemptions.redemption as r
    set place_before = latest, approve_until = greatest(r.approve_until, deadline + approval),
        lease_until = greatest(r.lease_until, latest + interval '1 day')
    where r.program_id = redemption.program_id and r.redemption_id = redemption.redemption_id;
    if redemption.points > 0 then
        perform points.extend_lease(redemption.program_id, redemption.member_id, redemption.redemption_id,
                                    latest + interval '2 days');
    end if;
end
$$;

-- Internal: it stands still no longer, for this reason. Returns where it came from; null: it did not stand still.
create or replace function redemptions.end_parking(redemption redemptions.redemption, result text, actor text) returns text
language plpgsql set search_path = pg_catalog as $$
declare
    ended record;
begin
    update redemptions.parking as p
    set result = end_parking.result, resolved_at = clock.now(), resolved_by = end_parking.actor,
        row_xid = pg_current_xact_id()
    where p.program_id = redemption.program_id and p.redemption_id = redemption.redemption_id and p.result is null
    returning p.came_from, p.case_id into ended;
    if ended.case_id is not null then
        -- One that a person has decided is left alone.
        perform casework.withdraw_case(redemption.program_id, ended.case_id, end_parking.actor);
    end if;
    return ended.came_from;
end
$$;

-- Internal: it goes on where it stood.
create or replace function redemptions.go_on(redemption redemptions.redemption, result text, actor text) returns void
language plpgsql set search_path = pg_catalog as $$
declare
    came_from constant text := redemptions.end_parking(redemption, go_on.result, go_on.actor);
begin
    if came_from = 'awaiting_payment' then
        -- While it stood still the member could not approve.
        update redemptions.redemption as r
        set approve_until = greatest(r.approve_until, clock.now() + (redemption.approve_until - redemption.release_at))
        where r.program_id = redemption.program_id and r.redemption_id = redemption.redemption_id
          and r.approve_until < clock.now();
    end if;
    perform redemptions.move(redemption.program_id, redemption.redemption_id, came_from, go_on.result);
end
$$;

-- Internal: nobody confirmed it, or a person said no. Nothing is ordered; the points return at once unless a payment may be
-- under way, then when that is closed.
create or replace function redemptions.give_up(redemption redemptions.redemption, result text, actor text) returns void
language plpgsql set search_path = pg_catalog as $$
declare
    kind constant text := redemption.state;
    came_from constant text := redemptions.end_parking(redemption, give_up.result, give_up.actor);
begin
    perform orders.withdraw(redemption.program_id, redemption.redemption_id);
    update redemptions.redemption as r set outcome = 'cancelled'
    where r.program_id = redemption.program_id and r.redemption_id = redemption.redemption_id;
    perform redemptions.move(redemption.program_id, redemption.redemption_id, 'cancelled',
                             case when kind = 'step_up' then 'not_confirmed' else 'not_approved' end,
                             jsonb_build_object('result', give_up.result));
    if came_from = 'held' then
        perform redemptions.return_points(redemption, redemption.points, redemptions.caused_by(redemption));
        perform redemptions.return_discounts(array[redemption.redemption_id]);
    end if;
end
$$;

-- Internal: whose doing it is that a cancelled redemption's points return.
create or replace function redemptions.caused_by(redemption redemptions.redemption) returns text
language sql stable set search_path = pg_catalog as $$
    select case when exists (
        select from redemptions.parking as p
        where p.program_id = redemption.program_id and p.redemption_id = redemption.redemption_id
          and p.kind = 'review' and p.result in ('rejected', 'lapsed')) then 'ours' else 'member' end
$$;

-- Internal: who ended a cancelled redemption: member, not_confirmed (nobody answered our question), not_approved (we).
create or replace function redemptions.cancelled_by(program_id integer, redemption_id uuid) returns text
language sql stable set search_path = pg_catalog as $$
    select coalesce((
        select case p.kind when 'step_up' then 'not_confirmed' else 'not_approved' end
        from redemptions.parking as p
        where p.program_id = cancelled_by.program_id and p.redemption_id = cancelled_by.redemption_id
          and p.result in ('rejected', 'lapsed')
        order by p.parking_number desc limit 1), 'member')
$$;

-- Internal: what comes next for a redemption that stands still: hold (look again in delay_seconds), or back.
-- Longer and longer pauses: an execution may have only so many steps.
create or replace function redemptions.stand_still(redemption redemptions.redemption) returns jsonb
language plpgsql set search_path = pg_catalog as $$
declare
    stands redemptions.parking;
    passed double precision;
    left_seconds double precision;
begin
    select * into strict stands from redemptions.parking as p
    where p.program_id = redemption.program_id and p.redemption_id = redemption.redemption_id and p.result is null;
    if stands.deadline <= clock.now() then
        perform redemptions.give_up(redemption, 'lapsed', 'engine');
        return jsonb_build_object('next', 'back');
    end if;
    passed := extract(epoch from clock.now() - stands.parked_at);
    left_seconds := extract(epoch from stands.deadline - clock.now());
    return jsonb_build_object('next', 'hold', 'delay_seconds', ceil(least(
        left_seconds,
        case stands.kind when 'step_up' then greatest(10, least(passed / 8, 120))
                         else greatest(15, least(passed / 8, 900)) end))::integer);
end
$$;

-- The step of an execution that waits. Next: hold (delay_seconds), or what screen says.
create or replace function redemptions.await_screening(program_id integer, redemption_id uuid)
returns jsonb language plpgsql security definer set search_path = pg_catalog as $$
declare
    redemption redemptions.redemption := redemptions.locked(await_screening.program_id, await_screening.redemption_id);
begin
    if redemption.release_at > clock.now() then
        if redemption.state = 'held' and redemption.money_minor = 0 then
            -- Confirmed in time: the rest of the delay is the member's.
            return jsonb_build_object('next', 'hold', 'delay_seconds',
                                      ceil(extract(epoch from redemption.release_at - clock.now()))::integer);
        elsif redemption.state = 'awaiting_payment' and exists (
            select from payments.status_of(redemption.program_id, redemption.redemption_id) as p
            where p.state = 'authorised' and p.authorised_minor >= redemption.money_minor) then
            return redemptions.delayed(redemption);
        end if;
    end if;
    return redemptions.screen(await_screening.program_id, await_screening.redemption_id);
end
$$;

-- Internal: whether a held redemption may go on. Null: it may. Else it stands still now, and this is the step's answer.
create or replace function redemptions.stopped(redemption redemptions.redemption, verdict text, early boolean) returns jsonb
language plpgsql set search_path = pg_catalog as $$
declare
    action text;
begin
    if verdict = 'frozen' then
        perform redemptions.park(redemption, 'review', 'frozen');
    elsif not redemption.screens or exists (
        select from redemptions.parking as p
        where p.program_id = redemption.program_id and p.redemption_id = redemption.redemption_id
          and p.result in ('confirmed', 'approved')) then
        return null;
    else
        action := redemptions.screened_as(redemption, early);
        if action = 'allow' then
            return null;
        end if;
        perform redemptions.park(redemption, action, 'screening');
    end if;
    return redemptions.stand_still(redemptions.locked(redemption.program_id, redemption.redemption_id));
end
$$;

grant execute on function redemptions.await_screening(integer, uuid) to engine_step;
