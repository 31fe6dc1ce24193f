"""Sessions, payment intents, refunds and disputes: what may happen to them, and how Stripe shows them."""

from __future__ import annotations

import json
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from local.simulators import clock
from local.simulators.stripe import events, forms
from local.simulators.stripe.files import File
from local.simulators.stripe.refusals import ApiError, invalid, missing

SESSION_LIFE = timedelta(hours=24)
RESERVATION_LIFE = timedelta(days=7)
SMALLEST = {"usd": 50, "eur": 50, "gbp": 30, "jpy": 50}
LARGEST_MINOR = 99_999_999
MOST_CAPTURES = 50
DECLINES = ("card_declined", "insufficient_funds", "expired_card", "processing_error")


def stored(instant: datetime) -> str:
    """Sorts as text."""
    return instant.astimezone(UTC).isoformat(timespec="milliseconds")


def now() -> str:
    """UTC now, turned with the rest of the laptop."""
    return stored(clock.now())


def seconds(text: str | None) -> int | None:
    """As Stripe writes times."""
    return int(datetime.fromisoformat(text).timestamp()) if text else None


def new_id(prefix: str) -> str:
    """cs_test_…, pi_…, re_…"""
    return f"{prefix}_{secrets.token_hex(12)}"


def advance(file: File) -> None:
    """Everything that has happened by itself until now."""
    instant = now()
    for row in file.all("select * from sessions where status = 'open' and expires_at <= ?", instant):
        expire(file, row)
    for row in file.all("select * from intents where status = 'requires_capture' and expires_at <= ?", instant):
        _end(file, row, "automatic")
    settled = stored(clock.now() - timedelta(seconds=float(file.settings()["refund_seconds"])))
    for row in file.all("select * from refunds where status = 'pending' and updated_at <= ?", settled):
        _decide(file, row)


# ---- sessions ----------------------------------------------------------------------------------------------------


def create_session(file: File, form: forms.Form, public_url: str) -> dict[str, Any]:
    """An open session with the page's address."""
    forms.only(
        form, "mode", "payment_method_types", "line_items", "payment_intent_data", "client_reference_id", "metadata",
        "success_url", "cancel_url", "expires_at", "payment_method_options", "expand",
    )  # fmt: skip
    if forms.required(form, "mode") != "payment":
        raise invalid("parameter_invalid", "mode")
    if form.get("payment_method_types") != ["card"]:
        raise invalid("parameter_invalid", "payment_method_types")
    for name in ("success_url", "cancel_url"):
        if urlsplit(str(forms.required(form, name))).scheme not in ("http", "https"):
            raise invalid("url_invalid", name)
    amount, currency = 0, ""
    for item in forms.required(form, "line_items"):
        price = forms.only(item, "quantity", "price_data", within="line_items")["price_data"]
        forms.only(price, "currency", "unit_amount", "product_data", within="price_data")
        forms.required(forms.only(price["product_data"], "name", within="product_data"), "name")
        currency = str(price["currency"])
        amount += (forms.integer(item, "quantity") or 0) * (forms.integer(price, "unit_amount") or 0)
    if currency != currency.lower() or len(currency) != 3:
        raise invalid("parameter_invalid", "currency")
    _check_amount(amount, currency)
    data = forms.only(form.get("payment_intent_data", {}), "capture_method", "metadata", within="payment_intent_data")
    if data.get("capture_method") not in ("manual", "automatic", None):
        raise invalid("parameter_invalid", "payment_intent_data[capture_method]")
    session_id = new_id("cs_test")
    expires = clock.now() + SESSION_LIFE
    file.run(
        "insert into sessions(session_id, reference, status, amount_minor, currency, document, public_url, created_at,"
        " expires_at) values (?, ?, 'open', ?, ?, ?, ?, ?, ?)",
        session_id,
        form.get("client_reference_id"),
        amount,
        currency,
        json.dumps(form),
        public_url,
        now(),
        stored(expires),
    )
    return shown_session(file, session(file, session_id))


def session(file: File, session_id: str) -> dict[str, Any]:
    """The row, or 404."""
    row = file.one("select * from sessions where session_id = ?", session_id)
    if row is None:
        raise missing("session", session_id)
    return row


