"""Levels at the desk: where a member stands and why, levels given by hand, how many members have which."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from pydantic import BaseModel, BeforeValidator, Field, StringConstraints

from lambdas.http import KEYED, STRICT, Router, View, idempotency_key, text
from lambdas.staff import staff
from loyalty.database import database
from loyalty.members import membership
from loyalty.programme import reading
from loyalty.tiers import granting, standing

router = Router()

Number = Annotated[str, Path(max_length=40)]
Day = Annotated[date, Field(strict=False), BeforeValidator(text, json_schema_input_type=date)]


class TierPeriod(View):
    """A period's counter, from its first to its last day, and the level reached in it (none: only the first)."""

    period_from: date
    period_until: date
    base_points: int
    spend_minor: int
    units: int
    reached: str | None


class TierGrant(View):
    """A level that staff gave. `state` active, ended or withdrawn."""

    grant_id: UUID
    tier: str
    until: date
    reason_code: str
    state: Literal["active", "ended", "withdrawn"]
    granted_by: str
    granted_at: datetime
    withdrawn_by: str | None
    withdrawn_at: datetime | None


class TierChange(View):
    """A change of level. `cause` reached, period_ended, granted, grant_ended, grant_withdrawn or programme; `until`:
    the last day the new one is kept."""

    change_id: UUID
    from_tier: str
    to_tier: str
    direction: Literal["up", "down", "same"]
    cause: str
    until: date | None
    reason_code: str | None
    actor: str
    changed_at: datetime


class MemberTier(View):
    """A member's level. `source` earned, registered, stepped_down, granted or start; `until` none: for ever.

    `units_to_go` to `next_tier` and `units_to_keep` for this one are to come by `period_until`; none where there is no
    next level, or nothing is at stake."""

    member_number: str
    tier: str
    tier_name: str
    source: str
    since: datetime
    until: date | None
    reason_code: str | None
    unit: Literal["base_points", "spend_minor"]
    currency: str
    units: int
    period_from: date
    period_until: date
    next_tier: str | None
    next_name: str | None
    units_to_go: int | None
    units_to_keep: int | None
    periods: list[TierPeriod]
    grants: list[TierGrant]
    history: list[TierChange]


class NewGrant(BaseModel):
    """A level to give, through the day `until`, and why."""

    model_config = STRICT
    tier: Annotated[str, StringConstraints(min_length=1, max_length=60)]
    until: Day
    reason_code: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{1,39}$")]


class TierShare(View):
    """Members of a level; `near_next` of them have at least nine tenths of what the next one takes."""

    tier: str
    name: str
    qualifying_units: int
    members: int
    near_next: int


class NearMember(View):
    """A member near the next level."""

    member_number: str
    tier: str
    next_tier: str
    units: int
    units_to_go: int


class Distribution(View):
    """Levels from low to high as published, and the members nearest to their next one."""

    unit: Literal["base_points", "spend_minor"]
    currency: str
    window_months: int
    levels: list[TierShare]
    nearest: list[NearMember]


@router.get("/members/<member_number>/tier", summary="A member's level, why, and what counts")
def get_member_tier(member_number: Number) -> MemberTier:
    who = staff(router)
    member_id = membership.id_of(database().connection(), who.program_id, member_number)
    return _told(who.program_id, member_number, member_id)


@router.post("/members/<member_number>/tier-grants", summary="Give a level", status_code=201, openapi_extensions=KEYED)
def post_tier_grant(member_number: Number, body: NewGrant) -> MemberTier:
    who = staff(router)
    key = idempotency_key(router)
    connection = database().connection()
    member_id = membership.id_of(connection, who.program_id, member_number)
    actor = f"staff:{who.subject}"
    granting.grant(connection, who.program_id, key, member_id, body.tier, body.until, body.reason_code, actor)
    return _told(who.program_id, member_number, member_id)


@router.delete("/members/<member_number>/tier-grants/<grant_id>", summary="Withdraw a level that was given")
def delete_tier_grant(member_number: Number, grant_id: UUID) -> MemberTier:
    who = staff(router)
    connection = database().connection()
    member_id = membership.id_of(connection, who.program_id, member_number)
    granting.withdraw(connection, who.program_id, member_id, grant_id, f"staff:{who.subject}")
    return _told(who.program_id, member_number, member_id)


@router.get("/tiers/distribution", summary="Members by level, and those near the next")
def get_distribution(limit: Annotated[int, Query(ge=1, le=200)] = 50) -> Distribution:
    who = staff(router)
    connection = database().connection()
    document = reading.current(connection, who.program_id).document
    shares = standing.distribution(connection, who.program_id)
    near = standing.nearest(connection, who.program_id, limit)
    return Distribution(
        unit=document.tiers.unit,
        currency=document.store.currency,
        window_months=document.tiers.window_months,
        levels=[
            TierShare(
                tier=share.tier,
                name=document.tier(share.tier).name_in("en"),
                qualifying_units=document.tier(share.tier).qualifying_units,
                members=share.members,
                near_next=share.near_next,
            )
            for share in shares
        ],
        nearest=[
            NearMember(
                member_number=one.member_number,
                tier=one.tier,
                next_tier=one.next_tier,
                units=one.units,
                units_to_go=one.units_to_go,
            )
            for one in near
        ],
    )


def _told(program_id: int, member_number: str, member_id: int) -> MemberTier:
    connection = database().connection()
    document = reading.current(connection, program_id).document
    stands = standing.of_member(connection, program_id, member_id)
    progress = standing.progress(document, stands)
    return MemberTier(
        member_number=member_number,
        tier=stands.tier,
        tier_name=document.tier(stands.tier).name_in("en"),
        source=stands.source,
        since=stands.since,
        until=stands.until,
        reason_code=stands.reason_code,
        unit=document.tiers.unit,
        currency=document.store.currency,
        units=stands.units,
        period_from=stands.period_from,
        period_until=stands.period_until,
        next_tier=progress.next and progress.next.code,
        next_name=progress.next and progress.next.name_in("en"),
        units_to_go=progress.units_to_go,
        units_to_keep=progress.units_to_keep,
        periods=[
            TierPeriod(
                period_from=one.period_from,
                period_until=one.period_until,
                base_points=one.base_points,
                spend_minor=one.spend_minor,
                units=one.units,
                reached=one.reached,
            )
            for one in standing.periods(connection, program_id, member_id)
        ],
        grants=[TierGrant(**one) for one in standing.grants(connection, program_id, member_id)],
        history=[
            TierChange(
                change_id=one.change_id,
                from_tier=one.from_tier,
                to_tier=one.to_tier,
                direction=one.direction,
                cause=one.cause,
                until=one.until,
                reason_code=one.reason_code,
                actor=one.actor,
                changed_at=one.changed_at,
            )
            for one in standing.changes(connection, program_id, member_id)
        ],
    )
