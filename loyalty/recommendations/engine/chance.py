"""How likely a member redeems a product in the next four weeks: two logistic models on what the past says, one for what
the member had before, one for what is new to them.

Their weights are learned from what followed in the programme's own last four weeks; a young programme takes `USUAL`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from loyalty.recommendations.engine.past import Floats, Numbers, Past

HORIZON_DAYS = 28
# With fewer redemptions to learn from, the usual weights are better.
FEWEST_TO_LEARN = 300
MOST_MEMBERS_TO_LEARN = 1_000
# Of what is new to a member only the likeliest can be shown, so only they are learned from.
NEW_TO_LEARN = 300
MEMBERS_AT_ONCE = 256
# Likeness below this is none; its logarithm is what the odds follow.
_LEAST_LIKENESS = 0.03
# A likeness is held against the member's own this many best.
_STANDING_OF = 20

AGAIN = ("likeness", "times", "in_60_days", "in_150_days", "last", "between", "repeated", "reach", "lately", "active")
NEW = ("likeness", "standing", "category", "repeated", "reach", "lately", "active")


@dataclass(frozen=True, slots=True)
class Weights:
    """Of `AGAIN` and `NEW`, the last is what is always added; `interest`: of looks and wishes, in both."""

    again: Floats
    new: Floats
    interest: float


# Learned on Complete Journey, January to October, from what followed in November; interest by judgement.
USUAL = Weights(
    again=np.array([0.34, 1.05, 2.1, -1.1, -0.01, 0.06, 0.29, -0.43, 0.39, -0.06, -1.7]),
    new=np.array([0.51, 0.44, 0.17, -0.71, 0.1, 0.41, 0.18, -2.6]),
    interest=3.0,
)


def again_features(past: Past, likeness: Floats, which: Numbers | slice) -> Floats:
    """[pairs, len(AGAIN)] of these redeemed pairs; `likeness`: log of what EASE says of each, least outside of it."""
    pairs = past.redeemed
    product, member = pairs.product[which], pairs.member[which]
    return np.stack(
        [
            likeness,
            np.log1p(pairs.times[which]),
            np.log1p(pairs.in_60_days[which]),
            np.log1p(pairs.in_150_days[which]),
            np.log1p(pairs.last[which]),
            np.log1p(pairs.between[which]),
            past.repeated[product],
            past.reach[product],
            past.lately[product],
            past.active[member],
        ],
        axis=1,
    )


def new_scores(past: Past, weights: Weights, members: Numbers, likeness: NDArray[np.float32]) -> NDArray[np.float32]:
    """[members, columns]: the log of the odds of each product as if it were new to the member."""
    of = dict(zip((*NEW, "always"), weights.new, strict=True))
    product = past.columns
    column = (
        of["repeated"] * past.repeated[product]
        + of["reach"] * past.reach[product]
        + of["lately"] * past.lately[product]
    )
    scores = np.float32(of["likeness"]) * _log(likeness)
    scores += np.float32(of["standing"]) * _standing(likeness)
    scores += column.astype(np.float32)
    scores += (of["active"] * past.active[members] + of["always"]).astype(np.float32)[:, None]
    scores += np.float32(of["category"]) * _category(past, members)
    scores += np.float32(weights.interest) * past.interest[members].toarray()
    return scores


def batches(members: Numbers) -> Iterator[Numbers]:
    """So many at a time that a batch's scores stay small."""
    for start in range(0, len(members), MEMBERS_AT_ONCE):
        yield members[start : start + MEMBERS_AT_ONCE]


def likeness_of(past: Past, members: Numbers) -> NDArray[np.float32]:
    """[members, columns]: what EASE says."""
    scores: NDArray[np.float32] = past.taste[members] @ past.likeness
    return scores


def pairs_of(past: Past, members: Numbers) -> tuple[Numbers, Numbers]:
    """Numbers of the redeemed pairs of these members, and for each the place of its member among them."""
    starts = np.searchsorted(past.redeemed.member, members)
    counts = np.searchsorted(past.redeemed.member, members, side="right") - starts
    place = np.repeat(np.arange(len(members)), counts)
    before = np.repeat(np.cumsum(counts) - counts, counts)
    return np.repeat(starts, counts) + np.arange(len(place)) - before, place


def again_scores(
    past: Past, weights: Weights, likeness: NDArray[np.float32], members: Numbers
) -> tuple[Numbers, Numbers, Floats]:
    """Redeemed pairs of these members, places of their members, and the log of the odds of each."""
    pairs, place = pairs_of(past, members)
    features = again_features(past, _at(likeness, place, past.column_of[past.redeemed.product[pairs]]), pairs)
    interest = _interest(past, pairs)
    return pairs, place, features @ weights.again[:-1] + weights.again[-1] + weights.interest * interest


