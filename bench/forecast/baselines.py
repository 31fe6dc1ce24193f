"""What the field does without learning across series: seasonal naive, and the statistical models of statsforecast."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from loyalty.demand.forecasting import LEVELS, Panel, statistical
from loyalty.demand.forecasting.quantiles import Floats, around, in_order

# Series shorter than this, or than two seasons, get noughts before them: some models refuse to look at less.
FEWEST = 30


@dataclass(frozen=True)
class Told:
    """`name` of the model; "native" are its own intervals, else counts (or amounts) are spread about its mean as
    ours are. `quantiles` [series, steps, levels]."""

    name: str
    quantiles: Floats


def season_of(panel: Panel) -> int:
    """A week of days, a day of hours, a year of what has been seen for two years; else 1: the last value."""
    season = panel.rhythm.season or panel.rhythm.year
    return season if season and panel.step != "number" and panel.periods >= 2 * season + 8 else 1


def told(panel: Panel, recorded: Floats, steps: int) -> Iterator[Told]:
    """The first is SeasonalNaive with its own intervals. `recorded` [series, periods] is what they see: what was
    booked, nought on days of an empty shelf."""
    os.environ.setdefault("NIXTLA_ID_AS_COL", "1")
    import pandas
    from statsforecast import StatsForecast, models

    season = season_of(panel)
    table = pandas.DataFrame(_rows(panel, recorded))
    spread = statistical.spread(panel, panel.kind)[:, None]
    naive = models.SeasonalNaive(season_length=season) if season > 1 else models.Naive()
    flat = [models.WindowAverage(window_size=28 if panel.step == "day" else 8)]
    if panel.kind != "signed":
        # Of demand now and then; below nought they know none, and stop.
        flat += [models.CrostonSBA(), models.TSB(0.1, 0.1), models.ADIDA(), models.IMAPA()]
    # A season of 52 is beyond AutoETS (it takes 24 at most) and beyond patience.
    short = season if season <= 24 else 1
    for model in [naive, *flat, models.AutoETS(season_length=short), models.AutoTheta(season_length=short)]:
        levels = None if model in flat else [50, 80, 90]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = StatsForecast(models=[model], freq=1, n_jobs=1).forecast(df=table, h=steps, level=levels)
        found = found.sort_values(["unique_id", "ds"])
        name, shape = str(model), (len(panel.unique_ids), steps)
        if levels:
            columns = [f"{name}-lo-90", f"{name}-lo-80", f"{name}-lo-50", name]
            columns += [f"{name}-hi-50", f"{name}-hi-80", f"{name}-hi-90"]
            native = np.stack([found[column].to_numpy().reshape(shape) for column in columns], axis=2)
            yield Told("SeasonalNaive" if model is naive else f"{name} native", in_order(native, panel.kind))
        mean = found[name].to_numpy().reshape(shape)
        if model is not naive:
            yield Told(name, in_order(around(mean, spread, panel.kind, LEVELS), panel.kind))


def _rows(panel: Panel, recorded: Floats) -> dict[str, Floats]:
    known = np.isfinite(recorded)
    fewest = max(FEWEST, 2 * season_of(panel) + 2)
    began = np.minimum(np.where(known.any(axis=1), known.argmax(axis=1), panel.periods), max(0, panel.periods - fewest))
    of, at = np.nonzero(np.arange(panel.periods) >= began[:, None])
    return {"unique_id": of, "ds": at + 1, "y": np.nan_to_num(recorded)[of, at]}
