-- Shipments that are older than the programme waits for an invoice: asked for, remembered, given up to a person in the end.

-- Internal: more units had left with this shipment than any paper speaks of. A paper that a person still completes is one
-- that came.
create or replace function invoices.lacks_paper(
    p_program_id integer, p_redemption_id uuid, p_shipment_key text, p_amazon_order_id text
) returns boolean language sql stable set search_path = pg_catalog as $$
    select exists (
        select from orders.shipped_until(p_program_id, p_redemption_id, p_shipment_key) s
        where s.quantity > (
            select coalesce(sum(l.quantity), 0)
            from invoices.line l join invoices.invoice i using (program_id, invoice_id)
            where l.program_id = p_program_id and l.amazon_order_id = p_amazon_order_id and l.asin = s.asin and l.kind = 'item'
              and i.kind = 'invoice' and i.state not in ('refused', 'duplicate')))
    and not exists (
        select from invoices.invoice i
        where i.program_id = p_program_id and i.state = 'review' and strpos(coalesce(i.content, i.draft)::text, p_amazon_order_id) > 0
          and (i.content is null or exists (
              select from invoices.line l
              where l.program_id = i.program_id and l.invoice_id = i.invoice_id and l.amazon_order_id = p_amazon_order_id
                and l.kind = 'item' and l.asin is null)))
$$;

-- Looks through the shipments that have become old enough since the last time, at most so many; how many lack an invoice.
create or replace function invoices.notice_missing(p_program_id integer, p_most integer) returns integer
language plpgsql security definer set search_path = pg_catalog as $$
declare
    v_days integer := coalesce((invoices.rules(p_program_id) ->> 'fetch_after_days')::integer, 7);
    v_until timestamptz := clock.now() - make_interval(days => v_days);
    v_after timestamptz;
    v_seen integer := 0;
    v_missing integer := 0;
    s record;
begin
    -- What left long before anybody watched is not asked for.
    insert into invoices.watch (program_id, looked_until) values (p_program_id, v_until - interval '30 days') on conflict do nothing;
    select w.looked_until into strict v_after from invoices.watch w where w.program_id = p_program_id for no key update;
    for s in select * from orders.shipped_between(p_program_id, v_after, v_until, p_most) loop
        v_seen := v_seen + 1;
        v_after := s.shipped_at;
        if invoices.lacks_paper(p_program_id, s.redemption_id, s.shipment_key, s.amazon_order_id) then
            insert into invoices.fetch (program_id, redemption_id, shipment_key, amazon_order_id, shipment_id, ordered_at, shipped_at,
                                        next_at, noticed_at)
            values (p_program_id, s.redemption_id, s.shipment_key, s.amazon_order_id, s.shipment_id, s.ordered_at, s.shipped_at,
                    clock.now(), clock.now())
            on conflict do nothing;
            v_missing := v_missing + 1;
        end if;
    end loop;
    update invoices.watch w
    set looked_until = greatest(w.looked_until, case when v_seen < p_most then v_until else v_after end),
        row_xid = pg_current_xact_id()
    where w.program_id = p_program_id;
    return v_missing;
end
$$;

-- What is to be asked for or looked after now, at most so many, for a quarter of an hour nobody else's. What came meanwhile
-- is over, and so is a person's case about it.
create or replace function invoices.to_fetch(p_program_id integer, p_most integer)
returns table (
    redemption_id uuid, shipment_key text, amazon_order_id text, shipment_id text, ordered_at timestamptz, state text,
    invoice_number text, report_id text)
language plpgsql security definer set search_path = pg_catalog as $$
#variable_conflict use_column
declare
    f invoices.fetch;
    v_given integer := 0;
begin
    for f in
        select * from invoices.fetch x
        where x.program_id = p_program_id and x.next_at <= clock.now()
        order by x.next_at, x.redemption_id, x.shipment_key limit least(p_most, 100) * 5 for no key update skip locked
    loop
        if not invoices.lacks_paper(f.program_id, f.redemption_id, f.shipment_key, f.amazon_order_id) then
            perform casework.withdraw_case(f.program_id, f.case_id, 'invoices') where f.case_id is not null;
            update invoices.fetch x
            set state = case when x.state = 'fetched' then x.state else 'came' end, ended_at = coalesce(x.ended_at, clock.now()),
                report_id = null, next_at = null, row_xid = pg_current_xact_id()
            where x.program_id = f.program_id and x.redemption_id = f.redemption_id and x.shipment_key = f.shipment_key;
        elsif f.state = 'fetched' then
            perform invoices.fetched_in_vain(f);
        elsif f.state = 'given_up' then
            update invoices.fetch x
            set next_at = case when x.noticed_at > clock.now() - interval '90 days' then clock.now() + interval '1 day' end,
                row_xid = pg_current_xact_id()
            where x.program_id = f.program_id and x.redemption_id = f.redemption_id and x.shipment_key = f.shipment_key;
        elsif v_given < p_most then
            v_given := v_given + 1;
            update invoices.fetch x set next_at = clock.now() + interval '15 minutes', row_xid = pg_current_xact_id()
            where x.program_id = f.program_id and x.redemption_id = f.redemption_id and x.shipment_key = f.shipment_key;
            return query select f.redemption_id, f.shipment_key, f.amazon_order_id, f.shipment_id, f.ordered_at, f.state,
                                f.invoice_number, f.report_id;
        end if;
    end loop;
