-- What is known before a paper is read: what we ordered, and which invoices Amazon says it has issued for that.

-- What the programme ordered under numbers like these, for whoever has read them badly: Amazon's, of which one group of seven digits was
-- read well, and moments, with which the ids in our own numbers begin. Nothing where that is more than so many orders.
create or replace function invoices.ours(p_program_id integer, p_amazon_order_ids text[], p_moments text[], p_most integer)
returns table (
    amazon_order_id text, purchase_order_number text, asin text, quantity bigint, unit_price_minor bigint, currency text,
    beside_minor bigint)
language sql stable security definer set search_path = pg_catalog as $$
    select o.amazon_order_id, o.purchase_order_number, o.asin, sum(o.quantity)::bigint, max(o.unit_price_minor), o.currency,
           sum(sum(o.extra_minor)) over (partition by o.amazon_order_id)::bigint
    from orders.lines_of(p_program_id, array(
        select n from orders.near(p_program_id, p_amazon_order_ids[1:200], p_moments[1:200], least(p_most, 200)) n)) o
    group by o.amazon_order_id, o.purchase_order_number, o.asin, o.currency
    order by o.amazon_order_id, o.asin
$$;

-- Internal: the invoices that Amazon's transactions name for an invoice's orders: charges, for a credit memo refunds. `day`: of the
-- transaction, in the programme's time zone.
create or replace function invoices.issued(i invoices.invoice) returns table (number text, day date)
language sql stable set search_path = pg_catalog as $$
    select distinct upper(t.raw ->> 'invoiceNumber'), (t.transacted_at at time zone points.zone(i.program_id))::date
    from (select distinct l.redemption_id, l.amazon_order_id from invoices.line l
          where l.program_id = i.program_id and l.invoice_id = i.invoice_id and l.redemption_id is not null) o
    join reconciliation.transaction_line n
        on n.program_id = i.program_id and n.redemption_id = o.redemption_id and n.amazon_order_id = o.amazon_order_id
    join reconciliation.transaction t using (connection, transaction_type, transaction_id)
    where t.raw ->> 'invoiceNumber' is not null and (t.transaction_type = 'CHARGE') = (i.kind = 'invoice')
$$;

-- Internal: whether one number may be the other read badly: no more than two letters are others, or one goes on where the other ends.
create or replace function invoices.near(p_one text, p_other text) returns boolean
language sql immutable set search_path = pg_catalog as $$
    select starts_with(p_one, p_other) or starts_with(p_other, p_one)
        or length(p_one) = length(p_other) and (
            select count(*) from generate_series(1, length(p_one)) n where substr(p_one, n, 1) <> substr(p_other, n, 1)) <= 2
$$;

-- Internal: what reading found that Amazon's own word does not settle. A number that nothing on the paper proves is the one that Amazon
-- has issued for the paper's own orders, letter by letter; a day, that of the transaction with this very number. Where it has issued
-- another one for them that this might be, read badly, its word settles nothing: a person looks which of the two the paper is.
create or replace function invoices.read_found(i invoices.invoice) returns jsonb language sql stable set search_path = pg_catalog as $$
    select coalesce(jsonb_agg(f.finding order by f.position), '[]')
    from jsonb_array_elements(i.read_findings) with ordinality f(finding, position)
    where f.finding ->> 'code' <> 'unproven' or i.content is null or not exists (
        select from invoices.issued(i) n
        where n.number = i.number
          and not exists (select from invoices.issued(i) o where o.number <> n.number and invoices.near(o.number, n.number))
          and (f.finding ->> 'field' = 'number' or f.finding ->> 'field' = 'issued_on' and n.day = i.issued_on))
$$;
