"""Whether a campaign made a difference: those who took part against those held out, and how sure that is.

Honest about small groups: shares are compared after Agresti and Caffo (one success and one failure more in each group),
which keeps its promise of 95 % where the usual formula does not; means by Welch's standard error. Below the smallest
sizes there is no interval at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

# Of a normal distribution 95 % lie within.
Z = 1.959964
# Fewer members in a group, or fewer who did something in both together, and chance says more than the numbers.
FEWEST_MEMBERS, FEWEST_ACTIVE = 50, 10


@dataclass(frozen=True, slots=True)
class Group:
    """Sums over the members of a group: `active` of them did something, `deeds` in all, worth `points`."""

    members: int
    active: int
    deeds: int
    deeds_squared: int
    points: int
    points_squared: int

    @property
    def share(self) -> float:
        """How many of a hundred did something, as a fraction."""
        return self.active / self.members if self.members else 0.0


@dataclass(frozen=True, slots=True)
class Difference:
    """Treated less held out, with its 95 % interval; `surely`: the interval does not hold zero."""

    difference: float
    low: float
    high: float

    @property
    def surely(self) -> bool:
        """Whether chance alone hardly explains it."""
        return self.low > 0 or self.high < 0


def enough(treated: Group, held_out: Group) -> bool:
    """Whether the groups are large enough to compare."""
    smallest = min(treated.members, held_out.members)
    return smallest >= FEWEST_MEMBERS and treated.active + held_out.active >= FEWEST_ACTIVE


def of_shares(treated: Group, held_out: Group) -> Difference:
    """Of the share that did something."""
    n1, n2 = treated.members + 2, held_out.members + 2
    p1, p2 = (treated.active + 1) / n1, (held_out.active + 1) / n2
    margin = Z * sqrt(p1 * (1 - p1) / n1 + p2 * (1 - p2) / n2)
    return Difference(treated.share - held_out.share, max(-1.0, p1 - p2 - margin), min(1.0, p1 - p2 + margin))


def of_deeds(treated: Group, held_out: Group) -> Difference:
    """Of deeds a member."""
    return _of_means(
        (treated.members, treated.deeds, treated.deeds_squared),
        (held_out.members, held_out.deeds, held_out.deeds_squared),
    )


def of_points(treated: Group, held_out: Group) -> Difference:
    """Of points a member."""
    return _of_means(
        (treated.members, treated.points, treated.points_squared),
        (held_out.members, held_out.points, held_out.points_squared),
    )


def _of_means(one: tuple[int, int, int], other: tuple[int, int, int]) -> Difference:
    (mean, error), (other_mean, other_error) = _mean(*one), _mean(*other)
    difference, margin = mean - other_mean, Z * sqrt(error + other_error)
    return Difference(difference, difference - margin, difference + margin)


def _mean(count: int, total: int, squares: int) -> tuple[float, float]:
    """Mean and the square of its standard error."""
    if count < 2:
        return (total / count if count else 0.0), 0.0
    # Whole numbers until the end: a difference of large squares loses its digits in floats.
    variance = (count * squares - total * total) / (count * (count - 1))
    return total / count, variance / count
