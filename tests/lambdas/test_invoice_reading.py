"""A paper is given to Textract at the account's pace, and what was read is joined beside it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from unittest import mock
from uuid import UUID, uuid4

import boto3
import pytest
from botocore.exceptions import ReadTimeoutError
from botocore.stub import ANY, Stubber
from moto import mock_aws

from lambdas import invoice_reading
from loyalty.invoices.recording import NoSuchDocument, Throttled, Unavailable
from tests.conftest import TestDatabase
from tests.domain.invoices.books import mail, pdf
from tests.lambdas.conftest import Doors

BUCKET = "invoices"


class Room:
    """Textract says what a test has told it to; what was kept lies in `s3`."""

    def __init__(self, doors: Doors, textract: Stubber, s3: Any) -> None:
        self.doors, self.textract, self.s3 = doors, textract, s3

    def document(self) -> UUID:
        with self.doors.database.owner() as owner:
            row = owner.execute(
                "select document_id from invoices.take_mail(1, clock.new_id(), %s::jsonb, %s::jsonb)",
                (json.dumps(mail(uuid4().int)), json.dumps([pdf(uuid4(), uuid4())])),
            ).fetchone()
        assert row is not None
        return UUID(str(row["document_id"]))

    def start(self, document_id: UUID) -> dict[str, str]:
        told: dict[str, str] = self.doors.invoke(
            "invoice_reading", {"do": "start", "program_id": 1, "document_id": str(document_id)}
        )
        return told

    def collect(self, document_id: UUID, job_id: str = "job") -> str:
        event = {"do": "collect", "program_id": 1, "document_id": str(document_id), "job_id": job_id}
        return str(self.doors.invoke("invoice_reading", event)["status"])

    def begins(self, document_id: UUID | None = None) -> None:
        """The next call of Textract begins a job."""
        token = ANY if document_id is None else str(document_id)
        asked = {"DocumentLocation": ANY, "ClientRequestToken": token, "JobTag": token}
        self.textract.add_response("start_expense_analysis", {"JobId": "job"}, asked)

    def answers(self, status: str = "SUCCEEDED", *documents: dict[str, Any], after: str = "", more: str = "") -> None:
        """The next call answers a page: after a token, with another one if there is more."""
        asked = {"JobId": "job", "MaxResults": ANY} | ({"NextToken": after} if after else {})
        told = {"JobStatus": status, "ExpenseDocuments": list(documents)} | ({"NextToken": more} if more else {})
        self.textract.add_response("get_expense_analysis", told, asked)

    def fails(self, operation: str, code: str) -> None:
        self.textract.add_client_error(operation, code, "in words")

    def kept(self, document_id: UUID) -> Any:
        return json.loads(self.s3.get_object(Bucket=BUCKET, Key=f"readings/1/{document_id}.json")["Body"].read())

    def reason(self, document_id: UUID) -> str | None:
        with self.doors.database.owner() as owner:
            row = owner.execute(
                "select reason from invoices.document where document_id = %s", (document_id,)
            ).fetchone()
        assert row is not None
        reason: str | None = row["reason"]
        return reason


@pytest.fixture(scope="module")
def aws() -> Iterator[tuple[Any, Any]]:
    """S3 with the bucket, and Textract: a module's, because a client reads its service's description anew."""
    region: dict[str, Any] = {"region_name": "eu-central-1", "aws_access_key_id": "x", "aws_secret_access_key": "x"}
    with mock_aws():
        s3, textract = boto3.client("s3", **region), boto3.client("textract", **region)
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
        yield s3, textract


@pytest.fixture
def room(database: TestDatabase, aws: tuple[Any, Any]) -> Iterator[Room]:
    doors = Doors(database, {"INVOICES_BUCKET": BUCKET, "TEXTRACT_PER_SECOND": "1000", "TEXTRACT_BURST": "1000"})
    s3, textract = aws
    with (
        Stubber(textract) as stubber,
        mock.patch.object(invoice_reading, "_textract", return_value=textract),
        mock.patch.object(invoice_reading, "_s3", return_value=s3),
    ):
        yield Room(doors, stubber, s3)
        stubber.assert_no_pending_responses()


def expense(index: int, *rows: str, group: int = 1) -> dict[str, Any]:
    items = [{"LineItemExpenseFields": [{"Type": {"Text": "ITEM"}, "ValueDetection": {"Text": row}}]} for row in rows]
    return {
        "ExpenseIndex": index,
        "SummaryFields": [{"Type": {"Text": "TOTAL"}, "ValueDetection": {"Text": str(index)}}],
        "LineItemGroups": [{"LineItemGroupIndex": group, "LineItems": items}],
    }


def test_a_paper_is_begun_once_however_often_it_is_asked_for(room: Room) -> None:
    document_id = room.document()
    for _ in range(2):
        room.begins(document_id)
        assert room.start(document_id) == {"job_id": "job"}


def test_nothing_is_asked_before_the_account_has_a_call_left(room: Room) -> None:
    room.doors.variables.update(TEXTRACT_PER_SECOND="0.001", TEXTRACT_BURST="1")
    room.begins()
    room.start(room.document())
    with pytest.raises(Throttled):
        room.start(room.document())
    with room.doors.database.owner() as owner:
        owner.execute("delete from invoices.bucket")


@pytest.mark.parametrize(
    "code", ["ProvisionedThroughputExceededException", "ThrottlingException", "LimitExceededException"]
)
def test_textracts_own_limits_are_waited_for(room: Room, code: str) -> None:
    document_id = room.document()
    room.fails("start_expense_analysis", code)
    with pytest.raises(Throttled):
        room.start(document_id)
    room.fails("get_expense_analysis", code)
    with pytest.raises(Throttled):
        room.collect(document_id)


@pytest.mark.parametrize("code", ["InternalServerError", "AccessDeniedException", "SomethingNew"])
def test_what_is_not_the_papers_fault_is_tried_again(room: Room, code: str) -> None:
    document_id = room.document()
    room.fails("start_expense_analysis", code)
    with pytest.raises(Unavailable):
        room.start(document_id)
    assert room.reason(document_id) is None


def test_silence_is_tried_again(room: Room) -> None:
    document_id = room.document()
    silent = mock.Mock(side_effect=ReadTimeoutError(endpoint_url="https://textract"))
    with (
        mock.patch.object(invoice_reading._textract(), "get_expense_analysis", silent),
        pytest.raises(Unavailable),
    ):
        room.collect(document_id)


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("UnsupportedDocumentException", "unsupported_document"),
        ("BadDocumentException", "bad_document"),
        ("DocumentTooLargeException", "too_large"),
        ("InvalidS3ObjectException", "not_in_store"),
    ],
)
def test_a_paper_that_textract_does_not_take_has_failed_with_its_reason(room: Room, code: str, reason: str) -> None:
    document_id = room.document()
    room.fails("start_expense_analysis", code)
    assert room.start(document_id) == {"job_id": ""}
    assert room.collect(document_id, "") == "FAILED"
    assert room.reason(document_id) == reason


@pytest.mark.parametrize(("status", "reason"), [("FAILED", "not_read"), ("PARTIAL_SUCCESS", "partly_read")])
def test_of_a_paper_that_was_not_read_as_a_whole_nothing_is_kept(room: Room, status: str, reason: str) -> None:
    document_id = room.document()
    room.answers(status, expense(1, "a"))
    assert room.collect(document_id) == "FAILED"
    assert room.reason(document_id) == reason


def test_a_job_that_has_lapsed_has_failed(room: Room) -> None:
    document_id = room.document()
    room.fails("get_expense_analysis", "InvalidJobIdException")
    assert (room.collect(document_id), room.reason(document_id)) == ("FAILED", "reading_lapsed")


def test_one_that_is_being_read_is_waited_for(room: Room) -> None:
    room.answers("IN_PROGRESS")
    assert room.collect(room.document()) == "IN_PROGRESS"


def test_all_pages_of_the_answer_are_joined_in_the_order_of_their_papers(room: Room) -> None:
    document_id = room.document()
    room.answers("SUCCEEDED", expense(1, "a"), expense(2, "b"), more="t1")
    # A table goes on, another begins, and a paper comes late.
    room.answers("SUCCEEDED", expense(2, "c"), expense(2, "d", group=2), after="t1", more="t2")
    room.answers("SUCCEEDED", expense(3), expense(1, "e", group=2), after="t2")
    assert room.collect(document_id) == "READ"
    kept = room.kept(document_id)
    assert [document["ExpenseIndex"] for document in kept] == [1, 2, 3]
    tables = [
        [
            [item["LineItemExpenseFields"][0]["ValueDetection"]["Text"] for item in group["LineItems"]]
            for group in document["LineItemGroups"]
        ]
        for document in kept
    ]
    assert tables == [[["a"], ["e"]], [["b", "c"], ["d"]], [[]]]
    assert len(kept[1]["SummaryFields"]) == 3


@pytest.mark.parametrize(
    ("limit", "most", "reason"), [("MOST_PAGES", 2, "too_many_pages"), ("MOST_BYTES", 100, "too_much_text")]
)
def test_an_answer_without_end_is_not_read_to_its_end(room: Room, limit: str, most: int, reason: str) -> None:
    document_id = room.document()
    with mock.patch.object(invoice_reading, limit, most):
        room.answers("SUCCEEDED", expense(1, "a"), more="t")
        if limit == "MOST_PAGES":
            room.answers("SUCCEEDED", expense(1, "a"), after="t", more="t")
        assert room.collect(document_id) == "FAILED"
    assert room.reason(document_id) == reason


def test_a_paper_that_was_judged_is_not_read_again(room: Room) -> None:
    document_id = room.document()
    with room.doors.database.owner() as owner:
        owner.execute("select invoices.judge(1, %s, '[]')", (document_id,))
    assert room.start(document_id) == {"job_id": ""}
    assert room.collect(document_id) == "FAILED"


def test_a_paper_that_nobody_knows_is_no_matter_of_time(room: Room) -> None:
    with pytest.raises(NoSuchDocument):
        room.start(uuid4())
