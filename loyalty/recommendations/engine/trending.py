"""What is redeemed lately, for whoever has no past of their own, with a fair chance for what has only just come."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from loyalty.recommendations.engine.interactions import History, chosen
from loyalty.recommendations.engine.past import Floats

MOST_TRENDING = 200
DECAY_DAYS = 14.0
# A new product begins at the pace of its category, as if that had been seen for so many days.
PRIOR_DAYS = 3.0


@dataclass(frozen=True, slots=True)
class TrendingProduct:
    """`place` from 1; `score`: members a day who redeem it, the last weeks counting most. > 0, finite."""

    program_id: int
    asin: str
    place: int
    score: float


def pace(history: History) -> Floats:
    """Members a day of each product: redemptions in the last weeks over the days it could be redeemed in them."""
    only = chosen(history, history.redeemed)
    products = len(history.asins)
    redeemed = np.bincount(only.product, weights=np.exp(-only.age / DECAY_DAYS), minlength=products)
    days = DECAY_DAYS * (1 - np.exp(-(history.days_known + 1) / DECAY_DAYS))
    # Interactions before it was first seen: it was there.
    days = np.where(redeemed > days, DECAY_DAYS, days)
    category = np.where(history.category >= 0, history.category, history.category.max(initial=-1) + 1)
    usual = np.bincount(category, weights=redeemed) / np.maximum(np.bincount(category, weights=days), 1e-9)
    young = history.days_known < DECAY_DAYS
    paced: Floats = np.where(
        young & history.offered if products else young,
        (redeemed + PRIOR_DAYS * usual[category]) / (days + PRIOR_DAYS) if products else redeemed,
        redeemed / np.maximum(days, 1e-9) if products else redeemed,
    )
    return paced


def trending(history: History) -> Iterator[TrendingProduct]:
    """Best first, at most MOST_TRENDING; only what the catalogue has."""
    score = np.where(history.offered, pace(history), 0.0)
    best = np.argsort(-score, kind="stable")[:MOST_TRENDING]
    for place, product in enumerate(best[score[best] > 0], start=1):
        yield TrendingProduct(history.program_id, str(history.asins[product]), place, float(score[product]))
