-- What providers tell us without being asked. A notice changes nothing but when the worker looks: the query is the truth.

-- Once an event. `related`: other ids of the provider's that it names. Returns new (and a look follows), seen, unknown (kept,
-- and nothing follows).
create or replace function payments.take_notice(
    provider text, event_id text, kind text, object_id text, related text[], is_dispute boolean
) returns text language plpgsql security definer set search_path = pg_catalog as $$
declare
    ids text[] := array_remove(array_prepend(take_notice.object_id, take_notice.related), null);
    found_program integer;
    found_redemption uuid;
begin
    insert into payments.notice(provider, event_id, kind, object_id, received_at)
    values (take_notice.provider, take_notice.event_id, take_notice.kind, take_notice.object_id, clock.now())
    on conflict do nothing;
    if not found then
        return 'seen';
    end if;
    select k.program_id, k.redemption_id into found_program, found_redemption
    from (
        select p.program_id, p.redemption_id from payments.payment as p
        where p.provider = take_notice.provider
          and (p.session_id = any (ids) or p.charge_id = any (ids) or p.permission_id = any (ids))
        union all
        -- An earlier charge of the payment, or a refund.
        select p.program_id, p.redemption_id from payments.capture as c
        join payments.payment as p using (program_id, redemption_id)
        where p.provider = take_notice.provider and c.charge_id = any (ids)
        union all
        select p.program_id, p.redemption_id from payments.refund as r
        join payments.payment as p using (program_id, redemption_id)
        where p.provider = take_notice.provider and r.refund_id = any (ids)
    ) as k limit 1;
    if not found then
        return 'unknown';
    end if;
    update payments.notice as n set program_id = found_program, redemption_id = found_redemption
    where n.provider = take_notice.provider and n.event_id = take_notice.event_id;
    if take_notice.is_dispute then
        perform payments.dispute_seen(found_program, found_redemption, take_notice.object_id);
        return 'new';
    end if;
    update payments.payment as p
    set next_look_at = least(p.next_look_at, clock.now()), hinted = p.state = 'authorised'
    where p.program_id = found_program and p.redemption_id = found_redemption
      and p.state in ('awaiting_approval', 'completing', 'authorised', 'capturing', 'unknown', 'voiding');
    update payments.refund as r set next_look_at = clock.now(), row_xid = pg_current_xact_id()
    where r.program_id = found_program and r.redemption_id = found_redemption and r.refund_id = any (ids)
      and r.state in ('pending', 'refunded');
    return 'new';
end
$$;

-- Internal: a bank takes money back on the member's word. A person is told; points stay where they are.
create or replace function payments.dispute_seen(program_id integer, redemption_id uuid, dispute_id text) returns void
language plpgsql set search_path = pg_catalog as $$
declare
    opened uuid;
begin
    perform from payments.payment as p
    where p.program_id = dispute_seen.program_id and p.redemption_id = dispute_seen.redemption_id for update;
    update payments.dispute as d set next_look_at = clock.now(), row_xid = pg_current_xact_id()
    where d.program_id = dispute_seen.program_id and d.redemption_id = dispute_seen.redemption_id
      and d.dispute_id = dispute_seen.dispute_id;
    if found then
        return;
    end if;
    opened := payments.open_case(
        dispute_seen.program_id, dispute_seen.redemption_id, 'chargeback',
        jsonb_build_object('dispute_id', dispute_seen.dispute_id), array['contested', 'accepted']);
    insert into payments.dispute(program_id, redemption_id, dispute_id, case_id, opened_at, next_look_at)
    values (dispute_seen.program_id, dispute_seen.redemption_id, dispute_seen.dispute_id, opened, clock.now(),
            clock.now());
end
$$;

-- What the worker asks about.
create or replace function payments.disputes_open(program_id integer, redemption_id uuid)
returns table (dispute_id text) language sql stable security definer set search_path = pg_catalog
begin atomic
    select d.dispute_id from payments.dispute as d
    where d.program_id = disputes_open.program_id and d.redemption_id = disputes_open.redemption_id
      and d.next_look_at is not null
    order by d.opened_at;
end;

-- How a dispute stands at the provider: open, won or lost. `amount_minor` null: the provider does not say; then it is what
-- was captured and not sent back. Its money is on the house's account until it is won.
create or replace function payments.record_dispute(
    program_id integer, redemption_id uuid, dispute_id text, amount_minor bigint, state text
) returns void language plpgsql security definer set search_path = pg_catalog as $$
declare
    payment payments.payment;
    dispute payments.dispute;
    amount bigint;
    booked bigint;
begin
    select * into payment from payments.payment as p
    where p.program_id = record_dispute.program_id and p.redemption_id = record_dispute.redemption_id for update;
    select * into dispute from payments.dispute as d
    where d.program_id = record_dispute.program_id and d.redemption_id = record_dispute.redemption_id
      and d.dispute_id = record_dispute.dispute_id for update;
    if not found or record_dispute.state is null or record_dispute.state not in ('open', 'won', 'lost') then
        return;
    end if;
    amount := coalesce(dispute.amount_minor, record_dispute.amount_minor, (
        select payment.captured_minor - coalesce(sum(r.amount_minor), 0) from payments.refund as r
        where r.program_id = payment.program_id and r.redemption_id = payment.redemption_id
          and r.state = 'refunded'));
    booked := case when record_dispute.state <> 'won' and amount > 0 then amount else 0 end - coalesce((
        select sum(h.amount_minor) from payments.house as h
        where h.program_id = payment.program_id and h.redemption_id = payment.redemption_id
          and h.account = 'chargeback' and split_part(h.key, ' ', 1) = dispute.dispute_id), 0);
    if booked <> 0 then
        insert into payments.house(program_id, redemption_id, account, key, amount_minor, currency, reason, created_at)
        select payment.program_id, payment.redemption_id, 'chargeback', dispute.dispute_id || ' ' || 1 + count(*),
               booked, payment.currency, record_dispute.state, clock.now()
        from payments.house as h
        where h.program_id = payment.program_id and h.redemption_id = payment.redemption_id
          and h.account = 'chargeback' and split_part(h.key, ' ', 1) = dispute.dispute_id;
    end if;
    update payments.dispute as d
    set amount_minor = nullif(amount, 0), state = record_dispute.state,
        ended_at = case when record_dispute.state <> 'open' then coalesce(d.ended_at, clock.now()) end,
        -- Banks take weeks; the end is told as well.
        next_look_at = case when record_dispute.state = 'open' and record_dispute.amount_minor is not null
                            then clock.now() + interval '1 day' end,
        row_xid = pg_current_xact_id()
    where d.program_id = dispute.program_id and d.redemption_id = dispute.redemption_id
      and d.dispute_id = dispute.dispute_id;
end
$$;

-- Notices are kept for 90 days; no provider repeats one for so long, and what a repeated one asks for is only a look.
create or replace function payments.purge_notices(most integer) returns integer
language sql security definer set search_path = pg_catalog as $$
    with gone as (
        delete from payments.notice as n
        where (n.provider, n.event_id) in (select o.provider, o.event_id from payments.notice as o
                                           where o.received_at <= clock.now() - interval '90 days'
                                           limit purge_notices.most)
        returning 1)
    select count(*)::integer from gone
$$;
