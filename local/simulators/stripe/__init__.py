"""A stand-in for the part of Stripe's API that we use, strict about keys, parameters and amounts, on the turned clock.

    python -m local.simulators.stripe --port 4630 --database .local/stripe.sqlite

Form-encoded in, JSON out, as Stripe does it: checkout sessions (create, retrieve, expire), payment intents (retrieve,
list, capture, cancel), refunds (create, retrieve, list), disputes (retrieve). Its file (SQLite, WAL; minor
units, ISO 8601):

    sessions   session_id, reference (the redemption), status open|complete|expired, intent_id, amount_minor, currency
    intents    intent_id, reference, status requires_payment_method|requires_capture|succeeded|canceled, amount_minor,
               captured_minor, capturable_minor, refunded_minor, error_code, multicapture, authorised_at, expires_at
               A reservation that is still on the member's card: status = 'requires_capture' (capturable_minor of it).
    refunds    refund_id, intent_id, status pending|succeeded|failed|canceled, failure_reason, amount_minor, reference
    disputes   dispute_id, intent_id, status, amount_minor
    events     event_id, kind, document, delivered (times), answer (the last HTTP status)
    requests   sequence, at, operation, object_id, status, code, idempotency_key, fault: no bodies

The member's page is what the session's `url` names. A program answers it with one POST to the same address:

    curl -X POST "$approval_url" -d decision=pay        # or decline (the card; the page stays open), or abandon

Events go to `webhook_url` (a setting), signed with `webhook_secret`. Control plane: GET /_simulator/health · GET, PUT,
DELETE /_simulator/faults · PUT /_simulator/credentials {"api_key"} · GET, PUT /_simulator/settings · POST
/_simulator/disputes {"payment_intent", "amount"} · POST /_simulator/events/{id} sends one again · GET
/_simulator/{table}.
"""

from __future__ import annotations

from local.simulators.stripe.app import create_app

__all__ = ["create_app"]
