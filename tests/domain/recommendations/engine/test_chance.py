"""Weights are learned from what followed: in a programme where nobody redeems twice, nothing is foreseen twice."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from loyalty.recommendations.engine import MemberScores, train
from loyalty.recommendations.engine.chance import FEWEST_TO_LEARN, USUAL
from tests.domain.recommendations.engine.tables import AS_OF, consents, interactions, products

MEMBERS, PRODUCTS = 400, 40
ASINS = [f"P{number:02d}" for number in range(PRODUCTS)]


def _lives(again: float, seed: int = 2) -> pa.Table:
    """Everybody redeems one product a week of their own half of the catalogue; with chance `again` one they had."""
    random = np.random.default_rng(seed)
    events = []
    for member in range(MEMBERS):
        half = member % 2 * PRODUCTS // 2
        left = list(random.permutation(PRODUCTS // 2) + half)
        had: list[int] = []
        for week in range(12, -1, -1):
            product = had[random.integers(len(had))] if had and random.random() < again else left.pop()
            had.append(product)
            events.append((f"m{member}", ASINS[product], 7 * week + int(random.integers(7))))
    return interactions(*events)


def _told(again: float) -> list[MemberScores]:
    trained = train(_lives(again), products(*ASINS), AS_OF)
    return list(trained.members(consents(*(f"m{number}" for number in range(40)))))


def _again(scores: MemberScores, first: int) -> float:
    """Share of so many first ones that the member had before: such a product speaks for itself."""
    return (
        sum(asin == because for asin, because in zip(scores.asins[:first], scores.because[:first], strict=True)) / first
    )


def test_what_is_never_redeemed_twice_stands_behind_what_is_new() -> None:
    told = _told(again=0.0)
    assert np.mean([_again(scores, 5) for scores in told]) < 0.05


def test_what_is_redeemed_again_and_again_stands_first() -> None:
    told = _told(again=0.9)
    assert np.mean([_again(scores, 1) for scores in told]) > 0.9


def test_what_is_new_is_of_the_members_own_taste() -> None:
    told = _told(again=0.0)
    for scores in told:
        half = ASINS[PRODUCTS // 2 :] if int(scores.member_key[1:]) % 2 else ASINS[: PRODUCTS // 2]
        assert set(scores.asins[:5]) <= set(half)


def test_with_little_to_learn_from_the_usual_weights_stand() -> None:
    few = interactions(*((f"m{n}", ASINS[n % 4], n % 20) for n in range(FEWEST_TO_LEARN - 1)))
    ((_, weights),) = train(few, products(*ASINS), AS_OF).programmes
    assert weights is USUAL


def test_chances_add_up_to_about_what_happens() -> None:
    """In four weeks a member redeems four products, some of them twice."""
    told = _told(again=0.5)
    assert np.mean([sum(scores.scores) for scores in told]) == pytest.approx(4, rel=0.4)
