"""The panel's objects: tables as they were unloaded, split so that each fits a request."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]
import pytest

from containers.forecast import tables
from containers.forecast.bundles import Bundle, split, together
from containers.forecast.ending import Unusable
from containers.forecast.places import Places
from containers.forecast.preparing import prepare
from tests.containers.forecast import nights
from tests.containers.forecast.nights import AS_OF, PLAN

NOON = datetime.fromisoformat("2026-11-01T12:00:00")


def _bundle(**given: pa.Table) -> Bundle:
    empty = {name: tables.SCHEMAS[name].empty_table() for name in ("demand", "products", "availability")}
    return Bundle(tables.Plan.of(PLAN), **{**empty, **given})


def _asins(bundle: Bundle) -> set[str]:
    return {asin for table in (bundle.demand, bundle.products) for asin in table["asin"].to_pylist()}


def test_what_the_warehouse_writes_otherwise_is_read_in_the_agreed_types(tmp_path: Path) -> None:
    given = pa.table(
        {
            "at": pa.array([NOON], pa.timestamp("ns")),
            "program_id": pa.array([1], pa.int64()),
            "asin": ["A"],
            "state": ["gone"],
            "quantity": pa.array([None], pa.int32()),
            "delivery_days": pa.array([3], pa.int16()),
            "price_minor": pa.array([None], pa.int64()),
        }
    )
    nights.write(tmp_path, availability=given)
    found = tables.table(tmp_path, "availability")
    assert found.schema == tables.SCHEMAS["availability"]
    assert found["at"].to_pylist() == [NOON]


def test_a_table_without_files_is_empty_and_rows_about_nothing_are_left_out(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [{"program_id": 1, "asin": asin, "day": AS_OF} for asin in ("A", None)]
    rows += [{"program_id": None, "asin": "B", "day": AS_OF}, {"program_id": 1, "asin": "C"}]
    nights.write(tmp_path, demand=nights.rows("demand", rows))
    assert tables.table(tmp_path, "demand")["asin"].to_pylist() == ["A"]
    assert tables.table(tmp_path, "consents").num_rows == 0


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"units": ["many"]}, "demand/0000_part_00.parquet: the column units"),
        ({"units": None}, "the column units is missing"),
    ],
)
def test_a_column_that_is_missing_or_of_another_kind_is_named(
    tmp_path: Path, changed: dict[str, Any], words: str
) -> None:
    given = nights.demand(["A"], 1).to_pydict() | changed
    nights.write(tmp_path, demand=pa.table({name: values for name, values in given.items() if values is not None}))
    with pytest.raises(Unusable, match=words):
        tables.table(tmp_path, "demand")


def test_a_file_that_is_no_parquet_is_named(tmp_path: Path) -> None:
    (tmp_path / "demand").mkdir()
    (tmp_path / "demand" / "x.parquet").write_bytes(b"asin,units")
    with pytest.raises(Unusable, match=r"demand/x\.parquet is no Parquet file"):
        tables.table(tmp_path, "demand")


@pytest.mark.parametrize(
    "changed",
    [
        {"as_of": "yesterday"},
        {"run": "../one"},
        {"slow_days": {"one": 1}},
        {"slow_days": 3},
        {"run": ""},
        {"own_stock": [{"asin": "A"}]},
        {"own_stock": 1},
        {"own_stock": [{"program_id": 1, "asin": "A", "lead_days": 0, "service_percent": 95}]},
    ],
)
def test_a_plan_that_is_none_is_refused(tmp_path: Path, changed: dict[str, Any]) -> None:
    nights.write(tmp_path, {**PLAN, **changed})
    with pytest.raises(Unusable, match=r"plan\.json"):
        tables.plan(tmp_path)


def test_objects_hold_every_product_once_whole_and_no_two_programmes() -> None:
    asins = [f"A{number:02}" for number in range(20)]
    demand = pa.concat_tables([nights.demand(asins, 60), nights.demand(asins, 60, program=2)])
    whole = _bundle(demand=demand, products=nights.products([*asins, "NEW"]))
    parts = list(split(whole, most_rows=400))
    assert len(parts) > 2
    assert all(part.rows <= 400 for part in parts)
    assert all(len(set(part.demand["program_id"].to_pylist())) == 1 for part in parts)
    again = together(parts)
    order = [("program_id", "ascending"), ("asin", "ascending"), ("day", "ascending")]
    assert again.demand.sort_by(order) == whole.demand.sort_by(order)
    of_one = [_asins(part) for part in parts if part.demand["program_id"][0].as_py() == 1]
    assert sum(map(len, of_one)) == 21


def test_a_category_stays_together_where_it_fits() -> None:
    first, second = [f"A{number}" for number in range(5)], [f"B{number}" for number in range(5)]
    garden = nights.demand(second, 40)
    garden = garden.set_column(
        garden.schema.get_field_index("category"), "category", pa.array(["garden"] * len(garden))
    )
    parts = list(split(_bundle(demand=pa.concat_tables([nights.demand(first, 40), garden])), most_rows=450))
    assert sorted(sorted(_asins(part)) for part in parts) == [first, second]


def test_an_object_is_read_as_it_was_packed_and_anything_else_is_refused() -> None:
    bundle = _bundle(
        demand=nights.demand(["A"]), availability=nights.availability("A", ("2026-11-01T12:00:00", "gone"))
    )
    again = Bundle.unpacked(bundle.packed())
    assert (again.plan, again.demand, again.availability) == (bundle.plan, bundle.demand, bundle.availability)
    for body in (b"", b"no zip", _zipped({"plan.json": b"{}"}), _zipped({"plan.json": json.dumps(PLAN).encode()})):
        with pytest.raises(Unusable):
            Bundle.unpacked(body)
    with pytest.raises(Unusable, match="different days"):
        together([bundle, Bundle.unpacked(_bundle_of_another_day())])


def _bundle_of_another_day() -> bytes:
    empty = [tables.SCHEMAS[name].empty_table() for name in ("demand", "products", "availability")]
    return Bundle(tables.Plan.of({**PLAN, "as_of": "2026-01-01"}), *empty).packed()


def _zipped(parts: dict[str, bytes]) -> bytes:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        for name, body in parts.items():
            archive.writestr(name, body)
    return whole.getvalue()


def test_preparing_a_night_without_products_leaves_an_object_nevertheless(tmp_path: Path) -> None:
    places = Places(tmp_path)
    nights.write(places.processing("in"))
    prepare(places)
    (only,) = places.processing("panel").iterdir()
    assert Bundle.unpacked(only.read_bytes()).rows == 0
