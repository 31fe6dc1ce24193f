"""An object of a panel in, its forecasts out: a line for each product and step."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import numpy as np

from containers.forecast.bundles import Bundle
from containers.forecast.ending import Unusable
from loyalty.demand.forecasting import Forecast, InvalidPanel, Model, Panel, panels
from loyalty.demand.forecasting.quantiles import Floats
from loyalty.demand.forecasting.steps import Step

# Step, periods ahead and periods of history beside them: four weeks by day, a quarter by week.
STEPS: tuple[tuple[Step, int, int], ...] = (("day", 28, 90), ("week", 13, 52))
QUANTILES = {"q05": 0.05, "q10": 0.1, "q25": 0.25, "q50": 0.5, "q75": 0.75, "q90": 0.9, "q95": 0.95}


def panel_of(bundle: Bundle) -> Panel:
    """As the science has it. Raises Unusable."""
    try:
        return panels.of_demand(bundle.demand, bundle.products, bundle.availability, bundle.plan.as_of)
    except InvalidPanel as error:
        raise Unusable(str(error)) from None


def forecasts(model: Model, body: bytes) -> Iterator[dict[str, Any]]:
    """Lines, all days before all weeks. Raises Unusable."""
    panel = panel_of(Bundle.unpacked(body))
    if not panel.unique_ids:
        return
    for step, periods, back in STEPS:
        made = model.forecast(panel, periods, step)
        past = (panel if step == "day" else panel.by_week()).y[:, -back:]
        for number, unique_id in enumerate(made.unique_ids):
            program, _, asin = unique_id.partition("/")
            yield {
                "program_id": int(program),
                "asin": asin,
                "period": step,
                "first_on": _date(made.first_on),
                **_numbers(made, number),
                **_history(past[number], made.first_on, step),
                "basis": made.basis[number],
            }


def _numbers(made: Forecast, number: int) -> dict[str, list[float]]:
    told = {"mean": _rounded(made.mean[number])}
    return told | {name: _rounded(made.quantiles[level][number]) for name, level in QUANTILES.items()}


def _history(past: Floats, first_on: np.datetime64, step: Step) -> dict[str, Any]:
    """Units from the first period of which anything is known; None: it could not be had."""
    known = np.flatnonzero(np.isfinite(past))
    units = past[known[0] :] if len(known) else past[:0]
    since = first_on - np.timedelta64(len(units), "W" if step == "week" else "D")
    told = [round(float(one), 3) if np.isfinite(one) else None for one in units]
    return {"history_from": _date(since) if told else None, "history": told}


def _rounded(values: Floats) -> list[float]:
    return [round(float(value), 4) for value in values]


def _date(day: np.datetime64) -> date:
    found = day.astype("datetime64[D]").item()
    assert isinstance(found, date)
    return found
