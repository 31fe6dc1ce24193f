"""Exports and erasures through the doors and the function, against buckets and a pool in memory."""

from __future__ import annotations

import importlib
import io
import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID
from zipfile import ZipFile

import boto3
import pytest
from moto import mock_aws

from lambdas import privacy_stores
from tests.lambdas.conftest import Answer, Doors, staff_token

SUE, OLGA = staff_token("support", subject="sue"), staff_token("business-operator", subject="olga")
BUCKETS = {
    "DOCUMENTS_BUCKET": "documents", "CASE_FILES_BUCKET": "case-files", "EXPORTS_BUCKET": "exports",
    "ENDED_ACCOUNTS_BUCKET": "ended",
}  # fmt: skip


class Cognito:
    """A pool of sign-ins by subject, with the e-mail of each."""

    class exceptions:  # noqa: N801
        class UserNotFoundException(Exception):
            pass

    def __init__(self) -> None:
        self.users: dict[str, str] = {}

    def admin_get_user(self, *, UserPoolId: str, Username: str) -> dict[str, Any]:  # noqa: N803
        if Username not in self.users:
            raise self.exceptions.UserNotFoundException
        return {"UserAttributes": [{"Name": "email", "Value": self.users[Username]}], "UserStatus": "CONFIRMED"}

    def admin_delete_user(self, *, UserPoolId: str, Username: str) -> None:  # noqa: N803
        if self.users.pop(Username, None) is None:
            raise self.exceptions.UserNotFoundException


@pytest.fixture
def cognito(monkeypatch: pytest.MonkeyPatch) -> Cognito:
    pool = Cognito()
    monkeypatch.setattr(privacy_stores, "_cognito", lambda: pool)
    return pool


@pytest.fixture
def s3(doors: Doors, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    routes = importlib.import_module("lambdas.manager_routes.privacy")

    def forget() -> None:
        for client in (privacy_stores._s3, routes._s3):
            client.cache_clear()

    with mock_aws():
        forget()
        client = boto3.client("s3")
        for bucket in BUCKETS.values():
            client.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
            client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        doors.variables.update(BUCKETS, MEMBER_POOL_ID="members")
        yield client
        forget()


def ask(doors: Doors, method: str, path: str, body: Any = None, who: dict[str, str] = SUE, key: str = "") -> Answer:
    return doors("manager_api", method, path, body, token=who, headers={"Idempotency-Key": key} if key else {})


def test_from_the_request_to_the_file_and_from_the_second_persons_word_to_the_receipts(
    doors: Doors, somebody: Any, s3: Any, cognito: Cognito
) -> None:
    member = somebody(claimed=True)
    owner = doors.database.owner()

    def key() -> str:
        row = owner.execute("select clock.new_id() as id").fetchone()
        assert row is not None
        return str(row["id"])

    cognito.users[member.subject] = member.email
    asked = ask(doors, "POST", f"/members/{member.number}/exports", key=key())
    assert (asked.status, asked.body["state"]) == (202, "waiting")
    assert doors.invoke("privacy", {})["exports"] == 1
    there = ask(doors, "POST", f"/privacy/requests/{asked.body['request_id']}/file")
    assert (there.status, there.body["seconds"]) == (200, 300)
    (stored,) = s3.list_objects_v2(Bucket="exports")["Contents"]
    assert stored["Key"] in there.body["url"]
    with ZipFile(io.BytesIO(s3.get_object(Bucket="exports", Key=stored["Key"])["Body"].read())) as archive:
        assert [one["email"] for one in json.loads(archive.read("data/sign_in.json"))] == [member.email]

    wish = {"reason": "member_request", "points": 0}
    asked = ask(doors, "POST", f"/members/{member.number}/erasure", wish, key=key())
    assert (asked.status, asked.body["state"]) == (202, "waiting"), asked.body
    place = f"/privacy/requests/{asked.body['request_id']}"
    assert ask(doors, "POST", f"{place}/approval", {"decision": "approve"}).status == 403
    approved = ask(doors, "POST", f"{place}/approval", {"decision": "approve"}, OLGA)
    assert (approved.status, approved.body["state"]) == (200, "running")
    doors.invoke("privacy", {})
    doors.database.shift_clock("6 minutes")
    told = doors.invoke("privacy", {})
    assert (told["failed"], told["overdue"]) == (0, 0)
    done = ask(doors, "GET", place).body
    assert done["state"] == "done"
    assert {one["store"]: one["removed"] for one in done["receipts"]}["exports"] == {"exports": 1, "objects": 1}
    # No version is left, in the bucket nor in the pool; the list outside says a key and nobody's name.
    assert "Versions" not in s3.list_object_versions(Bucket="exports")
    assert cognito.users == {}
    (line,) = s3.list_objects_v2(Bucket="ended")["Contents"]
    written = s3.get_object(Bucket="ended", Key=line["Key"])["Body"].read().decode()
    assert member.number not in written
    assert set(json.loads(written)) == {"what", "key", "at"}
    again = doors.invoke("privacy", {"reapply": True})
    assert (again["known"], again["again"], again["over"]) == (1, 0, True)
    listed = ask(doors, "GET", "/privacy/requests?limit=1").body
    assert [one["request_id"] for one in listed["requests"]] == [asked.body["request_id"]]
    rest = ask(doors, "GET", f"/privacy/requests?before={listed['before']}&kind=export").body
    assert [one["state"] for one in rest["requests"]] == ["expired"]
    owner.close()


def test_what_is_in_the_way_is_said_and_a_number_nobody_has_is_not_found(doors: Doors, somebody: Any) -> None:
    member = somebody()
    with doors.database.owner() as owner:
        row = owner.execute("select clock.new_id() as id").fetchone()
        assert row is not None
    held = ask(doors, "POST", f"/members/{member.number}/legal-holds", {"reason": "court 12/26"}, key=str(row["id"]))
    assert (held.status, held.body["obstacles"]) == (201, ["legal-hold"])
    wish = {"reason": "member_request", "points": 0}
    refused = ask(doors, "POST", f"/members/{member.number}/erasure", wish, key=str(row["id"]))
    assert (refused.status, refused.body["code"]) == (409, "legal-hold")
    holds = f"/members/{member.number}/legal-holds"
    hold_id = UUID(held.body["legal_holds"][0]["hold_id"])
    assert ask(doors, "POST", f"{holds}/{hold_id}/lifting", None, SUE).status == 403
    assert ask(doors, "POST", f"{holds}/{hold_id}/lifting", None, OLGA).status == 200
    assert ask(doors, "GET", f"/members/{member.number}/privacy").body["obstacles"] == []
    assert ask(doors, "GET", "/members/NOBODY/privacy").status == 404
    rules = ask(doors, "GET", "/privacy/retention").body["rules"]
    assert {"past_contacts", "documents"} <= {one["name"] for one in rules}
