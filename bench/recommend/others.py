"""What the engine is held against: counts, decayed counts, and `implicit`'s ALS, BPR and item-kNN.

Each family's settings are those of `tried` with the best NDCG@20 on the validation month, for each of the two tasks
(`python -m bench.recommend --choose` tries them all again; `choosing.CHOSEN` is what it found).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from implicit.als import AlternatingLeastSquares
from implicit.bpr import BayesianPersonalizedRanking
from implicit.nearest_neighbours import BM25Recommender, CosineRecommender, TFIDFRecommender
from scipy import sparse

from bench.recommend.grocery import Task
from bench.recommend.measuring import Scores

type Settings = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Family:
    """`scores` of [members, items] with some settings; `for_new`: it can say something of what a member never had."""

    name: str
    scores: Callable[[Task, Settings], Scores]
    tried: tuple[Settings, ...]
    for_new: bool = True


def timed(family: Family, task: Task, settings: Settings) -> tuple[Scores, float]:
    """And the seconds of processor that it took to learn and score."""
    started = time.process_time()
    scores = family.scores(task, settings)
    return scores, time.process_time() - started


def _matrix(task: Task, kind: str) -> sparse.csr_matrix:
    matrix = sparse.csr_matrix((np.ones(len(task.member), np.float32), (task.member, task.item)), shape=task.had.shape)
    if kind == "log":
        matrix.data = np.log1p(matrix.data)
    if kind == "binary":
        matrix.data[:] = 1
    return matrix


def _popularity(task: Task, _: Settings) -> Scores:
    return np.tile(task.had.sum(axis=0).astype(np.float32), (len(task.keys), 1))


def _trending(task: Task, settings: Settings) -> Scores:
    pace = np.bincount(task.item, weights=np.exp(-task.age / settings["days"]), minlength=len(task.asins))
    return np.tile(pace.astype(np.float32), (len(task.keys), 1))


def _own(task: Task, settings: Settings) -> Scores:
    weights = np.exp(-task.age / settings["days"]) if settings["days"] else np.ones(len(task.age))
    counts = sparse.csr_matrix((weights.astype(np.float32), (task.member, task.item)), shape=task.had.shape)
    # What is even, and what was never bought, by popularity.
    return counts.toarray() + 1e-6 * task.had.sum(axis=0).astype(np.float32)


def _als(task: Task, settings: Settings) -> Scores:
    model = AlternatingLeastSquares(
        factors=settings["factors"],
        regularization=settings["regularization"],
        alpha=settings["alpha"],
        iterations=15,
        random_state=0,
        num_threads=1,
    )
    model.fit(_matrix(task, settings["matrix"]), show_progress=False)
    return np.asarray(model.user_factors @ model.item_factors.T, np.float32)


def _bpr(task: Task, settings: Settings) -> Scores:
    model = BayesianPersonalizedRanking(
        factors=settings["factors"],
        learning_rate=settings["learning_rate"],
        regularization=settings["regularization"],
        iterations=settings["iterations"],
        random_state=0,
        num_threads=1,
    )
    model.fit(_matrix(task, "binary"), show_progress=False)
    return np.asarray(model.user_factors @ model.item_factors.T, np.float32)


def _neighbours(task: Task, settings: Settings) -> Scores:
    made = {
        "cosine": lambda: CosineRecommender(K=settings["K"], num_threads=1),
        "tfidf": lambda: TFIDFRecommender(K=settings["K"], num_threads=1),
        "bm25": lambda: BM25Recommender(K=settings["K"], K1=1.2, B=settings.get("B", 0.5), num_threads=1),
    }
    matrix = _matrix(task, settings["matrix"])
    model = made[settings["by"]]()
    model.fit(matrix, show_progress=False)
    return np.asarray((matrix @ model.similarity).toarray(), np.float32)


def _grid(**values: tuple[Any, ...]) -> tuple[Settings, ...]:
    def each(names: list[str]) -> Iterator[dict[str, Any]]:
        if not names:
            yield {}
            return
        for rest in each(names[1:]):
            for value in values[names[0]]:
                yield {names[0]: value, **rest}

    return tuple(each(list(values)))


FAMILIES = (
    Family("popularity", _popularity, ({},)),
    Family("trending", _trending, _grid(days=(7, 14, 21, 40))),
    Family("own history", _own, _grid(days=(0, 60, 120, 200, 365)), for_new=False),
    Family(
        "implicit ALS",
        _als,
        _grid(factors=(16, 32, 64, 128), regularization=(1.0, 10.0, 30.0, 100.0), alpha=(0.3, 1, 3), matrix=("log",))
        + _grid(factors=(128, 256), regularization=(30.0, 60.0, 100.0), alpha=(3, 6, 10), matrix=("log",)),
    ),
    Family(
        "implicit BPR",
        _bpr,
        _grid(factors=(16, 32, 64), learning_rate=(0.01, 0.02, 0.05), regularization=(0.05, 0.2), iterations=(10, 40)),
    ),
    Family(
        "implicit item-kNN",
        _neighbours,
        _grid(by=("cosine", "tfidf"), K=(20, 100, 400), matrix=("log", "counts"))
        + _grid(by=("bm25",), K=(20, 100, 400), matrix=("log", "counts"), B=(0.2, 0.5, 0.8)),
    ),
)
