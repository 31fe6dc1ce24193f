"""What a bench answers: figures by name, and what may be expected of some of them."""

from __future__ import annotations

import os
import statistics
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
ROUNDS = 5

type Figures = dict[str, float | str]


@dataclass(frozen=True, slots=True)
class Budget:
    """The most (or `least=True`, the least) a figure should be. Printed beside it, never asserted."""

    limit: float
    least: bool = False

    def met_by(self, value: float) -> bool:
        return value >= self.limit if self.least else value <= self.limit

    def verdict(self, value: float | str) -> str:
        """`≤ 3: met`."""
        met = "met" if self.met_by(float(value)) else "NOT MET"
        return f"{'≥' if self.least else '≤'} {self.limit:,g}: {met}"


def spread(name: str, values: Sequence[float], digits: int) -> Figures:
    """The median under `name`, least and most under `name_spread`."""
    least, most = (f"{value:.{digits}f}" for value in (min(values), max(values)))
    return {name: round(statistics.median(values), digits), f"{name}_spread": f"{least}–{most}"}


def environment(**more: str) -> dict[str, str]:
    """Of a child that is measured: bytecode is used, Node is this repository's, nothing of the cloud is known."""
    known = {
        name: value
        for name, value in os.environ.items()
        if name != "PYTHONDONTWRITEBYTECODE" and not name.startswith("AWS_")
    }
    folders = (REPOSITORY / ".venv" / "bin", REPOSITORY / "node_modules" / ".bin")
    return known | {"PATH": ":".join(map(str, (*folders, os.environ["PATH"])))} | more


def cpu_seconds(command: Sequence[str], variables: Mapping[str, str]) -> float:
    """Run it to its end: processor time, user and system, of it and of what it waited for. Raises RuntimeError."""
    child = subprocess.Popen(
        command, cwd=REPOSITORY, env=dict(variables), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    assert child.stderr is not None
    said = child.stderr.read()
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    child.stderr.close()
    if child.returncode != 0:
        raise RuntimeError(f"{command}: {said.decode(errors='replace')[-500:]}")
    return used.ru_utime + used.ru_stime
