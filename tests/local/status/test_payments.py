"""Payments as the providers' stand-ins have them: what waits for the member, what was reserved, taken, sent back."""

from __future__ import annotations

from typing import Any

import httpx

from local.status import payments
from tests.local.status.conftest import House
from tests.simulators.stripe.running import StripeStandIn
from tests.simulators.stripe.test_stand_in import SESSION, call

BASE = "http://127.0.0.1:4620"
PAGE = "Open the page to approve"


def session(**changes: Any) -> dict[str, Any]:
    known = {
        "session_id": "s1", "merchant_reference": "0192f8a0-1111-7000-8000-000000000001", "state": "Open",
        "reason_code": None, "amount_minor": 1000, "currency": "USD", "approved_at": None, "permission_id": None,
        "created_at": "2026-11-22T12:00:00.000+00:00",
    }  # fmt: skip
    return {**known, **changes}


def charge(**changes: Any) -> dict[str, Any]:
    known = {
        "permission_id": "p1", "state": "Authorized", "authorised_minor": 1000, "captured_minor": 0,
        "cancelled_minor": 0, "refunded_minor": 0, "created_at": "2026-11-22T12:01:00.000+00:00",
    }  # fmt: skip
    return {**known, **changes}


def one(given: dict[str, Any], *charges: dict[str, Any]) -> dict[str, Any]:
    (found,) = payments.amazon_pay([given], charges, BASE)
    return found


def test_a_payment_that_waits_for_the_member_has_the_page_to_approve() -> None:
    waiting = one(session())
    assert waiting["words"] == "waits for the member"
    assert waiting["page"] == f"{BASE}/checkout/s1"
    assert PAGE in payments.show({"amazon_pay": [waiting], "stripe": []})


def test_one_that_is_approved_declined_or_abandoned_has_none() -> None:
    approved = one(session(approved_at="2026-11-22T12:00:30.000+00:00"))
    declined = one(session(state="Canceled", reason_code="Declined"))
    assert (approved["page"], declined["page"]) == (None, None)
    assert declined["words"] == "ended without money: Declined"
    assert declined["tone"] == "bad"
    assert PAGE not in payments.show({"amazon_pay": [approved, declined], "stripe": []})


def test_what_was_reserved_taken_and_sent_back_is_said() -> None:
    completed = session(state="Completed", permission_id="p1")
    assert one(completed, charge())["reserved_minor"] == 1000
    taken = one(completed, charge(state="Captured", captured_minor=700, refunded_minor=200, cancelled_minor=300))
    assert (taken["words"], taken["reserved_minor"], taken["taken_minor"], taken["returned_minor"]) == (
        "taken", 0, 700, 200,
    )  # fmt: skip
    html = payments.show({"amazon_pay": [taken], "stripe": []})
    assert "7.00 USD" in html
    assert "2.00 USD" in html


def test_charges_of_another_permission_are_not_counted() -> None:
    assert one(session(state="Completed", permission_id="p1"), charge(permission_id="p2"))["reserved_minor"] == 0


def test_stripes_payment_goes_from_its_page_to_reserved(room: House, stripe: StripeStandIn) -> None:
    made = call(stripe, "checkout/sessions", {**SESSION, "client_reference_id": "r-1"}).json()

    def known() -> dict[str, Any]:
        found: list[dict[str, Any]] = payments.read(room.cloud)["stripe"]
        return next(payment for payment in found if payment["id"] == made["id"])

    before = known()
    assert before["words"] == "waits for the member"
    assert httpx.get(before["page"]).status_code == 200
    stripe.decide(before["page"], "decline")
    assert known()["tone"] == "bad"
    stripe.decide(before["page"], "pay")
    after = known()
    assert (after["page"], after["words"], after["reserved_minor"], after["reference"]) == (
        None,
        "reserved",
        1000,
        "r-1",
    )


def test_a_provider_that_is_down_says_so_beside_the_other(empty: House, room: House, stripe: StripeStandIn) -> None:
    assert call(stripe, "checkout/sessions", SESSION).status_code == 200
    down = payments.read(empty.cloud)["amazon_pay"]
    html = payments.show({"amazon_pay": down, "stripe": payments.read(room.cloud)["stripe"]})
    assert "Amazon Pay does not answer" in html
    assert "<h3>Stripe</h3><ul" in html


def test_the_control_planes_give_as_many_rows_as_are_asked_for(room: House) -> None:
    for name, table in (("amazon_pay", "sessions"), ("stripe", "sessions")):
        answer = httpx.get(f"{room.cloud.simulator(name)}/_simulator/{table}?limit=0")
        assert answer.json() == []
