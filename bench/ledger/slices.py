"""Sides that take turns: every side is a pgbench with warm connections, all but one of them stopped at any time.

Separate runs one after the other measure the machine's mood. Here a slice is 0.3 s (SIGCONT … SIGSTOP), a round is all
sides in a shuffled order and back again, so that a drift cancels, and a ratio is taken within a round. What is counted
is what the client got an answer to (its log says when); CPU is the kernel's account of the side's own backends.
"""

from __future__ import annotations

import os
import random
import signal
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench.ledger.place import BINARIES, Place

SLICE_SECONDS = 0.3
WARM_ROUNDS = 2
START_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Side:
    """What a client of this role does again and again in this database."""

    name: str
    database: str
    role: str
    script: str
    clients: int = 8


@dataclass(frozen=True, slots=True)
class Part:
    """What a side did in one round."""

    done: int
    seconds: float
    cpu_nanoseconds: int

    @property
    def per_second(self) -> float:
        return self.done / self.seconds

    @property
    def cpu_microseconds(self) -> float:
        return self.cpu_nanoseconds / self.done / 1000


@dataclass(frozen=True, slots=True)
class Ratios:
    """One figure a round."""

    rounds: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.rounds)

    @property
    def spread(self) -> tuple[float, float]:
        return min(self.rounds), max(self.rounds)

    @property
    def quartiles(self) -> tuple[float, float]:
        low, _, high = statistics.quantiles(self.rounds, n=4) if len(self.rounds) > 1 else (*self.rounds * 3,)
        return low, high


@dataclass(frozen=True, slots=True)
class Race:
    """All sides' parts, round by round, and each side's latencies in microseconds, sorted."""

    parts: dict[str, list[Part]]
    latencies: dict[str, list[int]]

    def ratio(self, name: str, to: str) -> Ratios:
        """Rate of one side to another's."""
        pairs = zip(self.parts[name], self.parts[to], strict=True)
        return Ratios(tuple(mine.per_second / theirs.per_second for mine, theirs in pairs))

    def cpu_ratio(self, name: str, to: str) -> Ratios:
        """Server's CPU for one of this side's to that for one of the other's."""
        pairs = zip(self.parts[name], self.parts[to], strict=True)
        return Ratios(tuple(mine.cpu_microseconds / theirs.cpu_microseconds for mine, theirs in pairs))

    def per_second(self, name: str) -> float:
        return statistics.median(part.per_second for part in self.parts[name])

    def cpu_microseconds(self, name: str) -> float:
        return statistics.median(part.cpu_microseconds for part in self.parts[name])

    def latency_ms(self, name: str, share: float) -> float:
        return self.latencies[name][int(len(self.latencies[name]) * share)] / 1000


@dataclass
class _Runner:
    side: Side
    client: subprocess.Popen[bytes]
    backends: list[int]
    folder: Path
    # Begin, end (by the wall clock, as in the client's log) and CPU of each slice; which round it belongs to.
    slices: list[tuple[int, float, float, int]] = field(default_factory=list)


def race(
    place: Place,
    sides: Sequence[Side],
    rounds: int,
    *,
    slice_seconds: float = SLICE_SECONDS,
    between: Callable[[], None] = lambda: None,
) -> Race:
    """Let the sides take turns; `between` runs after every round while all stand still. Raises RuntimeError."""
    order = list(range(len(sides)))
    dice = random.Random(len(sides))
    with _running(place, sides) as runners:
        for number in range(-WARM_ROUNDS, rounds):
            dice.shuffle(order)
            for index in (*order, *reversed(order)):
                _slice(place, runners[index], number, slice_seconds)
            between()
        # A log is written in pages: one slice more and all that counts is there.
        for runner in runners:
            _slice(place, runner, rounds, slice_seconds)
        for runner in runners:
            _require_health(runner)
        return _read(runners, rounds)


