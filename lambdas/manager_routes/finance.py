"""Finance: what a point is worth, the journal by day, months locked and verified, funders, what is owed to members."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Literal

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from aws_lambda_powertools.event_handler.openapi.types import OpenAPIResponse
from pydantic import BaseModel, Field, StringConstraints

from lambdas.http import STRICT, Caller, Router, View
from lambdas.staff import staff
from loyalty.database import database
from loyalty.points import closing
from loyalty.programme import reading
from loyalty.refusal import Kind, Refusal
from loyalty.reports import funders, journal, position, rates

router = Router()

CSV: dict[int, OpenAPIResponse] = {
    200: {"description": "Successful Response", "content": {"text/csv": {"schema": {"type": "string"}}}}
}

# Like 2027-03 and 2027-03-31.
Month = Annotated[str, StringConstraints(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$")]
Day = Annotated[str, StringConstraints(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$")]
Version = Annotated[int, Path(ge=1, le=2**31 - 1)]
Book = Literal["deferred_revenue", "redemption_cost"]
LookedAt = Annotated[
    Book | None, Query(description="Look at this book, whatever is posted. Locked days have the posted one only.")
]
Account = Literal[
    "sales", "deferred_revenue", "redeemed_undelivered", "redemption_revenue", "breakage_revenue", "goodwill",
    "points_owed", "write_offs", "redemption_cost", "redemption_liability", "rewards_payable",
]  # fmt: skip
# Not the beginning of a formula: the code stands in files that spreadsheets open.
Code = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._/-]{0,39}$")]
Share = Annotated[int, Field(ge=0, le=10_000)]


class NewRate(BaseModel):
    """What a point is worth from the first day of a month on. Millionths of the currency a point; parts of 10,000."""

    model_config = STRICT
    applies_from: Month
    accounting_model: Book
    recognise_at: Literal["settlement", "delivery"] = "settlement"
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
    point_value_micros: Annotated[int, Field(ge=0, le=10**9)]
    sales_micros: Annotated[int, Field(ge=1, le=10**12)]
    breakage_basis_points: Annotated[int, Field(ge=0, le=9900)]
    cost_micros: Annotated[int, Field(ge=0, le=10**9)]
    curve: Annotated[list[Share], Field(min_length=1, max_length=240)]
    accounts: Annotated[dict[Account, Code], Field(description="The general ledger's codes.")] = Field(
        default_factory=dict
    )
    note: Annotated[str, StringConstraints(min_length=1, max_length=500)]


class RateView(View):
    """A version; it applies once a second person has approved it. `deferred_micros`: what waits of a sale, a point."""

    version: int
    applies_from: str
    accounting_model: Book
    recognise_at: Literal["settlement", "delivery"]
    currency: str
    point_value_micros: int
    sales_micros: int
    breakage_basis_points: int
    deferred_micros: int
    cost_micros: int
    curve: list[int]
    accounts: dict[str, str]
    note: str
    proposed_by: str
    proposed_at: datetime
    approved_by: str | None
    approved_at: datetime | None


class Rates(View):
    """Newest first."""

    rates: list[RateView]


class DaySum(View):
    """A day: how many lines, and what is debited and credited. An open day is as it would be locked now."""

    day: date
    locked: bool
    rate_version: int | None
    currency: str | None
    lines: int
    total_minor: int
    content_hash: str | None


class Days(View):
    """The month's days that have begun. `waiting` movements of points are not in the open ones yet."""

    month: str
    locked_through: date | None
    waiting: int
    days: list[DaySum]


class Line(View):
    """The amount is debited to one account and credited to the other."""

    line_number: int
    book: Book
    event: str
    funder: str
    debit_account: str
    credit_account: str
    debit_code: str
    credit_code: str
    amount_minor: int
    through_micros: str


class AccountSum(View):
    """What a day brought an account."""

    account: str
    code: str
    debit_minor: int
    credit_minor: int


