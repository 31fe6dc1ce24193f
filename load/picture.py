"""Two panels of one SVG: how long answers take by route, and the queue at Amazon's real pace."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

ROW, LABELS, WIDE, RIGHT, TOP = 20, 330, 420, 60, 46
QUEUE_WIDTH, QUEUE_HEIGHT = 360, 220
INK, GREY, GRID, BAND, LINE, WAIT = "#1f2933", "#5f6b76", "#e3e7eb", "#9cc3ea", "#0b5cad", "#b3541e"
STYLE = "font-family:system-ui,sans-serif;font-size:12px"
MARKS = (0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30)


@dataclass(frozen=True, slots=True)
class Bar:
    """A route's seconds: alone (None: not asked then), half of the answers, and all but one of a hundred."""

    route: str
    alone: float | None
    half: float
    most: float


def drawn(
    bars: Sequence[Bar], devices: int, lengths: Sequence[tuple[float, int]], waits: Sequence[tuple[float, int]]
) -> str:
    """`lengths`: orders that wait; `waits`: the longest wait told, seconds; both by seconds into the slow phase."""
    left = LABELS + WIDE + RIGHT
    height = max(TOP + ROW * len(bars) + 44, QUEUE_HEIGHT + 120)
    width = left + QUEUE_WIDTH + 40
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
            f' role="img" aria-label="Answer times by route, and the queue at half an order a second" style="{STYLE}">',
            f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
            _text(
                10,
                20,
                f"seconds until the answer, {devices} devices at once (bar: p50 to p99; ring: one alone)",
                bold=True,
            ),
            *_routes(bars),
            f'<g transform="translate({left},0)">{_queue(lengths, waits)}</g>',
            "</svg>\n",
        )
    )


def _routes(bars: Sequence[Bar]) -> list[str]:
    values = [value for bar in bars for value in (bar.alone or bar.half, bar.half, bar.most)]
    least, most = min(values, default=0.01) * 0.8, max(values, default=1) * 1.15
    bottom = TOP + ROW * len(bars)

    def across(seconds: float) -> float:
        return LABELS + WIDE * math.log(seconds / least) / math.log(most / least)

    parts = []
    for mark in MARKS:
        if least <= mark <= most:
            x = across(mark)
            parts.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{TOP - 8}" y2="{bottom}" stroke="{GRID}"/>')
            parts.append(_text(x, bottom + 16, f"{mark:g} s", anchor="middle", fill=GREY))
    for number, bar in enumerate(bars):
        y = TOP + ROW * number + ROW / 2 - 2
        half, end = across(bar.half), across(bar.most)
        parts.append(_text(LABELS - 10, y + 4, bar.route, anchor="end"))
        parts.append(
            f'<line x1="{half:.1f}" x2="{end:.1f}" y1="{y}" y2="{y}" stroke="{BAND}" stroke-width="8"'
            ' stroke-linecap="round"/>'
        )
        parts.append(f'<circle cx="{half:.1f}" cy="{y}" r="4" fill="{LINE}"/>')
        if bar.alone:
            parts.append(f'<circle cx="{across(bar.alone):.1f}" cy="{y}" r="3.5" fill="none" stroke="{GREY}"/>')
    return parts


def _queue(lengths: Sequence[tuple[float, int]], waits: Sequence[tuple[float, int]]) -> str:
    top, bottom = TOP, TOP + QUEUE_HEIGHT
    parts = [_text(0, 20, "at 0.5 orders a second", bold=True)]
    longest = max((at for at, _ in (*lengths, *waits)), default=1) or 1
    for points, colour, words, below in (
        (lengths, LINE, "orders in the queue", 0), (waits, WAIT, "longest wait a member was told, s", 18),
    ):  # fmt: skip
        most = max((value for _, value in points), default=1) or 1
        line = " ".join(
            f"{QUEUE_WIDTH * at / longest:.1f},{bottom - QUEUE_HEIGHT * value / most:.1f}" for at, value in points
        )
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts.append(_text(0, bottom + 36 + below, f"{words}: up to {most:,}", fill=colour))
    parts.append(f'<line x1="0" x2="{QUEUE_WIDTH}" y1="{bottom}" y2="{bottom}" stroke="{GREY}"/>')
    parts.append(f'<line x1="0" x2="0" y1="{top}" y2="{bottom}" stroke="{GREY}"/>')
    parts.append(_text(QUEUE_WIDTH, bottom + 16, f"{longest:.0f} s", anchor="end", fill=GREY))
    return "".join(parts)


def _text(x: float, y: float, words: str, *, anchor: str = "start", fill: str = INK, bold: bool = False) -> str:
    weight = ' font-weight="600"' if bold else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{fill}"{weight}>{words}</text>'
