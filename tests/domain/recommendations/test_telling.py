"""What members do is told by a random key, of who wants it, each time once; batches come back in a night's words."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID, uuid4

import pytest

from loyalty.database import Connection
from loyalty.interactions import personalisation, viewing
from loyalty.interactions.viewing import View
from loyalty.recommendations import batches, telling
from loyalty.recommendations.batches import NotUnderstood
from loyalty.recommendations.telling import Happened
from tests.domain.recommendations.test_personalize import key_of
from tests.domain.wishes.shelf import Shelf


def looked(connection: Connection, member: int, *asins: str) -> list[UUID]:
    views = [View(uuid4(), asin, "search") for asin in asins]
    viewing.record(connection, 1, member, views)
    return [view.key for view in views]


def test_a_look_is_told_under_the_members_random_key_and_only_the_members_own(
    shelf: Shelf, member_api: Connection
) -> None:
    kettle, lamp, mine, theirs = shelf.product(), shelf.product(), shelf.member(), shelf.member()
    keys = [*looked(member_api, mine, kettle, lamp), *looked(member_api, theirs, kettle), uuid4()]
    with shelf.database.connect("personalize_events") as connection:
        told = telling.looks(connection, 1, mine, keys)
    # Looks of one request are of one instant.
    assert sorted((one.member_key, one.asin, one.kind, one.units) for one in told) == [
        (key_of(shelf, mine), kettle, "looked", 1),
        (key_of(shelf, mine), lamp, "looked", 1),
    ]
    assert {one.event_key for one in told} == {str(key) for key in keys[:2]}


def test_who_wants_it_no_more_is_told_of_no_more(shelf: Shelf, member_api: Connection) -> None:
    kettle, member = shelf.product(), shelf.member()
    keys = looked(member_api, member, kettle)
    shelf.redeemed(member, kettle)
    personalisation.choose(member_api, 1, member, False)
    with shelf.database.connect("personalize_events") as connection:
        assert not telling.looks(connection, 1, member, keys)
        assert not telling.redeemed(connection, 1, _last(shelf))


def test_a_redemption_is_told_by_what_was_accepted_and_kept(shelf: Shelf) -> None:
    kettle, member = shelf.product(), shelf.member()
    shelf.redeemed(member, kettle, units=3)
    with shelf.database.connect("personalize_events") as connection:
        (told,) = telling.redeemed(connection, 1, _last(shelf))
        assert not telling.redeemed(connection, 2, _last(shelf)), "of another programme there is none"
    assert (told.member_key, told.asin, told.kind, told.units) == (key_of(shelf, member), kettle, "redeemed", 3)
    assert told.event_key.startswith(str(_last(shelf)))


def _last(shelf: Shelf) -> UUID:
    row = shelf.owner.execute(
        "select redemption_id from redemptions.redemption order by created_at desc, redemption_id desc limit 1"
    ).fetchone()
    assert row is not None
    id: UUID = row["redemption_id"]
    return id


def test_events_go_out_ten_at_a_time_each_call_of_one_member_and_day(shelf: Shelf) -> None:
    row = shelf.owner.execute("select clock.now() as at").fetchone()
    assert row is not None
    calls: list[dict[str, Any]] = []
    happened = [Happened("a", f"e{number}", "B000000001", "looked", 1, row["at"]) for number in range(12)]
    happened += [Happened("b", "f", "B000000001", "redeemed", 2, row["at"])]
    assert telling.put_events(lambda **given: calls.append(given), "track", happened) == 13
    assert [(call["userId"], len(call["eventList"])) for call in calls] == [("a", 10), ("a", 2), ("b", 1)]
    assert calls[2]["eventList"][0]["eventValue"] == 2.0
    assert {call["trackingId"] for call in calls} == {"track"}
    assert calls[0]["sessionId"].startswith("a-")


# ---- batches -----------------------------------------------------------------------------------------------------


def answer(items: Any, scores: Any = None, **about: str) -> str:
    output = {"recommendedItems": items} | ({"scores": scores} if scores is not None else {})
    return json.dumps({"input": about or {"userId": "key"}, "output": output, "error": None})


def test_a_batch_becomes_lists_as_a_nights_are() -> None:
    lines = [
        answer(["B1", "B2", "B1"], [0.5, 0.25, 0.1]),
        "",
        answer(["B2", "B1", "B3"], itemId="B1").replace("NaN", "0"),
    ]
    assert list(batches.results(1, "members", lines[:2])) == [
        {"program_id": 1, "member_key": "key", "asins": ["B1", "B2"], "scores": [0.5, 0.25], "because": ["", ""]}
    ]
    (similar,) = batches.results(1, "similar", lines[2:])
    assert similar == {"program_id": 1, "asin": "B1", "others": ["B2", "B3"], "scores": [1.0, 1 / 3]}


def test_what_was_not_answered_is_left_out_and_a_score_that_is_none_too() -> None:
    lines = [
        '{"input": {"userId": "a"}, "output": null, "error": "not known"}',
        '{"input": {"userId": "b"}, "output": {"recommendedItems": ["B1", "B2"], "scores": [NaN, 0.1]}, "error": null}',
        '{"input": {"userId": "c"}, "output": {"recommendedItems": ["B1"], "scores": [Infinity]}, "error": null}',
    ]
    found = list(batches.results(1, "members", lines))
    assert [one and one["asins"] for one in found] == [None, ["B2"], None]


def test_no_list_is_longer_than_what_is_kept() -> None:
    many = [f"B{number}" for number in range(500)]
    (members,) = batches.results(1, "members", [answer(many, [0.1] * 500)])
    (similar,) = batches.results(1, "similar", [answer(many, itemId="C")])
    assert members is not None
    assert similar is not None
    assert (len(members["asins"]), len(similar["others"])) == (200, 50)


@pytest.mark.parametrize(
    "line",
    ["no json", "[]", "{}", '{"input": {"itemId": "x"}}', '{"input": {"userId": 5}, "output": {}}',
     answer(["B1", "B2"], [0.5]), answer("B1", [0.5, 0.1]), answer([{"a": 1}], [0.5])],
)  # fmt: skip
def test_a_line_that_is_no_answer_is_named(line: str) -> None:
    with pytest.raises(NotUnderstood, match="line 2"):
        list(batches.results(1, "members", ["", line]))
