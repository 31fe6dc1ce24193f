"""What cannot be had soon, from what was told of the shelf; whatever is told, an answer and never a NaN."""

from __future__ import annotations

import json
import math
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from loyalty.demand import stocked
from loyalty.demand.outlook import AHEAD, InvalidAvailability, Outlook, Reorder, outlooks

AS_OF = date(2026, 11, 22)
END = datetime(2026, 11, 23, tzinfo=UTC)
LAMP = "B0LAMP0000"
SCHEMA = pa.schema(
    [
        ("program_id", pa.int32()), ("asin", pa.string()), ("at", pa.timestamp("us")), ("state", pa.string()),
        ("quantity", pa.int64()), ("delivery_days", pa.int32()), ("price_minor", pa.int64()),
    ]
)  # fmt: skip


def row(days_ago: float, state: str = "available", asin: str = LAMP, **more: Any) -> dict[str, Any]:
    at = (END - timedelta(days=days_ago)).replace(tzinfo=None)
    return {"program_id": 1, "asin": asin, "at": at, "state": state, "quantity": None, "delivery_days": None,
            "price_minor": 500, **more}  # fmt: skip


def table(*rows: dict[str, Any]) -> pa.Table:
    return pa.Table.from_pylist(list(rows), schema=SCHEMA)


def sound(found: list[Outlook]) -> list[Outlook]:
    """As demand.outlook takes them."""
    for one in found:
        numbers = [one.probability, one.members_disappointed, *one.by_day, *one.evidence.values()]
        assert all(math.isfinite(number) for number in numbers)
        assert 0 <= min(one.by_day) <= max(one.by_day) <= one.probability + 1e-4 <= 1.0002
        assert len(one.by_day) == AHEAD
        assert one.members_disappointed >= 0
        assert one.back_from is None or one.first_on <= one.back_from <= (one.back_until or date.max)
        json.dumps(one.line(), allow_nan=False)
    return found


def one_of(*rows: dict[str, Any], demand: Any = (), slow: dict[int, int] | None = None) -> Outlook:
    (found,) = sound(outlooks(table(*rows), {(1, LAMP): demand}, AS_OF, slow or {}))
    return found


def many(seed: int = 1, products: int = 30, days: int = 170) -> list[dict[str, Any]]:
    """Shelves that are filled every second Sunday, next in a week, and emptied by a unit or two a day."""
    rng = np.random.default_rng(seed)
    rows = []
    for product in range(products):
        left = 20
        for ago in range(days, 0, -1):
            if ago % 14 == 8:
                left = int(rng.integers(8, 30))
            rows.append(row(ago - 0.2, "available" if left else "out_of_stock", f"B{product:09d}", quantity=left))
            left = max(0, left - int(rng.poisson(1.6)))
    return rows


@pytest.fixture(scope="module")
def learned() -> list[Outlook]:
    return sound(outlooks(table(*many()), {}, AS_OF, {1: 10}))


def test_what_is_nearly_empty_is_likelier_to_be_out_than_what_is_full(learned: list[Outlook]) -> None:
    by_stock = sorted((one for one in learned if not one.is_out), key=lambda one: one.evidence["quantity"])
    few, plenty = by_stock[:4], by_stock[-4:]
    assert min(one.probability for one in few) > max(one.probability for one in plenty)
    assert np.mean([one.probability for one in few]) > 0.6


def test_what_is_out_is_back_when_shelves_are_filled(learned: list[Outlook]) -> None:
    # On the seventh day, at five in the morning.
    out = np.array([one.by_day for one in learned if one.is_out])
    assert len(out) > 3
    assert out[:, :6].mean() > 0.8
    assert out[:, 6:9].mean() < 0.2
    for one in learned:
        if one.is_out:
            assert one.back_from is not None
            assert one.back_until is None or one.back_until >= date(2026, 11, 29)


def test_members_who_go_without_are_chances_times_demand() -> None:
    rows = [row(90), row(1, "out_of_stock")]
    demand = [2.0] * AHEAD
    found = one_of(*rows, demand=demand)
    assert found.is_out
    assert found.cause == "out_of_stock"
    assert found.probability > 0.5
    assert found.members_disappointed == pytest.approx(2 * sum(found.by_day), rel=1e-3)
    assert one_of(*rows).members_disappointed == 0
    assert one_of(*rows, demand=[math.nan, -5, math.inf, 3.0]).members_disappointed == pytest.approx(
        3 * found.by_day[3], rel=1e-2
    )


def test_little_history_leaves_a_careful_guess() -> None:
    fresh, often = one_of(row(1)), one_of(*[row(100 - n, ("available", "out_of_stock")[n % 2]) for n in range(99)])
    assert 0.001 < fresh.probability < 0.1
    assert often.probability > 0.5
    assert fresh.evidence == {"outages_90_days": 0.0}
    assert often.evidence["median_outage_days"] == 1.0


