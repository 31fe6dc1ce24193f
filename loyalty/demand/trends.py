"""Which products rise and which fall, apart from season and campaigns, and how sure that is.

Each product's weekly units are a log-linear count (`slopes.py`): a slope over its life and another one over the last
13 weeks, a wave of a year of its own where it was seen for long enough, its campaigns, and as an offset what all others
of the programme did in that week. The slope of the last 13 weeks is what is told. Of all that are called rising or
falling at most 5 % are expected to be neither (Benjamini and Hochberg over all products of a programme).
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
from numpy.typing import NDArray
from scipy import stats

from loyalty.demand.slopes import Fitted, Floats, false_discoveries, fit
from loyalty.demand.usual import YEAR, Usual, usual_weeks
from loyalty.demand.weeks import Weeks, weeks

RECENT_WEEKS = 13
LEVEL = 0.05
# With less there is nothing to tell.
FEWEST_WEEKS, FEWEST_UNITS = 8, 10.0
# A product's own wave of a year is expected to be about ± 25 %: the precision of its logarithm.
OWN_SEASON = 16.0
SHOWN_WEEKS = 52
# So many products at once: 104 weeks of them are some 100 MB.
_AT_ONCE = 4_000
# What is beyond is no rate: 300 % a week.
_MOST_SLOPE = np.log(4.0)

type Direction = Literal["rising", "falling", "steady", "unknown"]


@dataclass(frozen=True, slots=True)
class Trend:
    """Of one product. Percent a week with its 95 % range, `p` that there is none, `q` corrected for all looked at;
    `campaign_percent`: more than without the campaigns it was in. Arrays: units a week from `first_on`, and what of
    them is level, season (below 0 where it takes away) and campaigns. Finite; None where nothing can be told."""

    program_id: int
    asin: str
    direction: Direction
    percent_a_week: float | None
    low: float | None
    high: float | None
    p: float | None
    q: float | None
    campaign_percent: float | None
    campaign_low: float | None
    campaign_high: float | None
    first_on: datetime.date
    units: tuple[float, ...]
    level: tuple[float, ...]
    season: tuple[float, ...]
    campaign: tuple[float, ...]


def trends(
    demand: pa.Table, products: pa.Table, availability: pa.Table | None, as_of: datetime.date
) -> Iterator[Trend]:
    """One for each product that anybody asked for in the two years up to `as_of`, by programme and product.

    Raises UnreadableTable (a table lacks a column).
    """
    for part in weeks(demand, products, availability, as_of):
        usual = usual_weeks(part, np.ones(len(part.asins), np.bool_))
        found = _trends(part, usual_weeks(part, _like_most(_trends(part, usual))))
        tested = [number for number, trend in enumerate(found) if trend.p is not None]
        q = false_discoveries(np.array([found[number].p for number in tested], np.float64))
        for number, corrected in zip(tested, q.tolist(), strict=True):
            found[number] = _judged(found[number], corrected)
        yield from found


def _like_most(found: list[Trend]) -> NDArray[np.bool_]:
    """Not those that rise or fall otherwise than the middle of all: they do not tell what is usual."""
    middle = float(np.median([trend.percent_a_week for trend in found if trend.percent_a_week is not None] or [0.0]))
    return np.array([trend.low is None or trend.high is None or trend.low <= middle <= trend.high for trend in found])


def _judged(trend: Trend, q: float) -> Trend:
    assert trend.percent_a_week is not None
    direction: Direction = "steady" if q > LEVEL else "rising" if trend.percent_a_week > 0 else "falling"
    return replace(trend, q=q, direction=direction)


def _design(part: Weeks) -> tuple[Floats, Floats]:
    """[products, weeks, (1, slope, slope of the last weeks, sine, cosine, campaign)], and the precision of each weight.

    Time is in units of RECENT_WEEKS, 0 in the last week.
    """
    products, span = part.units.shape
    time = (np.arange(span) - (span - 1)) / RECENT_WEEKS
    wave = 2 * np.pi * np.arange(span) / YEAR
    design = np.zeros((products, span, 6))
    design[:, :, 0] = 1
    weeks_known = part.known.sum(axis=1)
    two_slopes = weeks_known >= 2 * RECENT_WEEKS
    design[:, :, 1] = np.where(two_slopes[:, None], np.minimum(time + 1, 0), 0)
    design[:, :, 2] = np.where(two_slopes[:, None], np.maximum(time + 1, 0), time)
    # Of a product that is young this says little, which makes the range of its slope as wide as a season might be.
    design[:, :, 3], design[:, :, 4] = np.sin(wave), np.cos(wave)
    without = (part.known & (part.campaign == 0)).sum(axis=1) >= FEWEST_WEEKS
    # In units of its own usual campaign, so that the weight is the log of what that adds.
    within = (part.campaign > 0) & part.known & without[:, None]
    usual = (part.campaign * within).sum(axis=1) / np.maximum(within.sum(axis=1), 1)
    design[:, :, 5] = np.where(within, part.campaign, 0) / np.where(usual > 0, usual, 1)[:, None]
    return design, np.array([0.0, 0.1, 0.1, OWN_SEASON, OWN_SEASON, 1.0])


def _trends(part: Weeks, usual: Usual) -> list[Trend]:
    found: list[Trend] = []
    for start in range(0, len(part.asins), _AT_ONCE):
        some = slice(start, start + _AT_ONCE)
        found += _told(part.of(some), usual.offset(some))
    return found


def _told(part: Weeks, offset: Floats) -> Iterator[Trend]:
    design, ridge = _design(part)
    fitted = fit(part.units, part.known, offset + np.log(part.there), design, ridge)
    slope, deviation, p = fitted.of(np.array([0.0, 0.0, 1.0, 0.0, 0.0, 0.0]))
    enough = (part.known.sum(axis=1) >= FEWEST_WEEKS) & ((part.units * part.known).sum(axis=1) >= FEWEST_UNITS)
    enough &= part.known[:, -RECENT_WEEKS:].sum(axis=1) >= min(FEWEST_WEEKS, part.units.shape[1])
    reach = stats.t.ppf(0.975, fitted.tail) * deviation
    percents = [_percent((slope + side * reach) / RECENT_WEEKS) for side in (0, -1, 1)]
    campaigns = _campaigns(part, design, fitted)
    level, season, campaign = _parts(part, offset, design, fitted)
    shown = slice(-SHOWN_WEEKS, None)
    first_on = part.first_on + datetime.timedelta(days=7 * max(part.units.shape[1] - SHOWN_WEEKS, 0))
    for number, asin in enumerate(part.asins):
        told = bool(enough[number])
        percent, low, high = (float(each[number]) for each in percents)
        of_campaign = campaigns[number] if told else (None, None, None)
        yield Trend(
            part.program_id,
            asin,
            "unknown",
            percent if told else None,
            low if told else None,
            high if told else None,
            float(p[number]) if told else None,
            None,
            *of_campaign,
            first_on,
            _rounded(part.units[number, shown]),
            *((_rounded(each[number, shown]) if told else ()) for each in (level, season, campaign)),
        )


def _campaigns(part: Weeks, design: Floats, fitted: Fitted) -> list[tuple[float | None, float | None, float | None]]:
    """Percent more in its weeks of campaigns, with its range; None: it was in none, or in nothing else."""
    within = (design[:, :, 5] > 0) & part.known
    effect, deviation, _ = fitted.of(np.array([0.0, 0.0, 0.0, 0.0, 0.0, 1.0]))
    reach = stats.t.ppf(0.975, fitted.tail) * deviation
    sides = [_percent(effect + side * reach) for side in (0, -1, 1)]
    return [
        (float(sides[0][number]), float(sides[1][number]), float(sides[2][number])) if any_ else (None, None, None)
        for number, any_ in enumerate(within.any(axis=1))
    ]


def _parts(part: Weeks, offset: Floats, design: Floats, fitted: Fitted) -> tuple[Floats, Floats, Floats]:
    """Units a week: the level, what the season adds to it, what campaigns add to both."""
    weights = fitted.weights[:, None, :]
    level = np.exp(np.clip((design * weights)[:, :, :3].sum(axis=2), -20, 20))
    seasonal = level * np.exp(np.clip(offset + (design * weights)[:, :, 3:5].sum(axis=2), -5, 5))
    promoted = seasonal * np.exp(np.clip((design * weights)[:, :, 5], -5, 5))
    return level, seasonal - level, promoted - seasonal


def _percent(logs: Floats) -> Floats:
    return 100 * np.expm1(np.clip(logs, -_MOST_SLOPE, _MOST_SLOPE))


def _rounded(values: Floats) -> tuple[float, ...]:
    return tuple(np.round(values, 3).tolist())
