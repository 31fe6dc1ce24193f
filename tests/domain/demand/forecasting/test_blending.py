"""What a blend learns of the errors that were made before."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from loyalty.demand.forecasting import blending
from loyalty.demand.forecasting.blending import Blend, Components
from loyalty.demand.forecasting.quantiles import Floats, coverage, in_order, wql

SERIES, STEPS = 400, 4


def _counts(seed: int) -> tuple[Components, Floats]:
    """Half the series of few units and far more scattered than Poisson, half of many and hardly; what each is told of
    its own spread is the same for all."""
    rng = np.random.default_rng(seed)
    mean = np.repeat([[0.5], [40.0]], SERIES // 2, axis=0) * np.ones(STEPS)
    beyond = np.repeat([[3.0], [0.02]], SERIES // 2, axis=0) * np.ones(STEPS)
    y = rng.poisson(rng.gamma(1 / beyond, mean * beyond)).astype(float)
    return Components({"window": mean, "smoothed": mean}, None, np.full((SERIES, 1), 0.3), mean[:, :1], "count"), y


def _few_and_many(blend: Blend, told: Components) -> tuple[Floats, Floats]:
    found = in_order(blend.quantiles(told), "count")
    return found[: SERIES // 2], found[SERIES // 2 :]


@pytest.fixture(scope="module")
def blend() -> Blend:
    told, y = _counts(1)
    return blending.fit([told], [y], "count")


def test_counts_are_spread_as_errors_about_such_means_were(blend: Blend) -> None:
    told, y = _counts(2)
    alike = replace(blend, usual=((), ()))
    assert wql(y, in_order(blend.quantiles(told), "count")) < 0.98 * wql(y, in_order(alike.quantiles(told), "count"))
    _, many = _few_and_many(blend, told)
    assert 0.75 < coverage(y[SERIES // 2 :], many[..., 1], many[..., 5]) < 0.9


def test_few_units_are_told_wider_than_many_of_the_same_own_spread(blend: Blend) -> None:
    few, many = _few_and_many(blend, _counts(3)[0])
    assert few[..., 6].mean() / 0.5 > 2.5
    assert many[..., 6].mean() / 40 < 1.6


def test_a_blend_that_was_written_tells_the_same(blend: Blend) -> None:
    told, _ = _counts(4)
    again = Blend.of(json.loads(json.dumps(blend.document())))
    assert np.array_equal(again.quantiles(told), blend.quantiles(told))
    before = {name: value for name, value in blend.document().items() if name != "usual"}
    assert np.isfinite(Blend.of(before).quantiles(told)).all()


@pytest.mark.parametrize("units", [0.0, 1.0, 1e12])
def test_past_errors_of_any_size_leave_it_finite(units: float) -> None:
    told, y = _counts(5)
    y[:] = np.nan
    y[0, 0] = units
    assert np.isfinite(blending.fit([told], [y], "count").quantiles(told)).all()


def test_amounts_whose_errors_grow_with_the_steps_are_told_wider_for_later_ones() -> None:
    rng = np.random.default_rng(6)
    steps = 8
    mean = np.full((SERIES, steps), 100.0)
    told = Components({"window": mean}, None, np.full((SERIES, 1), 0.01), mean[:, :1], "amount")
    walks = mean + np.cumsum(rng.normal(0, 10, mean.shape), axis=1)
    found = blending.fit([told], [walks], "amount")
    assert found.widening > 0
    quantiles = in_order(Blend.of(json.loads(json.dumps(found.document()))).quantiles(told), "amount")
    wide = (quantiles[..., -1] - quantiles[..., 0]).mean(axis=0)
    assert wide[-1] > 1.5 * wide[0]
