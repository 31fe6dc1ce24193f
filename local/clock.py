"""The one control of time: it moves the database's clock and the simulators' together, forward only."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from local.connected import Connected

UNITS = ("seconds", "minutes", "hours", "days", "months")
LONGEST = 1_000


class ClockRefused(Exception):
    """Time goes forward, by a whole number of a known unit."""


@dataclass(frozen=True, slots=True)
class Clock:
    """`clock.json` holds the shift in force and, to read old times, every shift there was and since when."""

    cloud: Connected

    @property
    def _file(self) -> Path:
        return self.cloud.state / "clock.json"

    def shift(self) -> timedelta:
        """How far the cloud is ahead of the machine."""
        return timedelta(seconds=float(_read(self._file)["shift_seconds"]))

    def now(self) -> datetime:
        """What the cloud thinks it is."""
        return datetime.now(UTC) + self.shift()

    def advance(self, amount: int, unit: str) -> timedelta:
        """Move on by `amount` units, months as the calendar has them; the whole shift. Raises ClockRefused."""
        if unit not in UNITS or not 0 < amount <= LONGEST:
            raise ClockRefused(f"by 1 to {LONGEST} of {', '.join(UNITS)}")
        with self.cloud.query() as connection, connection.transaction():
            row = connection.execute(
                "update clock.setting set shift = transaction_timestamp() + shift + %s::interval"
                " - transaction_timestamp() returning extract(epoch from shift) as seconds",
                (f"{amount} {unit}",),
            ).fetchone()
            assert row is not None
            self._write(float(row["seconds"]))
        with self.cloud.query() as connection:
            # New months need their partitions of the journal before anything is written in them.
            connection.execute("call points.ensure_partitions()")
        return self.shift()

    def machine_time(self, shown: datetime) -> datetime:
        """When, by the machine's clock, the cloud's clock showed `shown`."""
        found = 0.0
        for since, seconds in _read(self._file).get("history", []):
            if shown.timestamp() >= since + seconds:
                found = seconds
        return shown - timedelta(seconds=found)

    def shown_time(self, machine: datetime) -> datetime:
        """What the cloud's clock showed when the machine's showed `machine`."""
        found = 0.0
        for since, seconds in _read(self._file).get("history", []):
            if machine.timestamp() >= since:
                found = seconds
        return machine + timedelta(seconds=found)

    def _write(self, seconds: float) -> None:
        history = _read(self._file).get("history", [])
        changed = {"shift_seconds": seconds, "history": [*history, [time.time(), seconds]]}
        growing = self._file.with_suffix(".new")
        growing.write_text(json.dumps(changed))
        growing.replace(self._file)


def _read(file: Path) -> dict[str, Any]:
    if not file.exists():
        return {"shift_seconds": 0}
    read: dict[str, Any] = json.loads(file.read_text())
    return read