end
$$;

-- Internal: the paper that was fetched is here, and is none about this shipment: it was no invoice, or one of something else. Asked
-- for again, unless it is still being read or a person has it.
create or replace function invoices.fetched_in_vain(f invoices.fetch) returns void
language plpgsql set search_path = pg_catalog as $$
declare
    d invoices.document;
begin
    select * into strict d from invoices.document x where x.program_id = f.program_id and x.document_id = f.document_id;
    if d.state in ('received', 'reading') or exists (
        select from invoices.invoice i
        where i.program_id = d.program_id and i.document_id = d.document_id and i.state in ('waiting', 'review')) then
        update invoices.fetch x set next_at = clock.now() + interval '1 day', row_xid = pg_current_xact_id()
        where x.program_id = f.program_id and x.redemption_id = f.redemption_id and x.shipment_key = f.shipment_key;
        return;
    end if;
    update invoices.fetch x
    set state = 'due', document_id = null, ended_at = null, next_at = clock.now(), row_xid = pg_current_xact_id()
    where x.program_id = f.program_id and x.redemption_id = f.redemption_id and x.shipment_key = f.shipment_key;
    perform invoices.fetch_again(f.program_id, f.redemption_id, f.shipment_key, coalesce(d.reason, 'about_something_else'));
end
$$;

-- Those of these numbers of which no paper is here.
create or replace function invoices.unknown_numbers(p_program_id integer, p_numbers text[]) returns setof text
language sql stable security definer set search_path = pg_catalog
begin atomic
    select n from unnest(p_numbers) n
    where not exists (select from invoices.invoice i
                      where i.program_id = p_program_id and i.number = upper(n) and i.kind is distinct from 'credit_memo'
                        and i.state <> 'refused');
end;

-- The paper was ordered under this name.
create or replace function invoices.fetch_asked(
    p_program_id integer, p_redemption_id uuid, p_shipment_key text, p_invoice_number text, p_report_id text
) returns void language sql security definer set search_path = pg_catalog
begin atomic
    update invoices.fetch f
    set state = 'asked', invoice_number = p_invoice_number, report_id = p_report_id, asked_at = clock.now(), reason = null,
        next_at = clock.now() + interval '1 minute', row_xid = pg_current_xact_id()
    where f.program_id = p_program_id and f.redemption_id = p_redemption_id and f.shipment_key = p_shipment_key and f.state = 'due';
end;

-- Not yet made: look again soon. What has not been made for a day is ordered again.
create or replace function invoices.fetch_waits(p_program_id integer, p_redemption_id uuid, p_shipment_key text) returns void
language plpgsql security definer set search_path = pg_catalog as $$
begin
    if exists (select from invoices.fetch f
               where f.program_id = p_program_id and f.redemption_id = p_redemption_id and f.shipment_key = p_shipment_key
                 and f.state = 'asked' and f.asked_at < clock.now() - interval '1 day') then
        perform invoices.fetch_again(p_program_id, p_redemption_id, p_shipment_key, 'report_lost');
    end if;
    update invoices.fetch f set next_at = clock.now() + interval '1 minute', row_xid = pg_current_xact_id()
    where f.program_id = p_program_id and f.redemption_id = p_redemption_id and f.shipment_key = p_shipment_key and f.state = 'asked';
end
$$;

-- It came to nothing: again, less and less often. After a week and at least three times a person is asked. True: given up.
create or replace function invoices.fetch_again(p_program_id integer, p_redemption_id uuid, p_shipment_key text, p_reason text)
returns boolean language plpgsql security definer set search_path = pg_catalog as $$
declare
    f invoices.fetch;
    v_case uuid := clock.new_id();
