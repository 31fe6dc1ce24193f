"""Cases: something did not come, came broken, is to go back, or points are missing."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from aws_lambda_powertools.event_handler.openapi.params import Query
from pydantic import BaseModel, BeforeValidator, Field, StringConstraints

from lambdas import case_files
from lambdas.case_files import UploadView
from lambdas.http import KEYED, STRICT, Id, Router, View, idempotency_key, member, text
from loyalty.casework import asking
from loyalty.casework.asking import CaseKind, Purchase, Units
from loyalty.database import Connection, database
from loyalty.refusal import Kind, Refusal

router = Router()

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4_000)]
Day = Annotated[date, Field(strict=False), BeforeValidator(text, json_schema_input_type=date)]
Size = Annotated[int, Field(ge=1, le=2**31 - 1)]
ContentType = Annotated[str, StringConstraints(max_length=60)]


class AboutUnits(BaseModel):
    """Units of one line of a redemption."""

    model_config = STRICT
    redemption_id: Id
    line_number: Annotated[int, Field(ge=1, le=10_000)]
    quantity: Annotated[int, Field(ge=1, le=10_000)]


class AboutPurchase(BaseModel):
    """A purchase at a partner, by the number on its receipt."""

    model_config = STRICT
    partner: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9 &/_.-]{0,62}$")]
    reference: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
    bought_on: Day | None = None


class NewCase(BaseModel):
    """About `units` of an order or a `purchase`, one of both; missing points are about a purchase, all but `other` else
    about units."""

    model_config = STRICT
    kind: CaseKind
    units: AboutUnits | None = None
    purchase: AboutPurchase | None = None
    text: Words


class NewMessage(BaseModel):
    """More about it."""

    model_config = STRICT
    text: Words


class NewFile(BaseModel):
    """A file that will be uploaded: its type and its exact size."""

    model_config = STRICT
    content_type: ContentType
    size_bytes: Size


class Message(View):
    """`author` member or staff."""

    author: str
    text: str
    at: datetime


class File(View):
    """`purpose` photo, or the label to send the goods back with, whose `url` is good for ten minutes. `state` promised
    (may be uploaded), good, or bad (it was not what it said)."""

    file_id: UUID
    purpose: str
    state: str
    content_type: str
    url: str | None


class CaseView(View):
    """`state` open, approval (a second person decides), return (send it back with the label), decided, withdrawn.
    `outcome` return_with_label, refund_without_return, goodwill_points, credit_missing_accrual, refuse (and why)."""

    case_id: UUID
    kind: str
    state: str
    opened_at: datetime
    decided_at: datetime | None
    answer_until: datetime | None
    redemption_id: UUID | None
    line_number: int | None
    quantity: int | None
    title: str | None
    partner: str | None
    partner_reference: str | None
    bought_on: date | None
    outcome: str | None
    points: int | None
    money_minor: int | None
    currency: str | None
    reason: str | None
    messages: list[Message]
    files: list[File]


class CaseSummary(View):
    """A case in the list; `answers` counts our messages."""

    case_id: UUID
    kind: str
    state: str
    outcome: str | None
    redemption_id: UUID | None
    line_number: int | None
    title: str | None
    partner: str | None
    opened_at: datetime
    decided_at: datetime | None
    answers: int


class CaseSummaries(View):
    """Newest first; `before` asks for the next page and is missing on the last."""

    cases: list[CaseSummary]
    before: UUID | None


@router.post("/cases", summary="Open a case", status_code=201, openapi_extensions=KEYED)
def open_case(body: NewCase) -> CaseView:
    connection = database().connection()
    who, member_id = member(router, connection)
    key = idempotency_key(router)
    asking.open_case(connection, who.program_id, member_id, key, body.kind, about(body), body.text)
    return _view(connection, who.program_id, member_id, key)


@router.get("/cases", summary="My cases")
def list_cases(before: UUID | None = None, limit: Annotated[int, Query(ge=1, le=100)] = 20) -> CaseSummaries:
    connection = database().connection()
    who, member_id = member(router, connection)
    rows = asking.listed(connection, who.program_id, member_id, before, limit)
    return CaseSummaries(
        cases=[CaseSummary(**row) for row in rows], before=rows[-1]["case_id"] if len(rows) == limit else None
    )


@router.get("/cases/<case_id>", summary="One case with all that was said")
def get_case(case_id: UUID) -> CaseView:
    connection = database().connection()
    who, member_id = member(router, connection)
    return _view(connection, who.program_id, member_id, case_id)


@router.post("/cases/<case_id>/messages", summary="Say more", status_code=201)
def post_message(case_id: UUID, body: NewMessage) -> CaseView:
    connection = database().connection()
    who, member_id = member(router, connection)
    asking.say(connection, who.program_id, member_id, case_id, body.text)
    return _view(connection, who.program_id, member_id, case_id)


@router.post("/cases/<case_id>/photos", summary="An address to upload one photo to", status_code=201)
def post_photo(case_id: UUID, body: NewFile) -> UploadView:
    connection = database().connection()
    who, member_id = member(router, connection)
    return case_files.told(
        asking.promise_photo(
            connection, case_files.shelf(), who.program_id, member_id, case_id, body.content_type, body.size_bytes
        )
    )


@router.post("/cases/<case_id>/withdrawal", summary="Take it back")
def withdraw(case_id: UUID) -> CaseView:
    connection = database().connection()
    who, member_id = member(router, connection)
    asking.withdraw(connection, who.program_id, member_id, case_id)
    return _view(connection, who.program_id, member_id, case_id)


def about(body: NewCase) -> Units | Purchase:
    """What it is about. Raises Refusal unless that is one thing."""
    if (body.units is None) == (body.purchase is None):
        raise Refusal(Kind.INVALID, "invalid", "Send units or a purchase, one of both.", field="units")
    if body.units is not None:
        return Units(body.units.redemption_id, body.units.line_number, body.units.quantity)
    assert body.purchase is not None
    return Purchase(body.purchase.partner, body.purchase.reference, body.purchase.bought_on)


def _view(connection: Connection, program_id: int, member_id: int, case_id: UUID) -> CaseView:
    told: dict[str, Any] = asking.one(connection, program_id, member_id, case_id)
    labels = [file for file in told["files"] if file["purpose"] == "label" and told["state"] == "return"]
    for file in labels:
        _, file["url"] = case_files.shelf().shown(file)
    files = [File(**{"url": None, **file}) for file in told["files"]]
    return CaseView(**{**told, "answer_until": told["deadline"], "files": files})
