"""A redemption whose order is accepted, and what Amazon might say of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from loyalty.orders import observing
from loyalty.orders.observing import Heard, Observation
from tests.domain.redemptions.saga import Line, Saga

TOWELS = Line("B0TOWELS00", 3, 1999)
LAMP = Line("B0LAMP0000", 1, 4500)
# Long enough ago that nothing here is ahead of any clock.
START = datetime(2025, 11, 20, 8, 0, tzinfo=UTC)


def at(hours: float) -> datetime:
    return START + timedelta(hours=hours)


class Ordered:
    """One redemption's order, and its observations."""

    def __init__(self, world: Saga, *lines: Line, points: int | None = None) -> None:
        self.world = world
        self.member_id = world.member()
        request = world.request(world.quote(self.member_id, *lines), points)
        world.redeem(self.member_id, request)
        world.run(request.redemption_id)
        self.redemption_id: UUID = request.redemption_id

    def number(self, line: int = 1) -> str:
        """Amazon's order of a line."""
        return f"114-{self.redemption_id}-{line}"

    # ---- what may be said ------------------------------------------------------------------------------------------

    def push(
        self, status: str, hours: float, shipment: str = "S1", package: str | None = "1", line: int = 1, **more: Any
    ) -> tuple[str, Observation]:
        body = {
            "orderId": self.number(line),
            "shipmentId": shipment,
            "packageId": package,
            "trackingId": f"TBA-{shipment}-{package or 1}",
            "deliveryStatus": status,
            "detailedTrackingStatus": "PACKAGE_LEFT_FROM_CARRIER_FACILITY - Kent",
            "eventTimeStampInEpochMillis": int(at(hours).timestamp() * 1000),
            **more,
        }
        return "push", observing.from_push(body)

    def details(
        self,
        hours: float,
        shipments: dict[str, dict[int, int]] | None = None,
        *,
        packages: int = 1,
        named: bool = True,
        promised: float = 72,
        rejected: dict[int, int] | None = None,
    ) -> tuple[str, Observation]:
        """`shipments` {name: {line: units}}; `named`: packages have their ids, not only tracking numbers."""
        said: list[Observation] = []
        units: list[Observation] = []
        for name, lines in (shipments or {}).items():
            for line, quantity in lines.items():
                units.append(
                    {
                        "amazon_order_id": self.number(line),
                        "shipment_id": name,
                        "line_number": line,
                        "quantity": quantity,
                    }
                )
            for package in range(1, packages + 1):
                one: Observation = {
                    "amazon_order_id": self.number(min(lines)),
                    "shipment_id": name,
                    "tracking": f"TBA-{name}-{package}",
                    "carrier": "UPS",
                    "status": "SHIPPED",
                    "promised_to": at(promised).isoformat(),
                }
                said.append(one | ({"package_id": str(package)} if named else {}))
        rows = self.world.owner.execute(
            "select line_number, quantity, rejected_quantity from orders.placement_line where redemption_id = %s",
            (self.redemption_id,),
        ).fetchall()
        lines_now = []
        for row in rows:
            gone = row["rejected_quantity"] + (rejected or {}).get(row["line_number"], 0)
            lines_now.append({"line_number": row["line_number"], "accepted": row["quantity"] - gone, "rejected": gone})
        return "details", {
            "external_id": str(self.redemption_id),
            "said_at": at(hours).isoformat(),
            "packages": said,
            "units": units,
            "lines": lines_now,
        }

    def tracking(
        self, status: str, hours: float, shipment: str = "S1", package: str = "1", line: int = 1, **more: Any
    ) -> tuple[str, Observation]:
        step = {"shipment_id": shipment, "package_id": package, "status": status, **more}
        observation = {"amazon_order_id": self.number(line), "said_at": at(hours).isoformat(), "packages": [step]}
        return "tracking", observation

    def report(self, hours: float, *, delivered: bool, shipment: str = "S1", line: int = 1) -> tuple[str, Observation]:
        """The shipment as a whole, without any package."""
        statuses = ["SHIPPED", "DELIVERED"] if delivered else ["SHIPPED"]
        return "report", {
            "amazon_order_id": self.number(line),
            "said_at": at(hours).isoformat(),
            "packages": [{"shipment_id": shipment, "status": status} for status in statuses],
        }

    # ---- hearing it ------------------------------------------------------------------------------------------------

    def hear(self, *observations: tuple[str, Observation]) -> list[str]:
        return [self.observe(source, observation).outcome for source, observation in observations]

    def observe(self, source: str, observation: Observation) -> Heard:
        return observing.observe(self.world.order_information, source, observation)

    def progress(self) -> dict[str, Any]:
        row = self.world.owner.execute("select orders.progress_of(1, %s) as told", (self.redemption_id,)).fetchone()
        assert row is not None
        told: dict[str, Any] = row["told"]
        del told["heard_at"]
        return told

    def package(self, position: int = 0) -> dict[str, Any]:
        packages = [one for shipment in self.progress()["shipments"] for one in shipment["packages"]]
        found: dict[str, Any] = packages[position]
        return found

    def told(self) -> list[str]:
        """What the member hears, in order."""
        rows = self.world.owner.execute(
            "select topic from outbox.event where subject = %s and topic like 'shipment.%%' order by lane",
            (self.redemption_id,),
        ).fetchall()
        return [row["topic"].removeprefix("shipment.") for row in rows]

    def told_by_parcel(self) -> dict[str, list[str]]:
        """By tracking number, whatever the parcel was called when it was told; what was told of a whole shipment was
        told of each of its parcels."""
        rows = self.world.owner.execute(
            "select topic, payload ->> 'shipment_key' as shipment, payload ->> 'package_key' as package"
            " from outbox.event where subject = %s and topic like 'shipment.%%' order by lane",
            (self.redemption_id,),
        ).fetchall()
        parcels = self.world.owner.execute(
            "select distinct shipment_id, package_id, tracking from orders.package_event"
            " where redemption_id = %s and tracking is not null",
            (self.redemption_id,),
        ).fetchall()
        told: dict[str, list[str]] = {}
        alone: set[str] = set()
        for row in rows:
            shipment = row["shipment"].rpartition("/")[2]
            names = {
                one["tracking"]
                for one in parcels
                if row["package"] == one["tracking"]
                or (row["package"] in (one["package_id"], "-") and shipment == (one["shipment_id"] or "-"))
            }
            if row["package"] == "-":
                # Nobody knew that a parcel told of before, without a shipment, was in this one.
                names = names - alone or {row["shipment"]}
            else:
                alone |= names
            for name in names or {f"{shipment} {row['package']}"}:
                told.setdefault(name, []).append(row["topic"].removeprefix("shipment."))
        return told

    def follow(self) -> dict[str, Any]:
        return self.world.row(self.redemption_id, "orders.follow")
