"""One size: generate, write, load, ask; and whether the sums in the warehouse are those of the truth."""

from __future__ import annotations

import math
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from analytics.generator import Generated, bronze, programme
from analytics.metrics import catalogue
from analytics.warehouse import statements
from analytics.warehouse.engine import Warehouse

DAYS = 730
# Of a member in two years, rather less than more: sizes are reached.
FACTS_A_MEMBER = 86
PROGRAM = 1
# What the warehouse has against what was counted while the programme was made.
SUMS = {
    "issued": "select sum(points) from loyalty.fact_points_entry where kind = 'accrue'",
    "redeemed": "select sum(points) from loyalty.fact_points_entry where kind = 'settle'",
    "restored": "select sum(points) from loyalty.fact_points_entry where kind = 'restore'",
    "expired": "select sum(points) from loyalty.fact_points_entry where kind = 'expire'",
    "outstanding": "select sum(case when event in ('opened', 'restored') then points else -points end)"
    " from loyalty.fact_points_movement",
    "purchases": "select count(*) from loyalty.fact_accrual where campaign is null",
    "redemptions": "select count(distinct redemption_id) from loyalty.fact_redemption_line where units_accepted > 0",
    "burned": "select sum(points) from loyalty.fact_redemption_line",
    "captured_minor": "select sum(amount_minor) from loyalty.fact_money where kind = 'capture'",
    "refunded_minor": "select sum(amount_minor) from loyalty.fact_money where kind = 'refund'",
}
REFUSED = "select sum(units_refused) from loyalty.fact_redemption_line"
FACT_TABLES = (
    "accrual", "campaign_participant", "invoice_line", "money", "points_entry", "points_movement", "redemption_line",
    "shipment", "tier_change", "wish",
)  # fmt: skip


@dataclass
class Measured:
    """Seconds by the clock on the wall, `load_cpu_s` of the processor; milliseconds a query, by metric."""

    facts: int
    members: int
    generate_s: float = 0
    write_s: float = 0
    lake_mb: float = 0
    load_s: float = 0
    load_cpu_s: float = 0
    refresh_s: float = 0
    again_s: float = 0
    queries_ms: dict[str, list[float]] = field(default_factory=dict)
    queries_cpu_ms: dict[str, list[float]] = field(default_factory=dict)
    differences: list[str] = field(default_factory=list)

    def p95_ms(self, metric: str) -> float:
        """The least time that 95 of 100 queries of the metric do not exceed."""
        return _p95(self.queries_ms[metric])

    @property
    def slowest_ms(self) -> float:
        """The largest p95 of all metrics."""
        return max(_p95(times) for times in self.queries_ms.values())

    @property
    def slowest_cpu_ms(self) -> float:
        """The same of processor time."""
        return max(_p95(times) for times in self.queries_cpu_ms.values())


def _p95(times: list[float]) -> float:
    return sorted(times)[math.ceil(0.95 * len(times)) - 1]


def measure(seed: int, facts: int, rounds: int) -> Measured:
    """About so many facts of two years, in a folder that is gone afterwards."""
    members = max(1, facts // FACTS_A_MEMBER)
    with tempfile.TemporaryDirectory(prefix="bench-lake-") as folder:
        began = time.monotonic()
        made = programme(seed, members, DAYS)
        found = Measured(facts=made.facts, members=members, generate_s=time.monotonic() - began)
        began = time.monotonic()
        written = bronze.write(made, Path(folder))
        found.write_s = time.monotonic() - began
        found.lake_mb = sum(one.bytes for one in written.values()) / 1e6
        if (rows := sum(written[table].rows for table in FACT_TABLES)) != made.facts:
            found.differences.append(f"the lake has {rows} facts, {made.facts} were made")
        with Warehouse(Path(folder) / "warehouse.duckdb") as warehouse:
            _load(warehouse, written, found)
            _compare(warehouse, made, found)
            _ask(warehouse, made, rounds, found)
    return found


def _load(warehouse: Warehouse, written: dict[str, bronze.Written], found: Measured) -> None:
    for batch in statements.batches(statements.bootstrap()):
        warehouse.run(batch)
    used = time.process_time()
    with _seconds() as taken:
        for table, one in written.items():
            warehouse.run(statements.load(table, one.manifest, one.batch, replaces=True))
        warehouse.run(statements.derive())
        began = time.monotonic()
        warehouse.run(statements.refresh())
        found.refresh_s = time.monotonic() - began
    found.load_s, found.load_cpu_s = taken[0], time.process_time() - used
    with _seconds() as taken:
        for table, one in written.items():
            warehouse.run(statements.load(table, one.manifest, one.batch, replaces=True))
        warehouse.run(statements.derive())
    found.again_s = taken[0]


def _compare(warehouse: Warehouse, made: Generated, found: Measured) -> None:
    """After the second load of the same batches, which must have changed nothing."""
    for name, sql in SUMS.items():
        told, true = int(warehouse.query(sql)[0][0] or 0), getattr(made.truth.sums, name)
        if told != true:
            found.differences.append(f"{name}: {told} in the warehouse, {true} in truth")
    refused, true = int(warehouse.query(REFUSED)[0][0] or 0), int(made.truth.refused_units.sum())
    if refused != true:
        found.differences.append(f"refused units: {refused} in the warehouse, {true} in truth")


def _ask(warehouse: Warehouse, made: Generated, rounds: int, found: Measured) -> None:
    """Every metric as the report page asks it: in turn without a filter, and for the second year and one level."""
    year = {"from_day": f"{made.first_day.year + 1}-01-01", "tier": "silver"}
    for metric in catalogue.metrics():
        times, used = [], []
        for number in range(rounds):
            parameters = catalogue.parameters(metric, PROGRAM, year if number % 2 else {})
            began, before = time.monotonic(), time.process_time()
            warehouse.query(metric.sql, parameters)
            times.append((time.monotonic() - began) * 1000)
            used.append((time.process_time() - before) * 1000)
        found.queries_ms[metric.name], found.queries_cpu_ms[metric.name] = times, used


@contextmanager
def _seconds() -> Iterator[list[float]]:
    taken: list[float] = []
    began = time.monotonic()
    yield taken
    taken.append(time.monotonic() - began)
