"""Switches: what members have at the moment, and who switched what."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Path
from pydantic import BaseModel, Field

from lambdas.http import STRICT, Router, View
from lambdas.manager_routes.programme import Why
from lambdas.staff import staff
from loyalty.database import Connection, database
from loyalty.programme import reading, switching

router = Router()

Feature = Annotated[str, Path(max_length=40)]


class FeatureState(View):
    """`share_percent`: of the members, the same ones every time; none: for everybody or for nobody."""

    feature: str
    on: bool
    share_percent: int | None


class SwitchedView(View):
    """What a version changed of a switch."""

    version: int
    at: datetime
    by: str
    why: str
    before: FeatureState
    after: FeatureState


class FeaturesView(View):
    """Every switch of the programme's `version`, and the last switchings, newest first."""

    version: int
    features: list[FeatureState]
    history: list[SwitchedView]


class Seen(BaseModel):
    """A switch as it was shown."""

    model_config = STRICT
    on: bool
    share_percent: Annotated[int, Field(ge=0, le=100)] | None = None


class Switching(BaseModel):
    """As it is to be, and why; without `share_percent` the share stays. With `seen` only if it is still like that:
    whoever gives it to more members must not put back what somebody has stopped meanwhile."""

    model_config = STRICT
    on: bool
    share_percent: Annotated[int, Field(ge=0, le=100)] | None = None
    why: Why
    seen: Seen | None = None


@router.get("/features", summary="What is switched on, and who switched what")
def get_features() -> FeaturesView:
    who = staff(router)
    return _told(database().connection(), who.program_id)


@router.put("/features/<feature>", summary="Switch it, at once")
def put_feature(feature: Feature, body: Switching) -> FeaturesView:
    who = staff(router)
    connection = database().connection()
    actor = f"staff:{who.subject}"
    switching.switch(
        connection,
        who.program_id,
        feature,
        on=body.on,
        share_percent=body.share_percent,
        actor=actor,
        why=body.why,
        seen=(body.seen.on, body.seen.share_percent) if body.seen else None,
    )
    return _told(connection, who.program_id)


def _told(connection: Connection, program_id: int) -> FeaturesView:
    return FeaturesView(
        version=reading.current(connection, program_id).version,
        features=[
            FeatureState.model_validate(one, from_attributes=True) for one in switching.states(connection, program_id)
        ],
        history=[
            SwitchedView.model_validate(one, from_attributes=True) for one in switching.history(connection, program_id)
        ],
    )
