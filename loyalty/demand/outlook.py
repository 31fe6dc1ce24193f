"""Which products members will not be able to have in the next two weeks, why, until when, and how many go without.

A product cannot be had on a day when at noon it is out of stock, gone, delivered later than the programme wants, or
below the margin floor. docs/outlook.md says how good it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
from numpy.typing import NDArray

from loyalty.demand import running_out, stocked
from loyalty.demand.running_out import AHEAD, Model
from loyalty.demand.stocked import AVAILABLE, GONE, OUT_OF_STOCK, SLOW, STATES, Changes, Days, InvalidAvailability

__all__ = ["AHEAD", "InvalidAvailability", "Outlook", "Reorder", "learn", "outlooks"]

# So many products at once: what is kept of each day of them all fits in some hundred megabytes.
AT_ONCE = 4_000
# The range in which a product is back: from when one in ten says so, until nine in ten do.
EARLY, LATE = 0.9, 0.1


@dataclass(frozen=True, slots=True)
class Outlook:
    """One product's, as demand.outlook keeps it. `by_day`: the chance that it cannot be had, a day each from
    `first_on`; `probability`: on any of them. `back_from` None: nobody can say, or it is there."""

    program_id: int
    asin: str
    first_on: date
    probability: float
    by_day: list[float]
    cause: str
    is_out: bool
    back_from: date | None
    back_until: date | None
    members_disappointed: float
    evidence: dict[str, float]

    def line(self) -> dict[str, Any]:
        """For a line of JSON."""
        return {name: value.isoformat() if isinstance(value, date) else value for name, value in asdict(self).items()}


@dataclass(frozen=True, slots=True)
class Reorder:
    """Of a product that the programme keeps itself: units wanted until an order comes (mean), and how many have to be
    left when it is made."""

    lead_time_demand: float
    reorder_point: float


def learn(availability: pa.Table, as_of: date, slow_days: Mapping[int, int], *, seed: int = 0) -> Model:
    """What the past teaches, for several calls of `outlooks`. Raises InvalidAvailability."""
    return _learn(stocked.changes(availability, as_of, slow_days), as_of, seed)


def outlooks(
    availability: pa.Table,
    demand_mean_by_day: Mapping[tuple[int, str], Sequence[float]],
    as_of: date,
    slow_days: Mapping[int, int],
    *,
    own_stock: Mapping[tuple[int, str], Reorder] | None = None,
    model: Model | None = None,
    seed: int = 0,
) -> list[Outlook]:
    """Of every product that has a row up to `as_of`, by programme and product. `demand_mean_by_day`: units a day from
    the day after, by (program_id, asin), 14 or more; a product that is not there is asked for by nobody. `slow_days`:
    by programme. `own_stock`: goes into the evidence. `model` None: it learns first. Raises InvalidAvailability."""
    rows = stocked.changes(availability, as_of, slow_days)
    if not rows.keys:
        return []
    model = model or _learn(rows, as_of, seed)
    found: list[Outlook] = []
    for begin in range(0, len(rows.keys), AT_ONCE):
        some = np.arange(begin, min(begin + AT_ONCE, len(rows.keys)))
        found += _of_some(rows, some, stocked.days(rows, some, as_of), model, demand_mean_by_day)
    for one in found:
        if own := (own_stock or {}).get((one.program_id, one.asin)):
            one.evidence.update({name: _short(value) for name, value in asdict(own).items() if np.isfinite(value)})
    return found


def _learn(rows: Changes, as_of: date, seed: int) -> Model:
    count = len(rows.keys)
    some = np.arange(count)
    if count > AT_ONCE:
        some = np.sort(np.random.default_rng(seed).choice(count, AT_ONCE, replace=False)).astype(np.int64)
    return running_out.learn(stocked.days(rows, some, as_of), seed)


def _of_some(
    rows: Changes,
    some: NDArray[np.int64],
    days: Days,
    model: Model,
    demand: Mapping[tuple[int, str], Sequence[float]],
) -> list[Outlook]:
    by_day, any_day = running_out.chances(model, days)
    now, causes, evidence = days.night[:, -1], _causes(days), _evidence(days)
    first_on = days.as_of + timedelta(days=1)
    wanted = np.stack([_wanted(demand.get(rows.keys[place])) for place in some.tolist()])
    disappointed = (by_day * wanted).sum(axis=1)
    found = []
    for place, key in enumerate(some.tolist()):
        is_out = bool(now[place] > AVAILABLE)
        back = _back(by_day[place], first_on) if is_out and now[place] != GONE else (None, None)
        program_id, asin = rows.keys[key]
        found.append(
            Outlook(
                program_id=program_id, asin=asin, first_on=first_on, probability=_short(any_day[place]),
                by_day=[_short(one) for one in by_day[place]], cause=STATES[causes[place]], is_out=is_out,
                back_from=back[0], back_until=back[1], members_disappointed=_short(disappointed[place]),
                evidence=evidence[place],
            )
        )  # fmt: skip
    return found


def _wanted(told: Sequence[float] | None) -> NDArray[np.float64]:
    """Units a day, as many as are looked ahead; what is no number or below zero is nothing."""
    found = np.zeros(AHEAD)
    if told is not None:
        units = np.asarray(told[:AHEAD], dtype=np.float64)
        found[: len(units)] = np.where(np.isfinite(units) & (units > 0), np.minimum(units, 1e6), 0)
    return found


def _causes(days: Days) -> NDArray[np.int8]:
    """What it is now; of what can be had, what kept it off most in the past half year, most likely an empty shelf."""
    lately = days.noon[:, -180:]
    seen = np.stack([(lately == state).sum(axis=1) for state in range(SLOW, GONE + 1)], axis=1)
    usual = np.where(seen.any(axis=1), SLOW + seen.argmax(axis=1), OUT_OF_STOCK)
    now = days.night[:, -1]
    return np.where(now > AVAILABLE, now, usual).astype(np.int8)


def _evidence(days: Days) -> list[dict[str, float]]:
    """Numbers that speak for it, as far as they are known."""
    seen = running_out.habits(days)
    out = np.pad(days.noon > AVAILABLE, ((0, 0), (1, 1))).astype(np.int8)
    found = []
    for place in range(len(out)):
        edges = np.flatnonzero(np.diff(out[place]))
        lengths = edges[1::2] - edges[::2]
        quantity, went = float(seen.quantity[place, -1]), float(seen.gone_28[place, -1])
        numbers = {
            "quantity": quantity,
            "days_of_stock": quantity / went if went > 0 else np.nan,
            "delivery_days": float(seen.delivery[place, -1]),
            "outages_90_days": float(seen.outages_90[place, -1]),
            "median_outage_days": float(np.median(lengths)) if lengths.size else np.nan,
        }
        found.append({name: round(value, 2) for name, value in numbers.items() if np.isfinite(value)})
    return found


def _back(by_day: NDArray[np.float32], first_on: date) -> tuple[date | None, date | None]:
    """From when on it may be there again, and by when it very likely is; None: not within the days looked at."""
    early, late = np.flatnonzero(by_day <= EARLY), np.flatnonzero(by_day <= LATE)
    return (
        first_on + timedelta(days=int(early[0])) if early.size else None,
        first_on + timedelta(days=int(late[0])) if late.size else None,
    )


def _short(value: float | np.floating[Any]) -> float:
    return round(float(value), 4)
