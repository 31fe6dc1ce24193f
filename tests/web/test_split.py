"""The browser's arithmetic is the server's: the same points and cents for any basket, slider and rule."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from loyalty.redemptions import pricing
from loyalty.redemptions.pricing import PricedLine
from tests.web import node

CASES = 3000
SEED = 20261122

PROGRAM = """
return told.map(({lines, full, min_percent, max_percent, step, money_min_minor, points}) => {
  const slider = module.sliderOf(full, min_percent, max_percent, step);
  const basket = {lines, slider, money_min_minor};
  const at = points.map((some) => {
    const parts = module.split(lines, some);
    const kept = module.within(basket, some);
    return {
      parts: [parts.points, parts.money_minor],
      at_most: module.atMost(slider, some),
      most_payable: module.mostPayable(basket, some),
      payable: module.payable(basket, some),
      up: module.payable(basket, some + step, some),
      down: module.payable(basket, some - step, some),
      within: kept && [kept.slider.minimum, kept.slider.maximum],
    };
  });
  return {full: module.pointsFull(lines), slider: [slider.minimum, slider.maximum, slider.step], at};
});
"""


def baskets() -> Iterator[dict[str, Any]]:
    """Small and large, cheap and dear, one line and many; ends, steps and what is just beside them are asked for."""
    draw = random.Random(SEED)
    for _ in range(CASES):
        # Up to where points times cents is more than a double can hold.
        largest = draw.choice([3, 60, 5_000, 10**6, 10**9])
        lines = [
            {
                "quantity": draw.choice([1, 1, 2, 7, 30]),
                "unit_price_minor": draw.randint(1, largest),
                "unit_points": draw.randint(1, largest * 3),
            }
            for _ in range(draw.choice([1, 1, 2, 5]))
        ]
        full = sum(line["quantity"] * line["unit_points"] for line in lines)
        step = draw.choice([1, 1, 5, 10, 100, 500])
        ends = [0, 1, full, full - 1, full // 2]
        yield {
            "lines": lines,
            "full": full,
            "min_percent": draw.choice([0, 0, 1, 10, 50, 100]),
            "max_percent": draw.choice([100, 100, 99, 80, 50]),
            "step": step,
            "money_min_minor": draw.choice([0, 1, 50, 100, 10_000]),
            "points": sorted(
                {min(full, max(0, p)) for p in [*ends, step, full - step, *(draw.randint(0, full) for _ in range(4))]}
            ),
        }


def test_the_browser_splits_to_the_point_and_the_cent_as_the_server_does() -> None:
    cases = list(baskets())
    answers = node.run("shared/split.ts", PROGRAM, cases)
    for case, answer in zip(cases, answers, strict=True):
        lines = [PricedLine(one["quantity"], one["unit_price_minor"], one["unit_points"]) for one in case["lines"]]
        slider = pricing.slider(case["full"], case["min_percent"], case["max_percent"], case["step"])
        assert answer["full"] == pricing.points_full(lines) == case["full"]
        assert answer["slider"] == [slider.minimum, slider.maximum, slider.step], case
        for points, at in zip(case["points"], answer["at"], strict=True):
            parts = pricing.split(lines, points)
            assert at["parts"] == [parts.points, parts.money_minor], (case, points)
            assert at["at_most"] == slider.at_most(points), (case, points)
            most = pricing.most_payable(lines, slider, points, case["money_min_minor"])
            assert at["most_payable"] == most, (case, points)


def test_the_slider_stops_only_where_the_server_would_let_it_be_paid() -> None:
    cases = list(baskets())
    for case, answer in zip(cases, node.run("shared/split.ts", PROGRAM, cases), strict=True):
        lines = [PricedLine(one["quantity"], one["unit_price_minor"], one["unit_points"]) for one in case["lines"]]
        slider = pricing.slider(case["full"], case["min_percent"], case["max_percent"], case["step"])

        def can_be_paid(points: int, lines: Any = lines, case: Any = case) -> bool:
            return not 0 < pricing.split(lines, points).money_minor < case["money_min_minor"]

        # Where nothing at all can be paid, nothing is promised.
        if not can_be_paid(slider.minimum) and not can_be_paid(slider.maximum):
            continue
        for points, at in zip(case["points"], answer["at"], strict=True):
            for stop in (at["payable"], at["up"], at["down"]):
                assert slider.allows(stop), (case, points, stop)
                assert can_be_paid(stop), (case, points, stop)
            # A step never ends where it began, unless there is nothing more that way.
            if at["payable"] == points:
                ends = [end for end in (slider.minimum, slider.maximum) if can_be_paid(end)]
                assert at["up"] > points or not any(end > points for end in ends), (case, points)
            if at["within"] is not None:
                least, most = at["within"]
                assert slider.minimum <= least <= most <= min(points, slider.maximum), (case, points)
                assert can_be_paid(most), (case, points)
