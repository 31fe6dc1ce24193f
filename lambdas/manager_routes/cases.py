"""The queue of everything that waits for a human, and members' cases in it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from aws_lambda_powertools.event_handler.openapi.params import Query
from pydantic import BaseModel, Field, StringConstraints

from lambdas import case_files
from lambdas.case_files import UploadView
from lambdas.http import KEYED, STRICT, Caller, Router, View, idempotency_key
from lambdas.member_routes.cases import NewFile, NewMessage
from lambdas.staff import about, staff
from loyalty.casework import deciding
from loyalty.casework.deciding import Agent, Lost
from loyalty.database import Connection, database

router = Router()


Code = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z_]{1,40}$")]


class Assignment(BaseModel):
    """Mine, or nobody's."""

    model_config = STRICT
    owner: Literal["me", "nobody"]


class LostUnits(BaseModel):
    """Units of an order's line that will not come."""

    model_config = STRICT
    line_number: Annotated[int, Field(ge=1, le=10_000)]
    quantity: Annotated[int, Field(ge=1, le=10_000)]


class Decision(BaseModel):
    """One of the case's `outcomes`. `points` for goodwill_points and credit_missing_accrual; `reason` for refuse, in
    words for the member; `units` for points_back."""

    model_config = STRICT
    outcome: Code
    points: Annotated[int, Field(ge=1, le=2**53 - 1)] | None = None
    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2_000)] | None = None
    units: Annotated[list[LostUnits], Field(min_length=1, max_length=100)] | None = None


class Approval(BaseModel):
    """The second person's word."""

    model_config = STRICT
    decision: Literal["approve", "decline"]


class Returned(BaseModel):
    """So many units came back; without a number all of them."""

    model_config = STRICT
    quantity: Annotated[int, Field(ge=1, le=10_000)] | None = None


class QueuedCase(View):
    """A case in the queue. Tickets that rooms opened themselves are of other kinds and have the same list."""

    case_id: UUID
    kind: str
    state: str
    reason: str
    subject: str
    owner: str | None
    opened_at: datetime
    deadline: datetime | None
    overdue: bool
    outcome: str | None


class QueuedCases(View):
    """Open ones by deadline, what is overdue first, then closed ones; `after` asks for the next page."""

    cases: list[QueuedCase]
    after: UUID | None


class StaffMessage(View):
    """`actor` is who wrote it."""

    author: str
    actor: str
    text: str
    at: datetime


class StaffFile(View):
    """`url` is good for ten minutes and there only for what is what it says."""

    file_id: UUID
    purpose: str
    state: str
    content_type: str
    size_bytes: int
    added_at: datetime
    url: str | None


class HistoryLine(View):
    """Who did what, when."""

    kind: str
    actor: str
    detail: dict[str, Any]
    at: datetime


class StaffCase(View):
    """A case with all there is. Of a member's case `outcomes` is the closed list for its kind; `purchase_accrued`: the
    partner has sent the purchase's points."""

    case_id: UUID
    kind: str
    state: str
    opened_at: datetime
    decided_at: datetime | None
    deadline: datetime | None
    overdue: bool
    owner: str | None
    outcome: str | None
    outcomes: list[str]
    chosen_by: str | None
    approved_by: str | None = None
    reason: str | None
    subject: str | None = None
    evidence: dict[str, Any] | None = None
    member_id: int | None = None
    member_number: str | None = None
    redemption_id: UUID | None = None
    line_number: int | None = None
    quantity: int | None = None
    title: str | None = None
    partner: str | None = None
    partner_reference: str | None = None
    bought_on: date | None = None
    purchase_accrued: bool | None = None
    points: int | None = None
    money_minor: int | None = None
    currency: str | None = None
    label_id: UUID | None = None
    messages: list[StaffMessage]
    files: list[StaffFile]
    history: list[HistoryLine]


class Decided(View):
    """`state` after it: decided, approval (a second person decides), return (the goods come back), open again."""

    case_id: UUID
    state: str


