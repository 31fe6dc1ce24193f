"""What members may not get in the next 14 days, and what is done about it: each action by one press, and taken back by
another. Answered by `demand_desk`."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from pydantic import BaseModel, Field, StringConstraints

from lambdas.http import STRICT, Router, View
from lambdas.member_routes.catalogue import Image
from lambdas.staff import staff
from loyalty.database import Connection, database
from loyalty.demand import actions, alerts, showing
from loyalty.demand.showing import Wanted

router = Router()

AsinPath = Annotated[str, Path(), StringConstraints(pattern=r"^[A-Z0-9]{10}$")]
Asin = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{10}$")]
Search = Annotated[str | None, Query(max_length=100)]
CategoryFilter = Annotated[str | None, Query(max_length=63)]
Number = Annotated[int, Path(ge=1, le=2**53 - 1)]
Kind = Literal["substitute", "cap", "feature", "hide"]
Cause = Literal["out_of_stock", "slow", "below_floor", "gone"]


class Named(View):
    """A product as staff know it; an empty title: the catalogue has it no more."""

    asin: str
    title: str
    image: Image | None
    category: str | None
    category_name: str | None


class NightSeen(View):
    """The night whose results are shown. `as_of`: the last day it knew, `days_old` days ago. Lately: how far forecasts
    were from what came (wql), beside repeating the past, and how often that was in their 80 % range. `drifted`: worse
    than they should be."""

    run_id: str
    as_of: date
    loaded_at: datetime | None
    model: str | None
    days_old: int
    wql_lately: float | None
    wql_naive_lately: float | None
    coverage80_lately: float | None
    drifted: bool


class Other(View):
    """A product that could be offered instead."""

    asin: str
    title: str
    image: Image | None


class ActionSeen(View):
    """What was done: substitute {asins}, cap {units, days}, feature {asin}, hide {}."""

    action_id: int
    kind: Kind
    details: dict[str, Any]
    actor: str
    done_at: datetime


class RiskSeen(Named):
    """`probability`: that it cannot be had on at least one of 14 days; `by_day`: on each, from `first_on`.
    `members_disappointed`: who would want it on days on which it cannot be had; `units`: what is expected to be asked
    for in these days. `suggested`: what can be had and is liked by the same members. `actions`: those that stand."""

    first_on: date
    probability: float
    by_day: list[float]
    cause: Cause
    is_out: bool
    back_from: date | None
    back_until: date | None
    members_disappointed: float
    evidence: dict[str, float | None]
    units: float | None
    suggested: list[Other]
    actions: list[ActionSeen]
    alert_id: int | None
    raised_at: datetime | None


class Risks(View):
    """A page, those that disappoint most first. `out_now`, `likely` (from 50 %) and `possible` count all of them;
    `members`: how many they disappoint together."""

    night: NightSeen | None
    out_now: int
    likely: int
    possible: int
    members: float
    found: int
    outlooks: list[RiskSeen]
    after: str | None


class Details(BaseModel):
    """What an action needs to know: `asins` of a substitute, best first; `units` and `days` of a cap; `asin` of a
    product to feature, this one if it is left out."""

    model_config = STRICT
    asins: list[Asin] | None = Field(default=None, min_length=1, max_length=actions.MOST_SUBSTITUTES)
    units: int | None = Field(default=None, ge=1, le=actions.MOST_UNITS)
    days: int | None = Field(default=None, ge=1, le=actions.MOST_DAYS)
    asin: Asin | None = None


class Deed(BaseModel):
    """One action about one product."""

    model_config = STRICT
    kind: Kind
    details: Details = Details()


class ActionDone(ActionSeen):
    """An action and whether it was taken back."""

    asin: str
    undone_at: datetime | None
    undone_by: str | None


class Dismissed(View):
    """The warning that was seen."""

    alert_id: int


@router.get("/demand/outlooks", summary="What members may not get in the next 14 days")
def get_outlooks(
    search: Search = None,
    category: CategoryFilter = None,
    cause: Cause | None = None,
    acted: Literal["yes", "no"] | None = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    after: Annotated[str | None, Query(max_length=6), StringConstraints(pattern=r"^[0-9]+$")] = None,
) -> Risks:
    who, connection = staff(router), database().connection()
    wanted = Wanted(search, category, skipped(after), limit)
    only = None if acted is None else acted == "yes"
    rows = showing.risks(connection, who.program_id, wanted, cause=cause, acted=only)
    return Risks(
        night=night_seen(connection, who.program_id),
        **showing.risks_in_all(connection, who.program_id),
        found=rows[0]["found"] if rows else 0,
        outlooks=[risk_seen(row) for row in rows],
        after=place_after(rows, wanted),
    )


@router.post("/demand/outlooks/<asin>/actions", status_code=201, summary="Do something about it")
def post_action(asin: AsinPath, body: Deed) -> ActionDone:
    who = staff(router)
    details = body.details.model_dump(exclude_none=True)
    done = actions.do(database().connection(), who.program_id, asin, body.kind, details, f"staff:{who.subject}")
    return _done(done)


@router.post("/demand/actions/<action_id>/undo", summary="Take an action back")
def post_undo(action_id: Number) -> ActionDone:
    who = staff(router)
    return _done(actions.undo(database().connection(), who.program_id, action_id, f"staff:{who.subject}"))


@router.post("/demand/alerts/<alert_id>/dismissal", summary="A warning was seen; no more of it")
def post_dismissal(alert_id: Number) -> Dismissed:
    who = staff(router)
    alerts.dismiss(database().connection(), who.program_id, alert_id, f"staff:{who.subject}")
    return Dismissed(alert_id=alert_id)


def night_seen(connection: Connection, program_id: int) -> NightSeen | None:
    """The night that is shown, for every page's head."""
    row = showing.night(connection, program_id)
    if row is None:
        return None
    return NightSeen(**lately(row.pop("health")), **row)


def lately(health: dict[str, Any]) -> dict[str, Any]:
    """What a night says of itself, as far as it measured it."""
    names = ("wql_lately", "wql_naive_lately", "coverage80_lately")
    return {**{name: number(health.get(name)) for name in names}, "drifted": health.get("drifted") is True}


def number(told: object) -> float | None:
    """What a run says of itself is taken where it is a number."""
    return float(told) if isinstance(told, int | float) and not isinstance(told, bool) else None


def risk_seen(row: dict[str, Any]) -> RiskSeen:
    """A row of `showing.risks`; of its evidence what is a number."""
    return RiskSeen(**{**row, "evidence": {name: number(told) for name, told in row["evidence"].items()}})


def skipped(after: str | None) -> int:
    """How many rows the pages before had."""
    return int(after or 0)


def place_after(rows: list[dict[str, Any]], wanted: Wanted) -> str | None:
    """`after` of the next page; None where there is none."""
    ended = wanted.skip + len(rows)
    return str(ended) if rows and ended < rows[0]["found"] else None


def _done(action: actions.Action) -> ActionDone:
    return ActionDone(
        action_id=action.action_id,
        asin=action.asin,
        kind=action.kind,
        details=action.details,
        actor=action.actor,
        done_at=action.done_at,
        undone_at=action.undone_at,
        undone_by=action.undone_by,
    )
