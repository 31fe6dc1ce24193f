"""Who learns what members like is told through a queue: nothing waits for it, nothing is lost but what nobody wants
told, and its answers come back line by line."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError

from lambdas import engines, personalize_events, personalize_files, queues
from loyalty.recommendations.answering import STORED
from loyalty.recommendations.personalize import Personalize
from tests.domain.people import Somebody
from tests.domain.recommendations.test_personalize import key_of
from tests.domain.wishes.shelf import Shelf
from tests.lambdas.conftest import Doors, member_token

QUEUE = "https://sqs.us-east-1.amazonaws.com/000000000000/personal"
GROUP = "arn:aws:personalize:us-east-1:000000000000:dataset-group/loyalty-test"
FOLDER = "insight/run=night/personalize/"


@dataclass
class Aws:
    """What AWS's clients are asked, and what they answer."""

    messages: list[dict[str, Any]] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    trackers: list[dict[str, str]] = field(default_factory=lambda: [{"eventTrackerArn": "arn:t", "status": "ACTIVE"}])
    failure: Exception | None = None

    def send_message(self, QueueUrl: str, MessageBody: str) -> None:  # noqa: N803 - boto3's names
        assert QueueUrl == QUEUE
        if self.failure:
            raise self.failure
        self.messages.append(json.loads(MessageBody))

    def list_event_trackers(self, datasetGroupArn: str) -> dict[str, Any]:  # noqa: N803 - boto3's names
        assert datasetGroupArn == GROUP
        return {"eventTrackers": self.trackers}

    def describe_event_tracker(self, eventTrackerArn: str) -> dict[str, Any]:  # noqa: N803 - boto3's names
        return {"eventTracker": {"trackingId": f"id of {eventTrackerArn}"}}

    def put_events(self, **given: Any) -> None:
        if self.failure:
            raise self.failure
        self.events.append(given)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch, doors: Doors) -> Iterator[Aws]:
    made = Aws()
    monkeypatch.setenv("PERSONALIZE_QUEUE_URL", QUEUE)
    monkeypatch.setenv("DATASET_GROUP_ARN", GROUP)
    monkeypatch.setenv("PROGRAM_ID", "1")
    monkeypatch.setattr(queues, "hasty_sqs", lambda: made)
    monkeypatch.setattr(personalize_events, "_client", lambda _: made)
    personalize_events._known.clear()
    yield made
    personalize_events._known.clear()


@pytest.fixture
def shelf(doors: Doors) -> Iterator[Shelf]:
    with doors.database.owner() as owner:
        yield Shelf(doors.database, owner)


@pytest.fixture
def told(doors: Doors) -> Callable[..., list[str]]:
    """Bodies of messages → the ids of those that must come again."""

    def tell(*bodies: Any) -> list[str]:
        records = [
            {"messageId": str(number), "body": body if isinstance(body, str) else json.dumps(body)}
            for number, body in enumerate(bodies)
        ]
        answer = doors.invoke("personalize_events", {"Records": records})
        return [one["itemIdentifier"] for one in answer["batchItemFailures"]]

    return tell


def look(doors: Doors, who: Somebody, *asins: str) -> Any:
    views = [{"key": str(uuid4()), "asin": asin, "came_from": "home"} for asin in asins]
    return doors("member_api", "POST", "/me/views", {"views": views}, token=member_token(who.subject))


# ---- from the portal's door into the queue -----------------------------------------------------------------------


def test_a_look_goes_into_the_queue_by_ids_and_from_there_to_personalize_by_a_random_key(
    doors: Doors, shelf: Shelf, somebody: Callable[..., Somebody], aws: Aws, told: Callable[..., list[str]]
) -> None:
    who, kettle = somebody(claimed=True), shelf.product()
    assert look(doors, who, kettle, "B0NOWHERE0").body["recorded"] == 1
    (message,) = aws.messages
    assert set(message) == {"program_id", "member_id", "looks"}
    assert told(message, message) == []
    assert [call["trackingId"] for call in aws.events] == ["id of arn:t"] * 2
    (first, again) = (call["eventList"] for call in aws.events)
    assert first == again, "the same event key: Personalize takes it once"
    assert first[0]["itemId"] == kettle
    assert aws.events[0]["userId"] == key_of(shelf, message["member_id"])


