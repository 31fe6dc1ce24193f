"""Switching a feature off, on, or to a share of the members: a version of its own, published at once with who and why.

Rolling the document back leaves the switches as they are; a switch is put back by switching it again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from loyalty.database import Connection
from loyalty.programme import publishing, reading
from loyalty.programme.document import Programme
from loyalty.programme.schema.features import Features, Rollout, Switch
from loyalty.refusal import Kind, Refusal

# How many versions are told that switched something.
TOLD = 20


@dataclass(frozen=True, slots=True)
class State:
    """`share_percent` None: it is for everybody or for nobody."""

    feature: str
    on: bool
    share_percent: int | None


@dataclass(frozen=True, slots=True)
class Switched:
    """What a version changed of a switch, and who published it and why."""

    version: int
    at: datetime
    by: str
    why: str
    before: State
    after: State


def states(connection: Connection, program_id: int) -> list[State]:
    """Every switch as it stands."""
    return list(_states(reading.current(connection, program_id).document.features))


def switch(
    connection: Connection,
    program_id: int,
    feature: str,
    *,
    on: bool,
    share_percent: int | None,
    actor: str,
    why: str,
    seen: tuple[bool, int | None] | None = None,
) -> int:
    """Do it and answer the version that says so. `seen`: on and share as whoever switches saw them. Raises Refusal: not
    found; invalid where there is no share; conflict `switched-meanwhile` (it is not as it was seen), `nothing-changed`,
    `stale-version`."""
    if feature not in Features.model_fields:
        raise Refusal(Kind.NOT_FOUND, "no-such-feature", "There is no such switch.", field="feature")

    def changed(document: Programme) -> Programme:
        was: Switch = getattr(document.features, feature)
        if seen is not None and seen != _stands(was):
            raise Refusal(
                Kind.CONFLICT,
                "switched-meanwhile",
                "Somebody has switched this meanwhile: look at it again.",
                field="on",
            )
        update: dict[str, object] = {"on": on}
        if share_percent is not None:
            if not isinstance(was, Rollout):
                raise Refusal(
                    Kind.INVALID, "invalid", "This one is for everybody or for nobody.", field="share_percent"
                )
            update["share_percent"] = share_percent
        features = document.features.model_copy(update={feature: was.model_copy(update=update)})
        return document.model_copy(update={"features": features})

    return publishing.change(connection, program_id, changed, actor, why)


def history(connection: Connection, program_id: int) -> list[Switched]:
    """The last switchings, newest first."""
    rows = connection.execute("select * from programme.switched(%s, %s)", (program_id, TOLD)).fetchall()
    told: list[Switched] = []
    for row in rows:
        was, became = (Features.model_validate(row[name] or {}, strict=False) for name in ("was", "became"))
        for before, after in zip(_states(was), _states(became), strict=True):
            if before != after:
                told.append(
                    Switched(row["version"], row["published_at"], row["published_by"], row["why"], before, after)
                )
    return told


def _states(features: Features) -> Iterator[State]:
    for name in Features.model_fields:
        yield State(name, *_stands(getattr(features, name)))


def _stands(one: Switch) -> tuple[bool, int | None]:
    return one.on, one.share_percent if isinstance(one, Rollout) else None
