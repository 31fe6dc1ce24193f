"""Files in the bucket: either kind of event, a report for each, and another run when time is short."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from moto import mock_aws

from lambdas import importer
from loyalty.points import accrual_file
from tests.domain.people import Somebody
from tests.lambdas.conftest import Doors

BUCKET = "imports"
NOW = datetime.now(UTC).isoformat()


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name, value in (
        ("AWS_DEFAULT_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "t"),
        ("AWS_SECRET_ACCESS_KEY", "t"),
    ):
        monkeypatch.setenv(name, value)
    with mock_aws():
        importer._s3.cache_clear()
        s3 = boto3.client("s3")
        s3.create_bucket(Bucket=BUCKET)
        yield s3
        importer._s3.cache_clear()


def notification(key: str) -> dict[str, Any]:
    return {"Records": [{"s3": {"bucket": {"name": BUCKET}, "object": {"key": key.replace(" ", "+")}}}]}


def object_created(key: str) -> dict[str, Any]:
    return {"detail-type": "Object Created", "detail": {"bucket": {"name": BUCKET}, "object": {"key": key}}}


def purchases(member: Somebody, baskets: int, lines: int = 2) -> bytes:
    """A file of so many baskets, a dollar a line."""
    rows = [b"basket_id,member_number,occurred_at,category,spend_minor,currency"]
    for _ in range(baskets):
        row = f"{uuid.uuid4()},{member.number},{NOW},Dairy,100,USD".encode()
        rows += [row] * lines
    return b"\n".join(rows) + b"\n"


def read(bucket: Any, key: str) -> str:
    return str(bucket.get_object(Bucket=BUCKET, Key=key)["Body"].read().decode())


@pytest.mark.parametrize("event", [notification, object_created])
def test_a_file_of_purchases_gets_a_report(
    doors: Doors, somebody: Callable[..., Somebody], bucket: Any, event: Callable[[str], dict[str, Any]]
) -> None:
    jane = somebody()
    key = "accruals/grocer/week 1.csv".replace(" ", "-")
    bucket.put_object(Bucket=BUCKET, Key=key, Body=purchases(jane, 3) + b"secret@example.com,rubbish\n")
    for accepted, replayed in ((6, 0), (0, 6)):
        doors.invoke("importer", event(key))
        report = json.loads(read(bucket, "reports/accruals/grocer/week-1.json"))
        assert (report["state"], report["accepted"], report["replayed"], report["rejected"]) == (
            "complete",
            accepted,
            replayed,
            1,
        )
        assert report["reasons"] == {"columns": 1}
        assert read(bucket, "reports/accruals/grocer/week-1.rejected-1.csv") == "line,id,reason\n8,,columns\n"


def test_a_file_of_members_and_then_their_purchases(doors: Doors, bucket: Any) -> None:
    number = f"I{uuid.uuid4().hex[:8]}"
    members = f"number,email,phone,tier,country,language\n{number},i@example.com,,silver,US,en\n,,,,,\n"
    bucket.put_object(Bucket=BUCKET, Key="members/new.csv", Body=members.encode())
    answer = doors.invoke("importer", object_created("members/new.csv"))
    assert (answer["members/new.csv"]["accepted"], answer["members/new.csv"]["rejected"]) == (1, 1)
    bucket.put_object(Bucket=BUCKET, Key="accruals/a/b.csv", Body=purchases(Somebody(1, 0, number, "", ""), 1))
    assert doors.invoke("importer", object_created("accruals/a/b.csv"))["accruals/a/b.csv"]["points"] == 20


def test_the_folder_names_another_programme(doors: Doors, somebody: Callable[..., Somebody], bucket: Any) -> None:
    jane, canary = somebody(), somebody(program_id=2)
    key = "accruals/canary/grocer/x.csv"
    bucket.put_object(Bucket=BUCKET, Key=key, Body=purchases(canary, 1) + purchases(jane, 1).split(b"\n", 1)[1])
    assert doors.invoke("importer", object_created(key))[key]["reasons"] == {"unknown-member": 2}


@pytest.mark.parametrize(
    ("key", "body"),
    [
        ("accruals/x.csv", b"whatever"),
        ("accruals/grocer/x.csv", b"no,such,header\n"),
        ("accruals/grocer/x.csv", b""),
        ("accruals/nowhere/grocer/x.csv", b"whatever"),
        ("members/x.csv", b"\xff\xfe\x00"),
    ],
)
def test_what_cannot_be_imported_gets_a_report_that_says_why(doors: Doors, bucket: Any, key: str, body: bytes) -> None:
    bucket.put_object(Bucket=BUCKET, Key=key, Body=body)
    answer = doors.invoke("importer", object_created(key))[key]
    assert answer["state"] == "failed"
    assert answer["failure"]


def test_a_file_that_is_gone_or_replaced_is_left_to_the_next_event(
    doors: Doors, somebody: Callable[..., Somebody], bucket: Any
) -> None:
    assert doors.invoke("importer", object_created("members/gone.csv")) == {"members/gone.csv": {"state": "replaced"}}
    key = "accruals/grocer/replaced.csv"
    bucket.put_object(Bucket=BUCKET, Key=key, Body=purchases(somebody(), 1))
    state = {"bucket": BUCKET, "key": key, "etag": '"another"', "progress": {"offset": 10, "columns": 6}, "part": 0}
    assert doors.invoke("importer", {"continue": state})[key]["state"] == "replaced"


def test_a_run_near_its_end_calls_itself_and_nothing_is_lost(
    doors: Doors, somebody: Callable[..., Somebody], bucket: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accrual_file, "BASKETS_PER_BATCH", 4)
    calls: list[dict[str, Any]] = []
    monkeypatch.setattr(importer, "_lambda", lambda: SimpleNamespace(invoke=lambda **call: calls.append(call)))
    context = SimpleNamespace(
        function_name="importer", aws_request_id="r", get_remaining_time_in_millis=lambda: importer.SPARE_MS - 1
    )
    jane, key = somebody(), "accruals/grocer/long.csv"
    bucket.put_object(Bucket=BUCKET, Key=key, Body=purchases(jane, 10))
    event = object_created(key)
    states = []
    for _ in range(10):
        states.append(doors.invoke("importer", event, context)[key]["state"])
        if states[-1] == "complete":
            break
        assert calls[-1]["InvocationType"] == "Event"
        event = json.loads(calls[-1]["Payload"])
    assert states[-1] == "complete"
    assert len(states) > 2
    report = json.loads(read(bucket, "reports/accruals/grocer/long.json"))
    assert (report["lines"], report["accepted"], report["points"]) == (20, 20, 200)
