"""What members buy next, foreseen by the engine beside others. This is the short part, for `make bench`: ours beside
counts of what was bought. `make bench-recommend` has all the others (`__main__`).
"""

from __future__ import annotations

import os

# Before numpy: how many threads there are is no part of the measurement.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from bench._figures import Budget, Figures
from bench.recommend.choosing import CHOSEN
from bench.recommend.comparing import compare
from bench.recommend.grocery import TEST_FROM, TEST_UNTIL, task
from bench.recommend.others import FAMILIES

BUDGETS = {
    "recommend_ndcg20_rebuy": Budget(0.37, least=True),
    "recommend_ndcg20_new": Budget(0.07, least=True),
    "recommend_train_s": Budget(3),
}
COUNTED = ("popularity", "trending", "own history")


def run() -> Figures:
    """NDCG@20 with and without what was bought before, the best of what is only counted, processor seconds to learn."""
    compared = compare(
        task(TEST_FROM, TEST_UNTIL), CHOSEN, tuple(family for family in FAMILIES if family.name in COUNTED)
    )
    best_again, best_new = compared.best
    return {
        "recommend_ndcg20_rebuy": round(compared.ours.again.mean, 4),
        "recommend_counted_rebuy": round(best_again.again.mean, 4),
        "recommend_ndcg20_new": round(compared.ours.new.mean, 4),
        "recommend_counted_new": round(best_new.new.mean, 4),
        "recommend_train_s": round(compared.train_cpu_s, 2),
    }
