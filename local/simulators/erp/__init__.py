"""A stand-in for a company's ERP as docs/erp.md describes it: strict about what it is given, and it keeps books.

    python -m local.simulators.erp --port 4650 --database .local/erp.sqlite

Vendor invoices, credit memos (JSON by a schema, or UBL by the published schemas and rules) and the journal (JSON). It
knows vendors and periods, refuses what does not add up, books a number once, and posts after `pending_seconds` what it
accepted.
Its file (SQLite, WAL; minor units, ISO 8601):

    documents  document_id, kind, format, key, sha256, vendor, number, booked_on, currency, total_minor, tax_minor,
               corrects, status pending|posted|rejected, reason, body, taken_at, posted_at
    entries    document_id, line, account, debit_minor, credit_minor, words: debit = credit in each document
    vendors    name, state active|blocked
    periods    month, state open|locked (a month that is not there is open)
    requests   sequence, at, operation, object_id, status, code, idempotency_key, fault: no bodies

Its page at / shows vendor invoices, credit memos, the journal and the trial balance. Control plane:
GET /_simulator/health · GET, PUT, DELETE /_simulator/faults {"operation", "kind", "times"}, operation postInvoice,
postCreditMemo, postJournal, getDocument, validate or * · PUT /_simulator/credentials {"token"} · GET, PUT
/_simulator/settings · GET, PUT /_simulator/vendors {"name", "state" active|blocked|unknown} · GET, PUT
/_simulator/periods {"month", "state" open|locked} · POST /_simulator/documents/{id}/rejection {"reason"} of one that is
pending · GET /_simulator/{table}.
"""

from __future__ import annotations

from local.simulators.erp.app import create_app

__all__ = ["create_app"]
