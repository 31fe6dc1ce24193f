"""`make clean`: forget the local cloud's state. Refuses while it runs."""

from __future__ import annotations

import fcntl
import shutil
import sys

from local import postgres
from local.connected import STATE


def main() -> int:
    """0 when there is no state any more."""
    if not STATE.exists():
        return 0
    with (STATE / "lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            print("the local cloud runs: end it first (Ctrl-C where `make run` was typed)", file=sys.stderr)
            return 1
        data = STATE / "postgresql"
        if (data / "postmaster.pid").exists():  # a killed run leaves it behind
            postgres.Server(data, 0).stop("immediate")
        shutil.rmtree(STATE, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
