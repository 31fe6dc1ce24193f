-- What comes of a case: five outcomes, a function each. Staff of support or business operations choose one; what is beyond
-- a limit waits for a second person of business operations. A choice made again by the same person is a replay.
--
--   return_with_label       a label is there; units come back to us, then they are given back (cases.receive_return)
--   refund_without_return   units are given back at once
--   goodwill_points         points, from the agent's own budget of the month; beyond it with a second person
--   credit_missing_accrual  the purchase's points; above the limit with a second person
--   refuse                  with words for the member
--
-- Every one returns status, and the case's state after it. Statuses:
--   ok, replay         done (state decided or return), or it waits (state approval)
--   unknown_case, not_approver, not_open, not_allowed (this kind of case has no such outcome), invalid
--   units_gone         fewer units are left to give back than the case is about
--   no_label           no label was uploaded
--   already_credited   the purchase has its points
--   refused            the ledger does not take it: no room, or an expiry in the past

-- Internal: why the case's units are given back, in the redemptions' words, and by whose doing.
create or replace function cases.reason_back(kind text) returns text language sql immutable
return case when kind in ('not_received', 'damaged', 'wrong_item') then kind else 'kept' end;
create or replace function cases.caused_by(kind text) returns text language sql immutable
return case when kind = 'changed_mind' then 'member' else 'ours' end;

-- Internal: null, or why this person may not choose this outcome now; replay if it was his choice already.
create or replace function cases.may_choose(
    c cases.member_case, outcome text, points bigint, reason text, actor text, groups text[]
) returns text language sql stable set search_path = pg_catalog
return case
    when c.case_id is null then 'unknown_case'
    when may_choose.actor is null or not coalesce(array['support', 'business-operator'] && may_choose.groups, false)
        then 'not_approver'
    when c.chosen_by = may_choose.actor and c.outcome = may_choose.outcome and c.state <> 'withdrawn'
         and (may_choose.points is null or c.points = may_choose.points)
         and c.reason is not distinct from may_choose.reason then 'replay'
    -- Goods that never come back, or of which nothing is left to give back, do not hold a case open.
    when c.state <> 'open' and not (c.state = 'return' and may_choose.outcome <> 'return_with_label') then 'not_open'
    when may_choose.outcome <> all (cases.outcomes_of(c.kind, c.redemption_id is not null)) then 'not_allowed' end;

-- Internal: the outcome is chosen. It waits for a second person (approval), for the goods (return), or is to be carried out.
create or replace function cases.choose(
    c cases.member_case, outcome text, state text, points bigint, money_minor bigint, reason text, label_id uuid, actor text
) returns cases.member_case language plpgsql set search_path = pg_catalog as $$
begin
    update cases.member_case as k
    set outcome = choose.outcome, state = choose.state, points = choose.points, money_minor = choose.money_minor,
        reason = choose.reason, label_id = choose.label_id, chosen_by = choose.actor, chosen_at = clock.now(),
        op_id = case when choose.outcome in ('goodwill_points', 'credit_missing_accrual') then clock.new_id() end,
        decided_at = case when choose.state = 'decided' then clock.now() end, row_xid = pg_current_xact_id()
    where k.program_id = c.program_id and k.case_id = c.case_id
    returning k.* into c;
    perform casework.note(c.program_id, c.case_id, case choose.state when 'approval' then 'proposed' else 'chosen' end,
                          choose.actor, jsonb_strip_nulls(jsonb_build_object(
                              'outcome', choose.outcome, 'points', choose.points, 'money_minor', choose.money_minor)));
    return c;
end
$$;

-- Internal: the case is over.
create or replace function cases.finish(c cases.member_case, actor text) returns void
language plpgsql set search_path = pg_catalog as $$
begin
    perform casework.close(c.program_id, c.case_id, 'decided', c.outcome, finish.actor);
    perform casework.note(c.program_id, c.case_id, 'decided', finish.actor, jsonb_strip_nulls(jsonb_build_object(
        'outcome', c.outcome, 'points', c.points, 'money_minor', c.money_minor, 'op_id', c.op_id)));
    perform cases.tell(c, 'case.decided');
