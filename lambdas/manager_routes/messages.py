"""The texts that members get: which there are, how one reads, and one sent to oneself."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import BaseModel, StringConstraints

from lambdas import mail
from lambdas.environment import environment
from lambdas.http import STRICT, Caller, Router, View
from lambdas.staff import staff
from loyalty import aws
from loyalty.database import Connection, database
from loyalty.members.claiming import Mail
from loyalty.notifications import samples
from loyalty.notifications.words import for_sms
from loyalty.programme import messages, reading
from loyalty.programme.schema.messages import Message
from loyalty.refusal import Kind, Refusal

router = Router()

TESTS_AN_HOUR = 20

Key = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z-]{1,39}$")]


class Draft(BaseModel):
    """A text as it stands on somebody's page."""

    model_config = STRICT
    key: Key
    language: Annotated[str, StringConstraints(pattern=r"^[a-z]{2}$")]
    subject: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    text: Annotated[str, StringConstraints(min_length=1, max_length=20_000)]
    sms: Annotated[str, StringConstraints(min_length=1, max_length=1_000)] | None = None


class MessageKind(View):
    """`words`: what may be marked, a sample in each language; `short`: the same for an SMS, if it goes out as one."""

    key: str
    kind: Literal["claim", "orders", "points", "security", "cases", "wishes"]
    words: dict[str, dict[str, str]]
    short: dict[str, dict[str, str]] | None


class MessageKinds(View):
    """In the order in which a member meets them; `languages` are those of the terms."""

    messages: list[MessageKind]
    languages: list[str]


class SentTo(View):
    """The address of who asked."""

    email: str


@router.get("/programme/messages", summary="Which texts there are, and what each may mark")
def get_messages() -> MessageKinds:
    who = staff(router)
    connection = database().connection()
    document, now = reading.current(connection, who.program_id).document, _now(connection)
    languages = messages.languages(document)
    origin = environment().portal_origin
    found = []
    for key, known in messages.TEMPLATES.items():
        words = {language: samples.words(document, key, language, origin, now) for language in languages}
        short = {language: for_sms(told) for language, told in words.items()} if known.sms else None
        found.append(MessageKind(key=key, kind=known.kind, words=words, short=short))
    return MessageKinds(messages=found, languages=languages)


@router.post("/programme/messages/test", summary="Send a text to oneself")
def post_test(body: Draft) -> SentTo:
    who = staff(router)
    if body.key not in messages.TEMPLATES:
        raise Refusal(Kind.INVALID, "no-such-message", "There is no such message.", field="key")
    if wrong := messages.problems_of("message", body.key, Message(subject=body.subject, text=body.text, sms=body.sms)):
        raise Refusal(Kind.INVALID, "invalid", f"{wrong[0].reason}.", field=wrong[0].field.removeprefix("message."))
    connection = database().connection()
    document = reading.current(connection, who.program_id).document
    address = _own_address(who)
    row = connection.execute(
        "select programme.may_test(%s, %s, %s) as may", (who.program_id, f"staff:{who.subject}", TESTS_AN_HOUR)
    ).fetchone()
    if row is None or not row["may"]:
        raise Refusal(Kind.CONFLICT, "too-many-tests", f"At most {TESTS_AN_HOUR} tests an hour: try again in a while.")
    words = samples.words(document, body.key, body.language, environment().portal_origin, _now(connection))
    subject = " ".join(messages.filled(body.subject, words).split())
    mail.send(Mail(address, f"[Test] {subject}", messages.filled(body.text, words)))
    return SentTo(email=address)


def _now(connection: Connection) -> datetime:
    row = connection.execute("select clock.now() as now").fetchone()
    assert row is not None
    now: datetime = row["now"]
    return now


def _own_address(who: Caller) -> str:
    """The staff member's own; a test goes to nobody else."""
    found = _pool().list_users(
        UserPoolId=environment().staff_pool_id, Filter=f'sub = "{who.subject}"', AttributesToGet=["email"], Limit=1
    )["Users"]
    told = {one["Name"]: one["Value"] for user in found for one in user.get("Attributes", ())}
    if "email" not in told:
        raise Refusal(Kind.CONFLICT, "no-address", "Your sign-in has no e-mail address.")
    return str(told["email"])


@cache
def _pool() -> Any:
    return aws.client("cognito-idp")
