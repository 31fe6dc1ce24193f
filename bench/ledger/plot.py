"""Holds to the reference against history, lots and clients, as three small panels of one SVG."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

WIDTH, HEIGHT = 300, 230
LEFT, RIGHT, TOP, BOTTOM = 46, 14, 40, 46
INK, GREY, LINE, BAND = "#1f2933", "#5f6b76", "#0b5cad", "#9cc3ea"
PANELS = (
    ("history", "rows of history"),
    ("lots", "lots a member"),
    ("clients", "clients at once"),
)
STYLE = "font-family:system-ui,sans-serif;font-size:12px"


def drawn(figures: Mapping[str, Sequence[Sequence[float]]]) -> str:
    """`figures`: points (x, median, lower and upper quartile) of each panel."""
    top = max(1.0, *(point[3] for points in figures.values() for point in points))
    panels = [
        f'<g transform="translate({number * WIDTH},0)">{_panel(figures[name], label, top)}</g>'
        for number, (name, label) in enumerate(PANELS)
    ]
    width = WIDTH * len(PANELS)
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {HEIGHT}" width="{width}" height="{HEIGHT}"'
            f' role="img" aria-label="Rate of holds to the reference" style="{STYLE}">',
            f'<rect width="{width}" height="{HEIGHT}" fill="#ffffff"/>',
            f'<text x="{LEFT}" y="20" fill="{INK}" font-weight="600">holds a second ÷ reference statements a second'
            "  (median of rounds; bars: quartiles)</text>",
            *panels,
            "</svg>\n",
        )
    )


def _panel(points: Sequence[Sequence[float]], label: str, top: float) -> str:
    left, right, upper, lower = LEFT, WIDTH - RIGHT, TOP, HEIGHT - BOTTOM
    # Every measured place is as far from the next: decades, and an empty journal has no logarithm.
    step = (right - left - 24) / max(1, len(points) - 1)
    across = [left + 12 + step * number for number in range(len(points))]

    def down(value: float) -> float:
        return lower - (lower - upper) * value / top

    parts = []
    for tenth in range(0, math.floor(top * 10) + 1, 2):
        y = down(tenth / 10)
        parts.append(f'<line x1="{left}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}" stroke="#e3e7eb"/>')
        parts.append(f'<text x="{left - 6}" y="{y + 4:.1f}" text-anchor="end" fill="{GREY}">{tenth / 10:.1f}</text>')
    line = " ".join(f"{x:.1f},{down(point[1]):.1f}" for x, point in zip(across, points, strict=True))
    parts.append(f'<polyline points="{line}" fill="none" stroke="{LINE}" stroke-width="2"/>')
    for x, (at, median, low, high) in zip(across, points, strict=True):
        parts.append(
            f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{down(low):.1f}" y2="{down(high):.1f}" stroke="{BAND}"'
            ' stroke-width="7" stroke-linecap="round" stroke-opacity="0.8"/>'
        )
        parts.append(f'<circle cx="{x:.1f}" cy="{down(median):.1f}" r="3.5" fill="{LINE}"/>')
        above = down(max(high, median)) - 8
        parts.append(f'<text x="{x:.1f}" y="{above:.1f}" text-anchor="middle" fill="{INK}">{median:.2f}</text>')
        parts.append(f'<text x="{x:.1f}" y="{lower + 16}" text-anchor="middle" fill="{GREY}">{short(at)}</text>')
    middle = (left + right) / 2
    parts.append(f'<text x="{middle}" y="{lower + 36}" text-anchor="middle" fill="{INK}">{label}</text>')
    return "".join(parts)


def short(number: float) -> str:
    """`10M`, `100k`, `36`."""
    for unit, letter in ((1_000_000, "M"), (1_000, "k")):
        if number >= 10 * unit or number == unit:
            return f"{number / unit:.0f}{letter}"
    return f"{number:.0f}"
