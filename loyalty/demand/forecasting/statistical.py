"""Each series by itself: its level, smoothed, by what repeats itself. For what the learner has not enough of, and to be
blended with it."""

from __future__ import annotations

import numpy as np

from loyalty.demand.forecasting.panels import Panel
from loyalty.demand.forecasting.quantiles import Floats, Kind

# Of series beyond so many, and further back, theta is not worth its time.
MOST_SMOOTH, SMOOTH_PERIODS = 3_000, 400
SHARES = (0.03, 0.06, 0.1, 0.2, 0.35, 0.6)


def means(panel: Panel, steps: int) -> dict[str, Floats]:
    """[series, steps] of each method, from the panel's end. Finite; nought for a series of which nothing is known."""
    profile = _profile(panel)
    period = np.arange(panel.periods)
    season = max(1, panel.rhythm.season)
    flat = panel.y / profile[:, period % season]
    ahead = profile[:, np.arange(panel.periods, panel.periods + steps) % season]
    found = {
        "smoothed": _smoothed(flat)[:, None] * ahead,
        "window": _window(flat, panel.rhythm.recent)[:, None] * ahead,
        "sometimes": _sometimes(flat)[:, None] * ahead,
    }
    if panel.kind != "count" and len(panel.y) <= MOST_SMOOTH:
        found["theta"] = _theta(panel, steps)
    if panel.rhythm.year and panel.periods >= panel.rhythm.year + 2:
        found["year"] = _year(panel, found["smoothed"], steps)
    return {name: np.nan_to_num(one, posinf=0.0, neginf=0.0) for name, one in found.items()}


def _profile(panel: Panel) -> Floats:
    """[series, season]: how much of a mean period each of a season is; own, held to that of all by how much is
    known."""
    season, n = max(1, panel.rhythm.season), len(panel.y)
    if season == 1 or panel.periods < 2 * season or panel.kind == "signed":
        return np.ones((n, season))
    y = panel.y[:, -26 * season :]
    phase = np.arange(panel.periods - y.shape[1], panel.periods) % season
    own, all_ = np.ones((n, season)), np.ones(season)
    level = np.nanmean(y) if np.isfinite(y).any() else 0.0
    if level <= 0:
        return own
    for one in range(season):
        of = y[:, phase == one]
        all_[one] = np.nansum(of) / max(1, np.isfinite(of).sum()) / level
        seen = np.isfinite(of).sum(axis=1)
        own[:, one] = np.nansum(of, axis=1) / np.maximum(seen, 1)
    mean = own.mean(axis=1, keepdims=True)
    units = np.nansum(y, axis=1)[:, None]
    held = 20.0 * season
    return np.maximum(
        (np.where(mean > 0, own / np.maximum(mean, 1e-12), 1) * units + held * all_) / (units + held), 0.02
    )


