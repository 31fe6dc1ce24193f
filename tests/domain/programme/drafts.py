"""A published programme with people who prepare the next version."""

from __future__ import annotations

import json
from typing import Any

from loyalty.database import Connection
from loyalty.programme import drafting, publishing, reading, scheduling
from tests.domain import people

CAMPAIGN: dict[str, Any] = {
    "code": "spring",
    "state": "running",
    "starts_at": "2020-03-01T00:00:00Z",
    "ends_at": "2100-04-01T00:00:00Z",
    "earn_multiplier_percent": 200,
    "budget_minor": 100_000,
    "funder": "programme",
}


def begun(owner: Connection) -> None:
    publishing.publish_initial(owner, {"campaigns": [CAMPAIGN]})


def section(connection: Connection, name: str) -> Any:
    """The section as the draft has it, for a test to change."""
    return json.loads(json.dumps(drafting.read(connection, 1).document[name]))


def save(connection: Connection, name: str, value: Any, *, actor: str = "staff:ann") -> drafting.Draft:
    revision = drafting.read(connection, 1).revision
    return drafting.save(connection, 1, name, value, revision=revision, actor=actor)


def change(connection: Connection, name: str, /, *, actor: str = "staff:ann", **fields: Any) -> drafting.Draft:
    """Save a section with fields of it changed."""
    return save(connection, name, section(connection, name) | fields, actor=actor)


def publish(connection: Connection, *, actor: str = "staff:ann", why: str = "agreed") -> int:
    revision = drafting.read(connection, 1).revision
    return scheduling.publish_draft(connection, 1, revision=revision, actor=actor, why=why)


def version(connection: Connection) -> int:
    return reading.current(connection, 1).version


def fields(problems: Any) -> set[str]:
    return {problem.field for problem in problems}


def promise(owner: Connection, campaign: str, *, minor: int) -> None:
    """An open quote takes that much of a campaign's budget."""
    member = people.somebody(owner)
    owner.execute(
        "select points.reserve_discount(1, %s, clock.new_id(), %s, %s, 1, clock.now() + interval '1 year')",
        (campaign, member.member_id, minor * 10_000),
    )