end
$$;

-- Internal: do what was chosen; null, or why it cannot be done: then nothing has happened and the caller undoes the choice.
create or replace function cases.carry_out(c cases.member_case, expires_on date) returns text
language plpgsql set search_path = pg_catalog as $$
declare
    policy jsonb;
    terms jsonb;
    said text;
begin
    case c.outcome
        when 'refund_without_return' then
            select g.status into said
            from redemptions.give_back(c.program_id, c.redemption_id, c.line_number, 'case:' || c.case_id, c.quantity,
                                       cases.caused_by(c.kind), cases.reason_back(c.kind), c.chosen_by) as g;
            return case when said = 'over_accepted' then 'units_gone' when said not in ('ok', 'replay') then said end;
        when 'goodwill_points' then
            said := (points.adjust(c.program_id, c.member_id, c.op_id, c.points, carry_out.expires_on, 'goodwill',
                                   points.request('case', c.case_id::text, c.outcome, c.points::text), c.chosen_by,
                                   c.approved_by)).status;
            return case when said not in ('ok', 'replay') then 'refused' end;
        when 'credit_missing_accrual' then
            if exists (select from points.accrual as a
                       where a.program_id = c.program_id and a.partner = c.partner
                         and a.partner_reference = c.partner_reference) then
                return 'already_credited';
            end if;
            select v.document -> 'points' into policy from programme.current(c.program_id) as v;
            -- A purchase at a partner is the partner's to pay for.
            terms := coalesce(policy -> 'partners' -> c.partner, policy);
            said := (points.accrue(
                c.program_id, c.member_id, c.op_id, c.points, carry_out.expires_on,
                least(clock.now(), coalesce(c.bought_on::timestamp at time zone 'UTC', c.opened_at)), 'system:casework',
                c.case_id::text, terms ->> 'funder', (terms ->> 'unit_cost_micros')::bigint,
                points.request('case', c.case_id::text, c.outcome, c.points::text), c.chosen_by)).status;
            return case when said not in ('ok', 'replay') then 'refused' end;
        else
            return null;
    end case;
end
$$;

-- Internal: choose and, unless it waits, carry out; all or nothing.
create or replace function cases.settle(
    c cases.member_case, outcome text, waits boolean, points bigint, money_minor bigint, expires_on date, actor text
) returns table (status text, state text) language plpgsql set search_path = pg_catalog as $$
declare
    stood text := c.state;
    said text;
    broken text;
begin
    begin
        c := cases.choose(c, outcome, case when waits then 'approval' else 'decided' end, points, money_minor, null, null, actor);
        if not waits then
            said := cases.carry_out(c, expires_on);
            if said is not null then
                raise exception using errcode = 'CA001', message = said;
            end if;
            perform cases.finish(c, actor);
        end if;
    exception
        when sqlstate 'CA001' then
            return query select sqlerrm, stood;
            return;
        when unique_violation then
            get stacked diagnostics broken = constraint_name;
            if broken <> 'one_credit_a_purchase' then raise; end if;
            return query select 'already_credited', stood;
            return;
    end;
    return query select 'ok', c.state;
end
$$;

-- The member sends it back with the label that was uploaded last.
create or replace function cases.return_with_label(program_id integer, case_id uuid, actor text, groups text[])
returns table (status text, state text) language plpgsql security definer set search_path = pg_catalog as $$
#variable_conflict use_column
declare
    c cases.member_case := cases.locked(return_with_label.program_id, null, return_with_label.case_id);
    refused text := cases.may_choose(c, 'return_with_label', null, null, return_with_label.actor, return_with_label.groups);
    label uuid;
