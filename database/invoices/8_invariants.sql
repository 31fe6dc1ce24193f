-- What must hold at any instant. Every row should say 0.
create or replace view invoices.invariants as
with booked as (
    select * from invoices.invoice i where i.state in ('approved', 'posted')
), goods as (
    select l.program_id, l.amazon_order_id, l.asin,
           sum(l.quantity) filter (where i.kind = 'invoice') as invoiced,
           coalesce(sum(l.quantity) filter (where i.kind = 'credit_memo'), 0) as credited,
           bool_or(i.differs) as differs,
           -- The ERP has refused what the others build upon, and a person has it.
           exists (
               select from invoices.line x join invoices.invoice r using (program_id, invoice_id)
               where x.program_id = l.program_id and x.amazon_order_id = l.amazon_order_id and x.asin = l.asin
                 and r.state = 'review' and exists (
                     select from invoices.event e
                     where e.program_id = r.program_id and e.invoice_id = r.invoice_id and e.kind = 'posting_refused')) as refused
    from invoices.line l join booked i using (program_id, invoice_id)
    where l.kind = 'item' group by l.program_id, l.amazon_order_id, l.asin
)
select 'no more units are paid for than have left, or a person said so' as name,
       (select count(*) from goods g
        where not g.differs and not g.refused and coalesce(g.invoiced, 0) - g.credited > (
            select coalesce(sum(u.quantity), 0)
            from orders.shipped_unit u
            join orders.shipment s using (program_id, redemption_id, shipment_key)
            join orders.placement_line p using (program_id, redemption_id, line_number)
            where u.program_id = g.program_id and s.amazon_order_id = g.amazon_order_id and p.asin = g.asin)) as violations
union all
select 'no more units are credited than were paid for, or a person said so',
       (select count(*) from goods g where not g.differs and not g.refused and g.credited > coalesce(g.invoiced, 0))
union all
select 'what falls to the orders is the whole invoice',
       (select count(*) from booked i
        join lateral (select sum(h.goods_minor + h.shipping_minor + h.tax_minor) as minor from invoices.share h
                      where h.program_id = i.program_id and h.invoice_id = i.invoice_id) s on s.minor is not null
        where s.minor <> i.total_minor)
union all
select 'what nobody looked at adds up, is of our orders, and nothing stands against it',
       (select count(*) from booked i
        where not i.differs and (
            abs(i.total_minor - (i.content ->> 'subtotal_minor')::bigint - (i.content ->> 'tax_minor')::bigint
                - coalesce((i.content ->> 'shipping_minor')::bigint, 0) - coalesce((i.content ->> 'discount_minor')::bigint, 0)) > 100
            or exists (select from invoices.line l where l.program_id = i.program_id and l.invoice_id = i.invoice_id
                         and l.kind = 'item' and l.redemption_id is null)
            or exists (select from jsonb_array_elements(i.findings) f
                       where f ->> 'code' not in ('cheaper', 'refund_unknown'))))
union all
select 'what is approved is with the ERP, to the word and to the cent, and what is posted has its document',
       (select count(*) from booked i
        left join erp.document e on e.program_id = i.program_id and e.kind = i.kind and e.subject = i.invoice_id
        where e.document_id is null or e.state = 'refused' or e.number <> i.number
           or (e.content ->> 'total_minor')::bigint is distinct from i.total_minor
           or (i.state = 'posted') is distinct from (e.state = 'posted')
           or i.state = 'posted' and e.erp_document_id is distinct from i.erp_document_id)
union all
select 'what is not approved is not with the ERP',
       (select count(*) from erp.document e
        join invoices.invoice i on i.program_id = e.program_id and i.invoice_id = e.subject
        where e.state <> 'refused' and i.state not in ('approved', 'posted'))
union all
select 'what is in review has one open case, and no other invoice has',
       (select count(*) from invoices.invoice i
        full join (select c.* from casework.case c where c.kind = 'invoice' and c.state = 'open') c
            on c.program_id = i.program_id and c.case_id = i.case_id
        where case when c.case_id is null then i.state = 'review' else i.invoice_id is null or c.subject <> i.invoice_id::text end)
union all
select 'every invoice was judged, and every paper that was read has one',
       (select count(*) from invoices.invoice i where i.state = 'read')
       + (select count(*) from invoices.document d
          where d.state in ('read', 'failed') and not exists (
              select from invoices.invoice i where i.program_id = d.program_id and i.document_id = d.document_id));
