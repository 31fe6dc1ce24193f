"""`make prove`: every proof there is: the ledger's, then the doors' with many more requests than `make test` makes up.

Sizes by environment: those of `make prove-ledger`, and REQUESTS=60 made-up requests for each operation of the APIs.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from local import postgres
from proofs.guard import guarded
from proofs.ledger.__main__ import ALL, prove
from proofs.report import Counts, Line, chosen, conclude, ending_well

REQUESTS = int(os.environ.get("REQUESTS", "60"))
DOORS = "doors"


def main() -> int:
    """0 only if nothing was violated and no mutant survived."""
    counts = Counts()
    names = chosen(os.environ.get("ONLY", ""), (*ALL, DOORS))
    prove([name for name in names if name != DOORS], counts)
    if DOORS in names:
        counts.lines.append(_doors())
    return conclude(counts)


def _doors() -> Line:
    """The tests of tests/fuzz in large: no request, however made up, ends in an error nobody thought of."""
    started = time.monotonic()
    print(f"doors: {REQUESTS} requests for each operation; a line a test folder, failures last", flush=True)
    command = [sys.executable, "-m", "pytest", "tests/fuzz", "-n", "2", "--dist", "loadgroup"]
    folder = postgres.temporary("loyalty-proofs")
    environment = {**os.environ, "FUZZ_EXAMPLES": str(REQUESTS), "TMPDIR": str(folder)}
    with guarded(folder):
        ended = subprocess.run(command, cwd=Path(__file__).parents[1], env=environment, check=False).returncode
    again = f"FUZZ_EXAMPLES={REQUESTS} python -m pytest tests/fuzz (the failing request is printed above)"
    violations = [f"pytest ended with {ended}: see above"] if ended else []
    words = f"{REQUESTS} made-up requests for each operation of the APIs, and all of tests/fuzz"
    return Line(DOORS, words, violations, time.monotonic() - started, again)


if __name__ == "__main__":
    sys.exit(ending_well(main))
