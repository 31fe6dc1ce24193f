"""The desk at its door: who was looked for is in no log, what moved on is refused, nobody reaches another programme."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.domain.people import Somebody
from tests.lambdas.conftest import Doors, staff_token

SUPPORT = staff_token("support", subject="sue")
OPERATOR = staff_token("business-operator", subject="olga")


def key(doors: Doors) -> dict[str, str]:
    with doors.database.owner() as owner:
        row = owner.execute("select clock.new_id()::text as key").fetchone()
    assert row is not None
    return {"Idempotency-Key": row["key"]}


def test_who_was_looked_for_is_in_no_log_and_that_somebody_looked_is(
    doors: Doors, somebody: Callable[..., Somebody], capsys: pytest.CaptureFixture[str]
) -> None:
    jane = somebody()
    found = doors("manager_api", "GET", f"/members?q={jane.email}", token=SUPPORT)
    assert [one["member_number"] for one in found.body["members"]] == [jane.number]
    page = doors("manager_api", "GET", f"/members/{jane.number}/overview", token=SUPPORT)
    assert page.body["member"]["email"] == jane.email
    assert doors("manager_api", "GET", "/members?q=", token=SUPPORT).status == 400
    assert jane.email not in capsys.readouterr().out
    with doors.database.owner() as owner:
        rows = owner.execute("select action, detail, subjects from audit.entry where actor = 'staff:sue'").fetchall()
    assert {"GET /members", "GET /members/{member_number}/overview"} <= {row["action"] for row in rows}
    assert jane.email not in json.dumps(rows)
    assert [row["subjects"] for row in rows if row["action"] == "GET /members"] == [[]]


def test_a_block_says_why_and_is_lifted_once(doors: Doors, somebody: Callable[..., Somebody]) -> None:
    jane = somebody()
    path = f"/members/{jane.number}"
    assert doors("manager_api", "POST", f"{path}/block", {"reason": " "}, token=SUPPORT).status == 400
    assert doors("manager_api", "POST", f"{path}/block", {"reason": "lies"}, token=SUPPORT).body["state"] == "blocked"
    assert doors("manager_api", "POST", f"{path}/unblock", {"reason": "none"}, token=SUPPORT).body["state"] == "active"
    again = doors("manager_api", "POST", f"{path}/unblock", {"reason": "none"}, token=SUPPORT)
    assert (again.status, again.body["code"]) == (409, "not-blocked")
    wrong = doors("manager_api", "PUT", f"{path}/contact", {"email": "nobody at home"}, token=SUPPORT)
    assert (wrong.status, wrong.body["errors"][0]["field"]) == (400, "email")


def test_a_merge_is_shown_asked_for_and_decided_by_two(doors: Doors, somebody: Callable[..., Somebody]) -> None:
    survivor, duplicate = somebody(), somebody(claimed=True)
    path = f"/members/{survivor.number}"
    seen = doors("manager_api", "GET", f"{path}/merge-preview?duplicate={duplicate.number}", token=SUPPORT).body
    assert (seen["sign_in"], seen["obstacles"]) == ("moved", [])
    body = {"duplicate": duplicate.number, "reason": "same card"}
    asked = doors("manager_api", "POST", f"{path}/merges", body, token=OPERATOR, headers=key(doors))
    assert (asked.status, asked.body["state"]) == (202, "waiting")
    approval = f"/merges/{asked.body['merge_id']}/approval"
    alone = doors("manager_api", "POST", approval, {"decision": "approve"}, token=OPERATOR)
    assert (alone.status, alone.body["code"]) == (403, "same-person")
    otto = staff_token("business-operator", subject="otto")
    assert doors("manager_api", "POST", approval, {"decision": "approve"}, token=otto).body["state"] == "merged"
    gone = doors("manager_api", "GET", f"/members/{duplicate.number}/overview", token=SUPPORT).body["member"]
    assert (gone["member_number"], gone["also"]) == (survivor.number, [duplicate.number])


def test_another_programmes_members_are_nobody_here(doors: Doors, somebody: Callable[..., Somebody]) -> None:
    stranger = somebody(program_id=2)
    for method, path, body in (
        ("GET", "overview", None),
        ("GET", "statement", None),
        ("GET", "orders", None),
        ("POST", "block", {"reason": "x"}),
        ("PUT", "contact", {"language": "de"}),
        ("GET", f"merge-preview?duplicate={stranger.number}", None),
    ):
        answer = doors("manager_api", method, f"/members/{stranger.number}/{path}", body, token=SUPPORT)
        assert (answer.status, answer.body["code"]) == (404, "no-such-member"), path
