"""A quote's arithmetic: integers only, and the same as redemptions.split in database/redemptions/quote.sql.

Prices and points are of one unit, points rounded up when the price is set. A split rounds points down and money up, by
unit, so that any number of accepted units costs exactly that many times one unit, in points and in cents.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from loyalty.refusal import Kind, Refusal


@dataclass(frozen=True, slots=True)
class PricedLine:
    """One line: what one unit costs in money alone, and in points alone."""

    quantity: int
    unit_price_minor: int
    unit_points_full: int


@dataclass(frozen=True, slots=True)
class SplitLine:
    """What one unit of a line costs in points and in money together."""

    quantity: int
    unit_points: int
    unit_money_minor: int


@dataclass(frozen=True, slots=True)
class Split:
    """A whole quote split. `points` is what is charged: never more than was asked for."""

    points: int
    money_minor: int
    lines: tuple[SplitLine, ...]


@dataclass(frozen=True, slots=True)
class Slider:
    """How many points may go into a quote. The two ends are always allowed, between them every `step`."""

    minimum: int
    maximum: int
    step: int

    def allows(self, points: int) -> bool:
        return self.minimum <= points <= self.maximum and (
            points in (self.minimum, self.maximum) or points % self.step == 0
        )

    def at_most(self, points: int) -> int | None:
        """The largest allowed number that is not above `points`; None if there is none."""
        if points >= self.maximum:
            return self.maximum
        if points < self.minimum:
            return None
        return max(points - points % self.step, self.minimum)


def unit_price(line_total_minor: int, quantity: int) -> int:
    """One unit's part of a line's charges, rounded up: the rest is less than a cent a unit and stays with us."""
    return -(-line_total_minor // quantity)


def allocate(total: int, weights: Sequence[int]) -> list[int]:
    """Divide a total by weights, exactly: what rounding leaves goes to the largest remainders, first come first."""
    whole = sum(weights)
    if whole == 0:
        weights, whole = [1] * len(weights), len(weights)
    parts = [total * weight // whole for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda i: (-(total * weights[i] % whole), i))
    for position in by_remainder[: total - sum(parts)]:
        parts[position] += 1
    return parts


def points_full(lines: Iterable[PricedLine]) -> int:
    """The points that pay all of it."""
    return sum(line.quantity * line.unit_points_full for line in lines)


def slider(full: int, min_percent: int, max_percent: int, step: int) -> Slider:
    """The programme's share rules as numbers of points; all of it in points is always a possible end at 100 %."""
    maximum = full if max_percent == 100 else full * max_percent // 100
    maximum = maximum if maximum == full else maximum - maximum % step
    minimum = -(-full * min_percent // 100)
    minimum = min(-(-minimum // step) * step, maximum)
    return Slider(minimum, maximum, step)


def split(lines: Sequence[PricedLine], points: int) -> Split:
    """Put `points` (0 … all of it) into the quote. Raises ValueError for a number outside."""
    full = points_full(lines)
    if not 0 <= points <= full:
        raise ValueError("points outside the quote")
    parts = []
    for line in lines:
        unit_points = line.unit_points_full * points // full
        unit_money = line.unit_price_minor - line.unit_price_minor * unit_points // line.unit_points_full
        parts.append(SplitLine(line.quantity, unit_points, unit_money))
    return Split(
        points=sum(part.quantity * part.unit_points for part in parts),
        money_minor=sum(part.quantity * part.unit_money_minor for part in parts),
        lines=tuple(parts),
    )


def checked(slider: Slider, points: int) -> int:
    """The same number, if the slider allows it. Raises Refusal (invalid) naming what it does allow."""
    if not slider.allows(points):
        raise Refusal(
            Kind.INVALID,
            "points-not-offered",
            f"Choose {slider.minimum} to {slider.maximum} points in steps of {slider.step}.",
            field="points",
        )
    return points


def checked_money(money_minor: int, money_min_minor: int) -> int:
    """The same amount, if it is none or not too little to be paid. Raises Refusal (invalid)."""
    if 0 < money_minor < money_min_minor:
        raise Refusal(
            Kind.INVALID,
            "money-too-little",
            "So little money cannot be paid. Choose fewer points, or all of it in points.",
            field="points",
        )
    return money_minor


def most_payable(lines: Sequence[PricedLine], slider: Slider, points: int, money_min_minor: int) -> int | None:
    """The largest allowed number that is not above `points` and leaves no money, or not too little; None if none is."""
    chosen = slider.at_most(points)
    if chosen is None or not 0 < split(lines, chosen).money_minor < money_min_minor:
        return chosen
    full, total = points_full(lines), sum(line.quantity * line.unit_price_minor for line in lines)
    # A split rounds money up, so what is left of the exact share is enough.
    return slider.at_most(full * (total - money_min_minor) // total) if total >= money_min_minor else None