begin
    select * into f from invoices.fetch x
    where x.program_id = p_program_id and x.redemption_id = p_redemption_id and x.shipment_key = p_shipment_key
      and x.state in ('due', 'asked') for no key update;
    if not found then
        return false;
    end if;
    f.tries := f.tries + 1;
    f.reason := coalesce(invoices.code_of(p_reason), 'unknown');
    if f.tries < 3 or f.noticed_at > clock.now() - interval '7 days'
       -- Where Amazon gives no papers at all, a person need not close a thousand cases.
       or 25 <= (select count(*) from casework.case c
                 where c.program_id = f.program_id and c.kind = 'invoice_missing' and c.state = 'open') then
        update invoices.fetch x
        set state = 'due', report_id = null, tries = f.tries, reason = f.reason, row_xid = pg_current_xact_id(),
            next_at = clock.now() + least(interval '1 day', interval '1 hour' * 2 ^ least(f.tries, 10))
        where x.program_id = f.program_id and x.redemption_id = f.redemption_id and x.shipment_key = f.shipment_key;
        return false;
    end if;
    perform casework.open_case(
        f.program_id, v_case, 'invoice_missing', f.redemption_id::text, f.reason,
        jsonb_strip_nulls(jsonb_build_object(
            'redemption_id', f.redemption_id, 'amazon_order_id', f.amazon_order_id, 'shipment_id', f.shipment_id,
            'shipped_at', f.shipped_at, 'invoice_number', f.invoice_number, 'tries', f.tries)),
        array['done'], array['finance', 'business-operator'], clock.now() + interval '7 days', 'invoices');
    update invoices.fetch x
    set state = 'given_up', report_id = null, tries = f.tries, reason = f.reason, case_id = v_case, ended_at = clock.now(),
        next_at = clock.now() + interval '1 day', row_xid = pg_current_xact_id()
    where x.program_id = f.program_id and x.redemption_id = f.redemption_id and x.shipment_key = f.shipment_key;
    return true;
end
$$;

-- The paper is here: kept like one that a mail has brought. One that is refused does not end the asking.
create or replace function invoices.fetched(p_program_id integer, p_redemption_id uuid, p_shipment_key text, p_document jsonb)
returns table (document_id uuid, state text) language plpgsql security definer set search_path = pg_catalog as $$
#variable_conflict use_column
declare
    d invoices.document := invoices.keep_document(p_program_id, null, 'fetched', p_document);
begin
    if d.state = 'refused' then
        perform invoices.fetch_again(p_program_id, p_redemption_id, p_shipment_key, d.reason);
    else
        update invoices.fetch f
        -- Tomorrow it is seen whether it is the one.
        set state = 'fetched', report_id = null, document_id = d.document_id, next_at = clock.now() + interval '1 day', reason = null,
            ended_at = clock.now(),
            row_xid = pg_current_xact_id()
        where f.program_id = p_program_id and f.redemption_id = p_redemption_id and f.shipment_key = p_shipment_key
          and f.state in ('due', 'asked');
    end if;
    return query select d.document_id, d.state;
end
$$;

-- How many of the last three months that are over (and for which every invoice should be here) differ from what Amazon
-- charged; counted once an hour.
create or replace function invoices.months_differing(p_program_id integer) returns integer
language plpgsql security definer set search_path = pg_catalog as $$
declare
    w invoices.watch;
    v_days integer := 7 + coalesce((invoices.rules(p_program_id) ->> 'fetch_after_days')::integer, 7);
    v_until date := date_trunc('month', points.today(p_program_id)::timestamp - make_interval(days => v_days))::date;
begin
    select * into w from invoices.watch x where x.program_id = p_program_id for no key update skip locked;
    if w.program_id is null or w.counted_at > clock.now() - interval '1 hour' then
        return coalesce(w.months_differing, 0);
    end if;
    w.months_differing := (
        select count(*) from invoices.sums(p_program_id, (v_until - interval '3 months')::date, v_until) s
        where s.charged_minor is distinct from s.invoiced_minor + s.credited_minor and s.charged_minor is not null);
    update invoices.watch x
    set months_differing = w.months_differing, counted_at = clock.now(), row_xid = pg_current_xact_id()
    where x.program_id = p_program_id;
    return w.months_differing;
end
$$;

-- Anybody may write to our address: what was refused is kept for a year, unless a paper of it is known. How many went.
create or replace function invoices.forget_refused(p_most integer) returns integer
language sql security definer set search_path = pg_catalog
begin atomic
    with gone as (
        delete from invoices.mail m
        where (m.program_id, m.mail_id) in (
            select x.program_id, x.mail_id from programme.program g join invoices.mail x using (program_id)
            where x.outcome = 'refused' and x.taken_at < clock.now() - interval '1 year'
              and not exists (select from invoices.document d where d.program_id = x.program_id and d.mail_id = x.mail_id)
            limit least(p_most, 10000))
        returning 1)
    select count(*)::integer from gone;
end;
