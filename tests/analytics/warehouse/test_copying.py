"""A file that is not as agreed is refused, with the column and what it should have been; nothing of it comes in."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest

from analytics.warehouse import statements
from analytics.warehouse.engine import StatementFailed
from tests.analytics.warehouse.lake import Lake


def refused(lake: Lake, table: str, url: str) -> str:
    """The words of a load that failed; nothing of it is there."""
    with pytest.raises(StatementFailed) as failed:
        lake.warehouse.run(statements.load(table, url, 1))
    assert lake.rows("SELECT COUNT(*) FROM loyalty.load_log") == [(0,)]
    assert lake.rows(f"SELECT COUNT(*) FROM staging.{table}") == [(0,)]
    return failed.value.message


def written(lake: Lake, table: str, batch: int = 1) -> Path:
    return lake.folder / "bronze" / table / f"batch={batch}"


@pytest.mark.parametrize(
    ("column", "kind", "value"),
    [
        ("points", "VARCHAR", "ten"),
        ("points", "INTEGER", 1),
        ("occurred_at", "VARCHAR", "now"),
        ("program_id", "BIGINT", 1),
    ],
)
def test_a_column_of_another_type(lake: Lake, column: str, kind: str, value: object) -> None:
    url = lake.write("accrual", [{column: value}], 1, {column: kind})
    told = refused(lake, "accrual", url)
    assert f"incompatible Parquet schema for column accrual.{column}" in told
    assert kind in told


def test_times_with_a_zone_are_taken_as_utc(lake: Lake) -> None:
    url = lake.write("accrual", [{"occurred_at": "2026-03-01 12:00:00+00"}], 1, {"occurred_at": "TIMESTAMPTZ"})
    lake.warehouse.run(statements.load("accrual", url, 1))
    assert lake.rows("SELECT CAST(occurred_at AS VARCHAR) FROM loyalty.fact_accrual") == [("2026-03-01 12:00:00",)]


def test_a_text_that_is_too_long_counted_in_bytes(lake: Lake) -> None:
    url = lake.write("accrual", [{"partner": "ä" * 50}, {"op_id": "b", "partner": "ä" * 51}], 1)
    told = refused(lake, "accrual", url)
    assert "data column partner is longer" in told
    assert "Table: 100, data: 102" in told


def test_a_null_where_none_may_be(lake: Lake) -> None:
    url = lake.write("accrual", [{"points": None}], 1)
    assert "NOT NULL constraint failed: accrual.points" in refused(lake, "accrual", url)


def test_a_column_more_or_fewer(lake: Lake) -> None:
    url = lake.write("accrual", [{}], 1)
    path = written(lake, "accrual") / "part-00000.parquet"
    with duckdb.connect() as duck:
        duck.execute(f"create table t as select *, 1 as more from read_parquet('{path}', hive_partitioning = false)")
        duck.execute(f"copy t to '{path}' (format parquet)")
    manifest = written(lake, "accrual") / "manifest.json"
    manifest.write_text(json.dumps({"entries": [{"url": f"file://{path}"}]}))
    assert "Table columns: 9, data columns: 10" in refused(lake, "accrual", url)


def test_the_second_of_two_files_spoils_the_first(lake: Lake) -> None:
    url = lake.write("accrual", [{}], 1)
    folder = written(lake, "accrual")
    (folder / "part-00001.parquet").write_bytes(b"PAR1 and nothing more PAR1")
    parts = [{"url": f"file://{folder / name}"} for name in ("part-00000.parquet", "part-00001.parquet")]
    (folder / "manifest.json").write_text(json.dumps({"entries": parts}))
    assert "is not a Parquet file" in refused(lake, "accrual", url)


def test_a_file_that_is_shorter_than_promised(lake: Lake) -> None:
    url = lake.write("accrual", [{}], 1)
    path = written(lake, "accrual") / "part-00000.parquet"
    size = path.stat().st_size
    path.write_bytes(path.read_bytes()[:-1])
    assert f"the manifest promises {size} bytes, the object has {size - 1}" in refused(lake, "accrual", url)


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"entries": [{}]}', '{"entries": 3}', '{"entries": [{"url": 1'])
def test_what_is_no_manifest(lake: Lake, content: str) -> None:
    url = lake.write("accrual", [{}], 1)
    (written(lake, "accrual") / "manifest.json").write_text(content)
    assert "not a manifest" in refused(lake, "accrual", url)


def test_an_empty_batch_comes_in(lake: Lake) -> None:
    lake.load("accrual")
    assert lake.rows("SELECT rows FROM loyalty.load_log") == [(0,)]


def test_a_copy_in_another_form_is_not_guessed(lake: Lake) -> None:
    for sql in (
        "COPY loyalty.dim_date FROM 's3://lake/x' IAM_ROLE default FORMAT AS CSV",
        "COPY loyalty.nowhere FROM 'file:///x' IAM_ROLE default FORMAT AS PARQUET MANIFEST",
    ):
        with pytest.raises(StatementFailed):
            lake.warehouse.run([sql])
