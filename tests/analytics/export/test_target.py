"""A lake in a bucket and one in a folder behave alike: objects are there whole or not, a state is written by one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from analytics.export.target import Bucket, Folder, Target, target


@pytest.fixture(params=["folder", "bucket"])
def lake(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Target]:
    if request.param == "folder":
        yield Folder(tmp_path)
        return
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket="lake")
        yield Bucket(client, "lake", "loyalty/")


def test_a_state_is_written_by_who_read_the_last_one(lake: Target) -> None:
    assert lake.read("state/a.json") is None
    assert lake.write_if("state/a.json", b"1", None)
    assert not lake.write_if("state/a.json", b"2", None)
    found = lake.read("state/a.json")
    assert found is not None
    assert lake.write_if("state/a.json", b"3", found[1])
    assert not lake.write_if("state/a.json", b"4", found[1])
    after = lake.read("state/a.json")
    assert after is not None
    assert after[0] == b"3"


def test_files_are_named_counted_and_removed_by_key(lake: Target, tmp_path: Path) -> None:
    part = tmp_path / "made.parquet"
    part.write_bytes(b"12345")
    lake.upload("bronze/a/batch=1/part-00000.parquet", part)
    lake.write("bronze/a/batch=1/manifest.json", b"{}")
    lake.write("bronze/b/batch=1/manifest.json", b"{}")
    assert lake.sizes("bronze/a/batch=1/") == {
        "bronze/a/batch=1/manifest.json": 2,
        "bronze/a/batch=1/part-00000.parquet": 5,
    }
    lake.remove(["bronze/a/batch=1/manifest.json"])
    assert list(lake.sizes("bronze/a/")) == ["bronze/a/batch=1/part-00000.parquet"]
    assert lake.url("x/y").endswith("/x/y")
    assert lake.url("") == lake.url("x/y").removesuffix("x/y")


def test_an_address_says_which_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    assert target(f"file://{tmp_path}").url("k") == f"file://{tmp_path}/k"
    assert target("s3://lake/loyalty/").url("k") == "s3://lake/loyalty/k"
    assert target("s3://lake").url("k") == "s3://lake/k"
