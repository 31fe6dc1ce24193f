-- From what was read to what becomes of it: into the books, or to a person.
--
-- waiting     only time can mend it (2_matching.sql); looked at again, three days from when it came
-- approved    nothing stands against it: the ERP has it to post, in the same transaction
-- duplicate   the same came before, by its number and by what it says: kept, never posted
-- review      a person has a case of the kind `invoice`
-- refused     it is no invoice, or a person said no

-- Internal: a line of an invoice's history.
create or replace function invoices.note(
    p_program_id integer, p_invoice_id uuid, p_kind text, p_actor text, p_detail jsonb default '{}'
) returns void language sql set search_path = pg_catalog
begin atomic
    insert into invoices.event (program_id, invoice_id, kind, actor, detail, occurred_at)
    values (p_program_id, p_invoice_id, p_kind, p_actor, p_detail, clock.now());
end;

-- Internal: what makes two papers the same: the number, the sums, and the goods; not how their words were read.
create or replace function invoices.fingerprint_of(p_content jsonb) returns bytea language sql immutable set search_path = pg_catalog
return sha256(convert_to(jsonb_build_array(
    p_content -> 'kind', p_content -> 'number', p_content -> 'currency', p_content -> 'total_minor', p_content -> 'tax_minor',
    (select jsonb_agg(g.goods order by g.goods) from (
        select jsonb_build_array(l -> 'kind', l -> 'amazon_order_id', l -> 'asin', l -> 'quantity', l -> 'amount_minor') as goods
        from jsonb_array_elements(p_content -> 'lines') l) g))::text, 'UTF8'));

-- Internal: what it says now, with all that follows from it: the columns, the lines, the shares. Null content: only a draft.
create or replace function invoices.say(i invoices.invoice, p_content jsonb, p_draft jsonb) returns invoices.invoice
language plpgsql set search_path = pg_catalog as $$
declare
    v_known jsonb := coalesce(p_content, p_draft);
begin
    update invoices.invoice v
    set content = p_content, draft = coalesce(p_draft, v.draft),
        kind = case when v_known ->> 'kind' in ('invoice', 'credit_memo') then v_known ->> 'kind' end,
        number = nullif(left(v_known ->> 'number', 40), ''),
        issued_on = case when v_known ->> 'issued_on' ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}$' and pg_input_is_valid(v_known ->> 'issued_on', 'date')
                         then (v_known ->> 'issued_on')::date end,
        currency = substring(v_known ->> 'currency' from '^[A-Z]{3}$'),
        total_minor = case when jsonb_typeof(v_known -> 'total_minor') = 'number' and pg_input_is_valid(v_known ->> 'total_minor', 'bigint')
                           then (v_known ->> 'total_minor')::bigint end,
        -- As the ERP knows it, whoever's name is printed.
        vendor = invoices.rules(v.program_id) #>> '{vendor,name}',
        corrects = left(v_known ->> 'corrects', 40),
        fingerprint = case when p_content is not null then invoices.fingerprint_of(p_content) end,
        row_xid = pg_current_xact_id()
    where v.program_id = i.program_id and v.invoice_id = i.invoice_id
    returning v.* into i;
    if p_content is not null then
        perform invoices.write_lines(i);
        perform invoices.write_shares(i);
    end if;
    return i;
end
$$;

-- Internal: the findings of reading and matching as they stand now.
create or replace function invoices.found(i invoices.invoice) returns jsonb language sql stable set search_path = pg_catalog
return invoices.read_found(i) || case when i.content is null then '[]' else invoices.match(i) end;

-- Internal: one that was judged before and says the same; null: none. Ids do not tell who was first: who waits for his turn has got
-- his before.
create or replace function invoices.same_as(i invoices.invoice) returns uuid language sql stable set search_path = pg_catalog
return (select o.invoice_id from invoices.invoice o
        where o.program_id = i.program_id and o.number = i.number and o.fingerprint = i.fingerprint
          and o.invoice_id <> i.invoice_id
          -- Whatever is there when it is looked at first came before it; ids are of when transactions began.
          and (o.state in ('approved', 'posted') or o.state in ('waiting', 'review') and i.state = 'read')
        order by o.invoice_id limit 1);

-- Internal: judged by the rules alone. The caller has the turn; its lines are written.
create or replace function invoices.weigh(i invoices.invoice) returns invoices.invoice
language plpgsql set search_path = pg_catalog as $$
declare
    -- A number that was read with a doubt may be another one's.
    v_same uuid := case when i.content is not null and not i.read_findings @> '[{"field": "number"}]' then invoices.same_as(i) end;
    v_found jsonb;
    v_blocks boolean;
    v_mends boolean;
