-- Money that is due shipment by shipment, and what happens to money that cannot be had.

-- Called by whoever sees a shipment leave, once an event; `is_last`: nothing else will be shipped. An event may say
-- is_last later. Returns
--   ok, replay
--   not_needed      nothing to collect: no money, taken at acceptance, or given back
--   key_reuse       the event named another amount before
--   invalid
create or replace function payments.collect(
    program_id integer, redemption_id uuid, event_key text, amount_minor bigint, is_last boolean
) returns text language plpgsql security definer set search_path = pg_catalog as $$
declare
    payment payments.payment;
    before payments.collection;
    known boolean;
begin
    if num_nulls(program_id, redemption_id, event_key, amount_minor, is_last) > 0 or amount_minor < 0
       or amount_minor > 1000000000000000 or length(event_key) not between 1 and 200 then
        return 'invalid';
    end if;
    select * into payment from payments.payment as p
    where p.program_id = collect.program_id and p.redemption_id = collect.redemption_id for update;
    if not found or payment.capture_at <> 'shipment' or payment.void_requested_at is not null then
        return 'not_needed';
    end if;
    select * into before from payments.collection as c
    where c.program_id = collect.program_id and c.redemption_id = collect.redemption_id
      and c.event_key = collect.event_key;
    known := found;
    if known and before.amount_minor <> collect.amount_minor then
        return 'key_reuse';
    elsif known and (before.is_last or not collect.is_last) then
        return 'replay';
    end if;
    insert into payments.collection as c (program_id, redemption_id, event_key, amount_minor, is_last, created_at)
    values (collect.program_id, collect.redemption_id, collect.event_key, collect.amount_minor, collect.is_last,
            clock.now())
    on conflict on constraint collection_pkey do update set is_last = true, row_xid = pg_current_xact_id();
    update payments.payment as p
    set due_minor = p.due_minor + case when known then 0 else collect.amount_minor end,
        all_due = p.all_due or collect.is_last,
        next_look_at = case when p.capture_minor is not null then clock.now() else p.next_look_at end
    where p.program_id = collect.program_id and p.redemption_id = collect.redemption_id;
    return 'ok';
end
$$;

-- Internal: an order stands and its shipments are to be paid, but nothing is reserved and the provider refused more. False:
-- it is not such a payment. What is not worth an attempt is written off; something that has shipped opens a case, once,
-- and is tried again after 1, 3, 7, 14 and 30 days. What has not shipped waits for its shipment.
create or replace function payments.record_unpaid(program_id integer, redemption_id uuid, reason text) returns boolean
language plpgsql set search_path = pg_catalog as $$
declare
    payment payments.payment;
    left_minor bigint;
    owed_minor bigint;
    days integer[] := array[1, 3, 7, 14, 30];
begin
    select * into payment from payments.payment as p
    where p.program_id = record_unpaid.program_id and p.redemption_id = record_unpaid.redemption_id for update;
    if not found or payment.capture_at <> 'shipment' or coalesce(payment.capture_minor, 0) = 0
       or payment.void_requested_at is not null
       or payment.state in ('captured', 'voided', 'declined', 'abandoned') then
        return false;
    end if;
    update payments.payment as p
    set state = 'unpaid', step = null, part_minor = null, reason = record_unpaid.reason,
        charge_cancelled_at = case when p.charge_id is not null then coalesce(p.charge_cancelled_at, clock.now()) end,
        -- The refusal would be replayed: the next charge has another key.
        charge_generation = p.charge_generation + case when p.step = 'reauthorise' then 1 else 0 end,
        next_look_at = null
    where p.program_id = payment.program_id and p.redemption_id = payment.redemption_id;
    perform payments.allocate(payment.program_id, payment.redemption_id);
    select * into payment from payments.payment as p
    where p.program_id = record_unpaid.program_id and p.redemption_id = record_unpaid.redemption_id;
    left_minor := payment.capture_minor - payment.reduced_minor - payment.written_off_minor - payment.captured_minor;
    owed_minor := case when payment.all_due then left_minor
                       else least(left_minor, payment.due_minor - payment.captured_minor) end;
    if left_minor <= 0 then
        perform payments.close_unpaid(payment.program_id, payment.redemption_id);
        update payments.payment as p set next_look_at = clock.now()
        where p.program_id = payment.program_id and p.redemption_id = payment.redemption_id;
    elsif owed_minor > 0 then
        if owed_minor = left_minor and left_minor <= payments.write_off_limit(payment.program_id) then
            perform payments.write_off(payment.program_id, payment.redemption_id, left_minor, 'not_worth_collecting');
            return true;
        end if;
        if payment.unpaid_case_id is null then
            payment.unpaid_case_id := payments.open_case(
                payment.program_id, payment.redemption_id, 'unpaid',
                jsonb_build_object('amount_minor', owed_minor, 'provider_reason', record_unpaid.reason),
                array['collected', 'written_off']);
            perform payments.tell(payment.program_id, payment.redemption_id, 'payment.failed', owed_minor);
        end if;
        update payments.payment as p
        set unpaid_case_id = payment.unpaid_case_id, unpaid_attempts = p.unpaid_attempts + 1,
            next_look_at = clock.now() + make_interval(days => days[p.unpaid_attempts + 1])
        where p.program_id = payment.program_id and p.redemption_id = payment.redemption_id;
    end if;
    return true;
