"""Cases at the doors: photos go straight into the bucket, labels come back from it, and only what is what it says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID, uuid4

import boto3
import pytest
from moto import mock_aws

from lambdas import case_files
from loyalty.casework import files
from tests.domain.redemptions.saga import Saga
from tests.lambdas.conftest import Answer, Doors, member_token, staff_token

BUCKET = "case-files-of-tests"
JPEG, PDF = b"\xff\xd8\xff\xe0" + b"x" * 20, b"%PDF-1.7\n" + b"x" * 20
SUE, OLGA = staff_token("support", subject="sue"), staff_token("business-operator", subject="olga")


class Desk:
    """A member with an order, staff, and a bucket."""

    def __init__(self, doors: Doors, world: Saga, s3: Any) -> None:
        self.doors, self.world, self.s3 = doors, world, s3
        self.member_id, self.subject = world.member(), str(uuid4())
        world.owner.execute(
            "update members.member set subject = %s, claimed_at = clock.now() where member_id = %s",
            (self.subject, self.member_id),
        )
        # Amazon's pace is not what these tests are about.
        world.owner.execute("delete from orders.bucket")
        request = world.request(world.quote(self.member_id))
        world.redeem(self.member_id, request)
        world.run(request.redemption_id)
        self.redemption_id = request.redemption_id

    def member(self, method: str, path: str, body: Any = None, key: UUID | None = None) -> Answer:
        headers = {"Idempotency-Key": str(key)} if key else {}
        return self.doors("member_api", method, path, body, token=member_token(self.subject), headers=headers)

    def staff(
        self, method: str, path: str, body: Any = None, who: dict[str, str] = SUE, key: UUID | None = None
    ) -> Answer:
        headers = {"Idempotency-Key": str(key)} if key else {}
        return self.doors("manager_api", method, path, body, token=who, headers=headers)

    def open(self, kind: str = "damaged", **changes: Any) -> Answer:
        units = {"redemption_id": str(self.redemption_id), "line_number": 1, "quantity": 1}
        body = {"kind": kind, "units": units, "text": "It is broken."} | changes
        return self.member("POST", "/cases", body, self.world.new_key())

    def put(self, case_id: str, content: bytes) -> None:
        """What a browser would put at the address it was given last."""
        row = self.world.owner.execute(
            "select object_key from cases.file where case_id = %s order by added_at desc limit 1", (case_id,)
        ).fetchone()
        assert row is not None
        self.s3.put_object(Bucket=BUCKET, Key=row["object_key"], Body=content)


@pytest.fixture(scope="module")
def s3() -> Iterator[Any]:
    """The bucket: a module's, because a client reads its service's description anew."""
    with mock_aws():
        case_files._s3.cache_clear()
        client = boto3.client("s3", region_name="eu-central-1")
        client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
        client.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        yield client
        case_files._s3.cache_clear()


@pytest.fixture
def desk(doors: Doors, published: Any, s3: Any) -> Iterator[Desk]:
    doors.variables.update(CASE_FILES_BUCKET=BUCKET)
    world = Saga(published)
    yield Desk(doors, world, s3)
    world.close()


def test_a_member_opens_a_case_and_staff_give_it_back(desk: Desk) -> None:
    opened = desk.open()
    assert (opened.status, opened.body["state"], opened.body["title"]) == (201, "open", "Thing B000000001")
    case_id = opened.body["case_id"]
    assert desk.member("GET", "/cases").body["cases"][0]["case_id"] == case_id
    queued = desk.staff("GET", "/cases?kind=damaged&owner=nobody").body["cases"]
    assert case_id in [one["case_id"] for one in queued]
    assert desk.staff("POST", f"/cases/{case_id}/assignment", {"owner": "me"}).body["owner"] == "staff:sue"
    assert desk.staff("POST", f"/cases/{case_id}/messages", {"text": "We are sorry."}).status == 400
    key = desk.world.new_key()
    assert desk.staff("POST", f"/cases/{case_id}/messages", {"text": "We are sorry."}, key=key).status == 201
    decided = desk.staff("POST", f"/cases/{case_id}/outcome", {"outcome": "refund_without_return"})
    assert (decided.status, decided.body) == (200, {"case_id": case_id, "state": "decided"})
    seen = desk.member("GET", f"/cases/{case_id}").body
    assert (seen["state"], seen["outcome"], seen["points"]) == ("decided", "refund_without_return", 2000)
    assert [one["author"] for one in seen["messages"]] == ["member", "staff"]
    assert "actor" not in seen["messages"][1]
    given_back = desk.member("GET", f"/redemptions/{desk.redemption_id}").body["given_back"]
    assert [(one["quantity"], one["points"]) for one in given_back] == [(1, 2000)]
    kinds = [one["kind"] for one in desk.staff("GET", f"/cases/{case_id}").body["history"]]
    assert kinds == ["opened", "assigned", "message", "chosen", "decided"]


def test_a_photo_goes_straight_into_the_bucket_and_staff_see_it(desk: Desk) -> None:
    case_id = desk.open().body["case_id"]
    upload = desk.member("POST", f"/cases/{case_id}/photos", {"content_type": "image/jpeg", "size_bytes": len(JPEG)})
    assert upload.status == 201
    address = urlsplit(upload.body["url"])
    query = parse_qs(address.query)
    assert query["X-Amz-Expires"] == ["600"]
    assert {"content-length", "content-type"} <= set(query["X-Amz-SignedHeaders"][0].split(";"))
    assert upload.body["headers"] == {"Content-Type": "image/jpeg"}
    (waiting,) = desk.staff("GET", f"/cases/{case_id}").body["files"]
    assert (waiting["state"], waiting["url"]) == ("promised", None)
    desk.put(case_id, JPEG)
    (photo,) = desk.staff("GET", f"/cases/{case_id}").body["files"]
    assert photo["state"] == "good"
    shown = parse_qs(urlsplit(photo["url"]).query)
    assert shown["response-content-disposition"][0].startswith("attachment;")
    assert shown["versionId"]
    (mine,) = desk.member("GET", f"/cases/{case_id}").body["files"]
    assert mine["url"] is None


@pytest.mark.parametrize("content", [b"<html>" + b"x" * 18, JPEG + b"x", b"\x89PNG\r\n\x1a\n" + b"x" * 16])
def test_what_is_not_what_it_said_is_shown_to_nobody(desk: Desk, content: bytes) -> None:
    case_id = desk.open().body["case_id"]
    desk.member("POST", f"/cases/{case_id}/photos", {"content_type": "image/jpeg", "size_bytes": len(JPEG)})
    desk.put(case_id, content)
    for _ in range(2):
        (photo,) = desk.staff("GET", f"/cases/{case_id}").body["files"]
        assert (photo["state"], photo["url"]) == ("bad", None)
        desk.put(case_id, JPEG)


def test_a_photo_that_is_replaced_by_something_else_is_not_shown_any_more(desk: Desk) -> None:
    case_id = desk.open().body["case_id"]
    desk.member("POST", f"/cases/{case_id}/photos", {"content_type": "image/jpeg", "size_bytes": len(JPEG)})
    desk.put(case_id, JPEG)
    assert desk.staff("GET", f"/cases/{case_id}").body["files"][0]["state"] == "good"
    desk.put(case_id, b"<html>" + b"x" * 18)
    assert desk.staff("GET", f"/cases/{case_id}").body["files"][0]["state"] == "bad"


@pytest.mark.parametrize(
    "wrong",
    [
        {"content_type": "text/html"}, {"content_type": "image/svg+xml"}, {"content_type": "application/pdf"},
        {"size_bytes": 0}, {"size_bytes": files.LARGEST_BYTES + 1}, {"size_bytes": "9"}, {"file_name": "x.jpg"},
    ],
)  # fmt: skip
def test_what_is_no_photo_gets_no_address(desk: Desk, wrong: dict[str, Any]) -> None:
    case_id = desk.open().body["case_id"]
    body = {"content_type": "image/jpeg", "size_bytes": 9} | wrong
    answer = desk.member("POST", f"/cases/{case_id}/photos", body)
    assert answer.status == 400
    assert answer.body["errors"][0]["field"] == next(iter(wrong))


def test_a_return_has_a_label_that_the_member_downloads(desk: Desk) -> None:
    case_id = desk.open("changed_mind").body["case_id"]
    refused = desk.staff("POST", f"/cases/{case_id}/outcome", {"outcome": "return_with_label"})
    assert (refused.status, refused.body["code"]) == (409, "no-label")
    label = {"content_type": "application/pdf", "size_bytes": len(PDF)}
    assert desk.staff("POST", f"/cases/{case_id}/label", label).status == 201
    assert desk.member("GET", f"/cases/{case_id}").body["files"] == []
    desk.put(case_id, PDF)
    assert desk.staff("POST", f"/cases/{case_id}/outcome", {"outcome": "return_with_label"}).body["state"] == "return"
    (file,) = desk.member("GET", f"/cases/{case_id}").body["files"]
    assert file["url"].startswith("https://")
    received = desk.staff("POST", f"/cases/{case_id}/return-received", {})
    assert received.body["state"] == "decided"
    assert desk.member("GET", f"/cases/{case_id}").body["files"][0]["url"] is None


def test_a_second_person_approves(desk: Desk) -> None:
    case_id = desk.open().body["case_id"]
    proposed = desk.staff("POST", f"/cases/{case_id}/outcome", {"outcome": "goodwill_points", "points": 999_999})
    assert proposed.body["state"] == "approval"
    word = {"decision": "approve"}
    assert desk.staff("POST", f"/cases/{case_id}/approval", word).status == 403
    assert desk.staff("POST", f"/cases/{case_id}/approval", word, OLGA).body["state"] == "decided"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"kind": "stolen"}, "kind"),
        ({"text": "   "}, "text"),
        ({"text": "x" * 4001}, "text"),
        ({"units": None}, "units"),
        ({"purchase": {"partner": "shop", "reference": "1"}}, "units"),
        ({"units": None, "purchase": {"partner": "shop", "reference": "1"}}, "units"),
        ({"units": {"redemption_id": "x", "line_number": 1, "quantity": 1}}, "units.redemption_id"),
        ({"units": {"redemption_id": str(UUID(int=7)), "line_number": 1, "quantity": 0}}, "units.quantity"),
        ({"photo": "x"}, "photo"),
    ],
)
def test_a_bad_request_names_its_field(desk: Desk, changes: dict[str, Any], field: str) -> None:
    answer = desk.open(**changes)
    assert answer.status == 400
    assert answer.body["errors"][0]["field"] == field


def test_an_outcome_needs_what_it_needs(desk: Desk) -> None:
    case_id = desk.open().body["case_id"]
    for body, field in (
        ({"outcome": "goodwill_points"}, "points"),
        ({"outcome": "goodwill_points", "points": 0}, "points"),
        ({"outcome": "goodwill_points", "points": 2**53}, "points"),
        ({"outcome": "refuse"}, "reason"),
        ({"outcome": "refuse", "reason": ""}, "reason"),
        ({"outcome": "credit_missing_accrual", "points": 5}, "outcome"),
    ):
        answer = desk.staff("POST", f"/cases/{case_id}/outcome", body)
        assert (answer.status, answer.body["errors"][0]["field"]) == (400, field)
    assert desk.staff("POST", f"/cases/{case_id}/outcome", {"outcome": "pay_all"}).status == 409


@pytest.mark.parametrize(
    ("content_type", "beginning", "good"),
    [
        ("image/png", b"\x89PNG\r\n\x1a\n", True),
        ("image/webp", b"RIFF\x00\x00\x00\x00WEBPVP8 ", True),
        ("image/webp", b"RIFF\x00\x00\x00\x00WAVEfmt ", False),
        ("image/heic", b"\x00\x00\x00\x18ftypheic", True),
        ("image/heic", b"\x00\x00\x00\x18ftypisom", False),
        ("application/pdf", b"%PDF-1.4", True),
        ("application/pdf", b"", False),
    ],
)
def test_a_file_is_known_by_how_it_begins(content_type: str, beginning: bytes, good: bool) -> None:
    assert files.is_what_it_says(content_type, beginning) is good
