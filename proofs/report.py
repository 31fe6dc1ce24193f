"""What was proven: a table, what was violated, and one line to go by."""

from __future__ import annotations

import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import FrameType

SHOWN = 10


@dataclass
class Line:
    """A proof, its counts in words, its violations, how long it took, and how to run it again."""

    proof: str
    counts: str
    violations: list[str]
    seconds: float
    again: str


@dataclass
class Counts:
    """The last line's numbers."""

    mutants: str = "0/0"
    ops: int = 0
    kills: int = 0
    examples: int = 0
    lines: list[Line] = field(default_factory=list)


def conclude(counts: Counts) -> int:
    """Print the table and the last line; 0 only if nothing was violated."""
    print(f"\n{'proof':<12} {'violations':>10} {'seconds':>8}  counts")
    for line in counts.lines:
        print(f"{line.proof:<12} {len(line.violations):>10} {line.seconds:>8.0f}  {line.counts}")
    for line in counts.lines:
        for violation in line.violations[:SHOWN]:
            print(f"\n{line.proof}: {violation}")
        if len(line.violations) > SHOWN:
            print(f"\n{line.proof}: and {len(line.violations) - SHOWN} more")
        if line.violations:
            print(f"again: {line.again}")
    violations = sum(len(line.violations) for line in counts.lines)
    print(
        f"{'REFUTED' if violations else 'PROVED'} violations={violations} mutants={counts.mutants} ops={counts.ops}"
        f" kills={counts.kills} examples={counts.examples}"
    )
    return 1 if violations else 0


def chosen(wanted: str, known: Sequence[str]) -> list[str]:
    """The proofs of a list with commas (none: all), in their own order. Raises SystemExit on a name that is none."""
    names = {name for name in wanted.split(",") if name} or set(known)
    if unknown := names - set(known):
        raise SystemExit(f"ONLY: there is no proof named {', '.join(sorted(unknown))} (there are: {', '.join(known)})")
    return [name for name in known if name in names]


def ending_well(main: Callable[[], int]) -> int:
    """Whoever is terminated or loses the terminal cleans up as if he had been interrupted by hand."""

    def interrupted(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupted)
    signal.signal(signal.SIGHUP, interrupted)
    try:
        return main()
    except KeyboardInterrupt:
        print("\nINTERRUPTED: nothing is proven")
        return 130
