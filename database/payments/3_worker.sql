-- What the payments worker records. Each function is a compare-and-set: it answers with what it found when it came late.

create or replace function payments.payment_of(program_id integer, redemption_id uuid) returns setof payments.payment
language sql stable security definer set search_path = pg_catalog
begin atomic
    select * from payments.payment as p
    where p.program_id = payment_of.program_id and p.redemption_id = payment_of.redemption_id;
end;

-- Calls that were begun and whose outcome nobody has recorded.
create or replace function payments.unresolved(program_id integer, redemption_id uuid)
returns table (name text, idempotency_key text, request text, age_seconds double precision)
language sql stable security definer set search_path = pg_catalog
begin atomic
    select o.name, o.idempotency_key, o.request,
           extract(epoch from clock.now() - o.begun_at)::double precision
    from payments.operation as o
    where o.program_id = unresolved.program_id and o.redemption_id = unresolved.redemption_id
      and o.concluded_at is null
    order by o.begun_at, o.name;
end;

-- 32 hexadecimal digits: the longest key Amazon Pay takes, the same for the same step for ever.
create or replace function payments.idempotency_key(program_id integer, redemption_id uuid, name text) returns text
language sql immutable set search_path = pg_catalog
return left(encode(sha256(convert_to(program_id || ':' || redemption_id || ':' || name, 'UTF8')), 'hex'), 32);

-- A task of the state machine has come. Its token is kept, so that whoever finishes the task can answer.
-- Returns ok, void (the payment is being given back), captured (void came too late), unknown_payment.
create or replace function payments.take_task(
    program_id integer, redemption_id uuid, task text, task_token text
) returns text language plpgsql security definer set search_path = pg_catalog as $$
declare
    payment payments.payment;
begin
    select * into payment from payments.payment as p
    where p.program_id = take_task.program_id and p.redemption_id = take_task.redemption_id for update;
    if not found then
        return 'unknown_payment';
    elsif take_task.task = 'void' and (payment.capture_minor > 0 or payment.captured_minor > 0) then
        return 'captured';
    elsif take_task.task <> 'void' and payment.void_requested_at is not null then
        return 'void';
    elsif take_task.task = 'authorise' and payment.task is not null and payment.task <> 'authorise' then
        return 'ok'; -- an old message: the state machine is further, and that token is not to be lost
    end if;
    update payments.payment as p
    set task = take_task.task,
        task_token = take_task.task_token,
        next_look_at = clock.now() + interval '60 seconds',
        void_requested_at = case when take_task.task = 'void' then coalesce(p.void_requested_at, clock.now())
                                 else p.void_requested_at end,
        step = case when take_task.task = 'void' and p.state not in ('voided', 'declined', 'abandoned')
                    then 'void' else p.step end,
        state = case when take_task.task = 'void' and p.state not in ('voided', 'declined', 'abandoned')
                     then 'voiding' else p.state end
    where p.program_id = take_task.program_id and p.redemption_id = take_task.redemption_id;
    return 'ok';
end
$$;

-- The member's time is over, or they have cancelled: no approval is taken any more, and the waiting task is told so.
-- For the sweeper and for the member's cancellation. Returns ok, late (they have approved), unknown_payment.
create or replace function payments.abandon(program_id integer, redemption_id uuid) returns text
language plpgsql security definer set search_path = pg_catalog as $$
begin
    update payments.payment as p
    set void_requested_at = clock.now(), state = 'voiding', step = 'void', reason = 'NotApproved',
        next_look_at = clock.now()
    where p.program_id = abandon.program_id and p.redemption_id = abandon.redemption_id
      and p.void_requested_at is null
      and (p.state in ('opened', 'awaiting_approval') or (p.state = 'unknown' and p.step = 'session'));
    if found then
        return 'ok';
    end if;
    return coalesce(
        (select case when p.void_requested_at is null then 'late' else 'ok' end from payments.payment as p
         where p.program_id = abandon.program_id and p.redemption_id = abandon.redemption_id),
        'unknown_payment');
end
$$;

-- The state machine has the answer (or nobody waited for it any more).
create or replace function payments.answered(program_id integer, redemption_id uuid, task_token text) returns void
language sql security definer set search_path = pg_catalog
begin atomic
    update payments.payment as p set task = null, task_token = null
    where p.program_id = answered.program_id and p.redemption_id = answered.redemption_id
      and p.task_token = answered.task_token;
end;

