"""Whoever waits for a price has one limit for all that is asked: calls get what is left, and none begins too late."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
import urllib3

from loyalty.orders.amazon_business import (
    Address,
    AmazonBusiness,
    Credentials,
    Deadline,
    NotSent,
    OrderLine,
    OutOfTime,
    Timeouts,
    Unknown,
)
from loyalty.orders.amazon_business.breaker import Breaker

BASE = "https://na.business-api.amazon.com"
CREDENTIALS = Credentials("id", "secret", "refresh", "buyer@example.com", "group")
LINES = (OrderLine(1, "B000000001", None, 1),)
HOME = Address("A", "1", "1 Way", "Seattle", "WA", "98109", "US")


class Body(io.BytesIO):
    """Comes in pieces, each of which takes its time."""

    def __init__(self, data: bytes, amazon: Amazon, piece_seconds: float) -> None:
        super().__init__(data)
        self._amazon, self._piece_seconds = amazon, piece_seconds

    def read1(self, size: int | None = -1, /) -> bytes:
        self._amazon.now += self._piece_seconds
        return super().read(2 if self._piece_seconds else size)


class Amazon:
    """Its clock goes on by what its answers take; one that takes longer than the caller waits does not come."""

    def __init__(self, **takes: float) -> None:
        self.now, self.takes = 0.0, takes
        self.asked: list[str] = []
        self.limits: list[float] = []
        self.piece_seconds = 0.0

    def request(self, method: str, url: str, **options: Any) -> urllib3.HTTPResponse:
        operation = _operation(method, url)
        timeout: urllib3.Timeout = options["timeout"]
        limit = min(float(one) for one in (timeout.total, timeout.read_timeout) if isinstance(one, int | float))
        self.asked.append(operation)
        self.limits.append(limit)
        takes = self.takes.get(operation, 0.0)
        self.now += min(takes, limit)
        if takes > limit:
            raise urllib3.exceptions.ReadTimeoutError(None, url, "late")  # type: ignore[arg-type]
        answer = {
            "token": {"access_token": "t", "expires_in": 3600},
            "products": {"products": []},
            "carts": {"cartDetailsList": [{"id": "C"}]},
            "empty": {},
            "fill": {},
        }.get(operation, {})
        body = Body(json.dumps(answer).encode(), self, self.piece_seconds if operation == "products" else 0)
        return urllib3.HTTPResponse(body, status=200, preload_content=options.get("preload_content", True))

    def client(self, breaker: Breaker | None = None) -> AmazonBusiness:
        timeouts = Timeouts(connect=2, read=6, order=6)
        http: Any = self
        return AmazonBusiness(
            BASE, "https://api.amazon.com", CREDENTIALS, http, timeouts, breaker=breaker, monotonic=lambda: self.now
        )

    def deadline(self, seconds: float) -> Deadline:
        return Deadline(seconds, lambda: self.now)


def _operation(method: str, url: str) -> str:
    if url.endswith("/auth/o2/token"):
        return "token"
    if "/products" in url:
        return "products"
    if "totalPurchaseCostEstimations" in url:
        return "estimate"
    return {"GET": "carts", "DELETE": "empty", "POST": "fill"}[method]


def test_a_call_waits_as_long_as_it_may_and_never_longer_than_what_is_left() -> None:
    amazon = Amazon(token=5, products=5)
    asked = amazon.client().within(amazon.deadline(13))
    asked.products_by_asins(("B000000001",))
    with pytest.raises(Unknown):
        asked.products_by_asins(("B000000001",))
    assert amazon.limits == [6, 6, 3]
    assert amazon.now == 13


def test_with_too_little_left_nothing_is_asked_any_more() -> None:
    amazon = Amazon(token=5, products=4)
    asked = amazon.client().within(amazon.deadline(10))
    asked.products_by_asins(("B000000001",))
    with pytest.raises(OutOfTime) as told:
        asked.products_by_asins(("B000000001",))
    assert isinstance(told.value, NotSent), "sending again is safe"
    assert amazon.asked == ["token", "products"]


def test_a_token_that_took_all_the_time_is_kept_for_who_comes_next() -> None:
    amazon = Amazon(token=5)
    client = amazon.client()
    with pytest.raises(OutOfTime):
        client.within(amazon.deadline(6)).products_by_asins(("B000000001",))
    client.within(amazon.deadline(6)).products_by_asins(("B000000001",))
    assert amazon.asked == ["token", "products"]


def test_a_cart_is_left_as_soon_as_the_time_is_up() -> None:
    amazon = Amazon(carts=5, empty=5, fill=5)
    with pytest.raises(OutOfTime):
        amazon.client().within(amazon.deadline(16)).cart_estimate(LINES, HOME)
    assert amazon.asked == ["token", "carts", "empty", "fill"]
    assert amazon.now == 15


def test_an_answer_that_drips_ends_with_the_deadline_too() -> None:
    amazon = Amazon()
    amazon.piece_seconds = 1.0
    with pytest.raises(Unknown):
        amazon.client().within(amazon.deadline(4)).products_by_asins(("B000000001",))
    assert amazon.now == 4


def test_each_request_has_its_own_limit_and_a_client_without_one_has_none() -> None:
    amazon = Amazon(products=5)
    client = amazon.client()
    client.within(amazon.deadline(6)).products_by_asins(("B000000001",))
    for _ in range(3):
        client.products_by_asins(("B000000001",))
    client.within(amazon.deadline(6)).products_by_asins(("B000000001",))
    assert amazon.limits[1:] == [6] * 5


def test_the_breaker_is_shared_by_all_requests() -> None:
    amazon = Amazon(products=5)
    client = amazon.client(Breaker(failures=3, slow_seconds=4, monotonic=lambda: amazon.now))
    for _ in range(3):
        client.within(amazon.deadline(20)).products_by_asins(("B000000001",))
    with pytest.raises(NotSent, match="no answer lately"):
        client.within(amazon.deadline(20)).products_by_asins(("B000000001",))
