"""Amazon Business in this process: the orders of one seed, their way to the member, and what goes wrong on the line.

Two doors on the same books: `Placer` for placing (step O, look-ups), `Asker` for following (step F).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from loyalty.orders.amazon_business import (
    Address,
    Asked,
    CartEstimate,
    CredentialsRevoked,
    LineResult,
    NotSent,
    OrderLine,
    OrderLineReport,
    OrderReport,
    OrderResult,
    Package,
    Page,
    PlaceOrder,
    Refused,
    RejectedItem,
    Shipment,
    ShipmentLineReport,
    ShipmentReport,
    Throttled,
    Tracking,
    Unknown,
)
from tests.domain.redemptions.amazon import FakeAmazon
from tests.faults import cells
from tests.faults.injecting import Encounter

if TYPE_CHECKING:
    from tests.faults.world import World

# What asking can come to; asking has no effect.
ASKING = frozenset(
    {cells.REFUSED, cells.THROTTLED, cells.ERROR, cells.TIMEOUT_BEFORE, cells.MALFORMED, cells.REVOKED, cells.RESET}
)


@dataclass
class Parcel:
    """A shipment of one line of an order, in one package."""

    order_id: str
    shipment_id: str
    line_number: int
    asin: str
    units: int
    shipped_at: datetime
    promised_to: datetime
    delivered_at: datetime | None = None
    undeliverable: bool = False

    @property
    def tracking(self) -> str:
        return f"TBA-{self.shipment_id}"

    @property
    def status(self) -> str:
        return "UNDELIVERABLE" if self.undeliverable else "DELIVERED" if self.delivered_at else "SHIPPED"


@dataclass
class Amazon(FakeAmazon):
    """The books. `kept` is told the name of every order that begins to exist."""

    kept: Callable[[str], None] = lambda name: None
    asked: dict[str, PlaceOrder] = field(default_factory=dict)
    parcels: dict[str, list[Parcel]] = field(default_factory=dict)
    cancelled: dict[str, dict[int, int]] = field(default_factory=dict)
    # From when on a look-up finds the order; some show late.
    shows_at: dict[str, datetime] = field(default_factory=dict)

    def _keep(self, order: PlaceOrder, result: OrderResult) -> OrderResult:
        self.asked[order.external_id] = order
        super()._keep(order, result)
        if result.accepted_quantity:
            self.kept(order.external_id)
        return result

    def now_of(self, name: str) -> OrderResult | None:
        """The order as it is now: what was cancelled since is rejected, what has left is in its shipments."""
        result = self.orders.get(name)
        if result is None:
            return None
        parcels = self.parcels.get(name, [])
        lines = {
            number: self._line_now(line, self.cancelled.get(name, {}).get(number, 0), parcels)
            for number, line in result.lines.items()
        }
        shipments = tuple(
            Shipment(one.shipment_id, (Package(one.tracking, "UPS", "1", None, one.promised_to),)) for one in parcels
        )
        return replace(result, lines=lines, shipments=shipments)

    def _line_now(self, line: LineResult, cancelled: int, parcels: list[Parcel]) -> LineResult:
        shipped = tuple((one.shipment_id, one.units) for one in parcels if one.line_number == line.line_number)
        accepted = tuple(
            replace(item, quantity=item.quantity - cancelled, shipped=shipped)
            for item in line.accepted
            if item.quantity > cancelled
        )
        rejected = (*line.rejected, RejectedItem(cancelled)) if cancelled else line.rejected
        return replace(line, accepted=accepted, rejected=rejected)

    def delivered_units(self, name: str) -> dict[int, int]:
        """Units of each line that Amazon has accepted and not cancelled or lost."""
        result = self.orders[name]
        units = {number: line.accepted_quantity for number, line in result.lines.items()}
        for number, gone in self.cancelled.get(name, {}).items():
            units[number] -= gone
        for parcel in self.parcels.get(name, []):
            if parcel.undeliverable:
                units[parcel.line_number] -= parcel.units
        return units


class Placer:
    """Ordering, as the orders service's placing threads call it."""

    COMPONENT = "orders"

    def __init__(self, world: World) -> None:
        self._world = world

    def place_order(self, order: PlaceOrder) -> OrderResult:
        world = self._world
        saga = world.sagas_by_id[order.external_id[:36]]
        if world.amazon_revoked_until > world.now() or world.is_down(world.plan.amazon_paused):
            raise CredentialsRevoked(403, "Unauthorized")
        if world.is_down(world.plan.amazon_down):
            world.trace(f"amazon place {saga.label}: down")
            raise Unknown("status 500")
        encounter = world.injector.meet("O", saga.number, self.COMPONENT)
        try:
            result = self._come_out(encounter, order)
            told = f"{result.accepted_quantity} of {sum(line.quantity for line in order.lines)}"
        except Exception as error:
            told = type(error).__name__
            raise
        finally:
            world.trace(f"amazon place {saga.label} {encounter.outcome} → {told}")
            encounter.happened(self.COMPONENT)
        return result

    def _come_out(self, encounter: Encounter, order: PlaceOrder) -> OrderResult:
        world, amazon, random = self._world, self._world.amazon, self._world.random

        def effect() -> OrderResult:
            return FakeAmazon.place_order(amazon, order)

        match encounter.outcome:
            case cells.REFUSED:
                return self._refuse(order)
            case cells.PARTIAL:
                _accept_less(amazon, order.lines)
            case cells.THROTTLED:
                raise Throttled(random.uniform(0, 30))
            case cells.ERROR | cells.TIMEOUT_BEFORE | cells.TIMEOUT_AFTER:
                some = encounter.outcome == cells.ERROR and random.random() < 0.5
                if some or encounter.outcome == cells.TIMEOUT_AFTER:
                    effect()
                raise Unknown("no answer")
            case cells.DUPLICATE:
                # It reaches Amazon twice; we hear the first answer.
                first = effect()
                effect()
                return first
            case cells.LATE:
                world.later(random.uniform(1, 60), lambda: self._late(effect))
                raise Unknown("no answer")
            case cells.MALFORMED:
                effect()
                raise Unknown("unreadable")
            case cells.REVOKED:
                world.revoke_amazon(random.uniform(60, 900))
                raise CredentialsRevoked(403, "Unauthorized")
            case cells.RESET:
                where = random.choice(("connecting", "sending", "answering"))
                if where == "connecting":
                    raise NotSent("reset")
                if where == "answering":
                    effect()
                raise Unknown("reset")
        return effect()

    def _refuse(self, order: PlaceOrder) -> OrderResult:
        amazon = self._world.amazon
        how = self._world.random.choice(("lines", "request", "card"))
        if how == "request":
            raise Refused(400, "INVALID_REQUEST_PARAMETER", "no")
        if how == "card":
            amazon.faults.append("card")
        else:
            for line in order.lines:
                amazon.prices[line.asin] = 10 * (line.expected_unit_price_minor or 1)
        return FakeAmazon.place_order(amazon, order)

    def _late(self, effect: Callable[[], OrderResult]) -> None:
        effect()
        self._world.trace("amazon place arrives late")

    def order_details(self, external_id: str) -> OrderResult | None:
        return _asked(self._world, self.COMPONENT, "look", external_id, lambda: self._found(external_id))

    def _found(self, name: str) -> OrderResult | None:
        world = self._world
        return world.amazon.now_of(name) if world.amazon.shows_at.get(name, world.now()) <= world.now() else None

    def cart_estimate(self, lines: tuple[OrderLine, ...], address: Address, region: str = "US") -> CartEstimate:
        raise NotImplementedError


