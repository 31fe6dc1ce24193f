"""Three minutes at Amazon's real pace, then a day in the queue: what must be seen in both."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from load.book import Place
from load.place import REAL_BURST, REAL_PACE
from local.clock import Clock
from local.connected import Connected

SWEEP_SECONDS = 30.0
# A hold lapses two days after its redemption and is extended when less than a day is left.
DAY_HOURS = 26
# How far a promised wait may be from the arithmetic of the place in the queue: the bucket holds ten orders, a look-up
# may have taken a token, and a second passes between two looks.
WAIT_TOLERANCE_SECONDS = REAL_BURST / REAL_PACE + 10


@dataclass
class Queue:
    """`lengths`: (seconds, orders that wait); `wrong` says what was not as it must be."""

    lengths: list[tuple[float, int]] = field(default_factory=list)
    sent: int = 0
    seconds: float = 0.0
    told: int = 0
    longest_told_seconds: int = 0
    extended: int = 0
    wrong: list[str] = field(default_factory=list)
    _began: float = 0.0
    _sent_before: int = 0

    def begin(self, cloud: Connected) -> None:
        """The real pace is in force."""
        self._began = time.monotonic()
        self._sent_before = _sent(cloud)

    def sample(self, cloud: Connected) -> int:
        """How many orders wait now."""
        length = _scalar(cloud, "select count(*) from orders.placement where state = 'queued'")
        self.lengths.append((time.monotonic() - self._began, length))
        return length

    def end(self, cloud: Connected, places: list[Place]) -> None:
        """It grew, no faster than the pace went anything, and everybody who looked was told a place that agrees."""
        self.seconds = time.monotonic() - self._began
        self.sent = _sent(cloud) - self._sent_before
        allowed = REAL_PACE * self.seconds + REAL_BURST + 1
        if self.sent > allowed:
            self.wrong.append(f"{self.sent} orders left in {self.seconds:.0f} s, {allowed:.0f} may")
        thirds = [length for _, length in self.lengths[:: max(1, len(self.lengths) // 3)]]
        if len(thirds) < 3 or sorted(thirds) != thirds or thirds[-1] - thirds[0] < REAL_BURST:
            self.wrong.append(f"the queue did not grow: {[length for _, length in self.lengths]}")
        waits = [place for place in places if place.expected_wait_seconds is not None]
        self.told = len(waits)
        self.longest_told_seconds = max((place.expected_wait_seconds or 0 for place in waits), default=0)
        if not waits:
            self.wrong.append("nobody was told how long it takes")
        off = [
            place for place in waits if abs((place.expected_wait_seconds or 0) - _due(place)) > WAIT_TOLERANCE_SECONDS
        ]
        if off:
            self.wrong.append(f"{len(off)} of {len(waits)} waits do not fit their place, e.g. {off[0]}")

    def a_day_later(self, cloud: Connected) -> None:
        """Nobody is served for a day: the clock is turned. The sweeper must extend the hold of whatever still waits."""
        waiting = _waiting(cloud)
        Clock(cloud).advance(DAY_HOURS, "hours")
        end = time.monotonic() + SWEEP_SECONDS
        cloud.client("lambda").invoke(
            FunctionName=cloud.outputs["SweeperFunctionName"], Payload=b'{"rules": ["extend_leases"]}'
        )
        while True:
            leases = _leases(cloud, list(waiting))
            late = [key for key, lease in leases.items() if lease["days"] < 1 or lease["hold_days"] < 1]
            if not late or time.monotonic() > end:
                break
            cloud.client("lambda").invoke(
                FunctionName=cloud.outputs["SweeperFunctionName"], Payload=b'{"rules": ["extend_leases"]}'
            )
        self.extended = sum(lease["days"] > 2 for lease in leases.values())
        if late:
            self.wrong.append(f"{len(late)} of {len(waiting)} holds were not extended, e.g. {late[0]}")
        if waiting and not self.extended:
            self.wrong.append(f"{len(waiting)} orders wait and no hold was extended")


def _due(place: Place) -> float:
    return (place.orders_ahead + 1) / REAL_PACE


def _waiting(cloud: Connected) -> set[str]:
    with cloud.query() as connection:
        rows = connection.execute(
            "select redemption_id::text as key from orders.placement where state = 'queued'"
        ).fetchall()
    return {row["key"] for row in rows}


def _leases(cloud: Connected, keys: list[str]) -> dict[str, dict[str, Any]]:
    """Days left of the redemption's and of the ledger's hold, of those that have not gone on meanwhile."""
    with cloud.query() as connection:
        rows = connection.execute(
            "select r.redemption_id::text as key,"
            " extract(epoch from r.lease_until - clock.now()) / 86400 as days,"
            " coalesce(extract(epoch from h.lease_until - clock.now()) / 86400, 99) as hold_days"
            " from redemptions.redemption r"
            " left join points.hold h on h.program_id = r.program_id and h.member_id = r.member_id"
            " and h.hold_id = r.redemption_id"
            " where r.state = 'ordering' and r.redemption_id = any (%s::uuid[])",
            (keys,),
        ).fetchall()
    return {row["key"]: row for row in rows}


def _sent(cloud: Connected) -> int:
    return _scalar(cloud, "select coalesce(sum(sends), 0) from orders.placement")


def _scalar(cloud: Connected, statement: str) -> int:
    with cloud.query() as connection:
        row = connection.execute(statement.encode()).fetchone()
    assert row is not None
    return int(next(iter(row.values())))