-- Before a call that must not happen twice: the state says that it may have happened, key and request are stored.
-- A step begun before comes back with the stored key and request. No row: the payment's state forbids the step.
-- `part_minor`: how much a capture takes; all that is left when it says nothing.
drop function if exists payments.begin_step(integer, uuid, text, text);
create or replace function payments.begin_step(
    program_id integer, redemption_id uuid, step text, request text, part_minor bigint default null
) returns table (name text, idempotency_key text, stored_request text)
language plpgsql security definer set search_path = pg_catalog as $$
declare
    payment payments.payment;
    operation_name text;
    allowed boolean;
    left_minor bigint;
    part bigint;
begin
    select * into payment from payments.payment as p
    where p.program_id = begin_step.program_id and p.redemption_id = begin_step.redemption_id for update;
    left_minor := payment.capture_minor - payment.reduced_minor - payment.written_off_minor - payment.captured_minor;
    part := coalesce(begin_step.part_minor, left_minor);
    allowed := found and payment.void_requested_at is null and case begin_step.step
        when 'session' then payment.state = 'opened' or (payment.state = 'unknown' and payment.step = 'session')
        when 'complete' then payment.state = 'awaiting_approval'
            or (payment.state in ('completing', 'unknown') and payment.step = 'complete')
        -- Less may be owed than a moment ago, when the amount was chosen.
        when 'capture' then part > 0 and part <= left_minor and (payment.state = 'authorised'
            or (payment.state in ('capturing', 'unknown') and payment.step = 'capture' and payment.part_minor = part))
        when 'reauthorise' then payment.state in ('authorised', 'unpaid')
            or (payment.state in ('capturing', 'completing', 'unknown') and payment.step in ('capture', 'reauthorise'))
        else false end;
    if allowed is not true then
        return;
    end if;
    operation_name := case begin_step.step
        when 'session' then 'session'
        when 'complete' then 'complete:' || payment.complete_attempt
        when 'capture' then 'capture:' || payment.charge_generation
            || case when payment.captures > 0 then ':' || payment.captures else '' end
        else 'charge:' || payment.charge_generation + 1 end;
    insert into payments.operation(program_id, redemption_id, name, idempotency_key, request, begun_at)
    values (begin_step.program_id, begin_step.redemption_id, operation_name,
            payments.idempotency_key(begin_step.program_id, begin_step.redemption_id, operation_name),
            begin_step.request, clock.now())
    on conflict do nothing;
    update payments.payment as p
    set step = begin_step.step,
        part_minor = case when begin_step.step = 'capture' then part end,
        state = case begin_step.step when 'session' then p.state when 'capture' then 'capturing' else 'completing' end,
        next_look_at = clock.now() + interval '60 seconds'
    where p.program_id = begin_step.program_id and p.redemption_id = begin_step.redemption_id;
    return query
        select o.name, o.idempotency_key, o.request from payments.operation as o
        where o.program_id = begin_step.program_id and o.redemption_id = begin_step.redemption_id
          and o.name = operation_name;
end
$$;

-- The outcome of the step under way is not known; only a query by our own id leaves this state.
create or replace function payments.record_unknown(program_id integer, redemption_id uuid, step text) returns void
language sql security definer set search_path = pg_catalog
begin atomic
    update payments.payment as p
    set state = 'unknown', step = record_unknown.step, next_look_at = clock.now() + interval '30 seconds'
    where p.program_id = record_unknown.program_id and p.redemption_id = record_unknown.redemption_id
      and p.step = record_unknown.step and p.state in ('opened', 'completing', 'capturing', 'voiding', 'unknown');
end;

-- Internal: the calls of these kinds have an outcome now.
create or replace function payments.conclude(program_id integer, redemption_id uuid, kinds text[]) returns void
language sql set search_path = pg_catalog
begin atomic
    update payments.operation as o
    set concluded_at = clock.now(), row_xid = pg_current_xact_id()
    where o.program_id = conclude.program_id and o.redemption_id = conclude.redemption_id
      and o.concluded_at is null and split_part(o.name, ':', 1) = any (conclude.kinds);
end;

-- The checkout session exists; the member may go there, unless the payment is being given back.
create or replace function payments.record_session(
    program_id integer, redemption_id uuid, session_id text, approval_url text
) returns void language plpgsql security definer set search_path = pg_catalog as $$
begin
    perform payments.conclude(record_session.program_id, record_session.redemption_id, array['session']);
    update payments.payment as p
    set session_id = record_session.session_id,
        approval_url = record_session.approval_url,
        step = case when p.void_requested_at is null then null else p.step end,
        state = case when p.void_requested_at is null then 'awaiting_approval' else p.state end,
        next_look_at = clock.now() + interval '20 seconds'
    where p.program_id = record_session.program_id and p.redemption_id = record_session.redemption_id
      and p.session_id is null;
end
$$;

