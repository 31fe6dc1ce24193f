"""Trends: on counts whose truth is known, and whatever else the lake may hold."""

from __future__ import annotations

import datetime
import math
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray

from loyalty.demand.trends import Trend, trends
from loyalty.night_tables import UnreadableTable

AS_OF = datetime.date(2026, 10, 31)
WEEKS = 104
UPLIFT = 0.55

type Floats = NDArray[np.float64]


@dataclass(frozen=True)
class World:
    """Products of which a fifth rose or fell in the last 13 weeks; all have season, noise and campaigns."""

    slope: Floats
    units: Floats
    campaign: Floats

    @classmethod
    def of(cls, seed: int, share: float = 0.2, products: int = 300) -> World:
        random, week = np.random.default_rng(seed), np.arange(WEEKS)
        moving = random.random(products) < share
        slope = np.where(moving, 0.12 * random.choice([-1, 1], products), 0.0)
        campaign = np.zeros((products, WEEKS))
        for begin in range(5, WEEKS, 6):
            campaign[np.ix_(random.random(products) < 0.15, np.arange(begin, min(begin + 3, WEEKS)))] = 0.2
        logs = random.uniform(np.log(2), np.log(30), products)[:, None] + slope[:, None] * np.maximum(week - 90, 0)
        own = 0.3 * random.random((products, 1))
        logs = logs + own * np.sin(2 * np.pi * week / 52.18 + random.uniform(0, 6.3, (products, 1)))
        # All together: a season, a feast in week 44 of each year, and growth.
        logs += 0.3 * np.sin(2 * np.pi * week / 52.18) + 0.5 * (week % 52 == 44) + 0.002 * week
        logs += np.log1p(UPLIFT) * campaign / 0.2
        return cls(slope, random.poisson(np.exp(logs) * random.gamma(7, 1 / 7, logs.shape)).astype(float), campaign)

    def trends(self) -> list[Trend]:
        return list(trends(*_tables(self.units, self.campaign), None, AS_OF))


def _tables(units: Floats, campaign: Floats | None = None) -> tuple[pa.Table, pa.Table]:
    """A week's units on its first day, as (demand, products)."""
    products, weeks = units.shape
    first = AS_OF - datetime.timedelta(days=7 * weeks - 1)
    asins = [f"P{number:04d}" for number in range(products)]
    days = [first + datetime.timedelta(days=day) for day in range(7 * weeks)]
    off = np.zeros((products, 7 * weeks)) if campaign is None else np.repeat(campaign, 7, axis=1)
    daily = np.zeros((products, 7 * weeks))
    daily[:, ::7] = units
    product, day = np.nonzero((daily != 0) | (off > 0))
    demand = pa.table(
        {
            "program_id": np.ones(len(day), np.int64),
            "asin": pa.array(asins).take(pa.array(product)),
            "day": pa.array(days, pa.date32()).take(pa.array(day)),
            "units": daily[product, day],
            "campaign": off[product, day],
        }
    )
    known = {"program_id": np.ones(products, np.int64), "asin": asins, "first_seen_on": [first] * products}
    return demand, pa.table(known)


def _level(mean: float, weeks: int = WEEKS, products: int = 8, seed: int = 3) -> Floats:
    return np.random.default_rng(seed).poisson(mean, (products, weeks)).astype(float)


def _out(*changes: tuple[str, int, str]) -> pa.Table:
    """Of (product, days before the end, state)."""
    end = datetime.datetime.combine(AS_OF, datetime.time(), datetime.UTC)
    return pa.table(
        {
            "program_id": [1] * len(changes),
            "asin": [asin for asin, _, _ in changes],
            "at": [end - datetime.timedelta(days=days) for _, days, _ in changes],
            "state": [state for _, _, state in changes],
        }
    )


def test_what_is_called_rising_or_falling_is_and_ranges_hold_the_truth() -> None:
    called = wrong = found = moving = held = looked_at = 0
    for seed in range(4):
        world = World.of(seed)
        for trend, slope in zip(world.trends(), world.slope, strict=True):
            assert trend.percent_a_week is not None
            assert trend.low is not None
            assert trend.high is not None
            sign = {"rising": 1, "falling": -1}.get(trend.direction, 0)
            called += sign != 0
            wrong += sign != 0 and sign != np.sign(slope)
            moving += slope != 0
            found += sign != 0 and sign == np.sign(slope)
            held += trend.low <= 100 * math.expm1(slope) <= trend.high
            looked_at += 1
    assert wrong / called <= 0.05
    assert found / moving >= 0.6
    assert 0.93 <= held / looked_at <= 0.99


def test_where_nothing_moves_next_to_nothing_is_called() -> None:
    called = [
        trend for seed in range(10, 16) for trend in World.of(seed, share=0.0).trends() if trend.direction != "steady"
    ]
    # Of 1,800; at 5 % a world would have one in every twenty.
    assert len(called) <= 2


def test_campaigns_are_told_from_the_trend() -> None:
    units, campaign = _level(20, products=10), np.zeros((10, WEEKS))
    campaign[0, [20, 21, 22, 60, 61, 62, 101, 102, 103]] = 0.25
    units[0] *= np.where(campaign[0] > 0, 2, 1)
    with_it, without = list(trends(*_tables(units, campaign), None, AS_OF))[:2]
    assert with_it.direction == "steady"
    assert with_it.campaign_percent == pytest.approx(100, abs=25)
    assert with_it.campaign_low is not None
    assert with_it.campaign_high is not None
    assert with_it.campaign_low < 100 < with_it.campaign_high
    assert with_it.campaign[-1] == pytest.approx(20, abs=6)
    assert without.campaign_percent is without.campaign_low is without.campaign_high is None
    assert set(without.campaign) == {0.0}