begin
    if v_same is not null then
        update invoices.invoice v
        set state = 'duplicate', duplicate_of = v_same, waits_until = null, case_id = null, judged_at = clock.now(),
            row_xid = pg_current_xact_id()
        where v.program_id = i.program_id and v.invoice_id = i.invoice_id returning v.* into i;
        perform invoices.note(i.program_id, i.invoice_id, 'duplicate', 'invoices', jsonb_build_object('duplicate_of', v_same));
        return i;
    end if;
    v_found := invoices.found(i);
    if exists (select from programme.current(i.program_id) as v
               where not programme.feature_on(v.document, 'invoice_posting', 0)) then
        -- It waits for the switch, and after three days for a person.
        v_found := v_found || '[{"code": "posting_off", "field": "number", "detail": ""}]';
    end if;
    select coalesce(bool_or(invoices.blocks(f ->> 'code')), false), coalesce(bool_and(invoices.may_mend(f ->> 'code')), false)
    into v_blocks, v_mends
    from jsonb_array_elements(v_found) f where invoices.blocks(f ->> 'code');
    if not v_blocks and i.content is not null then
        begin
            return invoices.approve(i, v_found, null, false);
        exception when unique_violation then
            -- The ERP's documents have that number already: one that nobody can give over keeps no other waiting.
            return invoices.ask(i, v_found || '[{"code": "duplicate_number", "field": "number", "detail": ""}]');
        end;
    elsif v_blocks and v_mends and i.content is not null and clock.now() < coalesce(
            i.waits_until, (select d.received_at + interval '3 days' from invoices.document d
                            where d.program_id = i.program_id and d.document_id = i.document_id)) then
        update invoices.invoice v
        set state = 'waiting', findings = v_found, judged_at = clock.now(), row_xid = pg_current_xact_id(),
            waits_until = coalesce(v.waits_until, (select d.received_at + interval '3 days' from invoices.document d
                                                   where d.program_id = v.program_id and d.document_id = v.document_id))
        where v.program_id = i.program_id and v.invoice_id = i.invoice_id returning v.* into i;
        return i;
    end if;
    return invoices.ask(i, v_found);
end
$$;

-- Internal: a person is asked, by one open case.
create or replace function invoices.ask(i invoices.invoice, p_found jsonb) returns invoices.invoice
language plpgsql set search_path = pg_catalog as $$
declare
    v_case uuid := clock.new_id();
begin
    update invoices.invoice v
    set state = 'review', findings = p_found, case_id = v_case, waits_until = null, judged_at = clock.now(),
        decided_by = null, decided_at = null, differs = false, handed_over_at = null, erp_document_id = null, reason = null,
        row_xid = pg_current_xact_id()
    where v.program_id = i.program_id and v.invoice_id = i.invoice_id returning v.* into i;
    perform casework.open_case(
        i.program_id, v_case, 'invoice', i.invoice_id::text,
        -- What weighs most is said first: what is not understood, then what is not ours, then what differs.
        coalesce((select f ->> 'code' from jsonb_array_elements(p_found) with ordinality as x(f, position)
                  where invoices.blocks(f ->> 'code')
                  order by array_position(array['unreadable', 'not_an_invoice', 'posting_refused', 'taken_back', 'duplicate_number',
                                                'unknown_order', 'low_confidence'], f ->> 'code'), position limit 1), 'incomplete'),
        jsonb_strip_nulls(jsonb_build_object(
            'invoice_id', i.invoice_id, 'document_id', i.document_id, 'kind', i.kind, 'number', i.number,
            'currency', i.currency, 'total_minor', i.total_minor,
            'findings', (select jsonb_agg(jsonb_build_object('code', f -> 'code', 'field', f -> 'field'))
                         from (select f from jsonb_array_elements(p_found) f limit 50) x))),
        array['approve', 'approve_difference', 'refuse'], array['finance', 'business-operator'],
        clock.now() + interval '3 days', 'invoices');
    perform invoices.note(i.program_id, i.invoice_id, 'review_opened', 'invoices', jsonb_build_object(
        'codes', (select coalesce(jsonb_agg(distinct f -> 'code'), '[]') from jsonb_array_elements(p_found) f)));
    perform outbox.emit(
        i.program_id, 'invoice.review_opened', 'invoice:' || i.invoice_id, i.invoice_id,
        jsonb_strip_nulls(jsonb_build_object(
            'invoice_id', i.invoice_id, 'document_id', i.document_id, 'case_id', v_case, 'kind', i.kind,
            'total_minor', i.total_minor, 'currency', i.currency)));
    return i;
end
$$;

