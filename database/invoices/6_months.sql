-- The month's close: what was invoiced and credited, what of it the ERP has, what Amazon says it charged, and which orders
-- explain the difference. A month is that of the paper's day, and of the charge's in the programme's time zone.

-- Internal: invoices and charges by month and currency. Invoiced and credited are what is approved or posted.
create or replace function invoices.sums(p_program_id integer, p_from date, p_until date)
returns table (
    month date, currency text, invoices bigint, credit_memos bigint, invoiced_minor bigint, credited_minor bigint,
    posted_minor bigint, waiting bigint, waiting_minor bigint, charged_minor bigint)
language sql stable set search_path = pg_catalog as $$
    with papers as (
        select date_trunc('month', i.issued_on::timestamp)::date as month, i.currency,
               count(*) filter (where i.state in ('approved', 'posted') and i.kind = 'invoice') as invoices,
               count(*) filter (where i.state in ('approved', 'posted') and i.kind = 'credit_memo') as credit_memos,
               sum(i.total_minor) filter (where i.state in ('approved', 'posted') and i.kind = 'invoice')::bigint as invoiced,
               sum(i.total_minor) filter (where i.state in ('approved', 'posted') and i.kind = 'credit_memo')::bigint as credited,
               sum(i.total_minor) filter (where i.state = 'posted')::bigint as posted,
               count(*) filter (where i.state in ('waiting', 'review')) as waiting,
               sum(i.total_minor) filter (where i.state in ('waiting', 'review'))::bigint as waiting_minor
        from invoices.invoice i
        where i.program_id = p_program_id and i.issued_on >= p_from and i.issued_on < p_until and i.currency is not null
          and i.state not in ('refused', 'duplicate')
        group by 1, 2
    ), charges as (
        select date_trunc('month', t.transacted_at at time zone points.zone(p_program_id))::date as month, l.currency,
               sum(l.amount_minor)::bigint as charged
        from reconciliation.transaction_line l
        join reconciliation.transaction t using (connection, transaction_type, transaction_id)
        where l.program_id = p_program_id and t.transacted_at >= p_from::timestamp at time zone points.zone(p_program_id)
          and t.transacted_at < p_until::timestamp at time zone points.zone(p_program_id)
        group by 1, 2
    )
    select month, currency, coalesce(p.invoices, 0), coalesce(p.credit_memos, 0), coalesce(p.invoiced, 0), coalesce(p.credited, 0),
           coalesce(p.posted, 0), coalesce(p.waiting, 0), coalesce(p.waiting_minor, 0), c.charged
    from papers p full join charges c using (month, currency)
$$;

-- Internal: a month's sums as they are told. Difference: charged less invoiced, so above zero an invoice is missing.
create or replace function invoices.month_row(s record) returns jsonb language plpgsql stable set search_path = pg_catalog as $$
begin
    return jsonb_build_object(
        'month', to_char(s.month, 'YYYY-MM'), 'currency', s.currency, 'invoices', s.invoices, 'credit_memos', s.credit_memos,
        'invoiced_minor', s.invoiced_minor + s.credited_minor, 'gross_minor', s.invoiced_minor, 'credited_minor', s.credited_minor,
        'posted_minor', s.posted_minor, 'waiting', s.waiting, 'waiting_minor', s.waiting_minor, 'charged_minor', s.charged_minor,
        'difference_minor', s.charged_minor - s.invoiced_minor - s.credited_minor,
        -- Amazon was last read as a whole.
        'asked_at', (select max(f.finished_at) from reconciliation.feed f));
end
$$;

-- The last two years, newest first.
drop function if exists invoices.months(integer, date);
create or replace function invoices.months(p_program_id integer) returns setof jsonb
language sql stable security definer set search_path = pg_catalog as $$
    select invoices.month_row(s)
    from invoices.sums(p_program_id, (date_trunc('month', points.today(p_program_id)::timestamp) - interval '23 months')::date,
                       (points.today(p_program_id) + interval '2 months')::date) s
    order by s.month desc, s.currency
$$;

-- One month (its first day): {month, differences}, an order each, the largest first, at most so many; null: nothing is known of it.
-- Orders whose charge and invoice fall into two months are there in both, once with each sign.
create or replace function invoices.month(p_program_id integer, p_month date, p_most integer) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog as $$
declare
    v_until date := (p_month + interval '1 month')::date;
    v_zone text := points.zone(p_program_id);
    s record;
    v_differences jsonb;
begin
    -- A programme has one currency; of several, the one with most papers.
    select * into s from invoices.sums(p_program_id, p_month, v_until) x
    order by x.invoices + x.credit_memos desc, x.currency limit 1;
    if not found then
        return null;
    end if;
    with invoiced as (
        select h.amazon_order_id, (array_agg(h.redemption_id))[1] as redemption_id,
               sum(h.goods_minor + h.shipping_minor + h.tax_minor)::bigint as minor
        from invoices.share h
        join invoices.invoice i using (program_id, invoice_id)
        where h.program_id = p_program_id and i.state in ('approved', 'posted') and i.issued_on >= p_month and i.issued_on < v_until
          and i.currency = s.currency
        group by h.amazon_order_id
    ), charged as (
        select l.amazon_order_id, (array_agg(l.redemption_id))[1] as redemption_id, sum(l.amount_minor)::bigint as minor
        from reconciliation.transaction_line l
        join reconciliation.transaction t using (connection, transaction_type, transaction_id)
        where l.program_id = p_program_id and l.currency = s.currency and l.amazon_order_id is not null
          and t.transacted_at >= p_month::timestamp at time zone v_zone and t.transacted_at < v_until::timestamp at time zone v_zone
        group by l.amazon_order_id
    ), differing as (
        select amazon_order_id, coalesce(c.redemption_id, i.redemption_id) as redemption_id, c.minor as charged, i.minor as invoiced,
               coalesce(c.minor, 0) - coalesce(i.minor, 0) as difference
        from charged c full join invoiced i using (amazon_order_id)
        where coalesce(c.minor, 0) <> coalesce(i.minor, 0)
        order by abs(coalesce(c.minor, 0) - coalesce(i.minor, 0)) desc, amazon_order_id
        limit greatest(1, least(p_most, 1000))
    )
    select coalesce(jsonb_agg(jsonb_build_object(
        'amazon_order_id', d.amazon_order_id, 'redemption_id', d.redemption_id, 'charged_minor', d.charged,
        'invoiced_minor', d.invoiced, 'difference_minor', d.difference,
        'why', case
            when d.invoiced is not null and d.charged is not null then 'differs'
            when d.invoiced is not null then 'not_charged'
            when exists (select from invoices.line l join invoices.invoice i using (program_id, invoice_id)
                         where l.program_id = p_program_id and l.amazon_order_id = d.amazon_order_id
                           and i.state in ('waiting', 'review')) then 'in_review'
            when exists (select from invoices.line l join invoices.invoice i using (program_id, invoice_id)
                         where l.program_id = p_program_id and l.amazon_order_id = d.amazon_order_id
                           and i.state in ('approved', 'posted')) then 'other_month'
            else 'not_invoiced' end) order by abs(d.difference) desc, d.amazon_order_id), '[]')
    into v_differences from differing d;
    return jsonb_build_object('month', invoices.month_row(s), 'differences', v_differences);
end
$$;
