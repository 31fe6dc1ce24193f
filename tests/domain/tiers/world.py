"""A programme with levels, members who buy, and a clock to turn."""

from __future__ import annotations

import itertools
import json
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from loyalty.database import Connection
from loyalty.points import accruals
from loyalty.programme import publishing, reading
from loyalty.programme.document import Programme
from loyalty.tiers import granting, settling, standing
from tests.conftest import TestDatabase
from tests.domain.people import Somebody, published, somebody

_references = itertools.count(1)
LEVELS = (("member", 0), ("silver", 1_000), ("gold", 3_000))


def levels(*codes_and_units: tuple[str, int]) -> list[dict[str, Any]]:
    """Levels as the document has them."""
    return [{"code": code, "names": {"en": code.title()}, "qualifying_units": units} for code, units in codes_and_units]


class World:
    """Purchases, returns, grants and time, each through the role whose door it is."""

    def __init__(self, database: TestDatabase, **tiers: Any) -> None:
        self.database = database
        self.owner: Connection = database.owner()
        self._partner = database.connect("partner_api")
        self._staff = database.connect("manager_api")
        self._sweeper = database.connect("sweeper")
        published(self.owner)
        self.publish(**({"levels": levels(*LEVELS), "window_months": 12} | tiers))

    def close(self) -> None:
        for connection in (self.owner, self._partner, self._staff, self._sweeper):
            connection.close()

    def publish(self, **tiers: Any) -> None:
        """A version with these facts of `tiers` changed; the sweeper has not looked yet."""
        current = reading.current(self.owner, 1)
        facts = json.loads(current.document.model_dump_json())
        facts["tiers"] |= tiers
        changed = Programme.model_validate_json(json.dumps(facts))
        publishing.publish(self.owner, 1, changed, based_on=current.version, actor="test", why="test")
        self.document = changed

    def member(self, tier: str = "member") -> Somebody:
        return somebody(self.owner, tier=tier)

    def buy(self, who: Somebody, units: int, days_ago: int = 0, category: str = "Dairy") -> str:
        """A purchase of so many base points; answers its reference. 10 points a dollar, so 10 cents a point."""
        reference = f"p{next(_references)}"
        bought = accruals.Purchase(
            reference, who.number, units * 10, "USD", category, self.now() - timedelta(days=days_ago)
        )
        accruals.accrue(self._partner, 1, self.document, "grocer", bought, "partner:grocer")
        return reference

    def bring_back(self, reference: str, points: int) -> None:
        back = accruals.Return(reference, f"r{next(_references)}", points=points)
        accruals.reverse(self._partner, 1, self.document, "grocer", back, "partner:grocer")

    def grant(self, who: Somebody, tier: str, until: date) -> UUID:
        grant_id: UUID = self._one("select clock.new_id() as it")
        granting.grant(self._staff, 1, grant_id, who.member_id, tier, until, "goodwill", "staff:ben")
        return grant_id

    def withdraw(self, who: Somebody, grant_id: UUID) -> None:
        granting.withdraw(self._staff, 1, who.member_id, grant_id, "staff:ben")

    def turn_to(self, day: date) -> None:
        """Noon of a day, where the programme is; the sweeper runs."""
        zone = self.document.points.time_zone
        self.owner.execute(
            "update clock.setting"
            " set shift = (%s::date + interval '12 hours') at time zone %s - transaction_timestamp()",
            (day, zone),
        )
        self.sweep()

    def sweep(self) -> None:
        self._sweeper.execute("call points.ensure_partitions()")
        settling.settle_due(self._sweeper)
        settling.walk(self._sweeper)

    def walk(self, pieces: int) -> int:
        """So many pieces of one member of the sweeper's work; up to which member the newest version was looked at."""
        for _ in range(pieces):
            self.owner.execute("select tiers.walk(1)")
        row = self.owner.execute(
            "select version, walking, after_member_id from tiers.programme where program_id = 1"
        ).fetchone()
        assert row is not None
        newest = reading.current(self.owner, 1).version
        if row["version"] == newest:
            return 2**63 - 1
        return int(row["after_member_id"]) if row["walking"] == newest else 0

    def standing(self, who: Somebody) -> standing.Standing:
        return standing.of_member(self._staff, 1, who.member_id)

    def tier(self, who: Somebody) -> str:
        """What all others read."""
        return str(self._one("select members.tier_of(1, %s) as it", who.member_id))

    def changes(self, who: Somebody) -> list[standing.Change]:
        return standing.changes(self._staff, 1, who.member_id)

    def periods(self, who: Somebody) -> list[standing.Period]:
        return standing.periods(self._staff, 1, who.member_id)

    def told(self, who: Somebody) -> list[dict[str, Any]]:
        """Messages about this member's level, in their order."""
        rows = self.owner.execute(
            "select payload from outbox.event where topic = 'member.tier_changed' and key = %s order by lane",
            (str(who.member_id),),
        ).fetchall()
        return [row["payload"] for row in rows]

    def now(self) -> datetime:
        now: datetime = self._one("select clock.now() as it")
        return now

    def today(self) -> date:
        today: date = self._one("select points.today(1) as it")
        return today

    def violations(self) -> dict[str, int]:
        with self.database.connect("auditor") as auditor:
            rows = auditor.execute("select name, violations from tiers.invariants").fetchall()
        return {row["name"]: row["violations"] for row in rows if row["violations"]}

    def _one(self, statement: str, *arguments: Any) -> Any:
        row = self.owner.execute(statement.encode(), arguments).fetchone()
        assert row is not None
        return row["it"]