def _smoothed(y: Floats) -> Floats:
    """Exponential smoothing, the share of each series that would have erred least so far; unknown periods change
    nothing."""
    n = len(y)
    start = np.nan_to_num(_window(y[:, : max(2, min(12, y.shape[1] // 3))], 10_000))
    best, level_of_best = np.full(n, np.inf), start
    for share in SHARES:
        level, errors = start.copy(), np.zeros(n)
        for period in y.T:
            known = np.isfinite(period)
            error = np.where(known, period - level, 0.0)
            errors += error**2
            level = level + share * error
        better = errors < best
        best, level_of_best = np.where(better, errors, best), np.where(better, level, level_of_best)
    return level_of_best


def _window(y: Floats, window: int) -> Floats:
    lately = y[:, -window:]
    known = np.isfinite(lately).sum(axis=1)
    every = np.nansum(y, axis=1) / np.maximum(np.isfinite(y).sum(axis=1), 1)
    return np.asarray(np.where(known > 0, np.nansum(lately, axis=1) / np.maximum(known, 1), every))


def _sometimes(y: Floats, chance_share: float = 0.1, size_share: float = 0.1) -> Floats:
    """Teunter, Syntetos and Babai: how often, smoothed every period, times how much, smoothed whenever there is
    some."""
    some = np.isfinite(y) & (y != 0)
    known = np.isfinite(y)
    chance = some.sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    size = np.nansum(y, axis=1) / np.maximum(some.sum(axis=1), 1)
    for period, seen, is_some in zip(y.T, known.T, some.T, strict=True):
        chance = chance + np.where(seen, chance_share * (is_some - chance), 0.0)
        size = size + np.where(is_some, size_share * (np.nan_to_num(period) - size), 0.0)
    return np.asarray(chance * size)


def _theta(panel: Panel, steps: int) -> Floats:
    """Statsforecast's optimised theta of each series: trend and season of what is asked for all the time."""
    import pandas
    from statsforecast import StatsForecast
    from statsforecast.models import DynamicOptimizedTheta, Naive

    season = panel.rhythm.season or panel.rhythm.year
    season = season if 1 < season <= 24 and panel.periods >= 2 * season + 2 else 1
    y = panel.y[:, -SMOOTH_PERIODS:]
    at = np.maximum.accumulate(np.where(np.isfinite(y), np.arange(y.shape[1]), -1), axis=1)
    mean = np.nan_to_num(_window(y, y.shape[1]))[:, None]
    held = np.where(at >= 0, np.take_along_axis(np.nan_to_num(y), np.maximum(at, 0), axis=1), mean)
    n, periods = held.shape
    table = pandas.DataFrame(
        {"unique_id": np.repeat(np.arange(n), periods), "ds": np.tile(np.arange(periods), n), "y": held.ravel()}
    )
    model = StatsForecast(
        models=[DynamicOptimizedTheta(season_length=season)], freq=1, n_jobs=1, fallback_model=Naive()
    )
    told = model.forecast(df=table, h=steps).sort_values(["unique_id", "ds"])
    return np.asarray(told["DynamicOptimizedTheta"].to_numpy(), dtype=np.float64).reshape(n, steps)


def _year(panel: Panel, level: Floats, steps: int) -> Floats:
    """As a year ago, by how much more or less it is lately than it was then; half way to the level."""
    year, y = panel.rhythm.year, panel.y
    t = panel.periods
    places = t + np.arange(steps) - year * (1 + np.arange(steps) // year)
    then = np.where((places >= 0)[None, :], y[:, np.maximum(places, 0)], np.nan)
    recent = max(2, min(panel.rhythm.recent, t - year))
    base = _window(y[:, t - year - recent if t - year >= recent else 0 : max(1, t - year)], 10_000)[:, None]
    with np.errstate(invalid="ignore", divide="ignore"):
        growth = np.clip(level / np.where(np.abs(base) > 0, base, np.nan), 0.2, 5.0)
    told = then * np.where(np.isfinite(growth), growth, 1.0)
    return np.where(np.isfinite(told), told, level)


def spread(panel: Panel, kind: Kind) -> Floats:
    """[series]: how far periods lie from the mean of those before, in the words of quantiles.around; held to the
    panel's median."""
    y = panel.y
    known = np.isfinite(y)
    window = 8
    sums = np.pad(np.cumsum(np.nan_to_num(y), axis=1), ((0, 0), (1, 0)))
    counts = np.pad(np.cumsum(known, axis=1), ((0, 0), (1, 0)))
    since = np.maximum(np.arange(panel.periods) - window, 0)
    until = np.arange(panel.periods)
    n = counts[:, until] - counts[:, since]
    before = (sums[:, until] - sums[:, since]) / np.maximum(n, 1)
    of = known & (n >= min(4, max(1, panel.periods // 3)))
    of[:, : -3 * panel.rhythm.windows[-1]] = False
    many = np.maximum(of.sum(axis=1), 1)
    variance = np.where(of, (np.nan_to_num(y) - before) ** 2, 0).sum(axis=1) / many
    mean = np.where(of, np.nan_to_num(y), 0).sum(axis=1) / many
    if kind == "signed":
        found = np.sqrt(variance)
    elif kind == "amount":
        found = np.clip(np.fmin(variance / np.maximum(mean, 1e-9) ** 2, _beside_the_year(panel)), 1e-4, 10)
    else:
        found = np.clip((variance - mean) / np.maximum(mean, 0.05) ** 2, 0.01, 10)
    seen = of.sum(axis=1) >= 4
    pool = float(np.median(found[seen])) if seen.any() else (1.0 if kind != "signed" else float(np.nanstd(y)) or 1.0)
    held = many / (many + 6.0)
    return np.where(seen, held * found + (1 - held) * pool, pool)


def _beside_the_year(panel: Panel) -> Floats:
    """[series]: the variance of a period by the square of its mean, when the season and the way it grows are
    taken out; nan where no season was seen twice."""
    season, y = panel.rhythm.season or panel.rhythm.year, panel.y
    if not season or panel.periods < 2 * season + 4:
        return np.full(len(y), np.nan)
    with np.errstate(invalid="ignore", divide="ignore"):
        growth = np.log(
            np.where(y[:, season:] > 0, y[:, season:], np.nan) / np.where(y[:, :-season] > 0, y[:, :-season], np.nan)
        )
        # Noise comes in twice, and a change once from each side of it.
        return np.asarray(np.nanmean(np.diff(growth, axis=1) ** 2, axis=1) / 4)
