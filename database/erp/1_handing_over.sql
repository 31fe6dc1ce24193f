-- What is to be booked becomes a document for the ERP, in the transaction that decided it.

-- Internal: the ERP does not have it: it was refused, or never left, and is not leaving.
create or replace function erp.is_nowhere(d erp.document) returns boolean language sql immutable set search_path = pg_catalog as $$
    select d.state = 'refused' or d.state in ('waiting', 'given_up') and d.sent_at is null and d.taken_by is null
$$;

-- Internal: give a document to the gateway. `p_subject`: the invoice's id, null for a day of the journal. `p_vendor` and `p_number`
-- are what it is known by: given twice with the same content it is one document. One that was refused, or never left, may be
-- given again corrected, also its number. Anything else under a number that is on its way is an error.
-- It waits while the programme has no ERP.
create or replace function erp.hand_over(
    p_program_id int, p_kind text, p_subject uuid, p_vendor text, p_number text, p_content jsonb
) returns uuid language plpgsql security definer set search_path = pg_catalog as $$
declare
    d erp.document;
    v_hash bytea := sha256(convert_to(p_content::text, 'UTF8'));
begin
    update erp.document as o
    set vendor = p_vendor, number = p_number, idempotency_key = concat_ws(':', p_kind, p_vendor, p_number),
        row_xid = pg_current_xact_id()
    where o.program_id = p_program_id and o.kind = p_kind and o.subject = p_subject and (o.vendor, o.number) <> (p_vendor, p_number)
      and erp.is_nowhere(o)
      and not exists (select from erp.document as x
                      where x.program_id = p_program_id and x.kind = p_kind and x.vendor = p_vendor and x.number = p_number);
    insert into erp.document as new (
        program_id, document_id, kind, subject, vendor, number, idempotency_key, content, content_hash, handed_over_at, due_at)
    values (p_program_id, clock.new_id(), p_kind, p_subject, p_vendor, p_number, concat_ws(':', p_kind, p_vendor, p_number),
            p_content, v_hash, clock.now(), clock.now())
    on conflict (program_id, kind, vendor, number) do nothing
    returning * into d;
    if found then
        return d.document_id;
    end if;
    select * into strict d from erp.document as o
    where o.program_id = p_program_id and o.kind = p_kind and o.vendor = p_vendor and o.number = p_number for update;
    if d.state <> 'refused' and d.content_hash = v_hash and d.subject is not distinct from p_subject then
        return d.document_id;
    end if;
    if not erp.is_nowhere(d) then
        raise exception 'erp: % % is % with other content', p_kind, p_number, d.state using errcode = 'unique_violation';
    end if;
    update erp.document as o
    set subject = p_subject, content = p_content, content_hash = v_hash, format = null, body = null, state = 'waiting',
        attempts = 0, first_tried_at = null, sent_at = null, taken_by = null, erp_document_id = null, erp_status = null, problem = null,
        detail = null, ended_at = null, handed_over_at = clock.now(), due_at = clock.now(), row_xid = pg_current_xact_id()
    where o.program_id = d.program_id and o.document_id = d.document_id;
    return d.document_id;
end
$$;

-- The programmes that have an ERP: theirs is followed from now on, that of others is forgotten. Their documents wait.
create or replace function erp.connect() returns setof integer
language plpgsql security definer set search_path = pg_catalog as $$
begin
    delete from erp.receiver as r
    where r.program_id not in (select e.program_id from programme.in_earnest as e) or not exists (
        select from programme.current(r.program_id) as c where jsonb_typeof(c.document -> 'integrations' -> 'erp') = 'object');
    insert into erp.receiver (program_id, connected_at, due_at)
    select p.program_id, v.published_at, clock.now()
    from programme.in_earnest as p
    cross join lateral programme.current(p.program_id) as c
    cross join lateral (
        select min(o.published_at) as published_at from programme.published as o
        where o.program_id = p.program_id and o.version > coalesce((
            select max(w.version) from programme.published as w
            where w.program_id = p.program_id
              and jsonb_typeof(w.document -> 'integrations' -> 'erp') is distinct from 'object'), 0)) as v
    where jsonb_typeof(c.document -> 'integrations' -> 'erp') = 'object'
    on conflict (program_id) do nothing;
    return query select r.program_id from erp.receiver as r order by r.program_id;
end
$$;

-- Days of the journal that finance has locked while there was an ERP become documents, each once, those without a line never. A
-- locked day cannot change: its hash goes with it. How many.
create or replace function erp.hand_over_journal(p_most int) returns int
language plpgsql security definer set search_path = pg_catalog as $$
declare
    y record;
    v_count int := 0;
begin
    for y in
        select d.*, p.code, x.lines as told
        from erp.receiver as r
        join programme.program as p on p.program_id = r.program_id
        join reports.day as d on d.program_id = r.program_id and d.lines > 0 and d.locked_at >= r.connected_at
        cross join lateral (
            select jsonb_agg(jsonb_build_object(
                'line_number', l.line_number, 'event', l.event, 'funder', l.funder, 'debit_account', l.debit_account,
                'credit_account', l.credit_account, 'debit_code', l.debit_code, 'credit_code', l.credit_code,
                'amount_minor', l.amount_minor) order by l.line_number) as lines
            from reports.line as l where l.program_id = d.program_id and l.day = d.day) as x
        where not exists (
            select from erp.document as o
            where o.program_id = d.program_id and o.kind = 'journal' and o.vendor = p.code and o.number = d.day::text)
        order by d.program_id, d.day
        limit p_most
    loop
        perform erp.hand_over(y.program_id, 'journal', null, y.code, y.day::text, jsonb_build_object(
            'program', y.code, 'day', y.day, 'currency', y.currency, 'rate_version', y.rate_version,
            'total_minor', y.total_minor, 'content_hash', encode(y.content_hash, 'hex'), 'lines', y.told));
        v_count := v_count + 1;
    end loop;
    return v_count;
end
$$;
