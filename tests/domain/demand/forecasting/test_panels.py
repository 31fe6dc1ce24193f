"""A table becomes a panel, or says which column or row is none."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from loyalty.demand.forecasting import InvalidPanel, demand, panels
from tests.domain.demand.forecasting import made


def _table(times: list[object], y: list[float | None], ids: list[str] | None = None, **more: object) -> pa.Table:
    return pa.table({"unique_id": ids or ["a"] * len(times), "time": times, "y": pa.array(y, pa.float64()), **more})


def test_the_length_of_a_period_is_found() -> None:
    day = date(2026, 1, 1)
    for step, apart in (("day", 1), ("week", 7), ("month", 31), ("quarter", 92), ("year", 366)):
        times = [day + timedelta(days=apart * number) for number in range(4)]
        if step in ("month", "quarter", "year"):
            times = [one.replace(day=1) for one in times]
        assert panels.read(_table(list(times), [1, 2, 3, 4])).step == step
    hours = [datetime(2026, 1, 1) + timedelta(hours=number) for number in range(5)]  # noqa: DTZ001
    assert panels.read(_table(list(hours), [1, 2, 3, 4, 0])).step == "hour"
    assert panels.read(_table([10, 20, 30], [1, 2, 3])).y.tolist() == [[1, 2, 3]]


def test_several_rows_of_a_period_add_up() -> None:
    assert panels.read(_table([date(2026, 1, 1), date(2026, 1, 1), date(2026, 1, 2)], [1, 2, 0])).y.tolist() == [[3, 0]]


def test_a_gap_is_nought_only_where_no_row_says_nought() -> None:
    days = [date(2026, 1, 1), date(2026, 1, 2), date(2026, 1, 4)]
    assert panels.read(_table(list(days), [1, 2, 3])).y.tolist() == [[1, 2, 0, 3]]
    assert np.isnan(panels.read(_table(list(days), [1, 0, 3])).y[0, 2])


def test_rows_after_the_last_number_tell_what_is_known_ahead() -> None:
    days = [date(2026, 1, number) for number in (1, 2, 3)]
    panel = panels.read(_table(list(days), [1, 2, None], price=[1.0, 2.0, 3.0], colour=["red", "red", None]))
    assert (panel.periods, panel.ahead, panel.known_names, panel.static_names) == (2, 1, ("price",), ("colour",))
    assert panel.known[0, :, 0].tolist() == [1, 2, 3]


def test_what_cannot_be_is_not_known() -> None:
    panel = panels.read(_table([1, 2, 3, 4], [float("inf"), float("nan"), 1e300, 2.0]))
    assert np.isnan(panel.y[0, :3]).all()
    once = panels.read(_table([1, 2, 3, 4], [3.0, 2.0, 1e11, 2.0]))
    assert np.isnan(once.y[0, 2])
    assert once.kind == "count"


def test_a_table_that_is_no_panel_says_where() -> None:
    day = date(2026, 1, 1)
    for table, word in (
        (pa.table({"unique_id": ["a"], "y": [1.0]}), "column time"),
        (pa.table({"time": [day], "y": [1.0]}), "column unique_id"),
        (_table([day], [1.0]).slice(0, 0), "no row"),
        (_table([day, None], [1.0, 2.0]), "row 1"),
        (_table([day, day], [1.0, 2.0], ["a", None]), "row 1"),  # type: ignore[list-item]
        (_table([day], [None]), "column y"),
        (pa.table({"unique_id": ["a"], "time": [day], "y": ["much"]}), "column y"),
        (pa.table({"unique_id": ["a"], "time": ["someday"], "y": [1.0]}), "column time"),
        (_table([0, 1, 10**15], [1.0, 2.0, 3.0]), "too many"),
    ):
        with pytest.raises(InvalidPanel, match=word):
            panels.read(table)


def test_a_week_is_seven_days_that_end_with_the_last() -> None:
    panel = panels.read(made.daily(2, 24))
    week = panel.by_week()
    assert (week.periods, week.ahead, week.first) == (3, 2, np.datetime64(made.LAST) - np.timedelta64(20, "D"))
    assert week.y[:, -1].tolist() == panel.y[:, -7:].sum(axis=1).tolist()


def test_demand_is_filled_from_the_day_a_product_was_first_seen() -> None:
    rows = [(1, "A", made.LAST - timedelta(days=9), 2.0), (1, "B", made.LAST - timedelta(days=2), 1.0)]
    seen = pa.concat_tables([made.products("A"), made.products("B", seen=made.LAST - timedelta(days=4))])
    more = (1, "B", made.LAST - timedelta(days=2), 3.0)
    panel = panels.of_demand(made.demand([*rows, rows[1], more]), seen, None, made.LAST)
    assert panel.unique_ids == ("1/A", "1/B")
    assert panel.y[0].tolist() == [2, 0, 0, 0, 0, 0, 0, 0, 0, 0]
    assert np.isnan(panel.y[1, :5]).all()
    assert panel.y[1, 5:].tolist() == [0, 0, 4, 0, 0]


def test_absurd_units_are_not_known_and_days_to_come_tell_only_what_is_planned() -> None:
    day = made.LAST - timedelta(days=3)
    rows = [
        (1, "A", day, 1.0), (1, "A", day + timedelta(days=1), -5.0), (1, "A", day + timedelta(days=2), 1e9),
        (1, "A", made.LAST + timedelta(days=1), 50.0), (1, "A", date(2099, 1, 1), 7.0),
        (1, "A", date(1970, 1, 1), None),
    ]  # fmt: skip
    panel = panels.of_demand(made.demand(rows, campaign=[0, 0, 0, 0.2, 9, 0]), made.products("A"), None, made.LAST)
    assert np.isnan(panel.y[0, -3:-1]).all()
    assert np.nansum(panel.y) == 1
    assert panel.known[0, panel.periods, 0] == pytest.approx(0.2)


def test_days_on_which_a_product_could_not_be_had_are_not_known() -> None:
    rows = [(1, "A", made.LAST - timedelta(days=9), 2.0)]
    at = datetime.combine(made.LAST - timedelta(days=5), datetime.min.time())
    availability = pa.table(
        {
            "program_id": pa.array([1, 1, 1], pa.int32()),
            "asin": ["A", "A", "unheard of"],
            "at": [at, at + timedelta(days=2, hours=3), at],
            "state": ["out_of_stock", "available", "gone"],
        }
    )
    panel = panels.of_demand(made.demand(rows), made.products("A"), availability, made.LAST)
    assert np.flatnonzero(panel.censored[0]).tolist() == [4, 5]
    assert np.isnan(panel.y[0, 4:6]).all()


def test_no_demand_at_all_is_a_panel_of_noughts() -> None:
    panel = panels.of_demand(made.demand([]), made.products("A", "B"), None, made.LAST)
    assert panel.unique_ids == ("1/A", "1/B")
    assert np.nansum(panel.y) == 0


def test_of_too_many_products_those_asked_for_most_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demand, "MOST_SERIES", 2)
    rows = [(1, asin, made.LAST, units) for asin, units in (("A", 1.0), ("B", 9.0), ("C", 0.0))]
    seen = pa.concat_tables([made.products("A", "B", "C", "D"), made.products("E", seen=made.LAST)])
    assert panels.of_demand(made.demand(rows), seen, None, made.LAST).unique_ids == ("1/A", "1/B")
    assert panels.of_demand(made.demand(rows[1:2]), seen, None, made.LAST).unique_ids == ("1/B", "1/E")


@pytest.mark.large
def test_a_million_products_are_a_panel_of_those_asked_for_most() -> None:
    rng = np.random.default_rng(1)
    asins = [f"P{one:07d}" for one in range(1_000_000)]
    rows = 200_000
    of = rng.integers(0, 50_000, rows)
    asked = pa.table(
        {
            "program_id": pa.array(np.ones(rows), pa.int32()),
            "asin": pa.array([asins[one] for one in of]),
            "day": pa.array(np.datetime64(made.LAST) - rng.integers(0, 500, rows)),
            "units": rng.integers(1, 4, rows).astype(float),
        }
    )
    panel = panels.of_demand(asked, made.products(*asins), None, made.LAST)
    assert panel.y.shape == (demand.MOST_SERIES, demand.FEWEST_DAYS)
    assert np.nansum(panel.y) > 0
