"""Several tellings into one: weights that erred least on the panel's own past, and quantiles held to what was
true there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from scipy.optimize import minimize

from loyalty.demand.forecasting.quantiles import LEVELS, Floats, Kind, around, pinball

__all__ = ["Blend", "Components", "around", "equal", "fit"]

# Spreads beside the one found of a series; which is right is learned.
SPREADS = (0.15, 0.3, 0.5, 0.75, 1.0, 1.4, 2.0)
WIDENINGS = (0.0, 0.05, 0.1, 0.2, 0.4, 0.8)
# How far a level may be moved, and how much must be gained to move it at all.
STRETCHES = (0.7, 0.8, 0.9, 0.95, 1.0, 1.05, 1.1, 1.2, 1.35)


TRUST = 0.6
# A level that seems to lie wrong is moved half of the way.
HALF = 0.5
# Of counts: groups of like means whose errors are taken together, and the smallest mean that is told apart.
GROUPS, SMALLEST = 8, 1e-3


@dataclass(frozen=True)
class Components:
    """Of one origin. `means` [series, steps] by name; `quantiles` [series, steps, levels] of the learner, None:
    there is none; `spread` and `scale` [series, 1]."""

    means: dict[str, Floats]
    quantiles: Floats | None
    spread: Floats
    scale: Floats
    kind: Kind


@dataclass(frozen=True)
class Blend:
    """`weights` of means by name; `direct`: how much the learner's own quantiles count beside those around the mean;
    `level`: times the mean; `spread`: times its own, and
    `widening` of it more each step; `stretch`: of each level, how far from the median it lies. `usual`: of counts the
    logs of means, ascending, and of the spread that errors about such means had; empty: of none is known."""

    weights: dict[str, float]
    direct: float
    spread: float
    stretch: tuple[float, ...]
    level: float = 1.0
    widening: float = 0.0
    usual: tuple[tuple[float, ...], tuple[float, ...]] = ((), ())

    def mean(self, of: Components) -> Floats:
        """[series, steps]; names that are not there leave their weight to the others."""
        there = {name: self.weights.get(name, 0.0) for name in of.means}
        total = sum(there.values())
        if total <= 0:
            return np.asarray(np.mean(list(of.means.values()), axis=0))
        found = self.level * np.asarray(sum(weight / total * of.means[name] for name, weight in there.items()))
        return found if of.kind == "signed" else np.maximum(found, 0)

    def quantiles(self, of: Components) -> Floats:
        """[series, steps, levels], not yet in order."""
        mean = self.mean(of)
        wider = 1 + self.widening * np.arange(mean.shape[1])
        spread = self._held(of.spread, mean) * self.spread * (np.sqrt(wider) if of.kind == "signed" else wider)
        found = around(mean, spread, of.kind)
        if of.quantiles is not None and self.direct > 0:
            found = self.direct * self.level * np.sort(of.quantiles, axis=-1) + (1 - self.direct) * found
        middle = found[..., len(LEVELS) // 2, None]
        return np.asarray(middle + (found - middle) * np.asarray(self.stretch))

    def _held(self, spread: Floats, mean: Floats) -> Floats:
        """Half way (of logs) from a series' own spread to what is usual about such means: its own is of few periods and
        of a simpler mean, the usual one is of all series and of errors of this very blend."""
        means, spreads = self.usual
        if not means:
            return spread
        usual = np.interp(np.log(np.maximum(mean, SMALLEST)), means, spreads)
        return np.asarray(np.exp(HALF * usual + (1 - HALF) * np.log(np.maximum(spread, SMALLEST))))

    def document(self) -> dict[str, Any]:
        return {
            "weights": self.weights,
            "direct": self.direct,
            "spread": self.spread,
            "stretch": list(self.stretch),
            "level": self.level,
            "widening": self.widening,
            "usual": [list(one) for one in self.usual],
        }

    @classmethod
    def of(cls, document: dict[str, Any]) -> Blend:
        means, spreads = document.get("usual", ((), ()))
        return cls(
            document["weights"], document["direct"], document["spread"], tuple(document["stretch"]), document["level"],
            document.get("widening", 0.0),  # older models have none
            usual=(tuple(means), tuple(spreads)),
        )  # fmt: skip


def equal(kind: Kind) -> Blend:
    """Where nothing can be learned: the learner half, where there is one, the statistics half."""
    del kind
    return Blend({"learned": 3.0, "smoothed": 1.0, "window": 1.0, "sometimes": 1.0}, 0.5, 1.0, (1.0,) * len(LEVELS))


def fit(told: list[Components], true: list[Floats], kind: Kind) -> Blend:
    """Weights of means by their squares and absolutes, then the spread, the share of the learner's quantiles, the
    stretch of each level: one after the other, each where pinball is least."""
    if not any(np.isfinite(one).any() for one in true):
        return equal(kind)
    weights = _weights(told, true)
    found = Blend(weights, 0.0, 1.0, (1.0,) * len(LEVELS))
    found = replace(found, level=_level(found, told, true))
    if kind == "count":
        found = replace(found, usual=_usual(found, told, true))
    found = _least(found, told, true, "spread", SPREADS)
    if kind != "count":
        found = _least(_least(found, told, true, "widening", WIDENINGS), told, true, "spread", SPREADS)
    if told[0].quantiles is not None:
        found = _least(found, told, true, "direct", (0.0, 0.25, 0.5, 0.75, 1.0))
        found = _least(found, told, true, "spread", SPREADS)
    return _stretched(found, told, true)


def _level(blend: Blend, told: list[Components], true: list[Floats]) -> float:
    """By how much all that was told was too much or too little, half of it: the other half may be that time's alone."""
    if told[0].kind == "signed":
        return 1.0
    asked = sum(float(np.nansum(y)) for y in true)
    means = sum(float(blend.mean(of)[np.isfinite(y)].sum()) for of, y in zip(told, true, strict=True))
    if asked <= 0 or means <= 0:
        return 1.0
    return float(np.clip(asked / means, 0.5, 2.0) ** HALF)


