"""Bad input, one kind after the other: which problem it is, which field it names, and that nothing moved.

That problems have their form, echo nothing and that nothing personal is logged holds of every answer: see rules.py.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from tests.fuzz.door import Reply, Request
from tests.fuzz.world import World

LARGE = 2**63
OLD_KEY = UUID("01890a5d-ac96-774b-bcce-b302099a8057")
# Operation → the fields that are amounts in it.
AMOUNTS = {
    "member POST /redemptions": ("points", "money_minor"),
    "member POST /quotes/{quote_id}/split": ("points",),
    "manager POST /adjustments": ("points",),
    "inbound POST /accruals": ("spend_minor",),
    "inbound POST /accruals/{partner_reference}/reversals": ("points",),
    "manager POST /finance/rates": ("point_value_micros", "sales_micros", "breakage_basis_points", "cost_micros"),
}
WITH_BODY = [
    *AMOUNTS, "member POST /claims", "member POST /claims/confirmation", "member POST /terms/acceptance",
    "member POST /me/addresses", "member POST /quotes", "member PUT /redemptions/{redemption_id}/address",
    "manager POST /members", "manager POST /adjustments/{adjustment_id}/approval", "inbound POST /members",
]  # fmt: skip
KEYED = ["member POST /redemptions", "manager POST /adjustments"]


def good(world: World, operation: str) -> Request:
    return world.good(*operation.split(" "))


def send(world: World, operation: str, request: Request, **raw: Any) -> Reply:
    """Send it, and compare what every member has before and after."""
    api, _, path = operation.split(" ")
    before = balances(world)
    reply = world.door_of(api, path).send(request, **raw)
    assert balances(world) == before or reply.status < 400
    return reply


def changed(request: Request, **fields: Any) -> Request:
    body = json.loads(request.body or b"{}") | fields
    return replace(request, body=json.dumps(body).encode())


def balances(world: World) -> list[dict[str, Any]]:
    return world.owner.execute(
        "select program_id, member_id, available, held, pending, debt, version from points.member order by 1, 2"
    ).fetchall()


def assert_refused(reply: Reply, status: int, code: str, field: str) -> None:
    told = (reply.status, reply.body["code"], [error["field"] for error in reply.body.get("errors", [])])
    assert told == (status, code, [field]), reply.text


@pytest.mark.parametrize("operation", WITH_BODY)
def test_an_unknown_field(world: World, operation: str) -> None:
    reply = send(world, operation, changed(good(world, operation), surprise=1))
    assert_refused(reply, 400, "invalid", "surprise")


@pytest.mark.parametrize("operation", WITH_BODY)
def test_a_missing_body_and_missing_fields(world: World, operation: str) -> None:
    request = good(world, operation)
    assert send(world, operation, replace(request, body=None)).status == 400
    required = {error["field"] for error in send(world, operation, replace(request, body=b"{}")).body["errors"]}
    for field in required & json.loads(request.body or b"").keys():
        body = {name: value for name, value in json.loads(request.body or b"").items() if name != field}
        assert_refused(send(world, operation, replace(request, body=json.dumps(body).encode())), 400, "invalid", field)


@pytest.mark.parametrize("value", [None, True, 1.5, 1.0, "5", [5], {"value": 5}], ids=repr)
@pytest.mark.parametrize(("operation", "field"), [(name, field) for name in AMOUNTS for field in AMOUNTS[name]])
def test_a_wrong_type(world: World, operation: str, field: str, value: Any) -> None:
    if value is None and operation.endswith("reversals"):
        # It may be left out, but then it must be said otherwise how much came back.
        assert send(world, operation, changed(good(world, operation), points=None)).status == 400
        return
    request = good(world, operation)
    assert_refused(send(world, operation, changed(request, **{field: value})), 400, "invalid", field)


@pytest.mark.parametrize("value", [-1, LARGE - 1, LARGE, LARGE + 1, 2 * LARGE, -LARGE - 1, 10**400], ids=hex)
@pytest.mark.parametrize(("operation", "field"), [(name, field) for name in AMOUNTS for field in AMOUNTS[name]])
def test_a_negative_or_enormous_amount(world: World, operation: str, field: str, value: int) -> None:
    if value == -1 and operation == "manager POST /adjustments":
        # The one amount that may be below zero: staff may take points.
        assert send(world, operation, changed(good(world, operation), **{field: value})).status == 200
        return
    assert_refused(send(world, operation, changed(good(world, operation), **{field: value})), 400, "invalid", field)


@pytest.mark.parametrize(
    ("operation", "field"),
    [
        ("manager POST /adjustments", "points"),
        ("inbound POST /accruals", "spend_minor"),
        ("inbound POST /accruals/{partner_reference}/reversals", "points"),
    ],
)
def test_an_amount_of_nothing(world: World, operation: str, field: str) -> None:
    assert_refused(send(world, operation, changed(good(world, operation), **{field: 0})), 400, "invalid", field)


def test_a_redemption_of_nothing(world: World) -> None:
    request = changed(world.wish(world.alice), points=0, money_minor=0)
    assert_refused(send(world, KEYED[0], request), 400, "quote-mismatch", "points")


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity", "1e999"])
@pytest.mark.parametrize("operation", AMOUNTS)
def test_a_number_that_is_none(world: World, operation: str, word: str) -> None:
    field = AMOUNTS[operation][0]
    body = json.loads(good(world, operation).body or b"") | {field: "#"}
    request = replace(good(world, operation), body=json.dumps(body).replace('"#"', word).encode())
    assert_refused(send(world, operation, request), 400, "invalid", "body")


@pytest.mark.parametrize("currency", ["EUR", "XXX", "usd", "", "USDD", 840])
def test_a_wrong_currency(world: World, currency: Any) -> None:
    operation = "inbound POST /accruals"
    reply = send(world, operation, changed(good(world, operation), currency=currency))
    assert (reply.status, reply.body["errors"][0]["field"]) == (400, "currency")


def test_an_expired_quote(world: World) -> None:
    request = world.wish(world.alice)
    quote_id = json.loads(request.body or b"")["quote_id"]
    with late(world, "16 minutes"):
        key = {"Idempotency-Key": str(world.key())}
        reply = send(world, KEYED[0], replace(request, headers={**request.headers, **key}))
        assert_refused(reply, 409, "quote-expired", "quote_id")
        asked = Request.json("POST", f"/quotes/{quote_id}/split", {"points": 1})
        reply = send(world, "member POST /quotes/{quote_id}/split", asked)
        assert_refused(reply, 409, "quote-expired", "quote_id")


@pytest.mark.parametrize(
    "forge",
    [
        lambda token: token[:-1] + ("A" if token[-1] != "A" else "Q"),
        lambda token: token[::-1],
        lambda token: token + "A",
        lambda token: token[:20],
        lambda token: "x",
        lambda token: "é" * 40,
    ],
)
def test_a_forged_quote_token(world: World, forge: Callable[[str], str]) -> None:
    request = world.wish(world.alice)
    token = json.loads(request.body or b"")["quote_token"]
    assert_refused(
        send(world, KEYED[0], changed(request, quote_token=forge(token))), 400, "quote-forged", "quote_token"
    )


def test_another_quotes_token(world: World) -> None:
    other = world.quote(world.alice)
    request = changed(world.wish(world.alice), quote_token=world.quote_token(world.alice, other))
    assert_refused(send(world, KEYED[0], request), 400, "quote-forged", "quote_token")


def test_another_price_than_was_quoted(world: World) -> None:
    for points, money in ((8999, 0), (9000, 1), (1, 0), (9001, 0), (0, 4499)):
        reply = send(world, KEYED[0], changed(world.wish(world.alice), points=points, money_minor=money))
        assert_refused(reply, 400, "quote-mismatch", "points")


def test_somebody_elses_quote(world: World) -> None:
    assert_refused(send(world, KEYED[0], world.wish(world.bob)), 404, "quote-not-found", "quote_id")
    asked = Request.json("POST", f"/quotes/{world.quote(world.bob)}/split", {"points": 1})
    reply = send(world, "member POST /quotes/{quote_id}/split", asked)
    assert_refused(reply, 404, "quote-not-found", "quote_id")


def test_somebody_elses_redemption(world: World) -> None:
    theirs = world.redemption(world.bob)
    for method, path, body in (
        ("GET", "", None),
        ("POST", "/cancel", None),
        ("POST", "/payment-approval", None),
        ("PUT", "/address", {"address_id": str(world.alice.address_id)}),
    ):
        request = Request.json(method, f"/redemptions/{theirs}{path}", body)
        reply = send(world, f"member {method} /redemptions/{{redemption_id}}{path}", request)
        assert (reply.status, reply.body["code"]) == (404, "redemption-not-found")


def test_somebody_elses_address(world: World) -> None:
    operation = "member PUT /redemptions/{redemption_id}/address"
    reply = send(world, operation, changed(good(world, operation), address_id=str(world.bob.address_id)))
    assert_refused(reply, 400, "address-not-found", "address_id")
    operation = "member POST /quotes"
    reply = send(world, operation, changed(good(world, operation), address_id=str(world.bob.address_id)))
    assert_refused(reply, 404, "no-such-address", "address_id")


@pytest.mark.parametrize("operation", KEYED)
@pytest.mark.parametrize(
    "key",
    [
        None,
        "",
        "key",
        "b5a9a5f4-8a5e-4f0e-9a53-1f0f6ec1d8a2",
        str(UUID(int=0)),
        "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
        "é",
        "0" * 500,
    ],
)
def test_a_missing_or_foolish_key(world: World, operation: str, key: str | None) -> None:
    request = good(world, operation)
    headers = {name: value for name, value in request.headers.items() if name != "Idempotency-Key"}
    request = replace(request, headers=headers | ({} if key is None else {"Idempotency-Key": key}))
    assert_refused(send(world, operation, request), 400, "invalid", "Idempotency-Key")


@pytest.mark.parametrize("operation", KEYED)
@pytest.mark.parametrize("key", [OLD_KEY, UUID("7fffffff-ffff-7000-8000-000000000000")])
def test_a_key_of_another_time(world: World, operation: str, key: UUID) -> None:
    request = good(world, operation)
    request = replace(request, headers={**request.headers, "Idempotency-Key": str(key)})
    assert_refused(send(world, operation, request), 400, "key-time", "Idempotency-Key")


def test_a_key_used_again_with_another_body(world: World) -> None:
    for operation in KEYED:
        first, other = good(world, operation), good(world, operation)
        assert send(world, operation, first).status in (200, 202)
        if operation == "manager POST /adjustments":
            other = changed(other, points=51)
        reply = send(world, operation, replace(other, headers=first.headers))
        assert_refused(reply, 409, "key-reuse", "Idempotency-Key")


def test_a_reference_used_again_with_another_body(world: World) -> None:
    operation = "inbound POST /accruals"
    first = good(world, operation)
    assert send(world, operation, first).status == 201
    reply = send(world, operation, changed(first, spend_minor=6000))
    assert (reply.status, reply.body["errors"][0]["field"]) == (409, "partner_reference")
    operation = "inbound POST /accruals/{partner_reference}/reversals"
    first = good(world, operation)
    assert send(world, operation, first).status == 201
    reply = send(world, operation, changed(first, points=6))
    assert (reply.status, reply.body["errors"][0]["field"]) == (409, "reversal_reference")


@pytest.mark.parametrize("operation", WITH_BODY)
def test_an_oversized_body(world: World, operation: str) -> None:
    request = good(world, operation)
    # Staff may send more.
    much = 1_100_000 if operation.startswith("manager ") else 70_000
    padded = replace(request, body=(request.body or b"")[:-1] + b" " * much + b"}")
    assert_refused(send(world, operation, padded), 413, "too-large", "body")


@pytest.mark.parametrize("operation", WITH_BODY)
@pytest.mark.parametrize("junk", [b"\xff", b"\xc3\x28", b"\xed\xa0\x80", b"\\ud800", b"\\u0000", b"\x00"], ids=repr)
def test_text_that_is_none(world: World, operation: str, junk: bytes) -> None:
    request = good(world, operation)
    request = replace(request, body=(request.body or b"")[:-1] + b', "note": "' + junk + b'"}')
    assert_refused(send(world, operation, request), 400, "invalid", "body")


class late:  # noqa: N801
    """A while later by the database's clock, and back again."""

    def __init__(self, world: World, interval: str) -> None:
        self._database, self._interval = world.database, interval

    def __enter__(self) -> None:
        self._database.shift_clock(self._interval)

    def __exit__(self, *_: object) -> None:
        self._database.shift_clock(f"-{self._interval}")