end
$$;

-- A person has decided about money that was owed and could not be had (the case says how much): the member has paid it in
-- another way (collected), or nobody runs after it (written_off). It is not charged any more; what leaves later is. Returns
-- ok, nothing_owed (taken or given back meanwhile), under_way (the provider is being asked just now).
create or replace function payments.settle_unpaid(
    program_id integer, redemption_id uuid, case_id uuid, decision text, amount_minor bigint
) returns text language plpgsql set search_path = pg_catalog as $$
declare
    payment payments.payment;
    left_minor bigint;
    covered bigint;
begin
    select * into payment from payments.payment as p
    where p.program_id = settle_unpaid.program_id and p.redemption_id = settle_unpaid.redemption_id for update;
    if payment.unpaid_case_id is distinct from settle_unpaid.case_id then
        return 'nothing_owed';
    elsif payment.state <> 'unpaid' then
        return 'under_way';
    end if;
    left_minor := payment.capture_minor - payment.reduced_minor - payment.written_off_minor - payment.captured_minor;
    covered := least(settle_unpaid.amount_minor,
                     case when payment.all_due then left_minor
                          else least(left_minor, payment.due_minor - payment.captured_minor) end);
    if covered <= 0 then
        return 'nothing_owed';
    end if;
    perform payments.bear(payment, case settle_unpaid.decision when 'collected' then 'collected_elsewhere'
                                                               else 'write_off' end,
                          covered, settle_unpaid.decision || '_by_a_person');
    update payments.payment as p
    set due_minor = greatest(p.due_minor - covered, 0), unpaid_case_id = null, unpaid_attempts = 0
    where p.program_id = payment.program_id and p.redemption_id = payment.redemption_id;
    return 'ok';
end
$$;

-- Internal: nothing of what the case is about is owed any more, so nobody has to look. The caller holds the payment's row.
create or replace function payments.close_unpaid(program_id integer, redemption_id uuid) returns void
language plpgsql set search_path = pg_catalog as $$
declare
    answered uuid;
begin
    select p.unpaid_case_id into answered from payments.payment as p
    where p.program_id = close_unpaid.program_id and p.redemption_id = close_unpaid.redemption_id;
    if answered is null then
        return;
    end if;
    perform casework.withdraw_case(close_unpaid.program_id, answered, 'payments');
    update payments.payment as p set unpaid_case_id = null
    where p.program_id = close_unpaid.program_id and p.redemption_id = close_unpaid.redemption_id;
end
$$;

-- The payment's row, locked.
create or replace function payments.hold_still(program_id integer, redemption_id uuid) returns void
language plpgsql set search_path = pg_catalog as $$
begin
    perform from payments.payment as p
    where p.program_id = hold_still.program_id and p.redemption_id = hold_still.redemption_id for update;
end
$$;

-- Internal: what the programme does not run after.
create or replace function payments.write_off_limit(program_id integer) returns bigint
language sql stable set search_path = pg_catalog as $$
    select coalesce((select (v.document -> 'integrations' -> 'payment' ->> 'write_off_minor')::bigint
                     from programme.current(write_off_limit.program_id) as v), 100)
$$;

-- Nobody will pay this part: it falls to the programme's own account. False: it is not owed, or it may be taken just now.
create or replace function payments.write_off(
    program_id integer, redemption_id uuid, amount_minor bigint, reason text
) returns boolean language plpgsql security definer set search_path = pg_catalog as $$
declare
    payment payments.payment;
begin
    select * into payment from payments.payment as p
    where p.program_id = write_off.program_id and p.redemption_id = write_off.redemption_id for update;
    if not found or amount_minor is null or amount_minor <= 0 or payment.state not in ('authorised', 'unpaid')
       or amount_minor > coalesce(payment.capture_minor, 0) - payment.reduced_minor - payment.written_off_minor
                         - payment.captured_minor then
        return false;
    end if;
    perform payments.bear(payment, 'write_off', write_off.amount_minor, write_off.reason);
    return true;
end
$$;

