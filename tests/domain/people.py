"""Members for tests: each test makes its own."""

from __future__ import annotations

import itertools
import json
import os
from dataclasses import dataclass

from loyalty.database import Connection
from loyalty.members import membership
from loyalty.members.membership import NewMember
from loyalty.programme import publishing, reading
from loyalty.programme.document import Programme

_COUNTER = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Somebody:
    """A member and, if claimed, the sign-in that is theirs."""

    program_id: int
    member_id: int
    number: str
    email: str
    subject: str


def published(owner: Connection, program_id: int = 1) -> Programme:
    """The programme's document, publishing the initial ones first if need be."""
    publishing.publish_initial(owner, {})
    return reading.current(owner, program_id).document


def changed_points(owner: Connection, program_id: int = 1, **points: object) -> Programme:
    """Publish the programme's document with its `points` changed."""
    document = published(owner, program_id)
    facts = json.loads(document.model_dump_json())
    facts["points"] |= points
    changed = Programme.model_validate_json(json.dumps(facts))
    newest = reading.current(owner, program_id).version
    publishing.publish(owner, program_id, changed, based_on=newest, actor="test", why="test")
    return changed


def somebody(owner: Connection, *, program_id: int = 1, claimed: bool = False, tier: str = "member") -> Somebody:
    """A new member nobody else has, as the owner."""
    name = f"{os.getpid()}-{next(_COUNTER)}"
    email = f"someone-{name}@example.com"
    new = NewMember(f"M{name}", email, "+12065550100", tier, "US", "en")
    member_id, _ = membership.create(owner, program_id, new, "test")
    subject = f"subject-{name}"
    if claimed:
        owner.execute(
            "update members.member set subject = %s, claimed_at = clock.now() where program_id = %s and member_id = %s",
            (subject, program_id, member_id),
        )
    return Somebody(program_id, member_id, new.number, email, subject)
