"""A month's close for finance, and each of its figures opened, down to one member's lot."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Path, Query

from lambdas.http import Router, View
from lambdas.manager_routes.finance import CSV, Book, Day, Month, table
from lambdas.staff import staff
from loyalty.database import database
from loyalty.refusal import Kind, Refusal
from loyalty.reports import month as closing

router = Router()

Figure = Literal["opening", "issued", "redeemed", "expired", "adjusted", "closing"]
Event = Literal[
    "opened", "granted", "reversed", "withdrawn", "repaid_pending", "repaid_transferred", "redeemed", "restored",
    "lapsed", "given", "received", "moved_out", "moved_in",
]  # fmt: skip
Number = Annotated[str, Path(max_length=40)]
LotName = Annotated[
    str,
    Path(
        pattern=r"^((19|20|21|22)[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])(-extended)?|never)$",
        description="The last good day, with -extended if it was extended; or never.",
    ),
]
After = Annotated[
    str | None,
    Query(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,39}:[0-9]{1,15}$", description="`next` of the page before."),
]


class MonthClose(View):
    """opening + issued − redeemed − expired + adjusted = closing, in points; in money, as the deferred revenue book
    posts it, `breakage` stands for expired. `final`: the month is locked. `opened`: figures open to the last point;
    else what was booked before the books kept entries is missing there. `waiting` bookings are not in it yet."""

    month: str
    opening: int
    issued: int
    redeemed: int
    expired: int
    adjusted: int
    closing: int
    currency: str | None
    accounting_model: Book | None
    opening_minor: int | None
    issued_minor: int | None
    redeemed_minor: int | None
    breakage_minor: int | None
    adjusted_minor: int | None
    closing_minor: int | None
    final: bool
    waiting: int
    opened: bool


class MovementView(View):
    """Points that add up to the figure, those that take off it below zero. `day` and `event` are null for what was
    outstanding. `deferred_micros`: at the rate of the month earned; of what is outstanding, what is held for it."""

    day: date | None
    event: Event | None
    lot_month: date
    funder: str
    points: int
    deferred_micros: str | None


class FigureView(View):
    """A figure and what it is made of."""

    month: str
    figure: Figure
    points: int
    movements: list[MovementView]


class LotPointsView(View):
    """Points of the figure in a member's lot, by the member's row of the points journal (0: a sum of rows)."""

    member_number: str
    sequence: int
    day: date | None
    event: Event | None
    lot: str
    lot_month: date
    funder: str
    points: int
    deferred_micros: str | None


class FigureLots(View):
    """Members' lots of a figure. `next`: where the next page begins; null: there is none."""

    month: str
    figure: Figure
    lots: list[LotPointsView]
    next: str | None


class LotEntryView(View):
    """What a row of the points journal did to the lot; `through`: what was in it then. `figure`: where it counts in the
    close of its day's month; null: the points only went to another lot or member."""

    sequence: int
    day: date
    event: Event
    figure: Figure | None
    kind: str
    op_id: UUID
    reference: UUID | None
    occurred_at: datetime
    booked_at: datetime
    lot_month: date
    funder: str
    points: int
    through: int


class LotView(View):
    """A member's lot: `before` + its entries = `outstanding`. `before`: what was in it when the books began to keep
    entries."""

    member_number: str
    lot: str
    before: int
    outstanding: int
    entries: list[LotEntryView]


@router.get("/finance/months/<month>/close", summary="How the month got from its opening to its closing")
def get_close(month: Month) -> MonthClose:
    who = staff(router)
    return MonthClose(month=month, **asdict(closing.close(database().connection(), who.program_id, _first(month))))


@router.get("/finance/months/<month>/close.csv", summary="The same as a table, each figure opened", responses=CSV)
def get_close_csv(month: Month) -> Response[str]:
    who = staff(router)
    connection, first = database().connection(), _first(month)
    # All of one instant: points are posted meanwhile.
    with connection.transaction():
        connection.execute("set transaction isolation level repeatable read read only")
        closed = closing.close(connection, who.program_id, first)
        parts = {figure: closing.movements(connection, who.program_id, first, figure) for figure in closing.FIGURES}
    return table(f"close-{who.program_id}-{month}", closing.to_csv(first, closed, parts))


@router.get("/finance/months/<month>/close/<figure>", summary="What a figure of the month is made of")
def get_figure(month: Month, figure: Figure) -> FigureView:
    who = staff(router)
    found = closing.movements(database().connection(), who.program_id, _first(month), figure)
    return FigureView(
        month=month,
        figure=figure,
        points=sum(one.points for one in found),
        movements=[MovementView(**_told(asdict(one))) for one in found],
    )


@router.get("/finance/months/<month>/close/<figure>/lots", summary="The members' lots of a figure of the month")
def get_figure_lots(
    month: Month, figure: Figure, day: Annotated[Day | None, Query()] = None, after: After = None,
    limit: Annotated[int, Query(ge=1, le=closing.MOST_LOTS)] = 100,
) -> FigureLots:  # fmt: skip
    who = staff(router)
    began = None
    if after is not None:
        number, _, sequence = after.rpartition(":")
        began = (number, int(sequence))
    found, following = closing.lots(
        database().connection(), who.program_id, _first(month), figure, _day(day) if day else None, began, limit
    )
    return FigureLots(
        month=month,
        figure=figure,
        lots=[LotPointsView(**_told(asdict(one))) for one in found],
        next=None if following is None else f"{following[0]}:{following[1]}",
    )


@router.get("/finance/members/<member_number>/lots/<lot>", summary="One lot of a member, and all that moved it")
def get_lot(member_number: Number, lot: LotName) -> LotView:
    who = staff(router)
    try:
        found = closing.lot(database().connection(), who.program_id, member_number, lot)
    except ValueError:
        found = None
    if found is None:
        raise Refusal(Kind.NOT_FOUND, "not-found", "There is no such lot.")
    return LotView(
        member_number=member_number,
        lot=lot,
        before=found.before,
        outstanding=found.outstanding,
        entries=[LotEntryView(**asdict(one)) for one in found.entries],
    )


def _told(facts: dict[str, object]) -> dict[str, object]:
    micros = facts["deferred_micros"]
    return {**facts, "deferred_micros": None if micros is None else str(micros)}


def _first(month: str) -> date:
    return date.fromisoformat(f"{month}-01")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Refusal(Kind.INVALID, "invalid", "is no day of the calendar", field="day") from None
