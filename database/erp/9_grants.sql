-- The gateway sends, the desk watches; nobody touches a table. What hands documents over runs as the owner.
grant usage on schema erp to erp_gateway, invoice_desk, auditor;
grant usage on schema programme, clock to erp_gateway, invoice_desk;
grant execute on all functions in schema clock to erp_gateway, invoice_desk;
grant execute on function programme.current(integer) to erp_gateway, invoice_desk;
grant execute on function
    erp.connect(),
    erp.hand_over_journal(int),
    erp.take(int, uuid, int, int),
    erp.prepare(int, uuid, uuid, text, text),
    erp.tried(int, uuid, uuid, text, text, boolean, int, text, text, text, text, int, int, int),
    erp.standing(),
    erp.parked(int),
    erp.redrive(uuid[])
to erp_gateway;
grant execute on function
    erp.documents(int, text, text, text, uuid, int),
    erp.document_of(int, uuid),
    erp.send_again(int, uuid, text)
to invoice_desk;
grant select on erp.document, erp.attempt, erp.receiver to auditor;
