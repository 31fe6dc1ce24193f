"""Each dependency is switched off while a member is at the door: what they get, that nothing is lost, and that it goes
on when the dependency is back. The table of it is docs/operations/degradation.md.

The session's cloud is used by nobody meanwhile: its tests run one after the other.
"""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from local import joining
from local.clock import Clock
from local.cloud import Cloud
from local.connected import Connected
from local.demo.shopper import Shopper, new_key
from local.people import Member
from local.plain import PLAIN
from local.ports import holder
from tests.cloud import ON_CLOUD
from tests.local.probe import eventually

pytestmark = [*ON_CLOUD, pytest.mark.large]

# API Gateway gives up after 29 s; a member has an answer of ours before that.
PATIENCE_SECONDS = 29
BACK_SECONDS = 90


@dataclass
class Dark:
    """A member at the door, and switches for what the product depends on."""

    cloud: Connected
    member: Member
    shopper: Shopper
    asin: str = ""
    version: int = 0
    redeemed: list[str] = field(default_factory=list)

    def get(self, path: str) -> httpx.Response:
        return self.told(lambda: self.shopper.door.get(path))

    def ask_for_a_quote(self, quantity: int = 1) -> httpx.Response:
        body = {"lines": [{"asin": self.asin, "quantity": quantity}]}
        return self.told(lambda: self.shopper.door.post("/quotes", json=body))

    def redeem(self, quote: dict[str, Any], points: int | None = None, key: str = "") -> httpx.Response:
        """POST /redemptions by points alone, or by so many and money."""
        order = self.shopper.order(quote, quote["points_full"] if points is None else points)
        answer = self.told(lambda: self.shopper.send(order, key or self.key()))
        if answer.status_code == 202:
            self.redeemed.append(answer.json()["redemption_id"])
        return answer

    def told(self, ask: Callable[[], httpx.Response]) -> httpx.Response:
        """The answer, which comes in time and, where it refuses, as a problem document in plain words."""
        began = time.monotonic()
        answer = ask()
        assert time.monotonic() - began < PATIENCE_SECONDS
        if answer.status_code >= 400:
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.json().get("detail"), answer.text
            assert "Traceback" not in answer.text
        return answer

    def key(self) -> str:
        return new_key(Clock(self.cloud).now())

    def ended(self, redemption_id: str) -> dict[str, Any]:
        return self.shopper.wait(redemption_id, "completed", seconds=BACK_SECONDS)

    def sweep(self) -> None:
        """What the sweeper does every minute, now."""
        rules = json.dumps({"rules": ["replace_dead", "start_left"]})
        self.cloud.client("lambda").invoke(FunctionName=self.cloud.outputs["SweeperFunctionName"], Payload=rules)

    def relay(self) -> None:
        """What the outbox's relay does every minute, now."""
        name = self.cloud.outputs["OutboxRelayFunctionName"]
        self.cloud.client("lambda").invoke(FunctionName=name, InvocationType="Event")

    def browses(self) -> None:
        """What never needs more than the database: the shelf, a product, points, orders."""
        for path in (
            f"/catalogue/{self.version}/products?limit=5",
            f"/catalogue/{self.version}/products/{self.asin}",
            "/me/balance",
            "/redemptions",
        ):
            assert self.get(path).status_code == 200, path

    @contextmanager
    def silent(self, simulator: str) -> Iterator[None]:
        """Takes connections and never answers."""
        pid = holder(self.cloud.ports.named()[simulator])
        assert pid
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    @contextmanager
    def failing(self, simulator: str, operation: str, kind: str) -> Iterator[None]:
        """Answers so until it is taken back."""
        address = f"{self.cloud.simulator(simulator)}/_simulator/faults"
        fault = {"operation": operation, "kind": kind, "times": None}
        httpx.put(address, json=fault, verify=PLAIN).raise_for_status()
        try:
            yield
        finally:
            httpx.delete(address, verify=PLAIN).raise_for_status()

    @contextmanager
    def off(self, *services: str) -> Iterator[None]:
        """Services of AWS answer 503."""
        for service in services:
            self.cloud.emulator("PUT", f"/_local/outages/{service}")
        try:
            yield
        finally:
            for service in services:
                self.cloud.emulator("DELETE", f"/_local/outages/{service}")

    def mails(self) -> int:
        return len(joining.mails_to(self.cloud, self.member.email))