begin
    if refused is not null then
        return query select refused, c.state;
        return;
    end if;
    select f.file_id into label from cases.file as f
    where f.program_id = c.program_id and f.case_id = c.case_id and f.purpose = 'label' and f.state = 'good'
    order by f.added_at desc, f.file_id desc limit 1;
    if label is null then
        return query select 'no_label', c.state;
        return;
    elsif not cases.units_left(c) then
        return query select 'units_gone', c.state;
        return;
    end if;
    c := cases.choose(c, 'return_with_label', 'return', null, null, null, label, return_with_label.actor);
    perform casework.wait_until(
        c.program_id, c.case_id,
        clock.now() + make_interval(days => (cases.policy(c.program_id) ->> 'return_days')::integer));
    perform cases.tell(c, 'case.message');
    return query select 'ok', c.state;
end
$$;

-- Internal: whether the case's units can still be given back.
create or replace function cases.units_left(c cases.member_case) returns boolean language sql stable set search_path = pg_catalog
return exists (
    select from redemptions.line as l
    where l.program_id = c.program_id and l.redemption_id = c.redemption_id and l.line_number = c.line_number
      and l.accepted_quantity - l.given_back >= c.quantity);

-- The goods of a return are here, says staff or the carrier: so many units of it (null: all). Statuses: ok, replay, unknown_case,
-- not_approver, not_open (no return is expected), invalid (more than the case is about), units_gone.
create or replace function cases.receive_return(program_id integer, case_id uuid, quantity integer, actor text, groups text[])
returns table (status text, state text) language plpgsql security definer set search_path = pg_catalog as $$
#variable_conflict use_column
declare
    c cases.member_case := cases.locked(receive_return.program_id, null, receive_return.case_id);
    units integer := coalesce(receive_return.quantity, c.quantity);
    back record;
    refused text := case
        when c.case_id is null then 'unknown_case'
        when receive_return.actor is null
             or not coalesce(array['support', 'business-operator'] && receive_return.groups, false) then 'not_approver'
        when c.state = 'decided' and c.outcome = 'return_with_label' then 'replay'
        when c.state <> 'return' then 'not_open'
        when units not between 1 and c.quantity then 'invalid' end;
begin
    if refused is not null then
        return query select refused, c.state;
        return;
    end if;
    select * into back
    from redemptions.give_back(c.program_id, c.redemption_id, c.line_number, 'case:' || c.case_id, units,
                               cases.caused_by(c.kind), 'returned', receive_return.actor) as g;
    if back.status <> 'ok' then
        return query select case back.status when 'over_accepted' then 'units_gone' else back.status end, c.state;
        return;
    end if;
    update cases.member_case as k
    set state = 'decided', points = back.points, money_minor = back.money_minor, decided_at = clock.now(),
        row_xid = pg_current_xact_id()
    where k.program_id = c.program_id and k.case_id = c.case_id
    returning k.* into c;
    perform casework.note(c.program_id, c.case_id, 'return_received', receive_return.actor,
                          jsonb_build_object('units', units));
    perform cases.finish(c, receive_return.actor);
    return query select 'ok', c.state;
end
$$;

-- Points and money back, the goods stay where they are. Above either limit a second person.
create or replace function cases.refund_without_return(program_id integer, case_id uuid, actor text, groups text[])
returns table (status text, state text) language plpgsql security definer set search_path = pg_catalog as $$
#variable_conflict use_column
declare
    c cases.member_case := cases.locked(refund_without_return.program_id, null, refund_without_return.case_id);
    policy jsonb := cases.policy(refund_without_return.program_id);
    refused text := cases.may_choose(
        c, 'refund_without_return', null, null, refund_without_return.actor, refund_without_return.groups);
    worth record;
