"""The manager API: members brought, points by hand with a second person above the limit; all other routes of staff."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from aws_lambda_powertools.event_handler.openapi.params import Query
from pydantic import BaseModel, BeforeValidator, Field, StringConstraints

from lambdas.http import KEYED, STRICT, View, entry, idempotency_key, text
from lambdas.manager_routes import (
    audit,
    brand,
    campaigns,
    cases,
    catalogue,
    closes,
    config,
    documents,
    features,
    finance,
    integrations,
    members,
    messages,
    notices,
    orders,
    privacy,
    programme,
    reconciliation,
    screening,
    simulations,
    tiers,
)
from lambdas.people import MemberCreated, NewMember, create_member
from lambdas.staff import staff, staff_resolver
from loyalty.database import database
from loyalty.members import adjusting, membership
from loyalty.points import ledger
from loyalty.programme import reading
from loyalty.refusal import Kind, Refusal

# Sections of the programme, logos and lists are larger than what members and partners send.
MOST_BYTES = 1024 * 1024

app = staff_resolver("Manager API", MOST_BYTES)
app.include_router(config.router)
app.include_router(finance.router)
app.include_router(closes.router)
app.include_router(campaigns.router)
app.include_router(cases.router)
app.include_router(members.router)
app.include_router(orders.router)
app.include_router(notices.router)
app.include_router(screening.router)
app.include_router(documents.router)
app.include_router(reconciliation.router)
app.include_router(audit.router)
app.include_router(programme.router)
app.include_router(features.router)
app.include_router(brand.router)
app.include_router(messages.router)
app.include_router(privacy.router)
app.include_router(integrations.router)
app.include_router(catalogue.router)
app.include_router(simulations.router)
app.include_router(tiers.router)


Day = Annotated[date, Field(strict=False), BeforeValidator(text, json_schema_input_type=date)]
Points = Annotated[int, Field(ge=-(2**53 - 1), le=2**53 - 1)]


class MemberView(View):
    """A member as support sees one."""

    member_number: str
    email: str
    phone: str | None
    tier: str
    country: str
    language: str
    state: str
    claimed: bool
    member_since: datetime
    available: int
    held: int
    pending: int
    debt: int
    expires_next_on: date | None
    expires_next_amount: int


class Adjustment(BaseModel):
    """Points to give (positive) or take (negative), and why."""

    model_config = STRICT
    member_number: Annotated[str, StringConstraints(min_length=1, max_length=40)]
    points: Points
    reason_code: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{1,39}$")]
    note: Annotated[str, StringConstraints(min_length=1, max_length=500)] | None = None
    expires_on: Day | None = None


class AdjustmentState(View):
    """`waiting`: above the limit, a second person decides; `failed`: the ledger refused when it was approved."""

    adjustment_id: UUID
    state: Literal["applied", "waiting", "declined", "failed"]


class WaitingAdjustment(View):
    """What a second person sees."""

    adjustment_id: UUID
    member_number: str
    points: int
    reason_code: str
    note: str | None
    expires_on: date | None
    requested_by: str
    requested_at: datetime


class WaitingAdjustments(View):
    """Oldest first."""

    adjustments: list[WaitingAdjustment]


class Approval(BaseModel):
    """The second person's word."""

    model_config = STRICT
    decision: Literal["approve", "decline"]


@app.post("/members", summary="Bring a member", status_code=201)
def post_member(body: NewMember) -> MemberCreated:
    who = staff(app)
    return create_member(database().connection(), who, body, actor=f"staff:{who.subject}")


@app.get("/members/<member_number>", summary="One member")
def get_member(member_number: Annotated[str, StringConstraints(max_length=40)]) -> MemberView:
    who = staff(app)
    connection = database().connection()
    member_id = membership.id_of(connection, who.program_id, member_number)
    profile = membership.profile(connection, who.program_id, member_id)
    balance = ledger.balance(connection, who.program_id, member_id)
    assert balance is not None, "a member without an account"
    return MemberView(
        member_number=profile.number,
        email=profile.email,
        phone=profile.phone,
        tier=profile.tier,
        country=profile.country,
        language=profile.language,
        state=profile.state,
        claimed=profile.claimed,
        member_since=profile.member_since,
        available=balance.available,
        held=balance.held,
        pending=balance.pending,
        debt=balance.debt,
        expires_next_on=balance.expires_next_on,
        expires_next_amount=balance.expires_next_amount,
    )


@app.post("/adjustments", summary="Give or take points", openapi_extensions=KEYED)
def post_adjustment(body: Adjustment) -> AdjustmentState:
    who = staff(app)
    key = idempotency_key(app)
    if body.points == 0:
        raise Refusal(Kind.INVALID, "invalid", "Nothing to give or take.", field="points")
    connection = database().connection()
    document = reading.current(connection, who.program_id).document
    request = adjusting.Request(
        adjustment_id=key,
        member_number=body.member_number,
        points=body.points,
        reason_code=body.reason_code,
        note=body.note,
        expires_on=body.expires_on,
    )
    state = adjusting.request(connection, who.program_id, document, request, f"staff:{who.subject}")
    return AdjustmentState(adjustment_id=key, state=state)


@app.get("/adjustments", summary="What waits for a second person")
def get_adjustments(limit: Annotated[int, Query(ge=1, le=200)] = 50) -> WaitingAdjustments:
    who = staff(app)
    waiting = adjusting.waiting(database().connection(), who.program_id, limit)
    return WaitingAdjustments(
        adjustments=[
            WaitingAdjustment(
                adjustment_id=one.adjustment_id,
                member_number=one.member_number,
                points=one.amount,
                reason_code=one.reason_code,
                note=one.note,
                expires_on=one.expires_on,
                requested_by=one.requested_by,
                requested_at=one.requested_at,
            )
            for one in waiting
        ]
    )


@app.post("/adjustments/<adjustment_id>/approval", summary="Approve or decline as the second person")
def post_approval(adjustment_id: UUID, body: Approval) -> AdjustmentState:
    who = staff(app)
    state = adjusting.decide(
        database().connection(), who.program_id, adjustment_id, body.decision, f"staff:{who.subject}", who.groups
    )
    return AdjustmentState(adjustment_id=adjustment_id, state=state)


handler = entry(app)