@pytest.fixture(scope="module")
def dark(cloud: Connected) -> Iterator[Dark]:
    member = Member("DARK-0001", "dark@members.example", "Dora", "gold", 900_000, phone="+12065550177")
    with joining.partner(cloud) as inbound:
        inbound.post("/members", json=member.registration()).raise_for_status()
        inbound.post("/accruals", json=member.purchase()).raise_for_status()
    with closing(joining.join(cloud, member)) as door:
        shopper = Shopper(member.number, door)
        made = Dark(cloud, member, shopper)

        def shelved() -> bool:
            told = shopper.get("/catalogue")
            made.version = told["programme_version"]
            found = shopper.get(f"/catalogue/{made.version}/products?sort=points&limit=20")["products"]
            made.asin = next(one["asin"] for one in found if one["points"])
            return True

        assert eventually(shelved, 60)
        yield made


@pytest.fixture(autouse=True)
def nothing_is_lost(dark: Dark) -> Iterator[None]:
    """After each: every redemption that was promised has ended, and the ledger agrees with itself."""
    dark.redeemed.clear()
    yield
    for redemption_id in dark.redeemed:
        dark.ended(redemption_id)
    with dark.cloud.query() as connection:
        for checked in ("points.invariants", "redemptions.invariants"):
            assert connection.execute(f"select name from {checked} where violations > 0".encode()).fetchall() == []
    assert dark.shopper.balance()["held"] == 0


def test_amazon_business_is_silent(dark: Dark) -> None:
    quote = dark.ask_for_a_quote().json()
    held = dark.shopper.balance()["held"]
    with dark.silent("amazon_business"):
        dark.browses()
        refused = dark.ask_for_a_quote(2)
        assert (refused.status_code, refused.json()["code"]) == (503, "shop-unavailable")
        assert int(refused.headers["retry-after"]) > 0
        # What was quoted before is kept: it is taken and waits.
        accepted = dark.redeem(quote)
        assert accepted.status_code == 202
        assert dark.shopper.balance()["held"] == held + quote["points_full"]
        assert dark.shopper.status(dark.redeemed[0])["status"] not in ("completed", "rejected", "cancelled")


def test_amazon_business_takes_no_orders(dark: Dark) -> None:
    with dark.failing("amazon_business", "placeOrder", "error_503"):
        accepted = dark.redeem(dark.ask_for_a_quote().json())
        assert accepted.status_code == 202
        dark.browses()
        time.sleep(3)
        assert dark.shopper.status(dark.redeemed[0])["closed_at"] is None
    # An order that may have arrived is looked for several times over some minutes before it is sent again.
    assert eventually(lambda: _in_minutes(dark), BACK_SECONDS)


def _in_minutes(dark: Dark) -> bool:
    Clock(dark.cloud).advance(3, "minutes")
    time.sleep(2)
    return dark.shopper.status(dark.redeemed[0])["closed_at"] is not None


def test_amazon_pay_is_silent_and_points_alone_still_buy(dark: Dark) -> None:
    with dark.silent("amazon_pay"):
        quote = dark.ask_for_a_quote().json()
        paid_in_points = dark.redeem(quote)
        assert paid_in_points.status_code == 202
        dark.ended(dark.redeemed[0])
        split = dark.redeem(dark.ask_for_a_quote(2).json(), points=quote["points_full"])
        assert split.status_code == 202
        waiting = dark.shopper.status(dark.redeemed[1])
        assert not (waiting["payment"] or {}).get("approval_url")
    dark.shopper.pay(dark.redeemed[1], "pay")


def test_mail_cannot_be_sent(dark: Dark) -> None:
    before = dark.mails()
    with dark.off("ses"):
        assert dark.redeem(dark.ask_for_a_quote().json()).status_code == 202
        dark.ended(dark.redeemed[0])
        dark.relay()
        time.sleep(2)
        assert dark.mails() == before
    assert eventually(lambda: dark.mails() > before, BACK_SECONDS)


