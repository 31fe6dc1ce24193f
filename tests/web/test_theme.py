"""Whatever colour a brand has, everything on the page can be read."""

from __future__ import annotations

import itertools

from tests.web import node

LEVELS = range(0, 256, 17)
TEXT, INK, GRAPHICS = 4.5, 7.0, 3.0

# What may stand on what, and how well it must be seen there (WCAG 2: text 4.5:1, large text and graphics 3:1).
PAIRS = (
    [("ink", surface, INK) for surface in ("paper", "panel", "tint")]
    + [(text, surface, TEXT) for text in ("muted", "accent", "warning") for surface in ("paper", "panel", "tint")]
    + [(graphic, surface, GRAPHICS) for graphic in ("mark", "control") for surface in ("paper", "panel")]
    + [("on-brand", "brand", TEXT)]
)

PROGRAM = """
const worst = {};
for (const brand of told.brands) {
  const colours = module.palette(brand);
  const broken = Object.entries(colours).find(([_, colour]) => !/^#[0-9a-f]{6}$/.test(colour));
  if (broken) return `${brand}: ${broken}`;
  for (const [front, back] of told.pairs) {
    const ratio = module.contrast(colours[front], colours[back]);
    const known = worst[`${front} on ${back}`];
    if (!known || ratio < known[0]) worst[`${front} on ${back}`] = [ratio, brand];
  }
}
return worst;
"""


def test_every_palette_of_4096_brand_colours_is_readable() -> None:
    brands = [f"#{red:02x}{green:02x}{blue:02x}" for red, green, blue in itertools.product(LEVELS, repeat=3)]
    worst = node.run("shared/theme.ts", PROGRAM, {"brands": brands, "pairs": PAIRS})
    assert isinstance(worst, dict), worst
    missed = {
        pair: worst[pair]
        for pair in worst
        for front, back, least in PAIRS
        if pair == f"{front} on {back}"
        if worst[pair][0] < least
    }
    assert len(brands) == 4096
    assert len(worst) == len(PAIRS)
    assert missed == {}
