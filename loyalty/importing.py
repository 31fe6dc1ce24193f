"""What every imported file has in common: counts, rejected lines with reasons, where to go on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol


class Rejects(Protocol):
    """Takes every rejected line: its number (the header is 1), an id that is not personal or "", a reason."""

    def __call__(self, line: int, subject: str, reason: str, /) -> None: ...


type OutOfTime = Callable[[], bool]


@dataclass(slots=True)
class Progress:
    """How far an import is. `offset` is the byte where the next run begins, `line` the last line before it.

    accepted + replayed + rejected = lines (without the header and empty lines). `records` counts what the lines make:
    baskets or members.
    """

    offset: int = 0
    line: int = 0
    columns: int = 0
    lines: int = 0
    accepted: int = 0
    replayed: int = 0
    rejected: int = 0
    records_accepted: int = 0
    records_replayed: int = 0
    records_rejected: int = 0
    points: int = 0
    bonus_points: int = 0
    reasons: dict[str, int] = field(default_factory=dict)

    def reject(self, reason: str, lines: int = 1) -> None:
        """Count rejected lines."""
        self.rejected += lines
        self.reasons[reason] = self.reasons.get(reason, 0) + lines

    def as_json(self) -> dict[str, Any]:
        """For the report, and for the next run."""
        return asdict(self)


class NotThisFile(Exception):
    """The file as a whole cannot be imported; the message says why and quotes nothing of it."""
