"""Interactions and products as the warehouse unloads them, made into numbers: a `History` for each programme."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]
from numpy.typing import NDArray

from loyalty import night_tables

# What an interaction of weight 1 says, beside a redemption. By judgement: no public data has all three.
STRENGTH = {"redeemed": 1.0, "wished": 0.7, "looked": 0.15}
# One line is never more than so many of them, whatever it claims: a mistake would drown all others.
MOST_WEIGHT = 5.0
# Whoever touched more products than this counts with the latest: a scripted client must not decide what is alike.
MOST_PAIRS_A_MEMBER = 1_000
# Older than three years says nothing any more.
MOST_AGE_DAYS = 3 * 365

INTERACTIONS = {
    "program_id": pa.int64(),
    "member_key": pa.string(),
    "asin": pa.string(),
    "day": pa.date32(),
    "kind": pa.string(),
    "weight": pa.float64(),
}
PRODUCTS = {
    "program_id": pa.int64(),
    "asin": pa.string(),
    "category": pa.string(),
    "first_seen_on": pa.date32(),
}


@dataclass(frozen=True, slots=True)
class History:
    """One programme's. Events are arrays of one length, by member, then product; both are numbers into `asins`, `keys`.

    `age`: whole days before the last known day, 0 to 3 years. `weight`: > 0, of redemptions; interest counts less.
    """

    program_id: int
    asins: NDArray[np.object_]
    # Is in the catalogue; what vanished from it still tells about taste, and is never shown.
    offered: NDArray[np.bool_]
    # Number of its category, -1: none.
    category: NDArray[np.int64]
    # Days since it was first seen; what nobody knows has always been there.
    days_known: NDArray[np.float64]
    keys: NDArray[np.object_]
    member: NDArray[np.int64]
    product: NDArray[np.int64]
    age: NDArray[np.float64]
    weight: NDArray[np.float64]
    redeemed: NDArray[np.bool_]


def histories(interactions: pa.Table, products: pa.Table, as_of: datetime.date) -> Iterator[History]:
    """One for each programme that has products or interactions, by number; `as_of` is the last whole day.

    What cannot be (no member, no product, no or a future day, a weight that is not above 0) is left out; the same
    member, product, day and kind count once. Raises UnreadableTable for a table that cannot be read at all.
    """
    lines = _known(night_tables.typed(interactions, INTERACTIONS, "interactions"), as_of)
    catalogue = night_tables.typed(products, PRODUCTS, "products")
    catalogue = catalogue.filter(pc.and_(pc.is_valid(catalogue["program_id"]), _named(catalogue["asin"])))
    programmes = set(pc.unique(lines["program_id"]).to_pylist()) | set(pc.unique(catalogue["program_id"]).to_pylist())
    for program_id in sorted(programmes):
        yield _history(
            program_id,
            lines.filter(pc.equal(lines["program_id"], program_id)),
            catalogue.filter(pc.equal(catalogue["program_id"], program_id)),
            as_of,
        )


def _history(program_id: int, lines: pa.Table, catalogue: pa.Table, as_of: datetime.date) -> History:
    catalogue_asins = catalogue["asin"].combine_chunks()
    asins = pc.unique(pa.chunked_array([*catalogue["asin"].chunks, *lines["asin"].chunks], type=pa.string()))
    first = pc.index_in(asins, value_set=catalogue_asins).to_numpy(zero_copy_only=False)
    offered = ~np.isnan(first.astype(np.float64))
    row = np.where(offered, first, 0).astype(np.int64)
    category = np.full(len(asins), -1, np.int64)
    days_known = np.full(len(asins), np.inf)
    if len(catalogue):
        categories = catalogue["category"].combine_chunks().dictionary_encode()
        number = categories.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
        category = np.where(offered, number[row], -1)
        seen = night_tables.days(catalogue["first_seen_on"])
        days_known = np.where(offered, np.maximum(night_tables.number(as_of) - seen[row], 0), np.inf)
        days_known[np.isnan(days_known)] = np.inf
    members = lines["member_key"].combine_chunks().dictionary_encode()
    kind = pc.index_in(lines["kind"], value_set=pa.array(list(STRENGTH))).to_numpy().astype(np.int64)
    strength = np.array(list(STRENGTH.values()))[kind]
    history = History(
        program_id=program_id,
        asins=np.array(asins.to_pylist(), dtype=object),
        offered=offered,
        category=category,
        days_known=days_known,
        keys=np.array(members.dictionary.to_pylist(), dtype=object),
        member=members.indices.to_numpy(zero_copy_only=False).astype(np.int64),
        product=pc.index_in(lines["asin"], value_set=asins).to_numpy().astype(np.int64),
        age=night_tables.number(as_of) - night_tables.days(lines["day"]),
        weight=strength * np.minimum(lines["weight"].to_numpy(), MOST_WEIGHT),
        redeemed=kind == list(STRENGTH).index("redeemed"),
    )
    return _bounded(_once(history))


def chosen(history: History, which: NDArray[np.bool_] | NDArray[np.int64]) -> History:
    """The same programme with these events only."""
    return History(
        history.program_id,
        history.asins,
        history.offered,
        history.category,
        history.days_known,
        history.keys,
        history.member[which],
        history.product[which],
        history.age[which],
        history.weight[which],
        history.redeemed[which],
    )


def runs(sorted_values: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where each value begins, and for each element the number of its value."""
    first = np.ones(len(sorted_values), np.bool_)
    first[1:] = sorted_values[1:] != sorted_values[:-1]
    return np.flatnonzero(first), np.cumsum(first) - 1


