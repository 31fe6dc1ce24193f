"""Why functions and machines run, and how often a month."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

from pydantic import Field

from cost.prices import Entry, PriceFileError, read_entries
from cost.usage import DAYS, MINUTES, Month

FUNCTIONS = Path(__file__).with_name("runs.toml")
MACHINES = Path(__file__).with_name("machines.toml")
# Cron expressions of the config are of a day, or of a day of the week.
DAYS_A_WEEK = 7


class Runs(Entry):
    """`times` for each of `of`; `ms` a run. `scheduled`: states of one run that a schedule begins."""

    of: str = Field(pattern=r"^[a-z_]+$")
    times: Decimal = Field(ge=0)
    ms: Decimal = Field(default=Decimal(0), ge=0)
    scheduled: Decimal = Field(default=Decimal(1), ge=0)

    def driven(self, month: Month) -> Decimal:
        """How many of them the members' doing makes in a month."""
        return self.times * count(month, self.of)


def load_runs(path: Path) -> dict[str, Runs]:
    """By the construct's name. Raises PriceFileError."""
    runs = {name: one for name, one in read_entries(path, Runs).items() if isinstance(one, Runs)}
    for name, one in runs.items():
        if one.of != "days" and one.of not in dir(Month):
            raise PriceFileError(f"{path.name}: {name}.of: nothing is counted by that name (got {one.of!r})")
    return runs


def count(month: Month, name: str) -> Decimal:
    """A count of the month by its name."""
    counted = DAYS if name == "days" else getattr(month, name)
    assert isinstance(counted, Decimal)
    return counted


def runs_a_month(schedule: str) -> Decimal:
    """Of EventBridge's `rate(…)` or `cron(…)` expression. Raises ValueError for one that is of neither kind."""
    if rate := re.fullmatch(r"rate\((\d+) (minute|hour|day)s?\)", schedule):
        between = int(rate[1]) * {"minute": 1, "hour": 60, "day": 1_440}[rate[2]]
        return MINUTES / between
    fields = re.fullmatch(r"cron\((\S+) (\S+) (\S+) (\S+) (\S+) (\S+)\)", schedule)
    if not fields:
        raise ValueError(f"not a schedule of EventBridge: {schedule}")
    minutes, hours, day, _, weekday, _ = fields.groups()
    a_day = _values(minutes, 60) * _values(hours, 24)
    if weekday not in "?*":
        return DAYS * a_day * _values(weekday, DAYS_A_WEEK) / DAYS_A_WEEK
    return Decimal(_values(day, 31) * a_day) if day not in "?*" else DAYS * a_day


def _values(field: str, most: int) -> int:
    """How many values a field of a cron expression stands for: lists, ranges of numbers, steps, a star."""
    total = 0
    for part in field.split(","):
        whole, _, step = part.partition("/")
        first, _, last = whole.partition("-")
        if whole == "*":
            width = most
        elif last:
            width = int(last) - int(first) + 1 if first.isdigit() and last.isdigit() else most
        else:
            width = most - int(first) if step and first.isdigit() else 1
        total += -(-width // int(step)) if step else width
    return total
