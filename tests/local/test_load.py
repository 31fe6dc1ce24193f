"""What the load calls flat memory, a queue that keeps its promises, and a load that was one at all."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from load import devices, memory, place, slow, verdict
from load.book import BUSY, SLOW, Book, Place
from load.devices import Shop
from load.place import Arrivals, Customer
from load.slow import Queue
from load.verdict import Came

MB = 1 << 20


def _history(*megabytes: int, seconds: float = 300, since: float = 0) -> list[tuple[float, int]]:
    step = (seconds - since) / (len(megabytes) - 1)
    return [(since + number * step, size * MB) for number, size in enumerate(megabytes)]


def _row(name: str, *histories: list[tuple[float, int]], seconds: float = 300) -> memory.Row:
    return memory._row(name, histories, 0, seconds)


def test_memory_that_comes_to_a_plateau_and_stays_is_flat() -> None:
    row = _row("function member_api", _history(30, 50, 60, 60, 60, 60, 60, 63, 63, 64, 64))
    assert (row.flat, row.plateau) == (True, 60 * MB)


def test_memory_that_goes_on_growing_is_not_flat_in_any_of_its_processes() -> None:
    assert _row("service orders", _history(*[60] * 20), _history(*range(40, 120, 4))).flat is False


def test_a_process_that_is_first_used_at_the_end_has_not_grown() -> None:
    assert _row("function invoicing", _history(*[60] * 20), _history(2, 2, 2, 60, 60, 60, since=200)).flat is True


def test_of_a_short_time_and_of_those_that_remember_everything_nothing_is_claimed() -> None:
    growing = range(40, 120, 4)
    assert _row("service orders", _history(*growing, seconds=30), seconds=30).flat is None
    assert _row("make load", _history(*growing)).flat is None


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many orders have left, at the beginning and at the end."""
    numbers = [0, 95]
    monkeypatch.setattr(slow, "_sent", lambda _: numbers.pop(0))
    monkeypatch.setattr(slow.time, "monotonic", iter([0.0, 180.0]).__next__)
    return numbers


def _ended(places: list[Place], lengths: list[int]) -> list[str]:
    cloud: Any = None
    queue = Queue()
    queue.begin(cloud)
    queue.lengths = [(5.0 * number, length) for number, length in enumerate(lengths)]
    queue.end(cloud, places)
    return queue.wrong


GROWING = list(range(0, 360, 10))
FITTING = [Place(60.0, "a", 99, 195), Place(61.0, "b", 0, 1)]


def test_a_queue_that_grows_at_the_real_pace_with_waits_that_fit_is_right(sent: list[int]) -> None:
    assert _ended(FITTING, GROWING) == []


def test_more_orders_than_the_pace_lets_go_are_wrong(sent: list[int]) -> None:
    sent[1] = 150
    assert len(_ended(FITTING, GROWING)) == 1


def test_a_queue_that_does_not_grow_is_wrong(sent: list[int]) -> None:
    assert len(_ended(FITTING, [30] * 36)) == 1


@pytest.mark.parametrize("places", [[], [Place(60.0, "a", 99, 20)]])
def test_waits_that_nobody_is_told_or_that_do_not_fit_are_wrong(sent: list[int], places: list[Place]) -> None:
    assert len(_ended(places, GROWING)) == 1


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Shop:
    """Three members, and nobody else there."""
    monkeypatch.setattr(devices.joining, "member_door", lambda *_: None)
    monkeypatch.setattr(devices, "Patient", lambda *_: SimpleNamespace(close=lambda: None))
    monkeypatch.setattr(devices, "PATIENCE_SECONDS", 0.3)
    customers: queue.Queue[Customer] = queue.Queue()
    for number in range(3):
        customers.put(Customer(f"LOAD{number}", "token"))
    cloud: Any = None
    return Shop(cloud, Book(), frozenset(), customers)


def _visits(monkeypatch: pytest.MonkeyPatch, visit: Callable[..., None]) -> None:
    monkeypatch.setattr(devices, "_visit", visit)


@pytest.mark.parametrize("error", [ValueError("half a body"), IndexError("no categories"), TypeError("null")])
def test_whatever_goes_wrong_in_a_visit_is_a_failure_and_not_the_end_of_its_device(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    seen: list[str] = []

    def visit(_shop: Shop, customer: Customer, _shopper: object) -> None:
        seen.append(customer.number)
        threading.Event().wait(0.01)
        if len(seen) == 1:
            raise error

    _visits(monkeypatch, visit)
    devices.run(shop, 1, 0.15, lambda: None, 0.05)
    assert shop.failures == [f"{seen[0]}: {type(error).__name__} {error}"]
    assert shop.visits[0] == len(seen) - 1 > 0


def test_a_device_that_does_nothing_or_does_not_finish_is_a_failure(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck = threading.Event()

    def visit(_shop: Shop, customer: Customer, _shopper: object) -> None:
        if customer.number == "LOAD0":
            stuck.wait(5)
        raise KeyError("nothing works")

    _visits(monkeypatch, visit)
    devices.run(shop, 2, 0.05, lambda: None, 0.05)
    stuck.set()
    said = [line.split(" ", 2)[2] for line in shop.failures if line.startswith("device")]
    assert said == ["does not finish", "made no visit", "made no visit"]


def test_an_arrival_that_dies_is_told_and_the_others_still_come(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(place, "_import", lambda *_: None)

    def join(_cloud: object, member: Any) -> str:
        if member.number.endswith("3"):
            raise ValueError("not a token")
        return "token"

    monkeypatch.setattr(place.joining, "join_patiently", join)
    cloud: Any = None
    arrivals = Arrivals(cloud, 30, lambda _: None)
    arrivals.start()
    while arrivals.waiting:
        pass
    assert (len(arrivals.stop()), len(arrivals.failures), arrivals.left) == (27, 3, 0)


def _book(*phases: str) -> Book:
    book = Book()
    for phase in phases:
        book.seconds[phase, "POST /redemptions"].append(0.1)
    return book


def test_a_load_that_did_what_it_is_for_has_nothing_wrong() -> None:
    assert verdict.numbers(Came(2000, 1990, 2, 8), _book(BUSY, SLOW), 500) == []


@pytest.mark.parametrize(
    ("came", "phases", "redemptions"),
    [
        (Came(2000, 1988, 0, 0), (BUSY, SLOW), 500),
        (Came(2000, 1700, 0, 300), (BUSY, SLOW), 500),
        (Came(2000, 2000, 0, 0), (BUSY,), 500),
        (Came(2000, 2000, 0, 0), (BUSY, SLOW), 0),
    ],
)
def test_a_load_that_was_less_than_one_is_wrong(came: Came, phases: tuple[str, ...], redemptions: int) -> None:
    assert len(verdict.numbers(came, _book(*phases), redemptions)) == 1
