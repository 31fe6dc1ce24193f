"""Children end when they are told to, with all of their own."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from local import processes

STUBBORN = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
print(child.pid, flush=True)
time.sleep(60)
"""


def _start(tmp_path: Path, code: str, grace_seconds: float = 5) -> processes.Child:
    return processes.start(
        "child",
        [sys.executable, "-c", code],
        cwd=tmp_path,
        environment=os.environ,
        log=tmp_path / "child.log",
        grace_seconds=grace_seconds,
    )


def _gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    # A zombie nobody has collected yet is gone too.
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"


def test_a_child_that_ignores_the_polite_signal_is_killed_with_its_own_children(tmp_path: Path) -> None:
    child = _start(tmp_path, STUBBORN, grace_seconds=0.1)
    child.wait_until(lambda: (tmp_path / "child.log").read_text().strip() != "", 10)
    grandchild = int((tmp_path / "child.log").read_text())
    child.stop()
    assert not child.alive
    deadline = time.monotonic() + 5
    while not _gone(grandchild) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert _gone(grandchild)


def test_a_child_that_ends_at_once_is_told_with_what_it_said(tmp_path: Path) -> None:
    child = _start(tmp_path, "raise SystemExit('there is no such database')")
    with pytest.raises(processes.Failed, match="there is no such database"):
        child.wait_until(lambda: False, 10)


def test_a_child_that_never_gets_ready_is_told_with_the_time_it_had(tmp_path: Path) -> None:
    child = _start(tmp_path, "import time; time.sleep(60)")
    with pytest.raises(processes.Failed, match="not ready after 0 s"):
        child.wait_until(lambda: False, 0.1)
    child.stop()
