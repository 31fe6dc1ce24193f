"""Log-linear counts for many products at once: quasi-Poisson regression that outliers do not pull, and ranges that hold
when weeks hang together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

# A residual beyond so many deviations weighs less, the further the less (Huber).
_HUBER = 3.0
_ROUNDS, _STEPS = 3, 15
# Weeks over which residuals may hang together (Newey and West).
_LAGS = 3
# However many weeks there are, few of them tell about one slope: ranges are as wide as of so many.
_MOST_FREEDOM = 24.0

type Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Fitted:
    """[products, columns] `weights`; `linear` [products, weeks]: the log of what is expected, offset included.

    `freedom`: weeks that are known less columns that say anything.
    """

    weights: Floats
    linear: Floats
    freedom: Floats
    _bread: Floats
    _meat: Floats
    _dispersion: Floats

    @property
    def tail(self) -> Floats:
        """Degrees of freedom of Student's t for ranges and p."""
        return np.minimum(self.freedom, _MOST_FREEDOM)

    def of(self, contrast: Floats) -> tuple[Floats, Floats, Floats]:
        """Value, standard deviation and two-sided p of `contrast` [columns] (or [products, columns]) times weights."""
        contrast = np.broadcast_to(contrast, self.weights.shape)
        value = (contrast * self.weights).sum(axis=1)
        spread = np.einsum("sp,spq->sq", contrast, self._bread)
        by_model = self._dispersion * (spread * contrast).sum(axis=1)
        by_weeks = np.einsum("sp,spq,sq->s", spread, self._meat, spread)
        # Whichever is more careful.
        deviation = np.sqrt(np.maximum(np.maximum(by_model, by_weeks), 1e-12))
        return value, deviation, 2 * stats.t.sf(np.abs(value / deviation), self.tail)


def fit(units: Floats, known: NDArray[np.bool_], offset: Floats, design: Floats, ridge: Floats) -> Fitted:
    """`units`, `known`, `offset` [products, weeks]; `design` [products, weeks, columns]; `ridge` [columns]: precision
    of each weight about 0. Finite whatever the counts are."""
    products, _, columns = design.shape
    weights = np.zeros((products, columns))
    in_it = known.astype(np.float64)
    count = np.maximum(in_it.sum(axis=1), 1)
    weights[:, 0] = np.log(((units * in_it).sum(axis=1) + 0.1) / ((np.exp(offset) * in_it).sum(axis=1) + 0.1))
    trust = in_it
    penalty = np.diag(ridge + 1e-6)
    told = ((np.abs(design) * in_it[:, :, None]).sum(axis=1) > 1e-9).sum(axis=1)
    freedom = np.maximum(count - told, 1)
    dispersion = np.ones(products)
    for _ in range(_ROUNDS):
        weights, expected = _ascended(weights, units, trust, offset, design, penalty)
        residual = (units - expected) / np.sqrt(np.maximum(expected, 1e-9))
        dispersion = np.maximum((trust * residual**2).sum(axis=1) / freedom, 1.0)
        far = np.abs(residual) / np.sqrt(dispersion)[:, None]
        trust = in_it * np.minimum(1.0, _HUBER / np.maximum(far, 1e-9))
    weights, expected = _ascended(weights, units, trust, offset, design, penalty)
    bread = np.linalg.inv(_gram(design, trust * expected) + penalty)
    scores = design * (trust * (units - expected))[:, :, None]
    meat = scores.transpose(0, 2, 1) @ scores
    for lag in range(1, min(_LAGS, units.shape[1] - 1) + 1):
        together = scores[:, lag:].transpose(0, 2, 1) @ scores[:, :-lag]
        meat += (1 - lag / (_LAGS + 1)) * (together + together.transpose(0, 2, 1))
    meat *= (count / freedom)[:, None, None]
    return Fitted(weights, _linear(weights, offset, design), freedom, bread, meat, dispersion)


def _gram(design: Floats, weights: Floats) -> Floats:
    gram: Floats = (design * weights[:, :, None]).transpose(0, 2, 1) @ design
    return gram


def _linear(weights: Floats, offset: Floats, design: Floats) -> Floats:
    linear: Floats = np.clip(offset + (design @ weights[:, :, None])[:, :, 0], -20, 20)
    return linear


def _ascended(
    weights: Floats, units: Floats, trust: Floats, offset: Floats, design: Floats, penalty: Floats
) -> tuple[Floats, Floats]:
    for _ in range(_STEPS):
        expected = np.exp(_linear(weights, offset, design))
        slope = ((trust * (units - expected))[:, None, :] @ design)[:, 0, :] - weights @ penalty
        curve = _gram(design, trust * expected) + penalty
        step = np.clip(np.linalg.solve(curve, slope[:, :, None])[:, :, 0], -1.0, 1.0)
        weights = weights + step
        if np.abs(step).max(initial=0.0) < 1e-6:
            break
    return weights, np.exp(_linear(weights, offset, design))


def false_discoveries(p: Floats) -> Floats:
    """Benjamini and Hochberg's q of each p: taking all with q ≤ 5 %, at most 5 % of them are expected to be nothing."""
    order = np.argsort(p, kind="stable")
    ranked = p[order] * len(p) / np.arange(1, len(p) + 1)
    q = np.empty(len(p))
    q[order] = np.minimum(np.minimum.accumulate(ranked[::-1])[::-1], 1.0)
    return q
