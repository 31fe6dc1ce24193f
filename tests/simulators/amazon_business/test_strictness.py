"""The simulator refuses what Amazon refuses, in Amazon's words; the client's own requests pass."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import pytest
import urllib3

from loyalty.orders.amazon_business.ordering import order_body
from tests.simulators.amazon_business.running import CREDENTIALS, Simulator, line, order

type Json = dict[str, Any]


@pytest.fixture
def headers(amazon: Simulator) -> dict[str, str]:
    answer = urllib3.request(
        "POST",
        f"{amazon.url}/auth/O2/token",
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
    token = json.loads(answer.data)
    assert (token["token_type"], token["expires_in"]) == ("bearer", 3600)
    return {
        "x-amz-access-token": token["access_token"],
        "x-amz-date": "20261122T011554Z",
        "user-agent": "Test/1.0",
        "content-type": "application/json",
        "x-amz-user-email": CREDENTIALS.buyer_email,
    }


def place(amazon: Simulator, headers: dict[str, str], body: Any) -> tuple[int, Json]:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = urllib3.request("POST", f"{amazon.url}/ordering/2022-10-30/orders", body=raw, headers=headers)
    return answer.status, json.loads(answer.data)


def attribute(body: Json, name: str) -> Json:
    found: Json = next(one for one in body["attributes"] if one["attributeType"] == name)
    return found


def without(name: str) -> Callable[[Json], None]:
    def change(body: Json) -> None:
        body["attributes"].remove(attribute(body, name))

    return change


def address(**changes: Any) -> Callable[[Json], None]:
    return lambda body: attribute(body, "ShippingAddress")["address"].update(changes)


def of_line(**changes: Any) -> Callable[[Json], None]:
    return lambda body: body["lineItems"][0].update(changes)


def expectation(**changes: Any) -> Callable[[Json], None]:
    return lambda body: body["lineItems"][0]["expectations"][0].update(changes)


BROKEN: dict[str, Callable[[Json], object]] = {
    "no externalId": lambda b: b.pop("externalId"),
    "no expectations": lambda b: b.pop("expectations"),
    "externalId too long": lambda b: b.update(externalId="x" * 256),
    "no lines": lambda b: b.update(lineItems=[]),
    "51 lines": lambda b: b.update(lineItems=b["lineItems"] * 51),
    "quantity 0": of_line(quantity=0),
    "quantity as text": of_line(quantity="1"),
    "line id too long": of_line(externalId="1" * 128),
    "two lines of one id": lambda b: b.update(lineItems=b["lineItems"] * 2),
    "attribute without discriminator": lambda b: b["attributes"][0].pop("attributeType"),
    "unknown attribute": lambda b: b["attributes"].append({"attributeType": "GiftWrap"}),
    "region of another account": lambda b: attribute(b, "Region").update(region="DE"),
    "unknown region": lambda b: attribute(b, "Region").update(region="XX"),
    "user reference without type": lambda b: attribute(b, "BuyerReference")["userReference"].pop("userReferenceType"),
    "group by `id`": lambda b: attribute(b, "BuyingGroupReference").update(
        groupReference={"groupReferenceType": "GroupIdentity", "id": "LoyaltyTest"}
    ),
    "product by `identifier`": lambda b: b["lineItems"][0]["attributes"][0].update(
        productReference={"productReferenceType": "ProductIdentifier", "identifier": "B0BUNDLE00"}
    ),
    "order attribute on a line": lambda b: b["lineItems"][0]["attributes"].append({"attributeType": "TrialMode"}),
    "purchase order number too long": lambda b: attribute(b, "PurchaseOrderNumber").update(
        purchaseOrderNumber="P" * 256
    ),
    "payment method by card": lambda b: attribute(b, "SelectedPaymentMethodReference").update(
        paymentMethodReference={"paymentMethodReferenceType": "Card"}
    ),
    "no buyer": without("BuyerReference"),
    "no group": without("BuyingGroupReference"),
    "no payment method": without("SelectedPaymentMethodReference"),
    "no address": without("ShippingAddress"),
    "address line of 61": address(addressLine2="x" * 61),
    "no phone": address(phoneNumber=None),
    "no state": address(stateOrRegion=None),
    "another country": address(countryCode="CA"),
    "no ZIP code": address(postalCode="ABC"),
    "amount as text": expectation(amount={"currencyCode": "USD", "amount": "52.00"}),
    "another currency": expectation(amount={"currencyCode": "EUR", "amount": 52}),
    "three decimals": expectation(amount={"currencyCode": "USD", "amount": 52.001}),
    "unknown expectation": expectation(expectationType="ExpectedPrice"),
    "unknown product": lambda b: b["lineItems"][0]["attributes"][0]["productReference"].update(id="B000000000"),
}


def valid() -> Json:
    body = order_body(order(str(uuid4()), line("B0BUNDLE00", expected_unit_price_minor=5200)), CREDENTIALS)
    return copy.deepcopy(body)


def test_the_clients_own_request_is_accepted(amazon: Simulator, headers: dict[str, str]) -> None:
    assert place(amazon, headers, valid())[0] == 200


@pytest.mark.parametrize("what", BROKEN)
def test_a_malformed_order_is_refused_in_the_error_list_form(
    amazon: Simulator, headers: dict[str, str], what: str
) -> None:
    body = valid()
    BROKEN[what](body)
    status, answer = place(amazon, headers, body)
    assert status == 400, answer
    assert set(answer["errors"][0]) == {"code", "message"}
    assert amazon.rows("select 1 from orders where external_id = ?", str(body.get("externalId"))) == []


def test_not_json_too_large_and_wrong_content_type_are_refused(amazon: Simulator, headers: dict[str, str]) -> None:
    assert place(amazon, headers, b"{")[0] == 400
    assert place(amazon, headers, b" " * 1_100_000)[0] == 413
    assert place(amazon, {**headers, "content-type": "text/plain"}, valid())[0] == 415


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"x-amz-access-token": "Atza|wrong"}, 403),
        ({"authorization": "AWS4-HMAC-SHA256 …"}, 403),
        ({"x-amz-date": ""}, 400),
    ],
)
def test_headers_are_checked(amazon: Simulator, headers: dict[str, str], changes: dict[str, str], status: int) -> None:
    encoded = {name: value.encode().decode("latin-1") for name, value in changes.items()}
    assert place(amazon, headers | encoded, valid())[0] == status


def test_a_stranger_is_no_buyer(amazon: Simulator, headers: dict[str, str]) -> None:
    body = valid()
    attribute(body, "BuyerReference")["userReference"]["emailAddress"] = "stranger@loyalty.example"
    assert place(amazon, headers, body)[0] == 403
    answer = urllib3.request(
        "GET",
        f"{amazon.url}/ordering/2022-10-30/orders/x",
        headers=headers | {"x-amz-user-email": "stranger@loyalty.example"},
    )
    assert answer.status == 400
    assert json.loads(answer.data)["errors"][0]["code"] == "EMAIL_ID_NOT_FOUND"


def test_product_search_needs_region_and_locale(amazon: Simulator, headers: dict[str, str]) -> None:
    answer = urllib3.request("GET", f"{amazon.url}/products/2020-08-26/products?productRegion=US", headers=headers)
    assert answer.status == 400
    assert json.loads(answer.data)["errors"][0]["message"] == "Missing required request parameters: [locale]"


def test_pictures_are_served_and_nothing_else_of_the_disk(amazon: Simulator) -> None:
    picture = urllib3.request("GET", f"{amazon.url}/images/1f3a7.webp")
    assert (picture.status, picture.headers["content-type"]) == (200, "image/webp")
    assert picture.data[:4] == b"RIFF"
    for name in ("missing", "..%2f..%2fREADME", "..%2Fpackage"):
        assert urllib3.request("GET", f"{amazon.url}/images/{name}.webp").status == 404
