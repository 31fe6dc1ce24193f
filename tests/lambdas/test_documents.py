"""The function that writes documents, and the doors by which they are opened, against an S3 in memory."""

from __future__ import annotations

import json
import urllib.parse
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import boto3
import pypdfium2
import pytest
from moto import mock_aws

from lambdas import invoicing, shelf
from loyalty.documents import issuing
from stacks.documents import TOPICS
from tests.domain.redemptions.saga import Line, Saga
from tests.lambdas.conftest import Answer, Doors, member_token, staff_token

BUCKET = "documents"


@pytest.fixture
def s3(doors: Doors, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name, value in (("REGION", "eu-central-1"),):
        monkeypatch.setenv(f"AWS_DEFAULT_{name}", value)
    doors.variables["DOCUMENTS_BUCKET"] = BUCKET
    with mock_aws():
        _forget()
        client = boto3.client("s3")
        client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
        yield client
        _forget()


def _forget() -> None:
    invoicing._s3.cache_clear()
    shelf._s3.cache_clear()


@pytest.fixture
def world(published: Any) -> Iterator[Saga]:
    made = Saga(published)
    yield made
    made.close()


class Buyer:
    """A member who has ordered."""

    def __init__(self, world: Saga, doors: Doors) -> None:
        self.world, self.doors, self.subject = world, doors, str(uuid4())
        self.member_id = world.member()
        world.owner.execute(
            "update members.member set subject = %s, claimed_at = clock.now() where member_id = %s",
            (self.subject, self.member_id),
        )
        request = world.request(world.quote(self.member_id, Line("B0LAMP0000", 2, 4500)), 4_000)
        world.redeem(self.member_id, request)
        world.run(request.redemption_id)
        self.redemption_id = request.redemption_id

    def get(self, path: str) -> Answer:
        return self.doors("member_api", "GET", path, token=member_token(self.subject))


@pytest.fixture
def buyer(doors: Doors, world: Saga, s3: Any) -> Buyer:
    doors.variables.update(STATE_MACHINE_ARN="arn:aws:states:x:1:stateMachine:engine", PAYMENTS_QUEUE_URL="queue")
    return Buyer(world, doors)


def record(topic: str, redemption_id: UUID | str, **payload: Any) -> dict[str, Any]:
    detail = {"event_id": str(uuid4()), "program_id": 1, "payload": {"redemption_id": str(redemption_id), **payload}}
    return {"messageId": str(uuid4()), "body": json.dumps({"detail-type": topic, "detail": detail})}


def follow(doors: Doors, *records: dict[str, Any]) -> list[str]:
    answer = doors.invoke("invoicing", {"Records": list(records)})
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def test_the_rule_lets_through_what_the_function_takes() -> None:
    assert set(TOPICS) == issuing.TOPICS


def test_an_order_becomes_a_pdf_that_only_its_member_and_staff_may_open(doors: Doors, buyer: Buyer, s3: Any) -> None:
    assert buyer.get(f"/redemptions/{buyer.redemption_id}").body["documents"] == []
    assert follow(doors, record("redemption.confirmed", buyer.redemption_id)) == []
    (told,) = buyer.get(f"/redemptions/{buyer.redemption_id}").body["documents"]
    assert (told["kind"], told["state"], told["points"]) == ("receipt", "ready", 4_000)
    assert buyer.get(f"/redemptions/{buyer.redemption_id}/documents").body == {"documents": [told]}

    opened = buyer.get(f"/documents/{told['document_id']}")
    assert (opened.status, opened.body["seconds"]) == (200, 300)
    address = urllib.parse.urlsplit(opened.body["url"])
    query = urllib.parse.parse_qs(address.query)
    assert query["X-Amz-Expires"] == ["300"]
    assert query["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
    key = address.path.removeprefix("/").removeprefix(f"{BUCKET}/")
    stored = s3.get_object(Bucket=BUCKET, Key=key)
    assert stored["ContentType"] == "application/pdf"
    with pypdfium2.PdfDocument(stored["Body"].read()) as document:
        assert "Alex Member" in document[0].get_textpage().get_text_bounded()

    stranger = Buyer(buyer.world, doors)
    for path in (f"/documents/{told['document_id']}", f"/redemptions/{buyer.redemption_id}/documents"):
        assert stranger.get(path).status == 404
        assert doors("manager_api", "GET", path, token=staff_token("support")).status == 200
        assert doors("manager_api", "GET", path, token=staff_token("catalogue-manager")).status == 403
    path = f"/redemptions/{buyer.redemption_id}"
    assert len(doors("manager_api", "GET", path, token=staff_token("support")).body["documents"]) == 1


def test_a_record_that_fails_comes_again_alone_and_the_others_are_done(doors: Doors, buyer: Buyer) -> None:
    bad = [
        record("redemption.confirmed", "no-uuid"),
        record("redemption.confirmed", uuid4()),
        record("units.returned", buyer.redemption_id, line_number=1, event_key="never"),
        {"messageId": "m1", "body": "{"},
        {"messageId": "m2", "body": "[]"},
    ]
    good = record("redemption.confirmed", buyer.redemption_id)
    other = record("shipment.shipped", buyer.redemption_id)
    assert follow(doors, *bad, good, other) == [one["messageId"] for one in bad]
    assert len(buyer.get(f"/redemptions/{buyer.redemption_id}/documents").body["documents"]) == 1


def test_while_the_store_is_away_the_document_is_in_preparation_and_written_later(
    doors: Doors, buyer: Buyer, s3: Any
) -> None:
    message = record("redemption.confirmed", buyer.redemption_id)
    doors.variables["DOCUMENTS_BUCKET"] = "no-such-bucket"
    assert follow(doors, message) == [message["messageId"]]
    (told,) = buyer.get(f"/redemptions/{buyer.redemption_id}/documents").body["documents"]
    assert told["state"] == "in_preparation"
    answer = buyer.get(f"/documents/{told['document_id']}")
    assert (answer.status, answer.headers["retry-after"]) == (503, "60")
    doors.variables["DOCUMENTS_BUCKET"] = BUCKET
    assert follow(doors, message) == []
    assert buyer.get(f"/documents/{told['document_id']}").status == 200
