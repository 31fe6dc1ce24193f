"""Reconciliation: days, a day's report, its rows as a table; and the house's accounts, for finance."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query

from lambdas.http import Caller, Router, View
from lambdas.manager_routes.finance import CSV, Day, Month, table
from lambdas.staff import staff
from loyalty.database import database
from loyalty.reconciliation import reading
from loyalty.refusal import Kind, Refusal

router = Router()


Verdict = Literal["matched", "explained", "ticket"]


class DaySummary(View):
    """A day. `state`: fetching, asking, comparing, done; the sums are there when it is done."""

    day: date
    state: str
    as_of: datetime
    finished_at: datetime | None
    attempt: int
    matched: int | None
    explained: int | None
    tickets: int | None
    orphans: int | None


class Difference(View):
    """Of one redemption: what is there less what should be. `leg`: points, money, provider, amazon."""

    leg: str
    kind: str
    explained: bool
    points: int | None = None
    amount_minor: int | None = None
    asin: str | None = None
    seller: str | None = None


class DifferenceSum(View):
    """All differences of a kind in that day's redemptions; currencies are never added up."""

    leg: str
    kind: str
    explained: bool
    currency: str | None
    redemptions: int
    points: int | None
    amount_minor: int | None


class PriceVariance(View):
    """What the day posted to house:price_variance: Amazon's charges beyond the quote."""

    asin: str
    seller: str
    reason: str
    currency: str
    amount_minor: int


class Unmatched(View):
    """A redemption that does not match, with its ticket."""

    redemption_id: UUID
    unmatched_since: datetime
    currency: str
    differences: list[Difference]
    case_id: UUID | None
    case_state: str | None
    deadline: datetime | None


class OrphanView(View):
    """Seen at Amazon or a provider, and no redemption knows it; with its ticket."""

    source: str
    reference: str
    kind: str
    currency: str | None
    amount_minor: int | None
    first_seen_at: datetime
    case_id: UUID


class Others(View):
    """What others of the company have bought with the same Amazon Business account: nobody looks into it."""

    currency: str
    transactions: int
    amount_minor: int


class Report(View):
    """A day's report. Unmatched ones and orphans oldest first, at most 200 each; `waiting` have no verdict yet."""

    day: date
    state: str
    as_of: datetime
    finished_at: datetime | None
    attempt: int
    matched: int
    explained: int
    tickets: int
    waiting: int
    differences: list[DifferenceSum]
    price_variances: list[PriceVariance]
    unmatched: list[Unmatched]
    orphans: list[OrphanView]
    others: list[Others]


class Reconciliations(View):
    """Days, newest first, and the report of one of them: the day asked for, else the newest that is done."""

    days: list[DaySummary]
    report: Report | None


class HouseAccount(View):
    """What falls to one of the programme's own accounts, by product and seller."""

    account: str
    reason: str
    asin: str
    seller: str
    currency: str | None
    rows: int
    amount_minor: int
    points: int


class HouseMonth(View):
    """The programme's own accounts in a month."""

    month: str
    accounts: list[HouseAccount]


@router.get("/reconciliation", summary="Days that were reconciled, and the report of one")
def get_reconciliation(
    day: Annotated[str | None, Query(pattern=r"^20[0-9]{2}-[01][0-9]-[0-3][0-9]$")] = None,
    limit: Annotated[int, Query(ge=1, le=400)] = 30,
) -> Reconciliations:
    who = staff(router)
    connection = database().connection()
    days = reading.days(connection, who.program_id, limit)
    wanted = next((row["day"] for row in days if row["state"] == "done"), None) if day is None else _day(day)
    report = reading.report(connection, who.program_id, wanted) if wanted is not None else None
    if report is None and day is not None:
        raise Refusal(Kind.NOT_FOUND, "no-such-day", "This day was not reconciled.")
    return Reconciliations(
        days=[DaySummary(**row) for row in days], report=None if report is None else Report(**report)
    )


@router.get(
    "/reconciliation/days/<day>/redemptions.csv", summary="A day's redemptions with their differences", responses=CSV
)
def get_redemptions_csv(day: Day, verdict: Annotated[Verdict | None, Query()] = None) -> Response[str]:
    who = staff(router)
    connection = database().connection()
    wanted = _day(day)
    if reading.report(connection, who.program_id, wanted) is None:
        raise Refusal(Kind.NOT_FOUND, "no-such-day", "This day was not reconciled.")
    found = reading.rows(connection, who.program_id, wanted, verdict)
    return table(f"reconciliation-{who.program_id}-{day}", reading.to_csv(found))


@router.get("/finance/months/<month>/house", summary="The programme's own accounts in a month")
def get_house(month: Month) -> HouseMonth:
    sums = _house(staff(router), month)
    return HouseMonth(month=month, accounts=[HouseAccount(**asdict(one)) for one in sums])


@router.get("/finance/months/<month>/house.csv", summary="The same as a table", responses=CSV)
def get_house_csv(month: Month) -> Response[str]:
    who = staff(router)
    return table(f"house-{who.program_id}-{month}", reading.house_to_csv(month, _house(who, month)))


def _house(who: Caller, month: str) -> list[reading.HouseSum]:
    first = date.fromisoformat(f"{month}-01")
    last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    return reading.house(database().connection(), who.program_id, first, last)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Refusal(Kind.INVALID, "invalid", "is no day of the calendar", field="day") from None