-- The provider refused to complete because the member has not approved yet; the next attempt gets a new key.
create or replace function payments.record_not_approved(program_id integer, redemption_id uuid) returns void
language plpgsql security definer set search_path = pg_catalog as $$
begin
    perform payments.conclude(record_not_approved.program_id, record_not_approved.redemption_id, array['complete']);
    update payments.payment as p
    set state = 'awaiting_approval', step = null, complete_attempt = p.complete_attempt + 1,
        next_look_at = clock.now() + interval '20 seconds'
    where p.program_id = record_not_approved.program_id and p.redemption_id = record_not_approved.redemption_id
      and p.state in ('completing', 'unknown') and p.step = 'complete';
end
$$;

-- Money is reserved. Returns ok, or void when the payment is being given back: then the state is voiding again,
-- and whoever reads this must cancel the charge.
create or replace function payments.record_authorised(
    program_id integer, redemption_id uuid, charge_id text, permission_id text, authorised_minor bigint,
    expires_at timestamptz
) returns text language plpgsql security definer set search_path = pg_catalog as $$
declare
    payment payments.payment;
begin
    select * into payment from payments.payment as p
    where p.program_id = record_authorised.program_id and p.redemption_id = record_authorised.redemption_id for update;
    if not found then
        return 'unknown_payment';
    elsif payment.charge_id = record_authorised.charge_id
          and payment.state not in ('completing', 'unknown', 'awaiting_approval', 'voiding') then
        return case when payment.void_requested_at is null then 'ok' else 'void' end;
    elsif payment.void_requested_at is null
          and payment.state not in ('completing', 'awaiting_approval')
          and not (payment.state = 'unknown' and payment.step in ('complete', 'reauthorise')) then
        return 'late';
    end if;
    perform payments.conclude(record_authorised.program_id, record_authorised.redemption_id,
                              array['complete', 'charge']);
    update payments.payment as p
    set charge_generation = p.charge_generation
            + case when p.charge_id is distinct from record_authorised.charge_id and p.charge_id is not null
                   then 1 else 0 end,
        charge_cancelled_at = case when p.charge_id = record_authorised.charge_id then p.charge_cancelled_at end,
        charge_captured_minor = case when p.charge_id = record_authorised.charge_id then p.charge_captured_minor
                                     else 0 end,
        charge_id = record_authorised.charge_id,
        permission_id = record_authorised.permission_id,
        authorised_minor = record_authorised.authorised_minor,
        authorised_at = clock.now(),
        authorisation_expires_at = record_authorised.expires_at,
        step = case when p.void_requested_at is null then null else 'void' end,
        state = case when p.void_requested_at is null then 'authorised' else 'voiding' end,
        part_minor = null,
        hinted = false,
        next_look_at = case when p.void_requested_at is not null or p.task is not null or p.capture_minor is not null
                            then clock.now() + interval '20 seconds' end
    where p.program_id = record_authorised.program_id and p.redemption_id = record_authorised.redemption_id;
    return case when payment.void_requested_at is null then 'ok' else 'void' end;
end
$$;

-- A later charge was refused for now (a soft decline): the next one gets a new key.
create or replace function payments.record_charge_refused(program_id integer, redemption_id uuid) returns integer
language plpgsql security definer set search_path = pg_catalog as $$
declare
    generation integer;
begin
    perform payments.conclude(record_charge_refused.program_id, record_charge_refused.redemption_id, array['charge']);
    update payments.payment as p
    set charge_generation = p.charge_generation + 1, state = 'completing',
        next_look_at = clock.now() + interval '60 seconds'
    where p.program_id = record_charge_refused.program_id
      and p.redemption_id = record_charge_refused.redemption_id
      and p.state in ('completing', 'unknown') and p.step = 'reauthorise'
    returning p.charge_generation into generation;
    return generation;
end
$$;

-- The old charge of a payment is no longer reserved on the card.
create or replace function payments.record_charge_cancelled(program_id integer, redemption_id uuid, charge_id text)
returns void language sql security definer set search_path = pg_catalog
begin atomic
    update payments.payment as p set charge_cancelled_at = coalesce(p.charge_cancelled_at, clock.now())
    where p.program_id = record_charge_cancelled.program_id
      and p.redemption_id = record_charge_cancelled.redemption_id
      and p.charge_id = record_charge_cancelled.charge_id;
end;

