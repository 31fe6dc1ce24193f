"""What the load calls flat memory, and a queue that keeps its promises."""

from __future__ import annotations

from typing import Any

import pytest

from load import memory, slow
from load.book import Place
from load.slow import Queue

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