class Asker:
    """Following, as the orders service's following thread calls it."""

    COMPONENT = "following"

    def __init__(self, world: World) -> None:
        self._world = world

    def order_details(self, external_id: str) -> OrderResult | None:
        return _asked(self._world, self.COMPONENT, "F", external_id, lambda: self._world.amazon.now_of(external_id))

    def package_tracking(self, order_id: str, shipment_id: str, package_id: str) -> Tracking | None:
        def say() -> Tracking | None:
            parcel = next((one for _, one in self._parcels() if one.shipment_id == shipment_id), None)
            if parcel is None:
                return None
            milestones = [("SHIPPED", parcel.shipped_at)]
            if parcel.delivered_at:
                milestones.append(("DELIVERED", parcel.delivered_at))
            return Tracking(parcel.status, None, parcel.promised_to, "UPS", parcel.tracking, tuple(milestones))

        return _asked(self._world, self.COMPONENT, "F", _name(order_id), say)

    def shipment_reports(self, asked: Asked) -> Page[ShipmentReport]:
        def say() -> Page[ShipmentReport]:
            return Page(
                tuple(
                    ShipmentReport(
                        one.order_id,
                        one.shipment_id,
                        "SHIPPED",
                        "DELIVERED" if one.delivered_at else "NOT_DELIVERED",
                        one.shipped_at,
                        one.promised_to,
                    )
                    for _, one in self._parcels()
                    if one.order_id in asked.order_ids
                )
            )

        return _asked(self._world, self.COMPONENT, "F", *map(_name, asked.order_ids), say)

    def shipment_line_reports(self, asked: Asked) -> Page[ShipmentLineReport]:
        def say() -> Page[ShipmentLineReport]:
            return Page(
                tuple(
                    ShipmentLineReport(
                        one.order_id,
                        one.shipment_id,
                        one.asin,
                        one.units,
                        "UPS",
                        one.shipped_at,
                        (("1", one.tracking),),
                    )
                    for _, one in self._parcels()
                    if one.order_id in asked.order_ids
                )
            )

        return _asked(self._world, self.COMPONENT, "F", *map(_name, asked.order_ids), say)

    def order_line_reports(self, asked: Asked) -> Page[OrderLineReport]:
        raise NotImplementedError

    def order_reports(self, asked: Asked, statuses: tuple[str, ...] = ()) -> Page[OrderReport]:
        def say() -> Page[OrderReport]:
            amazon = self._world.amazon
            return Page(
                tuple(
                    OrderReport(f"114-{name}-{number}", "CANCELLED")
                    for name, lines in amazon.cancelled.items()
                    for number, gone in lines.items()
                    if gone == amazon.orders[name].lines[number].accepted_quantity
                )
            )

        return _asked(self._world, self.COMPONENT, "F", say)

    def _parcels(self) -> list[tuple[str, Parcel]]:
        return [(name, one) for name, parcels in self._world.amazon.parcels.items() for one in parcels]


