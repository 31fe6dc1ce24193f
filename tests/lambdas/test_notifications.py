"""The functions that tell members: what AWS is asked, what each of its answers means, and what the log never says."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock
from uuid import uuid4

import pytest
from botocore import exceptions as failures
from botocore.exceptions import ClientError

from lambdas import shipment_notification
from loyalty.programme.publishing import publish_initial
from tests.conftest import TestDatabase
from tests.domain import people
from tests.domain.people import Somebody
from tests.lambdas.conftest import Doors, member_token, staff_token

PHONE = "+12065550100"


class Aws:
    """SNS and SES; `fails` is what they raise next."""

    def __init__(self) -> None:
        self.sms: list[dict[str, Any]] = []
        self.mails: list[dict[str, Any]] = []
        self.fails: list[Exception | None] = []

    def _next(self) -> None:
        if self.fails and (failure := self.fails.pop(0)):
            raise failure

    def publish(self, **asked: Any) -> None:
        self._next()
        self.sms.append(asked)

    def send_email(self, **asked: Any) -> None:
        self._next()
        self.mails.append(asked)


@pytest.fixture
def aws() -> Iterator[Aws]:
    fake = Aws()
    shipment_notification._shelf.cache_clear()
    with mock.patch.object(shipment_notification, "_client", return_value=fake):
        yield fake
    shipment_notification._shelf.cache_clear()


@pytest.fixture
def function(published: TestDatabase) -> Doors:
    variables = {
        "PORTAL_ORIGIN": "https://rewards.example",
        "MAIL_CONFIGURATION_SET": "loyalty-test",
        "SMS_ORIGINATION_NUMBER": "+12065550188",
        "SMS_SENDER_ID": "",
    }
    return Doors(published, variables)


def record(member_id: int, topic: str = "shipment.delivered", **payload: Any) -> dict[str, Any]:
    detail = {
        "event_id": str(uuid4()),
        "program_id": 1,
        "key": "k",
        "subject": None,
        "occurred_at": "2999-01-01T00:00:00+00:00",
        "payload": {"member_id": member_id, "shipment_key": str(uuid4()), "package_key": "p", **payload},
    }
    return {
        "messageId": str(uuid4()),
        "body": json.dumps({"source": "loyalty", "detail-type": topic, "detail": detail}),
    }


def refused(code: str, status: int = 400) -> ClientError:
    answer: Any = {"Error": {"Code": code, "Message": f"no {PHONE}"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "Publish")


def ids(answer: dict[str, Any]) -> list[str]:
    return [one["itemIdentifier"] for one in answer["batchItemFailures"]]


def test_sns_is_asked_for_a_transactional_sms_from_the_configured_number(
    function: Doors, aws: Aws, somebody: Callable[..., Somebody]
) -> None:
    jane = somebody()
    assert ids(function.invoke("shipment_notification", {"Records": [record(jane.member_id)]})) == []
    (asked,) = aws.sms
    assert asked["PhoneNumber"] == PHONE
    assert {name: value["StringValue"] for name, value in asked["MessageAttributes"].items()} == {
        "AWS.SNS.SMS.SMSType": "Transactional",
        "AWS.MM.SMS.OriginationNumber": "+12065550188",
    }
    assert "TopicArn" not in asked


def test_ses_is_asked_with_the_tags_by_which_what_becomes_of_it_comes_back(
    function: Doors, aws: Aws, somebody: Callable[..., Somebody], published: TestDatabase
) -> None:
    jane = somebody()
    function.invoke("shipment_notification", {"Records": [record(jane.member_id)]})
    (asked,) = aws.mails
    assert asked["Destination"] == {"ToAddresses": [jane.email]}
    assert asked["FromEmailAddress"] == "programme@example.com"
    assert asked["ConfigurationSetName"] == "loyalty-test"
    tags = {tag["Name"]: tag["Value"] for tag in asked["EmailTags"]}
    said = {"eventType": "Bounce", "bounce": {"bounceType": "Permanent"}}
    said["mail"] = {"tags": {name: [value] for name, value in tags.items()}}
    answer = function.invoke("notification_feedback", {"Records": [{"messageId": "1", "body": json.dumps(said)}]})
    assert ids(answer) == []
    with published.owner() as owner:
        row = owner.execute(
            "select state from notifications.message where message_id = %s", (tags["message"],)
        ).fetchone()
    assert row == {"state": "bounced"}


@pytest.mark.parametrize(
    ("failure", "state", "again"),
    [
        (refused("Throttling"), "queued", True),
        (refused("TooManyRequestsException", 429), "queued", True),
        (refused("AuthorizationError", 403), "queued", True),
        (refused("SendingPausedException"), "queued", True),
        (failures.EndpointConnectionError(endpoint_url="https://x"), "queued", True),
        (failures.ConnectTimeoutError(endpoint_url="https://x"), "queued", True),
        (refused("MessageRejected"), "failed", False),
        (refused("InvalidParameter"), "failed", False),
        (failures.ParamValidationError(report="x"), "failed", False),
        (refused("InternalFailure", 500), "unknown", False),
        (failures.ReadTimeoutError(endpoint_url="https://x"), "unknown", False),
        (failures.ConnectionClosedError(endpoint_url="https://x"), "unknown", False),
    ],
)
def test_each_answer_of_aws_is_not_sent_never_sent_or_nobody_knows(
    function: Doors,
    aws: Aws,
    somebody: Callable[..., Somebody],
    published: TestDatabase,
    failure: Exception,
    state: str,
    again: bool,
) -> None:
    jane, aws.fails = somebody(), [failure]
    sent = record(jane.member_id)
    assert bool(ids(function.invoke("shipment_notification", {"Records": [sent]}))) is again
    with published.owner() as owner:
        row = owner.execute(
            "select state from notifications.message where member_id = %s and channel = 'email'", (jane.member_id,)
        ).fetchone()
    assert row == {"state": state}
    function.invoke("shipment_notification", {"Records": [sent]})
    assert (len(aws.mails), len(aws.sms)) == (1 if again else 0, 1)


def test_a_record_that_makes_no_sense_comes_again_alone(
    function: Doors, aws: Aws, somebody: Callable[..., Somebody]
) -> None:
    bad = [{"messageId": str(number), "body": body} for number, body in enumerate(["", "{", "[]", '"x"', "{}", "null"])]
    answer = function.invoke("shipment_notification", {"Records": [*bad, record(somebody().member_id)]})
    assert ids(answer) == [one["messageId"] for one in bad]
    assert len(aws.mails) == 1
    answer = function.invoke("notification_feedback", {"Records": bad})
    assert ids(answer) == [one["messageId"] for one in bad]


def test_an_event_that_nobody_hears_of_is_done(function: Doors, aws: Aws, somebody: Callable[..., Somebody]) -> None:
    assert (
        ids(function.invoke("shipment_notification", {"Records": [record(somebody().member_id, "x.happened")]})) == []
    )
    assert aws.mails == []


def test_what_does_not_fit_into_the_functions_time_comes_again(
    function: Doors, aws: Aws, somebody: Callable[..., Somebody]
) -> None:
    class Late:
        aws_request_id = "1"

        def get_remaining_time_in_millis(self) -> int:
            return 9_000

    one = record(somebody().member_id)
    assert ids(function.invoke("shipment_notification", {"Records": [one]}, Late())) == [one["messageId"]]
    assert aws.mails == []


def test_nothing_personal_is_in_the_log(
    function: Doors, aws: Aws, somebody: Callable[..., Somebody], capsys: pytest.CaptureFixture[str]
) -> None:
    jane = somebody()
    aws.fails = [refused("MessageRejected"), refused("OptedOut")]
    records = [record(jane.member_id), record(jane.member_id), {"messageId": "x", "body": f"{{{jane.email}"}]
    handler = shipment_notification.logger.registered_handler
    log = io.StringIO()
    before = handler.setStream(log)
    function.invoke("shipment_notification", {"Records": records})
    stop = {"originationNumber": PHONE, "messageBody": "STOP"}
    for body in (json.dumps(stop), json.dumps({**stop, "messageBody": None}), f"{{{jane.email}"):
        function.invoke("notification_feedback", {"Records": [{"messageId": "1", "body": body}]})
    handler.setStream(before)
    said = "".join([log.getvalue(), *capsys.readouterr()])
    assert "told" in said
    for secret in (jane.email, PHONE, PHONE[1:], jane.number, "parcel", "STOP"):
        assert secret not in said


def test_notices_are_counted_for_operators(function: Doors, capsys: pytest.CaptureFixture[str]) -> None:
    assert set(function.invoke("points_notices", {})) == {"gave_up", "journal", "digests", "members"}
    assert "UnwarnedLots" in capsys.readouterr().out


class TestPreferences:
    kinds = {"orders": True, "points": True, "marketing": False}  # noqa: RUF012

    def body(self, **other: Any) -> dict[str, Any]:
        return {"language": "en", "email": self.kinds, "sms": self.kinds, **other}

    def test_nobody_who_has_not_chosen_gets_advertising(self, doors: Doors, somebody: Callable[..., Somebody]) -> None:
        answer = doors("member_api", "GET", "/me/preferences", token=member_token(somebody(claimed=True).subject))
        assert answer.status == 200
        assert (answer.body["language"], answer.body["languages"]) == ("en", ["de", "en"])
        assert answer.body["email"]["reachable"]
        assert answer.body["email"]["suppressed"] is None
        wanted = {
            channel: {kind: choice["wanted"] for kind, choice in answer.body[channel]["choices"].items()}
            for channel in ("email", "sms")
        }
        assert wanted == {
            "email": {"orders": True, "points": True, "marketing": False},
            "sms": {"orders": True, "points": False, "marketing": False},
        }
        assert answer.body["sms"]["choices"]["orders"] == {"wanted": True, "source": "default", "since": None}

    def test_what_is_chosen_is_kept_with_its_source_and_time_and_once(
        self, doors: Doors, somebody: Callable[..., Somebody], published: TestDatabase
    ) -> None:
        jane = somebody(claimed=True)
        body = self.body(language="de", sms={"orders": False, "points": True, "marketing": True})
        for _ in range(2):
            answer = doors("member_api", "PUT", "/me/preferences", body, token=member_token(jane.subject))
            assert answer.status == 200
        choice = answer.body["sms"]["choices"]["marketing"]
        assert (choice["wanted"], choice["source"]) == (True, "member")
        assert choice["since"]
        assert doors("member_api", "GET", "/me", token=member_token(jane.subject)).body["language"] == "de"
        with published.owner() as owner:
            rows = owner.execute(
                "select * from notifications.consent where member_id = %s", (jane.member_id,)
            ).fetchall()
        assert len(rows) == 6

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"language": "fr"}, "language"),
            ({"language": "english"}, "language"),
            ({"email": {"orders": True}}, "email"),
            ({"sms": {"orders": "yes", "points": True, "marketing": True}}, "sms"),
            ({"confirmed": ["pigeon"]}, "confirmed"),
            ({"security": False}, "security"),
        ],
    )
    def test_what_makes_no_sense_is_refused_by_its_name(
        self, doors: Doors, somebody: Callable[..., Somebody], change: dict[str, Any], field: str
    ) -> None:
        jane = somebody(claimed=True)
        answer = doors("member_api", "PUT", "/me/preferences", self.body(**change), token=member_token(jane.subject))
        assert answer.status == 400
        assert field in json.dumps(answer.body)

    def test_a_bounced_address_is_confirmed_by_saying_so_only(
        self, doors: Doors, somebody: Callable[..., Somebody], published: TestDatabase
    ) -> None:
        jane = somebody(claimed=True)
        with published.owner() as owner:
            owner.execute(
                "insert into notifications.suppression(program_id, member_id, channel, suppressed, reason, about_at,"
                " noted_at) values (1, %s, 'email', true, 'bounced', clock.now(), clock.now())",
                (jane.member_id,),
            )
        token = member_token(jane.subject)
        assert (
            doors("member_api", "PUT", "/me/preferences", self.body(), token=token).body["email"]["suppressed"]
            == "bounced"
        )
        confirmed = self.body(confirmed=["email"])
        assert doors("member_api", "PUT", "/me/preferences", confirmed, token=token).body["email"]["suppressed"] is None


def test_staff_see_whom_nobody_warned_and_members_do_not(published: TestDatabase, doors: Doors) -> None:
    with published.owner() as owner:
        publish_initial(owner, {})
        jane = people.somebody(owner, claimed=True)
        owner.execute(
            "select points.accrue(1, %s, clock.new_id(), 70, (clock.now() + interval '20 days')::date, clock.now(),"
            " 'grocer', clock.new_id()::text, 'programme', 4000, sha256('x'), 'test')",
            (jane.member_id,),
        )
        owner.execute(
            "insert into notifications.expiry_warning values (1, %s, (clock.now() + interval '20 days')::date, 30, 70,"
            " clock.new_id(), clock.now() - interval '2 days')",
            (jane.member_id,),
        )
    answer = doors("manager_api", "GET", "/notices/unwarned-lots", token=staff_token("support"))
    assert answer.status == 200
    lot = next(one for one in answer.body["lots"] if one["member_number"] == jane.number)
    assert (lot["amount"], lot["why"]) == (70, "not_told_yet")
    assert doors("manager_api", "GET", "/notices/lost-messages", token=staff_token("support")).status == 200
    for path in ("/notices/unwarned-lots", "/notices/lost-messages"):
        assert doors("manager_api", "GET", path, token=staff_token("catalogue-manager")).status == 403
        assert doors("manager_api", "GET", f"{path}?limit=0", token=staff_token("support")).status == 400
