"""What Personalize costs about, in dollars a month: said before it is switched on, and in an output of the stack.

List prices of us-east-1 as they were known when this was written (2026-11); what AWS's page says now counts.
"""

from __future__ import annotations

from dataclasses import dataclass

from stacks.sections import Personalize

HOURS_A_MONTH, RUNS_A_MONTH = 730, 4.35
# Of the second generation of recipes (for you, ranking).
TRAINING_PER_1000_INTERACTIONS = 0.002
REQUESTS_PER_1000 = 0.15
# Of all others (similar, trending).
TRAINING_PER_HOUR, TRAINING_HOURS = 0.24, 4
TPS_PER_HOUR = 0.20
BATCH_PER_1000 = 0.067
INGESTED_PER_GB, BYTES_A_ROW = 0.05, 80
PRODUCTS = 20_000


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
            f"{self.least:.0f}; list prices of 2026-11)"
        )


def cost(personalize: Personalize) -> Cost:
    """By the section's own guess of members and interactions."""
    live = personalize.mode == "campaign"
    learned = personalize.interactions / 1_000 * TRAINING_PER_1000_INTERACTIONS
    hours = TRAINING_HOURS * TRAINING_PER_HOUR
    ingested = personalize.interactions * BYTES_A_ROW / 1e9 * INGESTED_PER_GB
    asked = personalize.members / 1_000 * REQUESTS_PER_1000 + PRODUCTS / 1_000 * BATCH_PER_1000
    # A campaign bills the least it is kept ready for, also when nobody asks.
    requests_ready = personalize.min_tps * 3_600 * HOURS_A_MONTH
    ready = 2 * requests_ready / 1_000 * REQUESTS_PER_1000 + 2 * personalize.min_tps * HOURS_A_MONTH * TPS_PER_HOUR
    return Cost(
        training=RUNS_A_MONTH * (2 * (learned + hours) if live else learned + hours),
        answering=0.0 if live else RUNS_A_MONTH * asked,
        ingesting=RUNS_A_MONTH * ingested,
        least=ready if live else 0.0,
    )
