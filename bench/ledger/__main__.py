"""`make bench-ledger`: what the ledger's operations cost beside the least PostgreSQL can do, a table and one JSON line.

Long: 38 minutes on a busy machine with more rounds than now; QUICK=1 tries it, in minutes. HISTORY=n rows of past
(10,000,000). SAFETIES=1 adds what each safety costs. PLOT=1 writes the table and the plot into docs/; build/ has them
always. Ends with 2, and says what is missing, if a safety is; with 1 if an invariant is violated after the run.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

from bench._figures import REPOSITORY
from bench.ledger import costs, history, place, plot, reads, report, sides, slices
from bench.ledger.safeties import NotAsDeployed, require

RESULT = REPOSITORY / "build" / "bench-ledger.json"
PLOT = REPOSITORY / "build" / "ledger-throughput.svg"
# A commit takes 3 ms more, as it does where storage is a quorum away; and always, not only when others are busy.
SLOW_COMMIT = {"commit_delay": "3000", "commit_siblings": "0"}
HISTORY_DAYS = 730
CHECKED_ROWS = 1_000_000


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much of everything."""

    members: int = 10_000
    lot_members: int = 300
    crossing_members: int = 1_500
    lots: tuple[int, ...] = (1, 10, 36, 100, 1000)
    clients: tuple[int, ...] = (1, 2, 4, 8, 16, 32)
    history: tuple[int, ...] = (100_000, 1_000_000, 10_000_000)
    rounds: int = 30
    rounds_commit: int = 8
    rounds_lots: int = 12
    rounds_clients: int = 6
    rounds_history: int = 8
    rounds_history_last: int = 30
    rounds_reads: int = 25
    rounds_costs: int = 25
    holds_a_member: int = 8

    @property
    def all_members(self) -> range:
        return range(1, self.members + 1)

    @property
    def pair_members(self) -> range:
        return range(self.members + 1, 2 * self.members + 1)

    def lot_group(self, lots: int) -> range:
        first = 1 + self.lots.index(lots) * self.lot_members
        return range(first, first + self.lot_members)

    @property
    def crossing_group(self) -> range:
        first = 1 + len(self.lots) * self.lot_members
        return range(first, first + self.crossing_members)


QUICK = Sizes(2_000, 60, 120, (1, 10, 36, 1000), (1, 8, 32), (100_000,), 5, 3, 3, 2, 4, 4, 5, 4)


def main() -> int:
    """0; 1 if an invariant is violated, 2 if the ledger is not as deployed."""
    # A bench that is ended ends what it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        result, violated = measure(_sizes(), with_costs=bool(os.environ.get("SAFETIES")))
    except NotAsDeployed as error:
        print(f"not measured, for these are missing: {error}")
        return 2
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=1) + "\n")
    PLOT.write_text(plot.drawn(result["plot"]))
    print(f"\n{report.text(result)}")
    if os.environ.get("PLOT"):
        report.write(result)
    for database, broken in violated.items():
        print(f"VIOLATED in {database}: {broken}")
    print(json.dumps(report.line(result), ensure_ascii=False))
    return 1 if violated else 0


def measure(sizes: Sizes, *, with_costs: bool) -> tuple[dict[str, Any], dict[str, dict[str, int]]]:
    """All figures, and what is violated by database. Raises NotAsDeployed, or RuntimeError if a side fails."""
    result: dict[str, Any] = {"bench": "ledger", "plot": {}, "spread": {}, "quartiles": {}, "micros": {}}
    began = time.monotonic()
    with place.durable_place() as here:
        with _said("members and lots"):
            _fill(here, sizes)
        with _said("hold, pair"):
            _hold_and_pair(here, sizes, result)
        with _said("bytes"):
            _bytes(here, sizes, result)
        with _said("slow commits"):
            _slow_commits(here, sizes, result)
        with _said("clients"):
            _clients(here, sizes, result)
        with _said("lots"):
            _lots(here, sizes, result)
        with _said("history"):
            dummies = _history(here, sizes, result)
        if with_costs:
            with _said("what each safety costs"):
                result["costs"] = costs.measure(here, sizes.rounds_costs)
        with _said("invariants"):
            violated = _violated(here, {"ledger": 0, "lots": 0, "empty": 0, **dummies})
    result["seconds"] = round(time.monotonic() - began)
    return result, violated


def _sizes() -> Sizes:
    quick, rows = os.environ.get("QUICK"), os.environ.get("HISTORY")
    sizes = QUICK if quick else Sizes()
    if rows is None:
        return sizes
    last = int(rows)
    steps = (*(step for step in sizes.history if step < last), last)
    return Sizes(**{name: getattr(sizes, name) for name in Sizes.__slots__} | {"history": steps})


