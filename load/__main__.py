"""`make load` (QUICK=1: minutes, for trying): a fresh cloud, a busy phase, Amazon's real pace, and the account."""

# ruff: noqa: T201 - a command tells what it does

from __future__ import annotations

import argparse
import queue
import random
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from botocore.exceptions import ClientError

from load import devices, place, report, verdict
from load.book import ALONE, BUSY, SLOW, Book
from load.memory import Sampler
from load.slow import Queue
from local import joining
from local.connected import Connected
from local.fresh import fresh_cloud
from local.ports import PortTaken
from local.processes import Failed

ORDERS_PER_SECOND = BURST = place.FASTEST
FAULTS_PERCENT = 1.0
RELEASE_DELAY_SECONDS = 2
TICK_SECONDS, SLOW_TICK_SECONDS = 15.0, 5.0
# In each tick of the slow phase.
LOOKING = 6


@dataclass(frozen=True, slots=True)
class Size:
    """How much of everything; seconds of the phases."""

    members: int
    devices: int
    arriving: float
    alone: float
    busy: float
    slow: float


FULL = Size(members=2_000, devices=64, arriving=360, alone=10, busy=180, slow=180)
QUICK = Size(members=120, devices=24, arriving=30, alone=5, busy=30, slow=25)


def main(arguments: Sequence[str]) -> int:
    """0 only if nothing was lost, doubled, unexpected or violated."""
    parser = argparse.ArgumentParser(prog="make load")
    parser.add_argument("--quick", action="store_true", help="a few minutes, for trying; docs are not written")
    options = parser.parse_args(arguments)
    # Whoever ends it ends what it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        with fresh_cloud("load", {"release_delay_seconds": str(RELEASE_DELAY_SECONDS)}, _say) as cloud:
            result = _Day(cloud, QUICK if options.quick else FULL).run()
    except KeyboardInterrupt:
        return 130
    except (Failed, PortTaken, RuntimeError, ClientError, joining.Refused) as error:
        print(f"LOAD FAILED {error}", file=sys.stderr)
        return 1
    if not options.quick and result.good:
        report.write(result)
    print(report.text(result), flush=True)
    return 0 if result.good else 1


