-- Money the member no longer owes: not taken where it is not taken yet, else sent back to where it came from.

-- Once an event. Reduces what is still to be taken, then sends back from the newest capture to the oldest. While a capture
-- is under way nothing is decided; its outcome decides. Returns
--   ok, replay
--   nothing           no money was asked for, or none is owed: nothing to give back
--   key_reuse         the event named another amount before
--   over_owed         more than the member owes: nothing was done
--   invalid
create or replace function payments.give_back(
    program_id integer, redemption_id uuid, event_key text, amount_minor bigint, reason text
) returns text language plpgsql security definer set search_path = pg_catalog as $$
declare
    payment payments.payment;
    before bigint;
begin
    if num_nulls(program_id, redemption_id, event_key, amount_minor, reason) > 0 or amount_minor < 0
       or length(event_key) not between 1 and 200 then
        return 'invalid';
    elsif amount_minor = 0 then
        return 'nothing';
    end if;
    select * into payment from payments.payment as p
    where p.program_id = give_back.program_id and p.redemption_id = give_back.redemption_id for update;
    if not found then
        return 'nothing';
    end if;
    select m.amount_minor into before from payments.money_back as m
    where m.program_id = give_back.program_id and m.redemption_id = give_back.redemption_id
      and m.event_key = give_back.event_key;
    if found then
        return case when before = give_back.amount_minor then 'replay' else 'key_reuse' end;
    elsif coalesce(payment.capture_minor, 0) = 0 then
        return 'nothing';
    elsif give_back.amount_minor > payment.capture_minor - payments.returned_minor(program_id, redemption_id) then
        return 'over_owed';
    end if;
    insert into payments.money_back(program_id, redemption_id, event_key, amount_minor, reason, created_at)
    values (give_back.program_id, give_back.redemption_id, give_back.event_key, give_back.amount_minor,
            give_back.reason, clock.now());
    perform payments.allocate(give_back.program_id, give_back.redemption_id);
    update payments.payment as p set next_look_at = clock.now()
    where p.program_id = give_back.program_id and p.redemption_id = give_back.redemption_id;
    return 'ok';
end
$$;

-- Internal: what events have taken off so far.
create or replace function payments.returned_minor(program_id integer, redemption_id uuid) returns bigint
language sql stable set search_path = pg_catalog
return (select coalesce(sum(m.amount_minor), 0)::bigint from payments.money_back as m
        where m.program_id = returned_minor.program_id and m.redemption_id = returned_minor.redemption_id);

-- Internal: decide, event by event, where its money comes from. The caller holds the payment's row.
create or replace function payments.allocate(program_id integer, redemption_id uuid) returns void
language plpgsql set search_path = pg_catalog as $$
declare
    payment payments.payment;
    asked payments.money_back;
    taken record;
    rest bigint;
    reduced bigint;
    part bigint;
begin
    select * into strict payment from payments.payment as p
    where p.program_id = allocate.program_id and p.redemption_id = allocate.redemption_id for update;
    if payment.state in ('capturing', 'unknown') and payment.step = 'capture' then
        return;
    end if;
    for asked in
        select * from payments.money_back as m
        where m.program_id = allocate.program_id and m.redemption_id = allocate.redemption_id
          and m.allocated_at is null
        order by m.sequence
    loop
        reduced := least(asked.amount_minor, payment.capture_minor - payment.reduced_minor
                                             - payment.written_off_minor - payment.captured_minor);
        rest := asked.amount_minor - reduced;
        for taken in
            select c.capture_number, c.charge_id, c.amount_minor - coalesce(sum(r.amount_minor), 0) as left_minor
            from payments.capture as c
            left join payments.refund as r using (program_id, redemption_id, capture_number)
            where c.program_id = allocate.program_id and c.redemption_id = allocate.redemption_id
            group by c.capture_number, c.charge_id, c.amount_minor
            order by c.capture_number desc
        loop
            part := least(rest, taken.left_minor);
            continue when part <= 0;
            insert into payments.refund(
                program_id, redemption_id, refund_number, event_key, capture_number, charge_id, amount_minor,
                created_at, next_look_at)
            select allocate.program_id, allocate.redemption_id, coalesce(max(r.refund_number), 0) + 1, asked.event_key,
                   taken.capture_number, taken.charge_id, part, clock.now(), clock.now()
            from payments.refund as r
            where r.program_id = allocate.program_id and r.redemption_id = allocate.redemption_id;
            rest := rest - part;
        end loop;
        perform payments.owe_back_elsewhere(payment, asked.event_key, rest);
        update payments.money_back as m
        set allocated_at = clock.now(), reduced_minor = reduced, refund_minor = m.amount_minor - reduced - rest,
            -- Written off before: nobody has paid it, or not by the provider.
            forgiven_minor = rest, row_xid = pg_current_xact_id()
        where m.program_id = asked.program_id and m.redemption_id = asked.redemption_id
          and m.event_key = asked.event_key;
        payment.reduced_minor := payment.reduced_minor + reduced;
        update payments.payment as p set reduced_minor = payment.reduced_minor
        where p.program_id = allocate.program_id and p.redemption_id = allocate.redemption_id and reduced > 0;
    end loop;
