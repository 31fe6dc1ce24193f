"""Whatever the lake holds, the engine answers: fewer lists, never a crash, never a nan."""

from __future__ import annotations

import datetime
import math

import numpy as np
import pyarrow as pa
import pytest

from loyalty.night_tables import UnreadableTable
from loyalty.recommendations.engine import Trained, train
from tests.domain.recommendations.engine.tables import AS_OF, consents, interactions, products


def _all_is_well(trained: Trained, *keys: str) -> dict[str, tuple[str, ...]]:
    told = {}
    for scores in trained.members(consents(*keys)):
        assert len(scores.asins) == len(scores.scores) == len(scores.because) == len(set(scores.asins)) > 0
        assert all(math.isfinite(score) and 0 <= score <= 1 for score in scores.scores)
        told[scores.member_key] = scores.asins
    for similar in trained.similar():
        assert all(math.isfinite(score) and score >= 0 for score in similar.scores)
        assert similar.asin not in similar.others
    for trending in trained.trending():
        assert math.isfinite(trending.score)
        assert trending.score > 0
    return told


def test_nothing_at_all() -> None:
    empty = train(pa.table({}), pa.table({}), AS_OF)
    assert _all_is_well(empty, "m") == {}
    assert list(empty.members(pa.table({}))) == []


def test_a_catalogue_that_nobody_touched_and_interactions_without_a_catalogue() -> None:
    assert _all_is_well(train(interactions(), products("A", "B", category="c"), AS_OF), "m") == {}
    assert _all_is_well(train(interactions(("m", "A", 3)), pa.table({}), AS_OF), "m") == {}


def test_one_product_and_one_member() -> None:
    assert _all_is_well(train(interactions(("m", "A", 3)), products("A"), AS_OF), "m") == {"m": ("A",)}
    many = interactions(*((f"m{n}", "A", n) for n in range(20)))
    assert _all_is_well(train(many, products("A"), AS_OF), "m3") == {"m3": ("A",)}


def test_weights_that_cannot_be_count_for_nothing() -> None:
    wrong = [("m", "A", 3, "redeemed", weight) for weight in (0.0, -5.0, math.nan, math.inf)]
    trained = train(interactions(*wrong, ("n", "B", 3)), products("A", "B"), AS_OF)
    assert _all_is_well(trained, "m", "n") == {"n": ("B",)}
    assert [each.asin for each in trained.trending()] == ["B"]


def test_an_absurd_weight_does_not_drown_the_others() -> None:
    events = [(f"m{n}", asin, 5) for n in range(8) for asin in ("A", "B")]
    events += [(f"k{n}", asin, 5) for n in range(8) for asin in ("C", "D")]
    absurd = [("robot", asin, 5, "redeemed", 1e300) for asin in ("A", "D")]
    similar = {each.asin: each for each in train(interactions(*events, *absurd), products(*"ABCD"), AS_OF).similar()}
    assert similar["A"].others[0] == "B"


def test_days_ahead_are_not_known_yet_and_very_old_ones_say_nothing() -> None:
    trained = train(interactions(("m", "A", -1), ("m", "B", 10_000), ("m", "C", 0)), products(*"ABC"), AS_OF)
    assert _all_is_well(trained, "m") == {"m": ("C",)}


def test_what_is_there_twice_counts_once() -> None:
    once = [(f"m{n}", asin, 5 + n) for n in range(6) for asin in ("A", "B")]
    first, second = (train(interactions(*events), products("A", "B"), AS_OF) for events in (once, once * 3))
    assert list(first.trending()) == list(second.trending())
    assert list(first.members(consents("m1"))) == list(second.members(consents("m1")))


def test_missing_cells_and_unknown_kinds_are_left_out() -> None:
    table = interactions(("m", "A", 1), ("m", "B", 1, "bought"), ("m", "", 1), ("", "A", 1))
    holes = pa.table(
        {
            name: pa.concat_arrays([table[name].combine_chunks(), pa.nulls(1, table[name].type)])
            for name in table.column_names
        }
    )
    assert _all_is_well(train(holes, products("A", "B"), AS_OF), "m", "") == {"m": ("A",)}


def test_the_order_of_rows_means_nothing() -> None:
    events = [(f"m{n}", asin, (n * 7) % 90) for n in range(30) for asin in "ABCDEF"[n % 3 : n % 3 + 3]]
    one, other = (train(interactions(*rows), products(*"ABCDEF"), AS_OF) for rows in (events, events[::-1]))
    for mine, theirs in zip(
        sorted(one.members(consents("m1", "m2")), key=str),
        sorted(other.members(consents("m1", "m2")), key=str),
        strict=True,
    ):
        assert mine.asins == theirs.asins
        assert mine.scores == pytest.approx(theirs.scores, abs=1e-5)


def test_a_table_without_a_column_is_refused_by_name() -> None:
    with pytest.raises(UnreadableTable, match="interactions: there is no column weight"):
        train(interactions(("m", "A", 1)).drop_columns(["weight"]), products("A"), AS_OF)
    with pytest.raises(UnreadableTable, match="products: column first_seen_on"):
        train(
            interactions(("m", "A", 1)),
            pa.table({"program_id": [1], "asin": ["A"], "category": ["c"], "first_seen_on": ["never"]}),
            AS_OF,
        )


def test_times_of_day_and_other_types_are_read_as_they_are_meant() -> None:
    table = interactions(("m", "A", 1)).set_column(
        3, "day", pa.array([datetime.datetime(2026, 10, 30, 23, 59, tzinfo=datetime.UTC)])
    )
    assert _all_is_well(train(table, products("A"), AS_OF), "m") == {"m": ("A",)}


def test_products_that_always_go_together_have_one_solution() -> None:
    bundle = [(f"m{n}", asin, 1) for n in range(400) for asin in "ABCDEFGH"]
    _all_is_well(train(interactions(*bundle), products(*"ABCDEFGH"), AS_OF), "m1")


def test_no_member_decides_alone_what_goes_together() -> None:
    alone = interactions(*(("m", asin, 1) for asin in "ABC"))
    assert list(train(alone, products(*"ABC"), AS_OF).similar()) == []


def test_a_million_products_need_no_square_of_them() -> None:
    size = 1_000_000
    asins = np.char.add("B", np.arange(size).astype("U7"))
    catalogue = pa.table(
        {
            "program_id": np.ones(size, np.int64),
            "asin": pa.array(asins),
            "category": pa.array([f"c{n}" for n in range(200)]).take(pa.array(np.arange(size) % 200)),
            "first_seen_on": pa.array([AS_OF - datetime.timedelta(days=400)]).take(pa.array(np.zeros(size, np.int64))),
        }
    )
    random = np.random.default_rng(1)
    member, product = random.integers(0, 300, 20_000), (random.pareto(0.6, 20_000) * 20).astype(np.int64) % size
    events = pa.table(
        {
            "program_id": np.ones(20_000, np.int64),
            "member_key": pa.array([f"m{n}" for n in member]),
            "asin": pa.array(asins[product]),
            "day": pa.array([AS_OF] * 20_000),
            "kind": pa.array(["redeemed"] * 20_000),
            "weight": np.ones(20_000),
        }
    )
    # A square of them would be four terabytes.
    trained = train(events, catalogue, AS_OF)
    (scores,) = trained.members(consents("m1"))
    assert len(scores.asins) == 200
    assert len([None for _, _ in zip(range(500), trained.similar(), strict=False)]) == 500
    assert len(list(trained.trending())) == 200
