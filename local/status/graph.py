"""The state machine as a picture: one line downwards, a stop for each state, an arc for each jump there can be.

The way an execution went is drawn through: passed stops are full, the one it is at is a ring, a failed one is crossed.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from itertools import pairwise
from typing import Any

ROW, TOP = 27, 18
LINE, LABEL, WIDTH = 98, 115, 356
# Where arcs bulge to: the longest almost to the left edge.
NEAREST, FARTHEST = 18, 112
# An error's name beside the longest state's.
LONGEST = 17
MEANS = {"passed": "passed", "now": "it is here", "failed": "failed"}

LEGEND = (
    '<p class="legend quiet"><span>circle: works</span><span>diamond: decides</span><span>square: waits</span>'
    "<span>full: passed</span><span>ring: is here</span><span>cross: failed</span></p>"
)

type Reading = dict[str, Any]


def draw(states: list[Reading], shown: Reading | None) -> str:
    """The SVG. `states` as `machine.states` has them, `shown` an execution with `visits`, `marks` and `errors`."""
    rows = {state["name"]: number for number, state in enumerate(states)}
    went = _edges_gone(shown)
    possible = {(state["name"], target) for state in states for target in state["next"] if target in rows}
    faint = "".join(
        _edge(rows, edge, "edge", len(states)) for edge in sorted(possible - went, key=lambda e: rows[e[0]])
    )
    strong = "".join(_edge(rows, edge, "way", len(states)) for edge in went if edge[0] in rows and edge[1] in rows)
    stops = "".join(_stop(state, rows[state["name"]], shown) for state in states)
    height = 2 * TOP + ROW * max(0, len(states) - 1)
    return (
        f'<svg class="graph" role="img" aria-label="{escape(told(shown))}" viewBox="0 0 {WIDTH} {height}">'
        f"{faint}{strong}{stops}</svg>"
    )


def told(shown: Reading | None) -> str:
    """What the picture shows, in a sentence."""
    if not shown:
        return "The state machine, no execution yet"
    marks = shown["marks"]
    passed = sum(mark == "passed" for mark in marks.values())
    parts = [f"{passed} state{'' if passed == 1 else 's'} passed"]
    parts += [f"{MEANS[mark]}: {name}" for name, mark in marks.items() if mark != "passed"]
    return f"The state machine, execution {shown['name']}: {', '.join(parts)}"


def _edges_gone(shown: Reading | None) -> set[tuple[str, str]]:
    names = [visit["name"] for visit in shown["visits"]] if shown else []
    return set(pairwise(names))


def _edge(rows: dict[str, int], edge: tuple[str, str], kind: str, count: int) -> str:
    first, last = rows[edge[0]], rows[edge[1]]
    above, below = TOP + ROW * first, TOP + ROW * last
    title = f"<title>{escape(edge[0])} → {escape(edge[1])}</title>"
    if last == first + 1:
        return f'<path class="{kind}" d="M{LINE} {above}V{below}">{title}</path>'
    reach = LINE - (NEAREST + (FARTHEST - NEAREST) * (abs(last - first) / count) ** 0.7)
    back = " back" if last <= first else ""
    return (
        f'<path class="{kind}{back}" d="M{LINE} {above}C{reach:.1f} {above} {reach:.1f} {below} {LINE} {below}">'
        f"{title}</path>"
    )


def _stop(state: Reading, row: int, shown: Reading | None) -> str:
    name, y = state["name"], TOP + ROW * row
    mark = shown["marks"].get(name, "") if shown else ""
    comment = f"<title>{escape(state['comment'])}</title>" if state["comment"] else ""
    return (
        f'<g class="{mark or "ahead"}" id="state-{escape(name)}">{comment}{"".join(_shape(state["type"], y, mark))}'
        f'<text x="{LABEL}" y="{y + 4.5}">{escape(name)}</text>{_beside(name, y, shown)}</g>'
    )


def _shape(kind: str, y: int, mark: str) -> Iterator[str]:
    if mark == "now":
        yield f'<circle class="halo" cx="{LINE}" cy="{y}" r="12"/>'
    if kind == "Choice":
        yield f'<path class="state" d="M{LINE} {y - 7}l7 7-7 7-7-7z"/>'
    elif kind == "Wait":
        yield f'<rect class="state" x="{LINE - 5.5}" y="{y - 5.5}" width="11" height="11"/>'
    else:
        yield f'<circle class="state" cx="{LINE}" cy="{y}" r="6"/>'
    if mark == "failed":
        yield f'<path class="cross" d="M{LINE - 6} {y - 6}l12 12m0-12l-12 12"/>'


def _cut(error: str) -> str:
    return error if len(error) <= LONGEST else f"{error[: LONGEST - 1]}…"


def _beside(name: str, y: int, shown: Reading | None) -> str:
    """When it was there, how often, what went wrong."""
    visits = [visit["at"] for visit in shown["visits"] if visit["name"] == name] if shown else []
    if not shown or not visits:
        return ""
    error = shown["errors"].get(name)
    words = _cut(error) if error else f"{visits[-1]:,.1f} s"
    times = f" ×{len(visits)}" if len(visits) > 1 else ""
    return f'<text class="when" x="{WIDTH}" y="{y + 4.5}" text-anchor="end">{escape(words)}{times}</text>'
