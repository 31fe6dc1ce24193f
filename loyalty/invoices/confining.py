"""Bytes from a stranger are taken apart in a process of their own that can neither grow, linger, write nor call out.

The process is this interpreter again, with nothing of our environment (no credentials), bytes in on its standard input
and bytes out on its standard output: so it works where there is no shared memory, as in Lambda.

A module that can be run so has a function `confined(given: bytes) -> bytes`.
"""

from __future__ import annotations

import ctypes
import importlib
import logging
import os
import resource
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from typing import Any

# What it answers is read whole; `confined` functions bound it themselves, far below their memory.
_REFUSED_EVENTS = ("socket.", "subprocess.", "os.exec", "os.posix_spawn", "os.spawn", "os.system", "os.fork", "ctypes.")
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_TOO_MUCH_MEMORY = 86
_PR_SET_DUMPABLE = 4


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one process: address space, processor time, and how long anybody waits for it."""

    memory_mb: int
    cpu_seconds: int
    wall_seconds: float


class Stopped(Exception):
    """The process gave no answer; `reason` is took_too_long, took_too_much_memory or unreadable."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def run(module: str, given: bytes, limits: Limits) -> bytes:
    """What the module's `confined` makes of the bytes. Raises Stopped."""
    _look_away()
    command = [sys.executable, "-W", "ignore", "-m", __name__, module, str(limits.memory_mb), str(limits.cpu_seconds)]
    # Where the interpreter's own libraries (in Lambda beside it) and our packages lie, and nothing else.
    paths = os.pathsep.join(os.path.abspath(path) for path in sys.path if path)
    environment = {name: os.environ[name] for name in ("LD_LIBRARY_PATH",) if name in os.environ}
    environment |= {"PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(
            command,
            input=given,
            stdout=subprocess.PIPE,
            # Complaints may quote the document.
            stderr=subprocess.DEVNULL,
            env=environment,
            cwd="/",
            timeout=limits.wall_seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Stopped("took_too_long") from None
    if done.returncode == 0:
        return done.stdout
    if done.returncode < 0:
        # The kernel ends what is over its processor time; where memory is short it ends the largest.
        raise Stopped("took_too_long" if -done.returncode in (24, 9) else "unreadable")
    raise Stopped("took_too_much_memory" if done.returncode == _TOO_MUCH_MEMORY else "unreadable")


@cache
def _look_away() -> None:
    """Our memory and environment, where the credentials are, cannot be read by other processes of the same user."""
    if sys.platform == "linux" and ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")


def _confine(memory_mb: int, cpu_seconds: int) -> None:
    memory = memory_mb << 20
    for what, most in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, cpu_seconds),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, 64),
    ):
        resource.setrlimit(what, (most, most))
    sys.addaudithook(_audit)
    # Libraries' complaints quote what they read.
    logging.disable()


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    # The second wall: no library that reads a document has a reason to do any of these, or to open other processes.
    if event.startswith(_REFUSED_EVENTS):
        raise PermissionError(event)
    if event == "open" and (arguments[2] & _WRITING or _is_process(arguments[0])):
        raise PermissionError(event)


def _is_process(path: object) -> bool:
    return isinstance(path, str | bytes) and os.path.realpath(os.fsdecode(path)).startswith("/proc/")


def main() -> int:
    """The process itself: module, megabytes and seconds by argument."""
    module, memory_mb, cpu_seconds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    _confine(memory_mb, cpu_seconds)
    try:
        answer = importlib.import_module(module).confined(sys.stdin.buffer.read())
        sys.stdout.buffer.write(answer)
        sys.stdout.buffer.flush()
    except MemoryError:
        return _TOO_MUCH_MEMORY
    return 0


if __name__ == "__main__":
    sys.exit(main())
