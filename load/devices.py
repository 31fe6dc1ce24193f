"""Devices: each visits as one member after the other. Nobody stops to think between two requests."""

# ruff: noqa: S311 - chance, not secrets

from __future__ import annotations

import queue
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from load.book import Book
from load.place import Customer
from local import joining
from local.connected import Connected
from local.demo.shopper import Shopper, Unexpected, new_key
from local.patient import Patient
from local.told import Told

PATIENCE_SECONDS = 120.0
# Of a hundred visits: only looking, only asking the price; the others redeem.
LOOKING, ASKING = 20, 12
# Of a hundred redemptions: half with money; sent twice with the same key; cancelled at once.
WITH_MONEY, TWICE, CANCELLED = 35, 5, 3
# At Amazon's real pace fewer: all would be captured in the minute in which the queue is let go, and the provider takes
# four a second.
WITH_MONEY_SLOW = 8
# Of a hundred payment pages.
DECLINED, ABANDONED = 2, 1
# A redemption is looked at so often before the device is somebody else's, and a payment's page awaited for so long.
LOOKS, LOOK_SECONDS, PAGE_SECONDS = 2, 1.0, 12.0
SORTS = ("relevance", "points", "points_down", "newest")
DEAREST_POINTS = 30_000


@dataclass
class Shop:
    """What all devices share. `customers` waits for a free device; percentages as above."""

    cloud: Connected
    book: Book
    products: frozenset[str]
    customers: queue.Queue[Customer]
    over: threading.Event = field(default_factory=threading.Event)
    with_money: int = WITH_MONEY
    looking: int = LOOKING
    asking: int = ASKING
    failures: list[str] = field(default_factory=list)
    # Visits that came to their end, by device, of the last run.
    visits: Counter[int] = field(default_factory=Counter)


def run(shop: Shop, devices: int, seconds: float, tick: Callable[[], None], tick_seconds: float) -> None:
    """So many devices for so long; `tick` is called every `tick_seconds` meanwhile. Back when all have finished. A
    device that did nothing, where there were members enough, or does not finish is a failure."""
    shop.over.clear()
    shop.visits.clear()
    threads = [threading.Thread(target=_device, args=(shop, number), daemon=True) for number in range(devices)]
    for thread in threads:
        thread.start()
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        time.sleep(min(left, tick_seconds))
        tick()
    shop.over.set()
    for number, thread in enumerate(threads):
        thread.join(PATIENCE_SECONDS)
        if thread.is_alive():
            shop.failures.append(f"device {number} does not finish")
    if shop.customers.qsize() >= devices:
        shop.failures += [f"device {number} made no visit" for number in range(devices) if not shop.visits[number]]


