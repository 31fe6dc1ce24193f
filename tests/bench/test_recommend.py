"""The bench of recommendations counts what it says it counts."""

from __future__ import annotations

import datetime

import numpy as np
import pyarrow as pa
import pytest
from scipy import sparse

from bench.recommend.grocery import Task
from bench.recommend.measuring import TOP, interval, measure

ITEMS = 30


def _task(bought: dict[int, list[int]], had: dict[int, list[int]]) -> Task:
    members = max(*bought, *had) + 1
    marks = [np.zeros((members, ITEMS), bool) for _ in range(2)]
    for mark, of in zip(marks, (bought, had), strict=True):
        for member, items in of.items():
            mark[member, items] = True
    none = np.zeros(0, np.int64)
    empty = pa.table({})
    return Task(
        *(empty, empty, empty, datetime.date(2017, 11, 30)),
        *([str(n) for n in range(members)], [str(n) for n in range(ITEMS)]),
        *(none, none, none.astype(float), sparse.csr_matrix(marks[0].astype("f4")), marks[1]),
    )


def _in_order(members: int) -> np.ndarray:
    return np.tile(-np.arange(ITEMS, dtype=np.float32), (members, 1))


def test_first_and_third_of_two_wanted() -> None:
    measured = measure(_task({0: [0, 2]}, {0: []}), _in_order(1), only_new=False)
    assert measured.ndcg == pytest.approx([(1 + 1 / np.log2(4)) / (1 + 1 / np.log2(3))])
    assert measured.recall == pytest.approx([1.0])
    assert measured.coverage == TOP / ITEMS


def test_members_who_bought_nothing_are_not_counted_and_others_may_be_missed() -> None:
    measured = measure(_task({0: [25], 1: []}, {0: [], 1: []}), _in_order(2), only_new=False)
    assert measured.ndcg.tolist() == [0.0]


def test_only_new_leaves_out_what_was_had_from_both_sides() -> None:
    task = _task({0: [0, 1], 1: [0]}, {0: [0], 1: [0]})
    measured = measure(task, _in_order(2), only_new=True)
    # 1 stands first once 0 is left out; the other member bought nothing new.
    assert measured.ndcg == pytest.approx([1.0])


def test_what_is_not_listed_is_no_hit() -> None:
    scores = np.full((1, ITEMS), -np.inf, np.float32)
    scores[0, 7] = 1
    measured = measure(_task({0: [3, 7]}, {0: []}), scores, only_new=False)
    assert measured.recall == pytest.approx([0.5])
    assert measured.coverage == 1 / ITEMS


def test_ranges_hold_the_mean() -> None:
    values = np.random.default_rng(1).random(500)
    low, high = interval(values)
    assert low < values.mean() < high
    assert high - low == pytest.approx(2 * 1.96 * values.std() / 500**0.5, rel=0.2)
