"""One SVG: how much of each part is used at each number of members."""

from __future__ import annotations

import math
from collections.abc import Sequence

from load.model.growth import Step
from load.picture import GREY, GRID, INK, STYLE

LEFT, TOP, WIDTH, HEIGHT, LABELS = 70, 46, 520, 300, 190
LOWEST, HIGHEST = 1e-5, 10.0
COLOURS = ("#b3541e", "#0b5cad", "#2f7d4f", "#7a3b8f", "#5f6b76", "#b8860b")
# Names beside each other keep so far apart.
APART = 15


def drawn(steps: Sequence[Step]) -> str:
    """Both axes are logarithmic; the dark line is all that config/prod.toml lets a part have."""
    names = list(steps[0].used)
    last = {name: steps[-1].used[name] for name in names}
    places = _apart({name: _down(value) for name, value in last.items()})
    width, height = LEFT + WIDTH + LABELS, TOP + HEIGHT + 46
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
        f' role="img" aria-label="Model: part of each limit that is used, by members" style="{STYLE}">',
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        _text(LEFT, 20, "model: part of each limit that is used at the peak (Amazon’s pace: on average), by members"),
    ]
    for mark in (1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0):
        colour = INK if mark == 1 else GRID
        parts.append(
            f'<line x1="{LEFT}" x2="{LEFT + WIDTH}" y1="{_down(mark):.1f}" y2="{_down(mark):.1f}" stroke="{colour}"/>'
        )
        parts.append(_text(LEFT - 8, _down(mark) + 4, f"{mark:.4%}".rstrip("0%").rstrip(".") + " %", anchor="end"))
    for one in steps:
        parts.append(_text(_across(one, steps), TOP + HEIGHT + 20, f"{one.members:,}", anchor="middle"))
    for name, colour in zip(names, COLOURS, strict=True):
        points = " ".join(f"{_across(one, steps):.1f},{_down(one.used[name]):.1f}" for one in steps)
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts.append(_text(LEFT + WIDTH + 10, places[name] + 4, name, fill=colour))
    return "\n".join((*parts, "</svg>\n"))


def _across(one: Step, steps: Sequence[Step]) -> float:
    first, last = math.log(steps[0].members), math.log(steps[-1].members)
    return LEFT + WIDTH * (math.log(one.members) - first) / (last - first)


def _down(value: float) -> float:
    within = min(HIGHEST, max(LOWEST, value))
    return TOP + HEIGHT * (1 - math.log(within / LOWEST) / math.log(HIGHEST / LOWEST))


def _apart(places: dict[str, float]) -> dict[str, float]:
    told: dict[str, float] = {}
    below = -math.inf
    for name in sorted(places, key=lambda name: places[name]):
        told[name] = below = max(places[name], below + APART)
    return told


def _text(x: float, y: float, words: str, *, anchor: str = "start", fill: str = GREY) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{fill}">{words}</text>'
