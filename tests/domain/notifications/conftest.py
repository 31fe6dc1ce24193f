"""Members who can be reached, channels that remember, and events as the bus brings them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from loyalty.database import Connection
from loyalty.members import membership
from loyalty.members.membership import NewMember
from loyalty.notifications import events, telling
from loyalty.notifications.telling import Letter, Told
from loyalty.programme import publishing
from tests.conftest import TestDatabase

PORTAL = "https://rewards.example"


class Dies(BaseException):
    """The function's process ends here."""


class Line:
    """A channel: keeps letters, or raises what `answers` says next; Dies has sent before."""

    def __init__(self) -> None:
        self.letters: list[Letter] = []
        self.answers: list[BaseException | None] = []

    def send(self, letter: Letter) -> None:
        answer = self.answers.pop(0) if self.answers else None
        if answer is None or isinstance(answer, Dies):
            self.letters.append(letter)
        if answer is not None:
            raise answer


@dataclass
class World:
    """One database with both programmes published."""

    database: TestDatabase
    owner: Connection
    sender: Connection
    email: Line = field(default_factory=Line)
    sms: Line = field(default_factory=Line)
    made: int = 0

    def member(
        self, *, language: str = "en", phone: str | None = "", program_id: int = 1, points: int = 0, days: int = 365
    ) -> int:
        """A member, with points that lapse in `days`."""
        self.made += 1
        number = f"N{self.made}"
        telephone = f"+1206555{self.made:04d}" if phone == "" else phone
        new = NewMember(number, f"{number.lower()}@members.example", telephone, "member", "US", language)
        member_id, _ = membership.create(self.owner, program_id, new, "test")
        if points:
            self.earn(member_id, points, days, program_id)
        return member_id

    def earn(self, member_id: int, points: int, days: int = 365, program_id: int = 1) -> None:
        self.owner.execute(
            "select points.accrue(%s, %s, clock.new_id(), %s, points.today(%s) + %s::int,"
            " clock.now(), 'grocer', clock.new_id()::text, 'programme', 4000, sha256('x'), 'test')",
            (program_id, member_id, points, program_id, days),
        )

    def event(self, topic: str, member_id: int, *, ago: str = "0", **payload: Any) -> events.Event:
        """What the function finds in its queue."""
        row = self.owner.execute("select clock.now() - %s::interval as at", (ago,)).fetchone()
        assert row is not None
        detail = {
            "event_id": str(uuid4()),
            "program_id": payload.pop("program_id", 1),
            "key": str(member_id),
            "subject": None,
            "occurred_at": row["at"].isoformat(),
            "payload": {"member_id": member_id, **payload},
        }
        return events.read(topic, json.loads(json.dumps(detail)))

    def tell(self, event: events.Event) -> Told:
        return telling.tell(self.sender, event, {"email": self.email, "sms": self.sms}, PORTAL)

    def said(self) -> Iterator[events.Event]:
        """What is in the outbox, oldest first, as the relay would bring it; and it is gone."""
        rows = self.owner.execute("delete from outbox.event returning *").fetchall()
        for row in sorted(rows, key=lambda row: int(row["lane"])):
            occurred_at: datetime = row["occurred_at"]
            detail = {
                "event_id": str(row["event_id"]),
                "program_id": row["program_id"],
                "occurred_at": occurred_at.isoformat(),
                "payload": row["payload"],
            }
            yield events.read(row["topic"], detail)

    def deliver(self) -> None:
        """The relay, the bus and the function."""
        for event in self.said():
            self.tell(event)

    def states(self, event: events.Event) -> Mapping[str, tuple[str, str | None]]:
        """Channel → state and reason."""
        rows = self.owner.execute(
            "select channel, state, reason from notifications.message where event_id = %s", (event.event_id,)
        ).fetchall()
        return {row["channel"]: (row["state"], row["reason"]) for row in rows}

    def message(self, event: events.Event, channel: str = "email") -> UUID:
        row = self.owner.execute(
            "select message_id from notifications.message where event_id = %s and channel = %s",
            (event.event_id, channel),
        ).fetchone()
        assert row is not None
        found: UUID = row["message_id"]
        return found

    def later(self, interval: str) -> None:
        self.owner.execute("update clock.setting set shift = shift + %s::interval", (interval,))

    def violations(self) -> dict[str, int]:
        rows = self.owner.execute("select name, violations from notifications.invariants").fetchall()
        return {row["name"]: row["violations"] for row in rows if row["violations"]}


@pytest.fixture
def world(fresh_database: TestDatabase) -> Iterator[World]:
    with fresh_database.owner() as owner, fresh_database.connect("shipment_notification") as sender:
        publishing.publish_initial(owner, {})
        built = World(fresh_database, owner, sender)
        yield built
        assert built.violations() == {}
