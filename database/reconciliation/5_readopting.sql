-- After a restore to an earlier instant: what Amazon and the payment provider know and the database does not. The database's word
-- about anything outside is old; only a query leaves that state. Each subject is taken up once a restore.

-- Begin, or go on. `p_restored_to`: the instant of the restore.
create or replace function reconciliation.begin_readoption(p_restored_to timestamptz)
returns setof reconciliation.readoption language plpgsql security definer set search_path = pg_catalog as $$
begin
    insert into reconciliation.readoption (restored_to, begun_at, reports_end)
    values (p_restored_to, clock.now(), clock.now()) on conflict do nothing;
    return query select * from reconciliation.readoption r where r.restored_to = p_restored_to;
end $$;

-- Redemptions of which an order may exist that the database does not know: those before the pivot, those that wait to be sent, and those
-- that were turned back since shortly before the restore. Not those that are in doubt anyway: their orders are looked up as always.
create or replace function reconciliation.in_doubt(p_restored_to timestamptz, p_most integer)
returns table (program_id integer, redemption_id uuid, external_id text, connection text, execution_name text, has_payment boolean)
language sql stable security definer set search_path = pg_catalog
begin atomic
    select r.program_id, r.redemption_id, p.external_id, p.connection,
           r.redemption_id || case when r.execution_number = 0 then '' else '-' || r.execution_number end,
           exists (select from payments.payment y where y.program_id = r.program_id and y.redemption_id = r.redemption_id)
    from redemptions.redemption r
    join orders.placement p using (program_id, redemption_id)
    where (p.state = 'planned' or (p.state = 'queued' and p.sends = 0)
           or (p.state in ('withdrawn', 'rejected')
               and coalesce(r.closed_at, r.updated_at) > p_restored_to - interval '1 day'))
      and not exists (select from reconciliation.adoption a
                      where a.restored_to = p_restored_to and a.subject = r.redemption_id::text)
    order by r.redemption_id limit p_most;
end;

-- Amazon knows no order of it. `p_execution_over`: its state machine came to its end in the time that was lost, so the redemption
-- had been turned back there: it is again. Else it goes on by itself. Returns the adoption's kind.
create or replace function reconciliation.no_order(
    p_restored_to timestamptz, p_program_id integer, p_redemption_id uuid, p_execution_over boolean
) returns text language plpgsql security definer set search_path = pg_catalog as $$
declare
    r redemptions.redemption := redemptions.locked(p_program_id, p_redemption_id);
    v_over boolean := p_execution_over and r.state in ('held', 'step_up', 'review', 'awaiting_payment', 'ordering')
                      and orders.state_of(p_program_id, p_redemption_id) in ('planned', 'queued');
begin
    if not reconciliation.take_up(p_restored_to, r, case when v_over then 'over' else 'none' end, '{}') then
        return 'replay';
    elsif not v_over then
        return 'none';
    end if;
    perform redemptions.turn_back(p_program_id, p_redemption_id, 'failed');
    perform reconciliation.start_again(r);
    return 'over';
end $$;

-- Amazon has an order of it. The hold still stands: the redemption is led forward, as if the order had been sent a moment ago and its
-- answer lost; the orders service asks what became of it. The points were given back meanwhile: they are taken again under keys of
-- their own, or, where there are not enough, the house bears them; a person has a case. `p_order` are ids, units and amounts.
-- Not `p_findable`: a report knows it, and the name we look it up by does not, so it must not be sent again: a person concludes it.
-- Returns forward, late or replay.
create or replace function reconciliation.has_order(
    p_restored_to timestamptz, p_program_id integer, p_redemption_id uuid, p_order jsonb, p_findable boolean
) returns text language plpgsql security definer set search_path = pg_catalog as $$
declare
    r redemptions.redemption := redemptions.locked(p_program_id, p_redemption_id);
begin
    if r.state = 'closed' then
        return reconciliation.take_late(p_restored_to, r, p_order);
    elsif not reconciliation.take_up(p_restored_to, r, 'forward', p_order) then
        return 'replay';
    elsif r.state in ('settled') then
        return 'forward';
    end if;
    if r.state in ('step_up', 'review') then
        perform redemptions.end_parking(r, 'superseded', 'readoption');
    end if;
    update orders.placement p
    set state = 'unknown', sends = greatest(p.sends, 1), queued_at = coalesce(p.queued_at, clock.now()),
        queue_number = coalesce(p.queue_number, nextval('orders.queue_number')), sent_at = coalesce(p.sent_at, clock.now()),
        concluded_at = null, recorded_at = null, result = null, answered_at = null, due_at = case when p_findable then clock.now() end,
        given_up_at = case when not p_findable then coalesce(p.given_up_at, clock.now()) end,
        lease_id = null, lease_until = null, row_xid = pg_current_xact_id()
    where p.program_id = p_program_id and p.redemption_id = p_redemption_id
      and p.state in ('planned', 'queued', 'withdrawn', 'rejected');
    update redemptions.redemption x
    set outcome = null, place_before = greatest(x.place_before, clock.now() + interval '1 day'),
        lease_until = greatest(x.lease_until, clock.now() + interval '3 days')
    where x.program_id = p_program_id and x.redemption_id = p_redemption_id;
    if r.points > 0 then
        perform points.extend_lease(p_program_id, r.member_id, p_redemption_id, clock.now() + interval '3 days');
    end if;
    perform redemptions.move(p_program_id, p_redemption_id, 'ordering', 'readopted', '{}');
    perform reconciliation.start_again(r);
    return 'forward';
