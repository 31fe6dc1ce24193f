"""What a check found: one line a person can act on."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """`UNKNOWN` is neither good nor bad: somebody has to look."""

    OK = "ok"
    TO_DO = "to do"
    UNKNOWN = "cannot tell"


@dataclass(frozen=True, slots=True)
class Remedy:
    """What to do or to request, where, how long it takes, and who says so (an address)."""

    what: str
    where: str
    lasts: str
    source: str


@dataclass(frozen=True, slots=True)
class Finding:
    """`blocks`: a deployment would fail, or would run and redeem nothing; only of what is to do."""

    subject: str
    state: State
    words: str
    remedy: Remedy | None = None
    blocks: bool = False


def ok(subject: str, words: str) -> Finding:
    return Finding(subject, State.OK, words)


def to_do(subject: str, words: str, remedy: Remedy, *, blocks: bool = True) -> Finding:
    return Finding(subject, State.TO_DO, words, remedy, blocks)


def unknown(subject: str, words: str, remedy: Remedy | None = None) -> Finding:
    return Finding(subject, State.UNKNOWN, words, remedy)


def report(findings: list[Finding]) -> str:
    """The lines, what blocks first among what is to do, and a sum."""
    order = {State.OK: 0, State.UNKNOWN: 1, State.TO_DO: 2}
    lines = []
    for finding in sorted(findings, key=lambda one: (order[one.state], one.blocks)):
        mark = "BLOCKS" if finding.blocks else finding.state
        lines.append(f"{mark:<12} {finding.subject}: {finding.words}")
        if finding.remedy is not None and finding.state is not State.OK:
            remedy = finding.remedy
            lines += [
                f"{'':<12}   do     {remedy.what}",
                f"{'':<12}   where  {remedy.where}",
                f"{'':<12}   takes  {remedy.lasts}",
                f"{'':<12}   see    {remedy.source}",
            ]
    counts = {state: sum(finding.state is state for finding in findings) for state in State}
    blocks = sum(finding.blocks for finding in findings)
    lines.append(
        f"{'NOT READY' if blocks else 'READY'} "
        + " ".join(f"{state.replace(' ', '_')}={count}" for state, count in counts.items())
        + f" blocks={blocks}"
    )
    return "\n".join(lines)