begin
    if refused is null and not cases.units_left(c) then
        refused := 'units_gone';
    end if;
    if refused is not null then
        return query select refused, c.state;
        return;
    end if;
    select c.quantity * l.unit_points as points,
           case when r.accepted_money_minor > 0 then c.quantity * l.unit_money_minor else 0 end as money_minor into worth
    from redemptions.line as l
    join redemptions.redemption as r using (program_id, redemption_id)
    where l.program_id = c.program_id and l.redemption_id = c.redemption_id and l.line_number = c.line_number;
    return query select * from cases.settle(
        c, 'refund_without_return',
        worth.points > (policy ->> 'refund_limit_points')::bigint
            or worth.money_minor > (policy ->> 'refund_limit_minor')::bigint,
        worth.points, worth.money_minor, null, refund_without_return.actor);
end
$$;

-- Points that nothing but kindness asks for. Inside the agent's budget of the month at once, beyond it with a second person;
-- what a second person approved does not count towards it.
create or replace function cases.goodwill_points(
    program_id integer, case_id uuid, points bigint, expires_on date, actor text, groups text[]
) returns table (status text, state text) language plpgsql security definer set search_path = pg_catalog as $$
#variable_conflict use_column
declare
    c cases.member_case := cases.locked(goodwill_points.program_id, null, goodwill_points.case_id);
    limit_points bigint := (cases.policy(goodwill_points.program_id) ->> 'goodwill_monthly_points')::bigint;
    month date := date_trunc('month', points.today(goodwill_points.program_id)::timestamp)::date;
    refused text := cases.may_choose(
        c, 'goodwill_points', goodwill_points.points, null, goodwill_points.actor, goodwill_points.groups);
    answer record;
    alone boolean;
begin
    if refused is null and not points.is_amount(goodwill_points.points) then
        refused := 'invalid';
    end if;
    if refused is not null then
        return query select refused, c.state;
        return;
    end if;
    begin
        -- The agent's row is locked by this, so two at once do not both have the last points.
        insert into cases.goodwill as g (program_id, agent, month, points)
        select c.program_id, goodwill_points.actor, month, goodwill_points.points
        where goodwill_points.points <= limit_points
        on conflict (program_id, agent, month) do update
        set points = g.points + excluded.points, row_xid = pg_current_xact_id()
        where g.points + excluded.points <= limit_points;
        alone := found;
        select * into answer from cases.settle(
            c, 'goodwill_points', not alone, goodwill_points.points, null, goodwill_points.expires_on,
            goodwill_points.actor) as s;
        if answer.status <> 'ok' then
            raise exception using errcode = 'CA002';
        end if;
        update cases.member_case as k set budget_month = month
        where k.program_id = c.program_id and k.case_id = c.case_id and alone;
    exception when sqlstate 'CA002' then
        -- The budget is as it was.
        null;
    end;
    return query select answer.status, answer.state;
end
$$;

-- The points of a purchase that its partner never sent, once. Above the limit a second person.
create or replace function cases.credit_missing_accrual(
    program_id integer, case_id uuid, points bigint, expires_on date, actor text, groups text[]
) returns table (status text, state text) language plpgsql security definer set search_path = pg_catalog as $$
#variable_conflict use_column
declare
    c cases.member_case := cases.locked(credit_missing_accrual.program_id, null, credit_missing_accrual.case_id);
    policy jsonb := cases.policy(credit_missing_accrual.program_id);
    refused text := cases.may_choose(
        c, 'credit_missing_accrual', credit_missing_accrual.points, null, credit_missing_accrual.actor,
        credit_missing_accrual.groups);
begin
    if refused is null and not points.is_amount(credit_missing_accrual.points) then
        refused := 'invalid';
    end if;
    if refused is not null then
        return query select refused, c.state;
        return;
    end if;
    return query select * from cases.settle(
        c, 'credit_missing_accrual', credit_missing_accrual.points > (policy ->> 'accrual_limit_points')::bigint,
        credit_missing_accrual.points, null, credit_missing_accrual.expires_on, credit_missing_accrual.actor);
end
$$;

