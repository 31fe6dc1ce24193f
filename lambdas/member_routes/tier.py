"""My level: what it gives, and what the others give."""

from __future__ import annotations

from datetime import date

from lambdas.http import Router, View, member
from loyalty.database import database
from loyalty.members import membership
from loyalty.programme import reading
from loyalty.programme.document import Programme
from loyalty.programme.schema.tiers import Tier
from loyalty.tiers import standing

router = Router()


class BenefitsView(View):
    """What a level gives, as the programme has it now: 150 is half as many points again; so many points are worth one
    unit of money where no offer or category says otherwise."""

    earn_multiplier_percent: int
    points_per_major: int
    free_delivery: bool


class Level(View):
    """A level, reached with so many qualifying units in the window."""

    code: str
    name: str
    qualifying_units: int
    benefits: BenefitsView


class Progress(View):
    """How far I have come in the period that ends with the day `counted_until`. `units_to_go` to the level `next` is
    none at the last; `units_to_keep` are missing to keep mine longer than that, none where nothing is at stake."""

    qualifying_units: int
    units_to_go: int | None
    next: str | None
    units_to_keep: int | None
    counted_until: date


class TierView(View):
    """My level and all there are, from low to high. `unit` base_points or spend_minor, over `window_months`. `source`
    earned, registered, stepped_down, granted or start; `kept_until`: the last day of it, none where it does not end."""

    code: str
    name: str
    benefits: BenefitsView
    unit: str
    window_months: int
    levels: list[Level]
    source: str
    kept_until: date | None
    progress: Progress


@router.get("/me/tier", summary="My level")
def my_tier() -> TierView:
    connection = database().connection()
    who, member_id = member(router, connection)
    document = reading.current(connection, who.program_id).document
    mine = membership.profile(connection, who.program_id, member_id)
    stands = standing.of_member(connection, who.program_id, member_id)
    ahead = standing.progress(document, stands)
    level = _level(document, document.tier(stands.tier), mine.language)
    return TierView(
        code=level.code,
        name=level.name,
        benefits=level.benefits,
        unit=document.tiers.unit,
        window_months=document.tiers.window_months,
        levels=[_level(document, tier, mine.language) for tier in document.tiers.levels],
        source=stands.source,
        kept_until=stands.until,
        progress=Progress(
            qualifying_units=stands.units,
            units_to_go=ahead.units_to_go,
            next=ahead.next and ahead.next.code,
            units_to_keep=ahead.units_to_keep,
            counted_until=stands.period_until,
        ),
    )


def _level(document: Programme, tier: Tier, language: str) -> Level:
    return Level(
        code=tier.code,
        name=tier.name_in(language),
        qualifying_units=tier.qualifying_units,
        benefits=BenefitsView(
            earn_multiplier_percent=tier.benefits.earn_multiplier_percent,
            points_per_major=document.conversion.by_tier.get(tier.code, document.conversion.points_per_major),
            free_delivery=tier.benefits.free_delivery,
        ),
    )
