"""The model of load: it gives what is known where something is known, and the measured run within what it says."""

from __future__ import annotations

import itertools
import math
import random

import pytest

from load.model import __main__ as page
from load.model import check, growth, pace, queues
from load.model.inputs import Measured, measured, production


@pytest.mark.parametrize(
    ("offered", "servers", "delayed"),
    [
        # One server is busy as much as there is to do.
        (0.5, 1, 0.5),
        (0.9, 1, 0.9),
        # M/M/2: a² / (2 + a), by hand.
        (1.0, 2, 1 / 3),
        (1.5, 2, 2.25 / 3.5),
        # Printed in tables of Erlang's C.
        (5.0, 8, 0.1673),
        (20.0, 25, 0.2091),
    ],
)
def test_erlangs_c_is_that_of_the_tables(offered: float, servers: int, delayed: float) -> None:
    assert queues.waits(offered, servers) == pytest.approx(delayed, abs=5e-5)


def test_a_single_server_waits_as_the_formula_says() -> None:
    # M/M/1: ρ / (μ - λ); and 99 of 100 wait no longer than ln(ρ / 0.01) / (μ - λ).
    assert queues.mean_wait_seconds(0.8, 1, 0.5) == pytest.approx(0.8 / (2 - 1.6))
    assert queues.wait_within_seconds(0.99, 0.8, 1, 0.5) == pytest.approx(math.log(80) / (2 - 1.6))


def test_more_work_than_servers_never_settles() -> None:
    assert queues.waits(3, 2) == 1
    assert queues.mean_wait_seconds(2, 2, 1) == queues.wait_within_seconds(0.5, 2, 2, 1) == math.inf
    assert queues.regular_wait_seconds(1, 1) == math.inf


@pytest.mark.parametrize("offered", [0.01, 0.7, 5.0, 300.0])
def test_no_more_environments_are_counted_than_are_needed(offered: float) -> None:
    servers = queues.servers_for(offered, 0.001)
    assert queues.waits(offered, servers) <= 0.001 < queues.waits(offered, servers - 1)


@pytest.mark.parametrize("busy", [0.3, 0.7, 0.9])
def test_simulated_orders_wait_as_before_a_regular_server(busy: float) -> None:
    """A bucket of one is M/D/1, but for the token that is there already: waits are those of the queue."""
    arrivals = list(pace.by_chance(lambda _: busy, busy, 200_000, random.Random(1)))
    leaving = pace.leave(arrivals, per_second=1, burst=1)
    mean = sum(end - begin for begin, end in zip(arrivals, leaving, strict=True)) / len(arrivals)
    # One that finds the bucket filling waits for the rest of its token, just as behind one being served.
    assert mean == pytest.approx(queues.regular_wait_seconds(busy, 1), rel=0.06)


def test_no_bucket_lets_more_leave_than_its_pace() -> None:
    arrivals = list(pace.by_chance(lambda _: 3.0, 3.0, 2_000, random.Random(2)))
    leaving = pace.leave(arrivals, per_second=0.5, burst=10)
    assert leaving == sorted(leaving)
    assert all(end >= begin for begin, end in zip(arrivals, leaving, strict=True))
    for first in range(0, len(leaving), 37):
        within = [one for one in leaving if leaving[first] <= one <= leaving[first] + 100]
        assert len(within) <= 10 + 100 * 0.5 + 1e-6 + 1


def test_who_waited_is_counted() -> None:
    found = pace.waited([0, 1, 2, 3], [0, 1, 12, 22], until=20)
    assert (found.orders, found.longest, found.most_waiting, found.left) == (4, 19, 2, 1)
    assert pace.waited([], []).orders == 0


@pytest.mark.parametrize("peak", [1.5, 8.0])
def test_an_evening_is_as_high_as_it_is_told_and_the_day_as_long_as_it_is(peak: float) -> None:
    rate = pace.evening(2.0, peak)
    day = [rate(second) for second in range(0, 86_400, 60)]
    assert sum(day) / len(day) == pytest.approx(2.0, rel=1e-3)
    assert max(day) == pytest.approx(2.0 * peak, rel=1e-2)


def test_the_measured_run_is_met_within_what_the_page_says() -> None:
    for one in check.compared(measured()):
        assert one.holds, f"{one.what}: {one.off:+.0%}"


def test_a_model_that_is_off_would_be_seen() -> None:
    run = measured()
    slower = Measured(run.routes, run.facts | {"slow_sent": run.facts["slow_sent"] // 2}, run.slow_seconds)
    assert not all(one.holds for one in check.compared(slower))
    faster = Measured(run.routes, run.facts | {"requests_per_second": 10_000}, run.slow_seconds)
    assert not all(one.holds for one in check.compared(faster))


def test_a_run_without_figures_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"docs/load\.md.*make load"):
        measured("# Load\n")


def test_more_members_never_use_less_of_anything() -> None:
    steps = growth.all_steps(measured(), production())
    assert [one.members for one in steps] == list(growth.STEPS)
    for fewer, more in itertools.pairwise(steps):
        assert all(more.used[name] >= fewer.used[name] for name in fewer.used)
    assert {name for one in steps for name in one.used} == set(growth.LEVERS)


def test_a_gateway_that_keeps_pages_takes_work_off_the_writer() -> None:
    config = production()
    kept = growth.step(10**6, measured(), config)
    bare = growth.step(10**6, measured(), config | {"api": config["api"] | {"cache_gb": 0}})
    assert bare.kept_requests == 0
    assert kept.processors < bare.processors


def test_the_page_shows_what_the_model_says_today() -> None:
    tables, drawn = page.written()
    shown = page.PAGE.read_text().partition(page.BEGIN)[2].partition(page.END)[0]
    assert shown.strip() == tables.strip(), "make load-model"
    assert page.PICTURE.read_text() == drawn, "make load-model"
