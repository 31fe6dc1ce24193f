"""A reward from the click to the doorstep, through the database's own steps at instants of the past.

Nobody waits for anybody there: what Amazon answered is made up from a seed, and so is which reward a household takes.
Each reward is one transaction, so the services of the present never see one that is under way; what it would tell the
world is marked as told."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from local.past.shelves import Outages, is_out
from loyalty.catalogue.prices import points_for
from loyalty.database import Connection
from loyalty.programme.reading import Published
from loyalty.redemptions import engine, redeeming
from loyalty.redemptions.redeeming import Redeem

LONGEST_WAY = timedelta(days=9)
# What people want: the n-th product of the shelf as 1/n^0.8; some are gone when they are ordered.
POPULARITY = 0.8
GONE, PARTLY_GONE, LATE, SENT_BACK = 0.03, 0.3, 0.12, 0.04
_LATER = timedelta(minutes=11)


@dataclass(frozen=True, slots=True)
class Product:
    """On the shelf now, so on the shelf then. `weight`: how much it is wanted."""

    asin: str
    title: str
    offer_id: str
    price_minor: int
    weight: float


@dataclass(frozen=True, slots=True)
class Redeemed:
    """A reward, and when a unit of it comes back, if it does."""

    redemption_id: UUID
    comes_back_at: datetime | None


def shelf(connection: Connection, program_id: int, random: Random) -> list[Product]:
    """What can be had, in the seed's order of how much it is wanted."""
    rows = connection.execute(
        "select distinct on (p.asin) p.asin, p.title, o.offer_id, o.price_minor from catalogue.product as p"
        " join catalogue.offer as o using (program_id, asin)"
        " where p.program_id = %s and p.refused_for is null and o.refused_for is null and o.in_stock"
        " and o.price_minor > 0 order by p.asin, o.position",
        (program_id,),
    ).fetchall()
    random.shuffle(rows)
    return [
        Product(row["asin"], row["title"], row["offer_id"], row["price_minor"], 1 / place**POPULARITY)
        for place, row in enumerate(rows, start=1)
    ]