end
$$;

-- Internal: of what the provider cannot send back a member may have paid a part in another way: a person sends it back.
create or replace function payments.owe_back_elsewhere(payment payments.payment, event_key text, amount_minor bigint)
returns void language plpgsql set search_path = pg_catalog as $$
declare
    paid bigint;
begin
    select least(owe_back_elsewhere.amount_minor, sum(h.amount_minor) - coalesce((
               select sum((c.evidence ->> 'amount_minor')::bigint) from casework.case as c
               where c.program_id = payment.program_id and c.kind = 'payment'
                 and c.subject = payment.redemption_id::text and c.reason = 'paid_elsewhere'), 0))
    into paid
    from payments.house as h
    where h.program_id = payment.program_id and h.redemption_id = payment.redemption_id
      and h.account = 'collected_elsewhere';
    if paid > 0 then
        perform payments.open_case(
            payment.program_id, payment.redemption_id, 'paid_elsewhere',
            jsonb_build_object('amount_minor', paid, 'event', owe_back_elsewhere.event_key), array['paid_back']);
    end if;
end
$$;

-- A person has sent back what the provider would not: the member hears of it. Returns ok.
create or replace function payments.paid_back(program_id integer, redemption_id uuid, case_id uuid) returns text
language plpgsql set search_path = pg_catalog as $$
begin
    perform payments.tell(paid_back.program_id, paid_back.redemption_id, 'payment.refunded',
                          (c.evidence ->> 'amount_minor')::bigint)
    from casework.case as c
    where c.program_id = paid_back.program_id and c.case_id = paid_back.case_id;
    return 'ok';
end
$$;

-- How an event's money went: waiting (a capture is under way), not_taken (it never left the member), pending, refunded,
-- failed (the provider will not: a person pays it back; once that is decided it is refunded). `refund_minor` is the part that was taken before.
create or replace function payments.refunds_of(program_id integer, redemption_id uuid)
returns table (event_key text, amount_minor bigint, state text, refunded_at timestamptz, refund_minor bigint)
language sql stable security definer set search_path = pg_catalog
begin atomic
    select m.event_key, m.amount_minor,
           case when m.allocated_at is null then 'waiting'
                when m.refund_minor = 0 then 'not_taken'
                when r.failed then 'failed'
                when r.refunded then 'refunded'
                else 'pending' end,
           case when r.refunded then r.refunded_at end, m.refund_minor
    from payments.money_back as m
    left join lateral (
        select bool_or(f.state = 'failed' and c.decision is distinct from 'paid_back') as failed,
               bool_and(f.state = 'refunded' or coalesce(c.decision = 'paid_back', false)) as refunded,
               max(case when f.state = 'failed' then c.decided_at else f.ended_at end) as refunded_at
        from payments.refund as f
        left join casework.case as c on c.program_id = f.program_id and c.case_id = f.case_id
        where f.program_id = m.program_id and f.redemption_id = m.redemption_id and f.event_key = m.event_key
    ) as r on true
    where m.program_id = refunds_of.program_id and m.redemption_id = refunds_of.redemption_id
    order by m.sequence;