@contextmanager
def _said(part: str) -> Iterator[None]:
    began = time.monotonic()
    yield
    print(f"{part:<28}{time.monotonic() - began:>6.0f} s", flush=True)


def _fill(here: place.Place, sizes: Sizes) -> None:
    groups = {
        "ledger": [(range(1, 2 * sizes.members + 1), 10)],
        "lots": [*((sizes.lot_group(lots), lots) for lots in sizes.lots), (sizes.crossing_group, 36)],
    }

    def fill(database: str) -> None:
        with here.owner(database) as connection:
            for members, lots in groups[database]:
                place.open_members(connection, members)
                place.fill(connection, members, lots)
            connection.execute("vacuum analyze")

    for database in groups:
        place.build(here, database)
    with ThreadPoolExecutor(len(groups)) as pool:
        list(pool.map(fill, groups))
    place.build_reference(here, "reference", sizes.members)
    here.checkpoint()


def _keep(result: dict[str, Any], name: str, ratios: slices.Ratios, digits: int = 2) -> None:
    result[name] = round(ratios.median, digits)
    result["spread"][name] = [round(end, digits) for end in ratios.spread]
    result["quartiles"][name] = [round(end, digits) for end in ratios.quartiles]


def _point(at: float, ratios: slices.Ratios) -> list[float]:
    return [at, *(round(value, 3) for value in (ratios.median, *ratios.quartiles))]


def _hold_and_pair(here: place.Place, sizes: Sizes, result: dict[str, Any]) -> None:
    racing = [
        sides.reference("reference", sizes.members),
        sides.hold("ledger", sizes.all_members),
        sides.pair("ledger", sizes.pair_members),
    ]
    with closing(place.Sweep(here, {"ledger": [sizes.all_members]})) as sweep:
        race = slices.race(here, racing, sizes.rounds, between=sweep)
    _keep(result, "hold_ratio", race.ratio("hold", "reference"))
    _keep(result, "hold_cpu_ratio", race.cpu_ratio("hold", "reference"))
    _keep(result, "pair_ratio", race.ratio("pair", "reference"))
    for side in race.parts:
        result["micros"][side] = round(race.cpu_microseconds(side), 1)
        result[f"{side}s_per_second"] = round(race.per_second(side))
        result[f"{side}_p50_p99_ms"] = [round(race.latency_ms(side, share), 2) for share in (0.5, 0.99)]


def _bytes(here: place.Place, sizes: Sizes, result: dict[str, Any]) -> None:
    """Of a journal that is holds for the most part, its indexes grown by them and not by ordered batches."""
    place.build(here, "bytes")
    with here.owner("bytes") as connection:
        place.open_members(connection, sizes.all_members)
        place.fill(connection, sizes.all_members, 1)
        connection.execute(sides.loop(sizes.all_members, sizes.holds_a_member * sizes.members).encode())
        result["journal_bytes"] = round(place.journal_bytes(connection))
        row = connection.execute(
            "select avg(pg_column_size(j.*)) as bytes from points.journal j where j.kind = 'hold'"
        ).fetchone()
        assert row is not None
        result["hold_row_bytes"] = round(row["bytes"])
    here.drop("bytes")


def _slow_commits(here: place.Place, sizes: Sizes, result: dict[str, Any]) -> None:
    for setting, value in SLOW_COMMIT.items():
        here.set(setting, value)
    racing = [sides.reference("reference", sizes.members), sides.hold("ledger", sizes.all_members)]
    with closing(place.Sweep(here, {"ledger": [sizes.all_members]})) as sweep:
        race = slices.race(here, racing, sizes.rounds_commit, slice_seconds=0.8, between=sweep)
    for setting in SLOW_COMMIT:
        here.reset(setting)
    _keep(result, "commit_bound_ratio", race.ratio("hold", "reference"))


def _clients(here: place.Place, sizes: Sizes, result: dict[str, Any]) -> None:
    racing = []
    for clients in sizes.clients:
        racing.append(sides.reference("reference", sizes.members, f"reference {clients}", clients))
        racing.append(sides.hold("ledger", sizes.all_members, f"hold {clients}", clients))
    with closing(place.Sweep(here, {"ledger": [sizes.all_members]})) as sweep:
        race = slices.race(here, racing, sizes.rounds_clients, between=sweep)
    result["plot"]["clients"] = [
        _point(clients, race.ratio(f"hold {clients}", f"reference {clients}")) for clients in sizes.clients
    ]


