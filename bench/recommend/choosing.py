"""The others' settings, chosen on the validation month: for each task the best of each family."""

from __future__ import annotations

from typing import Any

from bench.recommend.grocery import TEST_FROM, VALIDATION_FROM, task
from bench.recommend.measuring import measure
from bench.recommend.others import FAMILIES, timed

# Family: (settings where buying again counts, settings where only what is new does).
type Chosen = dict[str, tuple[dict[str, Any], dict[str, Any]]]

CHOSEN: Chosen = {
    "popularity": ({}, {}),
    "trending": ({"days": 14}, {"days": 14}),
    "own history": ({"days": 200}, {"days": 200}),
    "implicit ALS": (
        {"factors": 256, "regularization": 30.0, "alpha": 3, "matrix": "log"},
        {"factors": 256, "regularization": 30.0, "alpha": 3, "matrix": "log"},
    ),
    "implicit BPR": (
        {"factors": 16, "learning_rate": 0.01, "regularization": 0.05, "iterations": 40},
        {"factors": 32, "learning_rate": 0.01, "regularization": 0.2, "iterations": 40},
    ),
    "implicit item-kNN": (
        {"by": "cosine", "K": 20, "matrix": "counts"},
        {"by": "bm25", "K": 100, "matrix": "log", "B": 0.8},
    ),
}


def choose() -> Chosen:
    """Try all, print each."""
    validation = task(VALIDATION_FROM, TEST_FROM)
    found: Chosen = {}
    for family in FAMILIES:
        best: list[tuple[float, dict[str, Any]]] = [(-1.0, {}), (-1.0, {})]
        for settings in family.tried:
            scores, seconds = timed(family, validation, settings)
            both = [measure(validation, scores, only_new).mean for only_new in (False, True)]
            print(f"{family.name:<18} {both[0]:.4f} {both[1]:.4f} {seconds:6.1f} s  {dict(settings)}", flush=True)
            for which, ndcg in enumerate(both):
                if ndcg > best[which][0]:
                    best[which] = (ndcg, dict(settings))
        found[family.name] = (best[0][1], best[1][1])
    return found
