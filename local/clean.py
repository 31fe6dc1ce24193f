"""`make clean`: forget the local cloud's state. Refuses while it runs."""

from __future__ import annotations

import fcntl
import shutil
import sys
from pathlib import Path

from local import postgres
from local.connected import STATE


def main() -> int:
    """0 when there is no state any more."""
    for lock in _found("lock"):
        if not _free(lock):
            print(f"the local cloud of {lock.parent} runs: end it first (Ctrl-C where it was started)", file=sys.stderr)
            return 1
    for left in _found("postgresql/postmaster.pid"):  # a killed run leaves it behind
        postgres.Server(left.parent, 0).stop("immediate")
    shutil.rmtree(STATE, ignore_errors=True)
    return 0


def _found(name: str) -> list[Path]:
    """In the state of `make run`, and in those of demonstrations and fresh clouds below it."""
    return [path for depth in ("", "*/", "*/*/") for path in STATE.glob(depth + name)]


def _free(lock: Path) -> bool:
    with lock.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
    return True


if __name__ == "__main__":
    sys.exit(main())
