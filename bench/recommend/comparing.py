"""The engine and the others, on the same task in the same run."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from bench.recommend.choosing import Chosen
from bench.recommend.grocery import Task
from bench.recommend.measuring import TOP, Measured, Scores, measure
from bench.recommend.others import FAMILIES, Family, timed
from loyalty.recommendations.engine import MemberScores, Trained, train


@dataclass(frozen=True, slots=True)
class Row:
    """One recommender; `seconds` of processor to learn and to score everybody."""

    name: str
    again: Measured
    new: Measured
    seconds: float
    for_new: bool = True


@dataclass(frozen=True, slots=True)
class Compared:
    """`train_s` by the wall; `lists_ms` of processor a member; `explained`: share of what is new that names a product
    that speaks for it; `chance_said`, `chance_was`: of what stands in the first twenty."""

    ours: Row
    lists: tuple[MemberScores, ...]
    others: tuple[Row, ...]
    train_s: float
    train_cpu_s: float
    lists_ms: float
    explained: float
    chance_said: float
    chance_was: float

    @property
    def best(self) -> tuple[Row, Row]:
        """The best of the others, with and without what a member had."""
        return (
            max(self.others, key=lambda row: row.again.mean),
            max((row for row in self.others if row.for_new), key=lambda row: row.new.mean),
        )


def compare(task: Task, chosen: Chosen, families: tuple[Family, ...] = FAMILIES) -> Compared:
    """Ours and these."""
    started, processor = time.perf_counter(), time.process_time()
    trained = train(task.interactions, task.products, task.as_of)
    train_s, train_cpu_s = time.perf_counter() - started, time.process_time() - processor
    started = time.process_time()
    lists = _lists(trained, task)
    listing = time.process_time() - started
    scores = _scores(task, lists)
    ours = Row("ours", measure(task, scores, False), measure(task, scores, True), train_cpu_s + listing)
    return Compared(
        ours=ours,
        lists=tuple(lists),
        others=tuple(_row(family, task, chosen) for family in families),
        train_s=train_s,
        train_cpu_s=train_cpu_s,
        lists_ms=listing / max(len(lists), 1) * 1e3,
        explained=_explained(lists),
        chance_said=float(np.mean([np.mean(each.scores[:TOP]) for each in lists])),
        chance_was=_was(task, scores),
    )


def _row(family: Family, task: Task, chosen: Chosen) -> Row:
    for_again, for_new = chosen[family.name]
    scores, seconds = timed(family, task, for_again)
    again = measure(task, scores, False)
    if for_new != for_again:
        scores, seconds = timed(family, task, for_new)
    return Row(family.name, again, measure(task, scores, True), seconds, family.for_new)


def _lists(trained: Trained, task: Task) -> list[MemberScores]:
    return list(trained.members(task.consents))


def _scores(task: Task, lists: list[MemberScores]) -> Scores:
    """What is not in a member's list is never shown."""
    member = {key: number for number, key in enumerate(task.keys)}
    item = {asin: number for number, asin in enumerate(task.asins)}
    scores = np.full(task.had.shape, -np.inf, np.float32)
    for each in lists:
        scores[member[each.member_key], [item[asin] for asin in each.asins]] = -np.arange(len(each.asins))
    return scores


def _explained(lists: list[MemberScores]) -> float:
    """What was had before speaks for itself."""
    new = [because for each in lists for asin, because in zip(each.asins, each.because, strict=True) if because != asin]
    return sum(because != "" for because in new) / max(len(new), 1)


def _was(task: Task, scores: Scores) -> float:
    top = np.argsort(-scores, axis=1, kind="stable")[:, :TOP]
    return float(np.take_along_axis(task.bought.toarray(), top, axis=1).mean())
