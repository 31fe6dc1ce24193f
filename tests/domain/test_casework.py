"""What waits for a human is decided once, by somebody else than who asked, and only by those who may."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from loyalty.database import Connection
from tests.conftest import TestDatabase


def open_case(
    owner: Connection, case_id: UUID, *, program_id: int = 1, subject: str = "member:1", **evidence: Any
) -> bool:
    row = owner.execute(
        "select casework.open_case(%s, %s, 'adjustment', %s, 'goodwill', %s, array['approve', 'decline'],"
        " array['business-operator'], null, 'staff:sue') as opened",
        (program_id, case_id, subject, psycopg.types.json.Jsonb(evidence)),
    ).fetchone()
    assert row is not None
    return bool(row["opened"])


def decide(owner: Connection, case_id: UUID, decision: str, actor: str, *groups: str, program_id: int = 1) -> str:
    row = owner.execute(
        "select casework.decide_case(%s, %s, %s, %s, %s::text[]) as status",
        (program_id, case_id, decision, actor, list(groups)),
    ).fetchone()
    assert row is not None
    return str(row["status"])


def test_a_case_is_decided_once_by_a_second_person_who_may(database: TestDatabase) -> None:
    case_id = uuid4()
    with database.owner() as owner:
        assert open_case(owner, case_id)
        assert decide(owner, case_id, "approve", "staff:olga", "support") == "not_approver"
        assert decide(owner, case_id, "approve", "staff:sue", "business-operator") == "same_person"
        assert decide(owner, case_id, "burn", "staff:olga", "business-operator") == "not_allowed"
        assert decide(owner, case_id, "approve", "staff:olga", "business-operator", program_id=2) == "unknown_case"
        assert decide(owner, case_id, "approve", "staff:olga", "support", "business-operator") == "ok"
        assert decide(owner, case_id, "approve", "staff:olga", "business-operator") == "replay"
        assert decide(owner, case_id, "decline", "staff:olga", "business-operator") == "not_open"
        assert decide(owner, case_id, "approve", "staff:otto", "business-operator") == "not_open"


def test_who_names_no_group_or_nobody_decides_nothing(database: TestDatabase) -> None:
    case_id = uuid4()
    with database.owner() as owner:
        open_case(owner, case_id)
        for actor, groups in (("staff:olga", None), (None, ["business-operator"])):
            row = owner.execute(
                "select casework.decide_case(1, %s, 'approve', %s, %s::text[]) as status", (case_id, actor, groups)
            ).fetchone()
            assert row == {"status": "not_approver"}


def test_opening_a_case_again_changes_nothing_and_another_subject_is_noticed(database: TestDatabase) -> None:
    case_id = uuid4()
    with database.owner() as owner:
        assert open_case(owner, case_id)
        assert open_case(owner, case_id)
        assert not open_case(owner, case_id, subject="member:2")


def test_staff_see_what_waits_in_their_programme_and_write_nothing(database: TestDatabase) -> None:
    mine, other = uuid4(), uuid4()
    with database.owner() as owner:
        open_case(owner, mine)
        open_case(owner, other, program_id=2)
    with database.connect("manager_api") as connection:
        waiting = connection.execute("select case_id from casework.waiting(1, 'adjustment', 200)").fetchall()
        assert mine in [row["case_id"] for row in waiting]
        assert other not in [row["case_id"] for row in waiting]
        for statement in (
            "update casework.case set state = 'decided'",
            "select casework.decide_case(1, clock.new_id(), 'approve', 'me', '{}')",
            "select casework.open_case(1, clock.new_id(), 'k', 's', 'r', '{}', '{a}', '{b}', null, 'me')",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)