@contextmanager
def _running(place: Place, sides: Sequence[Side]) -> Iterator[list[_Runner]]:
    runners: list[_Runner] = []
    try:
        for number, side in enumerate(sides):
            runners.append(_start(place, side, number))
        yield runners
    finally:
        for runner in runners:
            runner.client.kill()
        for runner in runners:
            runner.client.wait()


def _start(place: Place, side: Side, number: int) -> _Runner:
    folder = place.folder / f"side-{place.next_number()}-{number}"
    folder.mkdir()
    (folder / "script.sql").write_text(side.script)
    name = folder.name
    with (folder / "said").open("wb") as said:
        client = subprocess.Popen(
            [
                str(BINARIES / "pgbench"),
                "-n", "-M", "prepared", "-c", str(side.clients), "-j", str(min(2, side.clients)), "-T", "100000",
                "-l", "--log-prefix", str(folder / "log"), "-f", str(folder / "script.sql"),
                "-h", "127.0.0.1", "-p", str(place.port), "-U", side.role, side.database,
            ],
            env=os.environ | {"PGAPPNAME": name},
            stdout=subprocess.DEVNULL,
            stderr=said,
        )  # fmt: skip
    runner = _Runner(side, client, [], folder)
    deadline = time.monotonic() + START_SECONDS
    while len(runner.backends) < side.clients:
        if time.monotonic() > deadline or client.poll() is not None:
            client.kill()
            raise RuntimeError(f"{side.name} did not start: {(folder / 'said').read_text()[-500:]}")
        time.sleep(0.05)
        runner.backends = place.backends(name)
    client.send_signal(signal.SIGSTOP)
    place.wait_until_idle(name)
    return runner


def _slice(place: Place, runner: _Runner, number: int, seconds: float) -> None:
    before = _cpu_nanoseconds(runner.backends)
    began = time.time()
    runner.client.send_signal(signal.SIGCONT)
    time.sleep(seconds)
    runner.client.send_signal(signal.SIGSTOP)
    ended = time.time()
    # What is under way ends, and is counted when its client hears of it.
    place.wait_until_idle(runner.folder.name)
    runner.slices.append((number, began, ended, _cpu_nanoseconds(runner.backends) - before))


def _cpu_nanoseconds(processes: Sequence[int]) -> int:
    return sum(int(Path(f"/proc/{process}/schedstat").read_text().split()[0]) for process in processes)


def _require_health(runner: _Runner) -> None:
    """One client that gave up would make its side slower and nobody the wiser."""
    said = (runner.folder / "said").read_text()
    if runner.client.poll() is not None or "abort" in said or "error" in said.lower():
        raise RuntimeError(f"{runner.side.name}: {said[-500:]}")


def _read(runners: Sequence[_Runner], rounds: int) -> Race:
    parts: dict[str, list[Part]] = {}
    latencies: dict[str, list[int]] = {}
    for runner in runners:
        answered = sorted(_log(runner.folder))
        mine = [[0, 0.0, 0] for _ in range(rounds)]
        took: list[int] = []
        at = 0
        for number, began, ended, cpu in runner.slices:
            while at < len(answered) and answered[at][0] < began:
                at += 1
            first = at
            while at < len(answered) and answered[at][0] <= ended:
                at += 1
            if 0 <= number < rounds:
                mine[number][0] += at - first
                mine[number][1] += ended - began
                mine[number][2] += cpu
                # The first of each client waited while its side stood still.
                took += [latency for _, latency in answered[first + runner.side.clients : at]]
        if not took or any(done == 0 for done, _, _ in mine):
            raise RuntimeError(f"{runner.side.name} did nothing in a round")
        parts[runner.side.name] = [Part(int(done), seconds, int(cpu)) for done, seconds, cpu in mine]
        latencies[runner.side.name] = sorted(took)
    return Race(parts, latencies)


def _log(folder: Path) -> Iterator[tuple[float, int]]:
    """When each answer came, and after how many microseconds."""
    for path in folder.glob("log.*"):
        for line in path.read_text().splitlines():
            fields = line.split()
            if len(fields) >= 6:
                yield int(fields[4]) + int(fields[5]) / 1e6, int(fields[2])
        path.unlink()