def look_again(shop: Shop, customers: Sequence[Customer], devices: int) -> None:
    """All come back once: whoever has a redemption without an ending looks at it, and pays if that is what it waits
    for; and at the points."""
    waiting: queue.SimpleQueue[Customer] = queue.SimpleQueue()
    for customer in customers:
        if customer.told:
            waiting.put(customer)

    def device() -> None:
        transport = Patient(shop.book.seen, PATIENCE_SECONDS)
        while not waiting.empty():
            try:
                customer = waiting.get(timeout=1)
            except queue.Empty:
                return
            _guarded(shop, customer, transport, _come_back)
        transport.close()

    threads = [threading.Thread(target=device, daemon=True) for _ in range(devices)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _device(shop: Shop, number: int) -> None:
    transport = Patient(shop.book.seen, PATIENCE_SECONDS)
    while not shop.over.is_set():
        try:
            customer = shop.customers.get(timeout=0.5)
        except queue.Empty:
            continue
        try:
            shop.visits[number] += _guarded(shop, customer, transport, _visit)
        finally:
            shop.customers.put(customer)
    transport.close()


type Visit = Callable[["Shop", "Customer", Shopper], None]


def _guarded(shop: Shop, customer: Customer, transport: Patient, visit: Visit) -> bool:
    """Whether the visit ended as a visit may. Whatever else happens is a failure, and never the device's end."""
    try:
        shopper = Shopper(customer.number, joining.member_door(shop.cloud, customer.token, transport))
        visit(shop, customer, shopper)
        return True
    except Unexpected as unexpected:
        if unexpected.answer is None:
            shop.failures.append(f"{customer.number}: {unexpected}")
        elif unexpected.answer.status_code < 500:
            shop.book.refused(unexpected.answer)
            return True
    except Exception as error:
        shop.failures.append(f"{customer.number}: {type(error).__name__} {error}")
    return False


def _come_back(shop: Shop, customer: Customer, shopper: Shopper) -> None:
    for told in customer.told:
        if told.accepted and not told.closed:
            _look(shop, shopper, told)


def _visit(shop: Shop, customer: Customer, shopper: Shopper) -> None:
    if customer.available is None:
        customer.available = shopper.balance()["available"]
    _come_back(shop, customer, shopper)
    product = _browse(shop, shopper)
    chance = random.randrange(100)
    if product is None or chance < shop.looking:
        return
    quote = shopper.quote(product["asin"], random.choice((1, 1, 1, 2)))
    if chance < shop.looking + shop.asking:
        shopper.split(quote, quote["points_full"] // 2)
        return
    _redeem(shop, customer, shopper, quote)


def _browse(shop: Shop, shopper: Shopper) -> dict[str, Any] | None:
    """The catalogue, a page of it, one product; something ordinary and not too dear."""
    catalogue = shopper.get("/catalogue")
    address = f"/catalogue/{catalogue['programme_version']}/products"
    category = random.choice(catalogue["categories"])["category"]
    asked = random.choice((f"?sort={random.choice(SORTS)}", f"?category={category}", "?max_points=15000"))
    shown = shopper.get(address + asked)["products"]
    good = [one for one in shown if one["asin"] in shop.products and one["points"] <= DEAREST_POINTS]
    if not good:
        return None
    chosen = random.choice(good)
    return shopper.get(f"{address}/{chosen['asin']}")


def _redeem(shop: Shop, customer: Customer, shopper: Shopper, quote: dict[str, Any]) -> None:
    with_money = random.randrange(100) < shop.with_money
    points = quote["points_full"] // (2 if with_money else 1)
    if points > quote["points_available"]:
        shopper.balance()
        return
    order = shopper.order(quote, points)
    told = Told(customer.number, new_key(), order["points"], order["money_minor"])
    customer.told.append(told)
    answer = shopper.send(order, told.key)
    if answer.status_code != 202:
        if answer.status_code < 500:
            told.refused = shop.book.refused(answer)
        return
    accepted = answer.json()
    told.accepted, told.points = True, accepted["points"]
    if (
        random.randrange(100) < TWICE
        and shopper.expect(202, shopper.send(order, told.key))["redemption_id"] != told.key
    ):
        raise Unexpected(f"the same key made another redemption than {told.key}")
    if random.randrange(100) < CANCELLED:
        cancelled = shopper.door.post(f"/redemptions/{told.key}/cancel")
        if cancelled.status_code != 200:
            shop.book.refused(cancelled)
    end = time.monotonic() + (PAGE_SECONDS if with_money else LOOKS * LOOK_SECONDS)
    while time.monotonic() < end and not (told.closed or shop.over.is_set()):
        time.sleep(LOOK_SECONDS)
        if _look(shop, shopper, told) and with_money:
            break


def _look(shop: Shop, shopper: Shopper, told: Told) -> bool:
    """See how it stands; where the payment's page waits, decide there. Whether that was done."""
    seen = shopper.status(told.key)
    told.learn(seen)
    shop.book.stood(seen)
    if seen["status"] != "awaiting_payment" or not (seen["payment"] or {}).get("approval_url"):
        return False
    chance = random.randrange(100)
    decision = "decline" if chance < DECLINED else "abandon" if chance < DECLINED + ABANDONED else "pay"
    approval = shopper.decide(seen, decision)
    if approval is not None and 400 <= approval.status_code < 500:
        shop.book.refused(approval)
    return True
