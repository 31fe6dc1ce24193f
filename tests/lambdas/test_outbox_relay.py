"""The relay's function: what EventBridge is told, what becomes of each of its answers, and what operators see."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from unittest import mock

import pytest
from botocore.exceptions import EndpointConnectionError

from lambdas import outbox_relay
from tests.conftest import TestDatabase
from tests.lambdas.conftest import Doors


class Client:
    def __init__(self) -> None:
        self.entries: list[dict[str, Any]] = []
        self.codes: list[str | None] = []
        self.away = False

    def put_events(self, *, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803 - AWS's name
        if self.away:
            raise EndpointConnectionError(endpoint_url="https://events")
        answers = []
        for entry in Entries:
            code = self.codes.pop(0) if self.codes else None
            answers.append({"ErrorCode": code, "ErrorMessage": "no"} if code else {"EventId": "1"})
            if not code:
                self.entries.append(entry)
        return {"FailedEntryCount": 0, "Entries": answers}


@pytest.fixture
def bus() -> Iterator[Client]:
    client = Client()
    with mock.patch.object(outbox_relay, "_events", return_value=client):
        yield client


@pytest.fixture
def relay(fresh_database: TestDatabase, bus: Client) -> Doors:
    return Doors(fresh_database, {"EVENT_BUS_NAME": "loyalty-test"})


def say(database: TestDatabase, number: int = 1) -> None:
    with database.owner() as owner:
        payload = json.dumps({"redemption_id": str(number)})
        owner.execute("select outbox.emit(1, 'shipment.shipped', %s, null, %s)", (str(number), payload))


def test_an_event_is_told_with_its_topic_as_type_and_its_time(
    relay: Doors, bus: Client, fresh_database: TestDatabase
) -> None:
    say(fresh_database)
    assert relay.invoke("outbox_relay", {}) == {"sent": 1, "failed": 0, "waiting": 0, "parked": 0}
    (entry,) = bus.entries
    assert (entry["EventBusName"], entry["Source"], entry["DetailType"]) == (
        "loyalty-test",
        "loyalty",
        "shipment.shipped",
    )
    detail = json.loads(entry["Detail"])
    assert detail["payload"] == {"redemption_id": "1"}
    assert entry["Time"].isoformat() == detail["occurred_at"]


def test_a_bus_that_is_away_or_throttles_is_no_fault_of_the_event(
    relay: Doors, bus: Client, fresh_database: TestDatabase
) -> None:
    say(fresh_database)
    bus.away = True
    for _ in range(12):
        assert relay.invoke("outbox_relay", {})["parked"] == 0
        fresh_database.shift_clock("16 minutes")
    bus.away, bus.codes = False, ["ThrottlingException"] * 12
    for _ in range(12):
        assert relay.invoke("outbox_relay", {})["parked"] == 0
        fresh_database.shift_clock("16 minutes")
    assert relay.invoke("outbox_relay", {})["sent"] == 1


def test_a_refused_event_is_parked_shown_and_sent_again_by_hand(
    relay: Doors, bus: Client, fresh_database: TestDatabase, capsys: pytest.CaptureFixture[str]
) -> None:
    say(fresh_database)
    bus.codes = ["MalformedDetail"] * 8
    for _ in range(8):
        relay.invoke("outbox_relay", {})
        fresh_database.shift_clock("16 minutes")
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["OutboxParked"] == [1.0]
    (parked,) = relay.invoke("outbox_relay", {"parked": True})["parked"]
    json.dumps(parked)
    assert parked["note"] == "MalformedDetail"
    assert relay.invoke("outbox_relay", {"redrive": [parked["event_id"]]}) == {"redriven": 1}
    assert relay.invoke("outbox_relay", {"redrive": True}) == {"redriven": 0}
    assert relay.invoke("outbox_relay", None)["sent"] == 1