def test_what_all_do_in_a_season_is_nobodys_trend() -> None:
    units = np.random.default_rng(1).poisson(15 * np.exp(0.1 * np.maximum(np.arange(WEEKS) - 91, 0)), (40, WEEKS))
    assert {trend.direction for trend in trends(*_tables(units.astype(float)), None, AS_OF)} == {"steady"}


def test_weeks_in_which_it_could_not_be_had_are_no_fall() -> None:
    units = _level(30)
    units[0, -6:-1] = 0
    demand, products = _tables(units)
    fell = next(trends(demand, products, None, AS_OF))
    out = next(trends(demand, products, _out(("P0000", 41, "out_of_stock"), ("P0000", 6, "available")), AS_OF))
    assert out.direction == "steady"
    assert (fell.percent_a_week or 0) < (out.percent_a_week or 0) - 3


def test_parts_add_up_to_about_what_was_asked_for() -> None:
    trend = World.of(5).trends()[0]
    assert trend.first_on == AS_OF - datetime.timedelta(days=7 * 52 - 1)
    assert len(trend.units) == len(trend.level) == len(trend.season) == len(trend.campaign) == 52
    parts = np.array([trend.level, trend.season, trend.campaign]).sum(axis=0)
    assert parts.sum() == pytest.approx(sum(trend.units), rel=0.15)


def test_a_young_product_begins_when_it_came() -> None:
    units = _level(12)
    units[0, :-20] = 0
    demand, products = _tables(units)
    came = [AS_OF - datetime.timedelta(days=7 * 20 - 1), *products["first_seen_on"].to_pylist()[1:]]
    for known in (products.set_column(2, "first_seen_on", pa.array(came)), products.slice(1)):
        assert next(trends(demand, known, None, AS_OF)).direction == "steady"


def test_little_is_called_unknown() -> None:
    units = _level(5)
    units[0] = 0
    units[0, 50] = 3
    units[1, :-4] = 0
    demand, products = _tables(units)
    rare, new, *_ = trends(demand, products.slice(2), None, AS_OF)
    for trend in (rare, new):
        assert trend.direction == "unknown"
        assert trend.percent_a_week is trend.low is trend.high is trend.p is trend.q is trend.campaign_percent is None
        assert trend.level == ()
        assert len(trend.units) == 52


def _well(found: list[Trend]) -> list[Trend]:
    for trend in found:
        numbers = (trend.percent_a_week, trend.low, trend.high, trend.p, trend.q, trend.campaign_percent)
        assert all(number is None or math.isfinite(number) for number in numbers)
        for each in (trend.units, trend.level, trend.season, trend.campaign):
            assert np.isfinite(each).all()
        if trend.p is not None:
            assert trend.q is not None
            assert trend.low is not None
            assert trend.high is not None
            assert trend.percent_a_week is not None
            assert 0 <= trend.p <= trend.q <= 1
            assert trend.low <= trend.percent_a_week <= trend.high
    return found


def test_nothing_and_only_zeros_have_no_trend() -> None:
    assert list(trends(pa.table({}), pa.table({}), None, AS_OF)) == []
    demand, products = _tables(_level(3))
    zeros = demand.set_column(3, "units", pa.array(np.zeros(len(demand))))
    assert list(trends(zeros, products, pa.table({}), AS_OF)) == []


@pytest.mark.parametrize("mean", [0.02, 1.0, 1e5])
def test_one_product(mean: float) -> None:
    (trend,) = _well(list(trends(*_tables(_level(mean, products=1) + np.eye(1, WEEKS)), None, AS_OF)))
    assert trend.direction in ("steady", "unknown")


def test_absurd_lines_do_not_move_it() -> None:
    demand, products = _tables(_level(20))
    day = AS_OF - datetime.timedelta(days=2)
    wrong = {
        "program_id": [1, 1, 1, 1, 1, None, 1],
        "asin": ["P0000", "P0000", "P0000", "P0001", None, "P0000", "P0000"],
        "day": [day, day, day, day, day, day, AS_OF + datetime.timedelta(days=400)],
        "units": [-1e9, math.nan, math.inf, 1e300, 5.0, 5.0, 1e6],
        "campaign": [0.0, math.nan, 0.0, -3.0, 0.0, 0.0, 0.0],
    }
    before = _well(list(trends(demand, products, None, AS_OF)))
    after = _well(list(trends(pa.concat_tables([demand, pa.table(wrong, demand.schema)]), products, None, AS_OF)))
    assert after[0].units == before[0].units
    assert {trend.direction for trend in after} == {"steady"}


def test_lines_that_are_there_twice_count_once() -> None:
    demand, products = _tables(_level(20))
    twice = pa.concat_tables([demand, demand])
    assert list(trends(twice, products, None, AS_OF)) == list(trends(demand, products, None, AS_OF))


def test_no_two_programmes_are_mixed() -> None:
    demand, products = _tables(_level(20))
    other = demand.set_column(0, "program_id", pa.array(np.full(len(demand), 2)))
    found = list(trends(pa.concat_tables([demand, other]), products, None, AS_OF))
    assert [(trend.program_id, trend.asin) for trend in found] == [
        (program_id, f"P{number:04d}") for program_id in (1, 2) for number in range(8)
    ]


def test_a_table_without_a_column_is_refused_by_name() -> None:
    demand, products = _tables(_level(2))
    with pytest.raises(UnreadableTable, match="demand: there is no column units"):
        list(trends(demand.drop_columns(["units"]), products, None, AS_OF))
