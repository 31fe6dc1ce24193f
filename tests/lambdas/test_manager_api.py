"""Staff at the door: members, and points by hand with a second person above the limit."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest

from tests.domain.people import Somebody
from tests.lambdas.conftest import Answer, Doors, staff_token

SUPPORT = staff_token("support", subject="sue")
OPERATOR = staff_token("business-operator", subject="olga")
SECOND = staff_token("business-operator", subject="otto")


@pytest.fixture
def adjust(doors: Doors) -> Callable[..., Answer]:
    """Ask for an adjustment with a fresh key, or the given one."""

    def ask(
        member: Somebody, points: Any, *, key: str | None = None, token: dict[str, str] = SUPPORT, **more: Any
    ) -> Answer:
        body = {"member_number": member.number, "points": points, "reason_code": "goodwill", **more}
        return doors(
            "manager_api", "POST", "/adjustments", body, token=token, headers={"Idempotency-Key": key or new_key(doors)}
        )

    return ask


def new_key(doors: Doors) -> str:
    """A UUIDv7 of now."""
    with doors.database.owner() as owner:
        row = owner.execute("select clock.new_id() as id").fetchone()
    assert row is not None
    return str(row["id"])


def available(doors: Doors, member: Somebody) -> int:
    return int(doors("manager_api", "GET", f"/members/{member.number}", token=SUPPORT).body["available"])


def decide(doors: Doors, adjustment_id: str, decision: str, token: dict[str, str]) -> Answer:
    return doors("manager_api", "POST", f"/adjustments/{adjustment_id}/approval", {"decision": decision}, token=token)


def test_staff_bring_a_member_once(doors: Doors) -> None:
    body = {"member_number": f"S{uuid.uuid4().hex[:8]}", "email": "s@example.com", "country": "US", "language": "de"}
    assert doors("manager_api", "POST", "/members", body, token=SUPPORT).body["created"] is True
    assert doors("manager_api", "POST", "/members", body, token=SUPPORT).body["created"] is False
    assert doors("manager_api", "POST", "/members", body | {"email": "t@example.com"}, token=SUPPORT).status == 409
    seen = doors("manager_api", "GET", f"/members/{body['member_number']}", token=OPERATOR).body
    assert (seen["language"], seen["claimed"], seen["available"]) == ("de", False, 0)
    assert doors("manager_api", "GET", "/members/nobody", token=SUPPORT).status == 404


def test_a_small_adjustment_is_applied_at_once_and_only_once(
    doors: Doors, somebody: Callable[..., Somebody], adjust: Callable[..., Answer]
) -> None:
    jane, key = somebody(), new_key(doors)
    for _ in range(2):
        assert adjust(jane, 500, key=key).body == {"adjustment_id": key, "state": "applied"}
    assert available(doors, jane) == 500
    assert adjust(jane, -200).body["state"] == "applied"
    assert available(doors, jane) == 300
    reused = adjust(jane, 501, key=key)
    assert (reused.status, reused.body["errors"][0]["field"]) == (409, "Idempotency-Key")
    assert adjust(jane, 500, key=key, token=OPERATOR).status == 409


def test_above_the_limit_a_second_person_decides(
    doors: Doors, somebody: Callable[..., Somebody], adjust: Callable[..., Answer]
) -> None:
    jane = somebody()
    asked = adjust(jane, 10_001, token=OPERATOR, note="long story")
    adjustment_id = asked.body["adjustment_id"]
    assert asked.body["state"] == "waiting"
    assert available(doors, jane) == 0
    listed = doors("manager_api", "GET", "/adjustments", token=SECOND).body["adjustments"]
    assert [
        (one["member_number"], one["points"], one["note"]) for one in listed if one["adjustment_id"] == adjustment_id
    ] == [(jane.number, 10_001, "long story")]
    alone = decide(doors, adjustment_id, "approve", OPERATOR)
    assert (alone.status, alone.body["code"]) == (403, "same-person")
    for _ in range(2):
        assert decide(doors, adjustment_id, "approve", SECOND).body["state"] == "applied"
    assert available(doors, jane) == 10_001
    assert decide(doors, adjustment_id, "decline", SECOND).status == 409
    third = staff_token("business-operator", subject="third")
    assert decide(doors, adjustment_id, "approve", third).status == 409
    with doors.database.owner() as owner:
        journal = owner.execute(
            "select actor, approver from points.journal where member_id = %s", (jane.member_id,)
        ).fetchall()
    assert journal == [{"actor": "staff:olga", "approver": "staff:otto"}]


def test_a_declined_adjustment_moves_nothing(
    doors: Doors, somebody: Callable[..., Somebody], adjust: Callable[..., Answer]
) -> None:
    jane, key = somebody(), new_key(doors)
    adjust(jane, 50_000, key=key)
    assert decide(doors, key, "decline", OPERATOR).body["state"] == "declined"
    assert available(doors, jane) == 0
    assert adjust(jane, 50_000, key=key).body["state"] == "declined"


def test_points_that_are_gone_when_it_is_approved_are_not_taken(
    doors: Doors, somebody: Callable[..., Somebody], adjust: Callable[..., Answer]
) -> None:
    jane, key = somebody(), new_key(doors)
    adjust(jane, -20_000, key=key)
    assert decide(doors, key, "approve", OPERATOR).body["state"] == "failed"
    assert available(doors, jane) == 0


@pytest.mark.parametrize(
    ("points", "status", "field"),
    [
        (0, 400, "points"),
        (2**63, 400, "points"),
        (-(2**63), 400, "points"),
        (1.5, 400, "points"),
        ("5", 400, "points"),
        (-1, 409, "points"),
    ],
)
def test_an_adjustment_that_cannot_be_is_refused_by_field(
    somebody: Callable[..., Somebody], adjust: Callable[..., Answer], points: Any, status: int, field: str
) -> None:
    answer = adjust(somebody(), points)
    assert (answer.status, answer.body["errors"][0]["field"]) == (status, field)


def test_an_expiry_in_the_past_and_an_unknown_member_are_refused(
    doors: Doors, somebody: Callable[..., Somebody], adjust: Callable[..., Answer]
) -> None:
    jane = somebody()
    assert adjust(jane, 5, expires_on="2001-01-01").status == 400
    assert adjust(jane, 5, expires_on=20010101).body["errors"][0]["field"] == "expires_on"
    assert adjust(Somebody(1, 0, "nobody", "", ""), 5).status == 404
    # Nothing was kept of the refused ones.
    assert available(doors, jane) == 0


@pytest.mark.parametrize(
    "key", ["", "no uuid", "f47ac10b-58cc-4372-a567-0e02b2c3d479", "0190a0b0-0000-7000-8000-000000000000"]
)
def test_an_adjustment_needs_a_fresh_uuid7(doors: Doors, somebody: Callable[..., Somebody], key: str) -> None:
    body = {"member_number": somebody().number, "points": 5, "reason_code": "goodwill"}
    headers = {"Idempotency-Key": key} if key else {}
    answer = doors("manager_api", "POST", "/adjustments", body, token=SUPPORT, headers=headers)
    assert (answer.status, answer.body["errors"][0]["field"]) == (400, "Idempotency-Key")


def test_an_unknown_adjustment_or_redemption_is_404(doors: Doors) -> None:
    nothing = new_key(doors)
    assert decide(doors, nothing, "approve", OPERATOR).status == 404
    assert doors("manager_api", "GET", f"/redemptions/{nothing}", token=SUPPORT).status == 404
    assert doors("manager_api", "GET", "/redemptions/7", token=SUPPORT).status == 400
