"""Login with Amazon: one token kept, renewed before it expires, renewed once when refused, never shown."""

from __future__ import annotations

import logging
from dataclasses import replace
from uuid import uuid4

import pytest
import urllib3

from local import postgres
from loyalty.orders.amazon_business import (
    AmazonBusiness,
    CredentialsRevoked,
    NotSent,
    PlaceOrder,
    Refused,
    Throttled,
)
from tests.simulators.amazon_business.running import CREDENTIALS, SEATTLE, TIMEOUTS, Simulator, line, order


def test_one_token_serves_many_calls(amazon: Simulator, client: AmazonBusiness) -> None:
    for _ in range(3):
        client.offers("B0BUNDLE00")
    assert len(amazon.requests("token")) == 1


def test_a_token_is_renewed_a_minute_before_it_expires(amazon: Simulator) -> None:
    now = [0.0]
    client = amazon.client(monotonic=lambda: now[0])
    client.offers("B0BUNDLE00")
    now[0] = 3539.0
    client.offers("B0BUNDLE00")
    assert len(amazon.requests("token")) == 1
    now[0] = 3540.0
    client.offers("B0BUNDLE00")
    assert len(amazon.requests("token")) == 2


def test_a_refused_token_is_renewed_once_and_the_call_repeated(amazon: Simulator, client: AmazonBusiness) -> None:
    client.offers("B0BUNDLE00")
    amazon.fault("offers", "credentials_revoked", 1)
    assert client.offers("B0BUNDLE00").offers
    assert [request["status"] for request in amazon.requests("offers")] == [200, 403, 200]
    amazon.fault("offers", "credentials_revoked", None)
    with pytest.raises(CredentialsRevoked) as revoked:
        client.offers("B0BUNDLE00")
    assert revoked.value.status == 403
    assert [request["status"] for request in amazon.requests("offers")][3:] == [403, 403]


def test_revoked_credentials_are_told_apart_and_heal(amazon: Simulator, client: AmazonBusiness) -> None:
    amazon.fault("*", "credentials_revoked", None)
    with pytest.raises(CredentialsRevoked) as revoked:
        client.place_order(order(str(uuid4()), line("B0BUNDLE00")))
    assert revoked.value.code == "invalid_grant"
    assert amazon.requests("placeOrder") == [], "without a token nothing was sent"
    amazon.fault("*", "credentials_revoked", 0)
    assert client.place_order(order(str(uuid4()), line("B0BUNDLE00"))).signed


def test_a_wrong_secret_is_refused(amazon: Simulator) -> None:
    client = amazon.client(credentials=replace(CREDENTIALS, client_secret="wrong"))
    with pytest.raises(CredentialsRevoked) as revoked:
        client.offers("B0BUNDLE00")
    assert (revoked.value.status, revoked.value.code) == (401, "invalid_client")


def test_no_token_because_the_endpoint_fails_means_not_sent(amazon: Simulator, client: AmazonBusiness) -> None:
    for kind in ("error_500", "timeout_before"):
        amazon.fault("token", kind)
        with pytest.raises(NotSent):
            client.place_order(order(str(uuid4()), line("B0BUNDLE00")))
    amazon.fault("token", "error_429")
    with pytest.raises(Throttled):
        client.place_order(order(str(uuid4()), line("B0BUNDLE00")))
    assert amazon.requests("placeOrder") == []


def test_nobody_at_the_address_means_not_sent(amazon: Simulator) -> None:
    nowhere = f"http://127.0.0.1:{postgres.free_port()}"
    client = AmazonBusiness(nowhere, amazon.url, CREDENTIALS, timeouts=TIMEOUTS)
    with pytest.raises(NotSent):
        client.place_order(order(str(uuid4()), line("B0BUNDLE00")))


def test_a_token_address_may_be_given_whole(amazon: Simulator) -> None:
    client = AmazonBusiness(amazon.url, f"{amazon.url}/auth/o2/token", CREDENTIALS, timeouts=TIMEOUTS)
    assert client.offers("B0BUNDLE00").offers


def test_neither_secrets_nor_addresses_show_in_logs_reprs_and_errors(
    amazon: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    shown = []
    client = amazon.client()
    wanted = order(str(uuid4()), line("B0BUNDLE00"))
    client.place_order(wanted)
    with pytest.raises(Refused) as refused:
        client.place_order(order(wanted.external_id, line("B0BUNDLE00", 2)))
    shown += [str(refused.value), repr(refused.value), repr(wanted), repr(CREDENTIALS), repr(SEATTLE)]
    amazon.fault("placeOrder", "reset")
    with pytest.raises(Exception) as lost:  # noqa: PT011
        client.place_order(order(str(uuid4()), line("B0BUNDLE00")))
    shown += [str(lost.value), repr(lost.value)]
    everything = caplog.text + "\n".join(shown)
    for secret in (
        CREDENTIALS.client_secret, CREDENTIALS.refresh_token, "Atza|", "Alex Member", "100 Example", "2065550100",
        CREDENTIALS.buyer_email,
    ):  # fmt: skip
        assert secret not in everything


def test_what_amazon_is_known_to_refuse_is_not_sent(amazon: Simulator, client: AmazonBusiness) -> None:
    hopeless: list[PlaceOrder] = [
        order(str(uuid4())),
        order(str(uuid4()), line("B0BUNDLE00", 0)),
        order("", line("B0BUNDLE00")),
        order(str(uuid4()), line("B0BUNDLE00"), address=replace(SEATTLE, line2="x" * 61)),
        order(str(uuid4()), *(line("B0BUNDLE00", 1, number) for number in range(51))),
    ]
    for wanted in hopeless:
        with pytest.raises(Refused):
            client.place_order(wanted)
    assert amazon.requests("placeOrder") == []


def test_an_error_page_of_something_in_between_is_not_a_refusal(amazon: Simulator) -> None:
    from loyalty.orders.amazon_business import Unknown

    client = AmazonBusiness(f"{amazon.url}/elsewhere", amazon.url, CREDENTIALS, timeouts=TIMEOUTS)
    with pytest.raises(Unknown):
        client.order_details("x")
    assert urllib3.request("GET", f"{amazon.url}/elsewhere").status == 404
