-- What is to be booked becomes a document for the ERP, in the transaction that decided it.

-- Internal: give a document to the gateway. `p_subject`: the invoice's id, null for a day of the journal. `p_vendor` and `p_number`
-- are what it is known by: given twice with the same content it is one document. One that was refused, or given up and not
-- known to have been sent, may be given again corrected. Anything else under a number that is on its way is an error.
-- It waits while the programme has no ERP.
create or replace function erp.hand_over(
    p_program_id int, p_kind text, p_subject uuid, p_vendor text, p_number text, p_content jsonb
) returns uuid language plpgsql security definer set search_path = pg_catalog as $$
declare
    d erp.document;
    v_hash bytea := sha256(convert_to(p_content::text, 'UTF8'));
begin
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
    -- What was never sent, or was refused, is nowhere: it may be another one.
    if not (d.state = 'refused' or d.state in ('waiting', 'given_up') and d.first_tried_at is null) then
        raise exception 'erp: % % is % with other content', p_kind, p_number, d.state using errcode = 'unique_violation';
    end if;
    update erp.document as o
    set subject = p_subject, content = p_content, content_hash = v_hash, format = null, body = null, state = 'waiting',
        attempts = 0, first_tried_at = null, taken_by = null, erp_document_id = null, erp_status = null, problem = null,
        detail = null, ended_at = null, handed_over_at = clock.now(), due_at = clock.now(), row_xid = pg_current_xact_id()
    where o.program_id = d.program_id and o.document_id = d.document_id;
    return d.document_id;
end
$$;
