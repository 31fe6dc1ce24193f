-- What the redemption flow says to payments, inside its own transactions.

-- Called by redeem when money is part of it. Returns ok, replay (the same again), key_reuse (another amount), invalid.
-- `capture_at`: acceptance (one capture, asked for by the state machine) or shipment (payments.collect says when).
drop function if exists payments.open(integer, uuid, text, bigint, text, text);
create or replace function payments.open(
    program_id integer, redemption_id uuid, provider text, amount_minor bigint, currency text, actor text,
    capture_at text default 'acceptance', member_id bigint default null
) returns text language plpgsql security definer set search_path = pg_catalog as $$
#variable_conflict use_column
begin
    if open.amount_minor is null or open.amount_minor <= 0 or open.currency is null or open.currency !~ '^[A-Z]{3}$'
       or open.provider is null or open.provider not in ('amazon_pay', 'stripe')
       or open.capture_at is null or open.capture_at not in ('acceptance', 'shipment') then
        return 'invalid';
    end if;
    insert into payments.payment(
        program_id, redemption_id, provider, amount_minor, currency, actor, capture_at, member_id, created_at, updated_at)
    values (open.program_id, open.redemption_id, open.provider, open.amount_minor, open.currency, open.actor,
            open.capture_at, open.member_id, clock.now(), clock.now())
    on conflict do nothing;
    if found then
        return 'ok';
    end if;
    if exists (
        select from payments.payment as p
        where p.program_id = open.program_id and p.redemption_id = open.redemption_id
          and p.provider = open.provider and p.amount_minor = open.amount_minor and p.currency = open.currency
    ) then
        return 'replay';
    end if;
    return 'key_reuse';
end
$$;

-- Fixes, once, how much will be taken, at once or by shipment: zero releases the whole authorisation. Called by the settle
-- step.
-- Returns ok, replay, key_reuse (another amount was fixed), over_authorised, not_authorised, unknown_payment, invalid.
create or replace function payments.intend_capture(
    program_id integer, redemption_id uuid, amount_minor bigint
) returns text language plpgsql security definer set search_path = pg_catalog as $$
declare
    payment payments.payment;
begin
    select * into payment from payments.payment as p
    where p.program_id = intend_capture.program_id and p.redemption_id = intend_capture.redemption_id for update;
    if not found then
        return 'unknown_payment';
    elsif intend_capture.amount_minor is null or intend_capture.amount_minor < 0 then
        return 'invalid';
    elsif payment.capture_minor is not null then
        return case when payment.capture_minor = intend_capture.amount_minor then 'replay' else 'key_reuse' end;
    elsif payment.void_requested_at is not null or payment.authorised_minor = 0 then
        return 'not_authorised';
    elsif intend_capture.amount_minor > payment.authorised_minor then
        return 'over_authorised';
    end if;
    update payments.payment as p
    set capture_minor = intend_capture.amount_minor,
        -- Some of it may have shipped before the state machine came so far.
        next_look_at = case when p.due_minor > 0 or p.all_due then clock.now() else p.next_look_at end
    where p.program_id = intend_capture.program_id and p.redemption_id = intend_capture.redemption_id;
    return 'ok';
end
$$;

-- No row: the redemption has no money part. The approval URL is there only while the member may use it.
create or replace function payments.status_of(program_id integer, redemption_id uuid)
returns table (
    state text, approval_url text, amount_minor bigint, authorised_minor bigint, captured_minor bigint, currency text
) language sql stable security definer set search_path = pg_catalog
begin atomic
    select p.state, case when p.state = 'awaiting_approval' then p.approval_url end,
           p.amount_minor, p.authorised_minor, p.captured_minor, p.currency
    from payments.payment as p
    where p.program_id = status_of.program_id and p.redemption_id = status_of.redemption_id;
end;

-- How the money moved, oldest first, for the timeline.
create or replace function payments.history_of(program_id integer, redemption_id uuid)
returns table (state text, reason text, created_at timestamptz)
language sql stable security definer set search_path = pg_catalog
begin atomic
    select t.to_state, t.reason, t.created_at
    from payments.transition as t
    where t.program_id = history_of.program_id and t.redemption_id = history_of.redemption_id
    order by t.sequence;
end;

-- For the sweeper: members who have not approved in time, while nothing of theirs is being completed.
create or replace function payments.approvals_lapsed(program_id integer, approval_minutes integer default 15)
returns table (redemption_id uuid, opened_at timestamptz)
language sql stable security definer set search_path = pg_catalog
begin atomic
    select p.redemption_id, p.created_at
    from payments.payment as p
    where p.program_id = approvals_lapsed.program_id
      and p.state in ('opened', 'awaiting_approval') and p.void_requested_at is null
      and coalesce(
              (select min(t.created_at) from payments.transition as t
               where t.program_id = p.program_id and t.redemption_id = p.redemption_id
                 and t.to_state = 'awaiting_approval'),
              p.created_at) <= clock.now() - make_interval(mins => approvals_lapsed.approval_minutes)
    order by p.created_at;
end;

-- Money that is reserved on a member's card now, and neither taken nor given back.
create or replace function payments.open_authorisations(program_id integer)
returns table (redemption_id uuid, state text, authorised_minor bigint, authorised_at timestamptz)
language sql stable security definer set search_path = pg_catalog
begin atomic
    select p.redemption_id, p.state, p.authorised_minor, p.authorised_at
    from payments.payment as p
    where p.program_id = open_authorisations.program_id
      and p.charge_id is not null and p.charge_cancelled_at is null and p.state not in ('captured', 'declined', 'unpaid')
    order by p.authorised_at;
end;

-- Whether the money waits for shipments, so that the state machine need not.
create or replace function payments.taken_by_shipment(program_id integer, redemption_id uuid) returns boolean
language sql stable security definer set search_path = pg_catalog
return exists (select from payments.payment as p
               where p.program_id = taken_by_shipment.program_id
                 and p.redemption_id = taken_by_shipment.redemption_id and p.capture_at = 'shipment');
