"""The payment providers' webhooks through the gateway, in the real function with its own layer."""

from __future__ import annotations

import json
import time
from uuid import uuid4

import httpx

from local.connected import Connected
from local.simulators.amazon_pay import notices as sns
from local.simulators.amazon_pay.files import File
from local.simulators.stripe.events import signature
from tests.cloud import ON_CLOUD

pytestmark = ON_CLOUD


def kept(cloud: Connected, event_id: str) -> int:
    with cloud.query() as connection:
        row = connection.execute(
            "select count(*) as n from payments.notice where event_id = %s", (event_id,)
        ).fetchone()
    assert row is not None
    return int(row["n"])


def test_an_event_that_stripe_signed_is_kept_once_and_a_forged_one_is_not(cloud: Connected) -> None:
    url = f"{cloud.api('Inbound')}/webhooks/stripe"
    secret = json.loads((cloud.state / "credentials.json").read_text())["stripe"]["webhook_secret"]
    event_id = f"evt_{uuid4().hex}"
    intent = {"id": "pi_nobody", "object": "payment_intent"}
    body = json.dumps({"id": event_id, "object": "event", "type": "x", "data": {"object": intent}}, indent=1).encode()
    header = {"content-type": "application/json; charset=utf-8"}
    forged = httpx.post(url, content=body, headers=header | {"stripe-signature": "t=1,v1=00"}, timeout=30)
    assert (forged.status_code, kept(cloud, event_id)) == (401, 0)
    for _ in range(3):
        good = header | {"stripe-signature": signature(secret, body, int(time.time()))}
        assert httpx.post(url, content=body, headers=good, timeout=30).status_code == 200
    assert kept(cloud, event_id) == 1


def test_a_notice_that_amazon_pays_topic_signed_is_kept_and_another_topics_is_not(cloud: Connected) -> None:
    url, message_id = f"{cloud.api('Inbound')}/webhooks/amazon-pay", str(uuid4())
    file = File(cloud.state / "amazon_pay.sqlite")
    about = json.dumps({"ObjectType": "CHARGE", "ObjectId": "S01-nobody", "NotificationType": "STATE_CHANGE"})
    header = {"content-type": "text/plain; charset=UTF-8"}
    stand_in = cloud.simulator("amazon_pay")
    other = sns.envelope(file, about, message_id, stand_in, topic="arn:aws:sns:us-east-1:666666666666:mine")
    assert httpx.post(url, content=json.dumps(other), headers=header, timeout=30).status_code == 401
    good = json.dumps(sns.envelope(file, about, message_id, stand_in))
    assert httpx.post(url, content=good, headers=header, timeout=30).status_code == 200
    assert kept(cloud, message_id) == 1
    file.close()
