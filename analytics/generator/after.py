"""What comes after redemptions: parcels and invoices; and wishes, which come from nowhere."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytics.generator.rows import NEVER, Clock
from analytics.generator.tables import Ints, InvoiceLines, Lines, Redemptions, Wishes

PROMISED_DAYS = 6
UNDELIVERABLE = 0.004
WISHING = 0.25


def delivered(columns: dict[str, NDArray[Any]], clock: Clock, rng: np.random.Generator) -> Redemptions:
    """One parcel a redemption of which something was accepted, so far as it has left and arrived."""
    rows = columns["at"].size
    accepted = columns["accepted_units"] > 0
    ships = columns["at"] + _days(rng.gamma(2, 0.7, rows) + 0.3)
    arrives = ships + _days(rng.gamma(3, 0.8, rows) + 0.8)
    undeliverable = accepted & (rng.random(rows) < UNDELIVERABLE)
    shipped = np.where(accepted & (ships < clock.end), ships, NEVER)
    came = accepted & (arrives < clock.end) & ~undeliverable
    promised = np.where(accepted, columns["at"] + np.timedelta64(PROMISED_DAYS, "D"), NEVER)
    return Redemptions(
        **columns, shipped_at=shipped, delivered_at=np.where(came, arrives, NEVER), promised_to=promised,
        undeliverable=undeliverable & ~np.isnat(shipped),
    )  # fmt: skip


def _days(days: NDArray[np.float64]) -> NDArray[np.timedelta64]:
    return (np.round(days * 86_400) * 1_000_000).astype("timedelta64[us]")


def invoiced(redemptions: Redemptions, lines: Lines, price_minor: Ints, clock: Clock) -> InvoiceLines:
    """What left on a day is invoiced on the next, at full price: discounts are the programme's."""
    left = redemptions.shipped_at[lines.redemption]
    billed = np.flatnonzero((lines.accepted > 0) & ~np.isnat(left))
    invoice = (left[billed].astype("datetime64[D]") - clock.dates[0]).astype(np.int64) + 1
    kept = invoice < clock.days
    billed, invoice = billed[kept], invoice[kept]
    order = np.argsort(invoice, kind="stable")
    billed, invoice = billed[order], invoice[order]
    first = np.flatnonzero(np.r_[True, np.diff(invoice) > 0]) if invoice.size else np.empty(0, dtype=np.int64)
    number = np.arange(invoice.size) - np.repeat(first, np.diff(np.r_[first, invoice.size]))
    amounts = price_minor[lines.product[billed]] * lines.accepted[billed]
    return InvoiceLines(invoice, number.astype(np.int64), billed.astype(np.int64), amounts)


def wishes(joins: Ints, launch: Ints, clock: Clock, rng: np.random.Generator) -> Wishes:
    """Some members wish for one or two products, some time after both are there."""
    who = np.flatnonzero(rng.random(joins.size) < WISHING)
    member = np.concatenate([who, who[rng.random(who.size) < 0.5]]).astype(np.int64)
    product = np.floor(launch.size * rng.random(member.size) ** 2).astype(np.int64)
    _, once = np.unique(member * launch.size + product, return_index=True)
    member, product = member[once], product[once]
    since = np.maximum(np.maximum(joins[member], launch[product]), 0)
    seconds = np.round((since + rng.random(member.size) * (clock.days - since)) * 86_400)
    order = np.argsort(seconds, kind="stable")
    return Wishes(member[order], product[order], clock.at(0, seconds[order]))
