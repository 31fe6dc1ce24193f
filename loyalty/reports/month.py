"""A month's close, and each of its figures opened: into the books' movements, members' lots, and one lot's entries."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from loyalty.database import Connection
from loyalty.payments.currencies import decimal_of
from loyalty.payments.provider import Money

type Figure = Literal["opening", "issued", "redeemed", "expired", "adjusted", "closing"]

FIGURES: tuple[Figure, ...] = ("opening", "issued", "redeemed", "expired", "adjusted", "closing")
MOST_LOTS = 500
# How a lot that has been extended, and one that never lapses, are called; others by their last good day.
EXTENDED, NEVER = "-extended", "never"
_NEVER_KEY, _DAY_ZERO = 2**31 - 1, date(2000, 1, 1)


@dataclass(frozen=True, slots=True)
class Close:
    """A month in points, and in minor units as the deferred revenue book posts it (None before any rate).

    opening + issued − redeemed − expired + adjusted = closing; in money `breakage` stands for expired. `final`: locked
    to its end. `opened`: every point has its entry, so that each figure can be opened to its last one.
    """

    opening: int
    issued: int
    redeemed: int
    expired: int
    adjusted: int
    closing: int
    currency: str | None
    accounting_model: str | None
    opening_minor: int | None
    issued_minor: int | None
    redeemed_minor: int | None
    breakage_minor: int | None
    adjusted_minor: int | None
    closing_minor: int | None
    final: bool
    waiting: int
    opened: bool


@dataclass(frozen=True, slots=True)
class Movement:
    """Points of a figure by day, event, month earned and funder; `deferred_micros` as reports.close_movements says."""

    day: date | None
    event: str | None
    lot_month: date
    funder: str
    points: int
    deferred_micros: int | None


@dataclass(frozen=True, slots=True)
class LotPoints:
    """Points of a figure in one member's lot, by the member's row `sequence` of the points journal (0: of several)."""

    member_number: str
    sequence: int
    day: date | None
    event: str | None
    lot: str
    lot_month: date
    funder: str
    points: int
    deferred_micros: int | None


@dataclass(frozen=True, slots=True)
class LotEntry:
    """What a row of the points journal did to a lot; `through`: what was in it then."""

    sequence: int
    day: date
    event: str
    figure: str | None
    kind: str
    op_id: UUID
    reference: UUID | None
    occurred_at: datetime
    booked_at: datetime
    lot_month: date
    funder: str
    points: int
    through: int


@dataclass(frozen=True, slots=True)
class Lot:
    """A member's lot: `before` it, when the books began to keep entries, and all that moved it since."""

    before: int
    outstanding: int
    entries: list[LotEntry]


def close(connection: Connection, program_id: int, month: date) -> Close:
    """The month of this day, as far as the books are posted."""
    row = connection.execute("select * from reports.month_close(%s, %s)", (program_id, month)).fetchone()
    assert row is not None
    return Close(**row)


def movements(connection: Connection, program_id: int, month: date, figure: Figure) -> list[Movement]:
    """What a figure is made of; their points add up to it."""
    rows = connection.execute(
        "select * from reports.close_movements(%s, %s, %s)", (program_id, month, figure)
    ).fetchall()
    return [Movement(**{**row, "deferred_micros": _whole(row["deferred_micros"])}) for row in rows]


def lots(
    connection: Connection, program_id: int, month: date, figure: Figure, day: date | None = None,
    after: tuple[str, int] | None = None, most: int = MOST_LOTS,
) -> tuple[list[LotPoints], tuple[str, int] | None]:  # fmt: skip
    """Members' lots of a figure, of one day of it or of all, and after which (member, row) the next ones come; None:
    these are the last. All parts of a member's row are on one page."""
    number, sequence = after or (None, None)
    rows = connection.execute(
        "select * from reports.close_lots(%s, %s, %s, %s, %s, %s, %s)",
        (program_id, month, figure, day, number, sequence, most),
    ).fetchall()
    found = [
        LotPoints(
            lot=lot_name(row["lot_key"]),
            **{name: value for name, value in row.items() if name not in ("lot_key", "deferred_micros")},
            deferred_micros=_whole(row["deferred_micros"]),
        )
        for row in rows
    ]
    return found, (found[-1].member_number, found[-1].sequence) if len(found) >= most else None


def lot(connection: Connection, program_id: int, member_number: str, name: str) -> Lot | None:
    """A lot with all that moved it; None if nothing ever did, or nobody has this number. Raises ValueError for no lot's
    name."""
    rows = connection.execute(
        "select * from reports.lot_entries(%s, %s, %s)", (program_id, member_number, lot_key(name))
    ).fetchall()
    if not rows:
        return None
    before = rows[0]["before"]
    entries = [LotEntry(**{key: value for key, value in row.items() if key != "before"}) for row in rows]
    return Lot(before, entries[-1].through, entries)


def lot_name(key: int) -> str:
    """`2028-11-30`, the last good day; `2028-11-30-extended` once it was extended; `never`."""
    if key == _NEVER_KEY:
        return NEVER
    day = date.fromordinal(_DAY_ZERO.toordinal() + key // 2)
    return day.isoformat() if key % 2 else f"{day.isoformat()}{EXTENDED}"


def lot_key(name: str) -> int:
    """The ledger's key of a lot. Raises ValueError."""
    if name == NEVER:
        return _NEVER_KEY
    extended = name.endswith(EXTENDED)
    day = date.fromisoformat(name.removesuffix(EXTENDED))
    return (day.toordinal() - _DAY_ZERO.toordinal()) * 2 + (not extended)


def to_csv(month: date, closed: Close, parts: dict[Figure, list[Movement]]) -> str:
    """The close as a table to keep: each figure's total, then what it is made of."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(
        ("month", "figure", "day", "event", "earned_in", "funder", "points", "amount", "currency", "deferred_micros",
         "state")
    )  # fmt: skip
    state, currency = "final" if closed.final else "open", closed.currency or ""
    for figure in FIGURES:
        minor: int | None = getattr(closed, "breakage_minor" if figure == "expired" else f"{figure}_minor")
        amount = decimal_of(Money(minor, currency)) if currency and minor is not None else ""
        writer.writerow(
            (f"{month:%Y-%m}", figure, "", "total", "", "", getattr(closed, figure), amount, currency, "", state)
        )
        for one in parts[figure]:
            micros = "" if one.deferred_micros is None else one.deferred_micros
            writer.writerow(
                (f"{month:%Y-%m}", figure, one.day or "", one.event or "outstanding", f"{one.lot_month:%Y-%m}",
                 one.funder, one.points, "", currency, micros, state)
            )  # fmt: skip
    return out.getvalue()


def _whole(value: Any) -> int | None:
    return None if value is None else int(value)
