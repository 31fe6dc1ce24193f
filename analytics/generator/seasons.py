"""When members shop and redeem: by weekday and by time of the year."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from analytics.generator.tables import Floats

# Monday first; the mean is 1.
SHOPPING_WEEKDAYS = (0.85, 0.83, 0.88, 0.95, 1.19, 1.35, 0.95)
REDEEMING_WEEKDAYS = (1.02, 0.94, 0.92, 0.93, 0.90, 1.07, 1.22)


@dataclass(frozen=True)
class Season:
    """A factor a day, 1 on a mean day: `weekday` times `year`."""

    weekday: Floats
    year: Floats

    @property
    def factor(self) -> Floats:
        return self.weekday * self.year


def shopping(first_day: date, days: int) -> Season:
    """Fridays and Saturdays, Christmas, Black Friday, and a little more in summer."""
    return _season(first_day, days, SHOPPING_WEEKDAYS, wave=0.08, christmas=0.45, black_friday=0.40)


def redeeming(first_day: date, days: int) -> Season:
    """Weekends, presents before Christmas, Black Friday."""
    return _season(first_day, days, REDEEMING_WEEKDAYS, wave=0.05, christmas=0.80, black_friday=0.60)


def black_friday(year: int) -> date:
    """The day after the fourth Thursday of November."""
    first = date(year, 11, 1)
    return first + timedelta(days=(3 - first.weekday()) % 7 + 3 * 7 + 1)


def _season(
    first_day: date, days: int, weekdays: tuple[float, ...], *, wave: float, christmas: float, black_friday: float
) -> Season:
    dates = [first_day + timedelta(days=day) for day in range(days)]
    weekday = np.array([weekdays[day.weekday()] for day in dates]) / np.mean(weekdays)
    of_year = np.array([day.timetuple().tm_yday for day in dates], dtype=np.float64)
    to_friday = np.array([(day - _friday(day)).days for day in dates], dtype=np.float64)
    year = (
        1
        + wave * np.sin(2 * np.pi * (of_year - 80) / 365.25)
        + christmas * np.exp(-0.5 * ((of_year - 347) / 9) ** 2)
        + black_friday * np.exp(-0.5 * (to_friday / 2) ** 2)
    )
    return Season(weekday, year)


def _friday(day: date) -> date:
    return black_friday(day.year)