def test_queues_are_away(dark: Dark) -> None:
    quote = dark.ask_for_a_quote().json()
    with dark.off("sqs"):
        dark.browses()
        assert dark.redeem(quote).status_code == 202
        time.sleep(3)
        assert dark.shopper.status(dark.redeemed[0])["closed_at"] is None


def test_state_machines_cannot_be_started(dark: Dark) -> None:
    quote = dark.ask_for_a_quote().json()
    with dark.off("states"):
        accepted = dark.redeem(quote)
        assert accepted.status_code == 202
        assert dark.shopper.balance()["held"] == quote["points_full"]
        time.sleep(1)
        assert dark.shopper.status(dark.redeemed[0])["closed_at"] is None
    Clock(dark.cloud).advance(3, "minutes")
    dark.sweep()


def test_nobody_can_sign_in_and_who_is_signed_in_goes_on(dark: Dark) -> None:
    with dark.off("cognito-idp"):
        answer = httpx.post(f"{dark.cloud.gateway}/oauth2/token", data={"grant_type": "refresh_token"}, verify=PLAIN)
        assert answer.status_code == 503
        dark.browses()
        assert dark.redeem(dark.ask_for_a_quote().json()).status_code == 202
        dark.ended(dark.redeemed[0])


def test_the_event_bus_is_away(dark: Dark) -> None:
    before = dark.mails()
    with dark.off("events"):
        assert dark.redeem(dark.ask_for_a_quote().json()).status_code == 202
        dark.ended(dark.redeemed[0])
        dark.relay()
        time.sleep(2)
        assert dark.mails() == before
        with dark.cloud.query() as connection:
            (row,) = connection.execute("select count(*) as n from outbox.event where state <> 'sent'").fetchall()
        assert row["n"] > 0
    dark.relay()
    assert eventually(lambda: dark.mails() > before, BACK_SECONDS)


def test_secrets_cannot_be_read(dark: Dark) -> None:
    with dark.off("secretsmanager"):
        dark.browses()
        # A function that has read its secrets goes on with them; one that has not says when to come again.
        assert dark.ask_for_a_quote().status_code in (201, 503)


def test_files_cannot_be_read(dark: Dark) -> None:
    with dark.off("s3"):
        dark.browses()
        assert dark.redeem(dark.ask_for_a_quote().json()).status_code == 202
        dark.ended(dark.redeemed[0])


def test_the_erp_the_warehouse_and_the_models_are_away(dark: Dark) -> None:
    with dark.silent("erp"), dark.off("redshift-data", "glue", "sagemaker", "textract"):
        dark.browses()
        for path in ("/recommendations", f"/recommendations?asin={dark.asin}"):
            assert dark.get(path).status_code == 200
        assert dark.redeem(dark.ask_for_a_quote().json()).status_code == 202
        dark.ended(dark.redeemed[0])
        with joining.staff_signed_in(dark.cloud, "otto@staff.example") as desk:
            told = dark.told(lambda: desk.get("/reports"))
            assert (told.status_code, told.json()["standing"]) == (200, "away")


def test_the_database_is_away(dark: Dark, own_cloud: Cloud) -> None:
    quote = dark.ask_for_a_quote().json()
    order, key = dark.shopper.order(quote, quote["points_full"]), dark.key()
    own_cloud.kill_database()
    try:
        for path in ("/me/balance", f"/catalogue/{dark.version}/products?limit=5"):
            refused = dark.get(path)
            assert (refused.status_code, refused.json()["code"]) == (503, "unavailable")
            assert int(refused.headers["retry-after"]) > 0
        assert dark.told(lambda: dark.shopper.send(order, key)).status_code == 503
    finally:
        own_cloud.revive_database()
    # The same key once more is the same redemption, whether the first came through or not.
    assert eventually(lambda: dark.get("/me/balance").status_code == 200, BACK_SECONDS)
    for _ in range(2):
        again = dark.told(lambda: dark.shopper.send(order, key))
        assert again.status_code in (200, 202)
    dark.redeemed.append(again.json()["redemption_id"])