end $$;

-- Internal: the row's own execution has ended, or waits for an answer that this database knows nothing of: another one enters where
-- the row stands. The sweeper starts it.
create or replace function reconciliation.start_again(r redemptions.redemption) returns void
language sql set search_path = pg_catalog
begin atomic
    update redemptions.redemption x
    set execution_number = x.execution_number + 1, execution_started_at = null, updated_at = clock.now(),
        row_xid = pg_current_xact_id()
    where x.program_id = r.program_id and x.redemption_id = r.redemption_id;
end;

-- Internal: once a restore. False: it was taken up before.
create or replace function reconciliation.take_up(
    p_restored_to timestamptz, r redemptions.redemption, p_kind text, p_detail jsonb
) returns boolean language plpgsql set search_path = pg_catalog as $$
begin
    insert into reconciliation.adoption (
        restored_to, subject, kind, program_id, redemption_id, detail, begun_at, done_at)
    values (p_restored_to, r.redemption_id::text, p_kind, r.program_id, r.redemption_id, p_detail, clock.now(), clock.now())
    on conflict do nothing;
    return found;
end $$;

-- Internal: the order was found after all points had been given back.
create or replace function reconciliation.take_late(p_restored_to timestamptz, r redemptions.redemption, p_order jsonb)
returns text language plpgsql set search_path = pg_catalog as $$
declare
    v_hold uuid := clock.new_id();
    v_settle uuid := clock.new_id();
    v_case uuid := clock.new_id();
    v_points bigint := coalesce((
        select sum((u ->> 'quantity')::bigint * l.unit_points)
        from jsonb_array_elements(p_order -> 'lines') u
        join redemptions.line l on l.program_id = r.program_id and l.redemption_id = r.redemption_id
            and l.line_number = (u ->> 'line_number')::integer), 0);
    v_money bigint := coalesce((
        select sum((u ->> 'quantity')::bigint * l.unit_money_minor)
        from jsonb_array_elements(p_order -> 'lines') u
        join redemptions.line l on l.program_id = r.program_id and l.redemption_id = r.redemption_id
            and l.line_number = (u ->> 'line_number')::integer), 0);
    v_taken boolean := false;
    v_status text;
begin
    if r.accepted_points is not null or exists (
            select from reconciliation.adoption a where a.redemption_id = r.redemption_id and a.kind = 'late') then
        -- By an earlier restore; this one has looked at it as well, and is not given it again.
        perform reconciliation.take_up(p_restored_to, r, 'none', p_order);
        return 'replay';
    elsif not reconciliation.take_up(p_restored_to, r, 'late', p_order) then
        return 'replay';
    end if;
    if v_points > 0 then
        select h.status into v_status from points.hold(
            r.program_id, r.member_id, v_hold, v_points, clock.now() + interval '1 day',
            points.request('readopt', r.redemption_id::text, v_points::text), 'readoption') h;
        v_taken := v_status = 'ok';
        if v_taken then
            select o.status into v_status from points.settle(
                r.program_id, r.member_id, v_settle, v_hold, v_points, 'readoption') o;
            if v_status <> 'ok' then
                raise exception 'points not settled: %', v_status using errcode = '55000';
            end if;
        elsif v_status <> 'insufficient' then
            raise exception 'points not held: %', v_status using errcode = '55000';
        else
            -- Nobody is driven below zero: the house bears it, and a person decides.
            insert into reconciliation.house (program_id, redemption_id, account, key, reason, points, day, created_at)
            values (r.program_id, r.redemption_id, 'exception', 'late-order', 'insufficient', v_points,
                    points.today(r.program_id), clock.now());
        end if;
    end if;
    update reconciliation.adoption a
    set hold_op_id = case when v_taken then v_hold end, settle_op_id = case when v_taken then v_settle end,
        points = case when v_taken then v_points else 0 end, house_points = case when v_taken then 0 else v_points end,
        case_id = v_case, row_xid = pg_current_xact_id()
    where a.restored_to = p_restored_to and a.subject = r.redemption_id::text;
    perform casework.open_case(
        r.program_id, v_case, 'reconciliation', r.redemption_id::text, 'late_order',
        p_order || jsonb_build_object(
            'redemption_id', r.redemption_id, 'member_id', r.member_id, 'outcome', r.outcome, 'currency', r.currency,
            'points_taken', case when v_taken then v_points else 0 end, 'points_of_the_house',
            case when v_taken then 0 else v_points end, 'money_not_taken_minor', v_money),
        array['accepted', 'corrected'], array['business-operator'], clock.now() + interval '2 days', 'readoption');
    perform redemptions.note(r.program_id, r.redemption_id, 'readopted', jsonb_build_object(
        'points', case when v_taken then v_points else 0 end));
    return 'late';
