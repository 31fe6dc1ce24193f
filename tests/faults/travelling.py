"""What becomes of accepted orders: parcels leave, arrive, get lost or are cancelled, and Amazon says so, mostly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from loyalty.orders import observing
from tests.faults import plan as plans
from tests.faults.amazon_business import Parcel, promised
from tests.faults.people import Saga

if TYPE_CHECKING:
    from tests.faults.world import World

HOUR = 3600.0


class Traveller:
    """The order of one name, from its acceptance to its last parcel."""

    def __init__(self, world: World, saga: Saga, name: str) -> None:
        self._world, self._saga, self._name = world, saga, name
        self._numbers = 0
        self._left_to_arrive = 0
        result = world.amazon.orders[name]
        for number, line in result.lines.items():
            if line.accepted_quantity:
                self._plan(number, line.accepted_quantity)

    def _plan(self, line: int, units: int) -> None:
        random, journey = self._world.random, self._saga.plan.journey
        leaves = random.uniform(0.2, 8) * HOUR
        if journey == plans.CANCELLED:
            self._world.later(leaves, lambda: self._cancel(line, units))
            return
        first = units
        if units > 1 and journey in (plans.SPLIT, plans.PART_CANCELLED):
            first = random.randrange(1, units)
        self._ship_in(leaves, line, first, lost=journey == plans.UNDELIVERABLE)
        if first < units and journey == plans.SPLIT:
            self._ship_in(leaves + random.uniform(0, 6) * HOUR, line, units - first, lost=False)
        elif first < units:
            self._world.later(leaves + random.uniform(-0.1, 6) * HOUR, lambda: self._cancel(line, units - first))

    def _ship_in(self, seconds: float, line: int, units: int, *, lost: bool) -> None:
        self._left_to_arrive += 1
        self._world.later(seconds, lambda: self._ship(line, units, lost))

    def _ship(self, line: int, units: int, lost: bool) -> None:
        world = self._world
        self._numbers += 1
        order = world.amazon.asked[self._name]
        asin = next(one.asin for one in order.lines if one.line_number == line)
        parcel = Parcel(
            f"114-{self._name}-{line}",
            f"{self._name[:8]}-{self._saga.number}-{self._numbers}",
            line,
            asin,
            units,
            world.now(),
            promised(world.now()),
        )
        world.amazon.parcels.setdefault(self._name, []).append(parcel)
        world.trace(f"parcel {self._saga.label} line {line}: {units} left")
        self._tell(parcel, "SHIPPED")
        world.later(world.random.uniform(2, 20) * HOUR, lambda: self._arrive(parcel, lost))

    def _arrive(self, parcel: Parcel, lost: bool) -> None:
        world, saga = self._world, self._saga
        if lost:
            parcel.undeliverable = True
        else:
            parcel.delivered_at = world.now()
        world.trace(f"parcel {saga.label} line {parcel.line_number}: {parcel.status}")
        self._tell(parcel, parcel.status)
        self._left_to_arrive -= 1
        if self._left_to_arrive == 0 and saga.plan.back and not lost:
            world.later(world.random.uniform(1, 12) * HOUR, lambda: world.goes_back(saga, self._name))

    def _cancel(self, line: int, units: int) -> None:
        world = self._world
        gone = world.amazon.cancelled.setdefault(self._name, {})
        gone[line] = gone.get(line, 0) + units
        world.trace(f"amazon cancels {units} of {self._saga.label} line {line}")
        self._hint()

    def _tell(self, parcel: Parcel, status: str) -> None:
        """A push, perhaps twice, late or not at all; and perhaps a hint."""
        world, plan = self._world, self._saga.plan
        body: dict[str, Any] = {
            "orderId": parcel.order_id,
            "shipmentId": parcel.shipment_id,
            "packageId": "1",
            "trackingId": parcel.tracking,
            "deliveryStatus": status,
            "eventTimeStampInEpochMillis": int(world.now().timestamp() * 1000),
        }
        times = (world.random.random() < plan.pushes) + (world.random.random() < plan.pushes / 4)
        for _ in range(times):
            message = {"kind": "observation", "source": "push", "observation": observing.from_push(body)}
            world.queues["heard"].send(message, world.random.choice((1, 30, 30, 6 * HOUR)))
        self._hint()

    def _hint(self) -> None:
        world = self._world
        if world.random.random() < self._saga.plan.hints:
            world.queues["heard"].send({"externalId": self._name}, world.random.uniform(1, 60))