def expire(file: File, row: dict[str, Any]) -> None:
    """No card is taken any more."""
    if row["status"] != "open":
        raise invalid("checkout_session_not_open")
    file.run("update sessions set status = 'expired' where session_id = ?", row["session_id"])
    if row["intent_id"]:
        _end(file, intent(file, row["intent_id"]), "abandoned")
    events.say(file, "checkout.session.expired", shown_session(file, session(file, row["session_id"])))


def pay(file: File, row: dict[str, Any], declined: str | None) -> None:
    """The member's card: reserved, or declined (the page stays open)."""
    document = json.loads(row["document"])
    intent_id = row["intent_id"] or new_id("pi")
    options = document.get("payment_method_options", {}).get("card", {})
    multi = options.get("request_multicapture") == "if_available" and file.settings()["multicapture"]
    if row["intent_id"] is None:
        file.run(
            "insert into intents(intent_id, reference, status, amount_minor, currency, multicapture, metadata,"
            " created_at) values (?, ?, 'requires_payment_method', ?, ?, ?, ?, ?)",
            intent_id,
            row["reference"],
            row["amount_minor"],
            row["currency"],
            int(bool(multi)),
            json.dumps(document.get("payment_intent_data", {}).get("metadata", {})),
            now(),
        )
        file.run("update sessions set intent_id = ? where session_id = ?", intent_id, row["session_id"])
    if declined:
        file.run("update intents set error_code = ? where intent_id = ?", declined, intent_id)
        events.say(file, "payment_intent.payment_failed", shown_intent(file, intent(file, intent_id)))
        return
    file.run(
        "update intents set status = 'requires_capture', error_code = null, capturable_minor = amount_minor,"
        " charge_id = ?, authorised_at = ?, expires_at = ? where intent_id = ?",
        new_id("ch"),
        now(),
        stored(clock.now() + RESERVATION_LIFE),
        intent_id,
    )
    file.run("update sessions set status = 'complete' where session_id = ?", row["session_id"])
    events.say(file, "payment_intent.amount_capturable_updated", shown_intent(file, intent(file, intent_id)))
    events.say(file, "checkout.session.completed", shown_session(file, session(file, row["session_id"])))


def shown_session(file: File, row: dict[str, Any], *, expanded: bool = False) -> dict[str, Any]:
    """As Stripe shows it."""
    document = json.loads(row["document"])
    inner: Any = row["intent_id"]
    if inner and expanded:
        inner = shown_intent(file, intent(file, inner))
    return {
        "id": row["session_id"],
        "object": "checkout.session",
        "amount_total": row["amount_minor"],
        "currency": row["currency"],
        "client_reference_id": row["reference"],
        "metadata": document.get("metadata", {}),
        "mode": "payment",
        "payment_intent": inner,
        "payment_status": "unpaid",
        "status": row["status"],
        "success_url": document["success_url"],
        "cancel_url": document["cancel_url"],
        "created": seconds(row["created_at"]),
        "expires_at": seconds(row["expires_at"]),
        "livemode": False,
        "url": f"{row['public_url']}/c/pay/{row['session_id']}" if row["status"] == "open" else None,
    }


# ---- payment intents ---------------------------------------------------------------------------------------------


def intent(file: File, intent_id: str) -> dict[str, Any]:
    """The row, or 404."""
    row = file.one("select * from intents where intent_id = ?", intent_id)
    if row is None:
        raise missing("intent", intent_id)
    return row


def capture(file: File, intent_id: str, form: forms.Form, code: str | None) -> dict[str, Any]:
    """Once, or up to 50 times with multicapture; the last one releases the rest."""
    forms.only(form, "amount_to_capture", "final_capture", "metadata", "expand")
    row = intent(file, intent_id)
    if row["status"] != "requires_capture":
        raise invalid("payment_intent_unexpected_state")
    if code in DECLINES:
        _end(file, row, "failed_invoice")
        raise ApiError(402, "card_error", "card_declined", decline_code=code)
    if "final_capture" in form and not row["multicapture"]:
        raise invalid("parameter_unknown", "final_capture")
    amount = forms.integer(form, "amount_to_capture")
    amount = row["capturable_minor"] if amount is None else amount
    if amount > row["capturable_minor"]:
        raise invalid("amount_too_large", "amount_to_capture")
    _check_amount(amount, row["currency"], "amount_to_capture")
    if row["captures"] >= MOST_CAPTURES:
        raise invalid("capture_limit_exceeded")
    final = forms.boolean(form, "final_capture", True) or amount == row["capturable_minor"]
    file.run(
        "update intents set captured_minor = captured_minor + ?1, captures = captures + 1,"
        " capturable_minor = iif(?2, 0, capturable_minor - ?1), status = iif(?2, 'succeeded', status)"
        " where intent_id = ?3",
        amount,
        int(final),
        intent_id,
    )
    told = "payment_intent.succeeded" if final else "payment_intent.amount_capturable_updated"
    events.say(file, told, shown_intent(file, intent(file, intent_id)))
    return shown_intent(file, intent(file, intent_id))


