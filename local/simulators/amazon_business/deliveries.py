"""What becomes of an order after it was placed: units leave in packages, packages travel, units are cancelled.

By hand (the control plane) or by the clock (`ship_after_seconds`, `deliver_after_seconds`). Strict: a package goes only
where a package can go. Every step of a package is announced (`telling`).
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from local.simulators.amazon_business import reconciling, telling
from local.simulators.amazon_business.errors import Answer
from local.simulators.amazon_business.gate import Gate
from local.simulators.amazon_business.store import Store

CARRIERS = ("AMZN_US", "UPS", "USPS")
PROMISED_DAYS = 2

# From which status a package may come into each; by the names of Package Tracking.
COMES_FROM = {
    "OUT_FOR_DELIVERY": ("SHIPPED", "DELAYED", "CUSTOMER_ACTION"),
    "DELIVERED": ("SHIPPED", "OUT_FOR_DELIVERY", "DELAYED", "AVAILABLE_FOR_PICKUP", "CUSTOMER_ACTION"),
    "DELAYED": ("SHIPPED", "OUT_FOR_DELIVERY", "DELAYED"),
    "UNDELIVERABLE": ("SHIPPED", "OUT_FOR_DELIVERY", "DELAYED", "AVAILABLE_FOR_PICKUP", "CUSTOMER_ACTION"),
    "AVAILABLE_FOR_PICKUP": ("SHIPPED", "OUT_FOR_DELIVERY", "DELAYED"),
    "CUSTOMER_ACTION": ("SHIPPED", "OUT_FOR_DELIVERY", "DELAYED"),
    "RETURNED": ("DELIVERED", "UNDELIVERABLE", "AVAILABLE_FOR_PICKUP"),
    "REFUND_ISSUED": ("DELIVERED", "UNDELIVERABLE", "RETURNED"),
}

# What the control plane calls each step.
STEPS = {
    "out-for-delivery": "OUT_FOR_DELIVERY",
    "deliver": "DELIVERED",
    "delay": "DELAYED",
    "undeliverable": "UNDELIVERABLE",
    "pickup": "AVAILABLE_FOR_PICKUP",
    "customer-action": "CUSTOMER_ACTION",
    "return": "RETURNED",
    "refund": "REFUND_ISSUED",
}


@dataclass(frozen=True, slots=True)
class Line:
    """A line of an order with its units: accepted, in packages, cancelled."""

    external_id: str
    number: str
    asin: str
    amazon_order_id: str
    accepted: int
    shipped: int
    cancelled: int

    @property
    def waiting(self) -> int:
        return self.accepted - self.shipped - self.cancelled


def lines_of(store: Store, external_id: str) -> list[Line]:
    """The accepted lines. Raises Answer (404) if nothing of this name was accepted."""
    rows = store.all(
        "select l.*, (select coalesce(sum(u.quantity), 0) from package_units u join shipments s using (shipment_id)"
        "  where s.external_id = l.external_id and u.line_external_id = l.line_external_id) as shipped,"
        " (select coalesce(sum(c.quantity), 0) from cancelled_units c"
        "  where c.external_id = l.external_id and c.line_external_id = l.line_external_id) as cancelled"
        " from order_lines l where l.external_id = ? and l.accepted_quantity > 0 order by l.rowid",
        external_id,
    )
    if not rows:
        raise Answer(404, "PAGE_NOT_FOUND", "No accepted order of this externalId")
    return [_line(row) for row in rows]


def _line(row: sqlite3.Row) -> Line:
    return Line(
        row["external_id"],
        row["line_external_id"],
        row["asin"],
        row["amazon_order_id"],
        row["accepted_quantity"],
        row["shipped"],
        row["cancelled"],
    )


# ---- by hand -----------------------------------------------------------------------------------------------------


def ship(
    store: Store,
    gate: Gate,
    external_id: str,
    units: Mapping[str, int] | None = None,
    packages: int = 1,
    at: datetime | None = None,
) -> list[str]:
    """Ship these units by line (None: all that wait), a shipment for each Amazon order, spread over so many packages.

    Returns the shipments' ids. Raises Answer: 404 for no such order or line, 409 for units that do not wait.
    """
    at = at or gate.now()
    chosen = _chosen(lines_of(store, external_id), units)
    made = []
    with store.transaction():
        for line, quantity in chosen:
            made.append(_shipment(store, gate, line, quantity, max(1, min(packages, quantity)), at))
        store.run(
            "update orders set shipped_at = coalesce(shipped_at, ?) where external_id = ?", _text(at), external_id
        )
        _close_if_done(store, external_id)
    return made


def cancel(store: Store, gate: Gate, external_id: str, units: Mapping[str, int] | None = None) -> None:
    """Cancel units that have not left (None: all of them). Raises Answer as `ship` does."""
    chosen = _chosen(lines_of(store, external_id), units)
    with store.transaction():
        for line, quantity in chosen:
            store.run(
                "insert into cancelled_units(external_id, line_external_id, amazon_order_id, quantity, at)"
                " values (?, ?, ?, ?, ?)",
                external_id,
                line.number,
                line.amazon_order_id,
                quantity,
                _text(gate.now()),
            )
        _close_if_done(store, external_id)
        telling.hint(store, gate, external_id, chosen[0][0].amazon_order_id, gate.now())


def step_order(store: Store, gate: Gate, external_id: str, status: str, days: int = 2) -> int:
    """Every package of the order that can take this step takes it. Raises Answer (409) if none can."""
    lines_of(store, external_id)
    rows = store.all(
        "select shipment_id, package_id, status from packages join shipments using (shipment_id)"
        " where external_id = ? order by shipment_id, package_id",
        external_id,
    )
    able = [row for row in rows if row["status"] in COMES_FROM[status]]
    if not able:
        raise Answer(409, "INVALID_REQUEST_PARAMETER", f"No package of this order can become {status}")
    for row in able:
        step(store, gate, row["shipment_id"], row["package_id"], status, days=days)
    return len(able)


def step(
    store: Store,
    gate: Gate,
    shipment_id: str,
    package_id: str,
    status: str,
    *,
    days: int = 2,
    at: datetime | None = None,
) -> None:
    """One package goes on. Raises Answer: 404 for no such package, 409 if it cannot come there from where it is."""
    at = at or gate.now()
    package = store.one(
        "select * from packages join shipments using (shipment_id) where shipment_id = ? and package_id = ?",
        shipment_id,
        package_id,
    )
    if package is None:
        raise Answer(404, "PAGE_NOT_FOUND", "No such package")
    if package["status"] not in COMES_FROM[status]:
        raise Answer(409, "INVALID_REQUEST_PARAMETER", f"A package does not become {status} from {package['status']}")
    promised = datetime.fromisoformat(package["promised_end"])
    if status == "DELAYED":
        promised = max(promised, at) + timedelta(days=days)
    with store.transaction():
        store.run(
            "update packages set status = ?, status_at = ?, promised_end = ? where shipment_id = ? and package_id = ?",
            status,
            _text(at),
            _text(promised),
            shipment_id,
            package_id,
        )
        _note(store, gate, shipment_id, package_id, status, at)
        if status == "REFUND_ISSUED":
            reconciling.refund(store, gate, shipment_id, package_id, at)


def _chosen(lines: list[Line], units: Mapping[str, int] | None) -> list[tuple[Line, int]]:
    known = {line.number: line for line in lines}
    wanted = units if units is not None else {line.number: line.waiting for line in lines}
    for number, quantity in wanted.items():
        if number not in known:
            raise Answer(404, "PAGE_NOT_FOUND", "No such line")
        if quantity > known[number].waiting or (units is not None and quantity < 1):
            raise Answer(409, "INVALID_REQUEST_PARAMETER", f"{known[number].waiting} units of line {number} wait")
    chosen = [(known[number], quantity) for number, quantity in wanted.items() if quantity]
    if not chosen:
        raise Answer(409, "INVALID_REQUEST_PARAMETER", "No unit of this order waits")
    return chosen


def _shipment(store: Store, gate: Gate, line: Line, quantity: int, packages: int, at: datetime) -> str:
    number = store.one("select count(*) as made from shipments")
    digest = hashlib.sha256(f"{line.amazon_order_id}:{number['made'] if number else 0}".encode()).hexdigest()
    shipment_id = str(400_000_000_000_000 + int(digest[:12], 16) % 10**14)
    promised = at + timedelta(days=PROMISED_DAYS)
    store.run(
        "insert into shipments(shipment_id, amazon_order_id, external_id, shipped_at, promised_start)"
        " values (?, ?, ?, ?, ?)",
        shipment_id,
        line.amazon_order_id,
        line.external_id,
        _text(at),
        _text(at + timedelta(days=1)),
    )
    for position in range(packages):
        share = quantity // packages + (1 if position < quantity % packages else 0)
        package_id = str(position + 1)
        store.run(
            "insert into packages(shipment_id, package_id, tracking_id, carrier, status, status_at, promised_end)"
            " values (?, ?, ?, ?, 'SHIPPED', ?, ?)",
            shipment_id,
            package_id,
            f"TBA{int(digest[12:22], 16) % 10**11:011d}{position}",
            CARRIERS[int(digest[-2:], 16) % len(CARRIERS)],
            _text(at),
            _text(promised),
        )
        store.run(
            "insert into package_units(shipment_id, package_id, line_external_id, quantity) values (?, ?, ?, ?)",
            shipment_id,
            package_id,
            line.number,
            share,
        )
        _note(store, gate, shipment_id, package_id, "SHIPPED", at)
    row = store.one(
        "select * from order_lines where external_id = ? and line_external_id = ?", line.external_id, line.number
    )
    assert row is not None
    reconciling.charge(store, gate, row, shipment_id, quantity, at)
    return shipment_id


def _note(store: Store, gate: Gate, shipment_id: str, package_id: str, status: str, at: datetime) -> None:
    store.run(
        "insert into package_events(shipment_id, package_id, status, at) values (?, ?, ?, ?)",
        shipment_id,
        package_id,
        status,
        _text(at),
    )
    telling.announce(store, gate, shipment_id, package_id, status, at)


def _close_if_done(store: Store, external_id: str) -> None:
    if not any(line.waiting for line in lines_of(store, external_id)):
        store.run("delete from open_orders where external_id = ?", external_id)


# ---- by the clock ------------------------------------------------------------------------------------------------


def advance(store: Store, gate: Gate, most: int = 200) -> int:
    """What should have happened by now, dated when it should have. How many steps that were, at most `most`."""
    done = 0
    now = gate.now()
    if (wait := gate.setting("ship_after_seconds")) is not None:
        due = _text(now - timedelta(seconds=wait))
        sql = "select external_id, placed_at from open_orders where placed_at <= ? order by placed_at limit ?"
        for row in store.all(sql, due, most):
            at = datetime.fromisoformat(row["placed_at"]) + timedelta(seconds=wait)
            ship(store, gate, row["external_id"], at=at)
            done += 1
    if (wait := gate.setting("deliver_after_seconds")) is not None:
        # The van leaves in the morning of the day.
        for status, came_from, seconds in (
            ("OUT_FOR_DELIVERY", ("SHIPPED", "DELAYED"), wait * 3 / 4),
            ("DELIVERED", ("OUT_FOR_DELIVERY",), wait),
        ):
            done += _move_on(store, gate, status, came_from, seconds, now, most)
    return done


def _move_on(
    store: Store, gate: Gate, status: str, came_from: tuple[str, ...], seconds: float, now: datetime, most: int
) -> int:
    marks = ", ".join("?" * len(came_from))
    # A delayed package is delivered by its new promise.
    rows = store.all(
        f"select shipment_id, package_id, shipped_at, status, promised_end from packages join shipments"  # noqa: S608
        f" using (shipment_id) where status in ({marks}) and shipped_at <= ? limit ?",
        *came_from,
        _text(now - timedelta(seconds=seconds)),
        most,
    )
    moved = 0
    for row in rows:
        at = datetime.fromisoformat(row["shipped_at"]) + timedelta(seconds=seconds)
        if row["status"] == "DELAYED":
            at = max(at, datetime.fromisoformat(row["promised_end"]))
        if at <= now:
            step(store, gate, row["shipment_id"], row["package_id"], status, at=at)
            moved += 1
    return moved


# ---- telling -----------------------------------------------------------------------------------------------------


def described(store: Store, external_id: str) -> list[dict[str, Any]]:
    """The order's packages for the status page: shipment_id, package_id, tracking_id, status, units."""
    return [
        dict(row)
        for row in store.all(
            "select p.shipment_id, p.package_id, p.tracking_id, p.carrier, p.status, p.status_at, s.amazon_order_id,"
            " s.shipped_at, (select sum(u.quantity) from package_units u where u.shipment_id = p.shipment_id"
            " and u.package_id = p.package_id) as units"
            " from packages p join shipments s using (shipment_id) where s.external_id = ?"
            " order by s.shipped_at, p.shipment_id, p.package_id",
            external_id,
        )
    ]


def waiting(store: Store, external_id: str) -> int:
    """Units of an accepted order that were neither shipped nor cancelled."""
    return sum(line.waiting for line in lines_of(store, external_id))


def _text(instant: datetime) -> str:
    return instant.isoformat()
