"""What is liked by those who like a product; of products too rare for that, what its category redeems most."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from loyalty.recommendations.engine.past import Floats, Numbers, Past
from loyalty.recommendations.engine.trending import pace

MOST_OTHERS = 50
# A page wants some, even where few go together: so many are filled up from the category.
FILLED_TO = 12
# Those with the most members first; a catalogue of a million would be gigabytes that nobody opens.
MOST_WITH_OTHERS = 100_000
_FEWEST_TOLD = 1e-4


@dataclass(frozen=True, slots=True)
class SimilarProducts:
    """`others` best first, each once, never itself; `scores` ≥ 0, finite, falling."""

    program_id: int
    asin: str
    others: tuple[str, ...]
    scores: tuple[float, ...]


def similar(past: Past) -> Iterator[SimilarProducts]:
    """One for each offered product that has any, at most MOST_WITH_OTHERS of them."""
    history = past.history
    paced = np.where(history.offered, pace(history), -1.0)
    of_category = _best_of_category(past, paced)
    offered = np.flatnonzero(history.offered)
    if len(offered) > MOST_WITH_OTHERS:
        offered = np.sort(offered[np.argsort(-past.reach[offered], kind="stable")[:MOST_WITH_OTHERS]])
    shown = history.offered[past.columns]
    for product in offered:
        others, scores = _together(past, int(past.column_of[product]), shown)
        if len(others) < FILLED_TO:
            known = {int(product), *others.tolist()}
            more = [other for other in of_category.get(int(history.category[product]), ()) if other not in known]
            more = more[: FILLED_TO - len(others)]
            others = np.concatenate([others, np.array(more, np.int64)])
            scores = np.concatenate([scores, np.zeros(len(more))])
        if len(others):
            yield SimilarProducts(
                history.program_id,
                str(history.asins[product]),
                tuple(str(history.asins[other]) for other in others),
                tuple(float(score) for score in scores),
            )


def _together(
    past: Past, column: int, shown: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]
) -> tuple[Numbers, Floats]:
    if column < 0:
        return np.zeros(0, np.int64), np.zeros(0)
    row = np.where(shown, past.likeness[column], 0.0)
    most = min(MOST_OTHERS, len(row))
    best = np.argpartition(-row, most - 1)[:most]
    best = best[np.argsort(-row[best], kind="stable")]
    best = best[row[best] > _FEWEST_TOLD]
    return past.columns[best], row[best].astype(np.float64)


def _best_of_category(past: Past, paced: Floats) -> dict[int, list[int]]:
    """The offered products of each category that are redeemed most lately, then those that most members have."""
    category = past.history.category
    order = np.lexsort((-past.reach, -paced, category))
    order = order[(category[order] >= 0) & past.history.offered[order]]
    numbers, starts = np.unique(category[order], return_index=True)
    return {
        int(number): order[start : start + FILLED_TO + 1][
            category[order[start : start + FILLED_TO + 1]] == number
        ].tolist()
        for number, start in zip(numbers, starts, strict=True)
    }
