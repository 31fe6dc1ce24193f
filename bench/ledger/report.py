"""The figures in words: a table on the screen and, by `python -m bench.ledger.report`, in docs/ledger.md with the plot.

It reads what the last `make bench-ledger` left in build/, so a table can be written again without measuring.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bench._figures import REPOSITORY, Budget
from bench.ledger import plot

RESULT = REPOSITORY / "build" / "bench-ledger.json"
PAGE = REPOSITORY / "docs" / "ledger.md"
PICTURE = REPOSITORY / "docs" / "ledger-throughput.svg"
BEGIN, END = "<!-- bench-ledger: begin -->", "<!-- bench-ledger: end -->"
# Left out of the JSON line; the plot's points and the costs are in build/.
LONG = ("plot", "costs", "reads_by_history")


@dataclass(frozen=True, slots=True)
class Target:
    """A figure, what it is, and what it should be."""

    name: str
    what: str
    budget: Budget


TARGETS = (
    Target("hold_ratio", "holds to REF, rate, 8 clients", Budget(0.70, least=True)),
    Target("hold_cpu_ratio", "server's processor time of a hold to that of REF", Budget(2.5)),
    Target("commit_bound_ratio", "holds to REF, rate, when a commit takes 3 ms more", Budget(0.95, least=True)),
    Target("pair_ratio", "hold + settle (two transactions) a second to REF a second", Budget(0.33, least=True)),
    Target("lots_36_ratio", "holds of members with 36 lots to those with 10, rate", Budget(0.90, least=True)),
    Target("lots_1000_ratio", "the same with 1,000 lots", Budget(0.70, least=True)),
    Target(
        "history_ratio", "holds over {history_rows:,} rows of journal to an empty one, rate", Budget(0.95, least=True)
    ),
    Target("balance_ratio", "reading a balance to reading a row by its key, as the caller sees it", Budget(1.1)),
    Target("as_of_ratio", "reading a past balance to the same", Budget(1.5)),
    Target("journal_bytes", "bytes of a journal row with all its indexes", Budget(380)),
)


def line(result: Mapping[str, Any]) -> dict[str, Any]:
    """What the last line says: the figures with a target first."""
    first = {name: result[name] for name in ("bench", *(target.name for target in TARGETS))}
    return first | {name: value for name, value in result.items() if name not in LONG}


def rows(result: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """What, measured with least and most, target and whether it is met."""
    table = []
    for target in TARGETS:
        value = result[target.name]
        spread = result["spread"].get(target.name)
        measured = f"{value:g}" + (f" ({spread[0]:g}–{spread[1]:g})" if spread else "")
        table.append((target.what.format(**result), measured, target.budget.verdict(value)))
    return table


def text(result: Mapping[str, Any]) -> str:
    """For the screen."""
    told = [f"{'figure':<74}{'measured':<22}target"]
    told += [f"{what:<74}{measured:<22}{verdict}" for what, measured, verdict in rows(result)]
    told += [
        "",
        f"of holds one in four takes from two lots or more: {result['crossing_ratio']} of the rate of 36 lots",
        f"reads by the server's processor alone: balance {result['balance_server_ratio']},"
        f" as of {result['as_of_server_ratio']}",
    ]
    told += [
        f"  {one['rows']:>12,} rows of history: by key {one['key_microseconds']} µs,"
        f" balance {one['balance_microseconds']} µs, as of {one['as_of_microseconds']} µs"
        for one in result["reads_by_history"]
    ]
    if "costs" in result:
        told += ["", "what each safety costs, µs of the server's processor in a loop (saved: median, quartiles)"]
        told += [f"  {one['what']:<42}{one['microseconds']:>7} {_saved(one)}".rstrip() for one in result["costs"]]
    return "\n".join(told)


def markdown(result: Mapping[str, Any]) -> str:
    """For the page."""
    told = [
        BEGIN,
        "| figure, median of rounds (least–most) | measured | target |",
        "|---|---|---|",
        *(f"| {what} | {measured} | {verdict} |" for what, measured, verdict in rows(result)),
    ]
    if "costs" in result:
        told += [
            "",
            "| a hold in a loop inside the server | µs of its processor | saved (quartiles) |",
            "|---|---|---|",
            *(f"| {one['what']} | {one['microseconds']} | {_saved(one)} |" for one in result["costs"]),
        ]
    return "\n".join((*told, END))


def write(result: Mapping[str, Any]) -> None:
    """Put the table between its marks in docs/ledger.md, and the plot beside it."""
    page = PAGE.read_text()
    before, _, rest = page.partition(BEGIN)
    _, found, after = rest.partition(END)
    if not found:
        raise RuntimeError(f"{PAGE} has no place for the table: {BEGIN} … {END}")
    PAGE.write_text(before + markdown(result) + after)
    PICTURE.write_text(plot.drawn(result["plot"]))


def _saved(one: Mapping[str, Any]) -> str:
    if one["what"] in ("reference", "complete"):
        return ""
    median, low, high = one["saved"]
    return f"{median} ({low} to {high})"


if __name__ == "__main__":
    write(json.loads(RESULT.read_text()))
