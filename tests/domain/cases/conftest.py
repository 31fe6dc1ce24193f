"""Cases over a saga's orders and a programme's purchases."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest
from psycopg.types.json import Jsonb

from loyalty.casework import asking, deciding
from loyalty.casework.asking import Purchase, Units
from loyalty.casework.deciding import Agent
from tests.conftest import TestDatabase
from tests.domain.redemptions.saga import Line, Saga, saga

TOWELS = Line("B0TOWELS00", 3, 2000)
SUE, SAM = Agent("staff:sue", ("support",)), Agent("staff:sam", ("support",))
OLGA = Agent("staff:olga", ("business-operator",))
NOBODY = Agent("staff:nobody", ("finance",))


@dataclass
class Desk:
    """A programme with orders, and the people of its desk."""

    world: Saga
    manager_api: Any = field(init=False)

    def __post_init__(self) -> None:
        self.manager_api = self.world.database.connect("manager_api")

    def policy(self, **changes: int) -> None:
        """What one person may decide alone, from now on."""
        self.world.owner.execute(
            "select programme.publish(1, c.version, jsonb_set(c.document, '{casework}',"
            " coalesce(c.document -> 'casework', '{}') || %s), 'test', 'test') from programme.current(1) as c",
            (Jsonb(changes),),
        )

    def ordered(self, *lines: Line, points: int | None = None) -> tuple[int, UUID]:
        member_id = self.world.member()
        request = self.world.request(self.world.quote(member_id, *(lines or (TOWELS,))), points)
        self.world.redeem(member_id, request)
        self.world.run(request.redemption_id)
        return member_id, request.redemption_id

    def open(self, member_id: int, about: Units | Purchase, kind: str = "damaged", said: str = "It is broken.") -> UUID:
        key = self.world.new_key()
        asking.open_case(self.world.member_api, 1, member_id, key, kind, about, said)  # type: ignore[arg-type]
        return key

    def about_an_order(
        self, kind: str = "damaged", quantity: int = 1, points: int | None = None
    ) -> tuple[int, UUID, UUID]:
        """(member, redemption, case)"""
        member_id, redemption_id = self.ordered(points=points)
        return member_id, redemption_id, self.open(member_id, Units(redemption_id, 1, quantity), kind)

    def about_a_purchase(self, reference: str | None = None, kind: str = "missing_points") -> tuple[int, UUID, str]:
        """(member, case, the purchase's reference)"""
        member_id, reference = self.world.member(), reference or str(self.world.new_key())
        return member_id, self.open(member_id, Purchase("shop", reference, None), kind), reference

    def decide(self, case_id: UUID, outcome: str, agent: Agent = SUE, **more: Any) -> str:
        return deciding.decide(self.manager_api, 1, case_id, outcome, agent, **more)

    def approve(self, case_id: UUID, decision: str = "approve", agent: Agent = OLGA) -> str:
        return deciding.approve(self.manager_api, 1, case_id, decision, agent)  # type: ignore[arg-type]

    def label(self, case_id: UUID, state: str = "good") -> None:
        self.world.owner.execute(
            "insert into cases.file (program_id, case_id, file_id, purpose, object_key, content_type, size_bytes,"
            " state, added_by, added_at) values (1, %s, clock.new_id(), 'label', clock.new_id()::text,"
            " 'application/pdf', 9, %s, 'staff:sue', clock.now())",
            (case_id, state),
        )

    def row(self, case_id: UUID) -> dict[str, Any]:
        row = self.world.owner.execute("select * from cases.member_case where case_id = %s", (case_id,)).fetchone()
        assert row is not None
        return row

    def history(self, case_id: UUID) -> list[tuple[str, str]]:
        rows = self.world.owner.execute(
            "select kind, actor from casework.event where case_id = %s order by event_number", (case_id,)
        ).fetchall()
        return [(row["kind"], row["actor"]) for row in rows]

    def told(self, case_id: UUID) -> list[str]:
        """What goes out about it, in order."""
        rows = self.world.owner.execute(
            "select topic from outbox.event where subject = %s order by lane", (case_id,)
        ).fetchall()
        return [row["topic"] for row in rows]

    def broken(self) -> dict[str, int]:
        with self.world.database.connect("auditor") as auditor:
            rows = auditor.execute("select * from cases.invariants where violations > 0").fetchall()
        return {row["name"]: row["violations"] for row in rows} | self.world.violations()


@pytest.fixture
def desk(database: TestDatabase) -> Iterator[Desk]:
    """The module's desk; give each test members of its own."""
    with saga(database) as world:
        made = Desk(world)
        yield made
        made.manager_api.close()


@pytest.fixture
def own_desk(fresh_database: TestDatabase) -> Iterator[Desk]:
    """A desk of one test, which may change the programme and turn the clock."""
    with saga(fresh_database) as world:
        made = Desk(world)
        yield made
        made.manager_api.close()
