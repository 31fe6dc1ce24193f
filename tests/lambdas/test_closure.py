"""Closing an account at the door, and the function that ends it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock
from uuid import UUID

import pytest

from lambdas import closure
from tests.domain.people import Somebody
from tests.lambdas.conftest import Doors, member_token


class Cognito:
    """Deletes users, or does not know them."""

    class exceptions:  # noqa: N801
        class UserNotFoundException(Exception):
            pass

    def __init__(self) -> None:
        self.asked: list[dict[str, str]] = []
        self.known = True

    def admin_delete_user(self, **asked: str) -> None:
        self.asked.append(asked)
        if not self.known:
            raise self.exceptions.UserNotFoundException


@pytest.fixture
def cognito() -> Iterator[Cognito]:
    fake = Cognito()
    with mock.patch.object(closure, "_cognito", return_value=fake):
        yield fake


@pytest.fixture
def jane(doors: Doors, somebody: Callable[..., Somebody]) -> Somebody:
    made = somebody(claimed=True)
    with doors.database.owner() as owner:
        owner.execute(
            "select points.accrue(1, %s, clock.new_id(), 700, null, clock.now(), 'grocer', clock.new_id()::text,"
            " 'programme', 4000, 'x', 'test')",
            (made.member_id,),
        )
    return made


def key(doors: Doors) -> UUID:
    with doors.database.owner() as owner:
        row = owner.execute("select clock.new_id() as id").fetchone()
    assert row is not None
    return UUID(str(row["id"]))


def close(doors: Doors, who: Somebody, points: Any = 700, with_key: UUID | None = None) -> Any:
    headers = {"Idempotency-Key": str(with_key or key(doors))}
    return doors(
        "member_api", "POST", "/me/closure", {"points": points}, token=member_token(who.subject), headers=headers
    )


def test_a_member_closes_and_keeps_the_account(doors: Doors, jane: Somebody) -> None:
    token = member_token(jane.subject)
    before = doors("member_api", "GET", "/me/closure", token=token).body
    assert before == {
        "state": "active", "started_at": None, "undo_until": None, "undo_days": 30, "points": 700, "available": 700,
        "pending": 0, "held": 0, "debt": 0, "obstacles": [], "redemptions": [], "cases": [],
    }  # fmt: skip
    wrong = close(doors, jane, 1)
    assert (wrong.status, wrong.body["code"]) == (409, "points-changed")
    assert close(doors, jane, "700").status == 400
    once = key(doors)
    closed = close(doors, jane, with_key=once)
    assert (closed.status, closed.body["state"]) == (200, "closing")
    assert close(doors, jane, with_key=once).body == closed.body
    assert close(doors, jane).body["code"] == "membership-closing"
    assert doors("member_api", "GET", "/me", token=token).body["state"] == "closing"
    transfer = {"member_number": "M1", "points": 1}
    refused = doors(
        "member_api", "POST", "/transfers", transfer, token=token, headers={"Idempotency-Key": str(key(doors))}
    )
    assert (refused.status, refused.body["code"]) == (409, "membership-closing")
    undone = doors("member_api", "DELETE", "/me/closure", token=token)
    assert (undone.status, undone.body) == (200, before)
    assert doors("member_api", "GET", "/me", token=token).body["state"] == "active"


def test_the_function_ends_what_is_due_and_takes_a_sign_in_that_is_gone_for_removed(
    doors: Doors, jane: Somebody, cognito: Cognito, capsys: pytest.CaptureFixture[str]
) -> None:
    doors.variables["MEMBER_POOL_ID"] = "pool"
    assert close(doors, jane).status == 200
    with doors.database.owner() as owner:
        owner.execute("update closure.closure set undo_until = clock.now(), due_at = clock.now()")
    cognito.known = False
    done = doors.invoke("closure", {})
    assert done == {
        "closed": 1, "waiting": 0, "sign_ins": 1, "erased": 0, "late": 0, "failed": 0, "overdue": 0,
    }  # fmt: skip
    assert cognito.asked == [{"UserPoolId": "pool", "Username": jane.subject}]
    assert doors.invoke("closure", {})["closed"] == 0
    gone = doors("member_api", "GET", "/me", token=member_token(jane.subject))
    assert (gone.status, gone.body["code"]) == (403, "not-claimed")
    output = capsys.readouterr().out
    assert json.loads(output.splitlines()[-1])
    assert jane.subject not in output
    assert jane.email not in output
