"""Campaigns: how each stands and what it did, whom one would reach, and starting, pausing, resuming and ending one."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Annotated, Any, Literal

from aws_lambda_powertools.event_handler.openapi.params import Path
from pydantic import BaseModel, StringConstraints, ValidationError

from lambdas.http import STRICT, Router, View
from lambdas.manager_routes.programme import Why
from lambdas.staff import staff
from loyalty.campaigns import acting, comparing, standing
from loyalty.campaigns import preview as previewing
from loyalty.campaigns.standing import Standing
from loyalty.database import database
from loyalty.invalid import Problem, problems_of
from loyalty.programme import reading
from loyalty.programme.publishing import not_valid
from loyalty.programme.schema.campaigns import Audience, Campaign

router = Router()

Code = Annotated[str, Path(), StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9 &/_.-]{0,62}$")]
State = Literal["draft", "scheduled", "running", "paused", "ended", "exhausted", "removed"]


class Preview(BaseModel):
    """A campaign as the document says it, and the audience that it names unless the published one is meant."""

    model_config = STRICT
    campaign: dict[str, Any]
    audience: dict[str, Any] | None = None


class Action(BaseModel):
    """Why it is done: the new version's reason."""

    model_config = STRICT
    why: Why


class CampaignStanding(View):
    """A campaign's money in minor units: budget = spent + reserved (promised in open quotes) + left.

    `state` is what it is now, by its time, its budget and what was last published; `removed` if it has left the
    document. `kind`: more points for purchases (`bonus`) or rewards for fewer points (`discount`). `since`: when the
    state was first seen. `everybody`: no tier, country or audience is asked for.
    """

    campaign: str
    name: str | None
    state: State
    since: datetime | None
    kind: Literal["bonus", "discount"] | None
    starts_at: datetime | None
    ends_at: datetime | None
    time_zone: str | None
    everybody: bool | None
    holdout_percent: int | None
    funder: str
    currency: str
    budget_minor: int
    spent_minor: int
    reserved_minor: int
    left_minor: int
    member_cap_points: int | None


class AudienceView(View):
    """How many members are in an audience of the document; null while it is being counted."""

    audience: str
    members: int | None
    counted_at: datetime | None


class Campaigns(View):
    """Every campaign that ever had a budget, by code."""

    programme_version: int
    campaigns: list[CampaignStanding]
    audiences: list[AudienceView]


class SpendingDay(View):
    """What was promised on a day of the campaign's zone and is still spent; `members` had something of it."""

    day: date
    spent_minor: int
    uses: int
    members: int


class StateSeen(View):
    """A state, and when it was first seen."""

    state: State
    at: datetime


class ComparedGroup(View):
    """Members who were in the segment when it started; `active` did something since, `deeds` in all, worth `points`."""

    members: int
    active: int
    deeds: int
    points: int


class DifferenceView(View):
    """Treated less held out with its 95 % interval; `surely`: the interval does not hold zero."""

    difference: float
    low: float
    high: float
    surely: bool


class ComparisonView(View):
    """Those who took part and those held out, until an instant. Deeds are purchases for a bonus, redemptions for a
    discount. Not `enough`: the groups are too small to say anything, and there are no differences."""

    until: datetime
    treated: ComparedGroup
    held_out: ComparedGroup
    enough: bool
    share: DifferenceView | None
    deeds_a_member: DifferenceView | None
    points_a_member: DifferenceView | None


class CampaignDetail(CampaignStanding):
    """With what the document says of it (null: it has left it), whom it reached and what it did."""

    programme_version: int
    definition: dict[str, Any] | None
    started_at: datetime | None
    reached: int
    days: list[SpendingDay]
    history: list[StateSeen]
    comparison: ComparisonView | None


class ReachView(View):
    """Members of the segment, of whom `held_out` would do without; `give_or_take`: estimated, so many more or fewer.

    Cost by what they did in the last `days`, for the campaign's length: as far as its budget goes, and as if it had
    none. `active`: members who did what it is about in these days. `all_categories`: a purchase's category is not kept,
    so the cost is that of all.
    """

    members: int
    give_or_take: int | None
    held_out: int
    active: int
    cost_minor: int
    cost_without_limit_minor: int
    cost_give_or_take_minor: int
    currency: str
    days: int
    all_categories: bool


class Acted(View):
    """The version that says so, and the campaign's state by it."""

    programme_version: int
    campaign: str
    state: State


@router.get("/campaigns", summary="Campaigns, how they stand and what is left of their budgets")
def get_campaigns() -> Campaigns:
    who = staff(router)
    connection = database().connection()
    return Campaigns(
        programme_version=reading.current(connection, who.program_id).version,
        campaigns=[CampaignStanding(**_told(one)) for one in standing.all_of(connection, who.program_id)],
        audiences=[
            AudienceView(audience=one.audience, members=one.members, counted_at=one.counted_at)
            for one in standing.audiences(connection, who.program_id)
        ],
    )


