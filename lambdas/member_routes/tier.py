"""My level: what it gives, and what the others give."""

from __future__ import annotations

from datetime import datetime

from lambdas.http import Router, View, member
from loyalty.database import database
from loyalty.members import membership
from loyalty.programme import reading
from loyalty.programme.document import Programme
from loyalty.programme.schema.tiers import Tier

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
    """How far I have come; `units_to_go` to the next level is none at the last."""

    qualifying_units: int
    units_to_go: int | None
    counted_until: datetime


class TierView(View):
    """My level and all there are, from low to high. `unit` base_points or spend_minor, over `window_months`; `progress`
    is none where units are not counted."""

    code: str
    name: str
    benefits: BenefitsView
    unit: str
    window_months: int
    levels: list[Level]
    progress: Progress | None


@router.get("/me/tier", summary="My level")
def my_tier() -> TierView:
    connection = database().connection()
    who, member_id = member(router, connection)
    document = reading.current(connection, who.program_id).document
    mine = membership.profile(connection, who.program_id, member_id)
    level = _level(document, document.tier(mine.tier), mine.language)
    return TierView(
        code=level.code,
        name=level.name,
        benefits=level.benefits,
        unit=document.tiers.unit,
        window_months=document.tiers.window_months,
        levels=[_level(document, tier, mine.language) for tier in document.tiers.levels],
        # The ledger keeps what a purchase earned, level's multiplier included: base points cannot be told from it.
        progress=None,
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