-- Internal: into the books: the ERP gets it with the orders that it is of. The state changes first: of two with one number the
-- second meets the first one's.
create or replace function invoices.approve(i invoices.invoice, p_found jsonb, p_actor text, p_differs boolean)
returns invoices.invoice language plpgsql set search_path = pg_catalog as $$
begin
    update invoices.invoice v
    set state = 'approved', findings = p_found, differs = p_differs, decided_by = p_actor,
        decided_at = case when p_actor is not null then clock.now() end, handed_over_at = clock.now(), judged_at = clock.now(),
        waits_until = null, case_id = null, reason = null, row_xid = pg_current_xact_id()
    where v.program_id = i.program_id and v.invoice_id = i.invoice_id returning v.* into i;
    perform erp.hand_over(
        i.program_id, i.kind, i.invoice_id, i.vendor, i.number,
        i.content || jsonb_build_object(
            'purchase_orders', (select coalesce(jsonb_agg(distinct c.purchase_order_number), '[]')
                                from invoices.compared(i) c where c.purchase_order_number is not null),
            'redemptions', (select coalesce(jsonb_agg(distinct l.redemption_id), '[]') from invoices.line l
                            where l.program_id = i.program_id and l.invoice_id = i.invoice_id and l.redemption_id is not null)));
    perform invoices.note(i.program_id, i.invoice_id, 'approved', coalesce(p_actor, 'invoices'), jsonb_build_object(
        'differs', p_differs, 'total_minor', i.total_minor));
    return i;
end
$$;

-- Internal: how a document's invoices stand, and the word for all of them: the one that wants most of somebody.
create or replace function invoices.standing(p_program_id integer, p_document_id uuid) returns jsonb
language sql stable set search_path = pg_catalog as $$
    select jsonb_build_object(
        'state', coalesce((array_agg(v.state order by array_position(
            array['review', 'waiting', 'approved', 'posted', 'duplicate', 'refused'], v.state)))[1], 'refused'),
        'invoices', coalesce(jsonb_agg(jsonb_build_object('invoice_id', v.invoice_id, 'state', v.state, 'findings', v.findings)
                                       order by v.position), '[]'))
    from invoices.invoice v where v.program_id = p_program_id and v.document_id = p_document_id
$$;

-- Internal: one paper of a document, as it was read.
create or replace function invoices.keep_paper(p_program_id integer, p_document_id uuid, p_position integer, p_reading jsonb)
returns invoices.invoice language plpgsql set search_path = pg_catalog as $$
declare
    i invoices.invoice;
    v_content jsonb := case when jsonb_typeof(p_reading -> 'invoice') = 'object' then p_reading -> 'invoice' end;
begin
    insert into invoices.invoice (
        program_id, invoice_id, document_id, position, seen, read_findings, findings, state, case_id, judged_at)
    values (p_program_id, clock.new_id(), p_document_id, p_position, coalesce(p_reading -> 'seen', '[]'),
            coalesce(p_reading -> 'findings', '[]'), '[]', 'read', null, clock.now())
    returning * into i;
    return invoices.say(i, v_content, coalesce(p_reading -> 'draft', '{}'));
end
$$;

-- Whether what was read is an invoice at all: it could be read, or looks enough like one that a person should see it.
create or replace function invoices.looks_like_one(p_reading jsonb) returns boolean language sql immutable set search_path = pg_catalog
return jsonb_typeof(p_reading -> 'invoice') = 'object'
    or (case when p_reading -> 'findings' @> '[{"code": "not_an_invoice"}]'
             then p_reading -> 'draft' ->> 'number' is not null and p_reading -> 'draft' ->> 'total_minor' is not null
             else p_reading -> 'draft' ->> 'number' is not null or p_reading -> 'draft' ->> 'total_minor' is not null end);

-- What was read of a document, as a list of readings. Again: what came of it the first time. Answers {"state", "invoices":
-- [{invoice_id, state, findings}]}; state refused: it holds no invoice.
create or replace function invoices.judge(p_program_id integer, p_document_id uuid, p_readings jsonb) returns jsonb
language plpgsql security definer set search_path = pg_catalog as $$
declare
    d invoices.document;
    i invoices.invoice;
    one record;
begin
    perform invoices.take_turn(p_program_id);
    select * into d from invoices.document x
    where x.program_id = p_program_id and x.document_id = p_document_id for no key update;
    if not found then
        raise exception 'no such document' using errcode = 'no_data_found';
    elsif d.state in ('read', 'refused', 'failed') then
        return invoices.standing(p_program_id, p_document_id);
    end if;
    for one in
        select x.position::integer - 1 as position, x.reading
        from jsonb_array_elements(p_readings) with ordinality as x(reading, position)
        where invoices.looks_like_one(x.reading) order by x.position
    loop
        i := invoices.keep_paper(p_program_id, p_document_id, one.position, one.reading);
    end loop;
    -- An invoice before the credit memo that takes it back, wherever they stand.
    for one in
        select v.invoice_id from invoices.invoice v
        where v.program_id = p_program_id and v.document_id = p_document_id
        order by v.kind is not distinct from 'credit_memo', v.position
    loop
        select * into strict i from invoices.invoice v
        where v.program_id = p_program_id and v.invoice_id = one.invoice_id for update;
        i := invoices.weigh(i);
    end loop;
    update invoices.document x
    set state = case when i.invoice_id is null then 'refused' else 'read' end,
        reason = case when i.invoice_id is null then 'not_an_invoice' end, ended_at = clock.now(), row_xid = pg_current_xact_id()
    where x.program_id = p_program_id and x.document_id = p_document_id;
    return invoices.standing(p_program_id, p_document_id);
