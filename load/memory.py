"""Every process's own memory (RssAnon: pages that are not files and not shared), second by second, read from /proc."""

from __future__ import annotations

import os
import statistics
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from local.connected import Connected

SAMPLE_SECONDS = 2.0
# In less time nothing comes to a plateau: the first document alone loads a PDF library.
SETTLED_SECONDS = 300.0
# Flat: at the end no more than the plateau and a tenth of it, or so many bytes where a tenth is less.
TOLERANCE, LEAST_TOLERANCE_BYTES = 0.10, 8 << 20
# The stand-in for AWS, and this program itself, remember everything that ever happened: they grow by design.
REMEMBERING = frozenset({"emulator (AWS's stand-in)", "make load"})


# (monotonic seconds, bytes)
type History = list[tuple[float, int]]


@dataclass(frozen=True, slots=True)
class Row:
    """All processes of one name; bytes are of the largest of them. `flat` is None where nobody claims it."""

    name: str
    processes: int
    start: int
    plateau: int
    end: int
    flat: bool | None


class Sampler:
    """Samples on a thread of its own until `stop`."""

    def __init__(self, cloud: Connected) -> None:
        self._cloud = cloud
        self._samples: dict[tuple[str, int], list[tuple[float, int]]] = defaultdict(list)
        self._names: dict[int, str] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True, name="memory")

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """No more samples."""
        self._over.set()
        self._thread.join()

    def rows(self) -> list[Row]:
        """A row a name, largest first."""
        named: dict[str, list[History]] = defaultdict(list)
        for (name, _), samples in self._samples.items():
            named[name].append(samples)
        times = [at for samples in self._samples.values() for at, _ in samples]
        found = [_row(name, histories, min(times), max(times)) for name, histories in named.items()]
        return sorted(found, key=lambda row: -row.end)

    def _run(self) -> None:
        while not self._over.wait(SAMPLE_SECONDS):
            now = time.monotonic()
            for pid, name in self._processes():
                if (size := _own_bytes(pid)) is not None:
                    self._samples[name, pid].append((now, size))

    def _processes(self) -> Iterable[tuple[int, str]]:
        parents = _parents()
        roots = {os.getpid()}
        with suppress(OSError, ValueError, IndexError):
            roots.add(int((self._cloud.state / "postgresql" / "postmaster.pid").read_text().split()[0]))
        for pid in parents:
            above = pid
            while above and above not in roots:
                above = parents.get(above, 0)
            if above and (name := self._name(pid)):
                yield pid, name

    def _name(self, pid: int) -> str:
        if pid not in self._names:
            self._names[pid] = _named(pid)
        return self._names[pid]


def _row(name: str, histories: Sequence[History], began: float, ended: float) -> Row:
    """By thirds and tenths of the whole time, not of a process's life: one that is first used at the end has not grown,
    it has begun. In each stretch the largest process counts."""
    whole = ended - began
    start = _largest(histories, began, began + whole / 10)
    plateau = _largest(histories, began + whole / 3, ended - whole / 3)
    end = _largest(histories, ended - whole / 10, ended)
    claimed = name not in REMEMBERING and plateau is not None and end is not None and whole >= SETTLED_SECONDS
    known = [size for size in (start, plateau, end) if size is not None] or [0]
    grown = (end or 0) - (plateau or 0)
    return Row(
        name,
        len(histories),
        start if start is not None else known[0],
        plateau if plateau is not None else known[0],
        end if end is not None else known[-1],
        grown <= max((plateau or 0) * TOLERANCE, LEAST_TOLERANCE_BYTES) if claimed else None,
    )


def _largest(histories: Iterable[History], since: float, until: float) -> int | None:
    """The largest of the processes' medians in a stretch; None if none was there."""
    medians = [
        int(statistics.median(sizes))
        for history in histories
        if (sizes := [size for at, size in history if since <= at <= until])
    ]
    return max(medians, default=None)


def _parents() -> dict[int, int]:
    found = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with suppress(OSError, IndexError, ValueError):
                found[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
    return found


def _named(pid: int) -> str:
    """What a process is, for the table; empty for what is none of the cloud's lasting parts."""
    with suppress(OSError):
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").replace("\0", " ")
        if "function_process.py" in words:
            for line in Path(f"/proc/{pid}/environ").read_bytes().decode(errors="replace").split("\0"):
                if line.startswith("POWERTOOLS_SERVICE_NAME="):
                    return f"function {line.partition('=')[2]}"
            return "function"
        for part, name in (
            ("local.emulator", "emulator (AWS's stand-in)"),
            ("local.simulators.", f"{words.partition('local.simulators.')[2].partition(' ')[0]} (stand-in)"),
            ("-m containers.", f"service {words.partition('containers.')[2].partition(' ')[0]}"),
            ("postgres", "PostgreSQL"),
            ("-m load", "make load"),
        ):
            if part in words:
                return name
    return ""


def _own_bytes(pid: int) -> int | None:
    with suppress(OSError, ValueError, IndexError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("RssAnon:"):
                return int(line.split()[1]) * 1024
    return None
