"""The Glue job, run by plain Spark here, writes the rows that DuckDB writes. Needs `make spark`."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import duckdb
import pytest

from analytics.export.target import Folder
from tests.analytics.export.lake import CONTRACTS, Lake, columns
from tests.conftest import REPOSITORY
from tests.domain.people import somebody
from tests.waiting import others_end

PYTHON = REPOSITORY / "build" / "spark" / "bin" / "python"
JAR = Path("/usr/share/java/postgresql.jar")
pytestmark = [
    pytest.mark.large,
    pytest.mark.skipif(not (PYTHON.exists() and JAR.exists()), reason="Spark is not here: make spark"),
]


def run(lake: Lake, folder: Path) -> dict[str, dict[str, Any]]:
    """The job's own words, by table."""
    url = f"jdbc:postgresql://127.0.0.1:{lake.database.port}/{lake.database.name}"
    given = ["--lake", str(folder), "--url", url, "--user", "lake_reader", "--jar", str(JAR)]
    others_end(lake.owner)
    done = subprocess.run(
        [str(PYTHON), "-m", "analytics.export.job", *given], cwd=REPOSITORY, capture_output=True, text=True, timeout=900
    )
    assert done.stdout, done.stderr[-3000:]
    return {one["table"]: one for one in json.loads(done.stdout.splitlines()[-1])}


def test_spark_and_duckdb_write_the_same_rows(lake: Lake, tmp_path: Path) -> None:
    bought = lake.bought()
    lake.wish(bought.member_id, "B0TOWELS00")
    lake.look(bought.member_id, "B0TOWELS00")
    lake.consent(bought.member_id, "email", True)
    mirror = Lake(lake.database, tmp_path / "spark", lake.world)
    mirror.target = Folder(mirror.folder)
    for time in ("all", "what is new", "nothing"):
        told = run(mirror, mirror.folder)
        ours = lake.export()
        assert [one["problems"] for one in told.values()] == [[]] * len(CONTRACTS)
        for table, contract in CONTRACTS.items():
            theirs = told[table]
            assert (theirs["status"], theirs["rows"]) == (ours[table].status, ours[table].rows), (time, table)
            assert mirror.rows(table) == lake.rows(table) == lake.source(table), (time, table)
            sums = [one.batch(table)["meta"]["sums"] for one in (mirror, lake)]
            assert sums[0] == sums[1]
            file = mirror.batch(table)["entries"][0]["url"].removeprefix("file://")
            with duckdb.connect() as reader:
                found = reader.sql(
                    f"describe select * from read_parquet('{file}', hive_partitioning = false)"
                ).fetchall()
            assert [(row[0], row[1]) for row in found] == columns(contract)
        if time == "all":
            somebody(lake.owner)
            lake.world.give_back(bought.redemption_id, 1, "case:2", 1)
            lake.owner.execute("delete from wishes.wish")
            lake.look(bought.member_id, "B0LAMP0000")
