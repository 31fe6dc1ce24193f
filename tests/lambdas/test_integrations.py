"""The staff's view of outside parties, the test of a connection in a function of its own, and the sender."""

from __future__ import annotations

import base64
import importlib
import json
from collections.abc import Mapping
from typing import Any, ClassVar

import pytest
from botocore.exceptions import ClientError

from lambdas import outside_secrets
from loyalty.integrations.outside import Answer
from loyalty.programme import publishing, reading
from loyalty.programme.document import Programme
from tests.lambdas.conftest import Doors, staff_token

KIM = staff_token("catalogue-manager", subject="kim")
KEY = "whsec_" + base64.b64encode(b"k" * 32).decode()


class Secrets:
    """Secrets Manager: what operators have put there."""

    known: ClassVar = {"outside/shop": KEY, "amazon-pay": json.dumps({"public_key_id": "", "unset": "x"})}

    def get_secret_value(self, *, SecretId: str) -> dict[str, str]:  # noqa: N803
        if SecretId not in self.known:
            raise ClientError({"Error": {"Code": "ResourceNotFoundException"}}, "GetSecretValue")
        return {"SecretString": self.known[SecretId]}


class Internet:
    """Takes everything. `got` are the bodies."""

    got: ClassVar[list[Any]] = []

    def __init__(self, hosts: Mapping[str, str]) -> None:
        assert hosts == {}

    def call(self, method: str, url: str, headers: Mapping[str, str], body: bytes = b"") -> Answer:
        self.got.append(json.loads(body))
        return Answer(200, 5)


@pytest.fixture
def shop(doors: Doors, monkeypatch: pytest.MonkeyPatch) -> Doors:
    desk, sender = (importlib.import_module(f"lambdas.{name}") for name in ("integrations_desk", "webhook_sender"))
    for module in (outside_secrets, desk):
        monkeypatch.setattr(module, "_secrets", Secrets)
    for module in (desk, sender):
        monkeypatch.setattr(module, "Outside", Internet)
    monkeypatch.setattr(Internet, "got", [])
    outside_secrets._known.clear()
    doors.variables.update(OUTSIDE_PARTIES="outside/", AMAZON_PAY_SECRET_ARN="amazon-pay", AMAZON_PAY_URL="https://x")
    hooks = [
        {"code": code, "url": f"https://{code}.example.com/", "topics": ["member.*"], "secret": code}
        for code in ("shop", "keyless")
    ]
    with doors.database.owner() as owner:
        before = reading.current(owner, 1)
        facts = json.loads(before.document.model_dump_json())
        facts["integrations"]["webhooks"] = hooks
        changed = Programme.model_validate_json(json.dumps(facts))
        publishing.publish(owner, 1, changed, based_on=before.version, actor="test", why="test")
    return doors


def test_a_connection_is_tested_where_the_keys_are_and_nobody_sees_one(shop: Doors, somebody: Any) -> None:
    good = shop("integrations_desk", "POST", "/integrations/webhook-shop/test", token=KIM)
    assert (good.status, good.body["outcome"]) == (200, "ok"), good.body
    assert Internet.got[0]["type"] == "webhook.ping"
    for name, code in (("webhook-keyless", "no-key"), ("payment", "no-secret")):
        bad = shop("integrations_desk", "POST", f"/integrations/{name}/test", token=KIM)
        assert (bad.body["outcome"], bad.body["findings"][-1]["code"]) == ("failed", code)
    assert shop("integrations_desk", "POST", "/integrations/erp/test", token=KIM).status == 404
    assert shop("integrations_desk", "POST", "/integrations/nothing/test", token=KIM).status == 400
    assert shop("integrations_desk", "POST", "/integrations/payment/test", token=staff_token("support")).status == 403
    seen = shop("manager_api", "GET", "/integrations", token=KIM)
    checks = {one["name"]: one["check"] and one["check"]["outcome"] for one in seen.body["connections"]}
    assert checks == {"amazon-business": None, "payment": "failed", "webhook-shop": "ok", "webhook-keyless": "failed"}
    assert KEY not in json.dumps(seen.body)

    told = shop.invoke("webhook_sender", {})
    assert told["delivered"] == 0
    member = somebody()
    with shop.database.owner() as owner:
        owner.execute(
            "select outbox.emit(1, 'member.blocked', 'k', null, jsonb_build_object('member_id', %s::bigint))",
            (member.member_id,),
        )
    told = shop.invoke("webhook_sender", {})
    assert (told["delivered"], told["failed"], told["waiting"]) == (1, 1, 1)
    assert Internet.got[-1]["data"] == {"member_number": member.number}
    listed = shop("manager_api", "GET", "/integrations/deliveries?webhook=shop", token=KIM).body["deliveries"]
    assert [(one["state"], one["status"]) for one in listed] == [("delivered", 200)]
    place = f"/integrations/deliveries/{listed[0]['delivery_id']}"
    assert shop("manager_api", "POST", f"{place}/redelivery", token=KIM).body["again"] is True
    shop.invoke("webhook_sender", {})
    assert len(shop("manager_api", "GET", place, token=KIM).body["tries"]) == 2
    keyless = shop("manager_api", "GET", "/integrations/deliveries?webhook=keyless", token=KIM).body["deliveries"]
    assert [one["problem"] for one in keyless] == ["no-key"]
    started = shop("manager_api", "POST", "/integrations/webhooks/keyless/start", token=KIM)
    assert {one["code"]: one["failing_since"] for one in started.body["webhooks"]}["keyless"] is None
    assert shop("manager_api", "POST", "/integrations/webhooks/nobody/start", token=KIM).status == 404
