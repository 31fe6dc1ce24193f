"""The journeys: each is what a member does, and how it must end."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import httpx

from local.connected import Connected
from local.demo.shopper import CLOSED, Shopper, Unexpected, new_key, timeline

type Say = Callable[[str], None]

PROGRESS_SECONDS = 5.0
SAME_REQUESTS = 20


@dataclass
class Ended:
    """What the journeys brought about, for comparison with what the databases say."""

    statuses: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)


@dataclass
class Journeys:
    """`shoppers` each have points; one journey takes the next one."""

    cloud: Connected
    shoppers: list[Shopper]
    products: dict[str, str]
    say: Say
    ended: Ended = field(default_factory=Ended)

    def run(self) -> Ended:
        """All up to the order, one after the other."""
        return self.all_of(
            (self.points_only, "points only"),
            (self.points_and_money, "points and money, approved"),
            (self.declined, "payment declined"),
            (self.cancelled, "cancelled within the release delay"),
            (self.dearer, "price rose above the tolerance, asked again"),
            (self.partial, "two of three units accepted"),
            (self.timed_out, "Amazon accepts and the answer is lost"),
            (self.same_request, f"the same request {SAME_REQUESTS} times at once"),
        )

    def all_of(self, *journeys: tuple[Callable[[], None], str]) -> Ended:
        """These; a journey that goes wrong is told and the next one begins."""
        for journey, title in journeys:
            self.say(f"\n— {title}")
            self._guarded(title, journey)
        return self.ended

    def points_only(self) -> None:
        shopper, quote = self.quoted(self.products["cheap"])
        redemption = shopper.redeem(quote, quote["points_full"])
        self.ends(shopper, redemption["redemption_id"], "completed")

    def points_and_money(self) -> None:
        shopper, quote = self.quoted(self.products["cheap"])
        redemption = shopper.redeem(quote, quote["points_full"] // 2)
        shopper.pay(redemption["redemption_id"], "pay")
        ended = self.ends(shopper, redemption["redemption_id"], "completed")
        payment = ended["payment"]
        # By shipment, it stays reserved until something leaves.
        standing = payment["authorised_minor" if ended["capture_at"] == "shipment" else "captured_minor"]
        if standing < ended["money_minor"] or payment["captured_minor"] > ended["money_minor"]:
            raise Unexpected(f"{payment['state']}: {standing} of {ended['money_minor']}")

    def declined(self) -> None:
        shopper, quote = self.quoted(self.products["cheap"])
        before = shopper.balance()["available"]
        redemption = shopper.redeem(quote, quote["points_full"] // 2)
        shopper.pay(redemption["redemption_id"], "decline")
        self.ends(shopper, redemption["redemption_id"], "payment_declined")
        self._same_points(shopper, before)

    def cancelled(self) -> None:
        shopper, quote = self.quoted(self.products["cheap"])
        before = shopper.balance()["available"]
        redemption = shopper.redeem(quote, quote["points_full"])
        shopper.cancel(redemption["redemption_id"])
        self.ends(shopper, redemption["redemption_id"], "cancelled")
        self._same_points(shopper, before)

    def dearer(self) -> None:
        asin = self.products["dearer"]
        shopper, quote = self.quoted(asin)
        before = shopper.balance()["available"]
        price = self._price_of(asin)
        redemption = shopper.redeem(quote, quote["points_full"])
        self._set_price(asin, price * 6 // 5)
        self.ends(shopper, redemption["redemption_id"], "rejected")
        self._same_points(shopper, before)
        again = shopper.quote(asin)
        if again["total_minor"] <= quote["total_minor"]:
            raise Unexpected("the new quote is not dearer")
        self.say(f"    asked again: {quote['points_full']:,} points became {again['points_full']:,}")
        redemption = shopper.redeem(again, again["points_full"])
        self.ends(shopper, redemption["redemption_id"], "completed")

    def partial(self) -> None:
        shopper, quote = self.quoted(self.products["partial"], quantity=3)
        before = shopper.balance()["available"]
        redemption = shopper.redeem(quote, quote["points_full"])
        ended = self.ends(shopper, redemption["redemption_id"], "partially_completed")
        if ended["points_spent"] * 3 != ended["points"] * 2:
            raise Unexpected(f"spent {ended['points_spent']} of {ended['points']}, not two thirds")
        self._same_points(shopper, before - ended["points_spent"])

    def timed_out(self) -> None:
        shopper, quote = self.quoted(self.products["timeout"])
        redemption = shopper.redeem(quote, quote["points_full"])
        self.ends(shopper, redemption["redemption_id"], "completed")

    def same_request(self) -> None:
        shopper, quote = self.quoted(self.products["cheap"])
        order, key = shopper.order(quote, quote["points_full"]), new_key()
        with ThreadPoolExecutor(SAME_REQUESTS) as clients:
            answers = list(clients.map(lambda _: shopper.send(order, key), range(SAME_REQUESTS)))
        ids = {answer.json().get("redemption_id") for answer in answers}
        if {answer.status_code for answer in answers} != {202} or ids != {key}:
            raise Unexpected(f"{Counter(answer.status_code for answer in answers)} {ids}")
        self.say(f"    {SAME_REQUESTS} answers, one redemption")
        self.ends(shopper, key, "completed")

    def together(self, shoppers: list[Shopper], seconds: float = 600) -> None:
        """All of `shoppers` redeem at once; Amazon takes 0.5 orders a second."""
        self.say(f"\n— {len(shoppers)} members at once, at 0.5 orders a second")
        began = time.monotonic()
        with ThreadPoolExecutor(len(shoppers)) as clients:
            outcomes = list(clients.map(self._one_of_many, shoppers))
        failed = [outcome for outcome in outcomes if outcome]
        self.ended.failures += failed[:5]
        waiting = [shopper for shopper in shoppers if shopper.redemptions]
        self.say(f"    {len(waiting)} redemptions accepted in {time.monotonic() - began:.1f} s")
        count = len(waiting)
        while waiting and time.monotonic() - began < seconds:
            longest = 0.0
            undecided = 0
            still = []
            for shopper in waiting:
                seen = shopper.status(shopper.redemptions[-1])
                if seen["status"] in CLOSED and seen["closed_at"]:
                    self.ended.statuses[seen["status"]] += 1
                    if seen["status"] != "completed":
                        self.ended.failures.append(f"one of many ended {seen['status']}")
                    continue
                still.append(shopper)
                undecided += seen["may_cancel"]
                longest = max(longest, (seen["queue"] or {}).get("expected_wait_seconds") or 0)
            waiting = still
            self.say(
                f"    {time.monotonic() - began:6.0f} s  {count - len(waiting):3} of {count} ordered, "
                + (f"{undecided} may still cancel" if undecided else f"the last one is told to wait {longest:.0f} s")
            )
            if waiting:
                time.sleep(PROGRESS_SECONDS)
        self.ended.failures += [f"{shopper.redemptions[-1]} did not end in {seconds:.0f} s" for shopper in waiting]

    def _one_of_many(self, shopper: Shopper) -> str | None:
        try:
            quote = shopper.quote(self.products["cheap"])
            shopper.redeem(quote, quote["points_full"])
        except (Unexpected, httpx.HTTPError) as error:
            return f"{shopper.number}: {error}"
        return None

    def quoted(self, asin: str, quantity: int = 1) -> tuple[Shopper, dict]:
        """The next member, and what they are quoted."""
        shopper = self.shoppers.pop()
        quote = shopper.quote(asin, quantity)
        self.say(
            f"    {shopper.number}: {quote['points_full']:,} points or {quote['total_minor'] / 100:.2f} USD"
            + (" (estimated)" if quote["estimated"] else "")
        )
        return shopper, quote

    def ends(self, shopper: Shopper, redemption_id: str, status: str) -> dict:
        """Wait for it, and show how it went."""
        ended = shopper.wait(redemption_id, status)
        self.ended.statuses[status] += 1
        for line in timeline(ended):
            self.say(line)
        self.say(f"    → {ended['words']}")
        return ended

    def _same_points(self, shopper: Shopper, expected: int) -> None:
        now = shopper.balance()
        if (now["available"], now["held"]) != (expected, 0):
            raise Unexpected(f"{now['available']} available and {now['held']} held, expected {expected} and 0")

    def _guarded(self, title: str, journey: Callable[[], None]) -> None:
        try:
            journey()
        except (Unexpected, httpx.HTTPError, KeyError) as error:
            self.say(f"    FAILED: {type(error).__name__} {error}")
            self.ended.failures.append(f"{title}: {error}")

    def _price_of(self, asin: str) -> int:
        answer = httpx.get(f"{self.cloud.simulator('amazon_business')}/_simulator/products", timeout=10)
        return int(next(product["price_minor"] for product in answer.json()["products"] if product["asin"] == asin))

    def _set_price(self, asin: str, price_minor: int) -> None:
        address = f"{self.cloud.simulator('amazon_business')}/_simulator/products/{asin}"
        httpx.put(address, json={"price_minor": price_minor}, timeout=10).raise_for_status()
