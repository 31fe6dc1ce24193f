"""A member is told, from outside: an event in the outbox comes by bus, queue and function to a caught SMS and mail."""

from __future__ import annotations

import json
import uuid
from typing import Any

from local.connected import Connected
from local.people import MEMBERS
from local.status import readings
from local.status.page import page
from loyalty.members import membership
from loyalty.members.membership import NewMember
from tests.cloud import ON_CLOUD
from tests.local.probe import eventually

pytestmark = ON_CLOUD


def new_member(cloud: Connected, phone: str, language: str = "en") -> tuple[int, str]:
    number = f"T{uuid.uuid4().hex[:10]}"
    with cloud.query() as connection:
        new = NewMember(number, f"{number.lower()}@members.example", phone, "member", "US", language)
        return membership.create(connection, 1, new, "test")[0], number


def say(cloud: Connected, topic: str, member_id: int, **payload: Any) -> None:
    """In the outbox; the relay that runs by its schedule, or this one, takes it."""
    with cloud.query() as connection:
        body = json.dumps({"member_id": member_id, **payload})
        connection.execute("select outbox.emit(1, %s, %s, null, %s::jsonb)", (topic, str(member_id), body))
    relay = cloud.outputs["OutboxRelayFunctionName"]
    answer = cloud.client("lambda").invoke(FunctionName=relay, InvocationType="Event")
    assert answer["StatusCode"] == 202


def states(cloud: Connected, member_id: int) -> dict[str, str]:
    with cloud.query() as connection:
        rows = connection.execute(
            "select channel, state from notifications.message where member_id = %s order by created_at", (member_id,)
        ).fetchall()
    return {row["channel"]: row["state"] for row in rows}


def texts_to(cloud: Connected, phone: str) -> list[str]:
    return [sms["Message"] for sms in cloud.texts() if sms["PhoneNumber"] == phone]


def test_a_delivered_parcel_becomes_an_sms_and_a_mail(cloud: Connected) -> None:
    phone = f"+1206555{uuid.uuid4().int % 10_000:04d}"
    member_id, number = new_member(cloud, phone, "de")
    say(cloud, "shipment.delivered", member_id, shipment_key="s1", package_key="p1")
    assert eventually(lambda: bool(texts_to(cloud, phone)), 60), states(cloud, member_id)
    (text,) = texts_to(cloud, phone)
    assert text.startswith("Journey Rewards: zugestellt: Ihre Bestellung.")
    assert eventually(lambda: states(cloud, member_id) == {"email": "sent", "sms": "sent"}, 20)
    (mail,) = [mail for mail in cloud.mails() if mail["To"] == [f"{number.lower()}@members.example"]]
    assert mail["Subject"] == "Ihr Paket ist zugestellt"
    reading = readings.read(cloud)
    assert {one["kind"] for one in reading["messages"] if one["number"] == number and one["at"]} == {"sms", "email"}
    shown = page(reading)
    assert phone in shown
    assert "shipment-delivered" in shown
    assert number in shown


def test_stop_from_a_telephone_is_heard_and_obeyed(cloud: Connected) -> None:
    phone = f"+1206556{uuid.uuid4().int % 10_000:04d}"
    member_id, _ = new_member(cloud, phone)
    said = {"originationNumber": phone, "destinationNumber": "+12065550188", "messageBody": "Stop"}
    cloud.client("sns").publish(TopicArn=cloud.outputs["FeedbackTopicArn"], Message=json.dumps(said))

    def heard() -> bool:
        with cloud.query() as connection:
            row = connection.execute(
                "select count(*) as count from notifications.suppression where member_id = %s", (member_id,)
            ).fetchone()
        return bool(row and row["count"])

    assert eventually(heard, 60)
    say(cloud, "shipment.shipped", member_id, shipment_key="s1", package_key="p1")
    assert eventually(lambda: states(cloud, member_id) == {"email": "sent", "sms": "suppressed"}, 60)
    assert texts_to(cloud, phone) == []


def test_the_ledger_is_read_and_walked_by_schedule(cloud: Connected) -> None:
    with cloud.query() as connection:
        assert eventually(
            lambda: connection.execute("select from notifications.expiry_walk where done").fetchone() is not None, 90
        )
    assert MEMBERS, "somebody is there to be looked at"