def _lots(here: place.Place, sizes: Sizes, result: dict[str, Any]) -> None:
    racing = [sides.reference("reference", sizes.members)]
    racing += [sides.hold("lots", sizes.lot_group(lots), f"lots {lots}") for lots in sizes.lots]
    # Half of the least lot on the average: one hold in four takes from more than one lot.
    racing.append(sides.hold("lots", sizes.crossing_group, "crossing", most=place.LOT_POINTS // 2))
    groups = [*(sizes.lot_group(lots) for lots in sizes.lots), sizes.crossing_group]
    with closing(place.Sweep(here, {"lots": groups})) as sweep:
        race = slices.race(here, racing, sizes.rounds_lots, between=sweep)
    for lots in (36, 1000):
        _keep(result, f"lots_{lots}_ratio", race.ratio(f"lots {lots}", "lots 10"))
    _keep(result, "crossing_ratio", race.ratio("crossing", "lots 36"))
    result["plot"]["lots"] = [_point(lots, race.ratio(f"lots {lots}", "reference")) for lots in sizes.lots]


def _history(here: place.Place, sizes: Sizes, result: dict[str, Any]) -> dict[str, int]:
    """The rows with dummy links by database."""
    points: list[list[float]] = []
    read: dict[int, reads.Reads] = {}
    dummies: dict[str, int] = {}
    written = _prepare_history(here, sizes)
    for rows, database in ((0, "empty"), *((rows, f"history_{rows}") for rows in sizes.history)):
        read[written[database]] = reads.measure(here, database, sizes.all_members, HISTORY_DAYS, sizes.rounds_reads)
        if rows == 0:
            continue
        racing = [
            sides.reference("reference", sizes.members),
            sides.hold("empty", sizes.all_members, "empty"),
            sides.hold(database, sizes.all_members, "history"),
        ]
        last = rows == sizes.history[-1]
        with closing(place.Sweep(here, {name: [sizes.all_members] for name in ("empty", database)})) as sweep:
            rounds = sizes.rounds_history_last if last else sizes.rounds_history
            race = slices.race(here, racing, rounds, between=sweep)
        points.append(_point(written[database], race.ratio("history", "reference")))
        if last:
            _keep(result, "history_ratio", race.ratio("history", "empty"))
            result["history_rows"] = written[database]
            points.insert(0, _point(0, race.ratio("empty", "reference")))
        dummies[database] = written[database]
    result["plot"]["history"] = points
    most = read[max(read)]
    _keep(result, "balance_ratio", most.balance_round_trip)
    _keep(result, "as_of_ratio", most.as_of_round_trip)
    _keep(result, "balance_server_ratio", most.balance)
    _keep(result, "as_of_server_ratio", most.as_of)
    result["reads_by_history"] = [
        {
            "rows": rows,
            "balance_server_ratio": round(of.balance.median, 2),
            "as_of_server_ratio": round(of.as_of.median, 2),
            **{f"{name}_microseconds": round(taken, 1) for name, taken in of.microseconds.items()},
        }
        for rows, of in sorted(read.items())
    ]
    return dummies


def _prepare_history(here: place.Place, sizes: Sizes) -> dict[str, int]:
    """Databases with as many rows of past, and one without; how many rows each got."""
    databases = {f"history_{rows}": rows for rows in reversed(sizes.history)} | {"empty": 0}
    for database in databases:
        place.build(here, database)

    def prepare(database: str) -> int:
        with here.owner(database) as connection:
            place.open_members(connection, sizes.all_members)
            written = history.write(here, database, sizes.members, databases[database])
            place.fill(connection, sizes.all_members, 10)
            connection.execute("vacuum analyze")
            require(connection)
        return written

    with ThreadPoolExecutor(2) as pool:
        written = dict(zip(databases, pool.map(prepare, databases), strict=True))
    here.checkpoint()
    return written


def _violated(here: place.Place, dummies: dict[str, int]) -> dict[str, dict[str, int]]:
    """By database. Each dummy link is one violation of I8, and there must be no other.

    Reading ten million rows eight times takes longer than all the rest, so it is done where THOROUGH=1 asks for it;
    else up to a million, and every member's last row beyond.
    """
    thorough = bool(os.environ.get("THOROUGH"))

    def check(database: str) -> dict[str, int]:
        with here.owner(database) as connection:
            if dummies[database] > CHECKED_ROWS and not thorough:
                return place.torn_members(connection)
            connection.execute("set work_mem = '256MB'")
            found = place.violations(connection)
        links = found.pop("I8 append-only chain", 0) - dummies[database]
        return found | ({"I8 append-only chain": links} if links else {})

    with ThreadPoolExecutor(2) as pool:
        checked = dict(zip(dummies, pool.map(check, dummies), strict=True))
    return {database: broken for database, broken in checked.items() if broken}


if __name__ == "__main__":
    sys.exit(main())