-- Nothing is reserved any more, by the provider's word (declined) or the member's (abandoned): the end without money. Money
-- of an order that stands and whose shipments pay for themselves stays owed instead: payments.record_unpaid.
create or replace function payments.record_failed(
    program_id integer, redemption_id uuid, state text, reason text
) returns void language plpgsql security definer set search_path = pg_catalog as $$
begin
    if record_failed.state not in ('declined', 'abandoned') then
        raise exception 'no failure: %', record_failed.state;
    end if;
    perform payments.conclude(record_failed.program_id, record_failed.redemption_id,
                              array['session', 'complete', 'charge', 'capture']);
    if payments.record_unpaid(record_failed.program_id, record_failed.redemption_id, record_failed.reason) then
        return;
    end if;
    update payments.payment as p
    set state = case when p.void_requested_at is null then record_failed.state else 'voided' end,
        step = null,
        part_minor = null,
        reason = record_failed.reason,
        authorised_minor = 0,
        charge_cancelled_at = case when p.charge_id is not null
                                   then coalesce(p.charge_cancelled_at, clock.now()) end,
        next_look_at = clock.now() + interval '20 seconds'
    where p.program_id = record_failed.program_id and p.redemption_id = record_failed.redemption_id
      and p.captured_minor = 0 and p.state not in ('declined', 'abandoned', 'voided', 'captured');
    perform payments.allocate(record_failed.program_id, record_failed.redemption_id);
end
$$;

-- Money was taken. `taken_minor` is what the charge has given in all, so that saying it twice changes nothing.
-- `charge_goes_on`: more may be taken of the same charge.
drop function if exists payments.record_captured(integer, uuid, bigint);
create or replace function payments.record_captured(
    program_id integer, redemption_id uuid, charge_id text, taken_minor bigint, charge_goes_on boolean
) returns void language plpgsql security definer set search_path = pg_catalog as $$
declare
    payment payments.payment;
    part bigint;
    ended boolean;
begin
    select * into payment from payments.payment as p
    where p.program_id = record_captured.program_id and p.redemption_id = record_captured.redemption_id for update;
    part := record_captured.taken_minor - payment.charge_captured_minor;
    if not found or payment.charge_id <> record_captured.charge_id or part <= 0
       or payment.state not in ('authorised', 'capturing', 'unknown') then
        return;
    end if;
    perform payments.conclude(record_captured.program_id, record_captured.redemption_id, array['capture']);
    insert into payments.capture(program_id, redemption_id, capture_number, charge_id, amount_minor, captured_at)
    values (payment.program_id, payment.redemption_id, payment.captures + 1, payment.charge_id, part, clock.now());
    perform payments.close_unpaid(payment.program_id, payment.redemption_id);
    ended := payment.captured_minor + part
             >= payment.capture_minor - payment.reduced_minor - payment.written_off_minor;
    update payments.payment as p
    set captured_minor = p.captured_minor + part,
        captures = p.captures + 1,
        charge_captured_minor = record_captured.taken_minor,
        charge_cancelled_at = case when not ended and not record_captured.charge_goes_on
                                   then clock.now() else p.charge_cancelled_at end,
        captured_at = clock.now(), part_minor = null, reason = null, unpaid_attempts = 0,
        state = case when ended then 'captured' when record_captured.charge_goes_on then 'authorised'
                     else 'completing' end,
        -- What is not taken yet is reserved again.
        step = case when not ended and not record_captured.charge_goes_on then 'reauthorise' end,
        next_look_at = clock.now() + interval '20 seconds'
    where p.program_id = payment.program_id and p.redemption_id = payment.redemption_id;
    perform payments.allocate(payment.program_id, payment.redemption_id);
end
$$;

-- Nothing is reserved and nothing will be. `look_again_seconds`: a completion may still be on its way; look once more.
create or replace function payments.record_voided(program_id integer, redemption_id uuid, look_again_seconds integer)
returns void language plpgsql security definer set search_path = pg_catalog as $$
begin
    if record_voided.look_again_seconds is null then
        perform payments.conclude(record_voided.program_id, record_voided.redemption_id,
                                  array['session', 'complete', 'charge', 'capture']);
    end if;
    update payments.payment as p
    set state = case when p.state in ('declined', 'abandoned') then p.state else 'voided' end,
        step = null,
        void_requested_at = coalesce(p.void_requested_at, clock.now()),
        charge_cancelled_at = case when p.charge_id is not null
                                   then coalesce(p.charge_cancelled_at, clock.now()) end,
        next_look_at = clock.now() + make_interval(secs => coalesce(record_voided.look_again_seconds, 20))
    where p.program_id = record_voided.program_id and p.redemption_id = record_voided.redemption_id
      and p.captured_minor = 0;
    if found then
        perform payments.close_unpaid(record_voided.program_id, record_voided.redemption_id);
    end if;
end
$$;

-- Nothing more can be charged by this payment.
create or replace function payments.record_permission_closed(program_id integer, redemption_id uuid) returns void
language sql security definer set search_path = pg_catalog
begin atomic
    update payments.payment as p
    set permission_closed_at = coalesce(p.permission_closed_at, clock.now())
    where p.program_id = record_permission_closed.program_id
      and p.redemption_id = record_permission_closed.redemption_id;
end;