@router.get("/campaigns/<campaign>", summary="One campaign and what it did")
def get_campaign(campaign: Code) -> CampaignDetail:
    who = staff(router)
    connection = database().connection()
    version = reading.current(connection, who.program_id).version
    one = standing.one(connection, who.program_id, campaign)
    done = standing.results(connection, who.program_id, one)
    return CampaignDetail(
        **_told(one),
        programme_version=version,
        definition=one.said.model_dump(mode="json") if one.said else None,
        started_at=one.started_at,
        reached=done.reached,
        days=[SpendingDay(day=d.day, spent_minor=d.spent_minor, uses=d.uses, members=d.members) for d in done.days],
        history=[StateSeen(state=change.state, at=change.at) for change in done.history],
        comparison=_compared(done.comparison) if done.comparison else None,
    )


@router.post("/campaigns/preview", summary="Whom a campaign would reach and what it might cost")
def post_preview(body: Preview) -> ReachView:
    who = staff(router)
    connection = database().connection()
    document = reading.current(connection, who.program_id).document
    campaign = _valid(Campaign, body.campaign, "campaign")
    named = campaign.segment.audience
    audience = next((one for one in document.audiences if one.code == named), None)
    if body.audience is not None:
        audience = _valid(Audience, body.audience, "audience")
    if named is not None and (audience is None or audience.code != named):
        raise not_valid([Problem("campaign.segment.audience", "there is no such audience")])
    found = previewing.preview(connection, who.program_id, document, campaign, audience if named else None)
    return ReachView(
        members=found.members,
        give_or_take=found.give_or_take,
        held_out=found.held_out,
        active=found.active,
        cost_minor=found.cost_minor,
        cost_without_limit_minor=found.cost_without_limit_minor,
        cost_give_or_take_minor=found.cost_give_or_take_minor,
        currency=found.currency,
        days=found.days,
        all_categories=found.all_categories,
    )


@router.post("/campaigns/<campaign>/start", summary="Start a draft; or at once what is scheduled")
def post_start(campaign: Code, body: Action) -> Acted:
    return _act(campaign, "start", body)


@router.post("/campaigns/<campaign>/pause", summary="Stop a campaign at once, for now")
def post_pause(campaign: Code, body: Action) -> Acted:
    return _act(campaign, "pause", body)


@router.post("/campaigns/<campaign>/resume", summary="Let it go on: what was paused, or ended before its time")
def post_resume(campaign: Code, body: Action) -> Acted:
    return _act(campaign, "resume", body)


@router.post("/campaigns/<campaign>/end", summary="End a campaign at once")
def post_end(campaign: Code, body: Action) -> Acted:
    return _act(campaign, "end", body)


def _act(code: str, action: acting.Action, body: Action) -> Acted:
    who = staff(router)
    connection = database().connection()
    version = acting.act(connection, who.program_id, code, action, body.why, f"staff:{who.subject}")
    now = standing.one(connection, who.program_id, code)
    return Acted(programme_version=version, campaign=code, state=now.state)


def _told(one: Standing) -> dict[str, Any]:
    said = one.said
    return {
        "campaign": one.campaign,
        "name": said.name if said else None,
        "state": one.state,
        "since": one.since,
        "kind": said.kind if said else None,
        "starts_at": said.starts_at if said else None,
        "ends_at": said.ends_at if said else None,
        "time_zone": said.time_zone if said else None,
        "everybody": said.segment.everybody() if said else None,
        "holdout_percent": said.holdout_percent if said else None,
        "funder": one.funder,
        "currency": one.currency,
        "budget_minor": one.budget_minor,
        "spent_minor": one.spent_minor,
        "reserved_minor": one.reserved_minor,
        "left_minor": one.left_minor,
        "member_cap_points": said.member_cap_points if said else None,
    }


def _compared(found: standing.Comparison) -> ComparisonView:
    return ComparisonView(
        until=found.until,
        treated=_group(found.treated),
        held_out=_group(found.held_out),
        enough=found.enough,
        share=_difference(found.share),
        deeds_a_member=_difference(found.deeds),
        points_a_member=_difference(found.points),
    )


def _group(group: comparing.Group) -> ComparedGroup:
    return ComparedGroup(members=group.members, active=group.active, deeds=group.deeds, points=group.points)


def _difference(found: comparing.Difference | None) -> DifferenceView | None:
    if found is None:
        return None
    return DifferenceView(difference=found.difference, low=found.low, high=found.high, surely=found.surely)


def _valid[Model: (Campaign, Audience)](model: type[Model], given: dict[str, Any], place: str) -> Model:
    try:
        # As JSON: the document's types read that, and nothing else.
        return model.model_validate_json(json.dumps(given))
    except ValidationError as failure:
        found = [Problem(f"{place}.{one.field}", one.detail) for one in problems_of(failure)]
        raise not_valid(found) from None
