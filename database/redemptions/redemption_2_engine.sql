-- The state machine's steps. Each locks the redemption's row, does what its state allows, and says what comes next, so
-- that a step done twice (or by two executions) has happened once. Answers hold ids and amounts only.

-- Internal: the row, locked. A redemption the machine was told of exists.
create or replace function redemptions.locked(program_id integer, redemption_id uuid)
returns redemptions.redemption language plpgsql set search_path = pg_catalog as $$
declare
    redemption redemptions.redemption;
begin
    select * into strict redemption from redemptions.redemption as r
    where r.program_id = locked.program_id and r.redemption_id = locked.redemption_id for no key update;
    return redemption;
end
$$;

-- Internal: another state, and a line in the timeline.
create or replace function redemptions.move(
    program_id integer, redemption_id uuid, state text, kind text, detail jsonb default '{}'
) returns void language plpgsql set search_path = pg_catalog as $$
begin
    update redemptions.redemption as r
    set state = move.state, updated_at = clock.now(), row_xid = pg_current_xact_id()
    where r.program_id = move.program_id and r.redemption_id = move.redemption_id;
    perform redemptions.note(move.program_id, move.redemption_id, move.kind, move.detail);
end
$$;

-- Where an execution enters. Next: wait or hold (for delay_seconds), pay, place, capture, void, close, back, done.
-- What screening will stop is stopped now: the member may confirm it while the release delay runs. Whoever pays money is
-- not kept waiting for the provider's page: they pay at once, and the delay runs after that (go).
create or replace function redemptions.begin(program_id integer, redemption_id uuid)
returns jsonb language plpgsql security definer set search_path = pg_catalog as $$
declare
    redemption redemptions.redemption := redemptions.locked(begin.program_id, begin.redemption_id);
    delay_seconds integer := ceil(greatest(0, extract(epoch from redemption.release_at - clock.now())));
    money boolean := redemption.money_minor > 0;
    stop jsonb;
begin
    if redemption.state = 'held' and (delay_seconds = 0 or money) then
        stop := redemptions.screen(begin.program_id, begin.redemption_id);
    elsif redemption.state = 'held' and redemption.screens and redemption.place_before >= clock.now() then
        stop := redemptions.stopped(redemption, 'allow', true);
    elsif redemption.state in ('step_up', 'review') then
        stop := redemptions.stand_still(redemption);
    end if;
    if stop is not null then
        return jsonb_build_object('money', money, 'delay_seconds', delay_seconds) || stop;
    end if;
    return jsonb_build_object('money', money, 'delay_seconds', delay_seconds, 'next', case redemption.state
        when 'held' then 'wait'
        when 'awaiting_payment' then 'pay'
        when 'ordering' then 'place'
        when 'settled' then redemptions.money_step(redemption)
        when 'closed' then 'done'
        else 'back' end);
end
$$;

-- Internal: the release delay, in pauses: whoever cancels a paid order has not to wait for its end.
create or replace function redemptions.delayed(redemption redemptions.redemption) returns jsonb
language sql stable set search_path = pg_catalog
return jsonb_build_object('next', 'hold', 'delay_seconds',
                          ceil(least(60, extract(epoch from redemption.release_at - clock.now())))::integer);

-- Internal: what is left to do with the money of a settled redemption. What is taken by shipment stays reserved.
create or replace function redemptions.money_step(redemption redemptions.redemption) returns text
language sql stable set search_path = pg_catalog
return case when redemption.accepted_money_minor > 0 then
                case when payments.taken_by_shipment(redemption.program_id, redemption.redemption_id) then 'close'
                     else 'capture' end
            when redemption.money_minor > 0 then 'void'
            else 'close' end;

drop function if exists redemptions.screening_verdict(integer, uuid);
-- What became of the member since redeeming: blocked, frozen (spending is stopped) or allow.
create or replace function redemptions.member_verdict(redemption redemptions.redemption) returns text
language sql stable set search_path = pg_catalog
return case members.spending_state(redemption.program_id, redemption.member_id)
           when 'active' then 'allow' when 'frozen' then 'frozen' else 'blocked' end;