-- No, and why, in words for the member.
create or replace function cases.refuse(program_id integer, case_id uuid, reason text, actor text, groups text[])
returns table (status text, state text) language plpgsql security definer set search_path = pg_catalog as $$
#variable_conflict use_column
declare
    c cases.member_case := cases.locked(refuse.program_id, null, refuse.case_id);
    refused text := cases.may_choose(c, 'refuse', null, refuse.reason, refuse.actor, refuse.groups);
begin
    if refused is null and (refuse.reason is null or length(btrim(refuse.reason)) not between 1 and 2000) then
        refused := 'invalid';
    end if;
    if refused is not null then
        return query select refused, c.state;
        return;
    end if;
    c := cases.choose(c, 'refuse', 'decided', null, null, refuse.reason, null, refuse.actor);
    perform cases.finish(c, refuse.actor);
    return query select 'ok', c.state;
end
$$;

-- The second person: approve carries it out, decline opens the case again. Statuses as above, same_person, and declined.
create or replace function cases.approve(
    program_id integer, case_id uuid, decision text, expires_on date, actor text, groups text[]
) returns table (status text, state text) language plpgsql security definer set search_path = pg_catalog as $$
#variable_conflict use_column
declare
    c cases.member_case := cases.locked(approve.program_id, null, approve.case_id);
    said text := case
        when c.case_id is null then 'unknown_case'
        when approve.actor is null or not coalesce('business-operator' = any (approve.groups), false) then 'not_approver'
        when c.state = 'decided' and c.approved_by = approve.actor and approve.decision = 'approve' then 'replay'
        when c.state <> 'approval' then 'not_open'
        when c.chosen_by = approve.actor then 'same_person'
        when approve.decision is null or approve.decision not in ('approve', 'decline') then 'invalid' end;
    broken text;
begin
    if said is not null then
        return query select said, c.state;
        return;
    elsif approve.decision = 'decline' then
        update cases.member_case as k
        set state = 'open', outcome = null, points = null, money_minor = null, op_id = null, chosen_by = null,
            chosen_at = null, row_xid = pg_current_xact_id()
        where k.program_id = c.program_id and k.case_id = c.case_id;
        perform casework.note(c.program_id, c.case_id, 'declined', approve.actor,
                              jsonb_build_object('outcome', c.outcome));
        return query select 'ok', 'open';
        return;
    end if;
    begin
        update cases.member_case as k
        set state = 'decided', approved_by = approve.actor, decided_at = clock.now(),
            -- Minted when it was chosen; a month may have passed.
            op_id = case when k.op_id is not null then clock.new_id() end, row_xid = pg_current_xact_id()
        where k.program_id = c.program_id and k.case_id = c.case_id
        returning k.* into c;
        said := cases.carry_out(c, approve.expires_on);
        if said is not null then
            raise exception using errcode = 'CA001', message = said;
        end if;
        perform casework.note(c.program_id, c.case_id, 'approved', approve.actor, jsonb_build_object('outcome', c.outcome));
        perform cases.finish(c, approve.actor);
    exception
        when sqlstate 'CA001' then
            return query select sqlerrm, 'approval';
            return;
        when unique_violation then
            get stacked diagnostics broken = constraint_name;
            if broken <> 'one_credit_a_purchase' then raise; end if;
            return query select 'already_credited', 'approval';
            return;
    end;
    return query select 'ok', c.state;
end
$$;

-- Staff answer. Statuses as cases.add_message; unknown_case, not_approver.
drop function if exists cases.answer(integer, uuid, text, text, text[]);
create or replace function cases.answer(program_id integer, case_id uuid, key uuid, said text, actor text, groups text[])
returns text
language plpgsql security definer set search_path = pg_catalog as $$
declare
    c cases.member_case := cases.locked(answer.program_id, null, answer.case_id);
begin
    if c.case_id is null then
        return 'unknown_case';
    elsif answer.actor is null or not coalesce(array['support', 'business-operator'] && answer.groups, false) then
        return 'not_approver';
    end if;
    return cases.add_message(c, 'staff', answer.actor, answer.said, answer.key);
end
$$;