-- Internal: this part is not asked for any more; the account says why. The caller holds the payment's row.
create or replace function payments.bear(payment payments.payment, account text, amount_minor bigint, reason text)
returns void language plpgsql set search_path = pg_catalog as $$
begin
    insert into payments.house(program_id, redemption_id, account, key, amount_minor, currency, reason, created_at)
    select payment.program_id, payment.redemption_id, bear.account, (1 + count(*))::text, bear.amount_minor,
           payment.currency, bear.reason, clock.now()
    from payments.house as h
    where h.program_id = payment.program_id and h.redemption_id = payment.redemption_id and h.account = bear.account;
    update payments.payment as p
    set written_off_minor = p.written_off_minor + bear.amount_minor, next_look_at = clock.now()
    where p.program_id = payment.program_id and p.redemption_id = payment.redemption_id;
end
$$;

-- The provider will not take this part alone and nothing happened: the reservation stands as before. The next attempt has
-- another key, and comes when more is due or after six hours.
create or replace function payments.record_part_refused(program_id integer, redemption_id uuid) returns void
language plpgsql security definer set search_path = pg_catalog as $$
begin
    perform payments.conclude(record_part_refused.program_id, record_part_refused.redemption_id, array['capture']);
    update payments.payment as p
    set state = 'authorised', step = null, part_minor = null, charge_generation = p.charge_generation + 1,
        next_look_at = clock.now() + interval '6 hours'
    where p.program_id = record_part_refused.program_id and p.redemption_id = record_part_refused.redemption_id
      and p.state in ('capturing', 'unknown') and p.step = 'capture' and p.capture_at = 'shipment';
    perform payments.allocate(record_part_refused.program_id, record_part_refused.redemption_id);
end
$$;

-- Everything that was owed is taken, given back or written off, and nothing is reserved: the end of a payment by shipment.
create or replace function payments.record_finished(program_id integer, redemption_id uuid) returns void
language plpgsql security definer set search_path = pg_catalog as $$
begin
    update payments.payment as p
    set state = case when p.captured_minor > 0 then 'captured' else 'voided' end, step = null, part_minor = null,
        void_requested_at = case when p.captured_minor > 0 then p.void_requested_at
                                 else coalesce(p.void_requested_at, clock.now()) end,
        next_look_at = clock.now() + interval '20 seconds'
    where p.program_id = record_finished.program_id and p.redemption_id = record_finished.redemption_id
      and p.state in ('authorised', 'completing', 'unpaid') and p.void_requested_at is null
      and p.capture_minor = p.reduced_minor + p.written_off_minor + p.captured_minor
      and (p.charge_cancelled_at is not null or p.charge_id is null)
      and not exists (select from payments.operation as o
                      where o.program_id = p.program_id and o.redemption_id = p.redemption_id
                        and o.concluded_at is null and split_part(o.name, ':', 1) = 'charge');
    if found then
        perform payments.close_unpaid(record_finished.program_id, record_finished.redemption_id);
    end if;
end
$$;

-- How a payment stands, for books and reconciliation. What the member owes is intended - returned; what the member has paid
-- is captured - refunded; the difference is what is still open, written off, or waits for a person.
create or replace view payments.standing as
    select p.program_id, p.redemption_id, p.provider, p.currency, p.state, p.capture_at, p.session_id, p.permission_id,
           coalesce(p.capture_minor, 0) as intended_minor, p.captured_minor, p.reduced_minor, p.written_off_minor,
           coalesce(p.capture_minor, 0) - p.reduced_minor - p.written_off_minor - p.captured_minor as open_minor,
           coalesce(m.returned, 0)::bigint as returned_minor,
           coalesce(f.refunded, 0)::bigint as refunded_minor,
           coalesce(f.pending, 0)::bigint as refund_pending_minor,
           coalesce(f.failed, 0)::bigint as refund_failed_minor,
           coalesce(m.forgiven, 0)::bigint as forgiven_minor,
           coalesce(h.chargeback, 0)::bigint as chargeback_minor
    from payments.payment as p
    left join lateral (
        select sum(m.amount_minor) as returned, sum(m.forgiven_minor) as forgiven from payments.money_back as m
        where m.program_id = p.program_id and m.redemption_id = p.redemption_id) as m on true
    left join lateral (
        select sum(r.amount_minor) filter (where r.state = 'refunded') as refunded,
               sum(r.amount_minor) filter (where r.state in ('due', 'sending', 'pending')) as pending,
               sum(r.amount_minor) filter (where r.state = 'failed') as failed
        from payments.refund as r
        where r.program_id = p.program_id and r.redemption_id = p.redemption_id) as f on true
    left join lateral (
        select sum(h.amount_minor) as chargeback from payments.house as h
        where h.program_id = p.program_id and h.redemption_id = p.redemption_id and h.account = 'chargeback') as h on true;