-- The time to change one's mind is over, or has not begun (money). Next: pay, place (without money this is the last moment to turn back), hold (look
-- again in delay_seconds), back.
create or replace function redemptions.screen(program_id integer, redemption_id uuid)
returns jsonb language plpgsql security definer set search_path = pg_catalog as $$
declare
    redemption redemptions.redemption := redemptions.locked(screen.program_id, screen.redemption_id);
    verdict text;
    stop jsonb;
begin
    case redemption.state
        when 'held' then
            verdict := redemptions.member_verdict(redemption);
            if clock.now() > redemption.place_before then
                return jsonb_build_object('next', redemptions.fail(redemption, 'expired'));
            elsif verdict = 'blocked' then
                return jsonb_build_object('next', redemptions.fail(redemption, 'failed'));
            end if;
            if verdict = 'frozen' or redemption.screens then
                stop := redemptions.stopped(redemption, verdict, false);
                if stop is not null then
                    return stop;
                end if;
            end if;
            if redemption.money_minor > 0 then
                perform redemptions.move(screen.program_id, screen.redemption_id, 'awaiting_payment', 'payment_asked',
                                         jsonb_build_object('money_minor', redemption.money_minor));
                return jsonb_build_object('next', 'pay');
            end if;
            perform redemptions.move(screen.program_id, screen.redemption_id, 'ordering', 'ordering');
            return jsonb_build_object('next', 'place');
        when 'step_up', 'review' then return redemptions.stand_still(redemption);
        when 'awaiting_payment' then return jsonb_build_object('next', 'pay');
        when 'ordering' then return jsonb_build_object('next', 'place');
        when 'settled' then return jsonb_build_object('next', redemptions.money_step(redemption));
        when 'closed' then return jsonb_build_object('next', 'done');
        else return jsonb_build_object('next', 'back');
    end case;
end
$$;

-- The money is reserved. While the release delay runs the member may still change their mind; then comes the last moment
-- to turn back. Next: hold (look again in delay_seconds), place, back, or where a replay has already gone.
create or replace function redemptions.go(program_id integer, redemption_id uuid)
returns jsonb language plpgsql security definer set search_path = pg_catalog as $$
declare
    redemption redemptions.redemption := redemptions.locked(go.program_id, go.redemption_id);
    verdict constant text := redemptions.member_verdict(redemption);
begin
    if redemption.state <> 'awaiting_payment' then
        return redemptions.screen(go.program_id, go.redemption_id);
    elsif clock.now() > redemption.place_before then
        return jsonb_build_object('next', redemptions.fail(redemption, 'expired'));
    elsif verdict = 'blocked' then
        return jsonb_build_object('next', redemptions.fail(redemption, 'failed'));
    elsif verdict = 'frozen' then
        perform redemptions.park(redemption, 'review', 'frozen');
        return redemptions.screen(go.program_id, go.redemption_id);
    elsif not exists (select from payments.status_of(go.program_id, go.redemption_id) as p
                      where p.state = 'authorised' and p.authorised_minor >= redemption.money_minor) then
        return jsonb_build_object('next', redemptions.fail(redemption, 'failed'));
    elsif redemption.release_at > clock.now() then
        if not exists (select from redemptions.event as e
                       where e.program_id = redemption.program_id and e.redemption_id = redemption.redemption_id
                         and e.kind = 'payment_approved') then
            perform redemptions.note(redemption.program_id, redemption.redemption_id, 'payment_approved');
        end if;
        return redemptions.delayed(redemption);
    end if;
    perform redemptions.move(go.program_id, go.redemption_id, 'ordering', 'ordering');
    return jsonb_build_object('next', 'place');
end
$$;

-- Internal: on the way back, with a reason. Returns back.
create or replace function redemptions.fail(redemption redemptions.redemption, outcome text)
returns text language plpgsql set search_path = pg_catalog as $$
begin
    if redemption.state in ('step_up', 'review') then
        perform redemptions.end_parking(redemption, 'failed', 'engine');
    end if;
    perform orders.withdraw(redemption.program_id, redemption.redemption_id);
    update redemptions.redemption as r set outcome = fail.outcome
    where r.program_id = redemption.program_id and r.redemption_id = redemption.redemption_id;
    perform redemptions.move(redemption.program_id, redemption.redemption_id, 'failed', fail.outcome);
    return 'back';
