"""The custom resource: CloudFormation gets an answer whatever happens, and the answer tells no password."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from lambdas import migrate
from loyalty.database import Connection
from tests.conftest import TestDatabase

IDS = {"StackId": "stack", "RequestId": "request", "LogicalResourceId": "Migration"}


class CloudFormation:
    """Where answers go. `answers` in the order they came."""

    def __init__(self) -> None:
        self.answers: list[dict[str, Any]] = []
        received = self.answers

        class Inbox(BaseHTTPRequestHandler):
            def do_PUT(self) -> None:
                received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(200)
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None: ...

        self.server = HTTPServer(("127.0.0.1", 0), Inbox)
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def event(self, kind: str, **more: Any) -> dict[str, Any]:
        return {"RequestType": kind, "ResponseURL": f"http://127.0.0.1:{self.server.server_port}/", **IDS, **more}


@pytest.fixture
def cloudformation() -> Iterator[CloudFormation]:
    service = CloudFormation()
    yield service
    service.server.shutdown()
    service.server.server_close()


def _enter(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


def test_by_hand_it_migrates_too_and_a_failure_quotes_no_row(
    fresh_database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    _enter(monkeypatch, fresh_database.environment("postgres"))
    assert migrate.handler({}, None) == {"Migrations": 0, "Repeatables": 0}

    def refused(*_: Any) -> None:
        raise ValueError("in words")

    monkeypatch.setattr(migrate, "_publish", refused)
    with pytest.raises(RuntimeError, match=r"^in words$"):
        migrate.handler({}, None)


def test_a_migrated_database_is_answered_as_a_success(
    cloudformation: CloudFormation, fresh_database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    overrides = json.dumps({"redemption": {"release_delay_seconds": 7}})
    _enter(monkeypatch, {**fresh_database.environment("postgres"), "PROGRAMME_OVERRIDES": overrides})
    for kind in ("Create", "Update"):
        migrate.handler(cloudformation.event(kind), None)
    assert [(answer["Status"], answer["RequestId"]) for answer in cloudformation.answers] == [
        ("SUCCESS", "request")
    ] * 2
    with fresh_database.owner() as connection:
        rows = connection.execute("select program_id, (programme.current(program_id)).document from programme.program")
        delays = [row["document"]["redemption"]["release_delay_seconds"] for row in rows.fetchall()]
    assert delays == [7, 7]


def test_a_database_nobody_answers_for_is_told_with_the_reason(
    cloudformation: CloudFormation, fresh_database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    _enter(monkeypatch, {**fresh_database.environment("nobody"), "DATABASE_PORT": "1"})
    migrate.handler(cloudformation.event("Create"), None)
    (answer,) = cloudformation.answers
    assert answer["Status"] == "FAILED"
    assert answer["Reason"].startswith("OperationalError")


def test_an_environment_with_a_hole_is_told_too(
    cloudformation: CloudFormation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DATABASE_HOST", raising=False)
    migrate.handler(cloudformation.event("Update", PhysicalResourceId="before"), None)
    (answer,) = cloudformation.answers
    assert (answer["Status"], answer["PhysicalResourceId"]) == ("FAILED", "before")


def test_a_deleted_resource_leaves_the_data_alone(
    cloudformation: CloudFormation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DATABASE_HOST", raising=False)
    migrate.handler(cloudformation.event("Delete", PhysicalResourceId="before"), None)
    assert [answer["Status"] for answer in cloudformation.answers] == ["SUCCESS"]


def test_a_row_that_stands_in_the_way_is_neither_told_nor_logged(
    cloudformation: CloudFormation,
    fresh_database: TestDatabase,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def refused(connection: Connection, _: object) -> None:
        connection.execute("create temporary table contact(phone text check (phone = ''))")
        connection.execute("insert into contact select string_agg(n::text, '') from generate_series(1, 9) n")

    monkeypatch.setattr(migrate, "_publish", refused)
    _enter(monkeypatch, fresh_database.environment("postgres"))
    migrate.handler(cloudformation.event("Update"), None)
    (answer,) = cloudformation.answers
    assert answer["Status"] == "FAILED"
    assert answer["Reason"].startswith("CheckViolation: new row")
    assert "123456789" not in json.dumps(answer) + caplog.text
    assert "_bring_up_to_date" in caplog.text, "where it happened"


class _Secrets:
    def get_secret_value(self, SecretId: str) -> dict[str, str]:  # noqa: N803
        return {"SecretString": json.dumps({"username": "x", "password": f"top-{SecretId}"})}


def test_a_password_that_cannot_be_set_is_not_told(
    cloudformation: CloudFormation, fresh_database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    import boto3

    monkeypatch.setattr(boto3, "client", lambda *_, **__: _Secrets())
    secrets = json.dumps({"no_such_role": "secret"})
    _enter(monkeypatch, {**fresh_database.environment("postgres"), "ROLE_SECRET_ARNS": secrets})
    migrate.handler(cloudformation.event("Create"), None)
    (answer,) = cloudformation.answers
    assert answer["Status"] == "FAILED"
    assert "no_such_role" in answer["Reason"]
    assert "top-" not in json.dumps(answer)
