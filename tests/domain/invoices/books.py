"""Orders that Amazon has sent, and its invoices about them as somebody has read them."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from loyalty.database import Connection
from loyalty.orders.amazon_business import AcceptedItem, Charge, LineResult, OrderLine
from tests.conftest import TestDatabase
from tests.domain.redemptions.amazon import FakeAmazon
from tests.domain.redemptions.saga import Line, Saga

TOWELS = Line("B0TOWELS00", 3, 2000)
LAMP = Line("B0LAMP0000", 1, 4500)
ANNA, OTTO = "staff:anna", "staff:otto"
FINANCE = ["finance"]
# Our number by Amazon's, of the orders made last.
_ours: dict[str, str] = {}
_numbers = itertools.count(1)

type Content = dict[str, Any]
type Json = dict[str, Any]


class Shop(FakeAmazon):
    """One Amazon order for a redemption, ten percent of tax, and shipping on each line as a test says."""

    shipping_minor = 0
    names: dict[str, str]

    def _line(self, line: OrderLine, name: str) -> LineResult:
        told = super()._line(line, name)
        known = self.__dict__.setdefault("names", {})
        order_id = known.setdefault(name, f"114-{next(_numbers):07d}-1000001")
        return replace(told, accepted=tuple(self._charged(item, order_id) for item in told.accepted))

    def _charged(self, item: AcceptedItem, order_id: str) -> AcceptedItem:
        goods = item.quantity * (item.unit_price_minor or 0)
        tax = (goods + self.shipping_minor) // 10
        charges = [Charge("SUBTOTAL", "PRINCIPAL", goods), Charge("SUBTOTAL", "TAX", tax)]
        if self.shipping_minor:
            charges.append(Charge("SHIPPING", "PRINCIPAL", self.shipping_minor))
        return replace(item, order_id=order_id, charges=tuple(charges))


@dataclass(frozen=True)
class Order:
    """What is known of it; `number` is ours, `amazon` theirs."""

    redemption_id: UUID
    amazon: str
    number: str
    lines: tuple[Line, ...]
    shipping_minor: int

    def __post_init__(self) -> None:
        _ours[self.amazon] = self.number

    def item(self, quantity: int | None = None, line: int = 1, **other: Any) -> Content:
        """A line of an invoice about so many units (None: all)."""
        ordered = self.lines[line - 1]
        units = ordered.quantity if quantity is None else quantity
        told: Content = {
            "kind": "item",
            "description": "Something",
            "amazon_order_id": self.amazon,
            "asin": ordered.asin,
            "quantity": units,
            "unit_price_minor": ordered.unit_price_minor,
        } | other
        return {"amount_minor": told["quantity"] * told["unit_price_minor"]} | told


class Desk(Saga):
    """The invoice desk on a database of a module's own; `desk` and `matching` come in as their functions do."""

    def __init__(self, database: TestDatabase) -> None:
        super().__init__(database, amazon=Shop())
        self.matching = database.connect("invoice_matching")
        self.desk = database.connect("invoice_desk")
        self.intake = database.connect("invoice_intake")
        self.watch = database.connect("invoice_watch")

    def close(self) -> None:
        for connection in (self.matching, self.desk, self.intake, self.watch):
            connection.close()
        super().close()

    # ---- orders ----------------------------------------------------------------------------------------------------

    def ordered(self, *lines: Line, shipping_minor: int = 0) -> Order:
        """Placed and accepted; nothing has left."""
        lines = lines or (TOWELS,)
        self.amazon.shipping_minor = shipping_minor  # type: ignore[attr-defined]
        self.amazon.prices |= {line.asin: line.unit_price_minor for line in lines}
        member_id = self.member()
        request = self.request(self.quote(member_id, *lines))
        self.redeem(member_id, request)
        self.run(request.redemption_id)
        row = self.row(request.redemption_id, "orders.placement")
        return Order(
            request.redemption_id,
            self.amazon.names[row["external_id"]],  # type: ignore[attr-defined]
            row["purchase_order_number"],
            lines,
            shipping_minor,
        )

    def sent(self, *lines: Line, shipping_minor: int = 0) -> Order:
        """All of it has left."""
        order = self.ordered(*lines, shipping_minor=shipping_minor)
        for number, line in enumerate(order.lines, 1):
            self.shipped(order, line.quantity, number)
        return order

    def shipped(self, order: Order, quantity: int, line: int = 1) -> None:
        """Units have left, as following would write it down."""
        key = f"{order.amazon}/S{next(_numbers)}"
        self.owner.execute(
            "insert into orders.shipment (program_id, redemption_id, shipment_key, amazon_order_id, shipped_at)"
            " values (1, %s, %s, %s, clock.now())",
            (order.redemption_id, key, order.amazon),
        )
        self.owner.execute(
            "insert into orders.shipped_unit (program_id, redemption_id, shipment_key, line_number, quantity)"
            " values (1, %s, %s, %s, %s)",
            (order.redemption_id, key, line, quantity),
        )

    # ---- papers ----------------------------------------------------------------------------------------------------

    def document(self, seed: object = None, program_id: int = 1) -> UUID:
        """A PDF that came by mail."""
        number = next(_numbers)
        row = self.intake.execute(
            "select document_id from invoices.take_mail(%s, clock.new_id(), %s::jsonb, %s::jsonb)",
            (program_id, json.dumps(mail(number)), json.dumps([pdf(self.new_key(), seed or number)])),
        ).fetchone()
        assert row is not None
        return UUID(str(row["document_id"]))

    def judge(self, *contents: Content, document_id: UUID | None = None, by: Connection | None = None) -> Json:
        """The first invoice of a document that was read without a doubt."""
        first: Json = self.judged([reading(one) for one in contents], document_id, by)["invoices"][0]
        return first

    def judged(self, readings: Sequence[Json], document_id: UUID | None = None, by: Connection | None = None) -> Json:
        row = (
            (by or self.matching)
            .execute(
                "select invoices.judge(1, %s, %s::jsonb) as judged",
                (document_id or self.document(), json.dumps(readings)),
            )
            .fetchone()
        )
        assert row is not None
        told: Json = row["judged"]
        return told

    def approved(self, content: Content) -> UUID:
        """The id of an invoice that went through."""
        told = self.judge(content)
        assert told["state"] == "approved", told
        return UUID(told["invoice_id"])

    def in_review(self, content: Content) -> UUID:
        told = self.judge(content)
        assert told["state"] == "review", told
        return UUID(told["invoice_id"])

    def again(self) -> int:
        row = self.watch.execute("select invoices.judge_again(100) as done").fetchone()
        assert row is not None
        return int(row["done"])

    # ---- people ----------------------------------------------------------------------------------------------------

    def correct(
        self, invoice_id: UUID, content: Content, who: str = ANNA, revision: int = 0, groups: Sequence[str] = FINANCE
    ) -> str:
        row = self.desk.execute(
            "select invoices.correct(1, %s, %s, %s::jsonb, '[]', %s, %s::text[]) as status",
            (invoice_id, revision, json.dumps(content), who, list(groups)),
        ).fetchone()
        assert row is not None
        return str(row["status"])

    def decide(
        self,
        invoice_id: UUID,
        decision: str,
        who: str = ANNA,
        reason: str | None = None,
        groups: Sequence[str] = FINANCE,
    ) -> str:
        row = self.desk.execute(
            "select invoices.decide(1, %s, %s, %s, %s, %s::text[]) as status",
            (invoice_id, decision, reason, who, list(groups)),
        ).fetchone()
        assert row is not None
        return str(row["status"])

    # ---- the ERP ---------------------------------------------------------------------------------------------------

    def posts(self, invoice_id: UUID) -> str:
        """The ERP has taken it; its id there."""
        name = f"ERP-{next(_numbers)}"
        self.owner.execute(
            "update erp.document set state = 'posted', erp_document_id = %s, ended_at = clock.now() where subject = %s",
            (name, invoice_id),
        )
        self.owner.execute("select invoices.posted(1, %s, %s)", (invoice_id, name))
        return name

    def refuses(self, invoice_id: UUID, reason: str = "locked_period") -> None:
        """The ERP has not."""
        self.owner.execute(
            "update erp.document set state = 'refused', ended_at = clock.now() where subject = %s", (invoice_id,)
        )
        self.owner.execute("select invoices.posting_refused(1, %s, %s)", (invoice_id, reason))

    # ---- what came of it -------------------------------------------------------------------------------------------

    def invoice(self, invoice_id: UUID | str) -> Json:
        row = self.owner.execute("select * from invoices.invoice where invoice_id = %s", (invoice_id,)).fetchone()
        assert row is not None
        return row

    def one(self, invoice_id: UUID) -> Json:
        """As the desk shows it."""
        row = self.desk.execute("select invoices.one(1, %s) as told", (invoice_id,)).fetchone()
        assert row is not None
        told: Json = row["told"]
        return told

    def handed_over(self, invoice_id: UUID | str) -> Json | None:
        """What lies ready for the ERP."""
        return self.owner.execute(
            "select * from erp.document where subject = %s and state <> 'refused'", (invoice_id,)
        ).fetchone()

    def case(self, invoice_id: UUID | str, state: str = "open") -> Json | None:
        return self.owner.execute(
            "select * from casework.case where kind = 'invoice' and subject = %s and state = %s",
            (str(invoice_id), state),
        ).fetchone()

    def told(self, invoice_id: UUID) -> list[Json]:
        """Topics and payloads."""
        return self.owner.execute(
            "select topic, payload from outbox.event where subject = %s order by event_id", (invoice_id,)
        ).fetchall()

    def violations(self) -> dict[str, int]:
        with self.database.connect("auditor") as auditor:
            rows = auditor.execute("select name, violations from invoices.invariants").fetchall()
        return {row["name"]: row["violations"] for row in rows if row["violations"]}


