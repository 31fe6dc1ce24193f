"""Invoices for tests of what people do with them: an order that was shipped, and a paper that was read with doubt."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from loyalty.database import Connection

ASIN = "B0EXAMPLE1"


@dataclass(frozen=True, slots=True)
class Bought:
    """Two of a thing at 24.99, of which `shipped` have left."""

    redemption_id: UUID
    amazon_order_id: str
    purchase_order_number: str


def made_up() -> Bought:
    """One that nobody has ordered."""
    redemption_id = uuid4()
    digits = f"{redemption_id.int % 10**14:014d}"
    return Bought(redemption_id, f"114-{digits[:7]}-{digits[7:]}", f"LOY-{redemption_id}")


def bought(owner: Connection, program_id: int = 1, *, shipped: int = 2) -> Bought:
    """An order of Amazon's of its own."""
    order = made_up()
    redemption_id = order.redemption_id
    known = {
        "program": program_id, "id": redemption_id, "amazon": order.amazon_order_id, "shipped": shipped, "asin": ASIN,
        "number": order.purchase_order_number,
    }  # fmt: skip
    for statement in (
        "insert into orders.placement (program_id, redemption_id, member_id, address_id, connection, region, currency,"
        " external_id, purchase_order_number, state, queue_number, sends, sent_at, concluded_at, recorded_at,"
        " answered_at, created_at)"
        " values (%(program)s, %(id)s, 1, %(id)s, 'main', 'US', 'USD', %(id)s::text, %(number)s, 'accepted',"
        " nextval('orders.queue_number'), 1, clock.now(), clock.now(), clock.now(), clock.now(), clock.now())",
        "insert into orders.placement_line (program_id, redemption_id, line_number, asin, quantity,"
        " expected_unit_price_minor, expected_shipping_minor, expected_tax_minor, limit_unit_price_minor,"
        " accepted_quantity, rejected_quantity) values (%(program)s, %(id)s, 1, %(asin)s, 2, 2499, 0, 442, 2499, 2, 0)",
        "insert into orders.order_part (program_id, redemption_id, line_number, part_number, amazon_order_id, quantity,"
        " unit_price_minor, charged_minor, shipping_minor, tax_minor, recorded_at)"
        " values (%(program)s, %(id)s, 1, 1, %(amazon)s, 2, 2499, 5440, 0, 442, clock.now())",
        "insert into orders.follow (program_id, redemption_id, member_id, connection, state, ordered_at, heard_at,"
        " next_report_at, closed_at)"
        " values (%(program)s, %(id)s, 1, 'main', 'closed', clock.now(), clock.now(), clock.now(), clock.now())",
        "insert into orders.shipment (program_id, redemption_id, shipment_key, amazon_order_id, shipped_at)"
        " values (%(program)s, %(id)s, 's', %(amazon)s, clock.now())",
        "insert into orders.shipped_unit (program_id, redemption_id, shipment_key, line_number, quantity)"
        " select %(program)s, %(id)s, 's', 1, %(shipped)s where %(shipped)s > 0",
    ):
        owner.execute(statement, known)
    return order


def content(order: Bought, number: str, **changes: Any) -> dict[str, Any]:
    """What the paper says: the order, to the cent."""
    line = {
        "kind": "item", "description": "Example Water Bottle, 1 l, blue", "amazon_order_id": order.amazon_order_id,
        "asin": ASIN, "quantity": 2, "unit_price_minor": 2499, "amount_minor": 4998,
    }  # fmt: skip
    return {
        "kind": "invoice", "number": number, "issued_on": "2026-11-20", "due_on": "2026-12-20", "currency": "USD",
        "vendor_name": "Amazon Business", "purchase_order_numbers": [order.purchase_order_number],
        "subtotal_minor": 4998, "tax_minor": 442, "total_minor": 5440, "lines": [line],
    } | changes  # fmt: skip


def arrived(owner: Connection, reading: dict[str, Any], program_id: int = 1, *, pdf: bytes | None = None) -> UUID:
    """What was read of a paper that came by mail, judged; the invoice's id. `pdf` lies at its place already."""
    sha256 = hashlib.sha256(pdf or json.dumps(reading, sort_keys=True, default=str).encode()).hexdigest()
    mail = {
        "object_key": f"mail/{sha256}", "message_id": sha256, "sender": "amazon.com", "recipient": "main",
        "bytes": 61_204, "spf": "pass", "dkim": "pass", "dmarc": "pass", "virus": "pass", "spam": "pass",
        "outcome": "taken",
    }  # fmt: skip
    row = owner.execute("select clock.new_id() as mail, clock.new_id() as document").fetchone()
    assert row is not None
    document = {
        "document_id": str(row["document"]), "sha256": sha256, "name": "invoice.pdf", "bytes": 48_310, "pages": 2,
        "object_key": f"documents/{program_id}/{sha256}.pdf",
    }  # fmt: skip
    owner.execute(
        "select * from invoices.take_mail(%s, %s, %s::jsonb, %s::jsonb)",
        (program_id, row["mail"], json.dumps(mail), json.dumps([document])),
    )
    owner.execute("select invoices.begun(%s, %s)", (program_id, row["document"]))
    judged = owner.execute(
        "select invoices.judge(%s, %s, %s::jsonb) as told", (program_id, row["document"], json.dumps([reading]))
    ).fetchone()
    assert judged is not None
    return UUID(judged["told"]["invoices"][0]["invoice_id"])


def misread(order: Bought, number: str, **changes: Any) -> dict[str, Any]:
    """A reading whose quantity is a 7 where the paper has a 2; `changes` of what it says otherwise."""
    wrong = content(order, number, **changes)
    wrong["lines"] = [wrong["lines"][0] | {"quantity": 7}]
    seen = [
        {"name": "number", "printed": number, "confidence": 99.4, "page": 1, "box": [0.13, 0.08, 0.16, 0.014]},
        {"name": "total_minor", "printed": "$54.40", "confidence": 98.9, "page": 1, "box": [0.8, 0.4, 0.08, 0.014]},
        {"name": "lines.0.quantity", "printed": "7", "confidence": 61.2, "page": 1, "box": [0.6, 0.5, 0.02, 0.014]},
    ]
    findings = [{"code": "low_confidence", "field": "lines.0.quantity", "detail": "read with 61.2 %"}]
    return {"invoice": None, "draft": wrong, "seen": seen, "findings": findings}