class _Day:
    def __init__(self, cloud: Connected, size: Size) -> None:
        self._cloud, self._size = cloud, size
        self._began = time.monotonic()
        self._book, self._queue = Book(), Queue()

    def run(self) -> report.Result:
        cloud, size = self._cloud, self._size
        place.leave_orders_unshipped(cloud)
        place.set_pace(cloud, ORDERS_PER_SECOND, BURST, "a connection of a higher pace")
        waiting: queue.Queue[place.Customer] = queue.Queue()
        arrivals = place.Arrivals(cloud, size.members, waiting.put)
        since = self._clock()
        shop = devices.Shop(cloud, self._book, place.ordinary_products(cloud), waiting)
        sampler = Sampler(cloud)
        sampler.start()
        self._arrive(arrivals)
        self._alone(shop)
        busy_seconds = self._busy(shop, arrivals)
        customers = arrivals.stop()
        self._tell(f"{len(customers):,} of {size.members:,} members have signed up, claimed, signed in and shopped")
        self._slow(shop, customers)
        rest_seconds = self._rest(shop, customers)
        sampler.stop()
        memory = sampler.rows()
        self._tell("compared: what members were told, ledger, orders, charges, invariants")
        return report.Result(
            members=len(customers),
            devices=size.devices,
            orders_per_second=ORDERS_PER_SECOND,
            faults_percent=FAULTS_PERCENT,
            faults=place.faults_met(cloud),
            book=self._book,
            queue=self._queue,
            memory=memory,
            verdict=verdict.judge(
                cloud,
                customers,
                since,
                self._book,
                self._queue,
                memory,
                [*shop.failures, *arrivals.failures],
                verdict.Came(size.members, len(customers), len(arrivals.failures), arrivals.left),
            ),
            busy_seconds=busy_seconds,
            rest_seconds=rest_seconds,
            seconds=time.monotonic() - self._began,
        )

    def _arrive(self, arrivals: place.Arrivals) -> None:
        """Sign-ups first, for a while: beside 64 devices they would get an eighth of the machine."""
        arrivals.start()
        began, told = time.monotonic(), 0.0
        while arrivals.waiting and time.monotonic() - began < self._size.arriving:
            time.sleep(0.5)
            if time.monotonic() - told > TICK_SECONDS * 2:
                told = time.monotonic()
                self._tell(f"{len(arrivals.customers):,} of {self._size.members:,} members have signed up and in")

    def _alone(self, shop: devices.Shop) -> None:
        """One device, for a figure without a crowd."""
        self._book.begin(ALONE)
        devices.run(shop, 1, self._size.alone, lambda: None, self._size.alone)

    def _busy(self, shop: devices.Shop, arrivals: place.Arrivals) -> float:
        place.set_faults(self._cloud, FAULTS_PERCENT)
        self._book.begin(BUSY)
        self._tell(f"{self._size.devices} devices, {ORDERS_PER_SECOND} orders/s, faults at {FAULTS_PERCENT:g} %")
        began = time.monotonic()
        devices.run(shop, self._size.devices, self._size.busy, lambda: self._progress(arrivals), TICK_SECONDS)
        return time.monotonic() - began

    def _slow(self, shop: devices.Shop, customers: Sequence[place.Customer]) -> None:
        """Amazon's real pace; what waits then has waited for a day."""
        place.set_pace(self._cloud, place.REAL_PACE, place.REAL_BURST, "the pace that Amazon publishes")
        self._book.places.clear()
        self._book.begin(SLOW)
        self._queue.begin(self._cloud)
        self._tell(f"the same devices, {place.REAL_PACE} orders/s")
        shop.with_money = devices.WITH_MONEY_SLOW
        devices.run(
            shop, self._size.devices, self._size.slow, lambda: self._slow_tick(shop, customers), SLOW_TICK_SECONDS
        )
        self._queue.sample(self._cloud)
        self._queue.end(self._cloud, self._book.places)
        place.set_faults(self._cloud, 0)
        self._book.begin("after")
        self._pay(shop)
        verdict.wait_until_undecided_are_gone(self._cloud)
        self._queue.a_day_later(self._cloud)
        self._tell(f"a day later: {self._queue.extended} holds extended")

    def _pay(self, shop: devices.Shop) -> None:
        """Whoever is asked for money pays now: nobody would a day later."""
        still = [one for one in list(shop.customers.queue) if any(t.status == "awaiting_payment" for t in one.told)]
        devices.look_again(shop, still, self._size.devices)

    def _rest(self, shop: devices.Shop, customers: list[place.Customer]) -> float:
        place.set_pace(self._cloud, ORDERS_PER_SECOND, BURST, "the higher pace again")
        seconds = verdict.come_to_rest(self._cloud, self._tell)
        self._tell(f"at rest after {seconds:.0f} s; every member with a redemption looks once more")
        devices.look_again(shop, customers, self._size.devices)
        return seconds

    def _progress(self, arrivals: place.Arrivals) -> None:
        book, came = self._book, len(arrivals.customers)
        still = verdict.still_open(self._cloud)
        self._tell(
            f"{came:,} members came, {book.requests:,} requests, {len(book.unexpected)} unexpected 5xx,"
            f" {sum(book.declared.values())} declared 503; open: "
            + (", ".join(f"{number} {state}" for state, number in still.items()) or "none")
        )

    def _slow_tick(self, shop: devices.Shop, customers: Sequence[place.Customer]) -> None:
        """Some of those who wait look at their order, as people do."""
        waiting = [one for one in customers if any(told.accepted and not told.closed for told in one.told)]
        devices.look_again(shop, random.sample(waiting, min(LOOKING, len(waiting))), LOOKING)
        length = self._queue.sample(self._cloud)
        if len(self._queue.lengths) % 3 == 0:
            last = max((one.expected_wait_seconds or 0 for one in self._book.places[-50:]), default=0)
            self._tell(f"{length} orders wait; members are told up to {last} s")

    def _clock(self) -> datetime:
        with self._cloud.query() as connection:
            row = connection.execute("select clock.now() as now").fetchone()
        return row["now"] if row else datetime.now(UTC)

    def _tell(self, words: str) -> None:
        _say(f"{time.monotonic() - self._began:6.0f} s  {words}")


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
