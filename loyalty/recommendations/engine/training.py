"""From tables to what can be asked: for each programme its past, and the weights learned from its last four weeks."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]

from loyalty.night_tables import UnreadableTable
from loyalty.recommendations.engine.chance import FEWEST_TO_LEARN, HORIZON_DAYS, USUAL, Weights, learned
from loyalty.recommendations.engine.interactions import History, chosen, histories
from loyalty.recommendations.engine.members import MemberScores, member_scores
from loyalty.recommendations.engine.past import Numbers, Past, past
from loyalty.recommendations.engine.similar import SimilarProducts, similar
from loyalty.recommendations.engine.trending import TrendingProduct, trending


@dataclass(frozen=True, slots=True)
class Trained:
    """Of all programmes. What it answers is made while it is read; nothing in it is ever nan."""

    programmes: tuple[tuple[Past, Weights], ...]

    def members(self, consents: pa.Table) -> Iterator[MemberScores]:
        """Of those in `consents` (program_id, member_key) who did anything; nobody else is ever scored."""
        for known, weights in self.programmes:
            wanted = _keys(consents, known.history.program_id)
            numbers = [number for number, key in enumerate(known.history.keys) if key in wanted]
            yield from member_scores(known, weights, np.array(numbers, np.int64))

    def similar(self) -> Iterator[SimilarProducts]:
        for known, _ in self.programmes:
            yield from similar(known)

    def trending(self) -> Iterator[TrendingProduct]:
        for known, _ in self.programmes:
            yield from trending(known.history)


def train(interactions: pa.Table, products: pa.Table, as_of: datetime.date) -> Trained:
    """Learn from all that was known at the end of `as_of`. Raises UnreadableTable (a column is missing)."""
    return Trained(tuple(_trained(history) for history in histories(interactions, products, as_of)))


def _trained(history: History) -> tuple[Past, Weights]:
    products = len(history.asins)
    followed: Numbers = np.unique(
        (history.member * products + history.product)[history.redeemed & (history.age < HORIZON_DAYS)]
    )
    weights = USUAL
    if len(followed) >= FEWEST_TO_LEARN:
        weights = learned(past(_before(history)), followed)
    return past(history), weights


def _before(history: History) -> History:
    """What was known four weeks ago."""
    before = chosen(history, history.age >= HORIZON_DAYS)
    return dataclasses.replace(
        before,
        age=before.age - HORIZON_DAYS,
        days_known=np.maximum(before.days_known - HORIZON_DAYS, 0.0),
    )


def _keys(consents: pa.Table, program_id: int) -> set[str]:
    if not consents.num_rows:
        return set()
    for column in ("program_id", "member_key"):
        if column not in consents.column_names:
            raise UnreadableTable(f"consents: there is no column {column}")
    of_programme = consents.filter(pc.equal(consents["program_id"], program_id))
    return set(of_programme["member_key"].cast(pa.string()).drop_null().to_pylist())
