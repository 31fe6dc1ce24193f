"""Reconciliation: charged when it left, refunded when it came back, as the client reads it; and odd charges."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import pytest
import urllib3

from loyalty.orders.amazon_business import (
    AmazonBusiness,
    CredentialsRevoked,
    Refused,
    Throttled,
    Transaction,
    Unknown,
)
from tests.simulators.amazon_business.running import CREDENTIALS, Simulator, line, order

LAMP, DRIFT = "B0BUNDLE00", "B0DRIFT003"
TRANSACTIONS = "/reconciliation/2021-01-08/transactions"


@pytest.fixture(autouse=True)
def only_by_hand(amazon: Simulator) -> None:
    amazon.put("settings", ship_after_seconds=None, deliver_after_seconds=None)


def placed(client: AmazonBusiness, quantity: int = 1, asin: str = LAMP) -> str:
    key = str(uuid4())
    client.place_order(order(key, line(asin, quantity), purchase_order_number=f"LOY-{key}"))
    return key


def told(client: AmazonBusiness, key: str, days: float = 2) -> list[Transaction]:
    """This order's transactions, all pages."""
    now = datetime.now(UTC)
    token, found = None, []
    while True:
        page = client.transactions(now - timedelta(days=days), now + timedelta(days=1), token)
        found += page.transactions
        token = page.next_token
        if token is None:
            break
    return [one for one in found if one.lines[0].purchase_order_number == f"LOY-{key}"]


def charged_minor(amazon: Simulator, key: str) -> int:
    return int(amazon.rows("select charged_minor from orders where external_id = ?", key)[0]["charged_minor"])


def test_nothing_is_charged_before_it_leaves(amazon: Simulator, client: AmazonBusiness) -> None:
    assert told(client, placed(client)) == []


def test_what_left_is_charged_to_the_cent_of_what_was_said_when_it_was_accepted(
    amazon: Simulator, client: AmazonBusiness
) -> None:
    key = placed(client, 3)
    for units in (1, 1, 1):
        amazon.post(f"orders/{key}/ship", units={"1": units})
    charges = told(client, key)
    assert [one.type for one in charges] == ["CHARGE"] * 3
    assert sum(one.amount_minor for one in charges) == charged_minor(amazon, key)
    assert [one.lines[0].quantity for one in charges] == [1, 1, 1]
    assert len({one.id for one in charges}) == 3
    first = charges[0].lines[0]
    assert (first.asin, first.seller) == (LAMP, "Amazon.com Services LLC")
    assert first.amazon_order_id
    assert first.amazon_order_id.startswith("114-")
    assert first.principal_minor == charges[1].lines[0].principal_minor


def test_amounts_are_strings_and_people_are_in_it(amazon: Simulator, client: AmazonBusiness) -> None:
    key = placed(client)
    amazon.post(f"orders/{key}/ship")
    answer = raw(amazon, feedStartDate="2020-01-01T00:00:00Z", feedEndDate="2035-01-01T00:00:00Z")
    entry = json.loads(answer.data)["transactions"][-1]
    assert isinstance(entry["amount"]["amount"], str)
    assert entry["buyer"]["email"]
    (read,) = told(client, key)
    kept = json.dumps(read.raw)
    assert "buyer" not in kept
    assert "1111" not in kept


def test_a_package_that_is_refunded_gives_back_what_its_units_were_charged(
    amazon: Simulator, client: AmazonBusiness
) -> None:
    key = placed(client, 2)
    amazon.post(f"orders/{key}/ship", packages=2)
    for step in ("deliver", "return", "refund"):
        amazon.post(f"orders/{key}/{step}")
    found = told(client, key)
    assert sorted(one.type for one in found) == ["CHARGE", "REFUND", "REFUND"]
    assert sum(one.amount_minor for one in found) in (0, 1)
    assert sum(part.quantity for one in found for part in one.lines) == 0


def test_what_was_cancelled_is_never_charged(amazon: Simulator, client: AmazonBusiness) -> None:
    key = placed(client, 2)
    amazon.post(f"orders/{key}/cancel", units={"1": 1})
    amazon.post(f"orders/{key}/ship")
    (charge,) = told(client, key)
    assert charge.lines[0].quantity == 1