def _usual(blend: Blend, told: list[Components], true: list[Floats]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Of groups of like means, few to many: the log of their mean, and of how far beyond Poisson's what came lay from
    what was told, by the square of the mean."""
    known = [np.isfinite(y) for y in true]
    mean = np.concatenate([blend.mean(of)[k] for of, k in zip(told, known, strict=True)])
    actual = np.concatenate([y[k] for y, k in zip(true, known, strict=True)])
    logs = np.log(np.maximum(mean, SMALLEST))
    group = np.searchsorted(np.unique(np.quantile(logs, np.arange(1, GROUPS) / GROUPS)), logs)
    means, spreads = [], []
    for one in np.unique(group):
        of = group == one
        beyond = ((actual[of] - mean[of]) ** 2 - mean[of]).sum() / max(float((mean[of] ** 2).sum()), 1e-9)
        means.append(float(logs[of].mean()))
        spreads.append(float(np.log(np.clip(beyond, 0.01, 10))))
    return tuple(means), tuple(spreads)


def _loss(blend: Blend, told: list[Components], true: list[Floats]) -> float:
    return float(sum(pinball(y, np.sort(blend.quantiles(of), axis=-1)).sum() for of, y in zip(told, true, strict=True)))


def _least(
    blend: Blend,
    told: list[Components],
    true: list[Floats],
    name: Literal["spread", "widening", "direct"],
    values: tuple[float, ...],
) -> Blend:
    options = [_with(blend, name, value) for value in values]
    losses = [_loss(option, told, true) for option in options]
    return options[int(np.argmin(losses))]


def _with(blend: Blend, name: Literal["spread", "widening", "direct"], value: float) -> Blend:
    match name:
        case "spread":
            return replace(blend, spread=value)
        case "widening":
            return replace(blend, widening=value)
        case "direct":
            return replace(blend, direct=value)


def _weights(told: list[Components], true: list[Floats]) -> dict[str, float]:
    """Nonnegative, of sum one, least squared error by scale; held a little to equal shares."""
    names = list(told[0].means)
    known = [np.isfinite(y) for y in true]
    by = [np.broadcast_to(of.scale, y.shape) for of, y in zip(told, true, strict=True)]
    columns = np.stack(
        [np.concatenate([(of.means[name] / s)[k] for of, s, k in zip(told, by, known, strict=True)]) for name in names],
        axis=1,
    )
    target = np.concatenate([(y / s)[k] for y, s, k in zip(true, by, known, strict=True)])
    weight = np.concatenate([s[k] for s, k in zip(by, known, strict=True)])
    gram = (columns * weight[:, None]).T @ columns
    cross = (columns * weight[:, None]).T @ target
    size = max(float(np.trace(gram)) / len(names), 1e-12)
    gram, cross = gram / size, cross / size
    prior = np.full(len(names), 1 / len(names))
    held = 0.02
    if told[0].kind != "count":
        # Amounts are smooth: what tells them apart is small beside them, and so is what holds weights together.
        square = float((weight * target**2).sum()) / size
        held *= float(np.clip((np.diag(gram) - 2 * cross + square).min(), 1e-6, 1.0))

    def error(w: Floats) -> float:
        return float(w @ gram @ w - 2 * cross @ w + held * ((w - prior) ** 2).sum())

    result = minimize(
        error,
        prior,
        bounds=[(0, 1)] * len(names),
        constraints=[{"type": "eq", "fun": lambda w: w.sum() - 1}],
        method="SLSQP",
    )
    found = np.maximum(result.x if result.success and np.isfinite(result.x).all() else prior, 0)
    shares = dict(zip(names, (found / max(found.sum(), 1e-9)).tolist(), strict=True))
    # The learner that was tried knew less than the one that is used: where it did well, that one will do better.
    tried = shares.get("learned", 0.0)
    trusted = tried + TRUST * tried * (1 - tried)
    rest = (1 - trusted) / (1 - tried) if tried < 1 else 0.0
    return {name: round(trusted if name == "learned" else share * rest, 4) for name, share in shares.items()}


def _stretched(blend: Blend, told: list[Components], true: list[Floats]) -> Blend:
    found = [np.sort(blend.quantiles(of), axis=-1) for of in told]
    stretch = []
    for at, level in enumerate(LEVELS):
        losses = []
        for by in STRETCHES:
            loss = 0.0
            for quantiles, y in zip(found, true, strict=True):
                middle = quantiles[..., len(LEVELS) // 2]
                over = y - (middle + by * (quantiles[..., at] - middle))
                loss += float(np.nansum(np.maximum(level * over, (level - 1) * over)))
            losses.append(loss)
        best = int(np.argmin(losses))
        stretch.append(1 + HALF * (STRETCHES[best] - 1) if losses[best] < losses[STRETCHES.index(1.0)] else 1.0)
    return replace(blend, stretch=tuple(stretch))
