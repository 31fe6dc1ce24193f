"""Stops a server and removes its folder when whoever started it is gone, even if he was killed.

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
def guarded(data: Path) -> Iterator[None]:
    """The cluster in this folder goes with this block or with this process, whichever ends first."""
    guard = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "proofs.guard", str(data)],
        stdin=subprocess.PIPE,
        start_new_session=True,
        cwd=Path(__file__).parents[1],
    )
    try:
        yield
    finally:
        postgres.Server(data, 0).stop("immediate")
        postgres.remove(data.parent)
        guard.terminate()
        guard.wait()
        if guard.stdin is not None:
            guard.stdin.close()


def main() -> None:
    """Wait, then clean up."""
    data = Path(sys.argv[1])
    for interruption in (signal.SIGINT, signal.SIGHUP):
        signal.signal(interruption, signal.SIG_IGN)
    sys.stdin.read()
    if data.parent.exists():
        postgres.Server(data, 0).stop("immediate")
        postgres.remove(data.parent)


if __name__ == "__main__":
    main()
