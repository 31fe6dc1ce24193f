"""What staff page through is read by the planner whole, and adds up however little past there is."""

from __future__ import annotations

from loyalty.demand import loading, showing
from loyalty.demand.showing import Wanted
from tests.conftest import TestDatabase
from tests.domain.demand import nights


def test_no_function_is_called_for_each_product_of_a_list(database: TestDatabase) -> None:
    with database.owner() as owner:
        for query in ("demand.weekly(1, 'lamp', 'home')", "demand.named(1, 'B0NIGHT001', 'lamp', null)"):
            rows = owner.execute(f"explain verbose select * from {query}".encode()).fetchall()
            told = "\n".join(str(next(iter(row.values()))) for row in rows)
            assert "Function Scan" not in told
            assert "demand.four_weeks" not in told


def test_the_four_weeks_before_are_those_in_which_it_could_be_had(fresh_database: TestDatabase) -> None:
    past: dict[int, list[float | None]] = {
        1: [],
        2: [None],
        3: [None, 3.0],
        4: [9.0, 1.0, None, 2.0, 3.0],
        5: [1.0, 1.0, 1.0, 1.0],
    }
    with nights.begun(fresh_database, "first") as loader:
        told = [nights.forecast(one, one, period="week", history=history) for one, history in past.items()]
        nights.keep(loader, "first", "forecast", *told)
        loading.show(loader, 1, "first", {})
    with fresh_database.connect("demand_desk") as desk:
        rows = showing.expected(desk, 1, Wanted(skip=1, most=3), "units")
        assert [(row["asin"], row["before"], row["found"]) for row in rows] == [
            (nights.asin(4), 8.0, 5),
            (nights.asin(3), 12.0, 5),
            (nights.asin(2), None, 5),
        ]
        assert [row["weeks"] for row in rows] == [[float(one)] * 13 for one in (4, 3, 2)]
        by_growth = showing.expected(desk, 1, Wanted(), "growth")
        assert [row["asin"] for row in by_growth] == [nights.asin(one) for one in (5, 4, 1, 2, 3)]
