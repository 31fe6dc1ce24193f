"""From a PDF as Amazon prints it, read by the stand-in, to the ERP's document or to a person's case."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from datetime import date
from typing import Any
from unittest import mock
from uuid import UUID

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from lambdas import invoice_matching
from local.invoices.making import paper
from local.invoices.truth import Order as Charged
from local.invoices.truth import OrderedLine
from local.simulators.textract.engine import analyse
from loyalty.invoices.recording import Unavailable
from tests.conftest import TestDatabase
from tests.domain.invoices.books import Desk, Order, desk
from tests.lambdas.conftest import Doors

BUCKET = "invoices"
_numbers = itertools.count(1001)


class Room:
    def __init__(self, books: Desk, s3: Any) -> None:
        self.books, self.s3 = books, s3
        self.doors = Doors(books.database, {"INVOICES_BUCKET": BUCKET})

    def read(self, order: Order, **other: Any) -> UUID:
        """Its invoice has come and was read."""
        line = order.lines[0]
        amount = line.quantity * line.unit_price_minor
        told = {"amount_minor": amount, "tax_minor": amount // 10, "unit_price_minor": line.unit_price_minor} | other
        charged = Charged(
            purchase_order_number=order.number,
            ordered_on=date(2026, 11, 18),
            issued_on=date(2026, 11, 20),
            lines=(
                OrderedLine(
                    order.amazon, line.asin, "Bath towels, set of two", line.quantity, rate_micros=100_000, **told
                ),
            ),
            number=f"1ABC-{next(_numbers)}-XYZQ",
        )
        document_id = self.books.document()
        self.put(document_id, json.dumps(analyse(paper(2, "us_business", charged).pdf)))
        return document_id

    def put(self, document_id: UUID, text: str) -> None:
        self.s3.put_object(Bucket=BUCKET, Key=f"readings/1/{document_id}.json", Body=text.encode())

    def step(self, do: str, document_id: UUID, **more: str) -> str:
        event = {"do": do, "program_id": 1, "document_id": str(document_id), **more}
        return str(self.doors.invoke("invoice_matching", event)["state"])

    def invoice(self, document_id: UUID) -> dict[str, Any]:
        row = self.books.owner.execute(
            "select * from invoices.invoice where document_id = %s", (document_id,)
        ).fetchone()
        assert row is not None
        return row


@pytest.fixture(scope="module")
def books(database: TestDatabase) -> Iterator[Desk]:
    with desk(database) as made:
        yield made


@pytest.fixture
def room(books: Desk) -> Iterator[Room]:
    with mock_aws():
        s3 = boto3.client("s3", region_name="eu-central-1", aws_access_key_id="x", aws_secret_access_key="x")
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
        with mock.patch.object(invoice_matching, "_s3", return_value=s3):
            yield Room(books, s3)


def test_an_invoice_as_amazon_prints_it_goes_to_the_erp_without_a_person(room: Room) -> None:
    document_id = room.read(room.books.sent())
    assert room.step("judge", document_id) == "approved"
    given = room.books.handed_over(room.invoice(document_id)["invoice_id"])
    assert given is not None
    assert given["content"]["total_minor"] == 6600
    assert room.step("judge", document_id) == "approved", "again"


def test_one_that_is_dearer_than_ordered_is_a_persons(room: Room) -> None:
    document_id = room.read(room.books.sent(), unit_price_minor=2600, amount_minor=7800)
    assert room.step("judge", document_id) == "review"
    assert "price_differs" in {one["code"] for one in room.invoice(document_id)["findings"]}


def test_a_paper_with_nothing_on_it_is_no_invoice(room: Room) -> None:
    document_id = room.books.document()
    room.put(document_id, "[]")
    assert room.step("judge", document_id) == "refused"


def test_what_is_given_up_is_a_persons(room: Room) -> None:
    document_id = room.books.document()
    assert room.step("give_up", document_id, reason="too_slow") == "review"
    assert room.invoice(document_id)["findings"] == [{"code": "unreadable", "field": "", "detail": "too_slow"}]


def test_a_reading_that_is_gone_is_no_matter_of_time(room: Room) -> None:
    with pytest.raises(ClientError):
        room.step("judge", room.books.document())


def test_a_store_that_does_not_answer_is_asked_again(room: Room) -> None:
    document_id = room.books.document()
    away = ClientError({"Error": {"Code": "SlowDown", "Message": ""}}, "GetObject")
    with mock.patch.object(room.s3, "get_object", side_effect=away), pytest.raises(Unavailable):
        room.step("judge", document_id)
