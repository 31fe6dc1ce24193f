-- What people do about a redemption that stands still, and how spending is stopped.

-- A new code for a step-up, if there may be one. `contact` is where to send it: the e-mail address of three days before the
-- redemption, never a later one. Statuses: send, not_found, not_asked (nothing is to be confirmed), too_many, too_soon.
create or replace function redemptions.new_step_up_code(
    program_id integer, member_id bigint, redemption_id uuid, salt bytea, code_hash bytea
) returns table (status text, contact text, language text, minutes integer)
language plpgsql security definer set search_path = pg_catalog as $$
#variable_conflict use_column
declare
    redemption redemptions.redemption;
    policy jsonb;
    waits redemptions.parking;
    sent bigint;
    sent_today bigint;
    last timestamptz;
begin
    select * into redemption from redemptions.redemption as r
    where r.program_id = new_step_up_code.program_id and r.redemption_id = new_step_up_code.redemption_id
      and r.member_id = new_step_up_code.member_id for no key update;
    if not found then
        return query select 'not_found', null::text, null::text, null::integer;
        return;
    end if;
    select * into waits from redemptions.parking as p
    where p.program_id = redemption.program_id and p.redemption_id = redemption.redemption_id and p.result is null;
    if redemption.state <> 'step_up' or waits.deadline <= clock.now() then
        return query select 'not_asked', null::text, null::text, null::integer;
        return;
    end if;
    -- Several redemptions of one member count together.
    perform pg_advisory_xact_lock(hashtextextended(redemption.program_id || ' step-up ' || redemption.member_id, 690));
    policy := redemptions.screening_policy(redemption.program_id, redemption.programme_version);
    select count(*) filter (where c.redemption_id = redemption.redemption_id), count(*),
           max(c.sent_at) filter (where c.redemption_id = redemption.redemption_id)
    into sent, sent_today, last
    from redemptions.step_up_code as c
    where c.program_id = redemption.program_id and c.member_id = redemption.member_id
      and c.sent_at > clock.now() - interval '24 hours';
    if sent >= (policy ->> 'codes')::integer or sent_today >= (policy ->> 'codes_per_day')::integer then
        return query select 'too_many', null::text, null::text, null::integer;
        return;
    elsif last > clock.now() - interval '30 seconds' then
        return query select 'too_soon', null::text, null::text, null::integer;
        return;
    end if;
    insert into redemptions.step_up_code(program_id, redemption_id, code_id, member_id, salt, code_hash, sent_at, expires_at)
    values (redemption.program_id, redemption.redemption_id, clock.new_id(), redemption.member_id, new_step_up_code.salt,
            new_step_up_code.code_hash, clock.now(),
            least(waits.deadline, clock.now() + make_interval(mins => (policy ->> 'code_minutes')::integer)));
    return query
    select 'send', c.contact, members.language_of(redemption.program_id, redemption.member_id),
           (policy ->> 'code_minutes')::integer
    from members.contact_at(redemption.program_id, redemption.member_id, 'email',
                            redemption.created_at - interval '72 hours') as c;
end
$$;

-- Statuses: confirmed (again: replay), refused (wrong, too late, too often: which is not told), not_found.
-- What is compared are salted hashes: how long that takes says nothing of the code.
create or replace function redemptions.confirm_step_up(
    program_id integer, member_id bigint, redemption_id uuid, code text
) returns text language plpgsql security definer set search_path = pg_catalog as $$
declare
    redemption redemptions.redemption;
    waits redemptions.parking;
    newest redemptions.step_up_code;
    attempts integer;
begin
    select * into redemption from redemptions.redemption as r
    where r.program_id = confirm_step_up.program_id and r.redemption_id = confirm_step_up.redemption_id
      and r.member_id = confirm_step_up.member_id for no key update;
    if not found then
        return 'not_found';
    end if;
    select * into waits from redemptions.parking as p
    where p.program_id = redemption.program_id and p.redemption_id = redemption.redemption_id
    order by p.parking_number desc limit 1;
    -- The newest code only: a new one replaces the last.
    select * into newest from redemptions.step_up_code as c
    where c.program_id = redemption.program_id and c.redemption_id = redemption.redemption_id
    order by c.sent_at desc, c.code_id desc limit 1;
    attempts := coalesce((redemptions.screening_policy(redemption.program_id, redemption.programme_version)
                          ->> 'code_attempts')::integer, 5);
    if newest.code_id is null or newest.failures >= attempts then
        return 'refused';
    elsif newest.code_hash <> sha256(newest.salt || convert_to(confirm_step_up.code, 'UTF8')) then
        update redemptions.step_up_code as c set failures = c.failures + 1, row_xid = pg_current_xact_id()
        where c.program_id = newest.program_id and c.redemption_id = newest.redemption_id and c.code_id = newest.code_id;
        return 'refused';
    elsif waits.kind = 'step_up' and waits.result = 'confirmed' then
        return 'replay';
    elsif redemption.state <> 'step_up' or waits.deadline <= clock.now() or newest.expires_at <= clock.now() then
        return 'refused';
    end if;
    perform redemptions.go_on(redemption, 'confirmed', 'member:' || redemption.member_id);
    return 'confirmed';
