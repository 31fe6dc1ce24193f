"""One local cloud a test session, on free ports, with a state folder of its own: never the user's `.local/`.

Tests that use it are marked `cloud` and stay in one xdist group. Should another worker use it too, the one that
started it stays until the others have gone.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import pytest

from local import postgres
from local.cloud import Cloud
from local.connected import Connected
from local.ports import Ports

ON_CLOUD = [pytest.mark.cloud]
# The cloud that this process started, for tests that do to it what only its own process can.
_mine: list[Cloud] = []
LONGEST_SESSION_SECONDS = 900


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connected]:
    """The session's cloud, deployed and seeded."""
    root = tmp_path_factory.getbasetemp()
    if os.environ.get("PYTEST_XDIST_WORKER"):
        root = root.parent
    known = root / "cloud.json"
    started: Cloud | None = None
    with _locked(root):
        if known.exists():
            shared = json.loads(known.read_text())
        else:
            started = Cloud(
                postgres.temporary("loyalty-cloud") / "state",
                Ports.free(),
                durable=False,
                config={"release_delay_seconds": "1"},
                settled=False,
                say=lambda _: None,
            )
            started.start()
            _mine.append(started)
            shared = {"state": str(started.state), "ports": asdict(started.ports), "users": 0}
        shared["users"] += 1
        known.write_text(json.dumps(shared))
    yield Connected(Path(shared["state"]), Ports(**shared["ports"]))
    with _locked(root):
        shared = json.loads(known.read_text())
        shared["users"] -= 1
        known.write_text(json.dumps(shared))
    if started:
        _wait_for_the_others(root, known)
        _mine.clear()
        started.stop()
        postgres.remove(started.state.parent)


@pytest.fixture(scope="session")
def own_cloud(cloud: Connected) -> Cloud:
    """The same cloud with its switches; skips where another worker runs it."""
    if not _mine:
        pytest.skip("another worker runs the cloud")
    return _mine[0]


def _wait_for_the_others(root: Path, known: Path) -> None:
    deadline = time.monotonic() + LONGEST_SESSION_SECONDS
    while time.monotonic() < deadline:
        with _locked(root):
            if json.loads(known.read_text())["users"] == 0:
                known.unlink()
                return
        time.sleep(0.2)


@contextmanager
def _locked(root: Path) -> Iterator[None]:
    with (root / "cloud.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
