"""A night's analysis: lines that the loader takes, finite whatever comes in, and how good earlier forecasts were."""

from __future__ import annotations

import gzip
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]
import pytest

from containers.forecast import analysing
from containers.forecast.analysing import analyse, by_day
from containers.forecast.answering import QUANTILES
from containers.forecast.bundles import Bundle
from containers.forecast.ending import Unusable
from containers.forecast.health import health
from containers.forecast.lines import NotFinite, encoded, write
from containers.forecast.places import Places
from containers.forecast.tables import SCHEMAS, Plan
from tests.containers.forecast import nights
from tests.containers.forecast.nights import AS_OF, PLAN

FIRST_ON = AS_OF - timedelta(days=6)


def _line(asin: str, mean: float, history: list[float | None], spread: float = 0.0) -> dict[str, Any]:
    """A forecast by day of a week ago."""
    told = {name: [max(0.0, mean + spread * (level - 0.5))] * 28 for name, level in QUANTILES.items()}
    return {
        "program_id": 1, "asin": asin, "period": "day", "first_on": FIRST_ON.isoformat(), "mean": [mean] * 28, **told,
        "history_from": (FIRST_ON - timedelta(days=len(history))).isoformat(), "history": history, "basis": "model",
    }  # fmt: skip


def _asked(asin: str, units: list[float]) -> pa.Table:
    """Units of the days up to the last whole one."""
    first = AS_OF - timedelta(days=len(units) - 1)
    rows = [
        {"program_id": 1, "asin": asin, "day": first + timedelta(days=number), "units": one}
        for number, one in enumerate(units)
    ]
    return nights.rows("demand", rows)


def _night(demand: pa.Table) -> Bundle:
    return Bundle(Plan.of(PLAN), demand, nights.products(["A"]), SCHEMAS["availability"].empty_table())


def test_a_forecast_that_was_right_is_told_so_and_one_that_was_not_has_drifted() -> None:
    tonight = _night(_asked("A", [5.0] * 7))
    good = health(tonight, [_line("A", 5.0, [0.0, 9.0] * 14)])
    assert (good["wql_lately"], good["coverage80_lately"], good["drifted"]) == (0.0, 1.0, False)
    assert good["wql_naive_lately"] > 0
    assert good["days_lately"] == 7
    bad = health(tonight, [_line("A", 50.0, [5.0] * 28)])
    assert (bad["wql_naive_lately"], bad["coverage80_lately"], bad["drifted"]) == (0.0, 0.0, True)


def test_days_on_which_it_could_not_be_had_tell_nothing() -> None:
    out = nights.availability("A", ((FIRST_ON + timedelta(days=3)).isoformat(), "out_of_stock"))
    tonight = _night(_asked("A", [10.0, 10.0, 10.0, 0.0, 0.0, 0.0, 0.0]))
    told = health(Bundle(tonight.plan, tonight.demand, tonight.products, out), [_line("A", 10.0, [10.0] * 28)])
    assert told["wql_lately"] == 0.0


@pytest.mark.parametrize("earlier", [[], [_line("A", 5.0, []) | {"first_on": AS_OF.isoformat()}]])
def test_too_little_to_compare_is_no_number(earlier: list[dict[str, Any]]) -> None:
    told = health(_night(_asked("A", [5.0])), earlier)
    assert told == {"wql_lately": None, "wql_naive_lately": None, "coverage80_lately": None, "drifted": False}


def test_a_night_is_analysed_to_lines_of_every_kind(tmp_path: Path) -> None:
    places = Places(tmp_path)
    asins = ["A", "B", "C"]
    interactions = [
        {"program_id": 1, "member_key": key, "asin": asin, "day": AS_OF - timedelta(days=back), "kind": "redeemed"}
        | {"weight": 1.0}
        for key in ("m1", "m2", "m3", "m4")
        for asin, back in (("A", 40), ("B", 9), ("A", 2))
    ]
    nights.write(
        places.processing("in"),
        demand=nights.demand(asins),
        products=nights.products(asins),
        availability=nights.availability("A", ("2026-09-01T00:00:00", "available"), ("2026-11-20T00:00:00", "gone")),
        interactions=nights.rows("interactions", interactions),
        consents=nights.rows("consents", [{"program_id": 1, "member_key": "m1"}]),
    )
    places.processing("forecast").mkdir()
    (places.processing("forecast") / "part-00000.zip.out").write_bytes(encoded(_line("A", 2.0, [1.0])))
    analyse(places)
    out = places.processing("out")
    found = {folder.name: _lines(folder) for folder in out.iterdir() if folder.name != "health"}
    assert {line["member_key"] for line in found["members"]} == {"m1"}
    assert {line["asin"] for line in found["trends"]} == set(asins)
    (outlook,) = found["outlooks"]
    assert (outlook["asin"], outlook["is_out"], outlook["cause"]) == ("A", True, "gone")
    # At most all who want it in 14 days.
    assert 0 < outlook["members_disappointed"] <= 28
    assert found["similar"]
    assert [line["place"] for line in found["trending"]] == list(range(1, len(found["trending"]) + 1))
    told = json.loads((out / "health" / "health.json").read_text())
    assert (told["series"], told["products"], told["members"], told["outlooks"]) == (1, 3, 1, 1)


def test_an_empty_night_is_analysed_to_nothing(tmp_path: Path) -> None:
    places = Places(tmp_path)
    nights.write(places.processing("in"))
    analyse(places)
    assert [path.name for path in places.processing("out").rglob("*") if path.is_file()] == ["health.json"]


def test_a_forecast_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.out").write_text('{"period": "day"}\n')
    with pytest.raises(Unusable, match=r"a\.out is no transform's output"):
        list(by_day(tmp_path))


def test_what_is_not_finite_does_not_leave() -> None:
    with pytest.raises(NotFinite, match="score"):
        encoded({"asin": "A", "score": float("nan")})
    with pytest.raises(NotFinite, match="scores"):
        encoded({"asin": "A", "scores": [1.0, float("inf")]})


def test_lines_are_split_into_files_that_are_not_too_large(tmp_path: Path) -> None:
    assert write(tmp_path, ({"number": number} for number in range(100)), most_bytes=200) == 100
    files = sorted(tmp_path.iterdir())
    assert len(files) > 1
    assert all(len(gzip.decompress(path.read_bytes())) <= 200 for path in files)
    assert [line["number"] for line in _lines(tmp_path)] == list(range(100))


def _lines(folder: Path) -> list[dict[str, Any]]:
    return [
        json.loads(line)
        for path in sorted(folder.glob("*.jsonl.gz"))
        for line in gzip.decompress(path.read_bytes()).splitlines()
    ]


def test_what_a_programme_keeps_itself_has_a_reorder_point_and_nothing_else_has() -> None:
    asins = ["B000000001", "B000000002"]
    kept = {"own_stock": [{"program_id": 1, "asin": asins[0], "lead_days": 7, "service_percent": 95}]}
    told = pa.concat_tables([nights.availability(asin, ("2026-10-20 06:00:00", "available")) for asin in asins])
    night = Bundle(Plan.of({**PLAN, **kept}), nights.demand(asins, 120), nights.products(asins), told)
    first, second = analysing._outlooks(night, {(1, asin): [2.0] * 14 for asin in asins})
    assert first.evidence["lead_time_demand"] == 14
    assert first.evidence["reorder_point"] >= 14
    assert "reorder_point" not in second.evidence
