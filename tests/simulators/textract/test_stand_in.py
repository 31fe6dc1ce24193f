"""The stand-in by boto3's own client: jobs, paging, idempotency, the service's errors by name."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.simulators import clock
from local.simulators.textract import documents, jobs
from local.simulators.textract.files import File
from local.simulators.textract.refusals import Refused
from tests.simulators.loopback import loopback
from tests.simulators.textract.drawing import american
from tests.simulators.textract.running import BUCKET, TextractStandIn
from tests.simulators.textract.test_engine import encrypted


def refused(call: Any, **parameters: Any) -> str:
    """The error's name."""
    with pytest.raises(ClientError) as raised:
        call(**parameters)
    code: str = raised.value.response["Error"]["Code"]
    return code


def place(name: str) -> dict[str, Any]:
    return {"S3Object": {"Bucket": BUCKET, "Name": name}}


def test_a_job_ends_with_what_the_document_says(stand_in: TextractStandIn) -> None:
    stand_in.objects["one.pdf"] = american()
    answer = stand_in.finished(stand_in.started("one.pdf"))
    assert answer["JobStatus"] == "SUCCEEDED"
    assert answer["DocumentMetadata"] == {"Pages": 2}
    assert answer["ExpenseDocuments"][0]["ExpenseIndex"] == 1
    assert answer["ExpenseDocuments"][0]["LineItemGroups"][0]["LineItemGroupIndex"] == 1
    assert "NextToken" not in answer


def test_a_job_is_in_progress_for_a_while(stand_in: TextractStandIn) -> None:
    stand_in.objects["one.pdf"] = american()
    stand_in.fault("StartExpenseAnalysis", "slow")
    job_id = stand_in.started("one.pdf")
    assert stand_in.client().get_expense_analysis(JobId=job_id)["JobStatus"] == "IN_PROGRESS"


def test_answers_come_page_by_page(stand_in: TextractStandIn) -> None:
    sizes = range(1, 30)
    document = next(
        made
        for made in (american((((f"Example {size}",), str(size), "$1.00", f"${size}.00"),)) for size in sizes)
        if len(documents.read(made, seconds=20, one_page=False)["documents"]) == 2
    )
    stand_in.objects["split.pdf"] = document
    job_id = stand_in.started("split.pdf")
    first = stand_in.finished(job_id, MaxResults=1)
    assert [one["ExpenseIndex"] for one in first["ExpenseDocuments"]] == [1]
    client = stand_in.client()
    second = client.get_expense_analysis(JobId=job_id, MaxResults=1, NextToken=first["NextToken"])
    assert [one["ExpenseIndex"] for one in second["ExpenseDocuments"]] == [2]
    assert "NextToken" not in second
    assert refused(client.get_expense_analysis, JobId=job_id, NextToken="x") == "InvalidParameterException"


def test_a_token_starts_one_job(stand_in: TextractStandIn) -> None:
    stand_in.objects["one.pdf"] = stand_in.objects["two.pdf"] = american()
    job_id = stand_in.started("one.pdf", ClientRequestToken="once")
    assert stand_in.started("one.pdf", ClientRequestToken="once") == job_id
    start = stand_in.client().start_expense_analysis
    code = refused(start, DocumentLocation=place("two.pdf"), ClientRequestToken="once")
    assert code == "IdempotentParameterMismatchException"


def test_a_job_is_forgotten_after_seven_days(stand_in: TextractStandIn, tmp_path: Any) -> None:
    assert refused(stand_in.client().get_expense_analysis, JobId="unknown") == "InvalidJobIdException"
    file = File(tmp_path / "old.sqlite")
    old = jobs.stored(clock.now() - timedelta(days=7, seconds=1))
    file.run(
        "insert into jobs(job_id, fingerprint, bucket, name, status, started_at, ready_at, finished_at)"
        " values ('old', '', 'b', 'n', 'SUCCEEDED', ?, ?, ?)",
        *(old, old, old),
    )
    with pytest.raises(Refused, match="InvalidJobIdException"):
        jobs.get(file, "old", 20, None)
    file.close()


def test_what_cannot_be_read_fails_the_job_with_a_reason(stand_in: TextractStandIn) -> None:
    stand_in.objects["locked.pdf"] = encrypted()
    answer = stand_in.finished(stand_in.started("locked.pdf"))
    assert (answer["JobStatus"], answer["StatusMessage"]) == ("FAILED", "The document is protected by a password.")


def test_a_job_fails_or_loses_a_page_on_demand(stand_in: TextractStandIn) -> None:
    stand_in.objects["one.pdf"] = american()
    stand_in.fault("StartExpenseAnalysis", "fail_job")
    assert stand_in.finished(stand_in.started("one.pdf"))["JobStatus"] == "FAILED"
    stand_in.fault("StartExpenseAnalysis", "partial")
    answer = stand_in.finished(stand_in.started("one.pdf"))
    assert answer["JobStatus"] == "PARTIAL_SUCCESS"
    assert answer["Warnings"] == [{"ErrorCode": "PAGE_NOT_READ", "Pages": [2]}]