def test_pages_follow_one_another_by_the_token_alone(amazon: Simulator, client: AmazonBusiness) -> None:
    amazon.put("settings", transaction_page_size=2)
    key = placed(client, 5)
    for _ in range(5):
        amazon.post(f"orders/{key}/ship", units={"1": 1})
    assert len(told(client, key)) == 5
    page = raw(amazon, feedStartDate="2020-01-01T00:00:00Z", feedEndDate="2035-01-01T00:00:00Z")
    token = json.loads(page.data)["nextPageToken"]
    assert raw(amazon, nextPageToken=token).status == 200
    assert raw(amazon, nextPageToken=token, feedStartDate="2020-01-01T00:00:00Z").status == 400
    assert raw(amazon, nextPageToken="nonsense").status == 400


def test_it_is_told_from_its_feed_date_on(amazon: Simulator, client: AmazonBusiness) -> None:
    amazon.put("settings", feed_after_seconds=3600)
    key = placed(client)
    amazon.post(f"orders/{key}/ship")
    assert told(client, key) == []


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"feedStartDate": "2026-01-01T00:00:00Z"},
        {"feedStartDate": "2026-01-01T00:00:00", "feedEndDate": "2026-01-02T00:00:00Z"},
        {"feedStartDate": "2026-01-03T00:00:00Z", "feedEndDate": "2026-01-02T00:00:00Z"},
        {"feedStartDate": "2026-01-01T00:00:00Z", "feedEndDate": "2026-01-02T00:00:00Z", "orderId": "1"},
    ],
)
def test_a_question_that_amazon_would_refuse_is_refused(amazon: Simulator, query: dict[str, str]) -> None:
    answer = raw(amazon, **query)
    assert answer.status == 400
    assert json.loads(answer.data)["errors"][0]["code"] == "INVALID_REQUEST_PARAMETER"


def test_without_a_good_token_nothing_is_told(amazon: Simulator) -> None:
    assert urllib3.request("GET", amazon.url + TRANSACTIONS).status == 403


def test_it_has_a_rate_of_its_own(amazon: Simulator, client: AmazonBusiness) -> None:
    amazon.put("settings", enforce_rates=True)
    now = datetime.now(UTC)
    for _ in range(10):
        client.transactions(now - timedelta(days=1), now)
    with pytest.raises(Throttled):
        [client.transactions(now - timedelta(days=1), now) for _ in range(5)]


def test_faults_come_to_the_client_in_its_words(amazon: Simulator, client: AmazonBusiness) -> None:
    now = datetime.now(UTC)
    for kind, error in (
        ("error_500", Unknown),
        ("malformed_reply", Unknown),
        ("credentials_revoked", CredentialsRevoked),
    ):
        amazon.fault("transactions", kind, None)
        with pytest.raises(error):
            client.transactions(now - timedelta(days=1), now)
        amazon.fault("transactions", kind, 0)
    with pytest.raises(Refused):
        client.transactions(now, now, "nonsense")


def test_odd_charges_are_to_be_had(amazon: Simulator, client: AmazonBusiness) -> None:
    def shipped_with(kind: str) -> str:
        key = placed(client, asin=DRIFT)
        amazon.fault("charge", kind)
        amazon.post(f"orders/{key}/ship")
        return key

    dear = shipped_with("charge_other_total")
    assert told(client, dear)[0].amount_minor > charged_minor(amazon, dear)
    twice = told(client, shipped_with("charge_duplicate"))
    assert len({one.id for one in twice}) == 2
    assert told(client, shipped_with("charge_missing")) == []
    assert told(client, shipped_with("charge_late"), days=1) == []
    name = amazon.post("transactions", type="REFUND", amount_minor=-500, order_id="114-9")["transaction_id"]
    now = datetime.now(UTC)
    (stray,) = [one for one in client.transactions(now - timedelta(days=1), now).transactions if one.id == name]
    assert (stray.amount_minor, stray.lines[0].amazon_order_id) == (-500, "114-9")
    amazon.post("transactions", 400, type="GIFT", amount_minor=1)


def raw(amazon: Simulator, **query: str) -> Any:
    """A question without the client."""
    answer = urllib3.request(
        "POST",
        f"{amazon.url}/auth/o2/token",
        body=urlencode(
            {
                "grant_type": "refresh_token",
                "refresh_token": CREDENTIALS.refresh_token,
                "client_id": CREDENTIALS.client_id,
                "client_secret": CREDENTIALS.client_secret,
            }
        ),
        headers={"content-type": "application/x-www-form-urlencoded"},
    )
    headers = {
        "x-amz-access-token": json.loads(answer.data)["access_token"],
        "x-amz-date": "20261122T011554Z",
        "user-agent": "Test/1.0 (Language=Python/3.13; Platform=Test)",
    }
    return urllib3.request("GET", f"{amazon.url}{TRANSACTIONS}?{urlencode(query)}", headers=headers)