class JournalDay(View):
    """A day's journal. `content_hash`: the SHA-256 that a locked day must have; see docs/books.md."""

    program_id: int
    day: date
    locked: bool
    currency: str | None
    rate_version: int | None
    content_hash: str | None
    total_minor: int
    accounts: list[AccountSum]
    lines: list[Line]


class VerifiedDay(View):
    """`unaltered`: the stored lines have the hash; `reproduced`: movements and rates give it again."""

    day: date
    content_hash: str
    unaltered: bool
    reproduced: bool


class Verification(View):
    """`verified`: the month is locked to its end, and each day is unaltered and reproduced."""

    month: str
    locked: bool
    verified: bool
    days: list[VerifiedDay]


class AccountBalance(View):
    """Debit less credit: exact in millionths, and as posted."""

    book: Book
    account: str
    code: str
    balance_micros: str
    balance_minor: int


class LotMonth(View):
    """Points of a funder earned in a month: `net` of returns; `expected` ones will still be redeemed."""

    lot_month: date
    funder: str
    net: int
    redeemed: int
    lapsed: int
    outstanding: int
    expected: int | None
    deferred_micros: str | None
    cost_micros: str | None


class PositionView(View):
    """Both books now. `agreement`: the books know the ledger's points; `behind`: `waiting` rows are missing."""

    at: datetime
    day: date
    locked_through: date | None
    agreement: Literal["agrees", "behind", "differs"]
    waiting: int
    ledger_points: int
    books_points: int
    owed_points: int
    accounting_model: Book | None
    currency: str | None
    rate_version: int | None
    accounts: list[AccountBalance]
    lot_months: list[LotMonth]


class Price(View):
    """Points at a price agreed, in millionths a point; `campaign`: whose bonus they were."""

    campaign: str | None
    unit_cost_micros: int
    issued: int
    reversed: int


class Discount(View):
    """What a campaign of the funder took off the price of so many redemptions."""

    campaign: str
    redemptions: int
    amount_minor: int


class FunderMonthView(View):
    """What a funder pays for the month, discounts among it, and what became of the funder's points."""

    funder: str
    issued: int
    reversed: int
    redeemed: int
    lapsed: int
    outstanding: int
    prices: list[Price]
    discounts: list[Discount]
    discount_minor: int
    amount_minor: int
    currency: str | None
    final: bool


class Funders(View):
    """Each funder's month; final when the month is locked."""

    month: str
    funders: list[FunderMonthView]


class Close(View):
    """What was tried of a month: closed, or refused and what did not add up. `head` seals every member's balance."""

    month: str
    state: Literal["closed", "refused"]
    until: datetime
    members: int
    entries: int
    available: int
    held: int
    pending: int
    debt: int
    head: str | None
    violations: dict[str, int] | None
    attempted_at: datetime


class Closes(View):
    """Newest first."""

    closes: list[Close]


class CloseVerification(View):
    """`violations`: what of the closed month does not agree with the journal any more, by rule."""

    month: str
    verified: bool
    violations: dict[str, int]


class LiabilityMonth(View):
    """Points that lapse in a month (none: never), and what both books make of them."""

    month: str | None
    points: int
    deferred_minor: int | None
    cost_minor: int | None


class LiabilityView(View):
    """What members could still spend. The months add up to the totals; money is missing before the first rate."""

    at: datetime
    agreement: Literal["agrees", "behind", "differs"]
    waiting: int
    currency: str | None
    points: int
    owed_points: int
    deferred_minor: int | None
    cost_minor: int | None
    months: list[LiabilityMonth]


@router.get("/finance/rates", summary="What a point is worth, all versions")
def get_rates() -> Rates:
    who = staff(router)
    return Rates(rates=[_rate(row) for row in rates.versions(database().connection(), who.program_id)])


