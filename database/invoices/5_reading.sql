-- What staff see of invoices.

-- Internal: a row of a list.
create or replace function invoices.row_of(i invoices.invoice) returns jsonb language sql stable set search_path = pg_catalog
return jsonb_build_object(
    'invoice_id', i.invoice_id, 'kind', i.kind, 'number', i.number, 'state', i.state,
    'vendor_name', coalesce(i.content, i.draft) ->> 'vendor_name', 'issued_on', i.issued_on, 'total_minor', i.total_minor,
    'currency', i.currency, 'erp_document_id', i.erp_document_id,
    'received_at', (select d.received_at from invoices.document d where d.program_id = i.program_id and d.document_id = i.document_id),
    'findings', (select coalesce(jsonb_agg(distinct f -> 'code'), '[]') from jsonb_array_elements(i.findings) f));

-- A page, newest first, those before one. Filters, null for all: state, month (its first day), number (its beginning), Amazon's order,
-- code of a finding.
drop function if exists invoices.page(integer, text, text, uuid, integer);
create or replace function invoices.page(
    p_program_id integer, p_state text, p_month date, p_number text, p_order text, p_finding text, p_before uuid, p_page_size integer
) returns setof jsonb language sql stable security definer set search_path = pg_catalog as $$
    select invoices.row_of(i) from invoices.invoice i
    where i.program_id = p_program_id and (p_state is null or i.state = p_state)
      and (p_month is null or i.issued_on >= p_month and i.issued_on < (p_month + interval '1 month')::date)
      and (p_number is null or starts_with(i.number, upper(p_number)))
      and (p_order is null or exists (
          select from invoices.line l
          where l.program_id = i.program_id and l.invoice_id = i.invoice_id and l.amazon_order_id = upper(p_order)))
      and (p_finding is null or i.findings @> jsonb_build_array(jsonb_build_object('code', p_finding)))
      and (p_before is null or i.invoice_id < p_before)
    order by i.invoice_id desc
    limit greatest(1, least(coalesce(p_page_size, 50), 200))
$$;

-- How many there are of each state.
create or replace function invoices.counts(p_program_id integer) returns jsonb
language sql stable security definer set search_path = pg_catalog as $$
    select coalesce(jsonb_object_agg(s.state, s.many), '{}') from (
        select i.state, count(*) as many from invoices.invoice i where i.program_id = p_program_id group by i.state) s
$$;

-- Internal: its items beside what was ordered, has left and was invoiced before.
create or replace function invoices.matches(i invoices.invoice) returns jsonb language sql stable set search_path = pg_catalog as $$
    select coalesce(jsonb_agg(jsonb_build_object(
        'line', c.line_number, 'amazon_order_id', c.amazon_order_id, 'asin', c.asin, 'redemption_id', c.redemption_id,
        'order_line', c.order_line, 'ordered_quantity', c.ordered, 'shipped_quantity', c.shipped,
        'invoiced_before', case when c.known_product then c.invoiced - c.credited end, 'invoiced_quantity', c.quantity,
        'ordered_unit_price_minor', c.ordered_price_minor, 'invoiced_unit_price_minor', c.unit_price_minor,
        'findings', (select coalesce(jsonb_agg(f), '[]') from jsonb_array_elements(i.findings) f
                     where f ->> 'field' like 'lines.' || c.line_number || '.%')) order by c.line_number), '[]')
    from invoices.compared(i) c
$$;