end;

-- What the worker has to send back or to ask about.
create or replace function payments.refunds_open(program_id integer, redemption_id uuid)
returns setof payments.refund language sql stable security definer set search_path = pg_catalog
begin atomic
    select * from payments.refund as r
    where r.program_id = refunds_open.program_id and r.redemption_id = refunds_open.redemption_id
      -- One that was sent and may have come back is asked about once more.
      and (r.state in ('due', 'sending', 'pending') or (r.state = 'refunded' and r.next_look_at is not null))
    order by r.refund_number;
end;

-- Before the call: it may have happened from now on. The stored key and request come back, also of an attempt begun
-- before. No row: the refund is further.
create or replace function payments.begin_refund(
    program_id integer, redemption_id uuid, refund_number integer, attempt integer, request text
) returns table (name text, idempotency_key text, stored_request text)
language plpgsql security definer set search_path = pg_catalog as $$
declare
    operation_name text := 'refund:' || begin_refund.refund_number || ':' || begin_refund.attempt;
begin
    update payments.refund as r
    set state = 'sending', begun_at = coalesce(r.begun_at, clock.now()),
        next_look_at = clock.now() + interval '60 seconds', row_xid = pg_current_xact_id()
    where r.program_id = begin_refund.program_id and r.redemption_id = begin_refund.redemption_id
      and r.refund_number = begin_refund.refund_number and r.attempt = begin_refund.attempt
      and r.state in ('due', 'sending');
    if not found then
        return;
    end if;
    insert into payments.operation(program_id, redemption_id, name, idempotency_key, request, begun_at)
    values (begin_refund.program_id, begin_refund.redemption_id, operation_name,
            payments.idempotency_key(begin_refund.program_id, begin_refund.redemption_id, operation_name),
            begin_refund.request, clock.now())
    on conflict do nothing;
    return query
        select o.name, o.idempotency_key, o.request from payments.operation as o
        where o.program_id = begin_refund.program_id and o.redemption_id = begin_refund.redemption_id
          and o.name = operation_name;
end
$$;

-- The provider has it (pending) or has sent it (refunded).
create or replace function payments.record_refund(
    program_id integer, redemption_id uuid, refund_number integer, attempt integer, refund_id text, refunded boolean
) returns void language plpgsql security definer set search_path = pg_catalog as $$
declare
    amount bigint;
    told boolean;
begin
    select r.state = 'refunded' into told from payments.refund as r
    where r.program_id = record_refund.program_id and r.redemption_id = record_refund.redemption_id
      and r.refund_number = record_refund.refund_number for update;
    perform payments.conclude_refund(record_refund.program_id, record_refund.redemption_id,
                                     record_refund.refund_number, record_refund.attempt);
    update payments.refund as r
    set state = case when record_refund.refunded then 'refunded' else 'pending' end,
        refund_id = record_refund.refund_id, reason = null,
        ended_at = case when record_refund.refunded then coalesce(r.ended_at, clock.now()) end,
        -- Decided within minutes as a rule; nobody is in a hurry after a day.
        next_look_at = case when not record_refund.refunded then clock.now() + case
            when r.begun_at > clock.now() - interval '1 hour' then interval '30 seconds'
            when r.begun_at > clock.now() - interval '1 day' then interval '10 minutes'
            else interval '6 hours' end end,
        row_xid = pg_current_xact_id()
    where r.program_id = record_refund.program_id and r.redemption_id = record_refund.redemption_id
      and r.refund_number = record_refund.refund_number and r.attempt = record_refund.attempt
      and (r.state in ('due', 'sending', 'pending') or (told and record_refund.refunded))
    returning r.amount_minor into amount;
    if found and record_refund.refunded and not told then
        perform payments.tell(record_refund.program_id, record_refund.redemption_id, 'payment.refunded', amount);
    end if;
end
$$;

