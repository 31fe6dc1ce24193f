"""Stops the servers in a folder and removes it when whoever made it is gone, even if he was killed.

It reads its input, which nobody writes to: the input ends with the last process that holds the other end.
"""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from local import postgres


@contextlib.contextmanager
def guarded(folder: Path) -> Iterator[None]:
    """The folder and all clusters in it go with this block or with this process, whichever ends first."""
    guard = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "proofs.guard", str(folder)],
        stdin=subprocess.PIPE,
        start_new_session=True,
        cwd=Path(__file__).parents[1],
    )
    try:
        yield
    finally:
        _clear(folder)
        guard.terminate()
        guard.wait()
        if guard.stdin is not None:
            guard.stdin.close()


def _clear(folder: Path) -> None:
    for running in folder.glob("**/postmaster.pid"):
        postgres.Server(running.parent, 0).stop("immediate")
    postgres.remove(folder)


def main() -> None:
    """Wait, then clean up."""
    for interruption in (signal.SIGINT, signal.SIGHUP):
        signal.signal(interruption, signal.SIG_IGN)
    sys.stdin.read()
    _clear(Path(sys.argv[1]))


if __name__ == "__main__":
    main()
