"""A month for each funder: what was issued for them, at what price, and what became of their points."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from loyalty.database import Connection
from loyalty.payments.currencies import decimal_of
from loyalty.payments.provider import Money


@dataclass(frozen=True, slots=True)
class FunderMonth:
    """Points of the month (`outstanding`: at its end) and what the funder pays; `prices` names each price a point, with
    the campaign whose bonus it was, `discounts` what each campaign of the funder took off the price of redemptions.

    The months' `amount_minor` add up to points times price, rounded down once, and the discounts (`discount_minor`).
    `final`: the month is locked.
    """

    funder: str
    issued: int
    reversed: int
    redeemed: int
    lapsed: int
    outstanding: int
    prices: list[dict[str, Any]]
    discounts: list[dict[str, Any]]
    discount_minor: int
    amount_minor: int
    through_micros: int
    currency: str | None
    final: bool


def statement(connection: Connection, program_id: int, month: date) -> list[FunderMonth]:
    """Every funder's month; empty before anything was posted. The amount is 0 while no rate names a currency."""
    rows = connection.execute("select * from reports.funder_statement(%s, %s)", (program_id, month)).fetchall()
    whole = (
        "issued",
        "reversed",
        "redeemed",
        "lapsed",
        "outstanding",
        "discount_minor",
        "amount_minor",
        "through_micros",
    )
    return [FunderMonth(**{**row, **{name: int(row[name] or 0) for name in whole}}) for row in rows]


def to_csv(month: date, funders: Sequence[FunderMonth]) -> str:
    """The statements as a table, a price or a discount of a funder a row; what it pays stands in its last row."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(
        ("month", "funder", "campaign", "unit_cost_micros", "issued", "reversed", "redeemed", "lapsed", "outstanding",
         "amount", "currency", "state")
    )  # fmt: skip
    for one in funders:
        state = "final" if one.final else "open"
        for price in one.prices:
            writer.writerow(
                (f"{month:%Y-%m}", one.funder, price["campaign"] or "", price["unit_cost_micros"], price["issued"],
                 price["reversed"], "", "", "", "", one.currency or "", state)
            )  # fmt: skip
        for discount in one.discounts:
            writer.writerow(
                (f"{month:%Y-%m}", one.funder, discount["campaign"], "discount", "", "", "", "", "",
                 _decimal(discount["amount_minor"], one.currency), one.currency or "", state)
            )  # fmt: skip
        writer.writerow(
            (f"{month:%Y-%m}", one.funder, "", "total", one.issued, one.reversed, one.redeemed, one.lapsed,
             one.outstanding, _decimal(one.amount_minor, one.currency), one.currency or "", state)
        )  # fmt: skip
    return out.getvalue()


def _decimal(minor: int, currency: str | None) -> str:
    return decimal_of(Money(minor, currency)) if currency else ""
