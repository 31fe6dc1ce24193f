"""python -m containers.forecast train | serve | prepare | analyse."""

from __future__ import annotations

import os
import sys

# Before anything loads a library that counts processors: one thread a process, as many processes as are paid for.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

from containers.forecast.ending import ended  # noqa: E402
from containers.forecast.places import Places  # noqa: E402


def main(arguments: list[str]) -> int:
    """The exit code. Each command loads its own libraries only."""
    places = Places.of_environment()
    match arguments:
        case ["train"]:
            from containers.forecast.training import train

            return ended(train, places)
        case ["prepare"]:
            from containers.forecast.preparing import prepare

            return ended(prepare, places)
        case ["analyse"]:
            from containers.forecast.analysing import analyse

            return ended(analyse, places)
        case ["serve"]:
            from containers.forecast.serving import serve

            return serve(places)
    sys.stderr.write(f"{(__doc__ or '').splitlines()[0]}\n")
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
