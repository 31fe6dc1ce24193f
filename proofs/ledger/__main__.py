"""`make prove-ledger`: the ledger's proofs in large, a table of what was done, and one line to go by.

Sizes by environment: OPS=2000000 KILLS=200 EXAMPLES=10000. ONLY=mutants,model,concurrency,durability runs some of them;
SEED=1 is where chance begins.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence

from proofs.ledger import concurrency, durability, histories, killing, place
from proofs.ledger.other_mutants import EVERY
from proofs.ledger.progress import Progress
from proofs.report import Counts, Line, chosen, conclude, ending_well

OPS = int(os.environ.get("OPS", "2000000"))
KILLS = int(os.environ.get("KILLS", "200"))
EXAMPLES = int(os.environ.get("EXAMPLES", "10000"))
SEED = int(os.environ.get("SEED", "1"))
# The ones that end soon come first.
ALL = ("mutants", "model", "durability", "concurrency")


def prove(names: Sequence[str], counts: Counts) -> None:
    """Run these proofs one after the other."""
    for name in names:
        counts.lines.append({
            "mutants": _mutants, "model": _model, "durability": _durability, "concurrency": _concurrency
        }[name](counts))  # fmt: skip


def main() -> int:
    """0 only if nothing was violated and no mutant survived."""
    counts = Counts()
    prove(chosen(os.environ.get("ONLY", ""), ALL), counts)
    return conclude(counts)


def _mutants(counts: Counts) -> Line:
    started = time.monotonic()
    progress = Progress("mutants", "seeded bugs", len(EVERY))
    print(f"{'mutant':<80} caught by", flush=True)

    def tell(verdict: killing.Verdict) -> None:
        print(f"{verdict.mutant:<80} {verdict.caught_by or '-'}", flush=True)
        progress.add(verdict.mutant != killing.UNCHANGED)

    with place.server(durable=False) as running:
        verdicts = killing.judge_all(running.port, tell=tell)
    caught = sum(verdict.caught_by is not None and verdict.mutant != killing.UNCHANGED for verdict in verdicts)
    counts.mutants = f"{caught}/{len(EVERY)}"
    return Line(
        "mutants", f"{caught} of {len(EVERY)} seeded bugs caught, the ledger itself passes all checks",
        [f"judged wrongly: {name}" for name in killing.survivors(verdicts)], time.monotonic() - started,
        "ONLY=mutants make prove-ledger",
    )  # fmt: skip


def _model(counts: Counts) -> Line:
    with place.server(durable=False) as running:
        found = histories.run(running.port, EXAMPLES, seed=SEED, shown=True)
    counts.examples = found.examples
    words = f"{found.examples:,} histories, {found.steps:,} operations compared with the plain ledger"
    return Line("model", words, found.violations, found.seconds, "as said with the history")


def _durability(counts: Counts) -> Line:
    found = durability.run(KILLS, seed=SEED, shown=True)
    counts.kills = found.kills
    words = (
        f"{found.kills} times kill -9, {found.acknowledged:,} acknowledged operations all there once; of the unanswered"
        f" {found.whole:,} whole, {found.absent:,} absent; {found.links:,} links of the chain verified"
    )
    again = f"SEED={SEED} KILLS={KILLS} ONLY=durability make prove-ledger (the same calls; who comes first is chance)"
    return Line("durability", words, found.violations, found.seconds, again)


def _concurrency(counts: Counts) -> Line:
    with place.server(durable=False) as running, place.clone(running.port) as name:
        found = concurrency.run(place.settings_of(running.port, name), OPS, seed=SEED, shown=True)
    counts.ops = found.operations
    words = (
        f"{found.operations:,} operations by {concurrency.CLIENTS} clients ({found.effects:,} moved points,"
        f" {found.replays:,} replays, {found.refusals:,} refusals), {found.terminated} backends terminated,"
        f" {found.deadlocks} deadlocks"
    )
    again = f"SEED={SEED} OPS={OPS} ONLY=concurrency make prove-ledger (the same calls; who comes first is chance)"
    violations = found.violations + ["deadlock"] * found.deadlocks
    return Line("concurrency", words, violations, found.seconds, again)


if __name__ == "__main__":
    sys.exit(ending_well(main))
