"""That it is really me: confirming a redemption, and stopping what is not mine."""

from __future__ import annotations

import os
from functools import cache
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, StringConstraints

from lambdas import mail
from lambdas.http import STRICT, Router, View, member
from loyalty import aws
from loyalty.database import database
from loyalty.members import freezing
from loyalty.programme import reading
from loyalty.redemptions import screening

router = Router()

# Says in the OpenAPI document that this route asks for no token: the link's own is in the body.
BY_LINK = {"x-signed-link": True}


class CodeSent(View):
    """To which kind of contact, and for how long it is good."""

    sent_to: Literal["email"]
    code_minutes: int


class StepUp(BaseModel):
    """The code that came."""

    model_config = STRICT
    code: Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")]


class StepUpDone(View):
    """It goes on."""

    redemption_id: UUID


class NotMe(BaseModel):
    """What the link in the message ends with."""

    model_config = STRICT
    token: Annotated[str, StringConstraints(min_length=1, max_length=200)]


class Stopped(View):
    """Nothing more is spent until we have spoken."""

    frozen: Literal[True]


@router.post("/redemptions/<redemption_id>/step-up", summary="Send me a code to confirm it", status_code=202)
def send_code(redemption_id: UUID) -> CodeSent:
    connection = database().connection()
    who, member_id = member(router, connection)
    document = reading.current(connection, who.program_id).document
    minutes = screening.send_code(connection, who.program_id, member_id, redemption_id, document, mail.send)
    return CodeSent(sent_to="email", code_minutes=minutes)


@router.post("/redemptions/<redemption_id>/step-up/confirmation", summary="Confirm that it is me")
def confirm(redemption_id: UUID, body: StepUp) -> StepUpDone:
    connection = database().connection()
    who, member_id = member(router, connection)
    screening.confirm(connection, who.program_id, member_id, redemption_id, body.code)
    return StepUpDone(redemption_id=redemption_id)


@router.post("/security/not-me", summary="This was not me: stop what is spent in my name", openapi_extensions=BY_LINK)
def not_me(body: NotMe) -> Stopped:
    # Only a POST does it: whoever looks through mails opens every address in them.
    freezing.stop(database().connection(), _link_key(), body.token)
    return Stopped(frozen=True)


@cache
def _link_key() -> str:
    secrets = aws.client("secretsmanager")
    return str(secrets.get_secret_value(SecretId=os.environ["SECURITY_LINK_SECRET_ARN"])["SecretString"])
