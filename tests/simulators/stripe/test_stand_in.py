"""The stand-in is as strict as Stripe: keys, parameters, amounts, states."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.simulators.loopback import loopback
from tests.simulators.stripe.running import API_KEY, WEBHOOK_SECRET, StripeStandIn

SESSION = {
    "mode": "payment",
    "payment_method_types[0]": "card",
    "line_items[0][quantity]": "1",
    "line_items[0][price_data][currency]": "usd",
    "line_items[0][price_data][unit_amount]": "1000",
    "line_items[0][price_data][product_data][name]": "Something",
    "payment_intent_data[capture_method]": "manual",
    "success_url": "https://portal.test/r",
    "cancel_url": "https://portal.test/c",
}


def call(stand_in: StripeStandIn, path: str, data: dict[str, Any] | None = None, **headers: str) -> httpx.Response:
    merchant = {
        "authorization": f"Bearer {API_KEY}",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    if data is None:
        return loopback.get(f"{stand_in.base_url}/v1/{path}", headers=merchant)
    return loopback.post(f"{stand_in.base_url}/v1/{path}", data=data, headers=merchant)


def reserved(stand_in: StripeStandIn) -> dict[str, Any]:
    """A PaymentIntent that may be captured."""
    session = call(stand_in, "checkout/sessions", SESSION).json()
    assert stand_in.decide(session["url"], "pay") == 303
    session = call(stand_in, f"checkout/sessions/{session['id']}?expand[0]=payment_intent").json()
    assert session["status"] == "complete"
    intent: dict[str, Any] = session["payment_intent"]
    return intent


def code(answer: httpx.Response) -> tuple[int, str | None]:
    return answer.status_code, answer.json()["error"]["code"]


def test_without_a_known_key_nothing_is_answered(stand_in: StripeStandIn) -> None:
    answer = loopback.get(f"{stand_in.base_url}/v1/refunds", headers={"authorization": "Bearer sk_test_other"})
    assert code(answer) == (401, "api_key_invalid")


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"mode": ""}, (400, "parameter_missing")),
        ({"mode": "setup"}, (400, "parameter_invalid")),
        ({"colour": "red"}, (400, "parameter_unknown")),
        ({"line_items[0][price_data][unit_amount]": "49"}, (400, "amount_too_small")),
        ({"line_items[0][price_data][unit_amount]": "1.5"}, (400, "parameter_invalid_integer")),
        ({"line_items[0][price_data][currency]": "USD"}, (400, "parameter_invalid")),
        ({"success_url": "portal"}, (400, "url_invalid")),
    ],
)
def test_a_wrong_session_is_refused_by_name(
    stand_in: StripeStandIn, change: dict[str, str], refusal: tuple[int, str]
) -> None:
    assert code(call(stand_in, "checkout/sessions", SESSION | change)) == refusal


def test_a_key_answers_the_same_again_and_refuses_another_body(stand_in: StripeStandIn) -> None:
    first = call(stand_in, "checkout/sessions", SESSION, idempotency_key="k1")
    again = call(stand_in, "checkout/sessions", SESSION, idempotency_key="k1")
    assert first.json() == again.json()
    assert again.headers["idempotent-replayed"] == "true"
    other = call(stand_in, "checkout/sessions", SESSION | {"client_reference_id": "x"}, idempotency_key="k1")
    assert other.json()["error"]["type"] == "idempotency_error"


def test_a_reservation_is_captured_once_and_the_rest_released(stand_in: StripeStandIn) -> None:
    intent = reserved(stand_in)
    path = f"payment_intents/{intent['id']}/capture"
    assert code(call(stand_in, path, {"amount_to_capture": "1001"})) == (400, "amount_too_large")
    assert code(call(stand_in, path, {"amount_to_capture": "500", "final_capture": "false"})) == (
        400,
        "parameter_unknown",
    )
    taken = call(stand_in, path, {"amount_to_capture": "600"}).json()
    assert (taken["status"], taken["amount_received"], taken["amount_capturable"]) == ("succeeded", 600, 0)
    assert code(call(stand_in, path, {"amount_to_capture": "100"})) == (400, "payment_intent_unexpected_state")
    assert code(call(stand_in, f"payment_intents/{intent['id']}/cancel", {})) == (
        400,
        "payment_intent_unexpected_state",
    )


def test_refunds_are_at_most_what_was_captured(stand_in: StripeStandIn) -> None:
    intent = reserved(stand_in)
    asked = {"payment_intent": intent["id"], "amount": "400"}
    assert code(call(stand_in, "refunds", asked)) == (400, "charge_not_captured")
    call(stand_in, f"payment_intents/{intent['id']}/capture", {"amount_to_capture": "600"})
    assert call(stand_in, "refunds", asked).json()["status"] == "succeeded"
    assert code(call(stand_in, "refunds", asked)) == (400, "amount_too_large")
    assert call(stand_in, "refunds", asked | {"amount": "200"}).json()["status"] == "succeeded"
    assert code(call(stand_in, "refunds", asked)) == (400, "charge_already_refunded")
    listed = call(stand_in, f"refunds?payment_intent={intent['id']}&limit=100").json()
    assert [refund["amount"] for refund in listed["data"]] == [200, 400]


def test_a_declined_card_leaves_the_page_open(stand_in: StripeStandIn) -> None:
    session = call(stand_in, "checkout/sessions", SESSION).json()
    assert stand_in.decide(session["url"], "decline") == 402
    assert call(stand_in, f"checkout/sessions/{session['id']}").json()["status"] == "open"
    assert stand_in.decide(session["url"], "pay") == 303


def test_an_expired_session_takes_no_card(stand_in: StripeStandIn) -> None:
    session = call(stand_in, "checkout/sessions", SESSION).json()
    assert call(stand_in, f"checkout/sessions/{session['id']}/expire", {}).json()["status"] == "expired"
    assert stand_in.decide(session["url"], "pay") == 409
    assert code(call(stand_in, f"checkout/sessions/{session['id']}/expire", {})) == (400, "checkout_session_not_open")


def test_events_are_signed_so_that_stripes_own_package_believes_them(stand_in: StripeStandIn) -> None:
    import stripe

    from local.simulators.stripe.events import signature

    reserved(stand_in)
    row = stand_in.rows("select document from events order by rowid desc limit 1")[0]
    body = row["document"].encode()
    import time

    header = signature(WEBHOOK_SECRET, body, int(time.time()))
    event = stripe.Webhook.construct_event(body, header, WEBHOOK_SECRET)  # type: ignore[no-untyped-call]
    assert event.type == "checkout.session.completed"
    old = signature(WEBHOOK_SECRET, body, int(time.time()) - 600)
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.Webhook.construct_event(body, old, WEBHOOK_SECRET)  # type: ignore[no-untyped-call]
