"""UNLOAD writes a query's rows as Parquet, in several files, and refuses what Redshift refuses."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from analytics.warehouse.engine import StatementFailed, Warehouse

ROLE = "'arn:aws:iam::000000000000:role/warehouse'"
QUERY = "select program_id, asin, units from loyalty.asked where asin <> ''none''"


@pytest.fixture(scope="module")
def warehouse() -> Warehouse:
    warehouse = Warehouse()
    warehouse.run(
        [
            "CREATE SCHEMA loyalty",
            "CREATE TABLE loyalty.asked (program_id INTEGER, asin VARCHAR(10), units BIGINT)",
            "INSERT INTO loyalty.asked VALUES (1, 'A', 3), (1, 'B', 4), (2, 'A', 5), (2, 'none', 6)",
        ]
    )
    return warehouse


def _rows(folder: Path) -> list[tuple[object, ...]]:
    files = sorted(str(path) for path in folder.rglob("*.parquet"))
    return duckdb.connect().execute("from read_parquet(?, hive_partitioning = false) order by all", [files]).fetchall()


def test_rows_come_in_several_files_that_are_all_of_them(warehouse: Warehouse, tmp_path: Path) -> None:
    (outcome,) = warehouse.run([f"UNLOAD ('{QUERY}') TO 'file://{tmp_path}/in/' IAM_ROLE {ROLE} FORMAT AS PARQUET"])
    assert outcome.count == 3
    assert outcome.columns is None
    names = sorted(path.name for path in (tmp_path / "in").iterdir())
    assert names == ["0000_part_00.parquet", "0001_part_00.parquet"]
    assert _rows(tmp_path) == [(1, "A", 3), (1, "B", 4), (2, "A", 5)]


def test_one_after_the_other_it_is_one_file(warehouse: Warehouse, tmp_path: Path) -> None:
    warehouse.run([f"unload ($${QUERY.replace("''", "'")}$$) to 'file://{tmp_path}/x' iam_role default format parquet"
                   " parallel off maxfilesize 5 mb"])  # fmt: skip
    assert [path.name for path in tmp_path.iterdir()] == ["x000.parquet"]
    assert len(_rows(tmp_path)) == 3


def test_partitions_are_folders_and_their_columns_are_left_out_unless_included(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    for name, more in (("without", ""), ("with", " INCLUDE")):
        warehouse.run([f"UNLOAD ('{QUERY}') TO 'file://{tmp_path}/{name}/' IAM_ROLE DEFAULT FORMAT PARQUET"
                       f" PARTITION BY (program_id){more}"])  # fmt: skip
    assert sorted(path.name for path in (tmp_path / "without").iterdir()) == ["program_id=1", "program_id=2"]
    assert _rows(tmp_path / "without" / "program_id=2") == [("A", 5)]
    assert _rows(tmp_path / "with" / "program_id=2") == [(2, "A", 5)]


def test_nothing_is_overwritten_unless_it_is_allowed(warehouse: Warehouse, tmp_path: Path) -> None:
    unload = f"UNLOAD ('{QUERY}') TO 'file://{tmp_path}/in/' IAM_ROLE DEFAULT FORMAT PARQUET"
    warehouse.run([unload])
    with pytest.raises(StatementFailed, match="is not empty"):
        warehouse.run([unload])
    warehouse.run([f"{unload} ALLOWOVERWRITE"])
    warehouse.run([f"UNLOAD ('select 1 as one') TO 'file://{tmp_path}/in/' IAM_ROLE DEFAULT FORMAT PARQUET CLEANPATH"])
    assert _rows(tmp_path) == [(1,)]


def test_no_rows_are_no_files_and_sums_stay_exact(warehouse: Warehouse, tmp_path: Path) -> None:
    nothing = "select asin from loyalty.asked where units > 100"
    warehouse.run([f"UNLOAD ('{nothing}') TO 'file://{tmp_path}/a/' IAM_ROLE DEFAULT FORMAT PARQUET"])
    assert not (tmp_path / "a").exists()
    total = "select sum(units) as units from loyalty.asked"
    warehouse.run([f"UNLOAD ('{total}') TO 'file://{tmp_path}/b/' IAM_ROLE DEFAULT FORMAT PARQUET"])
    ((found,),) = _rows(tmp_path / "b")
    assert not isinstance(found, float)


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("UNLOAD ('select 1 as a') TO 's3://lake/x' IAM_ROLE 'somebody' FORMAT PARQUET", "Invalid IAM role"),
        ("UNLOAD ('select 1 as a') TO 's3://lake/x' FORMAT PARQUET", "syntax error"),
        ("UNLOAD ('select 1 as a') TO '/tmp/x' IAM_ROLE DEFAULT FORMAT PARQUET", "not valid"),
        ("UNLOAD ('select 1 as a') TO 's3://lake/x' IAM_ROLE DEFAULT", "only FORMAT AS PARQUET"),
        ("UNLOAD ('select 1 as a') TO 's3://lake/x' IAM_ROLE DEFAULT FORMAT CSV", "not understood here: FORMAT CSV"),
        ("UNLOAD ('select 1 as a limit 3') TO 's3://lake/x' IAM_ROLE DEFAULT FORMAT PARQUET", "LIMIT clause"),
        ("UNLOAD ('delete from loyalty.asked') TO 's3://lake/x' IAM_ROLE DEFAULT FORMAT PARQUET", "takes a query"),
        ("UNLOAD ('select 1 as a') TO 's3://lake/x' IAM_ROLE DEFAULT FORMAT PARQUET MAXFILESIZE 1 MB", "between 5 MB"),
        ("UNLOAD ('select 1 as a') TO 's3://lake/x' IAM_ROLE DEFAULT FORMAT PARQUET FORMAT PARQUET", "redundant"),
        (
            "UNLOAD ('select 1 as a') TO 's3://lake/x' IAM_ROLE DEFAULT FORMAT PARQUET ALLOWOVERWRITE CLEANPATH",
            "mutually exclusive",
        ),
        ("UNLOAD ('select 1 as a') TO 'file:///x/' IAM_ROLE DEFAULT FORMAT PARQUET PARTITION BY (a)", "all columns"),
        (
            "UNLOAD ('select 1 as a') TO 'file:///x/' IAM_ROLE DEFAULT FORMAT PARQUET PARTITION BY (b)",
            "not in the query",
        ),
    ],
)
def test_what_redshift_does_not_take_is_refused_with_its_reason(
    warehouse: Warehouse, statement: str, words: str
) -> None:
    with pytest.raises(StatementFailed, match=words):
        warehouse.run([statement])
