"""A saga with orders that went forward, and a store in memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest

from loyalty.database import Connection
from loyalty.documents import issuing, storing
from tests.conftest import TestDatabase
from tests.domain.redemptions.saga import Line, Saga, saga

LAMP = Line("B0LAMP0000", 3, 4500)


@dataclass
class Office:
    """Follows the outbox's events as the function does. `away`: how many puts fail, `stored`: what is in the bucket."""

    world: Saga
    connection: Connection
    stored: dict[str, bytes] = field(default_factory=dict)
    puts: int = 0
    away: int = 0

    def put(self, key: str, content: bytes) -> None:
        self.puts += 1
        if self.away:
            self.away -= 1
            raise ConnectionError
        self.stored[key] = content

    def order(self, *lines: Line, points: int | None = None, member_id: int | None = None) -> UUID:
        """An order that was placed and closed."""
        member_id = member_id or self.world.member()
        request = self.world.request(self.world.quote(member_id, *(lines or (LAMP,))), points)
        self.world.redeem(member_id, request)
        self.world.run(request.redemption_id)
        return request.redemption_id

    def give_back(self, redemption_id: UUID, key: str = "e1", quantity: int = 1, reason: str = "cancelled") -> None:
        row = self.world.owner.execute(
            "select status from redemptions.give_back(1, %s, 1, %s, %s, 'ours', %s, 'test')",
            (redemption_id, key, quantity, reason),
        ).fetchone()
        assert row == {"status": "ok"}

    def events(self, redemption_id: UUID) -> list[tuple[str, dict[str, Any]]]:
        rows = self.world.owner.execute(
            "select topic, program_id, payload from outbox.event where key = %s and topic = any (%s) order by lane",
            (str(redemption_id), list(issuing.TOPICS)),
        ).fetchall()
        return [(row["topic"], {"program_id": row["program_id"], "payload": row["payload"]}) for row in rows]

    def follow(self, topic: str, detail: dict[str, Any]) -> list[UUID]:
        program_id, found = issuing.issue(self.connection, topic, detail)
        for document_id in found:
            storing.store(self.connection, program_id, document_id, self.put)
        return found

    def follow_all(self, redemption_id: UUID) -> None:
        for topic, detail in self.events(redemption_id):
            self.follow(topic, detail)

    def documents(self, redemption_id: UUID) -> list[dict[str, Any]]:
        return self.world.owner.execute(
            "select * from documents.document where redemption_id = %s order by issued_at, document_id",
            (redemption_id,),
        ).fetchall()

    def told(self, redemption_id: UUID) -> int:
        row = self.world.owner.execute(
            "select count(*) as n from outbox.event where topic = 'document.ready' and key = %s", (str(redemption_id),)
        ).fetchone()
        assert row is not None
        return int(row["n"])

    def violations(self) -> dict[str, int]:
        with self.world.database.connect("auditor") as auditor:
            rows = auditor.execute("select name, violations from documents.invariants").fetchall()
        return {row["name"]: row["violations"] for row in rows if row["violations"]}

    def taxed(self, documents: dict[str, Any]) -> None:
        from psycopg.types.json import Jsonb

        self.world.owner.execute(
            "select programme.publish(1, c.version, c.document || jsonb_build_object('documents', %s::jsonb), 'test',"
            " 'test') from programme.current(1) as c",
            (Jsonb(documents),),
        )


def _office(database: TestDatabase) -> Iterator[Office]:
    with saga(database) as world, database.connect("invoicing") as connection:
        yield Office(world, connection)


@pytest.fixture
def office(database: TestDatabase) -> Iterator[Office]:
    """On the module's database; give each test orders of its own."""
    yield from _office(database)


@pytest.fixture
def own_office(fresh_database: TestDatabase) -> Iterator[Office]:
    """On a database of its own, for tests that count numbers, turn the clock or publish."""
    yield from _office(fresh_database)
