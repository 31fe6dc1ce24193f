"""The client against the stand-in: every operation, every kind of failure, and amounts to the minor unit."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.postgres import free_port
from loyalty.payments.amazon_pay.adapter import AmazonPay
from loyalty.payments.amazon_pay.client import AmazonPayClient, Credentials
from loyalty.payments.amazon_pay.errors import error_of
from loyalty.payments.currencies import decimal_of, money_of
from loyalty.payments.provider import (
    ChargeState,
    Checkout,
    CheckoutState,
    Declined,
    Money,
    NotApproved,
    NotSent,
    NotTrusted,
    Order,
    OutcomeUnknown,
    RefundState,
    Refused,
    Throttled,
)
from tests.simulators.amazon_pay.running import AmazonPayStandIn

AMOUNT = Money(2599, "USD")


def key() -> str:
    return uuid4().hex


@pytest.fixture
def provider(stand_in: AmazonPayStandIn) -> AmazonPay:
    return AmazonPay(stand_in.client(), "store")


def opened(provider: AmazonPay, amount: Money = AMOUNT) -> Checkout:
    order = Order(uuid4(), amount, "https://portal.test/r", "https://portal.test/c")
    return provider.open_checkout(key(), provider.checkout_request(order))


def reserved(provider: AmazonPay, stand_in: AmazonPayStandIn, amount: Money = AMOUNT) -> Checkout:
    checkout = opened(provider, amount)
    stand_in.decide(str(checkout.approval_url), "pay")
    return provider.complete(checkout.checkout_id, key(), provider.complete_request(amount))


def test_from_the_checkout_to_a_refund(provider: AmazonPay, stand_in: AmazonPayStandIn) -> None:
    checkout = opened(provider)
    assert checkout.state is CheckoutState.WAITING
    assert provider.abandon(checkout.checkout_id).state is CheckoutState.WAITING
    with pytest.raises(NotApproved):
        provider.complete(checkout.checkout_id, key(), provider.complete_request(AMOUNT))
    stand_in.decide(str(checkout.approval_url), "pay")
    assert provider.checkout(checkout.checkout_id).state is CheckoutState.APPROVED
    done = provider.complete(checkout.checkout_id, key(), provider.complete_request(AMOUNT))
    assert done.state is CheckoutState.COMPLETED
    charge = provider.charge(str(done.charge_id))
    assert (charge.state, charge.amount, charge.captured_minor) == (ChargeState.AUTHORISED, AMOUNT, 0)
    assert charge.expires_at is not None
    captured = provider.capture(charge.charge_id, key(), provider.capture_request(Money(1000, "USD")))
    assert (captured.state, captured.captured_minor) == (ChargeState.CAPTURED, 1000)
    provider.close(str(done.permission_id), "done")
    provider.close(str(done.permission_id), "done twice")
    stand_in.settings(pending_seconds=0)
    refund = provider.refund(key(), provider.refund_request(charge.charge_id, Money(400, "USD"), "r:1"))
    assert refund.state is RefundState.PENDING
    assert provider.refund_status(refund.refund_id).state is RefundState.REFUNDED
    stand_in.settings(pending_seconds=30)


def test_the_same_key_brings_the_same_answer_and_another_body_is_refused(provider: AmazonPay) -> None:
    order = Order(uuid4(), AMOUNT, "https://portal.test/r", "https://portal.test/c")
    same = key()
    request = provider.checkout_request(order)
    assert provider.open_checkout(same, request) == provider.open_checkout(same, request)
    with pytest.raises(Refused, match="DuplicateIdempotencyKey"):
        provider.open_checkout(same, request + " ")


def test_what_a_session_lacks_is_added_before_the_member_is_sent(
    provider: AmazonPay, stand_in: AmazonPayStandIn
) -> None:
    request = json.loads(provider.checkout_request(Order(uuid4(), AMOUNT, "https://p.test/r", "https://p.test/c")))
    bare = {name: request[name] for name in ("storeId", "productType")}
    bare["webCheckoutDetails"] = {"checkoutReviewReturnUrl": "https://p.test/r"}
    client = stand_in.client()
    session = client.create_checkout_session(key(), json.dumps(bare))
    assert session["webCheckoutDetails"]["amazonPayRedirectUrl"] is None
    assert {c["constraintId"] for c in session["constraints"]} >= {"ChargeAmountNotSet", "PaymentIntentNotSet"}
    del request["storeId"], request["productType"]
    updated = client.update_checkout_session(session["checkoutSessionId"], json.dumps(request))
    assert updated["webCheckoutDetails"]["amazonPayRedirectUrl"]


def test_amounts_must_be_the_sessions_and_at_most_the_charges(provider: AmazonPay, stand_in: AmazonPayStandIn) -> None:
    checkout = opened(provider)
    stand_in.decide(str(checkout.approval_url), "pay")
    with pytest.raises(Refused, match="AmountMismatch"):
        provider.complete(checkout.checkout_id, key(), provider.complete_request(Money(2600, "USD")))
    with pytest.raises(Refused, match="CurrencyMismatch"):
        provider.complete(checkout.checkout_id, key(), provider.complete_request(Money(2599, "EUR")))
    done = provider.complete(checkout.checkout_id, key(), provider.complete_request(AMOUNT))
    with pytest.raises(Refused, match="TransactionAmountExceeded"):
        provider.capture(str(done.charge_id), key(), provider.capture_request(Money(2600, "USD")))


def test_a_permission_covers_its_amount_once(provider: AmazonPay, stand_in: AmazonPayStandIn) -> None:
    done = reserved(provider, stand_in)
    request = provider.charge_request(str(done.permission_id), AMOUNT, uuid4())
    with pytest.raises(Refused, match="TransactionAmountExceeded"):
        provider.authorise_again(key(), request)
    assert provider.cancel(str(done.charge_id), "renewal").state is ChargeState.CANCELLED
    assert provider.cancel(str(done.charge_id), "renewal").state is ChargeState.CANCELLED
    again = provider.authorise_again(key(), request)
    assert again.state is ChargeState.AUTHORISED


def test_currencies_without_minor_units_go_through_whole(provider: AmazonPay, stand_in: AmazonPayStandIn) -> None:
    yen = Money(1200, "JPY")
    done = reserved(provider, stand_in, yen)
    assert provider.charge(str(done.charge_id)).amount == yen


@pytest.mark.parametrize(("code", "soft"), [("SoftDeclined", True), ("HardDeclined", False), ("AmazonRejected", False)])
def test_declines_say_whether_to_try_again(
    provider: AmazonPay, stand_in: AmazonPayStandIn, code: str, soft: bool
) -> None:
    done = reserved(provider, stand_in)
    stand_in.fault("captureCharge", "simulation", code=code)
    with pytest.raises(Declined) as declined:
        provider.capture(str(done.charge_id), key(), provider.capture_request(AMOUNT))
    assert (declined.value.reason, declined.value.soft) == (code, soft)
    assert provider.charge(str(done.charge_id)).state is ChargeState.DECLINED


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("error_500", OutcomeUnknown),
        ("error_503", OutcomeUnknown),
        ("error_429", Throttled),
        ("timeout_before", OutcomeUnknown),
        ("timeout_after_commit", OutcomeUnknown),
        ("reset", OutcomeUnknown),
        ("malformed", OutcomeUnknown),
    ],
)
def test_a_call_with_effects_that_goes_wrong_is_never_taken_for_a_no(
    stand_in: AmazonPayStandIn, kind: str, error: type[Exception]
) -> None:
    provider = AmazonPay(stand_in.client(read_timeout_seconds=0.15), "store")
    stand_in.fault("createCheckoutSession", kind)
    with pytest.raises(error):
        opened(provider)


@pytest.mark.parametrize("kind", ["error_500", "timeout_before", "reset", "malformed"])
def test_a_read_that_goes_wrong_is_asked_again(stand_in: AmazonPayStandIn, kind: str) -> None:
    provider = AmazonPay(stand_in.client(read_timeout_seconds=0.15), "store")
    checkout = opened(provider)
    stand_in.fault("getCheckoutSession", kind)
    with pytest.raises(Throttled):
        provider.checkout(checkout.checkout_id)


def test_without_a_connection_nothing_was_sent(stand_in: AmazonPayStandIn) -> None:
    client = AmazonPayClient(f"http://127.0.0.1:{free_port()}", stand_in.credentials)
    with pytest.raises(NotSent):
        client.get_charge("x")


def test_an_unknown_key_and_an_unknown_object_are_told_apart(stand_in: AmazonPayStandIn) -> None:
    with pytest.raises(Refused) as refused:
        stand_in.client().get_charge("S01-1-C1")
    assert refused.value.status == 404
    credentials = Credentials("SANDBOX-OTHER", stand_in.credentials.private_key_pem, "s", "m")
    with pytest.raises(NotTrusted):
        AmazonPayClient(stand_in.base_url, credentials).get_charge("S01-1-C1")


def test_a_key_that_names_no_environment_is_refused_at_the_start(stand_in: AmazonPayStandIn) -> None:
    credentials = Credentials("AKEY", stand_in.credentials.private_key_pem, "s", "m")
    with pytest.raises(ValueError, match="LIVE or SANDBOX"):
        AmazonPayClient(stand_in.base_url, credentials)


def test_secrets_are_not_shown(stand_in: AmazonPayStandIn) -> None:
    assert "PRIVATE KEY" not in repr(stand_in.credentials)
    text = json.dumps({"public_key_id": "LIVE-1", "private_key_pem": "p", "store_id": "s", "merchant_id": "m"})
    assert Credentials.from_json(text) == Credentials("LIVE-1", "p", "s", "m")


@pytest.mark.parametrize(
    ("status", "reason", "retry_after", "changes", "expected"),
    [
        (429, "TooManyRequests", "17", True, Throttled("TooManyRequests", 17)),
        (429, "", None, True, Throttled("TooManyRequests", 5)),
        (429, "", "99999", True, Throttled("TooManyRequests", 300)),
        (425, "", None, True, Throttled("TooEarly", 5)),
        (408, "RequestTimeout", None, True, OutcomeUnknown("RequestTimeout")),
        (503, "", None, True, OutcomeUnknown("503")),
        (503, "", None, False, Throttled("503", 1)),
        (403, "InvalidAccountStatus", None, True, NotTrusted("InvalidAccountStatus")),
        (422, "TransactionTimedOut", None, True, Declined("TransactionTimedOut", soft=True)),
        (422, "PaymentMethodNotAllowed", None, True, Declined("PaymentMethodNotAllowed")),
        (409, "AmountMismatch", None, True, Refused(409, "AmountMismatch")),
    ],
)
def test_what_an_answer_means(
    status: int, reason: str, retry_after: str | None, changes: bool, expected: Exception
) -> None:
    error = error_of(status, reason, retry_after, changes=changes)
    assert type(error) is type(expected)
    assert vars(error) == vars(expected)


@given(st.integers(0, 2**62), st.sampled_from(["USD", "JPY", "KWD", "EUR"]))
def test_money_goes_through_its_text_unchanged(minor: int, currency: str) -> None:
    money = Money(minor, currency)
    assert money_of(decimal_of(money), currency) == money


@pytest.mark.parametrize(
    ("amount", "currency"), [("0.001", "USD"), ("1.5", "JPY"), ("NaN", "USD"), ("Infinity", "USD")]
)
def test_a_fraction_of_a_minor_unit_is_no_money(amount: Any, currency: str) -> None:
    with pytest.raises(ValueError, match=currency):
        money_of(amount, currency)


def test_numbers_are_read_like_text() -> None:
    assert money_of(10.1, "USD") == Money(1010, "USD")
    assert decimal_of(Money(5, "USD")) == "0.05"
    assert decimal_of(Money(500, "JPY")) == "500"
