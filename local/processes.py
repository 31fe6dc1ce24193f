"""Child processes: each in a group of its own, its output in a file, ended politely and then not."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_SIGNAL_WHEN_PARENT_DIES = 1  # PR_SET_PDEATHSIG of Linux
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


class Failed(Exception):
    """A child ended or did not come up; the message holds the end of what it said."""


@dataclass(slots=True)
class Child:
    """A running child. `grace_seconds` is how long it may take to end itself."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path
    grace_seconds: float

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def stop(self) -> None:
        """SIGTERM to the child, after the grace SIGKILL to whatever is left of its group."""
        if self.alive:
            self.process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(timeout=self.grace_seconds)
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def kill(self) -> None:
        """SIGKILL to it and to its whole group, at once."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def wait_until(self, ready: Callable[[], bool], timeout_seconds: float) -> None:
        """Return when `ready()`; raise Failed if the child ends before, or does not get there in time."""
        deadline = time.monotonic() + timeout_seconds
        while not ready():
            if not self.alive:
                raise Failed(f"{self.name} ended at once:\n{tail(self.log)}")
            if time.monotonic() > deadline:
                raise Failed(f"{self.name} is not ready after {timeout_seconds:.0f} s:\n{tail(self.log)}")
            time.sleep(0.05)


def start(
    name: str,
    command: Sequence[str],
    *,
    cwd: Path,
    environment: Mapping[str, str],
    log: Path,
    grace_seconds: float = 10,
) -> Child:
    """Start a child that outlives neither `Child.stop` nor (on Linux) this process."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=_die_with_parent if _libc else None,
        )
    return Child(name, process, log, grace_seconds)


def end(pid: int, grace_seconds: float) -> None:
    """End a process that is nobody's child any more: politely, after the grace not."""
    deadline = time.monotonic() + grace_seconds
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
        while time.monotonic() < deadline:
            time.sleep(0.1)
            os.kill(pid, 0)
        os.kill(pid, signal.SIGKILL)


def children(pid: int) -> list[int]:
    """The processes whose parent this one is (Linux)."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with suppress(OSError):
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
                if int(fields[1]) == pid:
                    found.append(int(folder.name))
    return found


def runs(pid: int) -> bool:
    """Whether there is such a process, other than one that waits to be buried (Linux)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def tail(log: Path, characters: int = 3000) -> str:
    """The end of a log."""
    return log.read_text(errors="replace")[-characters:] if log.exists() else ""


def _die_with_parent() -> None:
    assert _libc is not None
    _libc.prctl(_SIGNAL_WHEN_PARENT_DIES, signal.SIGTERM)
