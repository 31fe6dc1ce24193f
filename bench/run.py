"""`make run`: seconds until the first request can be answered, without a past and after an orderly end.

The first start makes the database, synthesises and deploys the app and lets its people in; what `make` downloads
and installs once before that is not in it. A warm start finds everything there. Each ends as Ctrl-C ends it; whatever
process then still is there is counted.
"""

from __future__ import annotations

import shutil
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from bench._figures import ROUNDS, Budget, Figures, spread
from local.cloud import Cloud
from local.fresh import fresh_state
from local.ports import Ports

BUDGETS = {"run_first_seconds": Budget(300), "run_warm_seconds": Budget(40), "run_processes_left": Budget(0)}
CATALOGUE_SECONDS = 120.0
# After the catalogue, what is deployed is remembered and saved.
SAVING_SECONDS = 2.0
GONE_SECONDS = 5.0


def run() -> Figures:
    """Seconds of one first start and of the warm ones, of ending, and the processes left behind by all of them."""
    state = fresh_state("run")
    ports = Ports.free()
    try:
        starts = [_start_and_stop(state, ports)]
        while sum(not one.deployed for one in starts) < ROUNDS:
            if len(starts) > 3 * ROUNDS:
                raise RuntimeError("no warm start: the sources change all the time")
            starts.append(_start_and_stop(state, ports))
    finally:
        shutil.rmtree(state, ignore_errors=True)
    return {
        "run_first_seconds": round(starts[0].seconds, 1),
        **spread("run_warm_seconds", [one.seconds for one in starts if not one.deployed], 1),
        **spread("run_end_seconds", [one.end_seconds for one in starts], 1),
        "run_processes_left": sum(one.left for one in starts),
    }


@dataclass(frozen=True, slots=True)
class Start:
    """`deployed`: the app was, because it was the first time or somebody edits its sources just now."""

    seconds: float
    end_seconds: float
    deployed: bool
    left: int


def _start_and_stop(state: Path, ports: Ports) -> Start:
    said: list[str] = []
    cloud = Cloud(state, ports, settled=False, say=said.append)
    began = time.monotonic()
    try:
        cloud.start()
        seconds = time.monotonic() - began
        deployed = any("is synthesised" in line for line in said)
        if deployed:
            _wait_for_the_catalogue(said)
        if cloud.problems:
            raise RuntimeError("; ".join(cloud.problems))
    finally:
        ending = time.monotonic()
        cloud.stop()
        end_seconds = time.monotonic() - ending
    return Start(seconds, end_seconds, deployed, _left(state, ports))


def _wait_for_the_catalogue(said: list[str]) -> None:
    """It comes behind the first requests; before it is there a start counts as unfinished."""
    deadline = time.monotonic() + CATALOGUE_SECONDS
    while not any("catalogue is synced" in line for line in said):
        if time.monotonic() > deadline:
            raise RuntimeError(f"the catalogue did not come within {CATALOGUE_SECONDS:.0f} s")
        time.sleep(0.2)
    time.sleep(SAVING_SECONDS)


def _left(state: Path, ports: Ports) -> int:
    """Processes that belong to this cloud: by command line, folder or the gateway they were told of."""
    deadline = time.monotonic() + GONE_SECONDS
    while True:
        left = sum(_belongs(one, state, ports) for one in Path("/proc").glob("[0-9]*"))
        if not left or time.monotonic() > deadline:
            return left
        time.sleep(0.1)


def _belongs(process: Path, state: Path, ports: Ports) -> bool:
    with suppress(OSError):
        told = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
        return (
            str(state).encode() in told + bytes((process / "cwd").readlink()) or f":{ports.gateway}\0".encode() in told
        )
    return False