end
$$;

-- What waits for a person, oldest first; at most 200.
create or replace function redemptions.screenings_waiting(program_id integer, page_size integer)
returns table (case_id uuid, redemption_id uuid, member_number text, reason text, evidence jsonb, opened_at timestamptz,
               deadline timestamptz)
language sql stable security definer set search_path = pg_catalog as $$
    select c.case_id, c.subject::uuid, members.number_of(c.program_id, (c.evidence ->> 'member_id')::bigint), c.reason,
           c.evidence - 'member_id', c.opened_at, c.deadline
    from casework.waiting(screenings_waiting.program_id, 'screening', screenings_waiting.page_size) as c
$$;

-- A person's word. Statuses: ok, replay, unknown_case, not_open (decided otherwise, cancelled, or its time is over),
-- same_person, not_approver, not_allowed, frozen (nothing goes on while spending is stopped).
create or replace function redemptions.decide_screening(
    program_id integer, case_id uuid, decision text, reason text, actor text, groups text[]
) returns text language plpgsql security definer set search_path = pg_catalog as $$
declare
    redemption redemptions.redemption;
    parked redemptions.parking;
    answer text;
begin
    select * into parked from redemptions.parking as p
    where p.program_id = decide_screening.program_id and p.case_id = decide_screening.case_id;
    if not found then
        return 'unknown_case';
    end if;
    redemption := redemptions.locked(parked.program_id, parked.redemption_id);
    select * into strict parked from redemptions.parking as p
    where p.program_id = decide_screening.program_id and p.case_id = decide_screening.case_id;
    if parked.result is null and parked.deadline <= clock.now() then
        -- The deadline has won, also before the machine has looked.
        perform redemptions.give_up(redemption, 'lapsed', 'engine');
        return 'not_open';
    elsif parked.result is null and decision = 'approve'
          and members.spending_state(redemption.program_id, redemption.member_id) = 'frozen' then
        return 'frozen';
    end if;
    answer := casework.decide_case(decide_screening.program_id, decide_screening.case_id, decision, actor, groups);
    if answer <> 'ok' or parked.result is not null then
        return answer;
    elsif decision = 'approve' then
        perform redemptions.go_on(redemption, 'approved', actor);
    else
        perform redemptions.give_up(redemption, 'rejected', actor);
    end if;
    perform redemptions.note(redemption.program_id, redemption.redemption_id, 'looked_at',
                             jsonb_build_object('reason', decide_screening.reason));
    return answer;
end
$$;

-- Nothing more is spent in this member's name: new redemptions and transfers are refused, those before the pivot wait for a
-- person. Statuses: frozen, replay, unknown_member. One that is being written at this moment meets the screen step.
create or replace function redemptions.stop_spending(
    program_id integer, member_id bigint, reason text, source uuid, actor text
) returns text language plpgsql security definer set search_path = pg_catalog as $$
declare
    answer constant text := members.stop_spending(stop_spending.program_id, stop_spending.member_id, stop_spending.reason, stop_spending.source, stop_spending.actor);
    open_one redemptions.redemption;
begin
    if answer = 'frozen' then
        for open_one in
            select r.* from redemptions.redemption as r
            where r.program_id = stop_spending.program_id and r.member_id = stop_spending.member_id
              and r.state in ('held', 'step_up', 'awaiting_payment')
            order by r.redemption_id for no key update
        loop
            perform redemptions.park(open_one, 'review', 'frozen');
        end loop;
    end if;
    return answer;
end
$$;

grant execute on function
    redemptions.new_step_up_code(integer, bigint, uuid, bytea, bytea),
    redemptions.confirm_step_up(integer, bigint, uuid, text),
    redemptions.stop_spending(integer, bigint, text, uuid, text)
to member_api;
grant execute on function
    redemptions.screenings_waiting(integer, integer),
    redemptions.decide_screening(integer, uuid, text, text, text, text[])
to manager_api;