def test_confidences_are_lowered_on_demand(stand_in: TextractStandIn) -> None:
    stand_in.objects["one.pdf"] = american()
    stand_in.fault("StartExpenseAnalysis", "smudge", code="0.5")
    answer = stand_in.finished(stand_in.started("one.pdf"))
    assert all(field["ValueDetection"]["Confidence"] < 50 for field in answer["ExpenseDocuments"][0]["SummaryFields"])


def test_one_page_is_answered_at_once_and_two_are_not(stand_in: TextractStandIn) -> None:
    client = stand_in.client()
    answer = client.analyze_expense(Document={"Bytes": american(second_page=False)})
    assert answer["DocumentMetadata"] == {"Pages": 1}
    for document in (american(), encrypted(), b"PK\x03\x04"):
        assert refused(client.analyze_expense, Document={"Bytes": document}) == "UnsupportedDocumentException"
    stand_in.objects["page.pdf"] = american(second_page=False)
    assert client.analyze_expense(Document=place("page.pdf"))["DocumentMetadata"] == {"Pages": 1}


def test_errors_are_the_services(stand_in: TextractStandIn) -> None:
    client = stand_in.client()
    start = client.start_expense_analysis
    assert refused(start, DocumentLocation=place("missing.pdf")) == "InvalidS3ObjectException"
    channel = {"SNSTopicArn": "arn:aws:sns:us-east-1:123456789012:a", "RoleArn": "arn:aws:iam::123456789012:role/a"}
    assert refused(start, DocumentLocation=place("a"), NotificationChannel=channel) == "InvalidParameterException"
    assert refused(client.analyze_expense, Document={}) == "InvalidParameterException"
    stand_in.objects["one.pdf"] = american()
    for kind, code in (
        ("throttle", "ThrottlingException"),
        ("throughput", "ProvisionedThroughputExceededException"),
        ("limit", "LimitExceededException"),
        ("access_denied", "AccessDeniedException"),
        ("error_500", "InternalServerError"),
    ):
        stand_in.fault("StartExpenseAnalysis", kind)
        assert refused(start, DocumentLocation=place("one.pdf")) == code


def test_rates_and_open_jobs_are_limited(stand_in: TextractStandIn) -> None:
    client = stand_in.client()
    stand_in.settings(rates={"GetExpenseAnalysis": {"burst": 1, "per_second": 0.01}})
    assert refused(client.get_expense_analysis, JobId="unknown") == "InvalidJobIdException"
    assert refused(client.get_expense_analysis, JobId="unknown") == "ProvisionedThroughputExceededException"
    stand_in.settings(rates="off", open_jobs=0)
    stand_in.objects["one.pdf"] = american()
    assert refused(client.start_expense_analysis, DocumentLocation=place("one.pdf")) == "LimitExceededException"
    stand_in.settings(open_jobs=100)


def test_the_other_protocol_and_unsigned_calls_are_refused(stand_in: TextractStandIn) -> None:
    cbor = loopback.post(f"{stand_in.base_url}/service/Textract/operation/AnalyzeExpense", content=b"")
    assert cbor.status_code == 415
    headers = {"x-amz-target": "Textract.GetExpenseAnalysis", "content-type": "application/x-amz-json-1.1"}
    unsigned = loopback.post(stand_in.base_url, json={"JobId": "a"}, headers=headers)
    assert unsigned.json()["__type"] == "MissingAuthenticationTokenException"
    unknown = loopback.post(stand_in.base_url, json={}, headers={"x-amz-target": "Textract.DetectDocumentText"})
    assert unknown.json()["__type"] == "UnknownOperationException"


def test_calls_are_logged_without_contents(stand_in: TextractStandIn) -> None:
    stand_in.objects["page.pdf"] = american(second_page=False)
    stand_in.finished(stand_in.started("page.pdf"))
    refused(stand_in.client().get_expense_analysis, JobId="not-there")
    row = stand_in.rows("requests")[0]
    assert (row["operation"], row["job_id"], row["code"]) == (
        "GetExpenseAnalysis", "not-there", "InvalidJobIdException",
    )  # fmt: skip
    assert "documents" not in stand_in.rows("jobs")[0]


def test_a_document_that_takes_too_long_is_given_up() -> None:
    with pytest.raises(documents.Unreadable, match="cannot be read"):
        documents.read(american(), seconds=0, one_page=False)


def test_open_jobs_are_done_after_a_stop(tmp_path: Any) -> None:
    file = File(tmp_path / "stopped.sqlite")
    file.run(
        "insert into jobs(job_id, fingerprint, bucket, name, status, fault, started_at, ready_at)"
        " values ('left', '', 'b', 'n', 'IN_PROGRESS', 'fail_job', ?, ?)",
        *(jobs.stored(clock.now()),) * 2,
    )
    worker = jobs.Worker(file)
    worker.start()
    for _ in range(200):
        if file.all("select status from jobs")[0]["status"] != "IN_PROGRESS":
            break
        time.sleep(0.02)
    worker.stop()
    assert file.all("select status from jobs") == [{"status": "FAILED"}]
    file.close()
