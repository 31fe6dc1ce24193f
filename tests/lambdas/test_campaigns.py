"""Campaigns at the doors: what a purchase is told of its bonus, and what staff sees of the money."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from loyalty.programme import publishing, reading
from loyalty.programme.document import Programme
from tests.domain.people import Somebody
from tests.lambdas.conftest import Doors, partner_token, staff_token

WRITER = partner_token("loyalty/accruals.write")
OPERATOR, CURATOR = staff_token("business-operator"), staff_token("catalogue-manager")
NOW = datetime.now(UTC)
DOUBLE = {
    "code": "double", "state": "running", "earn_multiplier_percent": 200, "budget_minor": 60, "funder": "brand",
    "holdout_percent": 0, "starts_at": (NOW - timedelta(days=2)).isoformat(),
    "ends_at": (NOW + timedelta(days=2)).isoformat(), "member_cap_points": 10_000,
}  # fmt: skip


def publish(doors: Doors, *campaigns: dict[str, Any]) -> None:
    with doors.database.owner() as owner:
        now = reading.current(owner, 1)
        facts = json.loads(now.document.model_dump_json()) | {"campaigns": campaigns}
        document = Programme.model_validate_json(json.dumps(facts))
        publishing.publish(owner, 1, document, based_on=now.version, actor="test", why="test")


def test_a_purchase_is_told_its_bonus_and_staff_see_the_budget_go_and_come(
    doors: Doors, somebody: Callable[..., Somebody]
) -> None:
    jane = somebody()
    publish(doors, DOUBLE)
    bought = {
        "member_number": jane.number, "spend_minor": 10_00, "currency": "USD", "category": "Dairy",
        "occurred_at": (NOW - timedelta(hours=1)).isoformat(),
    }  # fmt: skip
    references = [str(uuid.uuid4()) for _ in range(2)]
    for reference, paid in zip(references, (100, 50), strict=True):
        for replayed in (False, True):
            body = {"partner_reference": reference, **bought}
            answer = doors("partner_api", "POST", "/accruals", body, token=WRITER)
            assert (answer.status, answer.body["points"], answer.body["replayed"]) == (201, 100, replayed)
            assert answer.body["bonuses"] == [{"campaign": "double", "asked": 100, "points": paid}]
    shown = doors("manager_api", "GET", "/campaigns", token=OPERATOR)
    assert shown.status == 200
    assert shown.body["campaigns"] == [
        {
            "name": None, "since": None, "time_zone": "UTC", "everybody": True, "holdout_percent": 0,
            "campaign": "double", "state": "exhausted", "kind": "bonus", "funder": "brand", "currency": "USD",
            "budget_minor": 60, "spent_minor": 60, "reserved_minor": 0, "left_minor": 0, "member_cap_points": 10_000,
            "starts_at": shown.body["campaigns"][0]["starts_at"], "ends_at": shown.body["campaigns"][0]["ends_at"],
        }
    ]  # fmt: skip
    back = {"reversal_reference": "r1", "points": 50}
    answer = doors("partner_api", "POST", f"/accruals/{references[0]}/reversals", back, token=WRITER)
    assert answer.body["bonuses"] == [{"campaign": "double", "asked": 50, "points": 50}]
    (one,) = doors("manager_api", "GET", "/campaigns", token=CURATOR).body["campaigns"]
    assert (one["state"], one["spent_minor"], one["left_minor"]) == ("running", 40, 20)
    publish(doors)
    (one,) = doors("manager_api", "GET", "/campaigns", token=CURATOR).body["campaigns"]
    assert (one["state"], one["kind"], one["spent_minor"]) == ("removed", None, 40)


def test_support_has_no_business_there(doors: Doors) -> None:
    assert doors("manager_api", "GET", "/campaigns", token=staff_token("support")).status == 403