def cancel(file: File, intent_id: str, form: forms.Form) -> dict[str, Any]:
    """What is reserved goes back."""
    forms.only(form, "cancellation_reason", "expand")
    reason = form.get("cancellation_reason")
    if reason not in (None, "duplicate", "fraudulent", "requested_by_customer", "abandoned"):
        raise invalid("parameter_invalid", "cancellation_reason")
    row = intent(file, intent_id)
    if row["status"] in ("succeeded", "canceled"):
        raise invalid("payment_intent_unexpected_state")
    _end(file, row, reason)
    return shown_intent(file, intent(file, intent_id))


def _end(file: File, row: dict[str, Any], reason: str | None) -> None:
    file.run(
        "update intents set status = iif(captured_minor > 0, 'succeeded', 'canceled'), capturable_minor = 0,"
        " cancellation_reason = ? where intent_id = ?",
        reason,
        row["intent_id"],
    )
    events.say(file, "payment_intent.canceled", shown_intent(file, intent(file, row["intent_id"])))


def shown_intent(file: File, row: dict[str, Any], *, expanded: bool = False) -> dict[str, Any]:
    """As Stripe shows it."""
    charge: Any = row["charge_id"]
    if charge and expanded:
        charge = {
            "id": charge,
            "object": "charge",
            "amount_refunded": row["refunded_minor"],
            "payment_method_details": {"type": "card", "card": {"capture_before": seconds(row["expires_at"])}},
        }
    error = row["error_code"]
    return {
        "id": row["intent_id"],
        "object": "payment_intent",
        "amount": row["amount_minor"],
        "amount_capturable": row["capturable_minor"],
        "amount_received": row["captured_minor"],
        "currency": row["currency"],
        "capture_method": "manual",
        "status": row["status"],
        "cancellation_reason": row["cancellation_reason"],
        "latest_charge": charge,
        "last_payment_error": {"type": "card_error", "code": "card_declined", "decline_code": error} if error else None,
        "metadata": json.loads(row["metadata"]),
        "created": seconds(row["created_at"]),
        "livemode": False,
    }


# ---- refunds and disputes ----------------------------------------------------------------------------------------


def create_refund(file: File, form: forms.Form, code: str | None) -> dict[str, Any]:
    """Decided at once, or after `refund_seconds`."""
    forms.only(form, "payment_intent", "amount", "metadata", "reason", "expand")
    row = intent(file, forms.required(form, "payment_intent"))
    asked = file.one(
        "select coalesce(sum(amount_minor), 0) as minor from refunds where intent_id = ?"
        " and status not in ('failed', 'canceled')",
        row["intent_id"],
    )
    assert asked is not None
    left = row["captured_minor"] - asked["minor"]
    amount = forms.integer(form, "amount")
    amount = left if amount is None else amount
    if row["captured_minor"] == 0:
        raise invalid("charge_not_captured" if row["status"] == "requires_capture" else "payment_intent_invalid")
    if left == 0:
        raise invalid("charge_already_refunded")
    if amount <= 0 or amount > left:
        raise invalid("amount_too_large", "amount")
    refund_id, metadata = new_id("re"), form.get("metadata", {})
    file.run(
        "insert into refunds values (?, ?, 'pending', null, ?, ?, ?, ?, ?, ?, ?)",
        refund_id,
        row["intent_id"],
        code,
        amount,
        row["currency"],
        json.dumps(metadata),
        row["reference"],
        now(),
        now(),
    )
    if float(file.settings()["refund_seconds"]) == 0:
        _decide(file, refund(file, refund_id))
    return shown_refund(refund(file, refund_id))


