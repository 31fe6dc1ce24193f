"""Redemptions that wait for a person, and members whose spending is stopped."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from pydantic import BaseModel, StringConstraints

from lambdas.http import STRICT, Router, View
from lambdas.staff import staff
from loyalty.database import database
from loyalty.members import freezing
from loyalty.redemptions import screening

router = Router()


Number = Annotated[str, Path(max_length=40)]
Reason = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]{1,500}$")]


class WaitingView(View):
    """One redemption that stands still. `evidence`: what the rules found. At `deadline` its points return."""

    case_id: UUID
    redemption_id: UUID
    member_number: str
    reason: str
    evidence: dict[str, Any]
    opened_at: datetime
    deadline: datetime


class Screenings(View):
    """Oldest first."""

    screenings: list[WaitingView]


class Decision(BaseModel):
    """What is to become of it, and why."""

    model_config = STRICT
    decision: Literal["approve", "reject"]
    reason: Reason


class Decided(View):
    """What was decided."""

    case_id: UUID
    decision: Literal["approve", "reject"]


class Unfreezing(BaseModel):
    """Why spending may go on."""

    model_config = STRICT
    reason: Reason


class FreezeEvent(View):
    """Spending was stopped or allowed."""

    kind: Literal["frozen", "unfrozen"]
    reason: str
    actor: str
    at: datetime


class Freezes(View):
    """`frozen_since`: none while the member may spend."""

    frozen_since: datetime | None
    events: list[FreezeEvent]


@router.get("/screening", summary="Redemptions that wait for a person")
def waiting(limit: Annotated[int, Query(ge=1, le=200)] = 50) -> Screenings:
    who = staff(router)
    found = screening.waiting(database().connection(), who.program_id, limit)
    return Screenings(screenings=[WaitingView(**asdict(one)) for one in found])


@router.post("/screening/<case_id>/decision", summary="Let a redemption go on, or give its points back")
def decide(case_id: UUID, body: Decision) -> Decided:
    who = staff(router)
    screening.decide(
        database().connection(), who.program_id, case_id, body.decision, body.reason, f"staff:{who.subject}", who.groups
    )
    return Decided(case_id=case_id, decision=body.decision)


@router.get("/members/<member_number>/freezes", summary="Whether a member's spending is stopped, and all that happened")
def freezes(member_number: Number) -> Freezes:
    who = staff(router)
    since, events = freezing.history(database().connection(), who.program_id, member_number)
    return Freezes(frozen_since=since, events=[FreezeEvent(**event) for event in events])


@router.post("/members/<member_number>/unfreeze", summary="Let a member spend again")
def unfreeze(member_number: Number, body: Unfreezing) -> Freezes:
    who = staff(router)
    connection = database().connection()
    freezing.unfreeze(connection, who.program_id, member_number, body.reason, f"staff:{who.subject}")
    since, events = freezing.history(connection, who.program_id, member_number)
    return Freezes(frozen_since=since, events=[FreezeEvent(**event) for event in events])
