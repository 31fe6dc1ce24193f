"""Models of demand: which one forecasts, which were not good enough, and back to one that was."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from loyalty.database import Connection
from loyalty.refusal import Kind, Refusal


@dataclass(frozen=True, slots=True)
class Current:
    """The model that forecasts. `artefact`: where its files are; `days_old`: since it was trained, or brought
    back."""

    version: str
    artefact: str
    measured: Mapping[str, Any]
    days_old: float


@dataclass(frozen=True, slots=True)
class Decision:
    """`reason`: why it was refused, in words; None when it was not."""

    promoted: bool
    reason: str | None


def current(connection: Connection) -> Current | None:
    """None while there is none."""
    row = connection.execute("select * from demand.current_model()").fetchone()
    return Current(**row) if row else None


def decide(
    connection: Connection, version: str, artefact: str, measured: Mapping[str, float], tolerance_percent: float
) -> Decision:
    """Promote or refuse a trained model; a decision stands, however often it is asked for."""
    numbers = {name: value for name, value in measured.items() if math.isfinite(value)}
    row = connection.execute(
        "select * from demand.decide_model(%s, %s, %s::jsonb, %s)",
        (version, artefact, json.dumps(numbers), float(tolerance_percent)),
    ).fetchone()
    assert row is not None
    return Decision(row["state"] == "current", row["reason"])


def name_package(connection: Connection, version: str, package: str) -> None:
    """What the registry calls this version."""
    connection.execute("select demand.name_package(%s, %s)", (version, package))


def restore(connection: Connection, version: str, actor: str) -> None:
    """Forecast by an earlier model from the next night on; the current one again changes nothing.

    Raises Refusal: not found, or conflict (it was refused when it was trained).
    """
    row = connection.execute("select demand.restore_model(%s, %s) as outcome", (version, actor)).fetchone()
    assert row is not None
    if row["outcome"] == "unknown":
        raise Refusal(Kind.NOT_FOUND, "no-such-model", "There is no such model.", field="version")
    if row["outcome"] == "refused":
        raise Refusal(Kind.CONFLICT, "model-refused", "This model was not good enough when it was trained.")