end
$$;

-- Nothing could be read of it, and why (null: what was noted before): a person has the paper and an empty form.
create or replace function invoices.give_up(p_program_id integer, p_document_id uuid, p_reason text) returns jsonb
language plpgsql security definer set search_path = pg_catalog as $$
declare
    d invoices.document;
    i invoices.invoice;
begin
    perform invoices.take_turn(p_program_id);
    select * into d from invoices.document x
    where x.program_id = p_program_id and x.document_id = p_document_id for no key update;
    if not found then
        raise exception 'no such document' using errcode = 'no_data_found';
    elsif d.state in ('read', 'refused', 'failed') then
        return invoices.standing(p_program_id, p_document_id);
    end if;
    update invoices.document x
    set state = 'failed', reason = coalesce(d.reason, invoices.code_of(p_reason), 'unreadable'), ended_at = clock.now(),
        row_xid = pg_current_xact_id()
    where x.program_id = p_program_id and x.document_id = p_document_id returning x.* into d;
    i := invoices.keep_paper(p_program_id, p_document_id, 0, jsonb_build_object('findings', jsonb_build_array(
        jsonb_build_object('code', 'unreadable', 'field', '', 'detail', d.reason))));
    perform invoices.weigh(i);
    return invoices.standing(p_program_id, p_document_id);
end
$$;

-- What waited is looked at again, those that were looked at longest ago first, none twice in five minutes. How many wait no more.
create or replace function invoices.judge_again(p_most integer) returns integer
language plpgsql security definer set search_path = pg_catalog as $$
declare
    one record;
    i invoices.invoice;
    v_done integer := 0;
begin
    for one in
        select v.program_id, v.invoice_id from invoices.invoice v
        where v.state = 'waiting' and v.judged_at < clock.now() - interval '5 minutes'
        -- Programmes in one order: whoever has the turn of one waits for the next in the same order.
        order by v.program_id, v.judged_at, v.invoice_id limit greatest(1, least(p_most, 200))
    loop
        perform invoices.take_turn(one.program_id);
        select * into i from invoices.invoice v
        where v.program_id = one.program_id and v.invoice_id = one.invoice_id and v.state = 'waiting' for update;
        if found then
            i := invoices.weigh(i);
            v_done := v_done + (i.state <> 'waiting')::integer;
        end if;
    end loop;
    return v_done;
end
$$;

-- ---- what the ERP says -------------------------------------------------------------------------------------------------

-- It is in the ERP's books. The caller holds the ERP's document, and nothing else of this room.
create or replace function invoices.posted(p_program_id integer, p_invoice_id uuid, p_erp_document_id text) returns void
language plpgsql security definer set search_path = pg_catalog as $$
declare
    i invoices.invoice;
begin
    update invoices.invoice v
    set state = 'posted', erp_document_id = p_erp_document_id, posted_at = clock.now(), row_xid = pg_current_xact_id()
    where v.program_id = p_program_id and v.invoice_id = p_invoice_id and v.state = 'approved'
    returning v.* into i;
    if found then
        perform invoices.note(i.program_id, i.invoice_id, 'posted', 'erp', jsonb_build_object('erp_document_id', p_erp_document_id));
        perform outbox.emit(
            i.program_id, 'invoice.posted', 'invoice:' || i.invoice_id, i.invoice_id,
            jsonb_build_object('invoice_id', i.invoice_id, 'document_id', i.document_id, 'kind', i.kind,
                               'total_minor', i.total_minor, 'currency', i.currency, 'erp_document_id', p_erp_document_id));
    end if;
end
$$;

-- The ERP does not take it so: a person looks at it again.
create or replace function invoices.posting_refused(p_program_id integer, p_invoice_id uuid, p_reason text) returns void
language plpgsql security definer set search_path = pg_catalog as $$
declare
    i invoices.invoice;
begin
    select * into i from invoices.invoice v
    where v.program_id = p_program_id and v.invoice_id = p_invoice_id and v.state = 'approved' for update;
    if found then
        perform invoices.note(i.program_id, i.invoice_id, 'posting_refused', 'erp', jsonb_build_object('reason', left(p_reason, 100)));
        perform invoices.ask(i, i.findings || jsonb_build_array(jsonb_build_object(
            'code', 'posting_refused', 'field', '', 'detail', left(p_reason, 100))));
    end if;
end
$$;
