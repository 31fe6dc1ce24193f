"""Local clouds without a past, for benches and loads: free ports, state below .local/fresh, forgotten afterwards."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from local.cloud import Cloud, Say
from local.connected import STATE, Connected
from local.ports import Ports


def fresh_state(name: str) -> Path:
    """An empty folder for a cloud's state."""
    state = STATE / "fresh" / name
    shutil.rmtree(state, ignore_errors=True)
    return state


def quiet(_line: str) -> None:
    """Say nothing."""


@contextmanager
def fresh_cloud(name: str, config: Mapping[str, str], say: Say = quiet) -> Iterator[Connected]:
    """A cloud without a past, ended and forgotten afterwards. Raises RuntimeError if something was not seeded."""
    state = fresh_state(name)
    cloud = Cloud(state, Ports.free(), config=config, say=say)
    try:
        connected = cloud.start()
        if cloud.problems:
            raise RuntimeError("; ".join(cloud.problems))
        yield connected
    finally:
        cloud.stop()
        shutil.rmtree(state, ignore_errors=True)