def _decide(file: File, row: dict[str, Any]) -> None:
    file.run(
        "update refunds set status = ?, failure_reason = ?, updated_at = ? where refund_id = ?",
        "failed" if row["outcome"] else "succeeded",
        row["outcome"],
        now(),
        row["refund_id"],
    )
    if row["outcome"] is None:
        file.run(
            "update intents set refunded_minor = refunded_minor + ? where intent_id = ?",
            row["amount_minor"],
            row["intent_id"],
        )
    kind = "refund.failed" if row["outcome"] else "refund.updated"
    events.say(file, kind, shown_refund(refund(file, row["refund_id"])))


def fail_refund(file: File, refund_id: str, reason: str) -> dict[str, Any]:
    """The bank sends a refund back that had succeeded."""
    row = refund(file, refund_id)
    if row["status"] == "succeeded":
        file.run(
            "update intents set refunded_minor = refunded_minor - ? where intent_id = ?",
            row["amount_minor"],
            row["intent_id"],
        )
    file.run("update refunds set status = 'pending', outcome = ? where refund_id = ?", reason, refund_id)
    _decide(file, refund(file, refund_id))
    return shown_refund(refund(file, refund_id))


def refund(file: File, refund_id: str) -> dict[str, Any]:
    """The row, or 404."""
    row = file.one("select * from refunds where refund_id = ?", refund_id)
    if row is None:
        raise missing("refund", refund_id)
    return row


def list_refunds(file: File, form: forms.Form) -> dict[str, Any]:
    """Newest first."""
    forms.only(form, "payment_intent", "limit", "expand")
    limit = forms.integer(form, "limit") or 10
    if not 1 <= limit <= 100:
        raise invalid("parameter_invalid_integer", "limit")
    rows = file.all(
        "select * from refunds where intent_id = ? order by rowid desc limit ?", form.get("payment_intent"), limit
    )
    return {"object": "list", "url": "/v1/refunds", "has_more": False, "data": [shown_refund(row) for row in rows]}


def shown_refund(row: dict[str, Any]) -> dict[str, Any]:
    """As Stripe shows it."""
    return {
        "id": row["refund_id"],
        "object": "refund",
        "amount": row["amount_minor"],
        "currency": row["currency"],
        "payment_intent": row["intent_id"],
        "status": row["status"],
        "failure_reason": row["failure_reason"],
        "metadata": json.loads(row["metadata"]),
        "created": seconds(row["created_at"]),
    }


def dispute(file: File, intent_id: str, amount: int) -> dict[str, Any]:
    """The member's bank takes money back."""
    row = intent(file, intent_id)
    dispute_id = new_id("dp")
    file.run(
        "insert into disputes values (?, ?, 'needs_response', ?, ?, ?)",
        dispute_id,
        intent_id,
        amount,
        row["currency"],
        now(),
    )
    return _say_dispute(file, dispute_id, "charge.dispute.created")


def close_dispute(file: File, dispute_id: str, status: str) -> dict[str, Any]:
    """Won or lost."""
    file.run("update disputes set status = ? where dispute_id = ?", status, dispute_id)
    return _say_dispute(file, dispute_id, "charge.dispute.closed")


def shown_dispute(file: File, dispute_id: str) -> dict[str, Any]:
    """As Stripe shows it."""
    row = file.one("select * from disputes where dispute_id = ?", dispute_id)
    if row is None:
        raise missing("dispute", dispute_id)
    return {
        "id": row["dispute_id"],
        "object": "dispute",
        "amount": row["amount_minor"],
        "currency": row["currency"],
        "payment_intent": row["intent_id"],
        "status": row["status"],
        "created": seconds(row["created_at"]),
    }


def _say_dispute(file: File, dispute_id: str, kind: str) -> dict[str, Any]:
    document = shown_dispute(file, dispute_id)
    events.say(file, kind, document)
    return document


def _check_amount(amount: int, currency: str, param: str = "unit_amount") -> None:
    if amount < SMALLEST.get(currency, 100):
        raise invalid("amount_too_small", param)
    if amount > LARGEST_MINOR:
        raise invalid("amount_too_large", param)
