"""The stand-in unloads to the bucket, and parameters do not reach into the quoted query."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from tests.simulators.buckets import buckets
from tests.simulators.redshift.running import RedshiftStandIn, redshift_stand_in

UNLOAD = "UNLOAD ('{}') TO 's3://lake/insight/run=one/in/demand/' IAM_ROLE DEFAULT FORMAT AS PARQUET {}"


@pytest.fixture(scope="module")
def stand_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedshiftStandIn]:
    objects: dict[str, bytes] = {}
    with pytest.MonkeyPatch.context() as patch, buckets(objects) as address:
        patch.setenv("AWS_ENDPOINT_URL", address)
        patch.delenv("AWS_ENDPOINT_URL_S3", raising=False)
        with redshift_stand_in(tmp_path_factory.mktemp("redshift"), objects) as running:
            yield running


def test_an_unload_is_parquet_in_the_bucket_and_no_result_set(stand_in: RedshiftStandIn, tmp_path: Path) -> None:
    answer = stand_in.ran(UNLOAD.format("select 1 as program_id, ''A'' as asin union all select 2, ''B''", ""))
    assert answer["Status"] == "FINISHED", answer
    assert not answer["HasResultSet"]
    files = sorted(stand_in.objects)
    assert files == [f"lake/insight/run=one/in/demand/{number:04}_part_00.parquet" for number in (0, 1)]
    rows = []
    for key in files:
        (tmp_path / "one.parquet").write_bytes(io.BytesIO(stand_in.objects[key]).getvalue())
        rows += duckdb.connect().execute("from read_parquet(?)", [str(tmp_path / "one.parquet")]).fetchall()
    assert sorted(rows) == [(1, "A"), (2, "B")]
    again = stand_in.ran(UNLOAD.format("select 1 as one", ""))
    assert again["Status"] == "FAILED"
    assert "is not empty" in again["Error"]
    assert stand_in.ran(UNLOAD.format("select 1 as one", "CLEANPATH"))["Status"] == "FINISHED"
    assert len(stand_in.objects) == 1