-- Internal: the attempt's call has an outcome.
create or replace function payments.conclude_refund(
    program_id integer, redemption_id uuid, refund_number integer, attempt integer
) returns void language sql set search_path = pg_catalog
begin atomic
    update payments.operation as o
    set concluded_at = clock.now(), row_xid = pg_current_xact_id()
    where o.program_id = conclude_refund.program_id and o.redemption_id = conclude_refund.redemption_id
      and o.concluded_at is null
      and o.name = 'refund:' || conclude_refund.refund_number || ':' || conclude_refund.attempt;
end;

-- The provider said no. `again`: another attempt is allowed, with another key, after an hour that doubles. Otherwise, or
-- after five, a person pays it back in another way: the case holds the amount.
create or replace function payments.record_refund_refused(
    program_id integer, redemption_id uuid, refund_number integer, attempt integer, reason text, again boolean
) returns void language plpgsql security definer set search_path = pg_catalog as $$
declare
    refund payments.refund;
    opened uuid;
begin
    select * into refund from payments.refund as r
    where r.program_id = record_refund_refused.program_id and r.redemption_id = record_refund_refused.redemption_id
      and r.refund_number = record_refund_refused.refund_number and r.attempt = record_refund_refused.attempt
      and (r.state in ('due', 'sending', 'pending') or (r.state = 'refunded' and r.next_look_at is not null))
    for update;
    if not found then
        return;
    end if;
    perform payments.conclude_refund(record_refund_refused.program_id, record_refund_refused.redemption_id,
                                     record_refund_refused.refund_number, record_refund_refused.attempt);
    if record_refund_refused.again and refund.attempt < 5 then
        update payments.refund as r
        set state = 'due', attempt = r.attempt + 1, refund_id = null, reason = record_refund_refused.reason,
            begun_at = null, ended_at = null, next_look_at = clock.now() + interval '1 hour' * (2 ^ (r.attempt - 1)),
            row_xid = pg_current_xact_id()
        where r.program_id = refund.program_id and r.redemption_id = refund.redemption_id
          and r.refund_number = refund.refund_number;
        return;
    end if;
    opened := payments.open_case(refund.program_id, refund.redemption_id, 'refund_declined', jsonb_build_object(
        'amount_minor', refund.amount_minor, 'event', refund.event_key, 'charge_id', refund.charge_id,
        'refund_number', refund.refund_number, 'provider_reason', record_refund_refused.reason),
        array['paid_back', 'resolved']);
    update payments.refund as r
    set state = 'failed', reason = record_refund_refused.reason, case_id = opened, ended_at = clock.now(),
        next_look_at = null, row_xid = pg_current_xact_id()
    where r.program_id = refund.program_id and r.redemption_id = refund.redemption_id
      and r.refund_number = refund.refund_number;
end
$$;

-- Internal: a person must look. Ids, amounts and codes only.
create or replace function payments.open_case(
    program_id integer, redemption_id uuid, reason text, evidence jsonb, allowed_actions text[]
) returns uuid language plpgsql set search_path = pg_catalog as $$
declare
    opened uuid := clock.new_id();
    payment payments.payment;
begin
    select * into strict payment from payments.payment as p
    where p.program_id = open_case.program_id and p.redemption_id = open_case.redemption_id;
    perform casework.open_case(
        open_case.program_id, opened, 'payment', open_case.redemption_id::text, open_case.reason,
        jsonb_build_object('redemption_id', open_case.redemption_id, 'provider', payment.provider,
                           'currency', payment.currency) || open_case.evidence,
        open_case.allowed_actions, array['support', 'business-operator'], clock.now() + interval '2 days', 'payments');
    return opened;
end
$$;

-- Internal: tell the member's side of the house. The caller holds the row it is about.
create or replace function payments.tell(program_id integer, redemption_id uuid, topic text, amount_minor bigint)
returns void language sql set search_path = pg_catalog as $$
    select outbox.emit(
        tell.program_id, tell.topic, tell.redemption_id::text, tell.redemption_id,
        jsonb_build_object('redemption_id', tell.redemption_id, 'member_id', p.member_id,
                           'amount_minor', tell.amount_minor, 'currency', p.currency))
    from payments.payment as p
    where p.program_id = tell.program_id and p.redemption_id = tell.redemption_id
$$;
