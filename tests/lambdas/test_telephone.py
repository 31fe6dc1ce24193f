"""A member's telephone at the door: a code goes there and comes back."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError

from lambdas import sms
from tests.domain.people import Somebody
from tests.lambdas.conftest import Answer, Doors, member_token


class Sns:
    """Keeps what is published, or raises what `fails` says."""

    def __init__(self) -> None:
        self.texts: list[dict[str, Any]] = []
        self.fails: Exception | None = None

    def publish(self, **asked: Any) -> None:
        if self.fails:
            raise self.fails
        self.texts.append(asked)

    @property
    def code(self) -> str:
        return re.findall(r"\b\d{6}\b", self.texts[-1]["Message"])[0]


@pytest.fixture
def sns() -> Iterator[Sns]:
    fake = Sns()
    with mock.patch.object(sms, "_sns", return_value=fake):
        yield fake


@pytest.fixture
def jane(somebody: Callable[..., Somebody]) -> Somebody:
    return somebody(claimed=True)


def ask(doors: Doors, who: Somebody, phone: str = "+49 30 901820") -> Answer:
    """Half a minute after the last time."""
    with doors.database.owner() as owner:
        owner.execute("update members.phone_code set sent_at = sent_at - interval '31 seconds'")
    return doors("member_api", "PUT", "/me/phone", {"phone": phone}, token=member_token(who.subject))


def confirm(doors: Doors, who: Somebody, code: str) -> Answer:
    return doors("member_api", "POST", "/me/phone/confirmation", {"code": code}, token=member_token(who.subject))


def other(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06}"


def test_a_number_is_the_members_once_its_code_has_come_back(
    doors: Doors, jane: Somebody, sns: Sns, capsys: pytest.CaptureFixture[str]
) -> None:
    with doors.database.owner() as owner:
        owner.execute("update members.member set language = 'de' where member_id = %s", (jane.member_id,))
    sent = ask(doors, jane)
    assert (sent.status, sent.body) == (202, {"sent_to": "sms", "code_minutes": 15})
    assert sns.texts[0]["PhoneNumber"] == "+4930901820"
    assert "ist Ihr Code" in sns.texts[0]["Message"]
    wrong = confirm(doors, jane, other(sns.code))
    assert (wrong.status, wrong.body["code"]) == (409, "code-refused")
    assert confirm(doors, jane, sns.code).body == {"phone": "+4930901820"}
    assert confirm(doors, jane, sns.code).status == 200
    assert doors("member_api", "GET", "/me", token=member_token(jane.subject)).body["phone"] == "+4930901820"
    assert ask(doors, jane).body["code"] == "same-phone"
    with doors.database.owner() as owner:
        told = owner.execute(
            "select count(*) as n from outbox.event where topic = 'security.contact_changed' and key = %s",
            (str(jane.member_id),),
        ).fetchone()
    assert told == {"n": 1}
    output = capsys.readouterr().out
    assert sns.code not in output
    assert "901820" not in output


def test_what_is_no_number_is_refused(doors: Doors, jane: Somebody, sns: Sns) -> None:
    for phone in ("12345", "+0123456789", "call me", "+49 30 90182012345678"):
        refused = ask(doors, jane, phone)
        assert (refused.status, refused.body["errors"][0]["field"]) == (400, "phone")
    assert sns.texts == []


def test_a_new_code_replaces_the_last_and_is_not_sent_at_once(doors: Doors, jane: Somebody, sns: Sns) -> None:
    ask(doors, jane)
    first = sns.code
    again = doors("member_api", "PUT", "/me/phone", {"phone": "+4930901821"}, token=member_token(jane.subject))
    assert (again.body["code"], again.headers["retry-after"]) == ("too-soon", "30")
    ask(doors, jane, "+4930901821")
    if first != sns.code:
        assert confirm(doors, jane, first).status == 409
    assert confirm(doors, jane, sns.code).body["phone"] == "+4930901821"


def test_codes_are_counted_by_member_and_by_number(doors: Doors, somebody: Callable[..., Somebody], sns: Sns) -> None:
    jane, john = somebody(claimed=True), somebody(claimed=True)
    assert [ask(doors, jane, "+4930111111").status for _ in range(6)] == [202] * 5 + [409]
    assert ask(doors, jane, "+4930111112").body["code"] == "too-many-codes"
    assert ask(doors, john, "+4930111111").body["code"] == "too-many-codes"
    assert ask(doors, john, "+4930111113").status == 202


def test_who_guesses_is_locked_out_also_of_the_right_code_and_of_new_ones(
    doors: Doors, jane: Somebody, sns: Sns
) -> None:
    ask(doors, jane, "+4930222222")
    for _ in range(3):
        assert confirm(doors, jane, other(sns.code)).status == 409
    ask(doors, jane, "+4930222223")
    for _ in range(2):
        assert confirm(doors, jane, other(sns.code)).status == 409
    assert confirm(doors, jane, sns.code).body["code"] == "code-refused"
    assert ask(doors, jane, "+4930222224").body["code"] == "too-many-codes"


def test_a_code_that_is_late_is_refused(doors: Doors, jane: Somebody, sns: Sns) -> None:
    ask(doors, jane, "+4930333333")
    with doors.database.owner() as owner:
        owner.execute("update members.phone_code set expires_at = clock.now()")
    assert confirm(doors, jane, sns.code).body["code"] == "code-refused"


@pytest.mark.parametrize(
    ("failure", "status", "code"),
    [
        (ClientError({"Error": {"Code": "InvalidParameter"}}, "Publish"), 400, "invalid"),
        (ClientError({"Error": {"Code": "OptedOut"}}, "Publish"), 409, "sms-stopped"),
        (ClientError({"Error": {"Code": "Throttling"}}, "Publish"), 503, "sms-unavailable"),
        (ConnectTimeoutError(endpoint_url="x"), 503, "sms-unavailable"),
    ],
)
def test_what_the_network_does_not_take_is_said(
    doors: Doors, somebody: Callable[..., Somebody], sns: Sns, failure: Exception, status: int, code: str
) -> None:
    sns.fails = failure
    refused = ask(doors, somebody(claimed=True), f"+49304{status}{len(code):03d}")
    assert (refused.status, refused.body["code"]) == (status, code)
