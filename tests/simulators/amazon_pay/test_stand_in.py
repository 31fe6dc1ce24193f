"""The stand-in is as strict as Amazon Pay says it is, and keeps what a demo wants to count."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from loyalty.payments.amazon_pay.signing import authorization, load_private_key
from loyalty.payments.provider import NotTrusted, OutcomeUnknown, Throttled
from tests.simulators.amazon_pay.running import PUBLIC_KEY_ID, AmazonPayStandIn
from tests.simulators.loopback import loopback

CHARGE = {"chargePermissionId": "S01-0000000-0000000", "chargeAmount": {"amount": "1.00", "currencyCode": "USD"}}


def charge_of(amount: str, currency: str) -> bytes:
    return json.dumps(CHARGE | {"chargeAmount": {"amount": amount, "currencyCode": currency}}).encode()


def signed(stand_in: AmazonPayStandIn, body: bytes, **headers: str) -> dict[str, str]:
    """Headers of a POST /v2/charges; a value of None is not sent."""
    given = {
        "accept": "application/json",
        "content-type": "application/json",
        "x-amz-pay-date": datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ"),
        "x-amz-pay-host": "pay-api.amazon.com",
        "x-amz-pay-region": "na",
        "x-amz-pay-idempotency-key": uuid4().hex,
    } | headers
    key = load_private_key(stand_in.credentials.private_key_pem)
    return given | {"authorization": authorization(key, PUBLIC_KEY_ID, "POST", "/v2/charges", {}, given, body)}


def post(stand_in: AmazonPayStandIn, body: bytes, headers: dict[str, str]) -> tuple[int, str]:
    answer = loopback.post(f"{stand_in.base_url}/v2/charges", content=body, headers=headers)
    return answer.status_code, answer.json().get("reasonCode")


def session(**changes: Any) -> str:
    document = {
        "webCheckoutDetails": {
            "checkoutResultReturnUrl": "https://portal.test/r?payment=returned",
            "checkoutCancelUrl": "https://portal.test/c",
        },
        "storeId": "store",
        "productType": "PayOnly",
        "paymentDetails": {
            "paymentIntent": "Authorize",
            "canHandlePendingAuthorization": True,
            "chargeAmount": {"amount": "25.99", "currencyCode": "USD"},
        },
        "merchantMetadata": {"merchantReferenceId": str(uuid4())},
    }
    return json.dumps(document | changes)


def test_a_good_signature_reaches_the_operation(stand_in: AmazonPayStandIn) -> None:
    body = json.dumps(CHARGE).encode()
    assert post(stand_in, body, signed(stand_in, body)) == (404, "ResourceNotFound")


def test_a_header_that_is_not_signed_does_not_matter(stand_in: AmazonPayStandIn) -> None:
    body = json.dumps(CHARGE).encode()
    headers = signed(stand_in, body) | {"x-forwarded-for": "192.0.2.1", "user-agent": "proxy"}
    assert post(stand_in, body, headers) == (404, "ResourceNotFound")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"x-amz-pay-region": "eu"}, (403, "InvalidRequestSignature")),
        ({"x-amz-pay-host": "elsewhere"}, (403, "InvalidRequestSignature")),
        ({"authorization": "Bearer x"}, (403, "InvalidAuthentication")),
        ({"authorization": None}, (400, "MissingHeader")),
        ({"x-amz-pay-date": None}, (400, "MissingHeader")),
        ({"x-amz-pay-region": None}, (400, "MissingHeader")),
    ],
)
def test_what_was_changed_on_the_way_is_noticed(
    stand_in: AmazonPayStandIn, change: dict[str, str | None], expected: tuple[int, str]
) -> None:
    body = json.dumps(CHARGE).encode()
    merged: dict[str, str | None] = {**signed(stand_in, body), **change}
    headers = {name: value for name, value in merged.items() if value is not None}
    assert post(stand_in, body, headers) == expected


def test_a_changed_body_is_noticed(stand_in: AmazonPayStandIn) -> None:
    body = json.dumps(CHARGE).encode()
    assert post(stand_in, body + b" ", signed(stand_in, body)) == (403, "InvalidRequestSignature")


def test_an_old_signature_is_refused_unless_switched_off(fresh_stand_in: AmazonPayStandIn) -> None:
    client = fresh_stand_in.client(utc_now=lambda: datetime.now(UTC) - timedelta(minutes=16))
    with pytest.raises(NotTrusted, match="InvalidRequestSignature"):
        client.create_checkout_session(uuid4().hex, session())
    fresh_stand_in.settings(skew_seconds=None)
    assert client.create_checkout_session(uuid4().hex, session())["checkoutSessionId"]


@pytest.mark.parametrize("key", ["", "x" * 33, "with space", "ümlaut".encode().decode("latin-1")])
def test_a_key_has_32_plain_characters_at_most(stand_in: AmazonPayStandIn, key: str) -> None:
    body = json.dumps(CHARGE).encode()
    headers = signed(stand_in, body, **{"x-amz-pay-idempotency-key": key})
    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    answer = loopback.post(f"{stand_in.base_url}/v2/charges", content=body, headers=raw)
    assert answer.status_code in (400, 403)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"{", "InvalidRequestFormat"),
        (b"[]", "InvalidRequestFormat"),
        (b"{}", "MissingParameterValue"),
        (json.dumps(CHARGE | {"surprise": 1}).encode(), "UnrecognizedField"),
        (charge_of("-1", "USD"), "InvalidParameterValue"),
        (charge_of("1.001", "USD"), "InvalidParameterValue"),
        (charge_of("NaN", "USD"), "InvalidParameterValue"),
        (charge_of("1", "XXX"), "InvalidParameterValue"),
        (
            charge_of("150000.01", "USD"),
            "TransactionAmountExceeded",
        ),
    ],
)  # fmt: skip
def test_bad_documents_are_refused_by_reason(stand_in: AmazonPayStandIn, body: bytes, reason: str) -> None:
    assert post(stand_in, body, signed(stand_in, body)) == (400, reason)


def test_numbers_are_taken_as_amounts_too(stand_in: AmazonPayStandIn) -> None:
    details = json.loads(session())["paymentDetails"] | {"chargeAmount": {"amount": 25.99, "currencyCode": "USD"}}
    created = stand_in.client().create_checkout_session(uuid4().hex, session(paymentDetails=details))
    assert created["constraints"] == []


@pytest.mark.parametrize(
    ("decision", "state", "target"),
    [("pay", "Open", "https://portal.test/r?"), ("decline", "Open", "https://portal.test/r?"),
     ("abandon", "Canceled", "https://portal.test/c?")],
)  # fmt: skip
def test_the_page_sends_the_member_back_with_the_session(
    stand_in: AmazonPayStandIn, decision: str, state: str, target: str
) -> None:
    created = stand_in.client().create_checkout_session(uuid4().hex, session())
    url = created["webCheckoutDetails"]["amazonPayRedirectUrl"]
    page = loopback.get(url)
    assert page.status_code == 200
    assert "25.99" in page.text
    location = stand_in.decide(url, decision)
    assert location.startswith(target)
    assert f"amazonCheckoutSessionId={created['checkoutSessionId']}" in location
    assert stand_in.client().get_checkout_session(created["checkoutSessionId"])["statusDetails"]["state"] == state


def test_a_decided_page_cannot_be_decided_again(stand_in: AmazonPayStandIn) -> None:
    created = stand_in.client().create_checkout_session(uuid4().hex, session())
    url = created["webCheckoutDetails"]["amazonPayRedirectUrl"]
    stand_in.decide(url, "abandon")
    assert loopback.post(url, data={"decision": "pay"}).status_code == 409
    assert "over" in loopback.get(url).text
    assert loopback.get(f"{stand_in.base_url}/checkout/none").status_code == 404
    assert loopback.post(url.replace(created["checkoutSessionId"], "none"), data={}).status_code == 404


def test_what_a_member_writes_is_shown_as_text(stand_in: AmazonPayStandIn) -> None:
    created = stand_in.client().create_checkout_session(
        uuid4().hex, session(merchantMetadata={"merchantReferenceId": "<script>alert(1)</script>"})
    )
    assert "<script>" not in loopback.get(created["webCheckoutDetails"]["amazonPayRedirectUrl"]).text


@pytest.mark.parametrize(("card", "end"), [("0701", "Authorized"), ("4354", "Declined")])
def test_a_pending_card_is_decided_when_its_time_has_passed(
    fresh_stand_in: AmazonPayStandIn, card: str, end: str
) -> None:
    client = fresh_stand_in.client()
    created = client.create_checkout_session(uuid4().hex, session())
    fresh_stand_in.decide(created["webCheckoutDetails"]["amazonPayRedirectUrl"], "pay", card)
    body = json.dumps({"chargeAmount": {"amount": "25.99", "currencyCode": "USD"}})
    completed = client.complete_checkout_session(created["checkoutSessionId"], uuid4().hex, body)
    assert client.get_charge(completed["chargeId"])["statusDetails"]["state"] == "AuthorizationInitiated"
    fresh_stand_in.settings(pending_seconds=0)
    assert client.get_charge(completed["chargeId"])["statusDetails"]["state"] == end


def test_each_operation_has_a_rate(fresh_stand_in: AmazonPayStandIn) -> None:
    fresh_stand_in.settings(rates={"createCheckoutSession": {"burst": 5, "per_second": 0.001}})
    client = fresh_stand_in.client()
    for _ in range(5):
        client.create_checkout_session(uuid4().hex, session())
    with pytest.raises(Throttled):
        client.create_checkout_session(uuid4().hex, session())
    fresh_stand_in.settings(rates="off")
    client.create_checkout_session(uuid4().hex, session())


def test_a_call_that_broke_off_left_its_effect(fresh_stand_in: AmazonPayStandIn) -> None:
    fresh_stand_in.fault("createCheckoutSession", "reset")
    with pytest.raises(OutcomeUnknown):
        fresh_stand_in.client().create_checkout_session(uuid4().hex, session())
    assert len(fresh_stand_in.rows("select 1 from sessions")) == 1
    logged = fresh_stand_in.rows("select operation, status, fault from requests")
    assert logged == [{"operation": "createCheckoutSession", "status": 201, "fault": "reset"}]


def test_the_control_plane_says_what_it_does_not_know(stand_in: AmazonPayStandIn) -> None:
    plane = f"{stand_in.base_url}/_simulator"
    assert loopback.get(f"{plane}/health").json()["status"] == "ok"
    assert loopback.put(f"{plane}/faults", json={"operation": "getCharge", "kind": "fire"}).status_code == 422
    assert loopback.put(f"{plane}/faults", content=b"{").status_code == 422
    assert loopback.put(f"{plane}/settings", json={"speed": 1}).status_code == 422
    assert loopback.put(f"{plane}/credentials", json={"public_key_id": "x", "public_key_pem": "y"}).status_code == 422
    assert loopback.get(f"{plane}/secrets").status_code == 404
    for table in ("charges", "sessions", "permissions", "refunds", "requests", "faults", "settings"):
        assert loopback.get(f"{plane}/{table}").status_code == 200


def test_of_a_hundred_calls_so_many_meet_a_fault_and_each_is_in_the_log(fresh_stand_in: AmazonPayStandIn) -> None:
    fresh_stand_in.settings(faults_percent=100, hold_seconds=0, rates="off")
    client = fresh_stand_in.client()
    for _ in range(12):
        with pytest.raises((Throttled, OutcomeUnknown)):
            client.create_checkout_session(uuid4().hex, session())
    met = {row["fault"] for row in fresh_stand_in.rows("select fault from requests")}
    assert met <= {"error_500", "error_429", "timeout_after_commit"}
    assert len(met) > 1
    fresh_stand_in.settings(faults_percent=0)
    client.create_checkout_session(uuid4().hex, session())


def test_faults_are_used_up(fresh_stand_in: AmazonPayStandIn) -> None:
    fresh_stand_in.fault("*", "error_429", times=2)
    client = fresh_stand_in.client()
    for _ in range(2):
        with pytest.raises(Throttled):
            client.create_checkout_session(uuid4().hex, session())
    client.create_checkout_session(uuid4().hex, session())
    assert loopback.get(f"{fresh_stand_in.base_url}/_simulator/faults").json() == []
