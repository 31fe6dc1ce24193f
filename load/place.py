"""Where the load runs: how fast orders may leave, what goes wrong outside, and members who can sign in."""

from __future__ import annotations

import queue
import sqlite3
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from local import joining
from local.arrivals import imported
from local.connected import Connected
from local.people import Member
from local.plain import PLAIN
from local.seed import SIMULATORS
from local.told import Told
from loyalty.programme import publishing, reading

PROGRAM_ID = 1
NUMBER_PREFIX = "LOAD"
PARTNER = "grocer"
SPEND_MINOR = 1_500_000
JOINING_AT_ONCE = 12
# Amazon's published pace, of a connection that has asked for no more.
REAL_PACE, REAL_BURST = 0.5, 10
FASTEST = 50
# What a provider that keeps silent makes a caller wait for.
SILENCE_SECONDS = 2

type Say = Callable[[str], None]


@dataclass
class Customer:
    """A member with a token (good for an hour) and what they were told. `available`: points when they first looked."""

    number: str
    token: str
    available: int | None = None
    told: list[Told] = field(default_factory=list)


def set_pace(cloud: Connected, per_second: float, burst: int, why: str) -> None:
    """A programme version with this pace, and a shop that enforces it for orders (look-ups we pace alike; the shop
    would take more). Money is taken when the order is accepted: every step of the machine has its part."""
    rates = {
        "placeOrder": {"per_second": per_second, "burst": burst},
        "orderDetails": {"per_second": FASTEST, "burst": FASTEST},
    }
    _set(cloud, "amazon_business", rates=rates)
    with cloud.query() as connection:
        newest = reading.current(connection, PROGRAM_ID)
        integrations = newest.document.integrations
        changed = integrations.model_copy(
            update={
                "amazon_business": integrations.amazon_business.model_copy(
                    update={"orders_per_second": per_second, "burst": burst}
                ),
                "payment": integrations.payment.model_copy(update={"capture_at": "acceptance"}),
            }
        )
        document = newest.document.model_copy(update={"integrations": changed})
        publishing.publish(connection, PROGRAM_ID, document, based_on=newest.version, actor="load", why=why)


def set_faults(cloud: Connected, percent: float) -> None:
    """Of a hundred calls so many meet 500, 429, or silence after everything was done; at the shop and the provider."""
    _set(cloud, "amazon_business", faults_percent=float(percent), timeout_seconds=SILENCE_SECONDS)
    _set(cloud, "amazon_pay", faults_percent=percent, hold_seconds=SILENCE_SECONDS)


def leave_orders_unshipped(cloud: Connected) -> None:
    """Deliveries are another subject, and a clock turned by a day would ship everything at once."""
    _set(cloud, "amazon_business", ship_after_seconds=None)


def faults_met(cloud: Connected) -> Counter[str]:
    """How often each kind was met, by outside party."""
    met: Counter[str] = Counter()
    answer = httpx.get(f"{cloud.simulator('amazon_business')}/_simulator/faults", timeout=10, verify=PLAIN)
    for kind, number in answer.json()["met"].items():
        met[f"shop {kind}"] += number
    file = sqlite3.connect(f"file:{cloud.state / 'amazon_pay.sqlite'}?mode=ro", uri=True)
    try:
        for kind, number in file.execute("select fault, count(*) from requests where fault is not null group by 1"):
            met[f"provider {kind}"] += number
    finally:
        file.close()
    return met


def ordinary_products(cloud: Connected) -> frozenset[str]:
    """ASINs that behave like products: the shop's stand-in also has some that always make trouble."""
    answer = httpx.get(f"{cloud.simulator('amazon_business')}/_simulator/products", timeout=10, verify=PLAIN)
    return frozenset(
        one["asin"]
        for one in answer.json()["products"]
        if not one["scenario"] and one["kind"] in ("STANDARD", "VARIATION_CHILD")
    )


class Arrivals:
    """Members and purchases come in a partner's files; then one after the other signs up, claims and signs in, as
    anybody does, a dozen at once, until `stop`."""

    def __init__(self, cloud: Connected, count: int, arrived: Callable[[Customer], None]) -> None:
        self._cloud, self._arrived = cloud, arrived
        self._left: queue.SimpleQueue[Member] = queue.SimpleQueue()
        members = [_member(number) for number in range(1, count + 1)]
        _import(cloud, members)
        for member in members:
            self._left.put(member)
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._join, daemon=True) for _ in range(JOINING_AT_ONCE)]
        self.customers: list[Customer] = []
        self.failures: list[str] = []

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    @property
    def waiting(self) -> bool:
        """Whether somebody has not arrived yet."""
        return not self._left.empty()

    @property
    def left(self) -> int:
        """How many have not begun to arrive."""
        return self._left.qsize()

    def stop(self) -> list[Customer]:
        """Nobody arrives any more; all who did."""
        self._over.set()
        for thread in self._threads:
            thread.join()
        return self.customers

    def _join(self) -> None:
        while not self._over.is_set():
            try:
                member = self._left.get_nowait()
                customer = Customer(member.number, joining.join_patiently(self._cloud, member))
            except queue.Empty:
                return
            except Exception as error:
                self.failures.append(f"{member.number} cannot join: {type(error).__name__} {str(error)[:200]}")
                continue
            self.customers.append(customer)
            self._arrived(customer)


def _import(cloud: Connected, members: list[Member]) -> None:
    folder = cloud.state / "import"
    folder.mkdir(parents=True, exist_ok=True)
    bought_at = (datetime.now(UTC) - timedelta(days=20)).strftime("%Y-%m-%dT%H:%M:%SZ")
    people, purchases = folder / "members.csv", folder / "purchases.csv"
    people.write_text(
        "member_number,email,phone,tier,country,language\n"
        + "".join(f"{one.number},{one.email},,{one.tier},US,en\n" for one in members)
    )
    purchases.write_text(
        "basket_id,member_number,occurred_at,category,spend_minor,currency,quantity\n"
        + "".join(f"load-{one.number},{one.number},{bought_at},groceries,{SPEND_MINOR},USD,1\n" for one in members)
    )
    imported(cloud, people, "members/load.csv")
    imported(cloud, purchases, f"accruals/{PARTNER}/load.csv")


def _member(number: int) -> Member:
    return Member(f"{NUMBER_PREFIX}{number:06}", f"load{number}@members.example", f"Load {number}", "gold", SPEND_MINOR)


def _set(cloud: Connected, simulator: str, **settings: Any) -> None:
    assert simulator in SIMULATORS
    address = f"{cloud.simulator(simulator)}/_simulator/settings"
    httpx.put(address, json=settings, timeout=10, verify=PLAIN).raise_for_status()
