"""What is usual in a week: season and holidays, as all others of a programme show them, without its growth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from loyalty.demand.weeks import Floats, Weeks

# Others say what is usual only if there are some, and members ask for them.
FEWEST_OTHERS, FEWEST_OTHERS_UNITS = 5, 20.0
# One product is never more than this share of what is usual.
MOST_SHARE = 0.1
# Nor does a week of it count for more than so many of its middle ones and a few units.
MOST_TIMES, MOST_UNITS = 6.0, 10.0
FEWEST_WEEKS = 8
# Growth of the whole programme is told from its season only after a year and a half.
WEEKS_FOR_GROWTH = 78
YEAR = 365.25 / 7


@dataclass(frozen=True, slots=True)
class Usual:
    """[products, weeks]: what was asked for of each outside of campaigns, and what its mean would have been; 0 where it
    does not tell. `all_*` [weeks]: their sums, 0 where too few tell."""

    asked: Floats
    expected: Floats
    all_asked: Floats
    all_expected: Floats

    def offset(self, some: slice) -> Floats:
        """[products, weeks] of some of them: the log of what all others did, about 0 in the last year."""
        if not self.all_asked.any():
            return np.zeros_like(self.asked[some])
        others = (self.all_asked - self.asked[some] + 0.5) / (self.all_expected - self.expected[some] + 0.5)
        index: Floats = np.log(np.maximum(others, 1e-6))
        span = index.shape[1]
        if span >= WEEKS_FOR_GROWTH:
            at = np.arange(span) - (span - 1) / 2
            waves = (of(n * 2 * np.pi * at / YEAR) for n in (1, 2) for of in (np.sin, np.cos))
            columns = np.stack([np.ones(span), at, *waves], axis=1)
            growth = np.linalg.lstsq(columns, index.T, rcond=None)[0][1]
            index = index - growth[:, None] * at
        return index - index[:, -52:].mean(axis=1, keepdims=True)


def usual_weeks(part: Weeks, telling: NDArray[np.bool_]) -> Usual:
    """By products that are `telling` [products], were there for half of the weeks and long enough in no campaign."""
    counts = part.known & (part.campaign == 0)
    span = counts.shape[1]
    telling = telling & part.known[:, : max(span // 2, 1)].any(axis=1) & (counts.sum(axis=1) >= FEWEST_WEEKS)
    # One absurd week of one product is not a feast of all.
    middle, some = np.zeros((len(part.asins), 1)), part.known.any(axis=1)
    middle[some] = np.nanmedian(np.where(part.known[some], part.units[some], np.nan), axis=1, keepdims=True)
    units = np.minimum(part.units, MOST_TIMES * middle + MOST_UNITS)
    means = (units * counts).sum(axis=1) / np.maximum((part.there * counts).sum(axis=1), 1e-9)
    means = np.where(telling, means, 0.0)
    weight = np.minimum(1.0, MOST_SHARE * means.sum() / np.maximum(means, 1e-9)) * (means > 0)
    counted = counts * weight[:, None]
    asked, expected = units * counted, means[:, None] * part.there * counted
    all_asked, all_expected = asked.sum(axis=0), expected.sum(axis=0)
    if (means > 0).sum() < FEWEST_OTHERS or all_asked.sum() < FEWEST_OTHERS_UNITS * span:
        all_asked, all_expected = np.zeros(span), np.zeros(span)
    return Usual(asked, expected, all_asked, all_expected)
