"""After a sign-up: a claim of a given number, or a membership where everybody may join; never an error."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest

from lambdas import mail
from loyalty.members.claiming import Mail
from loyalty.refusal import Kind, Refusal
from tests.conftest import TestDatabase
from tests.domain.people import Somebody
from tests.lambdas.conftest import CANARY_CLIENT, MEMBER_CLIENT, Doors


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[Mail]:
    mails: list[Mail] = []
    monkeypatch.setattr(mail, "send", mails.append)
    return mails


def sign_up(
    doors: Doors, client: str = MEMBER_CLIENT, source: str = "PostConfirmation_ConfirmSignUp", **attributes: str
) -> str:
    """Confirm a sign-up and say whose it is."""
    subject = str(uuid.uuid4())
    event: dict[str, Any] = {
        "triggerSource": source,
        "userName": subject,
        "callerContext": {"clientId": client},
        "request": {"userAttributes": {"sub": subject, **attributes}},
        "response": {},
    }
    for _ in range(2):  # Cognito may call again
        assert doors.invoke("identity_trigger", event) == event
    return subject


def member_of(database: TestDatabase, program_id: int, subject: str) -> int | None:
    with database.owner() as owner:
        row = owner.execute("select members.member_of(%s, %s) as id", (program_id, subject)).fetchone()
    assert row is not None
    return row["id"]


def test_a_given_number_gets_a_code(doors: Doors, somebody: Callable[..., Somebody], sent: list[Mail]) -> None:
    jane = somebody()
    subject = sign_up(doors, **{"custom:member_number": jane.number, "email": "elsewhere@example.com"})
    assert {mail.to for mail in sent} == {jane.email}
    assert member_of(doors.database, 1, subject) is None


def test_a_wrong_number_or_a_mail_that_fails_stops_nobody(
    doors: Doors, somebody: Callable[..., Somebody], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Mail) -> None:
        raise Refusal(Kind.UNAVAILABLE, "mail-unavailable", "no")

    monkeypatch.setattr(mail, "send", fail)
    for number in ("nobody", "'; --", somebody().number, somebody(claimed=True).number):
        sign_up(doors, **{"custom:member_number": number})


def test_where_everybody_may_join_a_proved_mailbox_becomes_a_member(doors: Doors, sent: list[Mail]) -> None:
    proved = {"email": "new@example.com", "email_verified": "true", "locale": "de-CH"}
    assert member_of(doors.database, 2, sign_up(doors, CANARY_CLIENT, **proved)) is not None
    assert member_of(doors.database, 1, sign_up(doors, MEMBER_CLIENT, **proved)) is None
    assert member_of(doors.database, 2, sign_up(doors, CANARY_CLIENT, email="new@example.com")) is None
    assert member_of(doors.database, 2, sign_up(doors, CANARY_CLIENT, **proved | {"email": "nonsense"})) is None
    assert sent == []


def test_a_changed_password_or_an_unknown_client_does_nothing(doors: Doors, sent: list[Mail]) -> None:
    proved = {"email": "new@example.com", "email_verified": "true"}
    changed = sign_up(doors, CANARY_CLIENT, "PostConfirmation_ConfirmForgotPassword", **proved)
    assert member_of(doors.database, 2, changed) is None
    sign_up(doors, "unknown", **proved)
    assert sent == []
