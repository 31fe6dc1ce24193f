"""A member at the door of the local cloud, staff at theirs, and switches for what the product depends on."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any
from uuid import uuid4

import httpx

from local import joining
from local.clock import Clock
from local.connected import Connected
from local.demo.shopper import Shopper, new_key
from local.people import Member
from local.plain import PLAIN
from local.ports import holder
from loyalty.programme import publishing, reading
from loyalty.programme.document import Programme
from tests.local.probe import eventually

# API Gateway gives up after 29 s; a member has an answer of ours before that.
PATIENCE_SECONDS = 29
BACK_SECONDS = 90
OPERATOR = "otto@staff.example"


@dataclass
class Dark:
    """A member at the door, and switches for what the product depends on."""

    cloud: Connected
    member: Member
    shopper: Shopper
    member_id: int = 0
    asin: str = ""
    version: int = 0
    redeemed: list[str] = field(default_factory=list)
    _others: Iterator[str] = field(default_factory=lambda: iter(()))

    def get(self, path: str) -> httpx.Response:
        return self.told(lambda: self.shopper.door.get(path))

    def ask_for_a_quote(self, quantity: int = 1, asin: str = "") -> httpx.Response:
        body = {"lines": [{"asin": asin or self.asin, "quantity": quantity}]}
        return self.told(lambda: self.shopper.door.post("/quotes", json=body))

    def ask_anew(self) -> httpx.Response:
        """A quote for another product: the same basket again would be the same quote, and ask nobody."""
        return self.ask_for_a_quote(asin=next(self._others))

    def takes(self, quote: dict[str, Any], points: int | None = None) -> None:
        """POST /redemptions by points alone, or by so many and money: it is promised."""
        order = self.shopper.order(quote, quote["points_full"] if points is None else points)
        answer = self.told(lambda: self.shopper.send(order, self.key()))
        assert answer.status_code == 202, answer.text
        self.redeemed.append(answer.json()["redemption_id"])

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

    def rows(self, sql: str, *values: Any) -> list[dict[str, Any]]:
        """As the superuser, who may see everything."""
        with self.cloud.query() as connection:
            return connection.execute(sql.encode(), values).fetchall()

    def minutes_pass(self, minutes: int) -> None:
        Clock(self.cloud).advance(minutes, "minutes")

    @contextmanager
    def staff(self) -> Iterator[httpx.Client]:
        """An operator at the manager API."""
        with joining.staff_signed_in(self.cloud, OPERATOR) as desk:
            yield desk

    def simulator(self, name: str, method: str, path: str, **body: Any) -> Any:
        """What a stand-in's control plane answers."""
        address = f"{self.cloud.simulator(name)}/_simulator/{path}"
        answer = httpx.request(method, address, timeout=60, verify=PLAIN, json=None if method == "GET" else body)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def delivered(self) -> str:
        """A parcel of the member's is delivered: the event they are told of."""
        event = str(uuid4())
        said = json.dumps({"member_id": self.member_id, "shipment_key": "s", "package_key": event})
        with self.cloud.query() as connection:
            connection.execute(
                "select outbox.emit(1, 'shipment.delivered', %s, null, %s::jsonb)", (str(self.member_id), said)
            )
        self.relay()
        return event

    def messages(self, event: str) -> dict[str, str]:
        """Channel → state of what the member was told of this event."""
        found = self.rows(
            "select m.channel, m.state from notifications.message m where m.member_id = %s"
            " and m.payload ->> 'package_key' = %s",
            *(self.member_id, event),
        )
        return {row["channel"]: row["state"] for row in found}

    def texts(self) -> int:
        return sum(one["PhoneNumber"] == self.member.phone for one in self.cloud.texts())

    def invoiced(self) -> str:
        """The member has redeemed, it was sent, and Amazon has mailed the invoice of this number."""
        self.takes(self.ask_for_a_quote().json())
        redemption_id = self.redeemed.pop()
        self.ended(redemption_id)
        self.simulator("amazon_business", "POST", f"orders/{redemption_id}/ship")
        self.simulator("amazon_business", "POST", "notices/send")
        number: list[str] = []

        def mailed() -> bool:
            found = self.simulator("amazon_business", "GET", "invoices?limit=200")["invoices"]
            number[:] = [
                one["number"] for one in found if one["external_id"] == redemption_id and one["state"] == "mailed"
            ]
            return bool(number)

        assert eventually(mailed, BACK_SECONDS)
        return number[0]

    def forget_tokens(self) -> None:
        """Amazon takes none of the access tokens that it has given out."""
        known = json.loads((self.cloud.state / "credentials.json").read_text())["amazon_business"]
        self.simulator("amazon_business", "PUT", "credentials", **known)

    def fresh(self, function: str) -> None:
        """The function's instances are gone: whoever asks next gets a new one."""
        functions, name = self.cloud.client("lambda"), self.cloud.outputs[f"{function}FunctionName"]
        known = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
        functions.update_function_configuration(FunctionName=name, Environment={"Variables": known})

    @contextmanager
    def environment(self, function: str, **variables: str) -> Iterator[None]:
        """New instances with these variables too."""
        functions, name = self.cloud.client("lambda"), self.cloud.outputs[f"{function}FunctionName"]
        known = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
        functions.update_function_configuration(FunctionName=name, Environment={"Variables": known | variables})
        try:
            yield
        finally:
            functions.update_function_configuration(FunctionName=name, Environment={"Variables": known})

    @contextmanager
    def paid_by(self, provider: str) -> Iterator[None]:
        """The programme takes money by another provider, at once: Stripe takes a reservation once."""
        before = self._publish({"provider": provider, "capture_at": "acceptance"})
        try:
            yield
        finally:
            self._publish(before)

    def _publish(self, payment: dict[str, Any]) -> dict[str, Any]:
        with self.cloud.query() as connection:
            current = reading.current(connection, 1)
            document = json.loads(current.document.model_dump_json())
            before: dict[str, Any] = document["integrations"]["payment"]
            document["integrations"]["payment"] = payment
            changed = Programme.model_validate_json(json.dumps(document))
            publishing.publish(connection, 1, changed, based_on=current.version, actor="test", why="another provider")
        assert eventually(lambda: self.look_for_the_shelf() > current.version, BACK_SECONDS)
        return before

    def look_for_the_shelf(self) -> int:
        """The programme's version; its pages have `asin`, which costs points and plays no part in any story."""
        self.version = self.shopper.get("/catalogue")["programme_version"]
        plain = {
            one["asin"]
            for one in self.simulator("amazon_business", "GET", "products")["products"]
            if not one["scenario"]
        }
        found = self.shopper.get(f"/catalogue/{self.version}/products?sort=points&limit=40")["products"]
        self._others = cycle([one["asin"] for one in found if one["points"] and one["asin"] in plain])
        self.asin = next(self._others)
        return self.version

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