def _once(history: History) -> History:
    """The same member, product, day and kind once, with the largest weight: exports repeat, clients repeat."""
    by_weight = np.lexsort((-history.weight, history.redeemed, history.age, history.product, history.member))
    ordered = chosen(history, by_weight)
    first = np.ones(len(by_weight), np.bool_)
    first[1:] = (
        (ordered.member[1:] != ordered.member[:-1])
        | (ordered.product[1:] != ordered.product[:-1])
        | (ordered.age[1:] != ordered.age[:-1])
        | (ordered.redeemed[1:] != ordered.redeemed[:-1])
    )
    return chosen(ordered, first)


def _bounded(history: History) -> History:
    """At most so many products a member, those touched last; and nothing older than what still tells."""
    history = chosen(history, history.age <= MOST_AGE_DAYS)
    if not len(history.member):
        return history
    starts, of_event = runs(history.member * len(history.asins) + history.product)
    last = np.minimum.reduceat(history.age, starts)
    member, pairs = history.member[starts], len(starts)
    by_age = np.lexsort((last, member))
    firsts, of_pair = runs(member[by_age])
    place = np.arange(pairs) - firsts[of_pair]
    kept = np.empty(pairs, np.bool_)
    kept[by_age] = place < MOST_PAIRS_A_MEMBER
    return chosen(history, kept[of_event])


def _known(lines: pa.Table, as_of: datetime.date) -> pa.Table:
    weight = lines["weight"]
    right = pc.and_(pc.is_finite(weight), pc.greater(weight, 0.0))
    right = pc.and_(right, pc.less_equal(lines["day"], pa.scalar(as_of, pa.date32())))
    right = pc.and_(right, pc.is_in(lines["kind"], value_set=pa.array(list(STRENGTH))))
    right = pc.and_(right, pc.is_valid(lines["program_id"]))
    right = pc.and_(right, pc.and_(_named(lines["asin"]), _named(lines["member_key"])))
    # Null where something to compare is missing: left out as well.
    return lines.filter(right)


def _named(text: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.and_(pc.is_valid(text), pc.greater(pc.fill_null(pc.utf8_length(text), 0), 0))
