"""The ledger's hold against the least PostgreSQL can do: one statement with one UPDATE and one INSERT, side by side.

A durable server of its own, the schema as deployed, members of 10 lots, 8 connections with prepared statements. This is
the short part, for `make bench`; `make bench-ledger` measures everything (`__main__`).
"""

from __future__ import annotations

import time
from contextlib import closing

from bench._figures import Figures
from bench.ledger import place, sides, slices

MEMBERS = range(1, 10_001)
LOTS = 10
ROUNDS = 15


def run() -> Figures:
    """Takes about a minute. Raises RuntimeError if a side fails or an invariant is violated after it."""
    with place.durable_place() as here:
        place.build(here, "ledger")
        place.build_reference(here, "reference", len(MEMBERS))
        with here.owner("ledger") as connection:
            place.open_members(connection, MEMBERS)
            accruals_per_second = place.fill(connection, MEMBERS, LOTS)
            connection.execute("vacuum analyze")
            here.checkpoint()
            with closing(place.Sweep(here, {"ledger": [MEMBERS]})) as sweep:
                race = slices.race(
                    here,
                    [sides.reference("reference", len(MEMBERS)), sides.hold("ledger", MEMBERS)],
                    ROUNDS,
                    between=sweep,
                )
            began = time.monotonic()
            if broken := place.violations(connection):
                raise RuntimeError(f"invariants violated after the bench: {broken}")
            seconds = time.monotonic() - began
            journal_bytes = place.journal_bytes(connection)
    ratio = race.ratio("hold", "reference")
    return {
        "hold_ratio": round(ratio.median, 2),
        "hold_ratio_spread": "–".join(f"{end:.2f}" for end in ratio.spread),
        "hold_cpu_ratio": round(race.cpu_ratio("hold", "reference").median, 2),
        "holds_per_second": round(race.per_second("hold")),
        "reference_per_second": round(race.per_second("reference")),
        "accruals_per_second": round(accruals_per_second),
        "journal_bytes": round(journal_bytes),
        "invariants_seconds": round(seconds, 1),
    }
