"""Simulate before publish: what the draft would change, and how far the computing is."""

from __future__ import annotations

import json
import os
from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from aws_lambda_powertools.event_handler.openapi.params import Query
from pydantic import BaseModel, Field

from lambdas import queues
from lambdas.http import STRICT, Router, View
from lambdas.staff import staff
from loyalty.database import Connection, database
from loyalty.programme import checking, drafting, publishing, reading
from loyalty.programme.document import Programme
from loyalty.programme.simulation import jobs
from loyalty.refusal import Kind, Refusal

router = Router()

# [with the current document, with the draft]
Pair = Annotated[list[int], Field(min_length=2, max_length=2)]
PerhapsPair = Annotated[list[int | None], Field(min_length=2, max_length=2)]


class Asked(BaseModel):
    """`revision`: of the draft that was looked at."""

    model_config = STRICT
    revision: Annotated[int, Field(ge=0, le=2**31 - 1)]


class MonthView(View):
    """A month of the past 90 days, with what happened in it."""

    month: str
    redemptions: int
    paid_minor: int
    points: Pair
    money_minor: Pair
    cost_minor: Pair


class TierView(View):
    """Members of a level: `more` can have more of the favourites than before, `fewer` fewer. No name: levels that
    neither document has."""

    tier: str
    members: int
    outstanding_points: int
    more: int
    fewer: int


class LevelView(View):
    """How many members' purchases reach a level, where the draft changes the levels."""

    tier: str
    members: PerhapsPair


class ProductTier(View):
    """A favourite for the members of one level."""

    tier: str
    points: PerhapsPair
    members: Pair


class ProductView(View):
    """A favourite: its price for members of no level, and how many members can have it."""

    asin: str
    title: str
    points: PerhapsPair
    members: Pair
    tiers: list[ProductTier]


class CampaignView(View):
    """A campaign in the coming 90 days. `wanted`: its cost without a budget; `ends_on`: when the budget ends."""

    campaign: str
    kind: Literal["bonus", "discount"]
    funder: str
    left_minor: PerhapsPair
    spend_minor: PerhapsPair
    wanted_minor: PerhapsPair
    ends_on: Annotated[list[date | None], Field(min_length=2, max_length=2)]
    unknown: Literal["category", "country", "audience", "too-many"] | None


class ExampleView(View):
    """A member: how many favourites are within reach, the dearest of them, and what the points buy."""

    member_number: str
    tier: str
    available: int
    affordable: Pair
    best: Annotated[list[str | None], Field(min_length=2, max_length=2)]
    worth_minor: Pair


class MembersView(View):
    """Active members, and those who can have more or fewer of the favourites than before."""

    active: int
    more: int
    fewer: int


class HiddenProduct(View):
    """A product that the draft would not show."""

    asin: str
    title: str
    below_margin_floor: bool


class HiddenView(View):
    """What the draft would not show any more, the first fifty by name; `redeemed_units` of them in the past 90 days."""

    products: int
    below_margin_floor: int
    redeemed_units: int
    named: list[HiddenProduct]


class Result(View):
    """What was found. Pairs are [with the current document, with the draft], money is in minor units.

    `cost`: what Amazon was paid less what members paid; `liability`: outstanding points at that cost a point (null:
    nothing was redeemed for points); `buys`: what outstanding points buy; `stopped_units`: their price had moved
    further than the draft lets it.
    """

    as_of: datetime
    days: int
    currency: str
    redemptions: int
    units: int
    recorded_points: int
    recorded_money_minor: int
    paid_minor: int
    drift_minor: int
    points: Pair
    money_minor: Pair
    cost_minor: Pair
    cost_per_point_micros: PerhapsPair
    stopped_units: int
    outstanding_points: int
    liability_minor: PerhapsPair
    buys_minor: Pair
    months: list[MonthView]
    members: MembersView
    tiers: list[TierView]
    levels: list[LevelView] | None
    products: list[ProductView]
    campaigns: list[CampaignView]
    examples: list[ExampleView]
    hidden: HiddenView


