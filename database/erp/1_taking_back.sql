-- Internal: what was handed over is not to be booked after all. True: it has not left, and does not; given again, it goes. False: it is
-- being sent, or was.
create or replace function erp.take_back(p_program_id int, p_kind text, p_subject uuid) returns boolean
language plpgsql set search_path = pg_catalog as $$
declare
    v_document uuid;
begin
    update erp.document as d
    set state = 'refused', problem = 'taken_back', ended_at = clock.now(), row_xid = pg_current_xact_id()
    where d.program_id = p_program_id and d.kind = p_kind and d.subject = p_subject
      and d.state in ('waiting', 'given_up') and d.sent_at is null and d.taken_by is null
    returning d.document_id into v_document;
    if v_document is not null then
        perform erp.withdraw_case(p_program_id, 'erp:' || v_document, 'invoices');
    end if;
    return v_document is not null;
end
$$;