@dataclass(slots=True)
class Rewards:
    """Of one programme; `connection` is a session with `clock.at`. `outages`: when what could not be had."""

    connection: Connection
    published: Published
    program_id: int
    products: list[Product]
    outages: Outages = field(default_factory=dict)

    def redeem(self, member_id: int, at: datetime, random: Random) -> Redeemed | None:
        """One reward that the member can pay with points, ordered at `at`; None if there is none. Raises Refusal."""
        chosen = self._choose(member_id, at, random)
        if chosen is None:
            return None
        product, quantity = chosen
        with self.connection.transaction():
            redemption_id = self._order(member_id, product, quantity, at)
            accepted = self._answered(redemption_id, product, quantity, at + _LATER, random)
            if accepted:
                at = self._delivered(redemption_id, accepted, at + _LATER, random)
            self.told()
        back = accepted and random.random() < SENT_BACK
        return Redeemed(redemption_id, at + timedelta(days=random.randint(3, 20)) if back else None)

    def send_back(self, redemption_id: UUID, at: datetime) -> None:
        """The member had no use for a unit of it, and its points come back."""
        self.stand_at(at)
        with self.connection.transaction():
            self._call(
                "select redemptions.give_back(%s, %s, 1, %s, 1, 'member', 'returned', 'past')",
                redemption_id,
                f"past:{redemption_id}",
            )
            self.told()

    def stand_at(self, at: datetime) -> None:
        """From here on the session's clock shows this instant."""
        self.connection.execute("select set_config('clock.at', %s, false)", (at.isoformat(),))

    def _choose(self, member_id: int, at: datetime, random: Random) -> tuple[Product, int] | None:
        row = self.connection.execute(
            "select available from points.balance(%s, %s)", (self.program_id, member_id)
        ).fetchone()
        available = int(row["available"]) if row else 0
        within = [
            product
            for product in self.products
            if self._points(product) <= available and not is_out(self.outages, product.asin, at)
        ]
        if not within:
            return None
        product = random.choices(within, [one.weight for one in within])[0]
        quantity = 2 if random.random() < 0.15 and 2 * self._points(product) <= available else 1
        return product, quantity

    def _points(self, product: Product) -> int:
        document = self.published.document
        return points_for(product.price_minor, document.conversion.points_per_major, document.store.currency)

    def _order(self, member_id: int, product: Product, quantity: int, at: datetime) -> UUID:
        self.stand_at(at)
        line = {
            "asin": product.asin,
            "offer_id": product.offer_id,
            "title": product.title,
            "image_url": None,
            "quantity": quantity,
            "unit_price_minor": product.price_minor,
            "unit_points_full": self._points(product),
            "expected_unit_price_minor": product.price_minor,
            "expected_shipping_minor": 0,
            "expected_tax_minor": 0,
        }
        points, document = quantity * self._points(product), self.published.document
        row = self.connection.execute(
            "select clock.new_id() as quote_id, clock.new_id() as redemption_id,"
            " members.default_address(%s, %s) as address_id",
            (self.program_id, member_id),
        ).fetchone()
        assert row is not None
        self.connection.execute(
            "select redemptions.create_quote(%s, %s, %s, %s, %s, %s, 'send_what_you_can', false, sha256('past'), %s,"
            " %s, %s, 1, null, null, %s::jsonb, null, 0)",
            (self.program_id, row["quote_id"], member_id, row["address_id"], self.published.version,
             document.store.currency, document.pricing.quote_minutes, points, points, json.dumps([line])),
        )  # fmt: skip
        request = Redeem(row["redemption_id"], row["quote_id"], points, 0)
        redeeming.redeem(self.connection, self.program_id, member_id, request, f"member:{member_id}")
        return request.redemption_id

    def _answered(self, redemption_id: UUID, product: Product, quantity: int, at: datetime, random: Random) -> int:
        """Amazon has said how many units come; how many."""
        accepted = quantity
        if random.random() < GONE:
            accepted = quantity - 1 if random.random() < PARTLY_GONE else 0
        self._step("begin", redemption_id)
        self.stand_at(at)
        if self._step("screen", redemption_id) != "place":
            raise RuntimeError("a reward of the past is not placed")
        answer = {
            "signed": True,
            "lines": [
                {
                    "line_number": 1,
                    "accepted": [self._accepted(redemption_id, product, accepted, at)] if accepted else [],
                    "rejected": [{"quantity": quantity - accepted, "reasons": [{"kind": "UnavailableQuantity"}]}]
                    if accepted < quantity
                    else [],
                }
            ],
        }
        self._call("select orders.enqueue(%s, %s, 'past')", redemption_id)
        self._call(
            "update orders.placement set state = 'sent', sends = 1, sent_at = clock.now(),"
            " row_xid = pg_current_xact_id() where program_id = %s and redemption_id = %s",
            redemption_id,
        )
        self._call("select orders.conclude(%s, %s, %s::jsonb)", redemption_id, json.dumps(answer))
        self._call("select orders.answered(%s, %s, 'past')", redemption_id)
        engine.record_order(self.connection, self.program_id, redemption_id)
        if accepted:
            self._step("settle", redemption_id)
        else:
            self._step("turn_back", redemption_id, "rejected")
            self._step("release", redemption_id)
        return accepted

    def _accepted(self, redemption_id: UUID, product: Product, quantity: int, at: datetime) -> dict[str, Any]:
        return {
            "order_id": _order_id(redemption_id),
            "quantity": quantity,
            "unit_price_minor": product.price_minor,
            "charged_minor": quantity * product.price_minor,
            "shipping_minor": 0,
            "tax_minor": 0,
            "delivery_earliest": (at + timedelta(days=2)).isoformat(),
            "delivery_latest": (at + timedelta(days=5)).isoformat(),
        }

    def _delivered(self, redemption_id: UUID, quantity: int, at: datetime, random: Random) -> datetime:
        """It leaves and arrives, one of eight late; when it arrived."""
        left = at + timedelta(hours=random.randint(4, 44))
        promised = at + timedelta(days=5)
        arrived = left + timedelta(hours=random.randint(18, 70))
        if random.random() < LATE:
            arrived = promised + timedelta(hours=random.randint(3, 60))
        for instant, status in ((left, "SHIPPED"), (arrived, "DELIVERED")):
            self.stand_at(instant)
            said = {
                "amazon_order_id": _order_id(redemption_id),
                "said_at": instant.isoformat(),
                "packages": [
                    {
                        "shipment_id": "1",
                        "package_id": "1",
                        "tracking": f"TBA{redemption_id.int % 10**12:012d}",
                        "status": status,
                        "occurred_at": instant.isoformat(),
                        "promised_to": promised.isoformat(),
                    }
                ],
                "units": [{"shipment_id": "1", "line_number": 1, "quantity": quantity}],
            }
            self.connection.execute("select redemptions.observe('report', %s::jsonb)", (json.dumps(said),))
        return arrived

    def _call(self, statement: str, redemption_id: UUID, *more: object) -> None:
        self.connection.execute(statement.encode(), (self.program_id, redemption_id, *more))

    def _step(self, action: str, redemption_id: UUID, reason: str | None = None) -> str:
        return str(engine.step(self.connection, action, self.program_id, redemption_id, reason).get("next"))

    def told(self) -> None:
        """Whoever would hear of what this transaction has done has heard it then."""
        self.connection.execute(
            "select outbox.sent(array(select event_id from outbox.event where row_xid = pg_current_xact_id()))"
        )


def _order_id(redemption_id: UUID) -> str:
    number = redemption_id.int % 10**14
    return f"112-{number // 10**7:07d}-{number % 10**7:07d}"
