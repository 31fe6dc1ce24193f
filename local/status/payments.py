"""Payments at Amazon Pay and Stripe, as the stand-ins have them: what waits for the member, what was taken."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Any

import httpx

from local.connected import Connected
from local.plain import PLAIN
from local.status.markup import money, quiet, share, short, when

SHOWN = 5
ROWS = 40
TIMEOUT_SECONDS = 3
NAMES = {"amazon_pay": "Amazon Pay", "stripe": "Stripe"}
# The providers' words, as a person says them, with their tone.
CHARGES = {
    "AuthorizationInitiated": ("being decided", "wait"),
    "Authorized": ("reserved", "good"),
    "CaptureInitiated": ("being taken", "wait"),
    "Captured": ("taken", "good"),
    "Canceled": ("given back", ""),
    "Declined": ("declined", "bad"),
    "requires_payment_method": ("the card was declined, another may be tried", "bad"),
    "requires_capture": ("reserved", "good"),
    "processing": ("being decided", "wait"),
    "succeeded": ("taken", "good"),
    "canceled": ("given back", ""),
}

type Reading = dict[str, Any]


def read(cloud: Connected) -> Reading:
    """By provider its last payments, newest first, or `error`. Each: id, reference (the redemption), at, amount_minor,
    currency, words, tone, page (where the member approves; None when there is nothing to approve), reserved_minor,
    taken_minor, returned_minor."""
    return {"amazon_pay": _tolerant(_amazon_pay, cloud), "stripe": _tolerant(_stripe, cloud)}


def _tolerant(look: Any, cloud: Connected) -> Any:
    try:
        return look(cloud)
    except (httpx.HTTPError, ValueError, LookupError) as error:
        return {"error": f"does not answer ({type(error).__name__})"}


def _amazon_pay(cloud: Connected) -> list[Reading]:
    base = cloud.simulator("amazon_pay")
    return amazon_pay(_rows(base, "sessions"), _rows(base, "charges"), base)


def _stripe(cloud: Connected) -> list[Reading]:
    base = cloud.simulator("stripe")
    return stripe(_rows(base, "sessions"), _rows(base, "intents"), base)


def _rows(base: str, table: str) -> list[Reading]:
    answer = httpx.get(f"{base}/_simulator/{table}?limit={ROWS}", timeout=TIMEOUT_SECONDS, verify=PLAIN)
    answer.raise_for_status()
    return list(answer.json())


def amazon_pay(sessions: Iterable[Reading], charges: Iterable[Reading], base: str) -> list[Reading]:
    """Sessions with the charges of their permission; newest first."""
    by_permission: dict[str, list[Reading]] = {}
    for charge in charges:
        by_permission.setdefault(charge["permission_id"], []).append(charge)
    found = []
    for one in sessions:
        mine = by_permission.pop(one["permission_id"], []) if one["permission_id"] else []
        open_page = one["state"] == "Open" and one["approved_at"] is None and one["amount_minor"] is not None
        words, tone = _session_words(one, mine)
        found.append(
            {
                "id": one["session_id"],
                "reference": one["merchant_reference"],
                "at": one["created_at"],
                "amount_minor": one["amount_minor"],
                "currency": one["currency"],
                "words": words,
                "tone": tone,
                "page": f"{base}/checkout/{one['session_id']}" if open_page else None,
                **_sums(mine),
            }
        )
    return sorted(found, key=lambda one: str(one["at"]), reverse=True)[:SHOWN]


def _session_words(session: Reading, charges: list[Reading]) -> tuple[str, str]:
    if session["state"] == "Canceled":
        reason = f": {session['reason_code']}" if session["reason_code"] else ""
        return f"ended without money{reason}", "bad" if session["reason_code"] == "Declined" else ""
    if session["state"] == "Open":
        if session["approved_at"] is None:
            return "waits for the member", "wait"
        return "approved, waits for us to complete it", "wait"
    newest = max(charges, key=lambda charge: str(charge["created_at"]), default=None)
    return CHARGES.get(newest["state"], (newest["state"], "")) if newest else ("completed", "good")


def _sums(charges: list[Reading]) -> Reading:
    living = [charge for charge in charges if charge["state"] in ("Authorized", "CaptureInitiated")]
    return {
        "reserved_minor": sum(
            charge["authorised_minor"] - charge["captured_minor"] - charge["cancelled_minor"] for charge in living
        ),
        "taken_minor": sum(charge["captured_minor"] for charge in charges),
        "returned_minor": sum(charge["refunded_minor"] for charge in charges),
    }


def stripe(sessions: Iterable[Reading], intents: Iterable[Reading], base: str) -> list[Reading]:
    """Sessions with their intent; newest first."""
    known = {intent["intent_id"]: intent for intent in intents}
    found = []
    for one in sessions:
        intent = known.get(one["intent_id"] or "")
        words, tone = (
            CHARGES.get(intent["status"], (intent["status"], "")) if intent else ("waits for the member", "wait")
        )
        if one["status"] == "expired" and (intent is None or intent["status"] == "requires_payment_method"):
            words, tone = "ended without money: expired", ""
        reserved = intent["status"] in ("requires_capture", "processing") if intent else False
        found.append(
            {
                "id": one["session_id"],
                "reference": one["reference"],
                "at": one["created_at"],
                "amount_minor": one["amount_minor"],
                "currency": one["currency"],
                "words": words,
                "tone": tone,
                "page": f"{base}/c/pay/{one['session_id']}" if one["status"] == "open" else None,
                "reserved_minor": intent["capturable_minor"] if intent and reserved else 0,
                "taken_minor": intent["captured_minor"] if intent else 0,
                "returned_minor": intent["refunded_minor"] if intent else 0,
            }
        )
    return sorted(found, key=lambda one: str(one["at"]), reverse=True)[:SHOWN]


def show(reading: Reading) -> str:
    """The section."""
    return f'<div class="pair">{"".join(_provider(NAMES[name], reading[name]) for name in NAMES)}</div>'


def _provider(name: str, payments: Any) -> str:
    if isinstance(payments, dict):
        inner = f'<p class="bad">{escape(name)} {escape(payments["error"])}.</p>'
    elif payments:
        inner = f'<ul class="rows">{"".join(_payment(name, one) for one in payments)}</ul>'
    else:
        inner = quiet("No payment yet. Redeem with points and money, and the page to approve is linked here.")
    return f"<div><h3>{escape(name)}</h3>{inner}</div>"


def _payment(name: str, one: Reading) -> str:
    amount, currency = one["amount_minor"] or 0, one["currency"]
    sums = [
        f"{words} {money(one[key], currency)}"
        for key, words in (("reserved_minor", "reserved"), ("taken_minor", "taken"), ("returned_minor", "sent back"))
        if one[key]
    ]
    kept = one["taken_minor"] - one["returned_minor"]
    line = (
        share(
            kept / amount, one["reserved_minor"] / amount, f"{kept} of {amount} taken, {one['reserved_minor']} reserved"
        )
        if amount and sums
        else ""
    )
    reference = str(one["reference"] or one["id"])
    page = (
        f'<p><a class="button" href="{escape(one["page"])}" target="_blank" rel="noopener">Open the page to approve'
        f'<span class="hide"> payment {short(reference)} at {escape(name)}, in a new tab</span></a></p>'
        if one["page"]
        else ""
    )
    shown = money(amount, currency) if one["amount_minor"] is not None else "No amount yet"
    tone = f" {one['tone']}" if one["tone"] else ""
    return (
        f'<li id="payment-{escape(one["id"])}"><div class="top"><strong>{shown}</strong>'
        f'<span class="pill long{tone}">{escape(one["words"])}</span>'
        f'<span class="quiet small end">{when(str(one["at"]))}</span></div>{line}'
        f'<p class="small quiet">{", ".join([*sums, f"redemption {short(reference)}"])}</p>{page}</li>'
    )
