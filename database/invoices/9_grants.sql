-- Who may do what with invoices. Nobody touches a table of this room.
revoke all on all functions in schema invoices
from invoice_intake, invoice_reading, invoice_matching, invoice_watch, invoice_desk, manager_api, auditor;
grant usage on schema invoices to invoice_intake, invoice_reading, invoice_matching, invoice_watch, invoice_desk, auditor;
grant usage on schema clock, programme to invoice_intake, invoice_reading, invoice_matching, invoice_watch, invoice_desk;
grant execute on all functions in schema clock
to invoice_intake, invoice_reading, invoice_matching, invoice_watch, invoice_desk;
grant execute on function programme.current(integer) to invoice_intake, invoice_matching, invoice_watch, invoice_desk;
grant execute on function programme.id_of(text) to invoice_intake;

grant execute on function invoices.take_mail(integer, uuid, jsonb, jsonb) to invoice_intake;
grant execute on function
    invoices.known_document(integer, text),
    invoices.begun(integer, uuid)
to invoice_intake, invoice_watch;
grant execute on function
    invoices.take_reading_token(numeric, integer),
    invoices.reading_facts(integer, uuid),
    invoices.being_read(integer, uuid, text),
    invoices.not_readable(integer, uuid, text)
to invoice_reading;
grant execute on function
    invoices.reading_facts(integer, uuid),
    invoices.ours(integer, text[], text[], integer),
    invoices.judge(integer, uuid, jsonb),
    invoices.give_up(integer, uuid, text)
to invoice_matching;
grant execute on function
    invoices.to_start(integer),
    invoices.judge_again(integer),
    invoices.months(integer),
    invoices.notice_missing(integer, integer),
    invoices.to_fetch(integer, integer),
    invoices.unknown_numbers(integer, text[]),
    invoices.fetch_asked(integer, uuid, text, text, text),
    invoices.fetch_waits(integer, uuid, text),
    invoices.fetch_again(integer, uuid, text, text),
    invoices.fetched(integer, uuid, text, jsonb),
    invoices.months_differing(integer),
    invoices.forget_refused(integer)
to invoice_watch;
grant usage on schema catalogue to invoice_watch;
grant execute on function catalogue.stores() to invoice_watch;
grant usage on schema audit to invoice_desk;
grant execute on function
    audit.begin(integer, text, text[], text, text[], jsonb, text),
    audit.finish(integer, uuid, integer, text, text)
to invoice_desk;
grant execute on function
    invoices.correct(integer, uuid, integer, jsonb, jsonb, text, text[]),
    invoices.decide(integer, uuid, text, text, text, text[], integer),
    invoices.page(integer, text, date, text, text, text, uuid, integer),
    invoices.counts(integer),
    invoices.one(integer, uuid),
    invoices.paper(integer, uuid),
    invoices.mails(integer, text, uuid, integer),
    invoices.samples(integer, integer),
    invoices.months(integer),
    invoices.month(integer, date, integer)
to invoice_desk;

grant select on invoices.watch, invoices.fetch to auditor;
grant select on invoices.mail, invoices.document, invoices.invoice, invoices.line, invoices.share, invoices.correction,
    invoices.event, invoices.invariants to auditor;
