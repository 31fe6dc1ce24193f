"""What Personalize costs about, in dollars a month: said before it is switched on, and in an output of the stack.

Prices are those of cost/prices.toml; `make cost` reckons with the same quantities.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from cost.prices import Price, load_prices
from stacks.sections import Personalize

HOURS_A_MONTH, RUNS_A_MONTH = Decimal(730), Decimal("4.35")
# Of all recipes but those of the second generation (for you, ranking).
TRAINING_HOURS = 4
BYTES_A_ROW = 80
PRODUCTS = 20_000
# What is ready whether somebody asks or not.
STANDING_BY = ("personalize_answers", "personalize_tps_hour")


@dataclass(frozen=True)
class Cost:
    """Dollars a month. `least`: what campaigns cost if nobody asks anything."""

    training: float
    answering: float
    ingesting: float
    least: float

    @property
    def month(self) -> float:
        return self.training + self.answering + self.ingesting + self.least

    def __str__(self) -> str:
        parts = f"training {self.training:.0f}, answers {self.answering:.0f}, data {self.ingesting:.0f}"
        return (
            f"about {self.month:.0f} dollars a month, {12 * self.month:.0f} a year ({parts}, campaigns standing by "
            f"{self.least:.0f}; list prices of {_price('personalize_answers').date:%Y-%m})"
        )


def quantities(
    personalize: Personalize, members: Decimal, interactions: Decimal
) -> Iterator[tuple[str, Decimal, bool]]:
    """A price's name, how much of it a month, and whether that grows with members."""
    live = personalize.mode == "campaign"
    solutions = 2 if live else 1
    yield "personalize_training", RUNS_A_MONTH * interactions * solutions, True
    yield "personalize_training_hour", RUNS_A_MONTH * TRAINING_HOURS * solutions, False
    yield "personalize_data_gb", RUNS_A_MONTH * interactions * BYTES_A_ROW / 10**9, True
    if live:
        # A campaign bills the least it is kept ready for, also when nobody asks.
        yield "personalize_answers", 2 * personalize.min_tps * 3_600 * HOURS_A_MONTH, False
        yield "personalize_tps_hour", 2 * personalize.min_tps * HOURS_A_MONTH, False
    else:
        yield "personalize_answers", RUNS_A_MONTH * members, True
        yield "personalize_batch", RUNS_A_MONTH * PRODUCTS, False


def cost(personalize: Personalize) -> Cost:
    """By the section's own guess of members and interactions."""
    live = personalize.mode == "campaign"
    kinds = {"training": Decimal(0), "answering": Decimal(0), "ingesting": Decimal(0), "least": Decimal(0)}
    for name, quantity, _ in quantities(personalize, Decimal(personalize.members), Decimal(personalize.interactions)):
        if name.startswith("personalize_training"):
            kind = "training"
        elif name == "personalize_data_gb":
            kind = "ingesting"
        else:
            kind = "least" if live and name in STANDING_BY else "answering"
        kinds[kind] += _price(name).of(quantity)
    return Cost(**{kind: float(dollars) for kind, dollars in kinds.items()})


def _price(name: str) -> Price:
    return _prices()[name]


@cache
def _prices() -> dict[str, Price]:
    return load_prices()