end $$;

-- An order under our number that no redemption of the database knows: a case with all that can be said of it, once.
create or replace function reconciliation.lost_redemption(
    p_restored_to timestamptz, p_connection text, p_redemption_id uuid, p_order jsonb
) returns text language plpgsql security definer set search_path = pg_catalog as $$
declare
    v_program integer := reconciliation.program_of(p_connection);
    v_case uuid := clock.new_id();
begin
    if exists (select from redemptions.redemption r where r.redemption_id = p_redemption_id) then
        return 'known';
    end if;
    insert into reconciliation.adoption (
        restored_to, subject, kind, program_id, redemption_id, detail, case_id, begun_at, done_at)
    values (p_restored_to, p_redemption_id::text, 'lost', v_program, p_redemption_id, p_order, v_case, clock.now(), clock.now())
    on conflict do nothing;
    if not found or exists (select from reconciliation.adoption a
                            where a.redemption_id = p_redemption_id and a.kind = 'lost' and a.restored_to <> p_restored_to) then
        return 'replay';
    end if;
    perform casework.open_case(
        v_program, v_case, 'reconciliation', p_redemption_id::text, 'lost_redemption',
        p_order || jsonb_build_object(
            'redemption_id', p_redemption_id, 'redeemed_at', clock.instant_of(p_redemption_id), 'connection', p_connection,
            'restored_to', p_restored_to),
        array['accepted', 'corrected'], array['business-operator', 'support'], clock.now() + interval '2 days', 'readoption');
    return 'lost';
end $$;

-- Whether an order under this name needs no search: its redemption is known, or it was found to be lost before.
create or replace function reconciliation.knows(p_restored_to timestamptz, p_redemption_id uuid) returns boolean
language sql stable security definer set search_path = pg_catalog
return exists (select from redemptions.redemption r where r.redemption_id = p_redemption_id)
    or exists (select from reconciliation.adoption a
               where a.restored_to = p_restored_to and a.subject = p_redemption_id::text);

-- A charge that the provider shows. What is to be done with it:
--   nothing        it is known, or there is no money in it
--   adopt          its redemption is open and knows no charge yet
--   keep           its redemption is lost and has an order: a person has it (the charge is added to what the case knows)
--   give_back      nothing was ordered for it, or its redemption has ended without money
--   wait           its redemption is in doubt: look again when that is decided
create or replace function reconciliation.charge_found(
    p_restored_to timestamptz, p_provider text, p_charge_id text, p_reference text, p_money boolean, p_detail jsonb
) returns table (verdict text, program_id integer, redemption_id uuid)
language plpgsql security definer set search_path = pg_catalog as $$
#variable_conflict use_column
declare
    v_named uuid := reconciliation.named(p_reference);
    r redemptions.redemption;
    y payments.payment;
    a reconciliation.adoption;
begin
    select * into y from payments.payment p
    where p.provider = p_provider and (p.charge_id = p_charge_id or exists (
        select from payments.capture c
        where c.program_id = p.program_id and c.redemption_id = p.redemption_id and c.charge_id = p_charge_id)) limit 1;
    if found or not p_money or v_named is null then
        return query select 'nothing', y.program_id, y.redemption_id;
        return;
    end if;
    select * into r from redemptions.redemption x where x.redemption_id = v_named;
    select * into a from reconciliation.adoption x where x.redemption_id = v_named and x.kind in ('lost', 'late') limit 1;
    if r.redemption_id is null and a.kind is null then
        return query select 'give_back', null::integer, v_named;
        return;
    elsif a.kind is not null then
        insert into reconciliation.adoption (restored_to, subject, kind, program_id, redemption_id, detail, begun_at, done_at)
        values (p_restored_to, p_charge_id, 'kept', a.program_id, v_named, p_detail, clock.now(), clock.now())
        on conflict do nothing;
        if found and a.case_id is not null then
            perform casework.note(a.program_id, a.case_id, 'charge', 'readoption', p_detail);
        end if;
        return query select 'keep', a.program_id, v_named;
        return;
    end if;
    select * into y from payments.payment p where p.program_id = r.program_id and p.redemption_id = r.redemption_id;
    return query select case
        when y.charge_id is not null and y.charge_cancelled_at is null then 'wait'
        when y.state in ('opened', 'awaiting_approval', 'completing', 'unknown') and y.void_requested_at is null then 'adopt'
        when y.state in ('voided', 'declined', 'abandoned') or y.redemption_id is null then 'give_back'
        else 'wait' end, r.program_id, r.redemption_id;
