"""The figures in words: the screen's tables, docs/load.md between its marks, and the last line."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from load import picture
from load.book import ALONE, BUSY, SLOW, Book, quantile
from load.memory import LEAST_TOLERANCE_BYTES, TOLERANCE, Row
from load.slow import Queue
from load.verdict import Verdict

DOCS = Path(__file__).resolve().parent.parent / "docs"
PAGE, PICTURE = DOCS / "load.md", DOCS / "load.svg"
BEGIN, END = "<!-- load: begin -->", "<!-- load: end -->"
# Routes that were asked less often have no 99th percentile worth the name.
FEWEST_ANSWERS = 20


@dataclass(frozen=True, slots=True)
class Result:
    """Everything there is to say. Seconds: of the busy phase, of coming to rest, of all of it with set-up."""

    members: int
    devices: int
    orders_per_second: float
    faults_percent: float
    faults: Counter[str]
    book: Book
    queue: Queue
    memory: Sequence[Row]
    verdict: Verdict
    busy_seconds: float
    rest_seconds: float
    seconds: float

    @property
    def good(self) -> bool:
        return not self.verdict.wrong

    @property
    def busy_requests(self) -> int:
        return sum(len(taken) for (phase, _), taken in self.book.seconds.items() if phase == BUSY)


def text(result: Result) -> str:
    """For the screen."""
    lines = ["", f"{'route':<46}{'answers':>8}{'alone p50':>11}{'p50 ms':>8}{'p99 ms':>8}{'slow p50':>10}{'p99':>7}"]
    lines += [
        f"{route:<46}{count:>8,}{alone:>11}{half:>8}{most:>8}{slow_half:>10}{slow_most:>7}"
        for route, count, alone, half, most, slow_half, slow_most in _routes(result)
    ]
    lines += [
        "",
        f"{'own memory, MB (largest of its name)':<46}{'processes':>10}{'start':>8}{'plateau':>9}{'end':>7}  flat",
    ]
    lines += [
        f"{row.name:<46}{row.processes:>10}{_mb(row.start):>8}{_mb(row.plateau):>9}{_mb(row.end):>7}  {_flat(row)}"
        for row in result.memory
    ]
    lines += ["", *_words(result), "", *(f"  WRONG  {line}" for line in result.verdict.wrong), line(result)]
    return "\n".join(lines)


def line(result: Result) -> str:
    """`LOAD OK requests=… lost=0 …`."""
    book, verdict, queue = result.book, result.verdict, result.queue
    return (
        f"LOAD {'OK' if result.good else 'FAILED'} requests={book.requests} redemptions={verdict.reckoning.redemptions}"
        f" lost={len(verdict.reckoning.lost)} doubled={len(verdict.reckoning.doubled)}"
        f" unexpected_5xx={len(book.unexpected)} declared_503={sum(book.declared.values())}"
        f" violations={verdict.violations} faults={sum(result.faults.values())}"
        f" members={result.members} devices={result.devices} orders_per_second={result.orders_per_second:g}"
        f" requests_per_second={result.busy_requests / result.busy_seconds:.0f}"
        f" slow_sent={queue.sent} slow_queue={queue.lengths[-1][1] if queue.lengths else 0}"
        f" holds_extended={queue.extended} seconds={result.seconds:.0f}"
    )


def markdown(result: Result) -> str:
    """For the page."""
    crowd = f"{result.devices} devices, p50 ms"
    told = [BEGIN, "", f"| route | answers | alone, p50 ms | {crowd} | p99 ms | at 0.5 orders/s, p50 ms | p99 ms |"]
    told += ["|---|---|---|---|---|---|---|"]
    told += [f"| `{row[0]}` | {row[1]:,} | {' | '.join(row[2:])} |" for row in _routes(result)]
    told += ["", "| own memory, MB | processes | start | plateau | end | flat |", "|---|---|---|---|---|---|"]
    told += [
        f"| {row.name} | {row.processes} | {_mb(row.start)} | {_mb(row.plateau)} | {_mb(row.end)} | {_flat(row)} |"
        for row in result.memory
    ]
    return "\n".join((*told, "", *(f"{words}  " for words in _words(result)), "", f"`{line(result)}`", "", END))


def write(result: Result) -> None:
    """Put the tables between their marks in docs/load.md, and the picture beside it."""
    before, _, rest = PAGE.read_text().partition(BEGIN)
    _, found, after = rest.partition(END)
    if not found:
        raise RuntimeError(f"{PAGE} has no place for the tables: {BEGIN} … {END}")
    PAGE.write_text(before + markdown(result) + after)
    bars = [
        picture.Bar(route, _least(result, route), quantile(taken, 0.5), quantile(taken, 0.99))
        for route in result.book.routes()
        if len(taken := result.book.taken(route, BUSY)) >= FEWEST_ANSWERS
    ]
    PICTURE.write_text(picture.drawn(bars, result.devices, result.queue.lengths, _waits(result)))


def _routes(result: Result) -> list[tuple[str, int, str, str, str, str, str]]:
    rows = []
    for route in result.book.routes():
        phases = [result.book.taken(route, phase) for phase in (ALONE, BUSY, SLOW)]
        alone, busy, slow = phases
        rows.append(
            (
                route, sum(map(len, phases)), _ms(alone, 0.5), _ms(busy, 0.5), _ms(busy, 0.99), _ms(slow, 0.5),
                _ms(slow, 0.99),
            )
        )  # fmt: skip
    return rows


def _words(result: Result) -> list[str]:
    queue, book = result.queue, result.book
    outcomes = ", ".join(f"{number:,} {outcome}" for outcome, number in result.verdict.reckoning.outcomes.most_common())
    faults = ", ".join(f"{number} × {kind}" for kind, number in result.faults.most_common())
    declared = ", ".join(f"{number} × {what}" for what, number in book.declared.most_common()) or "none"
    refused = ", ".join(f"{number} × {code}" for code, number in book.refusals.most_common()) or "none"
    length = queue.lengths[-1][1] if queue.lengths else 0
    return [
        f"Connection set to {result.orders_per_second:g} orders/s; {result.devices} devices of {result.members:,}"
        f" members, {result.busy_requests / result.busy_seconds:.0f} requests/s; all of it on {os.cpu_count()} cores.",
        f"Endings: {outcomes}.",
        f"Faults at {result.faults_percent:g} % of the outside parties' calls: {faults or 'none'}.",
        f"Declared 503 with Retry-After: {declared}. Refusals: {refused}.",
        f"At 0.5 orders/s for {queue.seconds:.0f} s: {queue.sent} orders left, {length} waited at the end;"
        f" {queue.told:,} looks told a place that fits, the longest wait told was {queue.longest_told_seconds} s;"
        f" after a day in the queue {queue.extended} holds were extended.",
        f"Everything was at rest {result.rest_seconds:.0f} s after the last request to redeem;"
        f" {result.seconds / 60:.1f} minutes in all.",
        f"Flat memory: at the end no more than the plateau and {TOLERANCE:.0%} of it"
        f" (or {LEAST_TOLERANCE_BYTES >> 20} MB).",
    ]


def _waits(result: Result) -> list[tuple[float, int]]:
    """The longest wait told in each five seconds of the slow phase."""
    longest: dict[int, int] = {}
    for place in result.book.places:
        slot = int(place.waited // 5)
        longest[slot] = max(longest.get(slot, 0), place.expected_wait_seconds or 0)
    return [(slot * 5.0, seconds) for slot, seconds in sorted(longest.items())]


def _least(result: Result, route: str) -> float | None:
    alone = result.book.taken(route, ALONE)
    return quantile(alone, 0.5) if alone else None


def _ms(taken: list[float], share: float) -> str:
    return f"{quantile(taken, share) * 1000:.0f}" if len(taken) >= (FEWEST_ANSWERS if share > 0.9 else 1) else "–"


def _mb(size: int) -> str:
    return f"{size / (1 << 20):.0f}"


def _flat(row: Row) -> str:
    return {True: "yes", False: "NO", None: "–"}[row.flat]
