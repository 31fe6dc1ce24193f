"""Publishing the draft: now, or at an instant.

What is scheduled leaves the draft and is published as it was looked at. When its time has come it is checked once more;
if it cannot be published, nothing is, a case says why, and it is a draft again.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from loyalty.database import Connection
from loyalty.invalid import Problem
from loyalty.programme import checking, drafting, publishing, reading
from loyalty.programme.comparing import Conflict
from loyalty.refusal import Kind, Refusal


@dataclass(frozen=True, slots=True)
class Schedule:
    """`state`: waiting, or refused with its problems until somebody has seen it."""

    schedule_id: UUID
    state: str
    publish_at: datetime
    based_on: int
    sections: dict[str, Any]
    why: str
    scheduled_by: str
    scheduled_at: datetime
    problems: tuple[Problem, ...]


def publish_draft(connection: Connection, program_id: int, *, revision: int, actor: str, why: str) -> int:
    """The draft is the next version; its number. Raises Refusal as `drafting.ready`, and if somebody was faster."""
    draft, programme = drafting.ready(connection, program_id, revision)
    version = publishing.written(
        connection,
        "select programme.publish_draft(%s, %s, %s, %s::jsonb, %s, %s) as version",
        (program_id, draft.based_on, revision, programme.model_dump_json(), actor, why),
    )
    if version is None:
        raise drafting.stale(connection, program_id)
    return version


def schedule_draft(
    connection: Connection, program_id: int, *, revision: int, at: datetime, actor: str, why: str
) -> UUID:
    """The draft will be the next version at that instant. Raises Refusal as `publish_draft`; invalid for an instant
    that is not ahead; conflict `already-scheduled`."""
    draft, _ = drafting.ready(connection, program_id, revision)
    row = connection.execute(
        "select status, schedule_id from programme.schedule_draft(%s, %s, %s, %s::jsonb, %s, %s, %s)",
        (program_id, draft.based_on, revision, json.dumps(draft.touched), at, actor, why),
    ).fetchone()
    assert row is not None
    match row["status"]:
        case "ok":
            return UUID(str(row["schedule_id"]))
        case "already_scheduled":
            raise Refusal(
                Kind.CONFLICT, "already-scheduled", "Something waits to be published already: cancel that first."
            )
        case "past":
            raise Refusal(Kind.INVALID, "invalid", "Choose an instant ahead, within a year.", field="at")
        case _:
            raise drafting.stale(connection, program_id)


def schedules(connection: Connection, program_id: int) -> list[Schedule]:
    """What waits, and what was refused and nobody has seen yet."""
    rows = connection.execute("select * from programme.schedules(%s)", (program_id,)).fetchall()
    return [
        Schedule(
            **{name: row[name] for name in Schedule.__dataclass_fields__ if name != "problems"},
            problems=tuple(Problem(**one) for one in row["problems"] or ()),
        )
        for row in rows
    ]


def cancel(connection: Connection, program_id: int, schedule_id: UUID, actor: str) -> bool:
    """It is not published, or its refusal has been seen. Whether it is the draft again. Raises Refusal."""
    row = connection.execute(
        "select status, drafted from programme.cancel_schedule(%s, %s, %s)", (program_id, schedule_id, actor)
    ).fetchone()
    assert row is not None
    if row["status"] == "unknown":
        raise Refusal(Kind.NOT_FOUND, "no-such-schedule", "Nothing of that name was ever scheduled.")
    if row["status"] == "closed":
        raise Refusal(Kind.CONFLICT, "closed", "It is published, cancelled or seen already.")
    return bool(row["drafted"])


def publish_due(connection: Connection) -> int:
    """Publish or refuse whatever has come due, in every programme; how many were published."""
    due = connection.execute("select * from programme.due_schedules()").fetchall()
    return sum(_publish(connection, row) for row in due)


def _publish(connection: Connection, row: dict[str, Any]) -> int:
    program_id, schedule_id = row["program_id"], row["schedule_id"]
    try:
        version = _published(connection, row)
    except Refusal as refusal:
        problems = refusal.problems or (Problem(refusal.field or "document", refusal.detail),)
        told = json.dumps([{"field": one.field, "detail": one.detail} for one in problems])
        connection.execute("select programme.refuse_schedule(%s, %s, %s::jsonb)", (program_id, schedule_id, told))
        return 0
    # None: somebody published or cancelled at this moment; the next minute looks again.
    return int(version is not None)


def _published(connection: Connection, row: dict[str, Any]) -> int | None:
    program_id, based_on = row["program_id"], row["based_on"]
    current = reading.current(connection, program_id)
    overtaken = connection.execute("select programme.overtaken(%s, %s) as yes", (program_id, based_on)).fetchone()
    if overtaken is None or overtaken["yes"]:
        raise publishing.not_valid([Problem("document", "another version was published since this was scheduled")])
    conflicts: list[Conflict] = []
    bases = dict.fromkeys(row["sections"], based_on)
    document = drafting.over(connection, program_id, current, row["sections"], bases, conflicts)
    if conflicts:
        raise publishing.not_valid([Problem(one.field, "was changed since this was scheduled") for one in conflicts])
    programme, problems = checking.parsed(document)
    if programme is not None:
        problems = checking.problems(connection, program_id, current.document, programme)
    if problems or programme is None:
        raise publishing.not_valid(problems)
    return publishing.written(
        connection,
        "select programme.publish_scheduled(%s, %s, %s, %s::jsonb) as version",
        (program_id, row["schedule_id"], current.version, programme.model_dump_json()),
    )
