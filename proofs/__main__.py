"""`make prove`: every proof there is: the ledger's, the doors' with many more requests than `make test` makes up, APIs
fuzzed by their documents for a while, the large tests, and many timelines of members' levels.

Sizes by environment: those of `make prove-ledger`, REQUESTS=60 made-up requests for each operation of the APIs,
MINUTES=20 of fuzzing, and TIMELINES=40 of members' levels.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from local import postgres
from proofs.fuzzing import fuzz
from proofs.guard import guarded
from proofs.ledger.__main__ import ALL, prove
from proofs.report import Counts, Line, chosen, conclude, ending_well

REQUESTS = int(os.environ.get("REQUESTS", "60"))
TIMELINES = int(os.environ.get("TIMELINES", "40"))
MINUTES = float(os.environ.get("MINUTES", "20"))
DOORS, FUZZ, LARGE, TIERS = "doors", "fuzz", "large", "tiers"


def main() -> int:
    """0 only if nothing was violated and no mutant survived."""
    counts = Counts()
    names = chosen(os.environ.get("ONLY", ""), (*ALL, DOORS, FUZZ, LARGE, TIERS))
    prove([name for name in names if name in ALL], counts)
    if DOORS in names:
        counts.lines.append(_doors())
    if FUZZ in names:
        counts.lines.append(fuzz(FUZZ, MINUTES))
    if LARGE in names:
        counts.lines.append(_large())
    if TIERS in names:
        counts.lines.append(_tiers())
    return conclude(counts)


def _doors() -> Line:
    """The tests of tests/fuzz in large: no request, however made up, ends in an error nobody thought of."""
    words = f"{REQUESTS} made-up requests for each operation of the APIs, and all of tests/fuzz"
    return _tests(DOORS, words, "tests/fuzz", FUZZ_EXAMPLES=str(REQUESTS))


def _large() -> Line:
    """The tests that `make test` leaves out."""
    return _tests(LARGE, "the tests that are marked large", "tests", "-m", "large")


def _tiers() -> Line:
    """Members' levels over years: after every step everybody stands where the plain model says."""
    words = f"{TIMELINES} timelines of 150 purchases, returns, grants, versions and months against the model of levels"
    return _tests(TIERS, words, "tests/domain/tiers/test_model.py", TIMELINES=str(TIMELINES), STEPS="150")


def _tests(name: str, words: str, *which: str, **more: str) -> Line:
    started = time.monotonic()
    print(f"{name}: {words}; a line a test folder, failures last", flush=True)
    command = [sys.executable, "-m", "pytest", *which, "-n", "2", "--dist", "loadgroup"]
    folder = postgres.temporary("loyalty-proofs")
    with guarded(folder):
        environment = {**os.environ, **more, "TMPDIR": str(folder)}
        ended = subprocess.run(command, cwd=Path(__file__).parents[1], env=environment, check=False).returncode
    settings = "".join(f"{key}={value} " for key, value in more.items())
    again = f"{settings}python -m pytest {' '.join(which)} (what failed is printed above)"
    violations = [f"pytest ended with {ended}: see above"] if ended else []
    return Line(name, words, violations, time.monotonic() - started, again)


if __name__ == "__main__":
    sys.exit(ending_well(main))
