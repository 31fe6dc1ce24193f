"""What the model is fed: measured figures read from docs/load.md, and assumptions, each with where it is from."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

REPOSITORY = Path(__file__).resolve().parents[2]
MEASURED = REPOSITORY / "docs" / "load.md"
_ROW = re.compile(
    r"^\| `(?P<route>[A-Z]+ [^`]+)` \| (?P<answers>[\d,]+) \| (?P<alone>\d+|–) \| (?P<busy>\d+) \| (?P<late>\d+|–) \|"
)


class Fact(NamedTuple):
    """One assumption. `why` says where it is from, or that it is a guess."""

    value: float
    unit: str
    why: str


@dataclass(frozen=True, slots=True)
class Route:
    """A route's answers in the measured run, milliseconds alone and in the crowd."""

    route: str
    answers: int
    alone_ms: float | None
    busy_ms: float


@dataclass(frozen=True, slots=True)
class Measured:
    """The last full run of `make load`."""

    routes: tuple[Route, ...]
    facts: dict[str, int]
    # How long orders left at Amazon's real pace.
    slow_seconds: float

    @property
    def requests(self) -> int:
        return sum(route.answers for route in self.routes)

    @property
    def alone_seconds(self) -> float:
        """The mean answer of one device alone, weighted by how often each route was asked."""
        known = [route for route in self.routes if route.alone_ms is not None]
        asked = sum(route.answers for route in known)
        return sum(route.answers * (route.alone_ms or 0) for route in known) / asked / 1_000

    @property
    def busy_seconds(self) -> float:
        """The mean of the routes' medians in the crowd, weighted the same."""
        return sum(route.answers * route.busy_ms for route in self.routes) / self.requests / 1_000

    @property
    def kept_part(self) -> float:
        """The part of requests whose answers a gateway may keep for all."""
        return sum(route.answers for route in self.routes if route.route.startswith("GET /catalogue/{")) / self.requests


def measured(text: str | None = None) -> Measured:
    """Read docs/load.md (or its `text`). Raises ValueError if the run's lines are not there."""
    text = MEASURED.read_text() if text is None else text
    found = [match for line in text.splitlines() if (match := _ROW.match(line))]
    last = re.search(r"`LOAD OK (?P<facts>[^`]+)`", text)
    slow = re.search(r"At 0\.5 orders/s for (?P<seconds>\d+) s:", text)
    if not found or last is None or slow is None:
        raise ValueError("docs/load.md: no table of routes, no slow phase or no line LOAD OK: run make load")
    routes = tuple(
        Route(
            row["route"],
            int(row["answers"].replace(",", "")),
            None if row["alone"] == "–" else float(row["alone"]),
            float(row["busy"]),
        )
        for row in found
    )
    facts = {name: int(value) for name, value in (pair.split("=") for pair in last["facts"].split())}
    return Measured(routes, facts, float(slow["seconds"]))


LAPTOP_CORES = 2  # docs/load.md: all of it on 2 cores

GUESS = "assumed"
ASSUMED = {
    "active_part": Fact(0.30, "of members come in a month", GUESS),
    "visits": Fact(3, "visits a month of an active member", GUESS),
    "requests_per_visit": Fact(12.3, "requests", "docs/load.md: requests to redemptions of the measured journey"),
    "redemptions": Fact(2, "a member a year", GUESS),
    "purchases": Fact(50, "a member a year, in partners' files", GUESS),
    "peak": Fact(8, "times the day's mean, in the evening's busiest minute", GUESS),
    "campaign": Fact(5, "times a day's redemptions on a campaign's first day", GUESS),
    "kept_hits": Fact(0.90, "of kept pages are found", GUESS),
    "lambda_slower": Fact(3.5, "times a laptop's core, at 512 MB", "Lambda gives 1,769 MB a whole processor"),
    "database_part": Fact(1.0, "of an answer alone is the database's", "upper bound: the whole answer"),
    "engine_ms": Fact(
        22, "ms a redemption, first step to settling", "docs/performance.md: its parts, without the shop"
    ),
    "transitions": Fact(
        20,
        "state transitions a redemption",
        "assumed: the usual road through stacks/loyalty_engine.asl.json, and some waits",
    ),
    "row_bytes": Fact(399, "bytes a journal row, indexes and all", "docs/ledger.md, measured"),
    "rows_per_redemption": Fact(2, "rows: hold and settle", "docs/ledger.md"),
    "import_lines": Fact(38_600, "lines a second", "docs/performance.md, one file of 1.5 million lines"),
    "orders_per_second": Fact(0.5, "a connection", "Amazon Business's rate of placeOrder, trials included"),
    "orders_burst": Fact(10, "at once", "the same"),
    "acu_cores": Fact(0.25, "processors an ACU", "2 GB of memory an ACU, 8 GB a processor in the r classes"),
    "lambda_quota": Fact(1_000, "environments an account and region", "AWS's default; can be raised"),
    "transitions_quota": Fact(5_000, "transitions a second", "AWS's default in large regions; can be raised"),
    "night_hours": Fact(4, "hours for partners' files", GUESS),
}


def assumed(name: str) -> float:
    return ASSUMED[name].value


def production() -> dict[str, Any]:
    """config/prod.toml: what the model's limits are, as somebody begins with."""
    return tomllib.loads((REPOSITORY / "config" / "prod.toml").read_text())
