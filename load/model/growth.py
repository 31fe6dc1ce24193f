"""The deployment at each number of members: what is asked of each part, how much of it that takes, what gives first."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from load.model import pace, queues
from load.model.inputs import Measured, assumed

STEPS = (1_000, 10_000, 100_000, 1_000_000, 10_000_000)
MONTH_SECONDS, YEAR_SECONDS = 30.4 * 86_400, 365 * 86_400
SEED = 20_261_123
# So long may one order in a hundred wait on an ordinary day: with more, another connection is counted.
PATIENCE_SECONDS = 3_600

LEVERS = {
    "Amazon's pace": "a higher rate from Amazon, then a queue for each of several connections",
    "requests a second": "`api.rate_limit`, with the account's own quota behind it",
    "function environments": "the account's quota; fewer requests by `api.cache_gb`",
    "writer's processors": "kept pages; reads to readers; `max_acu`; then members by shard (Aurora Limitless)",
    "state transitions": "the account's quota",
    "import by night": "several files at once; more nights than one",
}


@dataclass(frozen=True, slots=True)
class Step:
    """One number of members. Rates are a second; `used` is each part's share of what prod.toml lets it have."""

    members: int
    requests: float
    peak_requests: float
    kept_requests: float
    redemptions_a_day: float
    peak_redemptions: float
    environments: int
    processors: float
    journal_gb: float
    import_minutes: float
    connections: int
    waited: pace.Waited
    campaign: pace.Waited
    used: Mapping[str, float]

    @property
    def first(self) -> str:
        """The part that gives first."""
        return max(self.used, key=lambda name: self.used[name])


def step(members: int, run: Measured, config: Mapping[str, Any]) -> Step:
    """What `members` ask of `config` (a document like config/prod.toml)."""
    requests = members * assumed("active_part") * assumed("visits") * assumed("requests_per_visit") / MONTH_SECONDS
    peak = requests * assumed("peak")
    kept = peak * run.kept_part * assumed("kept_hits") if config["api"].get("cache_gb", 0) else 0.0
    redemptions = members * assumed("redemptions") / YEAR_SECONDS
    peak_redemptions = redemptions * assumed("peak")
    answered = peak - kept
    # One environment a request: what waits here is refused, so hardly any may.
    work = answered * run.alone_seconds * assumed("lambda_slower")
    environments = queues.servers_for(work, 0.001)
    processors = answered * run.alone_seconds * assumed("database_part") + peak_redemptions * assumed("engine_ms") / 1e3
    rows = members * (assumed("purchases") + assumed("redemptions") * assumed("rows_per_redemption"))
    import_seconds = members * assumed("purchases") / 365 / assumed("import_lines")
    sold = config["database"]["max_acu"] * assumed("acu_cores")
    used = {
        "Amazon's pace": redemptions / assumed("orders_per_second"),
        "requests a second": peak / config["api"]["rate_limit"],
        "function environments": environments / assumed("lambda_quota"),
        "writer's processors": processors / sold,
        "state transitions": peak_redemptions * assumed("transitions") / assumed("transitions_quota"),
        "import by night": import_seconds / (assumed("night_hours") * 3_600),
    }
    connections, ordinary = 1, _day(redemptions, assumed("peak"), 1)
    while ordinary.late > PATIENCE_SECONDS:
        connections += 1
        ordinary = _day(redemptions, assumed("peak"), connections)
    return Step(
        members=members,
        requests=requests,
        peak_requests=peak,
        kept_requests=kept,
        redemptions_a_day=redemptions * 86_400,
        peak_redemptions=peak_redemptions,
        environments=environments,
        processors=processors,
        journal_gb=rows * assumed("row_bytes") / 1e9,
        import_minutes=import_seconds / 60,
        connections=connections,
        waited=ordinary,
        campaign=_day(redemptions * assumed("campaign"), assumed("peak"), connections),
        used=used,
    )


def _day(per_second: float, peak: float, connections: int) -> pace.Waited:
    """A day's orders, simulated: each connection has a bucket and a queue of its own, and an even share of members."""
    chance = random.Random(SEED)  # noqa: S311 - a simulation's
    share = per_second / connections
    arrivals = list(pace.by_chance(pace.evening(share, peak), share * peak, pace.DAY_SECONDS, chance))
    return pace.waited(arrivals, pace.leave(arrivals, assumed("orders_per_second"), int(assumed("orders_burst"))))


def all_steps(run: Measured, config: Mapping[str, Any]) -> list[Step]:
    return [step(members, run, config) for members in STEPS]
