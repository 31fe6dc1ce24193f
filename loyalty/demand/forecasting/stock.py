"""How much of a product should lie on the shelf: what is asked for while more is under way, told as one sum."""

from __future__ import annotations

import lightgbm
import numpy as np

from loyalty.demand.forecasting.features import Features
from loyalty.demand.forecasting.learner import MOST_ROWS, SETTINGS
from loyalty.demand.forecasting.panels import Panel
from loyalty.demand.forecasting.quantiles import Floats
from loyalty.demand.forecasting.training import Model, train


def reorder_levels(
    model: Model | None, panel: Panel, lead_periods: int, level: float = 0.95, *, seed: int = 0
) -> Floats:
    """[series]: units that last through `lead_periods` of the panel's step with probability `level`, whole ones
    for counts. A sum's quantile is not the sum of quantiles: it is learned of the panel's own past sums. Where
    there are too few of them the quantiles of `model` are added as if each period were by itself. Raises ValueError
    for a level or lead outside (0, 1) or below 1."""
    if not 0 < level < 1 or lead_periods < 1:
        raise ValueError("a level within 0 and 1, and a lead of at least one period")
    found = _learned(panel, lead_periods, level, seed)
    if found is None:
        found = _added(model, panel, lead_periods, level)
    found = np.maximum(np.nan_to_num(found), 0)
    return np.ceil(found - 1e-9) if panel.kind == "count" else found


def _added(model: Model | None, panel: Panel, lead: int, level: float) -> Floats:
    from scipy.stats import norm

    told = (model or train(panel, horizons={panel.step: lead})).forecast(panel, lead, panel.step)
    deviation = np.maximum(told.quantiles[0.9] - told.quantiles[0.5], 0) / 1.2816
    return np.asarray(told.mean.sum(axis=1) + norm.ppf(level) * np.sqrt((deviation**2).sum(axis=1)))


def _inputs(features: Features, t: int, lead: int) -> Floats:
    """What is known of the first, the middle and the last period of the lead."""
    steps = sorted({1, (lead + 1) // 2, lead})
    return np.concatenate(features.at(t, steps), axis=1)


def _learned(panel: Panel, lead: int, level: float, seed: int) -> Floats | None:
    features = Features(panel)
    first = max(panel.rhythm.windows[1], panel.rhythm.lags + 1)
    last = panel.periods - lead
    if last - first < 8:
        return None
    many = min(last - first + 1, 30, max(8, MOST_ROWS // len(panel.y)))
    origins = np.unique(np.linspace(first, last, many).astype(int)).tolist()
    inputs, targets, weights = [], [], []
    for t in origins:
        sums = panel.y[:, t : t + lead].sum(axis=1)
        known = np.isfinite(sums) & (features.began <= t)
        scale = features.scale(t)[known] * lead
        inputs.append(_inputs(features, t, lead)[known])
        targets.append(sums[known] / scale)
        weights.append(scale)
    target = np.concatenate(targets)
    if len(target) < 200:
        return None
    settings = SETTINGS | {"objective": "quantile", "alpha": level, "learning_rate": 0.05, "seed": seed}
    data = lightgbm.Dataset(
        np.concatenate(inputs), target, weight=np.concatenate(weights), params={"max_bin": 63, "verbose": -1}
    )
    booster = lightgbm.train(settings, data, 220)
    return np.asarray(booster.predict(_inputs(features, panel.periods, lead)) * features.scale(panel.periods) * lead)
