"""A stand-in for Amazon Pay Checkout v2, strict about signatures, keys and amounts, on the turned clock.

    python -m local.simulators.amazon_pay --port 4620 --database .local/amazon_pay.sqlite

Its file (SQLite, WAL; amounts in minor units, times ISO 8601 in UTC) may be read by SQL while it runs:

    sessions     session_id, merchant_reference (the redemption), state Open|Completed|Canceled, reason_code,
                 amount_minor, currency, approved_at, card, permission_id, charge_id, created_at, expires_at
    permissions  permission_id, merchant_reference, state Chargeable|NonChargeable|Closed, reason_code, limit_minor,
                 currency, created_at, expires_at
    charges      charge_id, permission_id, merchant_reference, state AuthorizationInitiated|Authorized|
                 CaptureInitiated|Captured|Declined|Canceled, reason_code, currency, authorised_minor (reserved at
                 first), captured_minor, cancelled_minor (given back: by cancel, expiry, or the rest after a capture),
                 refunded_minor, authorised_at, expires_at, created_at
                 An authorisation that is still on the member's card: state = 'Authorized'.
    refunds      refund_id, charge_id, state RefundInitiated|Refunded|Declined, amount_minor, currency, created_at
    requests     sequence, at, operation, object_id, status, reason_code, idempotency_key, fault: no bodies
    notices      notice_id, object_type CHARGE|CHARGE_PERMISSION|REFUND|CHARGEBACK, object_id, delivered, answer
    faults, settings, credentials, replies (idempotency): its own

The member's page is what `amazonPayRedirectUrl` names. A program answers it with one POST to the same address:

    curl -X POST "$approval_url" -d decision=pay        # or decline, or abandon; &card=0701 picks a test card

Notices go to `webhook_url` (a setting) as Amazon SNS would send them, signed with a certificate that the stand-in
serves below `public_url`.

Control plane: GET /_simulator/health · GET, PUT, DELETE /_simulator/faults · GET /_simulator/charges, …/sessions,
…/requests · POST /_simulator/chargebacks {"charge_id"} · PUT /_simulator/credentials {"public_key_id",
"public_key_pem"} · GET, PUT /_simulator/settings.
"""

from __future__ import annotations

from local.simulators.amazon_pay.app import create_app

__all__ = ["create_app"]