end
$$;

-- Internal: each line as Amazon answered: how many units it takes, and why not the others.
create or replace function redemptions.take_answer(redemption redemptions.redemption) returns void
language sql set search_path = pg_catalog as $$
    update redemptions.line as l
    set accepted_quantity = a.accepted_quantity, reasons = a.reasons, row_xid = pg_current_xact_id()
    from orders.recorded_lines(redemption.program_id, redemption.redemption_id) as a
    where l.program_id = redemption.program_id and l.redemption_id = redemption.redemption_id
      and l.line_number = a.line_number
$$;

-- Something failed, and the machine would go back. Only the order's own row says whether it may: back (certainly no
-- order), record (there is an answer), review (there may be an order), or where the redemption is already.
-- Reasons: payment_declined, payment_abandoned, rejected, failed.
create or replace function redemptions.turn_back(program_id integer, redemption_id uuid, reason text)
returns jsonb language plpgsql security definer set search_path = pg_catalog as $$
declare
    redemption redemptions.redemption := redemptions.locked(turn_back.program_id, turn_back.redemption_id);
    money boolean := redemption.money_minor > 0;
    order_state text;
    next text;
begin
    if redemption.state in ('held', 'step_up', 'review', 'awaiting_payment', 'ordering') then
        order_state := orders.withdraw(turn_back.program_id, turn_back.redemption_id);
        if order_state = 'rejected' then
            -- What nobody delivers is lost demand, and why is asked by whoever plans.
            perform redemptions.take_answer(redemption);
        end if;
        next := case
            when order_state in ('withdrawn', 'rejected') then redemptions.fail(redemption, case
                -- A reservation that could not be renewed while the order waited for its turn.
                when order_state = 'withdrawn' and exists (
                    select from payments.status_of(turn_back.program_id, turn_back.redemption_id) as p
                    where p.state = 'declined') then 'payment_declined'
                else turn_back.reason end)
            when order_state in ('accepted', 'partial') then 'record'
            else 'review' end;
    else
        next := case redemption.state when 'settled' then redemptions.money_step(redemption)
                                      when 'closed' then 'done' else 'back' end;
    end if;
    return jsonb_build_object('next', next, 'money', money);
end
$$;

-- Back to where it began: all points return, the redemption is over. The money has been given back before.
create or replace function redemptions.release(program_id integer, redemption_id uuid)
returns jsonb language plpgsql security definer set search_path = pg_catalog as $$
declare
    released bigint := redemptions.release_points(release.program_id, release.redemption_id);
begin
    perform redemptions.return_discounts(array[release.redemption_id]);
    return jsonb_build_object('released_points', released);
end
$$;

-- Internal: the same without what campaigns paid.
create or replace function redemptions.release_points(program_id integer, redemption_id uuid)
returns bigint language plpgsql set search_path = pg_catalog as $$
declare
    redemption redemptions.redemption := redemptions.locked(release_points.program_id, release_points.redemption_id);
begin
    if redemption.state = 'closed' then
        return redemption.released_points;
    elsif redemption.state not in ('cancelled', 'failed') then
        raise exception 'a redemption in state % is not released', redemption.state using errcode = '55000';
    end if;
    perform redemptions.return_points(redemption, redemption.points - redemption.released_points,
        case when redemption.outcome = 'cancelled' then redemptions.caused_by(redemption)
             when redemption.outcome in ('payment_declined', 'payment_abandoned') then 'member'
             else 'ours' end);
    perform redemptions.finish(release_points.program_id, release_points.redemption_id, redemption.outcome);
    return redemption.points;
end
$$;

-- Internal: `amount` held points go back to their lots, under the operation's id that the redemption was born with.
create or replace function redemptions.return_points(redemption redemptions.redemption, amount bigint, caused_by text)
returns void language plpgsql set search_path = pg_catalog as $$
declare
    status text;