def _printed(lines: list[Content]) -> list[str]:
    """Our numbers of the orders on these lines: Amazon prints what it was given."""
    return sorted({_ours[line["amazon_order_id"]] for line in lines if line.get("amazon_order_id") in _ours})


def content(*items: Content, order: Order | None = None, **other: Any) -> Content:
    """An invoice over these lines whose sums are right: ten percent of tax. `order`: whose number of ours it shows."""
    credit = other.get("kind") == "credit_memo"
    lines = [dict(line) for line in items]
    if credit:
        for line in lines:
            line["amount_minor"] = -abs(line["amount_minor"])
    shipping, discount = other.pop("shipping_minor", 0), other.pop("discount_minor", 0)
    subtotal = sum(line["amount_minor"] for line in lines if line["kind"] in ("item", "fee"))
    tax = other.pop("tax_minor", None)
    if tax is None:
        tax = abs(subtotal + shipping) // 10 * (-1 if credit else 1)
    told = {
        "kind": "invoice",
        "number": f"1ABC-{next(_numbers):04d}-XYZ",
        "issued_on": "2026-11-20",
        "due_on": None,
        "currency": "USD",
        "vendor_name": "Amazon.com Services LLC",
        "vendor_tax_id": None,
        "account": None,
        "payment_terms": None,
        "corrects": None,
        "purchase_order_numbers": [order.number.upper()] if order else _printed(lines),
        "subtotal_minor": subtotal,
        "shipping_minor": shipping,
        "discount_minor": discount,
        "tax_minor": tax,
        "total_minor": subtotal + shipping + discount + tax,
        "tax_lines": [],
        "lines": lines,
    }
    return told | other