@pytest.mark.parametrize(
    "failure",
    [ConnectTimeoutError(endpoint_url=QUEUE), ClientError({"Error": {"Code": "AccessDenied"}}, "SendMessage")],
)
def test_a_queue_that_does_not_answer_is_not_the_members_matter(
    doors: Doors, shelf: Shelf, somebody: Callable[..., Somebody], aws: Aws, failure: Exception
) -> None:
    aws.failure = failure
    answer = look(doors, somebody(claimed=True), shelf.product())
    assert (answer.status, answer.body["recorded"]) == (200, 1)


def test_where_there_is_no_queue_or_nothing_new_nothing_is_sent(
    doors: Doors, shelf: Shelf, somebody: Callable[..., Somebody], aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert look(doors, somebody(claimed=True), "B0NOWHERE0").body["recorded"] == 0
    monkeypatch.delenv("PERSONALIZE_QUEUE_URL")
    assert look(doors, somebody(claimed=True), shelf.product()).body["recorded"] == 1
    assert not aws.messages


def test_whoever_waits_for_the_queue_waits_less_than_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    queues.hasty_sqs.cache_clear()
    config = queues.hasty_sqs().meta.config
    assert config.connect_timeout + config.read_timeout < 1
    assert config.retries["total_max_attempts"] == 1


# ---- from the queue to Personalize -------------------------------------------------------------------------------


def test_one_message_that_cannot_be_told_comes_again_alone(
    doors: Doors, shelf: Shelf, somebody: Callable[..., Somebody], aws: Aws, told: Callable[..., list[str]]
) -> None:
    look(doors, somebody(claimed=True), shelf.product())
    (message,) = aws.messages
    assert told("no json", message, {"program_id": 1}) == ["0", "2"]
    aws.failure = ClientError({"Error": {"Code": "ThrottlingException"}}, "PutEvents")
    assert told(message) == ["0"]


def test_before_there_is_a_tracker_and_of_another_programme_nothing_is_told(
    doors: Doors, shelf: Shelf, somebody: Callable[..., Somebody], aws: Aws, told: Callable[..., list[str]]
) -> None:
    look(doors, somebody(claimed=True), shelf.product())
    (message,) = aws.messages
    assert told({**message, "program_id": 2}) == []
    aws.trackers = [{"eventTrackerArn": "arn:t", "status": "CREATE PENDING"}]
    assert told(message) == []
    assert not aws.events
    aws.trackers = [{"eventTrackerArn": "arn:t", "status": "ACTIVE"}]
    assert told(message) == []
    assert len(aws.events) == 1


def test_a_redemption_of_the_bus_is_told_by_its_products(
    shelf: Shelf, aws: Aws, told: Callable[..., list[str]]
) -> None:
    kettle, member = shelf.product(), shelf.member()
    shelf.redeemed(member, kettle, units=2)
    row = shelf.owner.execute(
        "select redemption_id from redemptions.redemption where member_id = %s", (member,)
    ).fetchone()
    assert row is not None
    detail = {"program_id": 1, "redemption_id": str(row["redemption_id"]), "member_id": member, "outcome": "completed"}
    assert told({"source": "loyalty", "detail-type": "redemption.confirmed", "detail": detail}) == []
    ((event,),) = (call["eventList"] for call in aws.events)
    assert (event["eventType"], event["itemId"], event["eventValue"]) == ("redeemed", kettle, 2.0)


def test_a_run_says_of_the_erasures_before_it_that_they_are_done_and_of_no_later_one(doors: Doors, aws: Aws) -> None:
    with doors.database.owner() as owner:
        for days in (1, 3):
            erasure, key = uuid4(), f"{days:064x}"
            owner.execute(
                "insert into privacy.erasure(program_id, erasure_id, member_id, erasure_key, origin, reason, state,"
                " request_hash, requested_by, requested_at, decided_by, decided_at, due_at) values (1, %s, %s, %s,"
                " 'request', 'other', 'running', '', 'one', clock.now(), 'two', clock.now(), clock.now())",
                (erasure, 9_000 + days, key),
            )
            owner.execute(
                "insert into privacy.receipt(program_id, erasure_id, store, place, state, at)"
                " values (1, %s, 'recommendations', 12, 'pending', clock.now() - make_interval(days => %s))",
                (erasure, days),
            )
        row = owner.execute("select clock.now() as at").fetchone()
        assert row is not None
        began = {"forgotten": row["at"].isoformat()}
        assert [doors.invoke("personalize_events", began) for _ in range(2)] == [{"forgotten": 1}, {"forgotten": 0}]
        left = owner.execute("select erasure_key from privacy.to_erase_outside('recommendations', 10)").fetchall()
        assert [one["erasure_key"] for one in left] == [f"{1:064x}"]


# ---- files -------------------------------------------------------------------------------------------------------


class Bucket:
    """S3's objects."""

    def __init__(self, **objects: str) -> None:
        self.objects = {f"{FOLDER}{key}": text.encode() for key, text in objects.items()}

    def get_object(self, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803 - boto3's names
        lines = self.objects[Key].splitlines()
        return {"Body": type("Body", (), {"iter_lines": lambda _: iter(lines)})()}

    def put_object(self, Bucket: str, Key: str, Body: bytes) -> None:  # noqa: N803 - boto3's names
        assert Bucket == "lake"
        self.objects[Key] = Body


@pytest.fixture
def files(monkeypatch: pytest.MonkeyPatch) -> Callable[[Bucket, dict[str, Any]], dict[str, Any]]:
    monkeypatch.setenv("LAKE_BUCKET", "lake")
    monkeypatch.setenv("LAKE_KEY_ARN", f"arn:aws:kms:us-east-1:000000000000:key/{uuid4()}")
    monkeypatch.setenv("PROGRAM_ID", "1")

    def call(bucket: Bucket, event: dict[str, Any]) -> dict[str, Any]:
        monkeypatch.setattr(personalize_files, "_s3", lambda: bucket)
        answer: dict[str, Any] = personalize_files.handler(event, None)
        return answer

    return call


def test_what_is_unloaded_is_one_transaction_that_may_be_sent_again(
    files: Callable[[Bucket, dict[str, Any]], dict[str, Any]],
) -> None:
    event = {"do": "unload", "run": "night"}
    told = files(Bucket(), event)
    assert told == files(Bucket(), event)
    assert len(told["token"]) == 64
    assert len(told["sqls"]) <= 40
    assert told["sqls"][0].startswith("SET ")
    assert told["sqls"][-1].startswith("WITH "), "the last one counts"
    assert all("s3://lake/insight/run=night/personalize/in/" in sql for sql in told["sqls"][1:-1])


@pytest.mark.parametrize(
    "event",
    [
        {"do": "unload", "run": "night'; drop table x; --"},
        {"do": "convert", "run": "night", "name": "members", "key": "state/tier.json"},
        {"do": "convert", "run": "night", "name": "secrets", "key": f"{FOLDER}answers/secrets/x.out"},
        {"do": "whatever", "run": "night"},
    ],
)
def test_what_is_not_of_this_run_is_refused(
    files: Callable[[Bucket, dict[str, Any]], dict[str, Any]], event: dict[str, Any]
) -> None:
    with pytest.raises(ValueError, match=r"run|do is|key is"):
        files(Bucket(), event)


def test_answers_become_as_many_files_as_they_need(
    files: Callable[[Bucket, dict[str, Any]], dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(personalize_files, "MOST_BYTES", 1)
    lines = [
        json.dumps({"input": {"userId": f"m{n}"}, "output": {"recommendedItems": ["B1"], "scores": [0.5]}})
        for n in range(3)
    ]
    bucket = Bucket(**{"answers/members/a.json.out": "\n".join([*lines, '{"input": {"userId": "x"}, "output": null}'])})
    event = {"do": "convert", "run": "night", "name": "members", "key": f"{FOLDER}answers/members/a.json.out"}
    told = files(bucket, event)
    assert (told["lines"], told["unanswered"]) == (3, 1)
    assert len(told["keys"]) > 1
    found = [json.loads(line) for key in told["keys"] for line in gzip.decompress(bucket.objects[key]).splitlines()]
    assert [one["member_key"] for one in found] == [f"m{n}" for n in range(3)]
    assert files(bucket, event)["keys"] == told["keys"], "the same names: once more changes nothing"


# ---- whose choice is shown ---------------------------------------------------------------------------------------


def test_campaigns_are_asked_where_the_environment_names_them_and_not_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.delenv("PERSONALIZE", raising=False)
    assert engines.chosen() is STORED
    given = {"program_id": 1, "timeout_ms": 250, "campaigns": {"for-you": "arn:c"}, "in_stock": "arn:f"}
    monkeypatch.setenv("PERSONALIZE", json.dumps(given))
    engine = engines.chosen()
    assert isinstance(engine, Personalize)
    assert engine is engines.chosen()
    config = engine.service._client.meta.config  # type: ignore[attr-defined]
    assert (config.connect_timeout, config.read_timeout) == (0.25, 0.25)
    assert config.retries["total_max_attempts"] == 1
