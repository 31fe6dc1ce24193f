"""Learning from a panel, and telling what comes after one: the learner and the statistics, blended by how they
did on the panel's own past and held to what was true there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from loyalty.demand.forecasting import blending, learner, statistical
from loyalty.demand.forecasting.blending import Blend
from loyalty.demand.forecasting.features import Features
from loyalty.demand.forecasting.learner import Learner
from loyalty.demand.forecasting.panels import Panel
from loyalty.demand.forecasting.quantiles import LEVELS, Floats, Kind, coverage, in_order, wql
from loyalty.demand.forecasting.steps import RHYTHMS, Step, dates

# Of its own past: fewer and a series is told by its neighbours.
ENOUGH_PERIODS = 4
MOST_AHEAD = 400


@dataclass(frozen=True)
class Forecast:
    """`mean` [series, periods] and `quantiles` by level, each [series, periods], from `first_on` on. `basis`:
    model, category (too young for one) or nothing (nobody ever asked for it)."""

    unique_ids: tuple[str, ...]
    first_on: np.datetime64
    mean: Floats
    quantiles: Mapping[float, Floats]
    basis: tuple[str, ...]


@dataclass(frozen=True)
class Part:
    """What was learned of periods of one length. `learner` None: too little was there."""

    step: Step
    horizon: int
    kind: Kind
    learner: Learner | None
    blend: Blend
    known_names: tuple[str, ...]
    static_names: tuple[str, ...]
    vocabulary: tuple[tuple[str, ...], ...]

    def told(self, panel: Panel, steps: int) -> tuple[Floats, Floats]:
        """Mean and quantiles [series, steps(, levels)] after the panel's end."""
        panel = self._as_learned(panel)
        found = components(panel, self.learner, self.horizon, steps, self.kind)
        return self.blend.mean(found), in_order(self.blend.quantiles(found), self.kind)

    def _as_learned(self, panel: Panel) -> Panel:
        """The panel with the columns and words that were learned; what is new to them is not known."""
        shape = (*panel.known.shape[:2], len(self.known_names))
        known = np.full(shape, np.nan)
        for at, name in enumerate(self.known_names):
            if name in panel.known_names:
                known[:, :, at] = panel.known[:, :, panel.known_names.index(name)]
        static = np.full((len(panel.unique_ids), len(self.static_names)), -1, dtype=np.int64)
        for at, name in enumerate(self.static_names):
            if name in panel.static_names:
                column = panel.static_names.index(name)
                code = {word: number for number, word in enumerate(self.vocabulary[at])}
                of = np.array([code.get(word, -1) for word in panel.vocabulary[column]] + [-1], dtype=np.int64)
                static[:, at] = of[panel.static[:, column]]
        return Panel(
            panel.unique_ids, panel.step, panel.first, panel.y, panel.censored, known, self.known_names, static,
            self.static_names, self.vocabulary,
        )  # fmt: skip


@dataclass(frozen=True)
class Model:
    """`measured`: how it did on periods of the panel that it had not seen; numbers alone."""

    parts: dict[str, Part]
    measured: dict[str, float] = field(default_factory=dict)

    def forecast(self, panel: Panel, periods: int, step: Step | None = None) -> Forecast:
        """What comes after the panel's end. `step` "week" of a panel of days: weeks of seven days from the next day on.
        Raises ValueError for a step that was not learned or a number of periods outside 1..MOST_AHEAD."""
        if not 1 <= periods <= MOST_AHEAD:
            raise ValueError(f"periods must be 1 to {MOST_AHEAD}")
        step = step or panel.step
        if step != panel.step and (panel.step, step) != ("day", "week"):
            raise ValueError(f"a panel of {panel.step}s cannot be told by the {step}")
        if step not in self.parts:
            raise ValueError(f"nothing was learned of {step}s")
        of = panel.by_week() if step != panel.step else panel
        basis = _basis(panel)
        # In its first days a programme has no whole week yet.
        if not of.periods or all(one == "nothing" for one in basis):
            return _nothing(panel, of, periods)
        mean, quantiles = self.parts[step].told(of, periods)
        return Forecast(
            panel.unique_ids,
            dates(of.first, of.step, of.periods + 1)[-1],
            mean,
            {level: quantiles[:, :, at] for at, level in enumerate(LEVELS)},
            basis,
        )

    def save(self, folder: Path) -> None:
        """Files of trees and one JSON document; the folder is made."""
        folder.mkdir(parents=True, exist_ok=True)
        document: dict[str, Any] = {"measured": self.measured, "parts": {}}
        for step, part in self.parts.items():
            document["parts"][step] = {
                "horizon": part.horizon, "kind": part.kind, "learned": part.learner.names if part.learner else None,
                "blend": part.blend.document(), "known_names": part.known_names, "static_names": part.static_names,
                "vocabulary": part.vocabulary,
            }  # fmt: skip
            if part.learner is not None:
                (folder / step).mkdir(exist_ok=True)
                part.learner.save(folder / step)
        (folder / "model.json").write_text(json.dumps(document))

    @classmethod
    def load(cls, folder: Path) -> Model:
        """As saved. Raises OSError or ValueError where it is not."""
        document = json.loads((folder / "model.json").read_text())
        parts = {}
        for step, one in document["parts"].items():
            parts[step] = Part(
                step, one["horizon"], one["kind"],
                Learner.load(folder / step, one["learned"]) if one["learned"] else None,
                Blend.of(one["blend"]), tuple(one["known_names"]), tuple(one["static_names"]),
                tuple(tuple(words) for words in one["vocabulary"]),
            )  # fmt: skip
        return cls(parts, document["measured"])


