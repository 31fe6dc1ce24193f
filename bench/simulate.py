"""Simulate before publish: a million redemptions and a million balances under a draft, against a bare scan of the rows.

The scan sums one column of each table that is read, in the same run and on the same server. Memory is what the server's
processes and ours have of their own at the worst instant: what they share (the buffers) is not counted again for each.
"""

from __future__ import annotations

import os
import resource
import statistics
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench import _redeemed
from bench._figures import Budget, Figures, spread
from local import postgres, processes
from loyalty.database import Connection, DatabaseSettings, connect
from loyalty.migration import migrate
from loyalty.programme import publishing, reading
from loyalty.programme.document import Programme
from loyalty.programme.simulation import running

BUDGETS = {"simulate_seconds": Budget(10), "simulate_server_mb": Budget(512)}
REDEMPTIONS = MEMBERS = 1_000_000
READERS = 2
ROUNDS = 3
# As the smallest Aurora of the configs has it, and no more.
SETTINGS = ("shared_buffers=512MB", "max_wal_size=8GB", "checkpoint_timeout=30min")
SCANS = (
    "select sum(points) from redemptions.redemption",
    "select sum(unit_points) from redemptions.line",
    "select sum(unit_points_full) from redemptions.quote_line",
    "select sum(charged_minor) from orders.placement_line",
    "select sum(available) from points.member",
    "select count(tier) from members.member",
)
LOOK_SECONDS = 0.02


def run() -> Figures:
    """Seconds, times the scan, and megabytes."""
    folder = postgres.temporary("loyalty-bench")
    server = postgres.start(folder / "data", postgres.free_port(), durable=False, settings=SETTINGS)
    try:
        return _measured(server.port, _postmaster(folder / "data"))
    finally:
        server.stop("immediate")
        postgres.remove(folder)


def _measured(port: int, postmaster: int) -> Figures:
    def come(role: str) -> Connection:
        return connect(DatabaseSettings("127.0.0.1", port, "postgres", role, "disable"))

    with ExitStack() as open_now:
        owner = open_now.enter_context(come(postgres.SUPERUSER))
        migrate(owner)
        publishing.publish_initial(owner, {})
        before = reading.current(owner, 1).document
        began = time.monotonic()
        tiers = [tier.code for tier in before.tiers.levels]
        _redeemed.build(owner, MEMBERS, REDEMPTIONS, tiers, before.conversion.points_per_major)
        filled = time.monotonic() - began
        conversion = before.conversion.model_copy(update={"points_per_major": 220, "by_tier": {"gold": 200}})
        after = before.model_copy(update={"conversion": conversion})
        readers = [open_now.enter_context(come("simulation")) for _ in range(READERS)]
        scanner = open_now.enter_context(come(postgres.SUPERUSER))
        seconds, scans, cpu, most = [], [], [], 0
        for turn in range(ROUNDS + 1):
            used = _processor(readers)
            with _memory(postmaster) as seen:
                one, (recorded, replayed) = _timed(lambda: _simulated(readers, before, after))
            two, _ = _timed(lambda: [scanner.execute(scan.encode()).fetchall() for scan in SCANS])
            # The first of each finds everything on the disk.
            if turn:
                cpu.append(_processor(readers) - used)
                seconds.append(one)
                scans.append(two)
                most = max(most, seen[0])
    if recorded != replayed:
        raise RuntimeError(f"the same document gives {replayed} points and not the recorded {recorded}")
    return {
        **spread("simulate_seconds", seconds, 1),
        **spread("simulate_processor_seconds", cpu, 1),
        **spread("simulate_scan_seconds", scans, 2),
        "simulate_ratio": round(statistics.median(seconds) / statistics.median(scans), 1),
        "simulate_server_mb": most // 2**20,
        "simulate_own_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "simulate_fill_seconds": round(filled),
        "simulate_load": " ".join(f"{load:.1f}" for load in os.getloadavg()),
    }


def _simulated(readers: Sequence[Connection], before: Programme, after: Programme) -> tuple[int, int]:
    found = running.simulate(readers, 1, before, after)
    if found["redemptions"] != REDEMPTIONS:
        raise RuntimeError(f"only {found['redemptions']} redemptions were seen")
    return found["recorded_points"], found["points"][0]


def _timed[T](act: Callable[[], T]) -> tuple[float, T]:
    began = time.monotonic()
    answer = act()
    return time.monotonic() - began, answer


@contextmanager
def _memory(postmaster: int) -> Iterator[list[int]]:
    """The most that the server's processes had of their own together, in bytes."""
    most, over = [0], threading.Event()

    def look() -> None:
        while not over.wait(LOOK_SECONDS):
            most[0] = max(most[0], sum(map(_own, processes.children(postmaster))))

    looking = threading.Thread(target=look)
    looking.start()
    try:
        yield most
    finally:
        over.set()
        looking.join()


def _processor(readers: Sequence[Connection]) -> float:
    """Seconds that the server's side of these connections, and this process, have used so far."""
    ticks = 0
    for reader in readers:
        fields = Path(f"/proc/{reader.info.backend_pid}/stat").read_text().rsplit(")", 1)[1].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK") + time.process_time()


def _own(process: int) -> int:
    try:
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("RssAnon:")), 0)


def _postmaster(data: Path) -> int:
    return int((data / "postmaster.pid").read_text().split()[0])
