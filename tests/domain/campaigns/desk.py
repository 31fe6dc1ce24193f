"""A programme in which campaigns run: members, what they buy and redeem, and the sweeper's minute."""

from __future__ import annotations

import itertools
import json
import os
from dataclasses import dataclass
from typing import Any

from loyalty.campaigns import standing, watching
from loyalty.campaigns.standing import Standing
from loyalty.database import Connection
from loyalty.members import membership
from loyalty.members.membership import NewMember
from loyalty.points import accruals
from loyalty.programme import publishing, reading
from loyalty.programme.document import Programme
from tests.conftest import TestDatabase

_numbers = itertools.count(1)

CAMPAIGN = {
    "state": "running", "starts_at": "2026-01-01T00:00:00Z", "ends_at": "2036-01-01T00:00:00Z",
    "earn_multiplier_percent": 200, "budget_minor": 1_000_00, "funder": "brand", "holdout_percent": 0,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Desk:
    """See above; each test has campaigns and members of its own."""

    database: TestDatabase
    owner: Connection
    sweeper: Connection
    partner: Connection
    manager: Connection

    def publish(self, **sections: Any) -> Programme:
        """Publish the current document with these sections instead."""
        current = reading.current(self.owner, 1)
        facts = json.loads(current.document.model_dump_json()) | sections
        document = Programme.model_validate_json(json.dumps(facts))
        publishing.publish(self.owner, 1, document, based_on=current.version, actor="test", why="test")
        return document

    def member(self, *, tier: str = "member", country: str = "US") -> tuple[int, str]:
        number = f"K{os.getpid()}-{next(_numbers)}"
        new = NewMember(number, f"{number.lower()}@example.com", None, tier, country, "en")
        return membership.create(self.owner, 1, new, "test")[0], number

    def buy(self, number: str, spend_minor: int = 10_00, *, days_ago: int = 0, category: str = "Dairy") -> int:
        """A purchase; the bonus that it got."""
        row = self.owner.execute("select clock.now() - make_interval(days => %s) as at", (days_ago,)).fetchone()
        assert row is not None
        bought = accruals.Purchase(f"b{os.getpid()}-{next(_numbers)}", number, spend_minor, "USD", category, row["at"])
        document = reading.current(self.partner, 1).document
        done = accruals.accrue(self.partner, 1, document, "grocer", bought, "partner:grocer")
        return sum(one.points for one in done.bonuses)

    def redeem(self, member_id: int, outcome: str, *asins: str) -> None:
        """A redemption of forty days ago that has ended so, a unit for 1,000 points of each product."""
        row = self.owner.execute(
            "insert into redemptions.redemption (program_id, redemption_id, member_id, quote_id, programme_version,"
            " address_id, request_hash, points, money_minor, currency, partial_policy, capture_at, return_days,"
            " settle_op_id, release_op_id, release_at, approve_until, place_before, lease_until, actor, created_at,"
            " updated_at, state, outcome, closed_at, settled_points)"
            " select 1, clock.new_id(), %s, clock.new_id(), 1, clock.new_id(), '', 5, 0, 'USD', 'all_or_nothing',"
            " 'acceptance', 30, clock.new_id(), clock.new_id(), t, t, t, t, 'test', t, t, 'closed', %s, t, 5"
            " from (select clock.now() - interval '40 days') d (t) returning redemption_id",
            (member_id, outcome),
        ).fetchone()
        assert row is not None
        for number, asin in enumerate(asins, 1):
            self.owner.execute(
                "insert into redemptions.line (program_id, redemption_id, line_number, asin, title, quantity,"
                " unit_points, unit_money_minor) values (1, %s, %s, %s, 'A thing', 1, 1000, 0)",
                (row["redemption_id"], number, asin),
            )

    def minute(self) -> None:
        """The sweeper's part for campaigns."""
        watching.watch(self.sweeper)
        watching.count_audiences(self.sweeper)
        watching.measure(self.sweeper)

    def standing(self, code: str) -> Standing:
        return standing.one(self.manager, 1, code)

    def now(self) -> str:
        """The database's time as a document says it."""
        row = self.owner.execute("select clock.now() as now").fetchone()
        assert row is not None
        return str(row["now"].isoformat())


def campaign(code: str, **changes: Any) -> dict[str, Any]:
    """Double points for everybody, of the brand's money."""
    return CAMPAIGN | {"code": code} | changes
