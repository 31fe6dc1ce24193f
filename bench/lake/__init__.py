"""The warehouse over a generated programme: loading a night that brings everything, and every report's query.

Two years of 100,000 facts are the short part, for `make bench`; `make bench-lake` measures 10⁵, 10⁶ and 10⁷
(`__main__`).
"""

from __future__ import annotations

from bench._figures import Figures
from bench.lake.measuring import measure

SEED = 8
FACTS = 100_000


def run() -> Figures:
    """Raises RuntimeError if the warehouse's sums are not the truth's."""
    found = measure(SEED, FACTS, rounds=10)
    if found.differences:
        raise RuntimeError("; ".join(found.differences))
    return {
        "lake_facts": found.facts, "lake_load_seconds": round(found.load_s, 1),
        "lake_query_p95_ms": round(found.slowest_ms),
    }  # fmt: skip
