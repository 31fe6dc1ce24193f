"""What is known at the end of a day: of pairs of a member and a product, of each product, of each member.

The same is made four weeks earlier to see what followed (`chance.py`), and now to say what will.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from loyalty.recommendations.engine.interactions import History, chosen, runs
from loyalty.recommendations.engine.likeness import MOST_PRODUCTS, likeness

# A product that fewer touched would tell what one person redeemed; nothing is learned from it but for its own members.
FEWEST_MEMBERS = 3
# All days and the ridge were chosen on November of Complete Journey; the month that is reported is December.
TASTE_DAYS, LATELY_DAYS, ACTIVE_DAYS, INTEREST_DAYS, CATEGORY_DAYS = 400.0, 7.0, 30.0, 30.0, 150.0

type Floats = NDArray[np.float64]
type Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Redeemed:
    """Pairs of a member and a product that was redeemed, by member and product; arrays of one length."""

    member: Numbers
    product: Numbers
    times: Floats
    # Times, the older the less.
    in_60_days: Floats
    in_150_days: Floats
    # Days since the last, and the usual days between two (0: it was one).
    last: Floats
    between: Floats


@dataclass(frozen=True, slots=True)
class Past:
    """`columns`: products that something is learned of, the numbers by which `B` and the matrices name them."""

    history: History
    columns: Numbers
    # Column of each product, -1: none.
    column_of: Numbers
    redeemed: Redeemed
    # [members, columns]: taste, and interest that was not yet followed.
    taste: sparse.csr_matrix
    interest: sparse.csr_matrix
    # [members, categories]
    by_category: sparse.csr_matrix
    likeness: NDArray[np.float32]
    # Of each product: logs of the share of members who have it, of its pace lately, of the share that come back.
    reach: Floats
    lately: Floats
    repeated: Floats
    # Of each member: log of redemptions lately.
    active: Floats


def past(history: History) -> Past:
    """All of it; takes what EASE takes."""
    members, products = len(history.keys), len(history.asins)
    only = chosen(history, history.redeemed)
    redeemed = _redeemed(only, products)
    touched, _ = runs(history.member * products + history.product)
    reached = np.bincount(history.product[touched], minlength=products).astype(np.float64)
    had = np.bincount(redeemed.product, minlength=products)
    again = np.bincount(redeemed.product[redeemed.times > 1], minlength=products)
    columns = _columns(reached)
    column_of = np.full(products, -1, np.int64)
    column_of[columns] = np.arange(len(columns))
    wanted = chosen(history, ~history.redeemed)
    taste = _log(_matrix(history, _decayed(history, TASTE_DAYS), column_of, len(columns)))
    pace = np.bincount(only.product, weights=np.exp(-only.age / LATELY_DAYS), minlength=products)
    return Past(
        history=history,
        columns=columns,
        column_of=column_of,
        redeemed=redeemed,
        taste=taste,
        interest=_log(_matrix(wanted, _decayed(wanted, INTEREST_DAYS), column_of, len(columns))),
        by_category=_by_category(history),
        likeness=likeness(taste),
        reach=np.log((reached + 1) / (members + 2)),
        lately=np.log((pace + 0.5) / (members + 2)),
        repeated=np.log((again + 3) / (had + 10)),
        active=np.log1p(np.bincount(only.member, weights=np.exp(-only.age / ACTIVE_DAYS), minlength=members)),
    )


def _redeemed(only: History, products: int) -> Redeemed:
    starts, of_event = runs(only.member * products + only.product)
    n = len(starts)
    times = np.bincount(of_event, minlength=n).astype(np.float64)
    last = np.minimum.reduceat(only.age, starts) if n else np.zeros(0)
    first = np.maximum.reduceat(only.age, starts) if n else np.zeros(0)
    return Redeemed(
        member=only.member[starts],
        product=only.product[starts],
        times=times,
        in_60_days=np.bincount(of_event, weights=np.exp(-only.age / 60), minlength=n),
        in_150_days=np.bincount(of_event, weights=np.exp(-only.age / 150), minlength=n),
        last=last,
        between=np.where(times > 1, (first - last) / np.maximum(times - 1, 1), 0.0),
    )


def _columns(reached: Floats) -> Numbers:
    enough = np.flatnonzero(reached >= FEWEST_MEMBERS)
    if len(enough) > MOST_PRODUCTS:
        enough = np.sort(enough[np.argsort(-reached[enough], kind="stable")[:MOST_PRODUCTS]])
    return enough.astype(np.int64)


def _decayed(history: History, days: float) -> Floats:
    return history.weight * np.exp(-history.age / days)


def _matrix(history: History, values: Floats, column_of: Numbers, columns: int) -> sparse.csr_matrix:
    """[members, columns], float32; what falls on one cell is added up."""
    column = column_of[history.product]
    in_it = column >= 0
    return sparse.csr_matrix(
        (values[in_it].astype(np.float32), (history.member[in_it], column[in_it])),
        shape=(len(history.keys), columns),
    )


def _log(matrix: sparse.csr_matrix) -> sparse.csr_matrix:
    matrix.data = np.log1p(matrix.data)
    return matrix


def _by_category(history: History) -> sparse.csr_matrix:
    """[members, categories + 1]; the last is of products without one, and empty."""
    category = history.category[history.product]
    known = category >= 0
    values = _decayed(history, CATEGORY_DAYS)[known].astype(np.float32)
    shape = (len(history.keys), int(history.category.max(initial=-1)) + 2)
    return _log(sparse.csr_matrix((values, (history.member[known], category[known])), shape=shape))