@router.post("/finance/rates", summary="Propose what a point is worth from a month on", status_code=201)
def post_rate(body: NewRate) -> RateView:
    who = staff(router)
    connection = database().connection()
    currency = reading.current(connection, who.program_id).document.store.currency
    if body.currency != currency:
        raise Refusal(Kind.INVALID, "wrong-currency", f"The programme's currency is {currency}.", field="currency")
    facts = body.model_dump() | {
        "applies_from": _first(body.applies_from),
        "accounting_model": rates.AccountingModel(body.accounting_model),
        "recognise_at": rates.RecogniseAt(body.recognise_at),
        "curve": tuple(body.curve),
    }
    version = rates.propose(connection, who.program_id, rates.Proposal(**facts), f"staff:{who.subject}")
    return _version(who, version)


@router.post("/finance/rates/<version>/approval", summary="Approve a version as the second person")
def post_rate_approval(version: Version) -> RateView:
    who = staff(router)
    rates.approve(database().connection(), who.program_id, version, f"staff:{who.subject}")
    return _version(who, version)


@router.get("/finance/months/<month>/days", summary="A month's days")
def get_days(month: Month) -> Days:
    return _days(staff(router), month)


@router.post("/finance/months/<month>/lock", summary="Lock all days to a month's end; again changes nothing")
def post_lock(month: Month) -> Days:
    who = staff(router)
    try:
        journal.lock(database().connection(), who.program_id, _last(month), f"staff:{who.subject}")
    except Refusal as refusal:
        if refusal.code != "already-locked":
            raise
    return _days(who, month)


@router.get("/finance/months/<month>/verification", summary="A locked month worked out again")
def get_verification(month: Month) -> Verification:
    who = staff(router)
    connection = database().connection()
    first, last = _first(month), _last(month)
    days = position.verify(connection, who.program_id, first, last)
    locked_through = journal.state(connection, who.program_id).locked_through
    locked = locked_through is not None and locked_through >= last
    return Verification(
        month=month,
        locked=locked,
        verified=locked and all(day.unaltered and day.reproduced for day in days),
        days=[VerifiedDay(**asdict(day)) for day in days],
    )


@router.get("/finance/days/<day>", summary="A day's journal")
def get_day(day: Day, book: LookedAt = None) -> JournalDay:
    who = staff(router)
    document = _journal(who, day, book)
    return JournalDay(
        program_id=who.program_id,
        **{name: document[name] for name in ("day", "locked", "currency", "rate_version", "content_hash")},
        total_minor=sum(line["amount_minor"] for line in document["lines"]),
        accounts=_accounts(document["lines"]),
        lines=[Line(**line) for line in document["lines"]],
    )


@router.get("/finance/days/<day>/journal.csv", summary="A day's journal as a table", responses=CSV)
def get_day_csv(day: Day, book: LookedAt = None) -> Response[str]:
    who = staff(router)
    return table(f"journal-{who.program_id}-{day}", journal.to_csv({"days": [_journal(who, day, book)]}))


@router.get("/finance/position", summary="Both books at this moment")
def get_position() -> PositionView:
    who = staff(router)
    now = position.position(database().connection(), who.program_id)
    facts = asdict(now)
    for one in facts["accounts"]:
        one["balance_micros"] = str(one["balance_micros"])
    for one in facts["lot_months"]:
        for name in ("deferred_micros", "cost_micros"):
            one[name] = None if one[name] is None else str(one[name])
    return PositionView(agreement=position.agreement(now), **facts)


@router.get("/finance/months/<month>/funders", summary="A month for each funder")
def get_funders(month: Month) -> Funders:
    who = staff(router)
    found = funders.statement(database().connection(), who.program_id, _first(month))
    names = FunderMonthView.model_fields
    return Funders(
        month=month,
        funders=[
            FunderMonthView(**{name: value for name, value in asdict(one).items() if name in names}) for one in found
        ],
    )


@router.get("/finance/months/<month>/funders.csv", summary="A month for each funder, as a table", responses=CSV)
def get_funders_csv(month: Month) -> Response[str]:
    who = staff(router)
    found = funders.statement(database().connection(), who.program_id, _first(month))
    return table(f"funders-{who.program_id}-{month}", funders.to_csv(_first(month), found))


