"""What I want to hear, by which channel, in which language, and whether what I look at may choose what I am shown."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, StringConstraints

from lambdas.http import STRICT, Router, View, member
from loyalty.database import database
from loyalty.interactions import personalisation
from loyalty.members import membership
from loyalty.notifications import preferences
from loyalty.programme import reading

router = Router()


class ChoiceView(View):
    """Whether I get it; `source` is default or who decided, `since` when."""

    wanted: bool
    source: str
    since: datetime | None


class Choices(View):
    """The kinds of messages. What concerns the safety of my membership always comes."""

    orders: ChoiceView
    points: ChoiceView
    marketing: ChoiceView


class WayView(View):
    """One channel. `reachable`: there is an address; `suppressed`: why nothing comes (bounced, stopped, opted_out)."""

    reachable: bool
    suppressed: str | None
    choices: Choices


class PreferencesView(View):
    """All of it. `personalisation`: whether what I look at is kept, so that it chooses what I am shown."""

    language: str
    languages: list[str]
    email: WayView
    sms: WayView
    personalisation: ChoiceView


class Wanted(BaseModel):
    """One channel, every kind."""

    model_config = STRICT
    orders: bool
    points: bool
    marketing: bool


class NewPreferences(BaseModel):
    """All choices at once. `confirmed`: channels whose address is good although messages came back or were stopped.
    `personalisation` null: as it was; false deletes what I looked at."""

    model_config = STRICT
    language: Annotated[str, StringConstraints(pattern=r"^[a-z]{2}$")]
    email: Wanted
    sms: Wanted
    confirmed: Annotated[list[Literal["email", "sms"]], Field(max_length=2)] = []
    personalisation: bool | None = None


@router.get("/me/preferences", summary="What I want to hear")
def my_preferences() -> PreferencesView:
    connection = database().connection()
    who, member_id = member(router, connection)
    return _view(connection, who.program_id, member_id)


@router.put("/me/preferences", summary="Choose what I want to hear")
def choose(body: NewPreferences) -> PreferencesView:
    connection = database().connection()
    who, member_id = member(router, connection)
    preferences.choose(
        connection,
        who.program_id,
        member_id,
        reading.current(connection, who.program_id).document,
        language=body.language,
        wanted={"email": body.email.model_dump(), "sms": body.sms.model_dump()},
        confirmed=body.confirmed,
    )
    if body.personalisation is not None:
        personalisation.choose(connection, who.program_id, member_id, body.personalisation)
    return _view(connection, who.program_id, member_id)


def _view(connection: Any, program_id: int, member_id: int) -> PreferencesView:
    document = reading.current(connection, program_id).document
    language = membership.profile(connection, program_id, member_id).language
    found = preferences.of(connection, program_id, member_id, document, language)
    email, sms = (
        WayView(
            reachable=way.reachable,
            suppressed=way.suppressed,
            choices=Choices(**{kind: ChoiceView(**asdict(choice)) for kind, choice in way.choices.items()}),
        )
        for way in (found.ways["email"], found.ways["sms"])
    )
    own = ChoiceView(**asdict(personalisation.of(connection, program_id, member_id)))
    return PreferencesView(
        language=found.language, languages=found.languages, email=email, sms=sms, personalisation=own
    )