class SimulationState(View):
    """How far it is. `stale`: the draft says something else by now, or another version applies."""

    simulation_id: UUID
    based_on: int
    draft_revision: int
    state: Literal["waiting", "running", "done", "failed"]
    stale: bool
    steps_done: int
    steps: int
    requested_by: str
    requested_at: datetime
    finished_at: datetime | None
    failure: str | None
    detail: str | None


class Simulation(SimulationState):
    """`stalled`: nobody is at it any more; asking again starts it again."""

    stalled: bool
    result: Result | None


class Simulations(View):
    """Newest first."""

    simulations: list[SimulationState]


@router.post("/programme/draft/simulations", summary="Compute what the draft would change", status_code=202)
def post_simulation(body: Asked) -> Simulation:
    who = staff(router)
    connection = database().connection()
    if not reading.current(connection, who.program_id).document.features.simulation.on:
        raise Refusal(Kind.CONFLICT, "simulation-off", "Looking ahead is switched off at the moment: see Switches.")
    draft = drafting.read(connection, who.program_id)
    if draft.revision != body.revision:
        raise drafting.stale(connection, who.program_id)
    if draft.conflicts:
        raise Refusal(
            Kind.CONFLICT, "draft-conflicts", "Somebody else published other values: save these sections again first."
        )
    programme, _ = checking.parsed(draft.document)
    if programme is None or draft.problems:
        raise publishing.not_valid(draft.problems)
    simulation_id, fresh = jobs.ask(
        connection, who.program_id, draft.based_on, draft.revision, programme, f"staff:{who.subject}"
    )
    if fresh:
        # Should the message be lost, asking again sends another.
        _tell(who.program_id, simulation_id)
    found = jobs.find(connection, who.program_id, simulation_id)
    return Simulation(**_told(found, _standing(draft, programme)), **_more(found))


@router.get("/programme/simulations", summary="Simulations, newest first")
def get_simulations(limit: Annotated[int, Query(ge=1, le=200)] = 20) -> Simulations:
    who = staff(router)
    connection = database().connection()
    standing = _now(connection, who.program_id)
    found = jobs.newest(connection, who.program_id, limit)
    return Simulations(simulations=[SimulationState(**_told(job, standing)) for job in found])


@router.get("/programme/simulations/<simulation_id>", summary="One simulation: how far it is, and what it found")
def get_simulation(simulation_id: UUID) -> Simulation:
    who = staff(router)
    connection = database().connection()
    found = jobs.find(connection, who.program_id, simulation_id)
    return Simulation(**_told(found, _now(connection, who.program_id)), **_more(found))


# What applies now and what the draft says, as jobs know it: (version, hash of the draft if it can be read).
type _Standing = tuple[int, bytes | None]


def _now(connection: Connection, program_id: int) -> _Standing:
    draft = drafting.read(connection, program_id)
    return _standing(draft, checking.parsed(draft.document)[0])


def _standing(draft: drafting.Draft, programme: Programme | None) -> _Standing:
    return draft.based_on, None if programme is None else jobs.content_hash(programme)


def _told(job: jobs.Job, standing: _Standing) -> dict[str, Any]:
    return {
        "simulation_id": job.simulation_id,
        "based_on": job.based_on,
        "draft_revision": job.draft_revision,
        "state": job.state,
        "stale": (job.based_on, job.content_hash) != standing,
        "steps_done": job.steps_done,
        "steps": job.steps,
        "requested_by": job.requested_by,
        "requested_at": job.requested_at,
        "finished_at": job.finished_at,
        "failure": job.failure,
        "detail": jobs.FAILURES.get(job.failure) if job.failure else None,
    }


def _more(job: jobs.Job) -> dict[str, Any]:
    return {"stalled": job.stalled, "result": None if job.result is None else Result(**job.result)}


def _tell(program_id: int, simulation_id: UUID) -> None:
    """Have it computed."""
    message = {"program_id": program_id, "simulation_id": str(simulation_id)}
    queues.sqs().send_message(QueueUrl=os.environ["SIMULATIONS_QUEUE_URL"], MessageBody=json.dumps(message))
