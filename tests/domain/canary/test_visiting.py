"""A visit does what members do and in their order; what is not as it should be has a step's name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest

from loyalty.canary.visiting import Answer, StepFailed, Visit

KEY = UUID("01939fb0-0000-7000-8000-000000000000")
SHELF = [
    {"asin": "B0DEAR0000", "points": 900},
    {"asin": "B0NONE0000", "points": None},
    {"asin": "B0CHEAP000", "points": 40},
]
QUOTE = {"quote_id": "q", "quote_token": "t", "points_full": 40}
DONE = {"status": "completed", "closed_at": "2026-11-23T10:00:00Z", "points_spent": 40, "given_back": [{"points": 40}]}


@dataclass
class Shop:
    """The door: `says` takes the place of an answer, by method and path."""

    says: dict[str, Answer] = field(default_factory=dict)
    asked: list[tuple[str, Any]] = field(default_factory=list)
    now: float = 0.0

    def __call__(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        asked = f"{method} {path.partition('?')[0]}"
        self.asked.append((asked, body if headers is None else headers))
        if asked in self.says:
            return self.says[asked]
        return {
            "GET /me/addresses": Answer(200, {"addresses": []}),
            "POST /me/addresses": Answer(201, {}),
            "GET /catalogue": Answer(200, {"programme_version": 3}),
            "GET /me/catalogue/for-you": Answer(200, {"products": SHELF}),
            "POST /quotes": Answer(201, QUOTE),
            "POST /redemptions": Answer(202, {}),
            f"GET /redemptions/{KEY}": Answer(200, DONE),
        }[asked]

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def visit(self) -> Visit:
        return Visit(self, KEY, 1000, {"line1": "x"}, monotonic=lambda: self.now, sleep=self.sleep)

    def failed(self) -> tuple[str, str]:
        with pytest.raises(StepFailed) as failure:
            self.visit().run()
        return failure.value.step, failure.value.why


def test_the_cheapest_that_can_be_had_is_redeemed_under_its_own_key() -> None:
    shop = Shop()
    visit = shop.visit()
    assert visit.run() == 40
    assert list(visit.seconds) == ["browse", "quote", "redeem", "follow"]
    assert visit.redeemed
    said = dict(shop.asked)
    assert said["POST /quotes"] == {"lines": [{"asin": "B0CHEAP000", "quantity": 1}]}
    assert said["POST /redemptions"] == {"Idempotency-Key": str(KEY)}
    visit.see_returned(40)


def test_an_address_is_put_in_once() -> None:
    shop = Shop({"GET /me/addresses": Answer(200, {"addresses": [{}]})})
    shop.visit().run()
    assert "POST /me/addresses" not in dict(shop.asked)


def test_what_has_just_gone_is_passed_over_and_what_is_ours_is_not() -> None:
    gone = Shop({"POST /quotes": Answer(409, {"code": "out-of-stock"})})
    assert gone.failed() == ("quote", "out-of-stock")
    assert [asked for asked, _ in gone.asked].count("POST /quotes") == 2
    ours = Shop({"POST /quotes": Answer(409, {"code": "redemption-off"})})
    assert ours.failed() == ("quote", "redemption-off")
    assert [asked for asked, _ in ours.asked].count("POST /quotes") == 1


@pytest.mark.parametrize(
    ("asked", "answer", "step", "why"),
    [
        ("GET /catalogue", Answer(503, {"code": "unavailable"}), "browse", "unavailable"),
        ("GET /me/catalogue/for-you", Answer(200, {"products": []}), "browse", "nothing to be had"),
        ("POST /redemptions", Answer(504, {}), "redeem", "504"),
        (
            f"GET /redemptions/{KEY}",
            Answer(200, {**DONE, "closed_at": None, "status": "ordering"}),
            "follow",
            "still ordering",
        ),
        (
            f"GET /redemptions/{KEY}",
            Answer(200, {**DONE, "points_spent": 0, "status": "rejected"}),
            "follow",
            "ended as rejected",
        ),
    ],
)
def test_a_step_that_fails_is_named(asked: str, answer: Answer, step: str, why: str) -> None:
    assert Shop({asked: answer}).failed() == (step, why)


def test_a_redemption_of_which_nothing_was_heard_may_stand() -> None:
    visit = Shop({"POST /redemptions": Answer(599, {"code": "ReadTimeoutError"})}).visit()
    with pytest.raises(StepFailed):
        visit.run()
    assert visit.redeemed


def test_points_that_did_not_all_come_back_are_a_failure() -> None:
    with pytest.raises(StepFailed, match="40 of 41 points are back"):
        Shop().visit().see_returned(41)
