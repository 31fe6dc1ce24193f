"""`make prove-ledger`: the ledger's proofs in large, a table of what was done, and one line to go by.

Sizes by environment: OPS=2000000 KILLS=200 EXAMPLES=10000. ONLY=mutants,model,concurrency,durability runs some of them.
"""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass

from proofs.ledger import concurrency, durability, histories, killing, place

OPS = int(os.environ.get("OPS", "2000000"))
KILLS = int(os.environ.get("KILLS", "200"))
EXAMPLES = int(os.environ.get("EXAMPLES", "10000"))
ALL = ("mutants", "model", "concurrency", "durability")
SHOWN = 10


@dataclass
class Line:
    """A proof, its counts in words, its violations and how long it took."""

    proof: str
    counts: str
    violations: list[str]
    seconds: float


def main() -> int:
    """Run the proofs one after the other; 0 only if nothing was violated and no mutant survived."""
    chosen = [name for name in os.environ.get("ONLY", ",".join(ALL)).split(",") if name]
    if unknown := set(chosen) - set(ALL):
        print(f"ONLY: there is no proof named {', '.join(sorted(unknown))} (there are: {', '.join(ALL)})")
        return 2
    lines: list[Line] = []
    done: dict[str, str | int] = {"mutants": "0/0", "ops": 0, "kills": 0, "examples": 0}
    if "mutants" in chosen:
        lines.append(_mutants(done))
    if "model" in chosen:
        lines.append(_model(done))
    if "concurrency" in chosen:
        lines.append(_concurrency(done))
    if "durability" in chosen:
        lines.append(_durability(done))
    print(f"\n{'proof':<12} {'violations':>10} {'seconds':>8}  counts")
    for line in lines:
        print(f"{line.proof:<12} {len(line.violations):>10} {line.seconds:>8.0f}  {line.counts}")
    for line in lines:
        for violation in line.violations[:SHOWN]:
            print(f"\n{line.proof}: {violation}")
    violations = sum(len(line.violations) for line in lines)
    counts = " ".join(f"{name}={count}" for name, count in done.items())
    print(f"{'REFUTED' if violations else 'PROVED'} violations={violations} {counts}")
    return 1 if violations else 0


def _mutants(done: dict[str, str | int]) -> Line:
    started = time.monotonic()
    print(f"{'mutant':<76} caught by", flush=True)
    with place.server(durable=False) as running:
        verdicts = killing.judge_all(
            running.port, tell=lambda verdict: print(f"{verdict.mutant:<76} {verdict.caught_by or '-'}", flush=True)
        )
    survivors = killing.survivors(verdicts)
    mutants = [verdict for verdict in verdicts if verdict.mutant != killing.UNCHANGED]
    caught = sum(verdict.caught_by is not None for verdict in mutants)
    done["mutants"] = f"{caught}/{len(mutants)}"
    return Line(
        "mutants", f"{caught} of {len(mutants)} seeded bugs caught, the ledger itself passes",
        [f"judged wrongly: {name}" for name in survivors], time.monotonic() - started,
    )  # fmt: skip


def _model(done: dict[str, str | int]) -> Line:
    with place.server(durable=False) as running:
        found = histories.run(running.port, EXAMPLES)
    done["examples"] = found.examples
    counts = f"{found.examples} histories, {found.steps} operations compared with the plain ledger"
    return Line("model", counts, found.violations, found.seconds)


def _concurrency(done: dict[str, str | int]) -> Line:
    with place.server(durable=False) as running, place.clone(running.port) as name:
        found = concurrency.run(place.settings_of(running.port, name), OPS)
    done["ops"] = found.operations
    counts = (
        f"{found.operations} operations by {concurrency.CLIENTS} clients ({found.effects} moved points, {found.replays}"
        f" replays, {found.refusals} refusals), {found.terminated} backends terminated, {found.deadlocks} deadlocks"
    )
    violations = found.violations + ["deadlock"] * found.deadlocks
    return Line("concurrency", counts, violations, found.seconds)


def _durability(done: dict[str, str | int]) -> Line:
    found = durability.run(KILLS)
    done["kills"] = found.kills
    counts = (
        f"{found.kills} times kill -9, {found.acknowledged} acknowledged operations all there once; of the unanswered"
        f" {found.whole} whole, {found.absent} absent; {found.links} links of the chain verified"
    )
    return Line("durability", counts, found.violations, found.seconds)


if __name__ == "__main__":
    sys.exit(main())