end $$;

-- The payment of an open redemption gets the charge that the provider has for it.
create or replace function reconciliation.adopt_charge(
    p_restored_to timestamptz, p_program_id integer, p_redemption_id uuid, p_charge_id text, p_permission_id text,
    p_authorised_minor bigint, p_expires_at timestamptz
) returns text language plpgsql security definer set search_path = pg_catalog as $$
declare
    v_said text;
begin
    -- As if its approval had just been seen.
    update payments.payment p set state = 'awaiting_approval', step = null
    where p.program_id = p_program_id and p.redemption_id = p_redemption_id and p.void_requested_at is null
      and p.state in ('opened', 'awaiting_approval', 'completing', 'unknown') and p.amount_minor >= p_authorised_minor;
    if not found then
        return 'refused';
    end if;
    v_said := payments.record_authorised(p_program_id, p_redemption_id, p_charge_id, p_permission_id, p_authorised_minor,
                                         p_expires_at);
    if v_said = 'ok' then
        insert into reconciliation.adoption (restored_to, subject, kind, program_id, redemption_id, begun_at, done_at)
        values (p_restored_to, p_charge_id, 'adopted', p_program_id, p_redemption_id, clock.now(), clock.now())
        on conflict do nothing;
    end if;
    return v_said;
end $$;

-- Before a call that gives money back: written down with its key. False: it was done.
create or replace function reconciliation.begin_giving_back(
    p_restored_to timestamptz, p_charge_id text, p_kind text, p_program_id integer, p_redemption_id uuid, p_detail jsonb
) returns boolean language plpgsql security definer set search_path = pg_catalog as $$
begin
    insert into reconciliation.adoption (restored_to, subject, kind, program_id, redemption_id, detail, begun_at)
    values (p_restored_to, p_charge_id, p_kind, p_program_id, p_redemption_id, p_detail, clock.now())
    on conflict (restored_to, subject) do update set kind = excluded.kind, row_xid = pg_current_xact_id()
        where reconciliation.adoption.done_at is null;
    return found;
end $$;

-- What became of it. Refused: a person gives it back in another way.
create or replace function reconciliation.gave_back(p_restored_to timestamptz, p_charge_id text, p_kind text, p_detail jsonb)
returns void language plpgsql security definer set search_path = pg_catalog as $$
declare
    a reconciliation.adoption;
begin
    update reconciliation.adoption x
    set kind = p_kind, done_at = clock.now(), detail = x.detail || p_detail, row_xid = pg_current_xact_id()
    where x.restored_to = p_restored_to and x.subject = p_charge_id and x.done_at is null
    returning x.* into a;
    if found and p_kind = 'refused' then
        a.case_id := clock.new_id();
        a.program_id := coalesce(a.program_id, (select min(g.program_id) from programme.program g));
        perform casework.open_case(
            a.program_id, a.case_id, 'reconciliation', left(p_charge_id, 200), 'charge_not_given_back',
            a.detail || jsonb_build_object('charge_id', p_charge_id, 'redemption_id', a.redemption_id),
            array['accepted', 'corrected'], array['business-operator'], clock.now() + interval '2 days', 'readoption');
        update reconciliation.adoption x set case_id = a.case_id, program_id = a.program_id
        where x.restored_to = p_restored_to and x.subject = p_charge_id;
    end if;
end $$;

-- All was looked at.
create or replace function reconciliation.readoption_done(p_restored_to timestamptz) returns void
language sql security definer set search_path = pg_catalog
begin atomic
    update reconciliation.readoption r set finished_at = clock.now(), row_xid = pg_current_xact_id()
    where r.restored_to = p_restored_to;
end;

-- What was found and done, by kind.
create or replace function reconciliation.readopted(p_restored_to timestamptz) returns table (kind text, subjects bigint)
language sql stable security definer set search_path = pg_catalog
begin atomic
    select a.kind, count(*) from reconciliation.adoption a where a.restored_to = p_restored_to group by 1 order by 1;
end;