@router.get("/cases", summary="What waits for a human")
def get_cases(
    state: Annotated[
        Literal["waiting", "open", "approval", "return", "decided", "withdrawn"] | None, Query()
    ] = "waiting",
    kind: Annotated[str | None, Query(pattern=r"^[a-z][a-z_]{1,40}$")] = None,
    owner: Annotated[Literal["me", "nobody"] | None, Query()] = None,
    after: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> QueuedCases:
    who = staff(router)
    rows = deciding.queue(
        database().connection(),
        who.program_id,
        state=state,
        kind=kind,
        owner=None if owner is None else f"staff:{who.subject}" if owner == "me" else "",
        after=after,
        page_size=limit,
    )
    return QueuedCases(
        cases=[QueuedCase(**row) for row in rows], after=rows[-1]["case_id"] if len(rows) == limit else None
    )


@router.get("/cases/<case_id>", summary="One case with all that was said and done")
def get_case(case_id: UUID) -> StaffCase:
    who = staff(router)
    return _seen(view_of(database().connection(), who.program_id, case_id))


@router.post("/cases/<case_id>/assignment", summary="Take a case, or let it go")
def post_assignment(case_id: UUID, body: Assignment) -> StaffCase:
    who = staff(router)
    connection = database().connection()
    owner = f"staff:{who.subject}" if body.owner == "me" else None
    deciding.assign(connection, who.program_id, case_id, owner, _agent(who))
    return _seen(view_of(connection, who.program_id, case_id))


@router.post("/cases/<case_id>/messages", summary="Answer the member", status_code=201, openapi_extensions=KEYED)
def post_message(case_id: UUID, body: NewMessage) -> StaffCase:
    who = staff(router)
    key = idempotency_key(router)
    connection = database().connection()
    deciding.answer(connection, who.program_id, case_id, key, body.text, _agent(who))
    return _seen(view_of(connection, who.program_id, case_id))


@router.post("/cases/<case_id>/label", summary="An address to upload a return label to", status_code=201)
def post_label(case_id: UUID, body: NewFile) -> UploadView:
    who = staff(router)
    connection, shelf = database().connection(), case_files.shelf()
    return case_files.told(
        deciding.promise_label(
            connection, shelf, who.program_id, case_id, body.content_type, body.size_bytes, _agent(who)
        )
    )


@router.post("/cases/<case_id>/outcome", summary="Decide, or propose what needs a second person")
def post_outcome(case_id: UUID, body: Decision) -> Decided:
    who = staff(router)
    connection = database().connection()
    told = deciding.one(connection, who.program_id, case_id)
    _audited(told)
    if body.outcome == "return_with_label":
        deciding.look_at_files(connection, case_files.shelf(), who.program_id, told)
    state = deciding.decide(
        connection,
        who.program_id,
        case_id,
        body.outcome,
        _agent(who),
        points=body.points,
        reason=body.reason,
        units=[Lost(one.line_number, one.quantity) for one in body.units or ()],
    )
    return Decided(case_id=case_id, state=state)


@router.post("/cases/<case_id>/approval", summary="Approve or decline as the second person")
def post_approval(case_id: UUID, body: Approval) -> Decided:
    who = staff(router)
    state = deciding.approve(database().connection(), who.program_id, case_id, body.decision, _agent(who))
    return Decided(case_id=case_id, state=state)


@router.post("/cases/<case_id>/return-received", summary="The goods are back: points and money too")
def post_return_received(case_id: UUID, body: Returned) -> Decided:
    who = staff(router)
    state = deciding.receive_return(database().connection(), who.program_id, case_id, body.quantity, _agent(who))
    return Decided(case_id=case_id, state=state)


def view_of(connection: Connection, program_id: int, case_id: UUID) -> StaffCase:
    """A case as staff see it, its files looked at."""
    told = deciding.one(connection, program_id, case_id)
    if told["files"]:
        deciding.look_at_files(connection, case_files.shelf(), program_id, told)
    return StaffCase(**told)


def _seen(found: StaffCase) -> StaffCase:
    _audited({"member_number": found.member_number})
    return found


def _audited(told: dict[str, Any]) -> None:
    """The log says which member a case is about."""
    if told.get("member_number"):
        about(router, told["member_number"])


def _agent(who: Caller) -> Agent:
    return Agent(f"staff:{who.subject}", tuple(sorted(who.groups)))
