"""A model tells what comes after a panel; what it was given decides how well, never whether it answers."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from loyalty.demand.forecasting import LEVELS, Forecast, Model, Panel, panels, train
from loyalty.demand.forecasting.stock import reorder_levels
from tests.domain.demand.forecasting import made


def _whole(forecast: Forecast, series: int, periods: int) -> None:
    """Finite, not below nought, in order."""
    assert forecast.mean.shape == (series, periods)
    told = np.stack([forecast.quantiles[level] for level in LEVELS])
    assert np.isfinite(told).all()
    assert np.isfinite(forecast.mean).all()
    assert (told >= 0).all()
    assert (np.diff(told, axis=0) >= 0).all()


@pytest.fixture(scope="module")
def promoted() -> Panel:
    return panels.read(made.daily(12, 100, promoted=4.0))


@pytest.fixture(scope="module")
def model(promoted: Panel) -> Model:
    return train(promoted, horizons={"day": 7, "week": 2})


def test_a_promotion_that_is_planned_is_told(promoted: Panel, model: Model) -> None:
    told = model.forecast(promoted, 7, "day")
    _whole(told, 12, 7)
    planned = promoted.known[:, promoted.periods : promoted.periods + 7, 0] > 0
    level = np.nanmean(promoted.y, axis=1, keepdims=True)
    assert (told.mean / level)[planned].mean() > 1.8 * (told.mean / level)[~planned].mean()
    assert told.first_on == np.datetime64(made.LAST) + np.timedelta64(1, "D")
    assert set(told.basis) == {"model"}


def test_weeks_are_told_from_the_next_day_on(promoted: Panel, model: Model) -> None:
    told = model.forecast(promoted, 3, "week")
    _whole(told, 12, 3)
    assert told.first_on == np.datetime64(made.LAST) + np.timedelta64(1, "D")
    assert 0.5 < told.mean.mean() / (7 * np.nanmean(promoted.y)) < 2


def test_it_says_how_it_did_on_its_own_past(model: Model) -> None:
    assert {"wql", "wql_naive", "wql_statistical", "coverage80", "series", "origins"} <= set(model.measured)
    assert model.measured["wql"] < model.measured["wql_naive"]
    assert all(np.isfinite(value) for value in model.measured.values())


def test_a_model_that_was_saved_tells_the_same(promoted: Panel, model: Model, tmp_path: Path) -> None:
    model.save(tmp_path / "model")
    again = Model.load(tmp_path / "model")
    assert again.measured == model.measured
    assert np.array_equal(again.forecast(promoted, 9).mean, model.forecast(promoted, 9).mean)
    with pytest.raises(OSError, match=r"model\.json"):
        Model.load(tmp_path / "nowhere")


def test_a_model_tells_products_and_words_that_it_never_saw(model: Model) -> None:
    stranger = made.daily(3, 40, seed=9).drop_columns(["category"])
    stranger = stranger.append_column("category", pa.array(["new"] * stranger.num_rows))
    _whole(model.forecast(panels.read(stranger), 5, "day"), 3, 5)


def test_what_is_to_come_changes_nothing_of_what_was_learned() -> None:
    """No peeking: a panel of which the end was cut off is told alike whatever the end was."""
    panel = panels.read(made.daily(6, 80, promoted=4.0))
    other = panels.read(made.daily(6, 80, promoted=4.0))
    other.y[:, 60:] = 1e6
    told, same = (train(one.until(60, 5), horizons={"day": 5}).forecast(one.until(60, 5), 5) for one in (panel, other))
    assert np.array_equal(told.mean, same.mean)


def test_whatever_is_asked_is_answered_or_refused_in_words(promoted: Panel, model: Model) -> None:
    for periods, step in ((0, "day"), (100_000, "day"), (5, "month")):
        with pytest.raises(ValueError, match=r"periods|panel of"):
            model.forecast(promoted, periods, step)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("units", "basis"),
    [
        ([], "nothing"),
        ([0.0] * 40, "nothing"),
        ([3.0], "category"),
        ([1.0, 0.0] * 30, "model"),
        ([1e5, 1.0] * 30, "model"),
        ([-4.0] * 40, "nothing"),
        ([5.0] * 30 + [0.0] * 60, "model"),
    ],
    ids=["empty history", "all noughts", "one day", "one product", "wild", "below nought", "vanished"],
)
def test_one_product_with_any_history_is_told(units: list[float], basis: str) -> None:
    rows = [(1, "A", made.LAST - timedelta(days=len(units) - 1 - at), one) for at, one in enumerate(units)]
    seen = made.LAST - timedelta(days=len(units)) if units != [3.0] else made.LAST
    panel = panels.of_demand(made.demand(rows), made.products("A", seen=seen), None, made.LAST)
    model = train(panel)
    _whole(model.forecast(panel, 28, "day"), 1, 28)
    assert model.forecast(panel, 28, "day").basis == (basis,)
    if "week" in model.parts:
        _whole(model.forecast(panel, 13, "week"), 1, 13)
    assert np.isfinite(reorder_levels(model, panel, 4)).all()


def test_a_young_product_is_told_by_its_neighbours(model: Model, promoted: Panel) -> None:
    y = promoted.y.copy()
    y[0] = np.nan
    young = Panel(**{**_fields(promoted), "y": y})
    told = model.forecast(young, 7, "day")
    _whole(told, 12, 7)
    assert told.mean[0].mean() > 0.3


@pytest.mark.parametrize("units", [[], [4.0]])
def test_a_programme_without_a_whole_week_yet_is_told_nothing_by_the_week(model: Model, units: list[float]) -> None:
    today = date(2026, 11, 20)
    rows = [(1, "A", today, one) for one in units]
    panel = panels.of_demand(made.demand(rows), made.products("A", "B", seen=today), None, today)
    for step in ("day", "week"):
        told = model.forecast(panel, 5, step)  # type: ignore[arg-type]
        assert all(np.isfinite(one).all() for one in (told.mean, *told.quantiles.values()))
        assert str(told.first_on) == "2026-11-21"
    assert (told.mean == 0).all()
    assert set(told.basis) == {"nothing"}


def _fields(panel: Panel) -> dict[str, object]:
    return {name: getattr(panel, name) for name in Panel.__dataclass_fields__}


@pytest.mark.parametrize("step", ["month", "quarter", "year", "number", "hour"])
def test_panels_of_any_rhythm_and_sign_are_told(step: str) -> None:
    times = {
        "month": np.arange("2018-01", "2024-01", dtype="datetime64[M]").astype("datetime64[D]"),
        "quarter": np.arange("2000-01", "2016-01", 3, dtype="datetime64[M]").astype("datetime64[D]"),
        "year": np.arange("1980", "2020", dtype="datetime64[Y]").astype("datetime64[D]"),
        "number": np.arange(60),
        "hour": np.arange("2026-01-01T00", "2026-01-06T00", dtype="datetime64[h]").astype("datetime64[s]"),
    }[step]
    rng = np.random.default_rng(5)
    y = rng.normal(0, 1, (3, len(times))) + np.sin(np.arange(len(times)))
    table = pa.table({"unique_id": np.repeat(["a", "b", "c"], len(times)), "time": np.tile(times, 3), "y": y.ravel()})
    panel = panels.read(table)
    assert (panel.step, panel.kind) == (step, "signed")
    told = train(panel).forecast(panel, 4)
    assert np.isfinite(told.mean).all()
    assert abs(told.mean).max() < 5
    assert (told.quantiles[0.05] < told.quantiles[0.95]).all()


def test_a_season_and_growth_of_amounts_are_told() -> None:
    rng = np.random.default_rng(2)
    at = np.arange(66)
    y = np.exp(rng.uniform(4, 7, (8, 1)) + 0.004 * at + 0.3 * np.sin(at * np.pi / 6) + rng.normal(0, 0.05, (8, 66)))
    times = np.arange("2018-01", "2023-07", dtype="datetime64[M]").astype("datetime64[D]")
    table = {"unique_id": np.repeat([f"s{one}" for one in range(8)], 60), "time": np.tile(times[:60], 8)}
    panel = panels.read(pa.table(table | {"y": y[:, :60].ravel()}))
    told = train(panel, horizons={"month": 6}).forecast(panel, 6)
    assert panel.kind == "amount"
    assert np.abs(told.mean / y[:, 60:] - 1).mean() < 0.12


def test_what_should_lie_on_the_shelf_lasts_through_the_lead(promoted: Panel, model: Model) -> None:
    levels = reorder_levels(model, promoted, 5)
    assert (levels == np.ceil(levels)).all()
    sums = np.array([promoted.y[:, t : t + 5].sum(axis=1) for t in range(60, 95)])
    assert 0.85 < (sums <= levels).mean() <= 1
    for level, lead in ((0.0, 5), (0.95, 0)):
        with pytest.raises(ValueError, match="level"):
            reorder_levels(model, promoted, lead, level)