@router.get("/finance/closes", summary="The ledger's closed months")
def get_closes() -> Closes:
    who = staff(router)
    return Closes(
        closes=[
            Close(
                **{name: row[name] for name in ("state", "until", "violations", "attempted_at")},
                **{
                    name: int(row[name] or 0) for name in ("members", "entries", "available", "held", "pending", "debt")
                },
                month=f"{row['month']:%Y-%m}",
                head=row["head"].hex() if row["head"] else None,
            )
            for row in closing.closes(database().connection(), who.program_id)
        ]
    )


@router.get("/finance/closes/<month>/verification", summary="A closed month against the journal, once more")
def get_close_verification(month: Month) -> CloseVerification:
    who = staff(router)
    wrong = closing.verify(database().connection(), who.program_id, _first(month))
    if wrong is None:
        raise Refusal(Kind.NOT_FOUND, "not-closed", "The ledger has not closed this month.")
    return CloseVerification(month=month, verified=not wrong, violations=wrong)


@router.get("/liability", summary="What members could still spend, by the month in which it lapses")
def get_liability() -> LiabilityView:
    who = staff(router)
    now = position.liability(database().connection(), who.program_id)
    known = now.currency is not None
    return LiabilityView(
        at=now.at,
        agreement=position.agreement(now),
        waiting=now.waiting,
        currency=now.currency,
        points=now.books_points,
        owed_points=now.owed_points,
        deferred_minor=sum(one["deferred_minor"] for one in now.months) if known else None,
        cost_minor=sum(one["cost_minor"] for one in now.months) if known else None,
        months=[LiabilityMonth(**{**one, "month": one["month"] and one["month"][:7]}) for one in now.months],
    )


def _first(month: str) -> date:
    return date.fromisoformat(f"{month}-01")


def _last(month: str) -> date:
    return (_first(month) + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def _rate(row: dict[str, Any]) -> RateView:
    return RateView(**{name: row[name] for name in RateView.model_fields if name != "applies_from"},
                    applies_from=f"{row['applies_from']:%Y-%m}")  # fmt: skip


def _version(who: Caller, version: int) -> RateView:
    return next(
        _rate(row) for row in rates.versions(database().connection(), who.program_id) if row["version"] == version
    )


def _days(who: Caller, month: str) -> Days:
    connection = database().connection()
    state = journal.state(connection, who.program_id)
    return Days(
        month=month,
        locked_through=state.locked_through,
        waiting=state.waiting,
        days=[
            DaySum(
                **{name: day[name] for name in ("day", "locked", "rate_version", "currency", "content_hash")},
                lines=len(day["lines"]),
                total_minor=sum(line["amount_minor"] for line in day["lines"]),
            )
            for day in journal.days(connection, who.program_id, _first(month), min(_last(month), state.today))
        ],
    )


def _journal(who: Caller, day: str, book: str | None) -> dict[str, Any]:
    connection = database().connection()
    try:
        wanted = date.fromisoformat(day)
    except ValueError:
        raise Refusal(Kind.INVALID, "invalid", "is no day of the calendar", field="day") from None
    if wanted > journal.state(connection, who.program_id).today:
        raise Refusal(Kind.INVALID, "invalid", "has not begun", field="day")
    return journal.days(connection, who.program_id, wanted, wanted, book)[0]


def _accounts(lines: list[dict[str, Any]]) -> list[AccountSum]:
    sums: dict[tuple[str, str], list[int]] = {}
    for line in lines:
        sums.setdefault((line["debit_account"], line["debit_code"]), [0, 0])[0] += line["amount_minor"]
        sums.setdefault((line["credit_account"], line["credit_code"]), [0, 0])[1] += line["amount_minor"]
    return [
        AccountSum(account=account, code=code, debit_minor=debit, credit_minor=credit)
        for (account, code), (debit, credit) in sorted(sums.items())
    ]


def table(name: str, text: str) -> Response[str]:
    """A CSV file to be saved under this name."""
    headers: dict[str, str | list[str]] = {
        "Content-Disposition": f'attachment; filename="{name}.csv"',
        "Cache-Control": "no-store",
    }
    return Response(200, content_type="text/csv; charset=utf-8", body=text, headers=headers)
