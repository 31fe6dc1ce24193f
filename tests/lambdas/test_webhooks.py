"""The webhook's door: who gets in, what is taken, and that the function behind it loses nothing."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from lambdas import order_information, webhook_api
from lambdas.webhook_api import SECRET_HEADER, Secrets
from loyalty.database import Database
from tests.conftest import TestDatabase
from tests.domain.orders.deliveries import TOWELS, Ordered
from tests.domain.redemptions.saga import Saga, saga

CURRENT, PREVIOUS = "the-current-secret-0001", "the-previous-secret-0001"
PUSH = {"orderId": "114-1", "shipmentId": "S1", "packageId": "1", "trackingId": "T", "deliveryStatus": "SHIPPED"}


class Queue:
    """SQS as the door knows it; `deliver` gives all of it to the function, as a batch."""

    def __init__(self) -> None:
        self.bodies: list[str] = []

    def send_message(self, *, QueueUrl: str, MessageBody: str) -> None:  # noqa: N803
        assert QueueUrl == "heard"
        self.bodies.append(MessageBody)

    def deliver(self, *more: str) -> list[str]:
        """The ids of those that failed."""
        bodies, self.bodies = [*self.bodies, *more], []
        records = [{"messageId": f"m{number}", "body": body} for number, body in enumerate(bodies)]
        answer = order_information.handler({"Records": records}, None)
        return [one["itemIdentifier"] for one in answer["batchItemFailures"]]


@pytest.fixture
def queue(monkeypatch: pytest.MonkeyPatch) -> Queue:
    queue = Queue()
    secrets = Secrets(lambda: json.dumps({"current": CURRENT, "previous": PREVIOUS}))
    monkeypatch.setattr(webhook_api, "_sqs", lambda: queue)
    monkeypatch.setattr(webhook_api, "_secrets", lambda: secrets)
    monkeypatch.setenv("ORDER_INFORMATION_QUEUE_URL", "heard")
    return queue


@pytest.fixture
def world(fresh_database: TestDatabase, monkeypatch: pytest.MonkeyPatch) -> Iterator[Saga]:
    information = Database(fresh_database.settings("order_information"))
    monkeypatch.setattr(order_information, "database", lambda: information)
    with saga(fresh_database) as made:
        yield made
    information.close()


def knock(body: Any, secret: str | None = CURRENT, **headers: str) -> tuple[int, dict[str, Any]]:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    event = {
        "httpMethod": "POST",
        "path": "/webhooks/amazon-business/packages",
        "headers": {"content-type": "application/json", **headers} | ({SECRET_HEADER: secret} if secret else {}),
        "body": base64.b64encode(raw).decode(),
        "isBase64Encoded": True,
        "requestContext": {"requestId": "r"},
    }
    answer = webhook_api.handler(event, None)
    return answer["statusCode"], json.loads(answer["body"])


def strays(world: Saga) -> list[tuple[str, str, Any]]:
    rows = world.owner.execute("select kind, source, body from orders.stray order by received_at, stray_id").fetchall()
    return [(row["kind"], row["source"], row["body"].get("reason")) for row in rows]


def test_a_push_goes_into_the_queue_and_is_answered(queue: Queue) -> None:
    assert knock(PUSH) == (200, {})
    message = json.loads(queue.bodies[0])
    assert (message["source"], message["observation"]["amazon_order_id"]) == ("push", "114-1")


@pytest.mark.parametrize("secret", [None, "", CURRENT[:-1], CURRENT + "x", CURRENT.upper(), "ü" * 20, "\ud800"])
def test_who_does_not_know_the_secret_is_not_even_read(queue: Queue, secret: str | None) -> None:
    for body in (PUSH, b"\xff", b"x" * 200_000):
        status, problem = knock(body, secret)
        assert (status, problem["code"]) == (401, "forged")
    assert queue.bodies == []


def test_two_secrets_are_good_while_one_is_changed_for_the_other(queue: Queue) -> None:
    assert [knock(PUSH, secret)[0] for secret in (CURRENT, PREVIOUS)] == [200, 200]


def test_a_new_secret_is_found_when_somebody_comes_with_it_and_strangers_do_not_make_us_ask() -> None:
    now, reads, known = [0.0], [], {"current": CURRENT, "previous": ""}

    def read() -> str:
        reads.append(now[0])
        return json.dumps(known)

    secrets = Secrets(read, lambda: now[0])
    assert secrets.fit(CURRENT)
    assert not secrets.fit(""), "a secret that is not set lets nobody in"
    for _ in range(50):
        assert not secrets.fit("stranger-stranger-stranger")
    assert len(reads) == 1
    known.update(current="the-newest-secret-0001", previous=CURRENT)
    now[0] = 31.0
    assert secrets.fit("the-newest-secret-0001")
    assert secrets.fit(CURRENT)
    known.update(previous="")
    now[0] = 400.0
    assert not secrets.fit(CURRENT)


@pytest.mark.parametrize("secret", ["", "not json", "[]", '{"current": 5}', '{"current": "short"}', '{"current": ""}'])
def test_without_a_secret_worth_the_name_the_door_is_shut(secret: str) -> None:
    secrets = Secrets(lambda: secret)
    assert not any(secrets.fit(given) for given in ("", "short", "5"))


def test_a_secret_that_cannot_be_read_any_more_stays_good() -> None:
    answers = [json.dumps({"current": CURRENT})]
    now = [0.0]
    secrets = Secrets(lambda: answers.pop(), lambda: now[0])
    assert secrets.fit(CURRENT)
    now[0] = 1000.0
    assert secrets.fit(CURRENT)


def test_a_body_that_is_too_long_is_refused(queue: Queue) -> None:
    assert knock(b'{"orderId": "' + b"1" * 66_000 + b'"}')[0] == 413
    assert queue.bodies == []


def test_what_is_authentic_and_cannot_be_read_is_kept(queue: Queue, world: Saga) -> None:
    bodies = [b"{", b"\xff\xfe", b"", b"[]", b"[" * 20_000, b'{"orderId": "1"}', b'"\\ud800\\u0000"', b"NaN"]
    assert {knock(body)[0] for body in bodies} == {202}
    assert queue.deliver() == []
    kept = strays(world)
    assert len(kept) == len(bodies)
    assert {(kind, source) for kind, source, _ in kept} == {("malformed", "push")}


def test_a_push_again_has_no_effect(queue: Queue, world: Saga) -> None:
    order = Ordered(world, TOWELS)
    push = {**PUSH, "orderId": order.number()}
    assert [knock(push)[0] for _ in range(3)] == [200] * 3
    assert queue.deliver() == []
    assert order.package()["state"] == "shipped"
    assert order.told() == ["shipped"]


def test_pushes_of_unknown_orders_are_kept_and_fail_nobody(queue: Queue, world: Saga) -> None:
    order = Ordered(world, TOWELS)
    knock(PUSH)
    knock({**PUSH, "orderId": order.number()})
    assert queue.deliver() == []
    assert strays(world) == [("unknown_order", "push", None)]
    assert order.package()["state"] == "shipped"


def test_a_hint_comes_from_sns_in_an_envelope_or_bare(queue: Queue, world: Saga) -> None:
    order = Ordered(world, TOWELS)
    hint = {"eventType": "ORDER_UPDATED", "externalId": str(order.redemption_id)}
    assert queue.deliver(json.dumps({"Type": "Notification", "Message": json.dumps(hint)})) == []
    assert order.follow()["hinted_at"] is not None
    world.owner.execute("update orders.follow set hinted_at = null")
    assert queue.deliver(json.dumps(hint)) == []
    assert order.follow()["hinted_at"] is not None


def test_nonsense_in_the_queue_is_kept_and_one_failure_fails_alone(
    queue: Queue, world: Saga, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = Ordered(world, TOWELS)
    knock({**PUSH, "orderId": order.number()})
    nonsense = ["", "{", "[]", "5", '{"Message": "?"}', '{"kind": "malformed", "base64": "%"}', '{"kind": "magic"}']
    broken = json.dumps({"kind": "follow_up", "program_id": "one", "redemption_id": str(uuid4())})
    wrong = json.dumps({"kind": "observation", "source": "gossip", "observation": {"amazon_order_id": order.number(),
        "packages": [{"status": "SHIPPED"}]}})  # fmt: skip
    assert queue.deliver(*nonsense, broken, wrong) == ["m8", "m9"]
    assert len(strays(world)) == len(nonsense)
    assert order.package()["state"] == "shipped"


def test_while_the_database_is_away_nothing_is_taken_from_the_queue(
    queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    import psycopg

    class Away:
        def connection(self) -> None:
            raise psycopg.OperationalError("away")

    monkeypatch.setattr(order_information, "database", Away)
    assert knock(PUSH)[0] == 200, "the door needs no database"
    with pytest.raises(order_information.DatabaseUnavailable):
        queue.deliver()