begin
    if amount = 0 then
        return;
    end if;
    select o.status into status
    from points.release(redemption.program_id, redemption.member_id, redemption.release_op_id, redemption.redemption_id,
                        amount, caused_by, redemptions.return_days(redemption), 'engine') as o;
    if status not in ('ok', 'replay') then
        raise exception 'points not released: %', status using errcode = '55000';
    end if;
    update redemptions.redemption as r
    set released_points = r.released_points + return_points.amount, row_xid = pg_current_xact_id()
    where r.program_id = redemption.program_id and r.redemption_id = redemption.redemption_id;
    perform redemptions.note(redemption.program_id, redemption.redemption_id, 'points_returned',
                             jsonb_build_object('points', amount));
end
$$;

-- Internal: the end.
create or replace function redemptions.finish(program_id integer, redemption_id uuid, outcome text)
returns void language plpgsql set search_path = pg_catalog as $$
begin
    update redemptions.redemption as r
    set outcome = finish.outcome, state = 'closed', closed_at = clock.now(), updated_at = clock.now(),
        row_xid = pg_current_xact_id()
    where r.program_id = finish.program_id and r.redemption_id = finish.redemption_id;
    perform redemptions.note(finish.program_id, finish.redemption_id, 'closed',
                             jsonb_build_object('outcome', outcome));
    perform outbox.emit(
        r.program_id,
        case when r.outcome in ('completed', 'partially_completed') then 'redemption.confirmed'
             when r.outcome = 'cancelled' then 'redemption.cancelled' else 'redemption.failed' end,
        r.redemption_id::text, r.redemption_id,
        jsonb_build_object('redemption_id', r.redemption_id, 'member_id', r.member_id, 'outcome', r.outcome)
        || case when r.outcome = 'cancelled' then jsonb_build_object(
               'cancelled_by', redemptions.cancelled_by(r.program_id, r.redemption_id)) else '{}' end)
    from redemptions.redemption as r
    where r.program_id = finish.program_id and r.redemption_id = finish.redemption_id;
end
$$;

-- Amazon's answer is recorded: the points of the accepted units are spent, the others return, and what may be captured is
-- fixed at exactly the accepted part. Without money, or where shipments take it, this is the end. Next: capture, void, close,
-- done.
create or replace function redemptions.settle(program_id integer, redemption_id uuid)
returns jsonb language plpgsql security definer set search_path = pg_catalog as $$
declare
    redemption redemptions.redemption := redemptions.locked(settle.program_id, settle.redemption_id);
    taken_points bigint;
    taken_money bigint;
    taken_units bigint;
    all_units bigint;
    status text;
begin
    if redemption.state = 'closed' then
        return jsonb_build_object('next', 'done');
    elsif redemption.state = 'settled' then
        return jsonb_build_object('next', redemptions.money_step(redemption));
    elsif redemption.state <> 'ordering' then
        raise exception 'a redemption in state % is not settled', redemption.state using errcode = '55000';
    end if;

    perform redemptions.take_answer(redemption);
    select sum(l.accepted_quantity * l.unit_points), sum(l.accepted_quantity * l.unit_money_minor),
           sum(l.accepted_quantity), sum(l.quantity)
    into taken_points, taken_money, taken_units, all_units
    from redemptions.line as l
    where l.program_id = settle.program_id and l.redemption_id = settle.redemption_id
    having bool_and(l.accepted_quantity is not null);
    if coalesce(taken_units, 0) = 0 then
        raise exception 'nothing recorded as accepted' using errcode = '55000';
    end if;

    if taken_points > 0 then
        select o.status into status
        from points.settle(redemption.program_id, redemption.member_id, redemption.settle_op_id,
                           redemption.redemption_id, taken_points, 'engine') as o;
        if status not in ('ok', 'replay') then
            raise exception 'points not settled: %', status using errcode = '55000';
        end if;
    end if;
    update redemptions.redemption as r
    set accepted_points = taken_points, accepted_money_minor = taken_money, settled_points = taken_points
    where r.program_id = redemption.program_id and r.redemption_id = redemption.redemption_id;
    perform redemptions.move(redemption.program_id, redemption.redemption_id, 'settled',
        case when taken_units < all_units then 'partially_accepted' else 'accepted' end,
        jsonb_build_object('points', taken_points, 'money_minor', taken_money,
                           'units', taken_units, 'of_units', all_units));
    perform redemptions.return_points(redemption, redemption.points - taken_points, 'ours');

    if taken_units < all_units and redemption.partial_policy = 'all_or_nothing' then
        -- Amazon has no cancel call and no all-or-nothing: what it placed stays placed, and a person makes it good.
        perform redemptions.review(redemption.program_id, redemption.redemption_id, 'partial_against_wish');
    end if;
    -- After the other: the reason written last is the one that stays, and the invariants ask for this one.
    if redemption.money_minor > 0 then
        status := payments.intend_capture(redemption.program_id, redemption.redemption_id, taken_money);
        if status not in ('ok', 'replay') then
            -- Amazon delivers and the money cannot be taken: that is the programme's loss to look at, not the member's.
            perform redemptions.review(redemption.program_id, redemption.redemption_id, 'money_not_captured');
            update redemptions.redemption as r set accepted_money_minor = 0
            where r.program_id = redemption.program_id and r.redemption_id = redemption.redemption_id;
        end if;
    end if;

    perform redemptions.return_discounts(array[settle.redemption_id]);
    select * into redemption from redemptions.redemption as r
    where r.program_id = settle.program_id and r.redemption_id = settle.redemption_id;
    if redemptions.money_step(redemption) = 'close' then
        return redemptions.close(settle.program_id, settle.redemption_id);
    end if;
    return jsonb_build_object('next', redemptions.money_step(redemption));
