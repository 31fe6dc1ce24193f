"""How good lists of twenty are: NDCG, recall, coverage, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.recommend.grocery import Task

TOP = 20
_DISCOUNT = 1 / np.log2(np.arange(2, TOP + 2))
_IDEAL = np.cumsum(_DISCOUNT)
_NONE = -np.inf
RESAMPLES = 1_000

type Scores = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Measured:
    """`ndcg` and `recall` of each member who bought anything that counts; `coverage`: share of items in any list."""

    ndcg: NDArray[np.float64]
    recall: NDArray[np.float64]
    coverage: float

    @property
    def mean(self) -> float:
        return float(self.ndcg.mean())


def measure(task: Task, scores: Scores, only_new: bool) -> Measured:
    """Of [members, items], higher is better; `only_new`: what a member had before is neither listed nor counted."""
    bought = task.bought.toarray() > 0
    if only_new:
        scores = np.where(task.had, _NONE, scores)
        bought &= ~task.had
    wanted = bought.sum(axis=1)
    rows = np.flatnonzero(wanted)
    scores, bought, most = scores[rows], bought[rows], np.minimum(wanted[rows], TOP)
    top = np.argpartition(-scores, TOP - 1, axis=1)[:, :TOP]
    order = np.argsort(-np.take_along_axis(scores, top, axis=1), axis=1, kind="stable")
    top = np.take_along_axis(top, order, axis=1)
    listed = np.isfinite(np.take_along_axis(scores, top, axis=1))
    hit = np.take_along_axis(bought, top, axis=1) & listed
    return Measured(
        ndcg=(hit * _DISCOUNT).sum(axis=1) / _IDEAL[most - 1],
        recall=hit.sum(axis=1) / most,
        coverage=len(np.unique(top[listed])) / scores.shape[1],
    )


def interval(values: NDArray[np.float64]) -> tuple[float, float]:
    """95 % of the means of as many members, drawn again and again."""
    random = np.random.default_rng(7)
    means = [values[random.integers(0, len(values), len(values))].mean() for _ in range(RESAMPLES)]
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)
