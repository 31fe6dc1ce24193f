"""A programme with a shelf of its own: products that a test puts there, sells out, hides and brings back."""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from loyalty.database import Connection
from loyalty.members import membership
from loyalty.members.membership import NewMember
from loyalty.programme import publishing, reading
from loyalty.programme.document import Programme
from tests.conftest import TestDatabase

_numbers = itertools.count(1)


@dataclass
class Shelf:
    """One database, both programmes published."""

    database: TestDatabase
    owner: Connection

    def product(
        self,
        title: str = "Kettle",
        price_minor: int = 1000,
        *,
        asin: str | None = None,
        kind: str = "STANDARD",
        category: str = "home",
        popularity: int = 1000,
        parent: str | None = None,
        in_stock: bool = True,
        program_id: int = 1,
    ) -> str:
        """A product with one offer (a parent has none) that was heard of just now."""
        asin = asin or f"B{next(_numbers):09d}"
        self.owner.execute(
            "insert into catalogue.product(program_id, asin, kind, title, brand, category, category_name, popularity,"
            " parent_asin, first_seen_at, checked_at) values (%s, %s, %s, %s, 'Acme', %s, 'Home', %s, %s, clock.now(),"
            " clock.now())",
            (program_id, asin, kind, title, category, popularity, parent),
        )
        if kind != "VARIATION_PARENT":
            self.owner.execute(
                "insert into catalogue.offer(program_id, asin, offer_id, position, price_minor, currency, in_stock,"
                " min_quantity, condition, buying_guidance, shipping_minor, checked_at)"
                " values (%s, %s, 'offer', 0, %s, 'USD', %s, 1, 'NEW', 'NONE', 100, clock.now())",
                (program_id, asin, price_minor, in_stock),
            )
        return asin

    def stock(self, asin: str, in_stock: bool) -> None:
        self.owner.execute("update catalogue.offer set in_stock = %s where asin = %s", (in_stock, asin))

    def heard(self) -> None:
        """Amazon tells everything anew."""
        self.owner.execute("update catalogue.offer set checked_at = clock.now()")
        self.owner.execute("update catalogue.product set checked_at = clock.now()")

    def later(self, interval: str) -> None:
        """The clock goes on, and Amazon goes on telling."""
        self.owner.execute("update clock.setting set shift = shift + %s::interval", (interval,))
        self.heard()

    def member(self, *, tier: str = "member", program_id: int = 1, language: str = "en") -> int:
        number = f"W{next(_numbers):06d}"
        new = NewMember(number, f"{number.lower()}@members.example", "+12065550100", tier, "US", language)
        member_id, _ = membership.create(self.owner, program_id, new, "test")
        return member_id

    def publish(self, **changes: Any) -> None:
        """Parts of the document changed: publish(catalogue={"hidden_asins": [...]})."""
        current = reading.current(self.owner, 1)
        document = json.loads(current.document.model_dump_json())
        for part, values in changes.items():
            document[part] = {**document[part], **values} if isinstance(values, dict) else values
        changed = Programme.model_validate_json(json.dumps(document))
        publishing.publish(self.owner, 1, changed, based_on=current.version, actor="test", why="test")

    def redeemed(
        self,
        member_id: int,
        *asins: str,
        outcome: str = "completed",
        ago: str = "1 day",
        units: int = 1,
        given_back: int = 0,
        program_id: int = 1,
    ) -> None:
        """An order of these that ended so long ago."""
        redemption = str(uuid4())
        with self.owner.transaction():
            self.owner.execute("set local session_replication_role = replica")
            row = self.owner.execute(
                "insert into redemptions.redemption(program_id, redemption_id, member_id, quote_id, programme_version,"
                " address_id, request_hash, points, money_minor, currency, partial_policy, capture_at, return_days,"
                " settle_op_id, release_op_id, release_at, approve_until, place_before, lease_until, actor, created_at,"
                " updated_at, state, outcome, settled_points, released_points, closed_at)"
                " select %s, overlay(clock.first_id(t)::text placing right(%s, 12) from 25)::uuid, %s, clock.new_id(),"
                " 1, clock.new_id(), '\\x', 10, 0, 'USD', 'send_what_you_can', 'shipment', 30, clock.new_id(),"
                " clock.new_id(), t, t, t, t, 'test', t, t, 'closed', %s, 10, 0, t"
                " from (select clock.now() - %s::interval as t) as ended returning redemption_id",
                (program_id, redemption, member_id, outcome, ago),
            ).fetchone()
            assert row is not None
            for number, asin in enumerate(asins, start=1):
                self.owner.execute(
                    "insert into redemptions.line(program_id, redemption_id, line_number, asin, title, quantity,"
                    " unit_points, unit_money_minor, accepted_quantity, given_back)"
                    " values (%s, %s, %s, %s, 'x', %s, 10, 0, %s, %s)",
                    (program_id, row["redemption_id"], number, asin, units, units, given_back),
                )


def shelf_of(database: TestDatabase, owner: Connection) -> Shelf:
    publishing.publish_initial(owner, {})
    return Shelf(database, owner)