@pytest.mark.parametrize("state", ["slow", "below_floor", "gone", "out_of_stock"])
def test_the_cause_is_what_it_is_now(state: str) -> None:
    found = one_of(row(30), row(2, state))
    assert (found.is_out, found.cause) == (True, state)
    if state == "gone":
        assert (found.back_from, found.back_until) == (None, None)


def test_slow_is_what_the_programme_calls_slow_now() -> None:
    rows = [row(30, "available", delivery_days=12)]
    assert one_of(*rows, slow={1: 14}).is_out is False
    assert one_of(*rows, slow={1: 10}).cause == "slow"
    assert one_of(row(30, "slow", delivery_days=12), slow={1: 14}).is_out is False
    # Out of stock stays that, whatever is promised.
    assert one_of(row(30, "out_of_stock", delivery_days=1), slow={1: 14}).cause == "out_of_stock"


def test_what_is_told_of_own_stock_is_in_the_evidence() -> None:
    found = outlooks(table(row(9, quantity=4)), {}, AS_OF, {}, own_stock={(1, LAMP): Reorder(3.5, 7.0)})
    assert found[0].evidence == {
        "quantity": 4.0, "outages_90_days": 0.0, "lead_time_demand": 3.5, "reorder_point": 7.0,
    }  # fmt: skip


def test_nothing_is_nothing() -> None:
    assert outlooks(table(), {}, AS_OF, {}) == []
    assert outlooks(table(row(-3), row(-0.001)), {(1, LAMP): [1.0] * 14}, AS_OF, {}) == []


def test_programmes_are_kept_apart() -> None:
    found = sound(outlooks(table(row(9), {**row(9, "gone"), "program_id": 2}), {}, AS_OF, {}))
    assert [(one.program_id, one.is_out) for one in found] == [(1, False), (2, True)]


@pytest.mark.parametrize(
    "bad",
    [
        {"program_id": None},
        {"program_id": -1},
        {"asin": None},
        {"at": None},
        {"at": datetime(1900, 1, 1, tzinfo=UTC)},
        {"at": datetime(9999, 1, 1, tzinfo=UTC)},
        {"state": None},
        {"state": "sold"},
    ],
)
def test_a_row_that_says_nothing_usable_is_left_out(bad: dict[str, Any]) -> None:
    rows = table(row(9), {**row(2, "gone"), **bad})
    assert stocked.changes(rows, AS_OF, {}).left_out == 1
    assert one_of(row(9), {**row(2, "gone"), **bad}).is_out is False


@pytest.mark.parametrize("quantity", [-1, -(10**18), 10**18])
def test_an_absurd_quantity_is_unknown(quantity: int) -> None:
    assert "quantity" not in one_of(row(9, quantity=5), row(2, quantity=quantity)).evidence


def test_duplicates_and_order_mean_nothing() -> None:
    rows = many(products=4, days=80)
    shuffled = [rows[place] for place in np.random.default_rng(0).permutation(len(rows))]
    whole = outlooks(table(*rows), {}, AS_OF, {})
    assert outlooks(table(*shuffled, *rows), {}, AS_OF, {}) == whole


def test_of_two_rows_at_one_instant_the_worst_counts() -> None:
    for states in (("gone", "available"), ("available", "gone")):
        assert one_of(*[row(3, state) for state in states]).cause == "gone"


def test_of_a_thousand_rows_in_a_second_the_last_counts() -> None:
    rows = [row(1 + (1000 - n) / 10**8, ("available", "gone")[n % 2]) for n in range(1000)]
    assert one_of(*rows).cause == "gone"


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("at", pa.array(["yesterday"])),
        ("state", pa.array([1])),
        ("quantity", pa.array(["many"])),
        ("program_id", pa.array([1.5])),
        ("asin", None),
    ],
)
def test_a_table_that_is_another_is_refused_by_the_column(column: str, value: Any) -> None:
    place = SCHEMA.get_field_index(column)
    rows = table(row(1))
    changed = rows.drop_columns(column) if value is None else rows.set_column(place, column, value)
    with pytest.raises(InvalidAvailability, match=f"column {column}"):
        outlooks(changed, {}, AS_OF, {})


def test_what_was_never_out_and_what_always_was() -> None:
    rows = [row(160, state, f"B{n:09d}") for n in range(30) for state in [("available", "out_of_stock")[n % 2]]]
    found = sound(outlooks(table(*rows), {}, AS_OF, {}))
    assert max(one.probability for one in found if not one.is_out) < 0.1
    assert min(one.probability for one in found if one.is_out) > 0.9


@pytest.mark.large
def test_a_hundred_thousand_products_pass_through() -> None:
    count = 100_000
    rows = pa.table({
        "program_id": np.ones(count, np.int64), "asin": [f"B{n:09d}" for n in range(count)],
        "at": pa.array(np.full(count, np.datetime64("2026-11-01T00:00", "us"))), "state": ["available"] * count,
        "quantity": pa.array([None] * count, pa.int64()), "delivery_days": pa.array([2] * count, pa.int64()),
    })  # fmt: skip
    assert len(outlooks(rows, {}, AS_OF, {})) == count
