"""The members of a run: they get points, redeem once each, and ask until they are told an ending."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import httpx

from local import joining
from local.clock import Clock
from local.connected import Connected
from local.demo.shopper import Shopper, Unexpected, new_key
from local.patient import Attempt, Patient
from local.people import Member
from local.plain import PLAIN
from local.told import Told

SPEND_MINOR = 200_000
# How long one request is sent again, and how long a member asks for an ending.
PATIENCE_SECONDS = 240.0
ENDING_SECONDS = 900.0
POLL_SECONDS = 2.0
# Members begin within so many seconds of each other, so that the plug meets them at every step.
SPREAD_SECONDS = 5.0
JOINING_AT_ONCE = 6
# One in so many pays half with money.
WITH_MONEY = 4


@dataclass
class Shoppers:
    """`told` grows as they ask; `attempts` counts answers by their status, 0 for none."""

    cloud: Connected
    count: int
    told: list[Told] = field(default_factory=list)
    attempts: Counter[str] = field(default_factory=Counter)
    unexpected: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _shoppers: list[Shopper] = field(default_factory=list)

    def join(self) -> None:
        """Register them, give them points, let them sign in. Again is no harm: they are the same members each time."""
        members = [_member(number) for number in range(1, self.count + 1)]
        with joining.partner(self.cloud) as inbound:
            for member in members:
                purchase = {**member.purchase(), "partner_reference": f"plug-{new_key()}"}
                for path, body in (("/members", member.registration()), ("/accruals", purchase)):
                    if (answer := inbound.post(path, json=body)).status_code >= 300:
                        raise joining.Refused(f"{path} of {member.number}: {answer.status_code} {answer.text[:200]}")
        with ThreadPoolExecutor(JOINING_AT_ONCE) as pool:
            self._shoppers = list(pool.map(self._join, members))

    def redeem(self) -> None:
        """All of them, to their endings; back when the last one has given up or been told."""
        asin = _cheapest(self.cloud)
        with ThreadPoolExecutor(max(1, len(self._shoppers))) as pool:
            list(pool.map(lambda numbered: self._guarded(*numbered, asin), enumerate(self._shoppers)))

    def close(self) -> None:
        """Close their connections."""
        for shopper in self._shoppers:
            shopper.door.close()

    @property
    def accepted(self) -> int:
        """How many have been told that their redemption stands."""
        return sum(one.accepted for one in list(self.told))

    def _join(self, member: Member) -> Shopper:
        token = joining.join_patiently(self.cloud, member)
        patient = Patient(self._seen, PATIENCE_SECONDS)
        return Shopper(member.number, joining.member_door(self.cloud, token, patient))

    def _seen(self, attempt: Attempt, answer: httpx.Response | None) -> None:
        kind = "no answer" if attempt.status == 0 else "503, come again" if attempt.declared else str(attempt.status)
        with self._lock:
            self.attempts[kind] += 1
            if attempt.unexpected and answer is not None:
                self.unexpected.append(f"{attempt.method} {attempt.path}: {attempt.status} {answer.text[:200]}")

    def _guarded(self, place: int, shopper: Shopper, asin: str) -> None:
        time.sleep(random.uniform(0, SPREAD_SECONDS))
        try:
            self._one(shopper, asin, with_money=place % WITH_MONEY == WITH_MONEY - 1)
        except (Unexpected, httpx.HTTPError, KeyError) as error:
            self.problems.append(f"{shopper.number}: {type(error).__name__} {error}")

    def _one(self, shopper: Shopper, asin: str, *, with_money: bool) -> None:
        quote = shopper.quote(asin)
        order = shopper.order(quote, quote["points_full"] // (2 if with_money else 1))
        told = Told(shopper.number, new_key(Clock(self.cloud).now()), order["points"], order["money_minor"])
        self.told.append(told)
        answer = shopper.send(order, told.key)
        if answer.status_code != 202:
            told.refused = str(answer.status_code) if answer.status_code < 500 else ""
            raise Unexpected(f"redeeming: {answer.status_code} {answer.text[:300]}", answer)
        accepted = answer.json()
        told.accepted, told.points = True, accepted["points"]
        # A member may look away and come back: what was asked once may be asked again, and is one redemption.
        again = shopper.expect(202, shopper.send(order, told.key))
        if again["redemption_id"] != told.key:
            raise Unexpected(f"the same key made {again['redemption_id']}")
        self._follow(shopper, told, pays=with_money)

    def _follow(self, shopper: Shopper, told: Told, *, pays: bool) -> None:
        deadline = time.monotonic() + ENDING_SECONDS
        while time.monotonic() < deadline:
            seen = shopper.status(told.key)
            told.learn(seen)
            if told.closed:
                return
            if pays and seen["status"] == "awaiting_payment" and (seen["payment"] or {}).get("approval_url"):
                approval = shopper.decide(seen, "pay")
                pays = approval is not None and approval.status_code >= 300
            time.sleep(POLL_SECONDS)


def _member(number: int) -> Member:
    return Member(f"PLUG-{number:04}", f"plug{number}@members.example", f"Plug {number}", "gold", SPEND_MINOR)


def _cheapest(cloud: Connected) -> str:
    answer = httpx.get(f"{cloud.simulator('amazon_business')}/_simulator/products", timeout=10, verify=PLAIN)
    ordinary = [one for one in answer.json()["products"] if not one["scenario"] and one["kind"] == "STANDARD"]
    return str(min(ordinary, key=lambda product: product["price_minor"])["asin"])
