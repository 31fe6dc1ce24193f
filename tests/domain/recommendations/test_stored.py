"""What the night chose for a member is shown to that member alone, with its reason, and only while it can be had."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import psycopg
import pytest

from loyalty.catalogue.browsing import Asked
from loyalty.database import Connection
from loyalty.interactions import personalisation, viewing
from loyalty.programme import switching
from loyalty.recommendations import answering
from loyalty.recommendations.candidates import Candidate, Engine
from loyalty.wishes import listing
from tests.domain.recommendations.nights import alike, chosen, lists, rising
from tests.domain.wishes.shelf import Shelf


def shown(connection: Connection, member: int, limit: int = 10, asin: str | None = None) -> list[tuple[str, str]]:
    found = answering.recommend(connection, 1, member, limit, asin)["products"]
    return [(one["asin"], one["reason"]) for one in found]


def ranked(connection: Connection, member: int, **asked: Any) -> list[str]:
    return [one["asin"] for one in answering.ranked(connection, 1, member, Asked(**asked))["products"]]


def test_the_members_own_list_comes_first_then_what_rises_then_what_the_shop_ranks(
    shelf: Shelf, member_api: Connection
) -> None:
    kettle, lamp, towel, mug = (shelf.product(popularity=rank) for rank in (1, 2, 3, 4))
    me, other = shelf.member(), shelf.member()
    chosen(shelf, me, **{mug: "", towel: ""})
    rising(shelf, lamp, mug)
    assert shown(member_api, me) == [
        (mug, "for_you"),
        (towel, "for_you"),
        (lamp, "trending"),
        (kettle, "well_rated"),
    ]
    assert shown(member_api, me, limit=1) == [(mug, "for_you")]
    assert shown(member_api, other)[:2] == [(lamp, "trending"), (mug, "trending")]
    mine, theirs = (answering.recommend(member_api, 1, who, 1) for who in (me, other))
    assert (mine["engine"], mine["personal"]) == ("stored", True)
    assert (theirs["engine"], theirs["personal"]) == ("stored", False)


def test_a_product_is_explained_by_what_the_member_had_wished_for_or_looked_at(
    shelf: Shelf, member_api: Connection
) -> None:
    parent = shelf.product("Mug", kind="VARIATION_PARENT")
    blue = shelf.product("Blue mug", kind="VARIATION_CHILD", parent=parent)
    wished, looked, gone = shelf.product("Lamp", in_stock=False), shelf.product("Towel", in_stock=False), "B0GONE0000"
    spoon, bulb, soap, unknown, plain = (shelf.product(popularity=9) for _ in range(5))
    me = shelf.member()
    shelf.redeemed(me, blue)
    listing.add(member_api, 1, me, wished)
    listing.add(member_api, 1, me, plain)
    viewing.record(member_api, 1, me, [viewing.View(uuid4(), looked, "search")])
    shelf.publish(catalogue={})
    chosen(shelf, me, **{spoon: blue, bulb: wished, soap: looked, unknown: gone, plain: plain})
    found = answering.recommend(member_api, 1, me, 5)["products"]
    told = {one["asin"]: one["because"] and (one["because"]["how"], one["because"]["title"]) for one in found}
    assert told == {
        spoon: ("redeemed", "Mug"),
        bulb: ("wished", "Lamp"),
        soap: ("looked", "Towel"),
        unknown: None,
        plain: ("wished", "Kettle"),
    }
    assert {one["because"]["asin"] for one in found if one["asin"] == spoon} == {parent}


def test_what_a_merged_membership_redeemed_was_the_member_s_too(shelf: Shelf, member_api: Connection) -> None:
    coffee, mug, lamp = (shelf.product(popularity=9) for _ in range(3))
    me, duplicate = shelf.member(), shelf.member()
    shelf.redeemed(duplicate, coffee)
    shelf.owner.execute(
        "update members.member set state = 'closed', merged_into = %s where program_id = 1 and member_id = %s",
        (me, duplicate),
    )
    chosen(shelf, me, **{coffee: "", mug: coffee})
    rising(shelf, lamp, coffee)
    found = answering.recommend(member_api, 1, me, 2)["products"]
    assert [one["asin"] for one in found] == [mug, lamp]
    assert found[0]["because"]["how"] == "redeemed"


def test_what_was_had_lately_is_left_out_and_later_it_comes_again(shelf: Shelf, member_api: Connection) -> None:
    coffee, mug = shelf.product(popularity=2), shelf.product(popularity=1)
    me = shelf.member()
    shelf.redeemed(me, coffee)
    chosen(shelf, me, **{coffee: coffee})
    rising(shelf, coffee)
    assert shown(member_api, me) == [(mug, "well_rated")]
    shelf.later("91 days")
    assert shown(member_api, me) == [(coffee, "again"), (mug, "well_rated")]


def test_what_cannot_be_had_now_is_not_shown_whatever_the_night_said(shelf: Shelf, member_api: Connection) -> None:
    away, hidden, parent = shelf.product(), shelf.product(), shelf.product(kind="VARIATION_PARENT")
    red, blue = (shelf.product(kind="VARIATION_CHILD", parent=parent) for _ in range(2))
    refused, mug = shelf.product(), shelf.product()
    me = shelf.member()
    chosen(shelf, me, **dict.fromkeys((away, hidden, refused, "B0NOTHERE0", red, blue, mug), ""))
    rising(shelf, "B0NOTHERE0", refused, away)
    shelf.stock(away, False)
    shelf.publish(catalogue={"hidden_asins": [hidden]})
    shelf.owner.execute("update catalogue.product set refused_for = 'hazmat' where asin = %s", (refused,))
    assert shown(member_api, me) == [(parent, "for_you"), (mug, "for_you")], "two kinds are one product"


def test_what_the_members_points_reach_comes_before_what_they_do_not(shelf: Shelf, member_api: Connection) -> None:
    dear, cheap = shelf.product(price_minor=90_000), shelf.product(price_minor=1000)
    me = shelf.member()
    chosen(shelf, me, **{dear: "", cheap: ""})
    assert [asin for asin, _ in shown(member_api, me)] == [dear, cheap], "with no points at all, nothing is nearer"
    (points,) = [one["points"] for one in answering.recommend(member_api, 1, me, 9)["products"] if one["asin"] == cheap]
    shelf.owner.execute(
        "select points.adjust(1, %s, clock.new_id(), %s, (clock.now() + interval '1 year')::date, 'goodwill',"
        " sha256('x'), 'ann', 'bob')",
        (me, points),
    )
    assert [asin for asin, _ in shown(member_api, me)] == [cheap, dear]


def test_who_wants_no_personal_choices_has_none_stored_and_is_shown_none(shelf: Shelf, member_api: Connection) -> None:
    mug, kettle = shelf.product(popularity=2), shelf.product(popularity=1)
    me = shelf.member()
    chosen(shelf, me, **{mug: ""})
    personalisation.choose(member_api, 1, me, True)
    assert lists(shelf, me) == 1
    personalisation.choose(member_api, 1, me, False)
    assert lists(shelf, me) == 0
    # A night that had begun before brings it once more: it is not shown.
    chosen(shelf, me, **{mug: ""})
    assert shown(member_api, me) == [(kettle, "well_rated"), (mug, "well_rated")]
    assert ranked(member_api, me) == [kettle, mug]
    abroad = shelf.member()
    shelf.owner.execute("update members.member set country = 'DE' where member_id = %s", (abroad,))
    chosen(shelf, abroad, **{mug: ""})
    assert not answering.recommend(member_api, 1, abroad, 2)["personal"], "nobody has asked them yet"


def test_when_memberships_become_one_the_persons_last_word_counts_for_the_list_too(
    shelf: Shelf, member_api: Connection
) -> None:
    mug = shelf.product()
    survivor, duplicate = shelf.member(), shelf.member()
    for member in (survivor, duplicate):
        chosen(shelf, member, **{mug: ""})
    personalisation.choose(member_api, 1, duplicate, False)
    assert (lists(shelf, survivor), lists(shelf, duplicate)) == (1, 0)
    shelf.owner.execute("select interactions.hand_on(1, %s, %s)", (duplicate, survivor))
    assert lists(shelf, survivor) == 0


def test_with_a_product_goes_what_was_had_together_then_what_is_liked_too_then_its_category(
    shelf: Shelf, member_api: Connection
) -> None:
    parent = shelf.product("Mug", kind="VARIATION_PARENT", category="kitchen")
    blue = shelf.product("Mug", kind="VARIATION_CHILD", parent=parent, category="kitchen")
    spoon, saucer, tray, lately = (shelf.product(category="garden") for _ in range(4))
    near = shelf.product(category="kitchen")
    shelf.redeemed(shelf.member(), blue, spoon)
    shelf.owner.execute("select recommendations.recount(0)")
    alike(shelf, blue, saucer, parent, lately, spoon, tray)
    me = shelf.member()
    shelf.redeemed(me, lately)
    for about in (parent, blue):
        assert shown(member_api, me, asin=about) == [
            (spoon, "goes_with"),
            (saucer, "liked_too"),
            (tray, "liked_too"),
            (near, "similar"),
        ]
    assert answering.recommend(member_api, 1, me, 4, parent)["engine"] == "stored"


def test_what_staff_named_comes_first_where_the_product_cannot_be_had_and_is_no_advice_otherwise(
    shelf: Shelf, member_api: Connection
) -> None:
    mug, cup, away, near = shelf.product("Mug"), shelf.product("Cup", category="x"), shelf.product(), shelf.product()
    shelf.stock(away, False)
    details = f'{{"asins": ["{away}", "{cup}"]}}'
    shelf.owner.execute("select demand.act(1, %s, 'substitute', %s::jsonb, 'ann')", (mug, details))
    me = shelf.member()
    assert shown(member_api, me, asin=mug) == [(near, "similar")]
    shelf.stock(mug, False)
    assert shown(member_api, me, asin=mug) == [(cup, "instead"), (near, "similar")]


def test_what_goes_with_it_fills_no_more_than_half_while_there_is_something_else(
    shelf: Shelf, member_api: Connection
) -> None:
    mug, one, two, three, other = (shelf.product(category=name) for name in "abcde")
    shelf.redeemed(shelf.member(), mug, one, two, three)
    shelf.owner.execute("select recommendations.recount(0)")
    alike(shelf, mug, other)
    reasons = [reason for _, reason in shown(member_api, shelf.member(), limit=3, asin=mug)]
    assert reasons == ["goes_with", "goes_with", "liked_too"]
    assert len(shown(member_api, shelf.member(), limit=4, asin=mug)) == 4


def test_a_search_can_be_ranked_for_the_member_and_finds_no_less_by_it(shelf: Shelf, member_api: Connection) -> None:
    products = [shelf.product(f"Mug {number}", popularity=number) for number in range(1, 31)]
    shelf.product("Lamp")
    me = shelf.member()
    chosen(shelf, me, **{products[20]: "", products[10]: ""})
    rising(shelf, products[5])
    first = answering.ranked(member_api, 1, me, Asked(search="mug"))
    found = [one["asin"] for one in first["products"]]
    assert found[:4] == [products[20], products[10], products[5], products[0]]
    rest = answering.ranked(member_api, 1, me, Asked(search="mug", sort="for_you", page=first["next_page"]))
    assert sorted(found + [one["asin"] for one in rest["products"]]) == sorted(products)
    assert ranked(member_api, shelf.member(), search="mug")[:2] == [products[5], products[0]]


def test_another_engine_answers_by_the_same_words_and_is_filled_up_the_same(
    shelf: Shelf, member_api: Connection
) -> None:
    mug, kettle, away = shelf.product(popularity=2), shelf.product(popularity=1), shelf.product(in_stock=False)

    class Elsewhere:
        name = "elsewhere"

        def for_member(self, *_: Any) -> list[Candidate]:
            return [Candidate(away, "for_you"), Candidate(mug, "for_you")]

        def with_product(self, *_: Any) -> list[Candidate]:
            return []

        def places(self, *_: Any) -> dict[str, int]:
            return {mug: 1}

    engine: Engine = Elsewhere()
    me = shelf.member()
    told = answering.recommend(member_api, 1, me, 5, engine=engine)
    assert (told["engine"], [one["asin"] for one in told["products"]]) == ("elsewhere", [mug, kettle])
    assert answering.recommend(member_api, 1, me, 5, mug, engine=engine)["engine"] == "popularity"
    page = answering.ranked(member_api, 1, me, Asked(), engine=engine)
    assert [one["asin"] for one in page["products"]] == [mug, kettle]


@pytest.mark.parametrize("call", ["forget(1, 1)", "own_list(1, 1, 9)", "had(1, 1)"])
def test_no_door_reaches_the_lists_but_by_what_is_shown(member_api: Connection, call: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        member_api.execute(f"select recommendations.{call}".encode())
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        member_api.execute("select from recommendations.scored")


def test_while_personal_choices_are_off_everybody_is_shown_what_is_the_same_for_all(
    shelf: Shelf, member_api: Connection
) -> None:
    kettle, mug = shelf.product(popularity=1), shelf.product(popularity=2)
    me = shelf.member()
    chosen(shelf, me, **{mug: ""})
    assert shown(member_api, me)[0] == (mug, "for_you")
    switching.switch(shelf.owner, 1, "personal", on=False, share_percent=None, actor="test", why="test")
    told = answering.recommend(member_api, 1, me, 5)
    assert (told["engine"], told["personal"]) == ("popularity", False)
    assert [one["asin"] for one in told["products"]] == [kettle, mug]
    page = answering.ranked(member_api, 1, me, Asked())
    assert [one["asin"] for one in page["products"]] == [kettle, mug]
    switching.switch(shelf.owner, 1, "personal", on=True, share_percent=None, actor="test", why="test")
    assert shown(member_api, me)[0] == (mug, "for_you")
