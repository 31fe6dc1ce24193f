"""One model of all series: gradient boosted trees of what is known at an origin, for every step at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import lightgbm
import numpy as np
from numpy.typing import NDArray

from loyalty.demand.forecasting.features import Features
from loyalty.demand.forecasting.quantiles import LEVELS, Floats

MOST_ROWS = 120_000
MOST_ORIGINS = 40
# Values of all series together: fewer teach nothing that their statistics do not say.
FEWEST_KNOWN = 300
# Quantiles are learned of every second row: seven of them are most of the work.
MEAN_ROUNDS, QUANTILE_ROUNDS = 300, 100
SETTINGS = {
    "learning_rate": 0.04,
    "num_leaves": 31,
    "min_data_in_leaf": 50,
    "feature_fraction": 0.6,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "lambda_l2": 2.0,
    "max_bin": 63,
    "verbose": -1,
    "num_threads": 1,
    "deterministic": True,
    "force_col_wise": True,
}


@dataclass(frozen=True)
class Learner:
    """`means`: models of the mean, averaged; `quantiles`: a model each of LEVELS. All tell shares of a series'
    scale."""

    means: list[lightgbm.Booster]
    quantiles: list[lightgbm.Booster]
    names: list[str] = field(default_factory=list)

    def told(self, features: Features, t: int, steps: int, horizon: int) -> tuple[Floats, Floats]:
        """Mean [series, steps] and quantiles [series, steps, levels] from origin t. Steps beyond the horizon that was
        learned are told as its last is, at their own time of the year."""
        scale = features.scale(t)
        mean = np.zeros((len(scale), steps))
        quantiles = np.zeros((len(scale), steps, len(LEVELS)))
        for at, rows in enumerate(features.at(t, list(range(1, steps + 1)))):
            rows = self._as_learned(rows, features.names)
            if at >= horizon:
                rows[:, self.names.index("step")] = horizon
            mean[:, at] = np.mean([model.predict(rows) for model in self.means], axis=0) * scale
            for level, model in enumerate(self.quantiles):
                quantiles[:, at, level] = model.predict(rows) * scale
        return mean, quantiles

    def _as_learned(self, rows: NDArray[np.float32], names: list[str]) -> NDArray[np.float32]:
        """The columns that were learned, by name: a shorter panel has fewer."""
        if names == self.names:
            return rows
        found = np.full((len(rows), len(self.names)), np.nan, dtype=np.float32)
        for at, name in enumerate(self.names):
            if name in names:
                found[:, at] = rows[:, names.index(name)]
        return found

    def save(self, folder: Path) -> None:
        for number, model in enumerate(self.means):
            model.save_model(str(folder / f"mean_{number}.txt"))
        for number, model in enumerate(self.quantiles):
            model.save_model(str(folder / f"quantile_{number}.txt"))

    @classmethod
    def load(cls, folder: Path, names: list[str]) -> Learner:
        return cls(list(_boosters(folder, "mean")), list(_boosters(folder, "quantile")), names)


def _boosters(folder: Path, name: str) -> Iterator[lightgbm.Booster]:
    number = 0
    while (path := folder / f"{name}_{number}.txt").exists():
        yield lightgbm.Booster(model_file=str(path))
        number += 1


def fit(features: Features, until: int, horizon: int, seed: int, *, means: int = 2) -> Learner | None:
    """Learns of periods before `until` alone. None where there is too little to learn from."""
    if np.isfinite(features.panel.y[:, :until]).sum() < FEWEST_KNOWN:
        return None
    rows = _rows(features, until, horizon, seed)
    if rows is None:
        return None
    inputs, targets, weights = rows
    static = len(features.panel.static_names)
    categorical = list(range(inputs.shape[1] - static, inputs.shape[1]))
    kind = features.panel.kind
    settings = SETTINGS | {"min_data_in_leaf": int(np.clip(len(targets) // 400, 5, 50))}
    data = _data(inputs, targets, weights, categorical)
    half = _data(inputs[::2], targets[::2], weights[::2], categorical) if len(targets) > MOST_ROWS // 2 else data
    objective = {"objective": "l2"} if kind == "signed" else {"objective": "tweedie", "tweedie_variance_power": 1.3}
    # Little data says all it has to say in few rounds.
    share = float(np.clip(len(targets) / 20_000, 0.1, 1.0))
    rounds, quantile_rounds = round(MEAN_ROUNDS * share), round(QUANTILE_ROUNDS * share)
    models = [lightgbm.train({**settings, **objective, "seed": seed + number}, data, rounds) for number in range(means)]
    quantile = {**settings, "objective": "quantile", "learning_rate": 0.08, "seed": seed}
    quantiles = [lightgbm.train({**quantile, "alpha": level}, half, quantile_rounds) for level in LEVELS]
    return Learner(models, quantiles, list(features.names))


def _data(inputs: Floats, targets: Floats, weights: Floats, categorical: list[int]) -> lightgbm.Dataset:
    return lightgbm.Dataset(
        inputs, targets, weight=weights, categorical_feature=categorical, free_raw_data=False,
        params={"max_bin": SETTINGS["max_bin"], "verbose": -1, "num_threads": 1},
    )  # fmt: skip


def _rows(features: Features, until: int, horizon: int, seed: int) -> tuple[Floats, Floats, Floats] | None:
    """Inputs, targets by scale, and weights, of origins from long ago to lately. Of each origin some steps, of
    each step some series, so that no panel is too large."""
    rng = np.random.default_rng(seed)
    rhythm, y = features.panel.rhythm, features.panel.y
    first = min(max(rhythm.windows[1], rhythm.lags + 1), max(2, until // 2))
    origins = _origins(first, until - 1, horizon)
    if not origins:
        return None
    steps = np.arange(1, horizon + 1)
    per_origin = max(1, int(np.ceil(MOST_ROWS / len(origins) / max(len(y), 1))))
    inputs, targets, weights = [], [], []
    for t in origins:
        possible = steps[t + steps - 1 < until]
        chosen = possible[np.sort(rng.permutation(len(possible))[:per_origin])].tolist()
        scale = features.scale(t)
        for k, rows in zip(chosen, features.at(t, chosen), strict=True):
            known = np.isfinite(y[:, t + k - 1]) & (features.began <= t)
            some = np.flatnonzero(known)
            most = max(1, MOST_ROWS // len(origins) // len(chosen))
            if len(some) > most:
                some = np.sort(rng.choice(some, most, replace=False))
            inputs.append(rows[some])
            targets.append(y[some, t + k - 1] / scale[some])
            weights.append(scale[some])
    found = np.concatenate(targets) if targets else np.zeros(0)
    if len(found) < 60 or float(found.min()) == float(found.max()):
        return None
    every = np.concatenate(weights)
    # No single period may pull everything to itself.
    most_of_all = max(float(np.quantile(found, 0.9999)), 30.0)
    return np.concatenate(inputs), np.clip(found, -most_of_all, most_of_all), every / every.mean()


def _origins(first: int, last: int, horizon: int) -> list[int]:
    """Half of them lately and close together, half spread over all that is known."""
    if last < first:
        return []
    everything = last - first + 1
    if everything <= MOST_ORIGINS:
        return list(range(first, last + 1))
    stride = max(1, min(horizon // 5, everything // MOST_ORIGINS))
    lately = range(last, max(first, last - stride * (MOST_ORIGINS // 2)) - 1, -stride)
    spread = np.linspace(first, last, MOST_ORIGINS // 2).astype(int).tolist()
    return sorted({*lately, *spread})
