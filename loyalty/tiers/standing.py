"""Where members stand: their level, why and until when, and how far it is to the next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from loyalty.database import Connection
from loyalty.programme.document import Programme
from loyalty.programme.schema.tiers import Tier


@dataclass(frozen=True, slots=True)
class Standing:
    """A member's level. Days are the last ones; `until` None: for ever. `source` earned, registered, stepped_down,
    granted or start; `units` are those of the period; `secured`: it is kept beyond this period whatever is bought."""

    tier: str
    source: str
    since: datetime
    until: date | None
    reason_code: str | None
    unit: str
    period_from: date
    period_until: date
    units: int
    secured: bool


@dataclass(frozen=True, slots=True)
class Progress:
    """`units_to_go` to `next` (None at the last level); `units_to_keep` (None: nothing is at stake in this period)."""

    next: Tier | None
    units_to_go: int | None
    units_to_keep: int | None


@dataclass(frozen=True, slots=True)
class Period:
    """The counter of a period, and the level reached in it, if any above the first."""

    period_from: date
    period_until: date
    base_points: int
    spend_minor: int
    units: int
    reached: str | None


@dataclass(frozen=True, slots=True)
class Change:
    """A change of level. `direction` up, down or same (the level was taken off the programme)."""

    change_id: UUID
    from_tier: str
    to_tier: str
    direction: str
    cause: str
    until: date | None
    reason_code: str | None
    actor: str
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Share:
    """How many members have a level, and how many of them have nine tenths of what the next one takes."""

    tier: str
    members: int
    near_next: int


@dataclass(frozen=True, slots=True)
class Near:
    """A member near the next level."""

    member_number: str
    tier: str
    next_tier: str
    units: int
    units_to_go: int


def of_member(connection: Connection, program_id: int, member_id: int) -> Standing:
    """A member's level as it stands."""
    row = connection.execute("select * from tiers.of_member(%s, %s)", (program_id, member_id)).fetchone()
    assert row is not None, "a member of no programme"
    return Standing(**row)


def progress(document: Programme, standing: Standing) -> Progress:
    """What is missing for the next level, and for keeping this one."""
    levels = document.tiers.levels
    rank = next((place for place, level in enumerate(levels) if level.code == standing.tier), 0)
    following = levels[rank + 1] if rank + 1 < len(levels) else None
    to_keep = None
    if not standing.secured and rank:
        to_keep = max(levels[rank].qualifying_units - standing.units, 0)
    # A counter that returns have brought below what was reached never says less than one to go.
    to_go = None if following is None else max(following.qualifying_units - standing.units, 1)
    return Progress(following, to_go, to_keep)


def periods(connection: Connection, program_id: int, member_id: int, most: int = 12) -> list[Period]:
    """The counter by period, newest first."""
    rows = connection.execute("select * from tiers.periods(%s, %s, %s)", (program_id, member_id, most)).fetchall()
    return [Period(**row) for row in rows]


def changes(connection: Connection, program_id: int, member_id: int, most: int = 50) -> list[Change]:
    """How the level came to be, newest first."""
    rows = connection.execute("select * from tiers.changes(%s, %s, %s)", (program_id, member_id, most)).fetchall()
    return [Change(**row) for row in rows]


def distribution(connection: Connection, program_id: int) -> list[Share]:
    """Members by level, from low to high."""
    rows = connection.execute("select * from tiers.distribution(%s)", (program_id,)).fetchall()
    return [Share(**row) for row in rows]


def nearest(connection: Connection, program_id: int, most: int) -> list[Near]:
    """Members near the next level, those with the least to go first."""
    rows = connection.execute("select * from tiers.nearest(%s, %s)", (program_id, most)).fetchall()
    return [Near(**row) for row in rows]


def grants(connection: Connection, program_id: int, member_id: int) -> list[dict[str, Any]]:
    """What staff gave, newest first: `state` active, ended or withdrawn."""
    return connection.execute("select * from tiers.grants(%s, %s)", (program_id, member_id)).fetchall()
