"""Quantiles of what may be asked for: around a mean, and how well they did."""

from __future__ import annotations

from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Floats = NDArray[np.float64]
LEVELS: tuple[float, ...] = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)
# count: whole units from nought; amount: any number from nought; signed: any number.
Kind = Literal["count", "amount", "signed"]


MANY = 300.0
_LOG_MEANS = np.linspace(np.log(1e-4), np.log(MANY * 1.01), 160)
_LOG_BEYOND = np.linspace(np.log(1e-3), np.log(25.0), 24)


def around(mean: Floats, spread: Floats, kind: Kind, levels: tuple[float, ...] = LEVELS) -> Floats:
    """[..., levels]. `spread`, like the mean or broadcast to it: for counts the variance beyond Poisson's and for
    amounts the variance, both by the square of the mean; for signed numbers the standard deviation."""
    mean, spread = np.broadcast_arrays(np.nan_to_num(mean, posinf=1e15, neginf=0.0), np.nan_to_num(spread))
    if kind == "signed":
        return np.stack([mean + stats.norm.ppf(level) * spread for level in levels], axis=-1)
    at = np.maximum(mean, 1e-4)
    beyond = np.clip(spread, 1e-3, 25.0)
    if kind == "amount":
        return np.stack([stats.gamma.ppf(level, 1 / beyond, scale=at * beyond) for level in levels], axis=-1)
    # Of many it makes no difference that they are whole.
    many = at > MANY
    found = _negative_binomial(np.minimum(at, MANY), beyond, levels)
    if many.any():
        shape = 1 / (beyond[many] + 1 / at[many])
        found[many] = np.stack([stats.gamma.ppf(level, shape, scale=at[many] / shape) for level in levels], axis=-1)
    return found


def _negative_binomial(mean: Floats, beyond: Floats, levels: tuple[float, ...]) -> Floats:
    """Read from a table of a fine grid. Between its whole numbers lies a line, which is where the quantile of a mean
    that is not sure lies."""
    row = np.interp(np.log(mean), _LOG_MEANS, np.arange(float(len(_LOG_MEANS))))
    column = np.interp(np.log(beyond), _LOG_BEYOND, np.arange(float(len(_LOG_BEYOND))))
    top = np.minimum(row.astype(int), len(_LOG_MEANS) - 2)
    left = np.minimum(column.astype(int), len(_LOG_BEYOND) - 2)
    down, right = row - top, column - left
    found = []
    for level in levels:
        table = _table(level)
        found.append(
            (1 - down) * ((1 - right) * table[top, left] + right * table[top, left + 1])
            + down * ((1 - right) * table[top + 1, left] + right * table[top + 1, left + 1])
        )
    return np.stack(found, axis=-1)


@cache
def _table(level: float) -> Floats:
    size = 1 / np.exp(_LOG_BEYOND)[None, :]
    return np.asarray(stats.nbinom.ppf(level, size, size / (size + np.exp(_LOG_MEANS)[:, None])))


def pinball(actual: Floats, quantiles: Floats, levels: tuple[float, ...] = LEVELS) -> Floats:
    """Twice the pinball loss, mean over levels, of each actual [...] and its quantiles [..., levels]; 0 where not
    known."""
    over = actual[..., None] - quantiles
    at = np.asarray(levels)
    return np.asarray(np.nan_to_num(2 * np.maximum(at * over, (at - 1) * over)).mean(axis=-1))


def wql(actual: Floats, quantiles: Floats) -> float:
    """Weighted quantile loss: pinball by the sum of what was asked for. nan without any."""
    total = float(np.nansum(np.abs(actual)))
    return float(pinball(actual, quantiles).sum()) / total if total > 0 else float("nan")


def coverage(actual: Floats, low: Floats, high: Floats) -> float:
    """The share of known actuals within the closed interval; nan where nothing is known."""
    known = np.isfinite(actual)
    if not known.any():
        return float("nan")
    return float(((actual >= low) & (actual <= high))[known].mean())


def in_order(quantiles: Floats, kind: Kind) -> Floats:
    """Ascending along the last axis, finite, and not below nought where nothing can be."""
    found = np.sort(np.nan_to_num(quantiles, nan=0.0, posinf=1e15, neginf=-1e15), axis=-1)
    return found if kind == "signed" else np.maximum(found, 0.0)