def learned(before: Past, followed: Numbers) -> Weights:
    """From `before`, four weeks ago, and the pairs (member * products + product) that were redeemed since, sorted."""
    members = np.unique(followed // max(len(before.history.asins), 1))
    if len(members) > MOST_MEMBERS_TO_LEARN:
        members = members[np.linspace(0, len(members) - 1, MOST_MEMBERS_TO_LEARN).astype(np.int64)]
    again: list[tuple[Floats, NDArray[np.bool_]]] = []
    new: list[tuple[Floats, NDArray[np.bool_]]] = []
    for batch in batches(members):
        likeness = likeness_of(before, batch)
        again.append(_again_to_learn(before, batch, likeness, followed))
        new.append(_new_to_learn(before, batch, likeness, followed))
    return Weights(
        again=_fit(again, USUAL.again),
        new=_fit(new, USUAL.new),
        interest=USUAL.interest,
    )


def _again_to_learn(
    before: Past, members: Numbers, likeness: NDArray[np.float32], followed: Numbers
) -> tuple[Floats, NDArray[np.bool_]]:
    pairs, place = pairs_of(before, members)
    product = before.redeemed.product[pairs]
    features = again_features(before, _at(likeness, place, before.column_of[product]), pairs)
    return features, _among(followed, members[place] * len(before.history.asins) + product)


def _new_to_learn(
    before: Past, members: Numbers, likeness: NDArray[np.float32], followed: Numbers
) -> tuple[Floats, NDArray[np.bool_]]:
    pairs, place = pairs_of(before, members)
    column = before.column_of[before.redeemed.product[pairs]]
    open_to = likeness.copy()
    open_to[place[column >= 0], column[column >= 0]] = -np.inf
    most = min(NEW_TO_LEARN, likeness.shape[1])
    if not most:
        return np.zeros((0, len(NEW))), np.zeros(0, np.bool_)
    top = np.argpartition(-open_to, most - 1, axis=1)[:, :most]
    rows = np.repeat(np.arange(len(members)), most)
    columns = top.ravel()
    product = before.columns[columns]
    features = np.stack(
        [
            _log(likeness[rows, columns]).astype(np.float64),
            _standing(likeness)[rows, columns].astype(np.float64),
            _category(before, members)[rows, columns].astype(np.float64),
            before.repeated[product],
            before.reach[product],
            before.lately[product],
            before.active[members[rows]],
        ],
        axis=1,
    )
    followed_by = _among(followed, members[rows] * len(before.history.asins) + product)
    possible = np.isfinite(open_to[rows, columns])
    return features[possible], followed_by[possible]


def _fit(parts: list[tuple[Floats, NDArray[np.bool_]]], usual: Floats) -> Floats:
    """Logistic regression, ridge on the standardised weights; `usual` where there is too little or it does not end."""
    if not parts or sum(int(answers.sum()) for _, answers in parts) < FEWEST_TO_LEARN:
        return usual
    features = np.concatenate([features for features, _ in parts])
    answers = np.concatenate([answers for _, answers in parts]).astype(np.float64)
    centre, spread = features.mean(axis=0), features.std(axis=0)
    told = spread > 1e-9
    design = np.ones((len(features), int(told.sum()) + 1))
    design[:, :-1] = (features[:, told] - centre[told]) / spread[told]
    weights = np.zeros(design.shape[1])
    share = answers.mean()
    weights[-1] = np.log(share / (1 - share)) if 0 < share < 1 else 0.0
    ridge = np.ones(design.shape[1])
    ridge[-1] = 0.0
    for _ in range(12):
        chance = 1 / (1 + np.exp(-np.clip(design @ weights, -30, 30)))
        slope = design.T @ (answers - chance) - ridge * weights
        curve = (design * (chance * (1 - chance))[:, None]).T @ design + np.diag(ridge + 1e-9)
        step = np.linalg.solve(curve, slope)
        weights += step
        if np.abs(step).max() < 1e-4:
            break
    fitted = np.zeros(len(usual))
    fitted[:-1][told] = weights[:-1] / spread[told]
    fitted[-1] = weights[-1] - fitted[:-1] @ centre
    return fitted if np.isfinite(fitted).all() and np.abs(weights).max() < 50 else usual


def _at(likeness: NDArray[np.float32], place: Numbers, column: Numbers) -> Floats:
    found = np.full(len(place), np.log(_LEAST_LIKENESS))
    in_it = column >= 0
    found[in_it] = _log(likeness[place[in_it], column[in_it]])
    return found


def _log(likeness: NDArray[np.float32]) -> NDArray[np.float32]:
    logs: NDArray[np.float32] = np.log(np.maximum(likeness, 0) + np.float32(_LEAST_LIKENESS))
    return logs


def _standing(likeness: NDArray[np.float32]) -> NDArray[np.float32]:
    """[members, columns]: beside the member's own best."""
    products = likeness.shape[1]
    if not products:
        return likeness
    best = min(_STANDING_OF, 1 + products // 20)
    bound = np.partition(likeness, -best, axis=1)[:, -best].astype(np.float32)
    standing: NDArray[np.float32] = np.clip(likeness / np.maximum(bound, np.float32(_LEAST_LIKENESS))[:, None], 0, 5)
    return standing


def _interest(past: Past, pairs: Numbers) -> Floats:
    column = past.column_of[past.redeemed.product[pairs]]
    found = np.zeros(len(pairs))
    in_it = column >= 0
    if past.interest.nnz and in_it.any():
        found[in_it] = np.asarray(past.interest[past.redeemed.member[pairs][in_it], column[in_it]]).ravel()
    return found


def _category(past: Past, members: Numbers) -> NDArray[np.float32]:
    of_columns = past.history.category[past.columns]
    affinity: NDArray[np.float32] = past.by_category[members].toarray()
    return affinity[:, np.where(of_columns >= 0, of_columns, affinity.shape[1] - 1)]


def _among(sorted_values: Numbers, values: Numbers) -> NDArray[np.bool_]:
    if not len(sorted_values):
        return np.zeros(len(values), np.bool_)
    at = np.minimum(np.searchsorted(sorted_values, values), len(sorted_values) - 1)
    return np.asarray(sorted_values[at] == values)
