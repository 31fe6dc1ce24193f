"""What the engine tells members, by small tables in which the answer is plain."""

from __future__ import annotations

import math

import pyarrow as pa
import pytest

from loyalty.recommendations.engine import Trained, train
from tests.domain.recommendations.engine.tables import AS_OF, consents, interactions, products


def _two_tastes(members: int = 12) -> list[tuple[str, str, int]]:
    """Gardeners redeem spade, hose and seeds; cooks pan, knife and salt; one of each lacks one thing."""
    events = []
    for number in range(members):
        events += [(f"gardener{number}", asin, 10 + number) for asin in ("SPADE", "HOSE", "SEEDS")]
        events += [(f"cook{number}", asin, 10 + number) for asin in ("PAN", "KNIFE", "SALT")]
    events += [("young gardener", "SPADE", 9), ("young gardener", "HOSE", 8), ("young cook", "PAN", 9)]
    return events


ALL = ("SPADE", "HOSE", "SEEDS", "PAN", "KNIFE", "SALT")


@pytest.fixture(scope="module")
def trained() -> Trained:
    return train(interactions(*_two_tastes()), products(*ALL), AS_OF)


def test_members_are_told_what_those_like_them_redeemed(trained: Trained) -> None:
    (scores,) = trained.members(consents("young gardener"))
    new = [asin for asin in scores.asins if asin not in ("SPADE", "HOSE")]
    assert new[0] == "SEEDS"
    assert scores.because[scores.asins.index("SEEDS")] in ("SPADE", "HOSE")


def test_what_was_had_before_speaks_for_itself_and_chances_fall(trained: Trained) -> None:
    (scores,) = trained.members(consents("young cook"))
    assert scores.because[scores.asins.index("PAN")] == "PAN"
    assert list(scores.scores) == sorted(scores.scores, reverse=True)
    assert all(0 < score < 1 for score in scores.scores)
    assert len(set(scores.asins)) == len(scores.asins)


def test_only_those_who_want_it_are_scored(trained: Trained) -> None:
    told = [scores.member_key for scores in trained.members(consents("young cook", "young cook", "nobody"))]
    assert told == ["young cook"]
    assert list(trained.members(consents())) == []
    assert list(trained.members(consents("young cook", program_id=2))) == []


def test_similar_are_those_redeemed_together_first(trained: Trained) -> None:
    others = {each.asin: each for each in trained.similar()}
    assert set(others) == set(ALL)
    assert set(others["SPADE"].others[:2]) == {"HOSE", "SEEDS"}
    assert set(others["PAN"].others[:2]) == {"KNIFE", "SALT"}
    for each in others.values():
        assert each.asin not in each.others
        assert all(math.isfinite(score) and score >= 0 for score in each.scores)


def test_programmes_know_nothing_of_each_other() -> None:
    elsewhere = interactions(*((f"m{n}", "OTHER", 5) for n in range(9)), program_id=2)
    both = train(
        pa.concat_tables([interactions(*_two_tastes()), elsewhere]),
        pa.concat_tables([products(*ALL), products("OTHER", program_id=2)]),
        AS_OF,
    )
    assert {each.asin for each in both.trending() if each.program_id == 2} == {"OTHER"}
    (scores,) = both.members(consents("young cook"))
    assert "OTHER" not in scores.asins


def test_trending_is_what_is_redeemed_lately_and_gives_the_new_a_chance() -> None:
    lately = [(f"m{n}", "LATELY", 1) for n in range(6)]
    long_ago = [(f"m{n}", "LONG_AGO", 200) for n in range(30)]
    tables = (interactions(*lately, *long_ago), products("LATELY", "LONG_AGO", category="c"))
    just_come = products("JUST_COME", category="c", known_days=0)
    ranked = list(train(tables[0], pa.concat_tables([tables[1], just_come]), AS_OF).trending())
    assert [each.asin for each in ranked] == ["LATELY", "JUST_COME", "LONG_AGO"]
    assert [each.place for each in ranked] == [1, 2, 3]


def test_what_vanished_is_never_shown_but_still_tells_about_taste() -> None:
    trained = train(interactions(*_two_tastes()), products(*(asin for asin in ALL if asin != "SPADE")), AS_OF)
    (scores,) = trained.members(consents("young gardener"))
    assert "SPADE" not in scores.asins
    assert "SPADE" not in scores.because
    assert scores.asins[:2] == ("HOSE", "SEEDS") or scores.asins[:2] == ("SEEDS", "HOSE")
    assert all(each.asin != "SPADE" and "SPADE" not in each.others for each in trained.similar())
    assert all(each.asin != "SPADE" for each in trained.trending())


def test_a_wish_raises_what_is_wished_for() -> None:
    wished = train(interactions(*_two_tastes(), ("young cook", "SALT", 1, "wished")), products(*ALL), AS_OF)
    (scores,) = wished.members(consents("young cook"))
    assert scores.asins.index("SALT") < scores.asins.index("KNIFE")
