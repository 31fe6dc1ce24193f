"""What each member might like: the likeliest of what they had before and of what is new to them, and why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from loyalty.recommendations.engine.chance import (
    Weights,
    again_scores,
    batches,
    likeness_of,
    new_scores,
)
from loyalty.recommendations.engine.past import Floats, Numbers, Past

MOST_PRODUCTS = 200
# However much somebody redeems again and again: the other half is new to them.
MOST_AGAIN = 100


@dataclass(frozen=True, slots=True)
class MemberScores:
    """`asins` best first, at most MOST_PRODUCTS, each once; `scores` of them: the chance of a redemption within four
    weeks, 0 to 1; `because` of them: the product of the member's own past that speaks for it most, or ''."""

    program_id: int
    member_key: str
    asins: tuple[str, ...]
    scores: tuple[float, ...]
    because: tuple[str, ...]


def member_scores(past: Past, weights: Weights, members: Numbers) -> Iterator[MemberScores]:
    """One for each of these who has anything to be told."""
    history = past.history
    hidden = ~history.offered[past.columns]
    for batch in batches(members):
        likeness = likeness_of(past, batch)
        new = new_scores(past, weights, batch, likeness)
        new[:, hidden] = -np.inf
        pairs, place, again = again_scores(past, weights, likeness, batch)
        column = past.column_of[past.redeemed.product[pairs]]
        new[place[column >= 0], column[column >= 0]] = -np.inf
        ends = np.searchsorted(place, np.arange(len(batch) + 1))
        for row, member in enumerate(batch):
            own = slice(ends[row], ends[row + 1])
            had = past.redeemed.product[pairs[own]]
            products, scores, is_again = _best(past, new[row], had, again[own])
            if len(products):
                yield MemberScores(
                    history.program_id,
                    str(history.keys[member]),
                    tuple(history.asins[products].tolist()),
                    tuple(float(score) for score in 1 / (1 + np.exp(-np.clip(scores, -30, 30)))),
                    _because(past, int(member), products, is_again),
                )


def _best(
    past: Past, new: NDArray[np.float32], had: Numbers, again: Floats
) -> tuple[Numbers, Floats, NDArray[np.bool_]]:
    """Products, scores and whether the member had it, best first."""
    offered = past.history.offered[had]
    had, again = had[offered], again[offered]
    best_again = np.argsort(-again, kind="stable")[:MOST_AGAIN]
    most = min(MOST_PRODUCTS, len(new))
    best_new = np.argpartition(-new, most - 1)[:most] if most else np.zeros(0, np.int64)
    best_new = best_new[np.isfinite(new[best_new])]
    products = np.concatenate([had[best_again], past.columns[best_new]])
    scores = np.concatenate([again[best_again], new[best_new].astype(np.float64)])
    is_again = np.arange(len(products)) < len(best_again)
    order = np.argsort(-scores, kind="stable")[:MOST_PRODUCTS]
    return products[order], scores[order], is_again[order]


def _because(past: Past, member: int, products: Numbers, is_again: NDArray[np.bool_]) -> tuple[str, ...]:
    """Of what was had before: itself. Of the rest: what the member redeemed, wished for or looked at that adds most to
    its likeness, if anything does."""
    asins = past.history.asins
    row = past.taste[member]
    shown = past.history.offered[past.columns[row.indices]]
    own, taste = row.indices[shown], row.data[shown]
    columns = past.column_of[products]
    words = np.where(is_again, asins[products], "")
    asked = np.flatnonzero(~is_again & (columns >= 0))
    if len(own) and len(asked):
        adds = taste[:, None] * past.likeness[np.ix_(own, columns[asked])]
        most = adds.argmax(axis=0)
        speaks = adds[most, np.arange(len(asked))] > 0
        words[asked[speaks]] = asins[past.columns[own[most[speaks]]]]
    return tuple(words.tolist())