-- One with everything around it; null: there is none. `blocks`: something stands against approving it.
create or replace function invoices.one(p_program_id integer, p_invoice_id uuid) returns jsonb
language sql stable security definer set search_path = pg_catalog as $$
    select jsonb_build_object(
        'invoice_id', i.invoice_id, 'state', i.state, 'revision', i.revision, 'content', i.content, 'draft', i.draft,
        'findings', i.findings, 'seen', i.seen, 'case_id', i.case_id, 'reason', i.reason, 'corrected_by', i.corrected_by,
        'decided_by', i.decided_by, 'decided_at', i.decided_at, 'differs', i.differs, 'duplicate_of', i.duplicate_of,
        'waits_until', i.waits_until,
        'blocks', exists (select from jsonb_array_elements(i.findings) f where invoices.blocks(f ->> 'code')),
        'matches', case when i.content is null then '[]' else invoices.matches(i) end,
        'paper', jsonb_build_object(
            'document_id', d.document_id, 'name', d.name, 'pages', d.pages, 'bytes', d.bytes, 'sha256', encode(d.sha256, 'hex'),
            'source', d.source, 'received_at', d.received_at, 'kept', d.object_key is not null,
            'others', (select coalesce(jsonb_agg(o.invoice_id order by o.position), '[]') from invoices.invoice o
                       where o.program_id = i.program_id and o.document_id = i.document_id and o.invoice_id <> i.invoice_id)),
        'mail', (select jsonb_build_object(
                     'mail_id', m.mail_id, 'received_at', m.received_at, 'sender_domain', m.sender_domain, 'recipient', m.recipient,
                     'spf', m.spf, 'dkim', m.dkim, 'dmarc', m.dmarc)
                 from invoices.mail m where m.program_id = d.program_id and m.mail_id = d.mail_id),
        'erp', (select jsonb_build_object(
                    'document_id', e.document_id, 'state', e.state, 'erp_document_id', coalesce(i.erp_document_id, e.erp_document_id),
                    'reason', e.problem, 'posted_at', i.posted_at)
                from erp.document e where e.program_id = i.program_id and e.subject = i.invoice_id
                order by e.handed_over_at desc limit 1),
        'history', (select coalesce(jsonb_agg(jsonb_build_object(
                        'at', h.occurred_at, 'kind', h.kind, 'actor', h.actor, 'detail', h.detail) order by h.event_number), '[]')
                    from (select * from invoices.event e where e.program_id = i.program_id and e.invoice_id = i.invoice_id
                          order by e.event_number desc limit 200) h),
        'corrections', (select coalesce(jsonb_agg(jsonb_build_object(
                            'at', c.corrected_at, 'actor', c.corrected_by, 'field', c.field, 'printed', c.printed,
                            'confidence', c.confidence, 'read', c.read, 'corrected', c.corrected)
                            order by c.revision, c.field), '[]')
                        from (select * from invoices.correction x
                              where x.program_id = i.program_id and x.invoice_id = i.invoice_id
                              order by x.revision desc, x.field limit 500) c))
    from invoices.invoice i
    join invoices.document d using (program_id, document_id)
    where i.program_id = p_program_id and i.invoice_id = p_invoice_id
$$;

-- Where its PDF is; nothing: there is none.
create or replace function invoices.paper(p_program_id integer, p_invoice_id uuid) returns table (object_key text, pages integer)
language sql stable security definer set search_path = pg_catalog
begin atomic
    select d.object_key, d.pages
    from invoices.invoice i
    join invoices.document d on d.program_id = i.program_id and d.document_id = i.document_id
    where i.program_id = p_program_id and i.invoice_id = p_invoice_id and d.object_key is not null;
end;

-- Mail as it came, newest first, with the PDFs that it brought first: what was refused, too.
create or replace function invoices.mails(p_program_id integer, p_outcome text, p_before uuid, p_page_size integer)
returns setof jsonb language sql stable security definer set search_path = pg_catalog as $$
    select jsonb_build_object(
        'mail_id', m.mail_id, 'received_at', m.received_at, 'sender_domain', m.sender_domain, 'recipient', m.recipient,
        'bytes', m.bytes, 'outcome', m.outcome, 'reason', m.reason,
        'documents', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'document_id', d.document_id, 'name', d.name, 'pages', d.pages, 'bytes', d.bytes, 'state', d.state,
                'reason', d.reason,
                'invoices', (select coalesce(jsonb_agg(invoices.row_of(i) order by i.position), '[]') from invoices.invoice i
                             where i.program_id = d.program_id and i.document_id = d.document_id)) order by d.document_id), '[]')
            from invoices.document d where d.program_id = m.program_id and d.mail_id = m.mail_id))
    from invoices.mail m
    where m.program_id = p_program_id and (p_outcome is null or m.outcome = p_outcome) and (p_before is null or m.mail_id < p_before)
    order by m.mail_id desc
    limit greatest(1, least(coalesce(p_page_size, 50), 200))
$$;

-- Labelled samples, newest first, one a row; at most so many.
drop function if exists invoices.samples(integer, date, date, integer);
create or replace function invoices.samples(p_program_id integer, p_most integer)
returns table (
    document_id uuid, invoice_id uuid, revision integer, field text, printed text, confidence real, read jsonb, corrected jsonb,
    corrected_by text, corrected_at timestamptz)
language sql stable security definer set search_path = pg_catalog
begin atomic
    select c.document_id, c.invoice_id, c.revision, c.field, c.printed, c.confidence, c.read, c.corrected, c.corrected_by, c.corrected_at
    from invoices.correction c
    where c.program_id = p_program_id
    order by c.corrected_at desc, c.invoice_id, c.field
    limit greatest(1, least(p_most, 100000));
end;
