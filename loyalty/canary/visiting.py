"""What a member does, one step after the other: look, ask what it costs, redeem, see it ordered.

Only through the public door: `Ask` sends a request with the member's token and answers what came.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import UUID

# Something may have been sold out since its copy was made; that is no fault of ours.
PRODUCTS = 5
GONE = frozenset({"out-of-stock", "quantity-limit", "not-redeemable", "not-deliverable", "not-available"})
POLL_SECONDS = 2.0


class StepFailed(Exception):
    """A step did not do what it does for members. `why`: the door's code, or what was not as it should be."""

    def __init__(self, step: str, why: str) -> None:
        super().__init__(f"{step}: {why}")
        self.step = step
        self.why = why


@dataclass(frozen=True, slots=True)
class Answer:
    """`body`: the JSON that came; `code`: a problem's, or the status as text."""

    status: int
    body: Mapping[str, Any]

    @property
    def code(self) -> str:
        return str(self.body.get("code") or self.status)


class Ask(Protocol):
    """Sends one request of the member's."""

    def __call__(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer: ...


@dataclass
class Visit:
    """One visit of a member with so many `points`. `seconds`: by step, as far as it came. `redeemed`: there may be a
    redemption under `key`."""

    ask: Ask
    key: UUID
    points: int
    address: Mapping[str, str]
    follow_seconds: float = 120.0
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    seconds: dict[str, float] = field(default_factory=dict)
    redeemed: bool = False

    def run(self) -> int:
        """From the first look to the order. Answers the points it cost. Raises StepFailed."""
        with self.step("browse"):
            asins = self._browse()
        with self.step("quote"):
            quote = self._quote(asins)
        with self.step("redeem"):
            self._redeem(quote)
        with self.step("follow"):
            self._follow(quote["points_full"])
        return int(quote["points_full"])

    def see_returned(self, points: int) -> None:
        """The redemption shows that all its points came back. Raises StepFailed."""
        back = self._asked("reverse", "GET", f"/redemptions/{self.key}")["given_back"]
        if (returned := sum(unit["points"] for unit in back)) != points:
            raise StepFailed("reverse", f"{returned} of {points} points are back")

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Measure it."""
        began = self.monotonic()
        try:
            yield
        finally:
            self.seconds[name] = self.monotonic() - began

    def _browse(self) -> list[str]:
        if not self._asked("browse", "GET", "/me/addresses")["addresses"]:
            self._asked("browse", "POST", "/me/addresses", {**self.address, "make_default": True})
        self._asked("browse", "GET", "/catalogue")
        # The shared pages (/catalogue/{version}/…) are of the portal's programme, whoever asks: kept for all.
        page = self._asked("browse", "GET", f"/me/catalogue/for-you?max_points={self.points}")["products"]
        offered = sorted((product for product in page if product["points"]), key=lambda product: product["points"])
        if not offered:
            raise StepFailed("browse", "nothing to be had")
        return [product["asin"] for product in offered[:PRODUCTS]]

    def _quote(self, asins: list[str]) -> Mapping[str, Any]:
        why = "nothing could be quoted"
        for asin in asins:
            answer = self.ask("POST", "/quotes", {"lines": [{"asin": asin, "quantity": 1}]})
            if answer.status == 201:
                return answer.body
            why = answer.code
            if why not in GONE:
                break
        raise StepFailed("quote", why)

    def _redeem(self, quote: Mapping[str, Any]) -> None:
        # From here on it may stand, whatever is heard of it.
        self.redeemed = True
        body = {
            "quote_id": quote["quote_id"],
            "quote_token": quote["quote_token"],
            "points": quote["points_full"],
            "money_minor": 0,
        }
        self._asked("redeem", "POST", "/redemptions", body, {"Idempotency-Key": str(self.key)})

    def _follow(self, points: int) -> None:
        until = self.monotonic() + self.follow_seconds
        while True:
            found = self._asked("follow", "GET", f"/redemptions/{self.key}")
            if found["closed_at"] is not None:
                break
            if self.monotonic() >= until:
                raise StepFailed("follow", f"still {found['status']}")
            self.sleep(POLL_SECONDS)
        if found["points_spent"] != points:
            raise StepFailed("follow", f"ended as {found['status']}")

    def _asked(
        self,
        step: str,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Mapping[str, Any]:
        answer = self.ask(method, path, body, headers)
        if answer.status >= 300:
            raise StepFailed(step, answer.code)
        return answer.body