def reading(invoice: Content | None, *findings: Json, draft: Json | None = None, seen: Sequence[Json] = ()) -> Json:
    return {"invoice": invoice, "draft": draft or invoice or {}, "seen": list(seen), "findings": list(findings)}


def doubt(code: str, field: str = "") -> Json:
    return {"code": code, "field": field, "detail": ""}


def codes(told: Json) -> set[str]:
    return {finding["code"] for finding in told["findings"]}


def mail(number: int, **other: Any) -> Json:
    return {
        "object_key": f"mail/{number}",
        "message_id": f"<{number}@mail.example>",
        "sender": "invoices@amazon.com",
        "recipient": "main",
        "bytes": 1000,
        "spf": "pass",
        "dkim": "pass",
        "dmarc": "pass",
        "virus": "pass",
        "spam": "pass",
        "outcome": "taken",
        "reason": None,
    } | other


def pdf(document_id: UUID, seed: object, **other: Any) -> Json:
    digest = hashlib.sha256(str(seed).encode()).hexdigest()
    return {
        "document_id": str(document_id),
        "sha256": digest,
        "name": "invoice.pdf",
        "bytes": 5000,
        "pages": 2,
        "object_key": f"documents/1/{digest}.pdf",
        "reason": None,
    } | other


@contextmanager
def desk(database: TestDatabase) -> Iterator[Desk]:
    made = Desk(database)
    try:
        yield made
    finally:
        made.close()
