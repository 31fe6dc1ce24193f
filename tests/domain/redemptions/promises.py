"""Members, their points and addresses, and what they were promised: quotes, and the requests to redeem them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from psycopg.types.json import Jsonb

from loyalty.database import Connection
from loyalty.redemptions.redeeming import Redeem

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Line:
    """A line of a quote. 200 points are one dollar, so a price in cents is twice as many points."""

    asin: str
    quantity: int
    unit_price_minor: int
    expected_unit_price_minor: int | None = None
    # A campaign's: three quarters of the points.
    campaign: str | None = None

    @property
    def unit_points_full(self) -> int:
        return self.unit_price_minor * 3 // 2 if self.campaign else self.unit_price_minor * 2


class Promises:
    """Made as the owner of the schemas. `numbers`: what names and streets are told apart by."""

    owner: Connection
    numbers: Iterator[int] = _numbers

    def member(self, points: int = 100_000, program_id: int = 1) -> int:
        """A member with points and one address."""
        number = next(self.numbers)
        row = self.owner.execute(
            "select member_id from members.create(%s, %s, %s, null, 'member', 'US', 'en', '\\x00', 'test')",
            (program_id, f"T{number}", f"m{number}@example.com"),
        ).fetchone()
        assert row is not None
        member_id = int(row["member_id"])
        if points:
            self.accrue(member_id, points, program_id)
        self.address(member_id, program_id=program_id)
        return member_id

    def accrue(self, member_id: int, points: int, program_id: int = 1, expires: str = "2 years") -> None:
        outcome = self.owner.execute(
            "select (points.accrue(%s, %s, clock.new_id(), %s, (clock.now() + %s::interval)::date, clock.now(), 'test',"
            " clock.new_id()::text, 'programme', 4000, '\\x00', 'test')).status",
            (program_id, member_id, points, expires),
        ).fetchone()
        assert outcome == {"status": "ok"}, outcome

    def address(
        self,
        member_id: int,
        *,
        postal_code: str = "98109",
        state: str = "WA",
        default: bool = True,
        program_id: int = 1,
    ) -> UUID:
        number = next(self.numbers)
        row = self.owner.execute(
            "select members.add_address(%s, %s, 'Alex Member', '+12065550100', %s, null, null, 'Seattle', %s, %s, 'US',"
            " false, false, %s, 50) as id",
            (program_id, member_id, f"{number} Example Ave", state, postal_code, default),
        ).fetchone()
        assert row is not None
        return UUID(str(row["id"]))

    def quote(
        self,
        member_id: int,
        *lines: Line,
        policy: str = "send_what_you_can",
        minutes: int = 15,
        program_id: int = 1,
        points_min: int = 0,
    ) -> UUID:
        lines = lines or (Line("B000000001", 1, 1000),)
        points_full = sum(line.quantity * line.unit_points_full for line in lines)
        quote_id = self.new_key()
        refused = self.owner.execute(
            "select redemptions.create_campaign_quote(%s, %s, %s, members.default_address(%s, %s), 1, 'USD', %s, false,"
            " sha256('basket'), %s, %s, %s, 1, null, null, %s, null) as refused",
            (
                program_id,
                quote_id,
                member_id,
                program_id,
                member_id,
                policy,
                minutes,
                points_min,
                points_full,
                Jsonb(
                    [
                        {
                            "asin": line.asin,
                            "offer_id": f"offer-{line.asin}",
                            "title": f"Thing {line.asin}",
                            "image_url": None,
                            "quantity": line.quantity,
                            "unit_price_minor": line.unit_price_minor,
                            "unit_points_full": line.unit_points_full,
                            "campaign": line.campaign,
                            "unit_points_normal": line.unit_price_minor * 2 if line.campaign else None,
                            "expected_unit_price_minor": line.expected_unit_price_minor or line.unit_price_minor,
                            "expected_shipping_minor": 0,
                            "expected_tax_minor": 0,
                        }
                        for line in lines
                    ]
                ),
            ),
        ).fetchone()
        assert refused == {"refused": {}}, refused
        return quote_id

    def new_key(self) -> UUID:
        row = self.owner.execute("select clock.new_id() as id").fetchone()
        assert row is not None
        return UUID(str(row["id"]))

    def request(self, quote_id: UUID, points: int | None = None, program_id: int = 1) -> Redeem:
        """A request for that many points (None: all of it) and the money that goes with them."""
        row = self.owner.execute(
            "select coalesce(%s, q.points_full) as points, (select sum(s.quantity * s.unit_money_minor)::bigint"
            " from redemptions.split(q.program_id, q.quote_id, coalesce(%s, q.points_full)) as s) as money"
            " from redemptions.quote as q where q.program_id = %s and q.quote_id = %s",
            (points, points, program_id, quote_id),
        ).fetchone()
        assert row is not None
        return Redeem(self.new_key(), quote_id, row["points"], row["money"])
