"""What is known at an origin about a later period of each series: the columns the learner sees.

An origin `t` knows periods before t; step k = 1 is period t itself. Columns in units of the series are divided by its
scale at the origin, so that one model learns of all."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from loyalty.demand.forecasting.panels import Panel
from loyalty.demand.forecasting.quantiles import Floats

# Periods in which what is known ahead is compared with the period to be told, for the nearest alike.
ALIKE = {"day": 120, "hour": 336}
ALIKE_USUALLY = 60
MOST_KNOWN = 12


@dataclass(frozen=True)
class Features:
    """Of one panel. `names` is set by the first call of `at`."""

    panel: Panel
    names: list[str] = field(default_factory=list)

    @cached_property
    def _y(self) -> Floats:
        return self.panel.y

    @cached_property
    def _sums(self) -> tuple[Floats, Floats, Floats, Floats]:
        """Running sums from nought: known values, their squares, how many there are, how many are nought."""
        filled, seen = np.nan_to_num(self._y), np.isfinite(self._y)
        return tuple(  # type: ignore[return-value]
            np.pad(np.cumsum(one, axis=1, dtype=np.float64), ((0, 0), (1, 0)))
            for one in (filled, filled**2, seen, (filled == 0) & seen)
        )

    @cached_property
    def began(self) -> NDArray[np.int64]:
        """The first period of each series of which anything is known."""
        known = np.isfinite(self._y) | self.panel.censored
        return np.where(known.any(axis=1), known.argmax(axis=1), self.panel.periods)

    @cached_property
    def _known(self) -> Floats:
        return self.panel.known[:, :, :MOST_KNOWN]

    @cached_property
    def _groups(self) -> dict[str, NDArray[np.int64]]:
        """All series; those of the same word, for words that few enough and many enough share."""
        found = {"all": np.zeros(len(self._y), dtype=np.int64)}
        for name, column in zip(self.panel.static_names, self.panel.static.T, strict=True):
            kinds = len(np.unique(column))
            if 1 < kinds <= max(2, len(self._y) // 4):
                found[name] = np.unique(column, return_inverse=True)[1]
        return dict(list(found.items())[:4])

    @cached_property
    def _totals(self) -> list[tuple[NDArray[np.int64], Floats, Floats]]:
        """Of each grouping: the group of a series; known sums and counts by group and period, running from nought."""
        filled, seen = np.nan_to_num(self._y), np.isfinite(self._y).astype(np.float64)
        found = []
        for group in self._groups.values():
            sums = np.zeros((group.max() + 1, self.panel.periods))
            counts = np.zeros_like(sums)
            np.add.at(sums, group, filled)
            np.add.at(counts, group, seen)
            running = [np.pad(np.cumsum(one, axis=1), ((0, 0), (1, 0))) for one in (sums, counts)]
            found.append((group, running[0], running[1]))
        return found

    def _mean(self, since: int, until: int) -> Floats:
        """Of each series over [since, until); nan where nothing is known."""
        values, _, seen, _ = self._sums
        since, until = max(since, 0), max(until, 0)
        count = seen[:, until] - seen[:, since]
        return np.where(count > 0, (values[:, until] - values[:, since]) / np.maximum(count, 1), np.nan)

    def scale(self, t: int) -> Floats:
        """How much it is about: mostly of late, a little of always, and of its neighbours where it is young.
        Above nought."""
        values, _, seen, _ = self._sums
        recent = self.panel.rhythm.recent
        everything, counts = self._totals[-1][1:] if len(self._totals) > 1 else self._totals[0][1:]
        group = self._totals[-1][0] if len(self._totals) > 1 else self._totals[0][0]
        since = max(0, t - recent)
        usual = (everything[:, t] - everything[:, since]) / np.maximum(counts[:, t] - counts[:, since], 1)
        n = seen[:, t] - seen[:, since]
        prior = max(1.0, recent / 13)
        late = (np.abs(values[:, t] - values[:, since]) + prior * np.abs(usual[group])) / (n + prior)
        always = np.abs(values[:, t]) / np.maximum(seen[:, t], 1)
        if self.panel.kind == "signed":
            squares = self._sums[1]
            late = np.sqrt((squares[:, t] - squares[:, since]) / np.maximum(n, 1)) + 1e-6 * np.abs(late)
            always = np.sqrt(squares[:, t] / np.maximum(seen[:, t], 1))
        floor = 0.2 if self.panel.kind == "count" else 0.05 * max(float(np.nanmean(np.abs(self._y[:, :t]))), 1e-12)
        return np.asarray(0.8 * late + 0.2 * np.where(seen[:, t] > 0, always, late) + floor)

    def at(self, t: int, steps: list[int]) -> list[NDArray[np.float32]]:
        """[series, columns] of each step from origin t."""
        scale = self.scale(t)
        names, base = self._of_origin(t, scale)
        found = []
        for k in steps:
            more_names, more = self._of_period(t, k, scale)
            if not self.names:
                self.names.extend([*names, *more_names, *self.panel.static_names])
            columns = [base, np.stack(more, axis=1), self.panel.static]
            found.append(np.concatenate(columns, axis=1).astype(np.float32))
        return found

    def _of_origin(self, t: int, scale: Floats) -> tuple[list[str], Floats]:
        rhythm, y = self.panel.rhythm, self._y
        values, squares, seen, noughts = self._sums
        columns: dict[str, Floats] = {}
        for lag in range(1, rhythm.lags + 1):
            columns[f"lag_{lag}"] = (y[:, t - lag] if t >= lag else np.full(len(y), np.nan)) / scale
        for window in rhythm.windows:
            columns[f"mean_{window}"] = self._mean(t - window, t) / scale
        for window in rhythm.windows[1:3]:
            since = max(0, t - window)
            n = np.maximum(seen[:, t] - seen[:, since], 1)
            mean = (values[:, t] - values[:, since]) / n
            columns[f"deviation_{window}"] = (
                np.sqrt(np.maximum((squares[:, t] - squares[:, since]) / n - mean**2, 0)) / scale
            )
            columns[f"noughts_{window}"] = (noughts[:, t] - noughts[:, since]) / n
            columns[f"most_{window}"] = np.nan_to_num(y[:, since:t]).max(axis=1, initial=0) / scale
        columns["mean"] = self._mean(0, t) / scale
        columns["noughts"] = noughts[:, t] / np.maximum(seen[:, t], 1)
        recent = np.nan_to_num(y[:, max(0, t - 400) : t])[:, ::-1]
        some = recent != 0
        columns["since"] = np.where(some.any(axis=1), some.argmax(axis=1) if some.size else 0, 999.0)
        columns["size"] = values[:, t] / np.maximum(seen[:, t] - noughts[:, t], 1) / scale
        columns["age"] = np.minimum(t - self.began, 999).astype(np.float64)
        for name, share in (("fast", 0.3), ("slow", 0.1)):
            weights = share * (1 - share) ** np.arange(min(t, 60))
            known = np.isfinite(y[:, t - len(weights) : t][:, ::-1])
            columns[name] = (recent[:, : len(weights)] @ weights) / np.maximum(known @ weights, 1e-9) / scale
        for level, (group, sums, counts) in zip(self._groups, self._totals, strict=True):
            columns.update(self._neighbours(t, level, group, sums, counts))
        columns["scale"] = np.log(scale)
        return list(columns), np.stack(list(columns.values()), axis=1)

    def _neighbours(
        self, t: int, level: str, group: NDArray[np.int64], sums: Floats, counts: Floats
    ) -> dict[str, Floats]:
        """How much more the group is asked for lately than in the longer run."""
        short, long = (
            self.panel.rhythm.windows[0],
            self.panel.rhythm.windows[2 if len(self.panel.rhythm.windows) > 2 else 1],
        )

        def mean(window: int) -> Floats:
            since = max(0, t - window)
            return np.asarray((sums[:, t] - sums[:, since]) / np.maximum(counts[:, t] - counts[:, since], 1))

        with np.errstate(invalid="ignore", divide="ignore"):
            ratio = np.where(mean(long) != 0, mean(short) / mean(long), np.nan)
        return {f"neighbours_{level}": np.clip(ratio, -10, 10)[group]}

    def _of_period(self, t: int, k: int, scale: Floats) -> tuple[list[str], list[Floats]]:
        columns: dict[str, Floats] = {"step": np.full(len(scale), float(k))}
        columns.update(self._calendar(t + k - 1))
        rhythm = self.panel.rhythm
        if rhythm.season:
            same = [t + k - 1 - rhythm.season * back for back in range(1 + (k - 1) // rhythm.season, 12)]
            same = [one for one in same if 0 <= one < t]
            for many in (4, 8):
                found = self._y[:, same[:many]] if same else np.full((len(scale), 1), np.nan)
                known = np.isfinite(found).sum(axis=1)
                columns[f"same_{many}"] = (
                    np.where(known > 0, np.nansum(found, axis=1) / np.maximum(known, 1), np.nan) / scale
                )
        if rhythm.year:
            columns.update(self._year_ago(t, k, scale))
        columns.update(self._planned(t, k, scale))
        return list(columns), list(columns.values())

    def _year_ago(self, t: int, k: int, scale: Floats) -> dict[str, Floats]:
        """The same time of the last year: of the series, and of its groups by how much it was then at the origin."""
        year = self.panel.rhythm.year
        near = 3 if self.panel.step == "day" else (1 if self.panel.step in ("week", "hour") else 0)
        then = t + k - 1 - year
        n = len(scale)
        columns: dict[str, Floats] = {}
        seen = 0 <= then < t
        columns["year_ago"] = (self._y[:, then] if seen else np.full(n, np.nan)) / scale
        around = self._mean(then - near, min(then + near + 1, t)) if then - near >= 0 and seen else np.full(n, np.nan)
        columns["year_ago_around"] = around / scale
        before = max(0, t - year - self.panel.rhythm.windows[1])
        base = self._mean(before, t - year) if t - year > before else np.full(n, np.nan)
        with np.errstate(invalid="ignore", divide="ignore"):
            columns["year_ago_ratio"] = np.clip(around / np.where(base > 0, base, np.nan), 0, 20)
            for level, (group, sums, counts) in list(zip(self._groups, self._totals, strict=True))[:2]:
                ratio = np.full(n, np.nan)
                if seen and t - year > before:
                    one = (sums[:, then + 1] - sums[:, then]) / np.maximum(counts[:, then + 1] - counts[:, then], 1)
                    level_then = (sums[:, t - year] - sums[:, before]) / np.maximum(
                        counts[:, t - year] - counts[:, before], 1
                    )
                    ratio = np.clip(one / np.where(level_then > 0, level_then, np.nan), 0, 20)[group]
                columns[f"year_ago_neighbours_{level}"] = ratio
        return columns

    @cached_property
    def _dates(self) -> NDArray[np.datetime64]:
        return self.panel.dates(2000)

    def _calendar(self, period: int) -> dict[str, Floats]:
        """Of the period: only what has come round before in the panel, so that it is not another name for time."""
        n, step = len(self._y), self.panel.step
        if step == "number":
            return {}
        at = self._dates[min(period, len(self._dates) - 1)]
        day = at.astype("datetime64[D]")
        month = int(day.astype("datetime64[M]").astype(int)) % 12
        columns: dict[str, float] = {}
        if step in ("day", "hour"):
            columns["weekday"] = float((day.astype(int) + 3) % 7)
            columns["of_month"] = float((day - day.astype("datetime64[M]")).astype(int))
        if step == "hour":
            columns["hour"] = float(at.astype("datetime64[h]").astype(int) % 24)
        if step == "week":
            columns["of_month"] = float((day - day.astype("datetime64[M]")).astype(int))
        year = self.panel.rhythm.year
        if year and step != "hour" and self.panel.periods >= 1.5 * year:
            columns["of_year"] = float((day - day.astype("datetime64[Y]").astype("datetime64[D]")).astype(int))
            columns["month"] = float(month)
        return {name: np.full(n, value) for name, value in columns.items()}

    @cached_property
    def _usual(self) -> tuple[Floats, Floats]:
        """What is known ahead, in deviations over the whole panel from the series' own mean; and that mean."""
        known = self._known
        seen = np.isfinite(known)
        mean = np.where(seen.any(axis=1), np.nansum(known, axis=1) / np.maximum(seen.sum(axis=1), 1), 0.0)
        apart = np.where(seen, known - mean[:, None, :], 0.0)
        deviation = np.sqrt((apart**2).mean(axis=(0, 1)))
        return np.asarray((apart / np.maximum(deviation, 1e-9)).astype(np.float32)), mean

    def _planned(self, t: int, k: int, scale: Floats) -> dict[str, Floats]:
        """What is known ahead of the period, how that differs from lately, and what was asked for when it was alike."""
        known = self._known
        if not known.shape[2]:
            return {}
        period = min(t + k - 1, known.shape[1] - 1)
        apart, _ = self._usual
        columns: dict[str, Floats] = {}
        recent = self.panel.rhythm.recent
        for column, name in enumerate(self.panel.known_names[:MOST_KNOWN]):
            columns[f"{name}_then"] = known[:, period, column]
            columns[f"{name}_last"] = known[:, t - 1, column]
            columns[f"{name}_lately"] = apart[:, period, column] - apart[:, max(0, t - recent) : t, column].mean(axis=1)
        since = max(0, t - ALIKE.get(self.panel.step, ALIKE_USUALLY))
        distance = ((apart[:, since:t] - apart[:, period, None]) ** 2).sum(axis=2)
        window = self._y[:, since:t]
        weight = np.exp(-distance) * np.isfinite(window)
        total = weight.sum(axis=1)
        usual = self._mean(since, t)
        columns["alike"] = (
            (np.nansum(weight * np.nan_to_num(window), axis=1) + 0.5 * np.nan_to_num(usual)) / (total + 0.5) / scale
        )
        columns["alike_many"] = total
        return columns
