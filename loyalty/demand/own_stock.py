"""Products that the programme keeps itself: how many have to be left when an order is made.

Of all others a programme owns no stock, and nothing is reordered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]

from loyalty.demand.forecasting import panels, stock
from loyalty.demand.outlook import Reorder

type Key = tuple[int, str]


@dataclass(frozen=True, slots=True)
class Kept:
    """As the programme's document has it (catalogue.own_stock): what is ordered comes after so many days, and until
    then there is enough in so many cases of a hundred."""

    lead_days: int
    service_percent: int


def reorders(
    demand: pa.Table,
    products: pa.Table,
    availability: pa.Table | None,
    as_of: date,
    kept: Mapping[Key, Kept],
    demand_mean_by_day: Mapping[Key, Sequence[float]],
) -> dict[Key, Reorder]:
    """Of each product that is kept and known. The whole programmes' tables: what one sells teaches of another.

    Demand until an order comes is learned as one sum (forecasting/stock.py). `demand_mean_by_day`: units a day from the
    day after `as_of`; a lead that is longer goes on as they do.
    """
    if not kept or demand.num_rows == 0 or products.num_rows == 0:
        return {}
    panel = panels.of_demand(demand, products, availability, as_of)
    place = {series: number for number, series in enumerate(panel.unique_ids)}
    found: dict[Key, Reorder] = {}
    for wanted in sorted({(one.lead_days, one.service_percent) for one in kept.values()}):
        levels = stock.reorder_levels(None, panel, wanted[0], wanted[1] / 100)
        for key, one in kept.items():
            number = place.get(f"{key[0]}/{key[1]}")
            if number is not None and (one.lead_days, one.service_percent) == wanted:
                mean = _until(demand_mean_by_day.get(key, ()), one.lead_days)
                found[key] = Reorder(mean, max(float(levels[number]), mean))
    return found


def _until(told: Sequence[float], days: int) -> float:
    units = np.nan_to_num(np.asarray(told[:days], dtype=np.float64), posinf=0, neginf=0).clip(0)
    return float(units.sum() * days / len(units)) if len(units) else 0.0
