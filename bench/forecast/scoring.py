"""How well quantiles did, and how sure that is: series are drawn again with replacement, both sides alike."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from loyalty.demand.forecasting import LEVELS
from loyalty.demand.forecasting.quantiles import Floats, pinball

DRAWS = 1_000


@dataclass
class Score:
    """Of one panel over all its origins. `losses` by model: pinball summed over periods, by series; `asked`: what
    was truly asked for, by series. `inside`: how much of each known period lies within the 80 %, summed;
    `closed`: the same of the closed interval; `periods`: how many."""

    ours: Floats
    asked: Floats
    losses: dict[str, Floats] = field(default_factory=dict)
    inside: float = 0.0
    closed: float = 0.0
    periods: int = 0

    def wql(self, losses: Floats) -> float:
        return float(losses.sum() / self.asked.sum())

    def best_statistical(self) -> str:
        """Chosen after the fact, of those that learn nothing across series."""
        return min((name for name in self.losses if name != "SeasonalNaive"), key=lambda name: self.losses[name].sum())

    def ratio(self, name: str, drawn: Floats | None = None) -> float:
        """Ours by theirs; `drawn`: how often each series counts."""
        weights = np.ones(len(self.ours)) if drawn is None else drawn
        return float((self.ours @ weights) / (self.losses[name] @ weights))


def ratios(scores: list[Score], names: list[str], seed: int = 7) -> tuple[float, tuple[float, float]]:
    """The geometric mean over panels of ours by each panel's named model, and its 95 % interval."""
    rng = np.random.default_rng(seed)
    drawn = []
    for _ in range(DRAWS):
        logs = []
        for score, name in zip(scores, names, strict=True):
            of = rng.integers(0, len(score.ours), len(score.ours))
            weights = np.bincount(of, minlength=len(score.ours)).astype(np.float64)
            logs.append(np.log(max(score.ratio(name, weights), 1e-9)))
        drawn.append(np.exp(np.mean(logs)))
    found = float(np.exp(np.mean([np.log(score.ratio(name)) for score, name in zip(scores, names, strict=True)])))
    return found, (float(np.quantile(drawn, 0.025)), float(np.quantile(drawn, 0.975)))


def inside80(actual: Floats, quantiles: Floats, whole: bool) -> tuple[float, float, int]:
    """How much of what is known lies within 10 % and 90 %, of the closed interval as well, and how many there are.

    Whole units cannot hit 80 %: nought lies in every interval that begins there. Of them it is counted how much of the
    probability that the forecast gives to the very number (from a half below to a half above) lies within."""
    known = np.isfinite(actual)
    y, q = actual[known], quantiles[known]
    low, high = q[:, LEVELS.index(0.1)], q[:, LEVELS.index(0.9)]
    closed = float(((y >= low) & (y <= high)).sum())
    if not whole:
        return closed, closed, len(y)
    below, above = _probability(y - 0.5, q), _probability(y + 0.5, q)
    below = np.where(y <= 0, 0.0, below)
    within = np.clip(np.minimum(above, 0.9) - np.maximum(below, 0.1), 0, None)
    wide = above - below
    share = np.where(wide > 1e-9, within / np.maximum(wide, 1e-9), (above > 0.1) & (above < 0.9))
    return float(share.sum()), closed, len(y)


def _probability(y: Floats, quantiles: Floats) -> Floats:
    """Of at most y: lines between the levels, flat tails beyond as long again as the last piece."""
    levels = np.array([0.0, *LEVELS, 1.0])
    first = quantiles[:, :1] - np.maximum(quantiles[:, 1:2] - quantiles[:, :1], 0.5)
    last = quantiles[:, -1:] + np.maximum(quantiles[:, -1:] - quantiles[:, -2:-1], 0.5)
    at = np.concatenate([first, quantiles, last], axis=1) + np.arange(9) * 1e-9
    place = np.clip((at <= y[:, None]).sum(axis=1), 1, 8)
    rows = np.arange(len(y))
    left, right = at[rows, place - 1], at[rows, place]
    share = np.clip((y - left) / np.maximum(right - left, 1e-12), 0, 1)
    return np.asarray(levels[place - 1] + share * (levels[place] - levels[place - 1]))


def add(score: Score, actual: Floats, quantiles: Floats, whole: bool) -> None:
    score.ours = score.ours + pinball(actual, quantiles).sum(axis=1)
    score.asked = score.asked + np.nansum(np.abs(actual), axis=1)
    inside, closed, periods = inside80(actual, quantiles, whole)
    score.inside, score.closed, score.periods = score.inside + inside, score.closed + closed, score.periods + periods
