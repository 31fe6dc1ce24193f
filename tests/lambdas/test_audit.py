"""Every change by staff is written down before it happens, and every look at a person; nothing personal with it."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from unittest import mock
from uuid import UUID

import psycopg
import pytest

from lambdas import staff as guard
from lambdas.manager_routes import audit as routes
from loyalty.audit import log
from tests.conftest import TestDatabase
from tests.domain.people import Somebody
from tests.lambdas.conftest import CANARY_CLIENT, Doors, staff_token

READER = staff_token("finance", subject="reader")


def entries(doors: Doors, query: str) -> list[dict[str, Any]]:
    answer = doors("manager_api", "GET", f"/audit?{query}", token=READER)
    assert answer.status == 200, answer.body
    found: list[dict[str, Any]] = answer.body["entries"]
    return found


def give(doors: Doors, who: Somebody, points: int, subject: str = "agent", **more: Any) -> Any:
    body = {"member_number": who.number, "points": points, "reason_code": "goodwill", **more}
    with doors.database.owner() as owner:
        row = owner.execute("select clock.new_id()::text as key").fetchone()
    assert row is not None
    headers = {"Idempotency-Key": row["key"]}
    return doors(
        "manager_api", "POST", "/adjustments", body, token=staff_token("support", subject=subject), headers=headers
    )


def test_a_change_names_who_what_whose_and_how_it_ended_and_not_what_was_said(
    doors: Doors, somebody: Callable[..., Somebody]
) -> None:
    who = somebody()
    assert give(doors, who, 500, note="Frau Zelmantine was upset").status == 200
    (one,) = entries(doors, f"about={who.number}&changes=true")
    assert one["actor"] == "staff:agent"
    assert one["groups"] == ["support"]
    assert one["action"] == "POST /adjustments"
    assert (one["member_number"], one["status"], one["code"]) == (who.number, 200, None)
    assert one["detail"] == {"points": 500, "reason_code": "goodwill"}
    assert one["subjects"] == []
    assert "Zelmantine" not in str(one)


def test_what_was_refused_is_written_down_with_the_reason(doors: Doors, somebody: Callable[..., Somebody]) -> None:
    who = somebody()
    assert give(doors, who, -500).status == 409
    wrong = doors("manager_api", "GET", f"/members/{who.number}", token=staff_token("finance", subject="curious"))
    assert (wrong.status, wrong.body["code"]) == (403, "wrong-group")
    looked, given = entries(doors, f"about={who.number}")
    assert (looked["actor"], looked["status"], looked["code"]) == ("staff:curious", 403, "wrong-group")
    assert (given["status"], given["code"]) == (409, "insufficient")


def test_a_look_at_a_member_is_written_down_and_a_look_at_the_queue_is_not(
    doors: Doors, somebody: Callable[..., Somebody]
) -> None:
    who, agent = somebody(), staff_token("support", subject="looking")
    doors("manager_api", "GET", f"/members/{who.number}", token=agent)
    doors("manager_api", "GET", "/cases", token=agent)
    doors("manager_api", "GET", "/members/nobody-of-that-number", token=agent)
    assert [(one["action"], one["status"]) for one in entries(doors, "actor=staff:looking")] == [
        ("GET /members/{member_number}", 404),
        ("GET /members/{member_number}", 200),
    ]


def test_without_the_log_nothing_is_done(doors: Doors, somebody: Callable[..., Somebody]) -> None:
    who = somebody()
    with mock.patch.object(guard.log, "begin", side_effect=psycopg.OperationalError("away")):
        assert give(doors, who, 500).status == 503
    answer = doors("manager_api", "GET", f"/members/{who.number}", token=staff_token("support"))
    assert answer.body["available"] == 0


def test_what_broke_off_in_between_shows_no_ending(doors: Doors, somebody: Callable[..., Somebody]) -> None:
    who = somebody()
    with mock.patch.object(guard.log, "finish", side_effect=psycopg.OperationalError("away")):
        assert give(doors, who, 500, subject="unlucky").status == 200
    (one,) = entries(doors, "actor=staff:unlucky")
    assert one["status"] is None


def test_pages_lead_on_and_filters_hold(doors: Doors, somebody: Callable[..., Somebody]) -> None:
    who = somebody()
    for points in range(1, 6):
        give(doors, who, points, subject="busy")
    first = doors("manager_api", "GET", "/audit?actor=staff:busy&limit=3", token=READER).body
    rest = doors("manager_api", "GET", f"/audit?actor=staff:busy&limit=3&before={first['before']}", token=READER).body
    assert [one["detail"]["points"] for one in first["entries"] + rest["entries"]] == [5, 4, 3, 2, 1]
    assert rest["before"] is None
    assert entries(doors, "actor=staff:busy&action=GET%20/members/{member_number}") == []
    assert entries(doors, "actor=staff:busy&until=2020-01-01T00:00:00Z") == []


def test_the_table_has_the_same_lines_and_taking_it_is_written_down(
    doors: Doors, somebody: Callable[..., Somebody]
) -> None:
    give(doors, somebody(), 7, subject="told")
    answer = doors("manager_api", "GET", "/audit.csv?actor=staff:told", token=READER)
    assert answer.headers["content-type"].startswith("text/csv")
    (line,) = csv.DictReader(io.StringIO(answer.body))
    assert (line["action"], line["detail"]) == ("POST /adjustments", '{"points": 7, "reason_code": "goodwill"}')
    assert entries(doors, "actor=staff:reader")[0]["action"] == "GET /audit.csv"


def test_no_cell_of_the_table_is_a_formula_and_what_is_no_members_number_is_not_kept_as_one(
    doors: Doors, somebody: Callable[..., Somebody]
) -> None:
    evil = "=HYPERLINK(A1)"
    agent = staff_token("support", subject="evil")
    doors("manager_api", "GET", "/members/%3DHYPERLINK(A1)", token=agent)
    give(doors, somebody(), 1, subject="evil", member_number=evil)
    answer = doors("manager_api", "GET", "/audit.csv?actor=staff:evil", token=READER)
    cells = [cell for row in csv.reader(io.StringIO(answer.body)) for cell in row]
    assert [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))] == []
    assert [one["member_number"] for one in entries(doors, "actor=staff:evil")] == [None, None]
    row = dict.fromkeys(("actor", "action", "member_number", "code", "correlation_id"), evil)
    (_, line) = log.as_rows(
        [
            {
                **row,
                "at": datetime(2027, 1, 1, tzinfo=UTC),
                "groups": [],
                "subjects": [evil],
                "status": None,
                "detail": {},
            }
        ]
    )
    assert line.count(f"'{evil}") == 6


def test_a_programme_sees_its_own_staffs_doings(doors: Doors, somebody: Callable[..., Somebody]) -> None:
    give(doors, somebody(), 9)
    theirs = {**READER, "client_id": CANARY_CLIENT}
    assert doors("manager_api", "GET", "/audit", token=theirs).body["entries"] == []


def test_nothing_of_the_log_changes(published: TestDatabase) -> None:
    entry = log.Entry("staff:x", ("support",), "POST /adjustments", (), {}, "0" * 8)
    with published.connect("manager_api") as connection:
        entry_id: UUID = log.begin(connection, 1, entry)
        log.finish(connection, 1, entry_id, 200, None, None)
    with published.owner() as owner:
        for table in ("entry", "outcome"):
            for change in (
                f"delete from audit.{table}",
                f"update audit.{table} set at = at",
                f"truncate audit.{table}",
            ):
                with pytest.raises(psycopg.errors.RestrictViolation if "truncate" not in change else psycopg.Error):
                    owner.execute(change.encode())


def test_staff_have_names_for_each_other(doors: Doors) -> None:
    user = {
        "Username": "u-1",
        "Enabled": True,
        "Attributes": [{"Name": "sub", "Value": "s-1"}, {"Name": "email", "Value": "sam@staff.example"}],
    }
    pool = mock.Mock(get_paginator=lambda _: mock.Mock(paginate=lambda **_: [{"Users": [user]}]))
    with mock.patch.object(routes, "_pool", return_value=pool):
        routes._people.cache_clear()
        answer = doors("manager_api", "GET", "/staff", token=staff_token("catalogue-manager"))
        routes._people.cache_clear()
    assert answer.body == {"staff": [{"actor": "staff:s-1", "name": "sam@staff.example", "enabled": True}]}


def test_free_words_and_addresses_are_never_kept() -> None:
    body = {"reason": "she is Anna Example", "state": "open", "points": 3, "email": "a@b.example", "tier": None}
    assert log.telling(body) == {"state": "open", "points": 3}
    assert log.telling(["x"]) == {}