def _asked(world: World, component: str, step: str, *names_and_say: Any) -> Any:
    """One question about orders of these names: its answer, or what became of it."""
    *names, say = names_and_say
    if world.amazon_revoked_until > world.now() or world.is_down(world.plan.amazon_paused):
        raise CredentialsRevoked(403, "Unauthorized")
    if world.is_down(world.plan.amazon_down):
        raise Unknown("status 500")
    sagas = [world.sagas_by_id[name[:36]].number for name in names if name[:36] in world.sagas_by_id]
    number = next((n for n in sagas if any(one.saga == n and not one.over for one in world.injector.aims)), None)
    encounter = world.injector.meet(step, number, component, able=ASKING.__contains__)
    world.trace(f"amazon {component} asks {encounter.outcome}")
    encounter.happened(component)
    match encounter.outcome:
        case cells.REFUSED:
            raise Refused(400, "INVALID_REQUEST_PARAMETER", "no")
        case cells.THROTTLED:
            raise Throttled(world.random.uniform(0, 30))
        case cells.ERROR | cells.TIMEOUT_BEFORE | cells.MALFORMED:
            raise Unknown(encounter.outcome)
        case cells.REVOKED:
            world.revoke_amazon(world.random.uniform(60, 900))
            raise CredentialsRevoked(403, "Unauthorized")
        case cells.RESET:
            raise NotSent("reset") if world.random.random() < 0.5 else Unknown("reset")
    return say()


def _accept_less(amazon: Amazon, lines: tuple[OrderLine, ...]) -> None:
    """At least one unit and not all: the first line loses one, or the last line everything."""
    first = lines[0]
    if first.quantity > 1:
        amazon.accepts[first.asin] = first.quantity - 1
    elif len(lines) > 1:
        amazon.accepts[lines[-1].asin] = 0


def _name(order_id: str) -> str:
    """The order's own name in Amazon's number of a line."""
    return order_id.removeprefix("114-").rpartition("-")[0]


def promised(now: datetime) -> datetime:
    """When Amazon says it will be there."""
    return now + timedelta(days=2)
