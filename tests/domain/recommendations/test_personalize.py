"""Amazon Personalize asked while somebody waits: by a random key, of who wants it; late, wrong or silent, it is the
stored choice that is shown, and members notice nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError

from loyalty.database import Connection
from loyalty.interactions import personalisation
from loyalty.recommendations.candidates import Candidate
from loyalty.recommendations.personalize import REST_SECONDS, NotAnswered, Personalize, Runtime
from tests.domain.wishes.shelf import Shelf


@dataclass
class Campaigns:
    """Answers what a test says; `asked`: all questions."""

    products: list[str] = field(default_factory=list)
    fails: bool = False
    asked: list[tuple[Any, ...]] = field(default_factory=list)

    def _say(self, *question: Any) -> list[str]:
        self.asked.append(question)
        if self.fails:
            raise NotAnswered("ReadTimeoutError")
        return self.products

    def for_you(self, member_key: str, most: int) -> list[str]:
        return self._say("for_you", member_key)[:most]

    def similar(self, asin: str, most: int) -> list[str]:
        return self._say("similar", asin)[:most]

    def trending(self, most: int) -> list[str]:
        return self._say("trending")[:most]

    def ranked(self, member_key: str, asins: list[str]) -> list[str]:
        return self._say("ranked", member_key, tuple(asins))


class Stored:
    """The night's, as a test says."""

    name = "stored"

    def __init__(self, *asins: str) -> None:
        self._asins = asins

    def for_member(self, connection: Connection, program_id: int, member_id: int, most: int) -> list[Candidate]:
        return [Candidate(asin, "trending") for asin in self._asins][:most]

    def with_product(
        self, connection: Connection, program_id: int, member_id: int, asin: str, most: int
    ) -> list[Candidate]:
        return [Candidate(asin, "liked_too") for asin in self._asins][:most]

    def places(self, connection: Connection, program_id: int, member_id: int) -> dict[str, int]:
        return {asin: place for place, asin in enumerate(self._asins, start=1)}


def key_of(shelf: Shelf, member: int) -> str:
    row = shelf.owner.execute(
        "select member_key::text as key from lake.member_key where program_id = 1 and member_id = %s", (member,)
    ).fetchone()
    assert row is not None
    return str(row["key"])


def reasons(found: list[Candidate]) -> list[tuple[str, str]]:
    return [(one.asin, one.reason) for one in found]


def test_a_member_is_asked_for_by_their_random_key_and_gets_their_own(shelf: Shelf, member_api: Connection) -> None:
    kettle, lamp, mug = (shelf.product() for _ in range(3))
    parent = shelf.product("Towel", kind="VARIATION_PARENT")
    blue, red = (shelf.product("Towel", kind="VARIATION_CHILD", parent=parent) for _ in range(2))
    member = shelf.member()
    shelf.redeemed(member, mug)
    service = Campaigns([blue, lamp, "B0NOWHERE0", mug, red, kettle])
    engine = Personalize(service, Stored(), 1)
    assert reasons(engine.for_member(member_api, 1, member, 10)) == [
        (parent, "for_you"),
        (lamp, "for_you"),
        (kettle, "for_you"),
    ], "kinds are one product, what has left or was redeemed lately is none"
    assert service.asked == [("for_you", key_of(shelf, member))]


def test_of_who_wants_no_personal_choices_nobody_is_asked(shelf: Shelf, member_api: Connection) -> None:
    kettle, lamp = shelf.product(), shelf.product()
    member = shelf.member()
    personalisation.choose(member_api, 1, member, False)
    service = Campaigns([kettle])
    engine = Personalize(service, Stored(lamp), 1)
    assert reasons(engine.for_member(member_api, 1, member, 10)) == [(kettle, "trending")]
    assert engine.places(member_api, 1, member) == {lamp: 1}
    assert service.asked == [("trending",)], "what rises is asked of nobody in particular"


def test_another_programme_has_its_own_engine(shelf: Shelf, member_api: Connection) -> None:
    lamp = shelf.product()
    service = Campaigns([lamp])
    engine = Personalize(service, Stored("B000000007"), 1)
    member = shelf.member(program_id=2)
    assert reasons(engine.for_member(member_api, 2, member, 5)) == [("B000000007", "trending")]
    assert reasons(engine.with_product(member_api, 2, member, lamp, 5)) == [("B000000007", "liked_too")]
    assert not service.asked


def test_who_does_not_answer_is_left_alone_for_a_while_and_the_stored_choice_is_shown(
    shelf: Shelf, member_api: Connection
) -> None:
    kettle, lamp = shelf.product(), shelf.product()
    noted: list[NotAnswered] = []
    member, now = shelf.member(), [0.0]
    service = Campaigns([kettle], fails=True)
    engine = Personalize(service, Stored(lamp), 1, noted=noted.append, clock=lambda: now[0])
    for _ in range(3):
        assert reasons(engine.for_member(member_api, 1, member, 5)) == [(lamp, "trending")]
        assert reasons(engine.with_product(member_api, 1, member, kettle, 5)) == [(lamp, "liked_too")]
    assert (len(service.asked), [str(one) for one in noted]) == (1, ["ReadTimeoutError"])
    service.fails, now[0] = False, REST_SECONDS
    assert reasons(engine.for_member(member_api, 1, member, 5)) == [(kettle, "for_you")]


def test_a_search_is_ranked_by_the_stored_list_in_the_order_of_now(shelf: Shelf, member_api: Connection) -> None:
    one, two, three = (shelf.product() for _ in range(3))
    service = Campaigns([three, "B0STRANGE0", one])
    engine = Personalize(service, Stored(one, two, three), 1)
    member = shelf.member()
    assert engine.places(member_api, 1, member) == {three: 1, one: 2, two: 3}
    assert service.asked == [("ranked", key_of(shelf, member), (one, two, three))]
    service.products = []
    assert engine.places(member_api, 1, member) == {one: 1, two: 2, three: 3}


def test_a_product_is_not_like_itself(shelf: Shelf, member_api: Connection) -> None:
    kettle, lamp = shelf.product(), shelf.product()
    engine = Personalize(Campaigns([kettle, lamp]), Stored(), 1)
    assert reasons(engine.with_product(member_api, 1, shelf.member(), kettle, 5)) == [(lamp, "liked_too")]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (ClientError({"Error": {"Code": "ThrottlingException"}}, "GetRecommendations"), "ThrottlingException"),
        (ReadTimeoutError(endpoint_url="https://x"), "ReadTimeoutError"),
        (EndpointConnectionError(endpoint_url="https://x"), "EndpointConnectionError"),
        ({"recommendationId": "x"}, "KeyError"),
        ({"itemList": None}, "TypeError"),
    ],
)
def test_whatever_the_service_says_instead_of_products_is_no_answer(answer: Any, said: str) -> None:
    class Client:
        def get_recommendations(self, **_: Any) -> Any:
            if isinstance(answer, Exception):
                raise answer
            return answer

    runtime = Runtime(Client(), {"for-you": "arn:c"}, "arn:f")
    with pytest.raises(NotAnswered, match=said):
        runtime.for_you("key", 5)