end
$$;

-- The money is taken (or given back): the end of a redemption that went forward.
create or replace function redemptions.close(program_id integer, redemption_id uuid)
returns jsonb language plpgsql security definer set search_path = pg_catalog as $$
declare
    redemption redemptions.redemption := redemptions.locked(close.program_id, close.redemption_id);
    units bigint;
    accepted bigint;
begin
    if redemption.state = 'closed' then
        return jsonb_build_object('next', 'done');
    elsif redemption.state <> 'settled' then
        raise exception 'a redemption in state % is not closed', redemption.state using errcode = '55000';
    end if;
    select sum(l.quantity), sum(l.accepted_quantity) into units, accepted from redemptions.line as l
    where l.program_id = close.program_id and l.redemption_id = close.redemption_id;
    perform redemptions.finish(close.program_id, close.redemption_id,
                               case when accepted = units then 'completed' else 'partially_completed' end);
    return jsonb_build_object('next', 'done');
end
$$;

-- A person must look: order_unknown, money_not_captured, money_not_voided, partial_against_wish, stuck.
-- One case a reason and redemption; saying it again changes nothing.
create or replace function redemptions.review(program_id integer, redemption_id uuid, reason text)
returns jsonb language plpgsql security definer set search_path = pg_catalog as $$
declare
    redemption redemptions.redemption := redemptions.locked(review.program_id, review.redemption_id);
    opened uuid;
begin
    if redemption.review_reason is distinct from review.reason then
        opened := clock.new_id();
        perform casework.open_case(
            review.program_id, opened, 'redemption', review.redemption_id::text, review.reason,
            jsonb_build_object('redemption_id', review.redemption_id, 'state', redemption.state,
                               'order', orders.state_of(review.program_id, review.redemption_id),
                               'points', redemption.points, 'money_minor', redemption.money_minor),
            array['resolved'], array['support', 'business-operator'], clock.now() + interval '2 days', 'engine');
        update redemptions.redemption as r
        set review_reason = review.reason, case_id = opened, updated_at = clock.now(), row_xid = pg_current_xact_id()
        where r.program_id = review.program_id and r.redemption_id = review.redemption_id;
        perform redemptions.note(review.program_id, review.redemption_id, 'in_review',
                                 jsonb_build_object('reason', review.reason));
        redemption.case_id := opened;
    end if;
    return jsonb_build_object('case_id', redemption.case_id);
end
$$;

-- Nobody knew what became of the order. Next: record (now there is an answer), back (it was never sent), wait.
create or replace function redemptions.look(program_id integer, redemption_id uuid)
returns jsonb language plpgsql security definer set search_path = pg_catalog as $$
declare
    order_state text := orders.state_of(look.program_id, look.redemption_id);
begin
    return jsonb_build_object('next', case
        when order_state in ('accepted', 'partial', 'rejected') then 'record'
        when order_state = 'withdrawn' then 'back'
        else 'wait' end);
end
$$;