def _nothing(panel: Panel, of: Panel, periods: int) -> Forecast:
    noughts, basis = np.zeros((len(panel.unique_ids), periods)), ("nothing",) * len(panel.unique_ids)
    first_on = dates(of.first, of.step, of.periods + 1)[-1]
    return Forecast(panel.unique_ids, first_on, noughts, dict.fromkeys(LEVELS, noughts), basis)


def _basis(panel: Panel) -> tuple[str, ...]:
    some = (np.nan_to_num(panel.y) != 0).any(axis=1)
    enough = np.isfinite(panel.y).sum(axis=1) >= ENOUGH_PERIODS * max(1, panel.rhythm.season)
    young = some.any() & ~enough
    return tuple(np.where(some & enough, "model", np.where(some | young, "category", "nothing")).tolist())


def components(panel: Panel, learned: Learner | None, horizon: int, steps: int, kind: Kind) -> blending.Components:
    """What each way of telling says after the panel's end."""
    features = Features(panel)
    means = statistical.means(panel, steps)
    quantiles = None
    if learned is not None:
        means["learned"], quantiles = learned.told(features, panel.periods, steps, horizon)
    spread = statistical.spread(panel, kind)[:, None]
    return blending.Components(means, quantiles, spread, features.scale(panel.periods)[:, None], kind)


def train(panel: Panel, *, seed: int = 0, horizons: Mapping[str, int] | None = None) -> Model:
    """Learns the panel's own step, and weeks too where it is one of days. `horizons`: how many periods ahead, of
    these steps alone; else RHYTHMS' own. The same panel and seed give the same model. Never fails for want of
    data: then the statistics tell alone."""
    parts: dict[str, Part] = {}
    measured: dict[str, float] = {}
    panels = {panel.step: panel} if horizons is None or panel.step in horizons else {}
    if panel.step == "day" and panel.periods >= 7 and (horizons is None or "week" in horizons):
        panels["week"] = panel.by_week()
    for step, of in panels.items():
        horizon = (horizons or {}).get(step) or RHYTHMS[step].ahead
        horizon = max(1, min(horizon, of.periods // 3 or 1))
        parts[str(step)], found = _part(of, horizon, seed)
        measured |= found if step == panel.step else {f"{name}_{step}": value for name, value in found.items()}
    measured["series"] = float(len(panel.unique_ids))
    return Model(parts, measured)


def _part(panel: Panel, horizon: int, seed: int) -> tuple[Part, dict[str, float]]:
    kind = panel.kind
    origins = _own_past(panel.periods, horizon)
    blend = blending.equal(kind)
    measured: dict[str, float] = {"origins": 0.0}
    if origins:
        trial = learner.fit(Features(panel.until(origins[0], panel.periods - origins[0])), origins[0], horizon, seed)
        told = [components(panel.until(t, horizon), trial, horizon, horizon, kind) for t in origins]
        true = [panel.y[:, t : t + horizon] for t in origins]
        # Measured on the last with a blend of those before it; used with a blend of all.
        before = blending.fit(told[:-1], true[:-1], kind) if len(origins) > 1 else blend
        blend = blending.fit(told, true, kind)
        measured = _measured(panel, before, told[-1], true[-1], origins[-1], horizon) | {"origins": float(len(origins))}
    whole = learner.fit(Features(panel), panel.periods, horizon, seed)
    return (
        Part(panel.step, horizon, kind, whole, blend, panel.known_names, panel.static_names, panel.vocabulary),
        measured,
    )


def _own_past(periods: int, horizon: int) -> list[int]:
    """Origins of the past to learn the blend from; the learner that is tried knows nothing after the first of them."""
    last = periods - horizon
    if last < max(4, horizon):
        return []
    # The sooner the first, the less the trial knows beside the learner that is used in the end.
    first = max(last - (horizon + 1) // 2, last * 2 // 3)
    return sorted({first, last})


def _measured(
    panel: Panel, blend: Blend, told: blending.Components, true: Floats, t: int, horizon: int
) -> dict[str, float]:
    quantiles = in_order(blend.quantiles(told), told.kind)
    naive = _naive(panel.until(t), horizon, told)
    statistics = blending.Components(
        {name: one for name, one in told.means.items() if name != "learned"}, None, told.spread, told.scale, told.kind
    )
    found = {
        "wql": wql(true, quantiles),
        "wql_naive": wql(true, naive),
        "wql_statistical": wql(true, in_order(blending.equal(told.kind).quantiles(statistics), told.kind)),
        "coverage80": coverage(true, quantiles[..., 1], quantiles[..., 5]),
    }
    return {name: round(value, 6) for name, value in found.items() if np.isfinite(value)}


def _naive(panel: Panel, horizon: int, told: blending.Components) -> Floats:
    """As a season ago, with the spread that it had."""
    season = max(1, panel.rhythm.season)
    held = _held(panel.y)
    places = panel.periods - season + np.arange(horizon) % season
    mean = held[:, np.maximum(places, 0)]
    apart = held[:, season:] - held[:, :-season] if panel.periods > season else np.zeros((len(held), 1))
    deviation = np.sqrt((apart**2).mean(axis=1, keepdims=True)) * np.sqrt(1 + np.arange(horizon) // season)
    return in_order(blending.around(mean, deviation, "signed"), told.kind)


def _held(y: Floats) -> Floats:
    at = np.maximum.accumulate(np.where(np.isfinite(y), np.arange(y.shape[1]), -1), axis=1)
    return np.where(at >= 0, np.take_along_axis(np.nan_to_num(y), np.maximum(at, 0), axis=1), 0.0)
