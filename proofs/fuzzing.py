"""The APIs, asked whatever their documents allow and forbid, for so many minutes: never a fault of ours."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from local import postgres
from proofs.guard import guarded
from proofs.report import Line

# Requests for each operation before the world is opened anew: enough that opening it is a small part.
REQUESTS_A_ROUND = 25
TESTS = ("tests/fuzz/test_documents.py", "tests/fuzz/test_nonsense.py")
SERVER_ERROR, SAYS_WHEN = 500, 503


def fuzz(name: str, minutes: float) -> Line:
    """Rounds until the time is up, each with other requests and a world of its own; one that began is ended.

    A violation: a round whose tests fail, or an answer of 500 and above that is not 503, which says when to come again.
    """
    started, rounds = time.monotonic(), 0
    statuses: Counter[int] = Counter()
    violations: list[str] = []
    folder = postgres.temporary("loyalty-fuzz")
    counts = folder / "counts.jsonl"
    print(f"{name}: requests made up by the APIs' documents for {minutes:g} minutes", flush=True)
    with guarded(folder):
        while not violations and (not rounds or time.monotonic() - started < minutes * 60):
            rounds += 1
            counts.unlink(missing_ok=True)
            ended = _round(folder, counts)
            for line in counts.read_text().splitlines() if counts.exists() else ():
                statuses.update({int(status): count for status, count in json.loads(line).items()})
            if ended:
                violations.append(f"round {rounds}: pytest ended with {ended}: see above")
    if not statuses and not violations:
        violations.append("no request was made")
    violations += [
        f"{count} answers of {status}"
        for status, count in sorted(statuses.items())
        if status >= SERVER_ERROR and status != SAYS_WHEN
    ]
    told = " ".join(f"{status}:{count}" for status, count in sorted(statuses.items()))
    words = f"{sum(statuses.values())} requests in {rounds} rounds; answers {told}"
    again = f"MINUTES={minutes:g} ONLY={name} make prove"
    return Line(name, words, violations, time.monotonic() - started, again)


def _round(folder: Path, counts: Path) -> int:
    environment = {
        **os.environ,
        "TMPDIR": str(folder),
        "FUZZ_EXAMPLES": str(REQUESTS_A_ROUND),
        "FUZZ_COUNTS": str(counts),
    }
    command = [sys.executable, "-W", "ignore", "-m", "pytest", *TESTS, "-n", "2", "--dist", "loadgroup"]
    return subprocess.run(command, cwd=Path(__file__).parents[1], env=environment, check=False).returncode
