"""What a member might like: what members redeem, else what the shop ranks first, and never what cannot be had."""

from __future__ import annotations

from typing import Any

import pytest

from loyalty.database import Connection
from loyalty.recommendations import answering, popularity
from loyalty.refusal import Kind, Refusal
from tests.domain.wishes.shelf import Shelf


def recount(shelf: Shelf) -> int:
    with shelf.database.connect("sweeper") as sweeper:
        return popularity.recount(sweeper)


def reasons(connection: Connection, member: int, *, limit: int = 10, asin: str | None = None) -> list[tuple[str, str]]:
    found: list[dict[str, Any]] = answering.recommend(connection, 1, member, limit, asin)["products"]
    return [(one["asin"], one["reason"]) for one in found]


def test_what_most_members_redeemed_comes_first_then_what_the_shop_ranks(shelf: Shelf, member_api: Connection) -> None:
    kettle, lamp, towel, mug = (shelf.product(popularity=rank) for rank in (4, 3, 2, 1))
    for _ in range(2):
        shelf.redeemed(shelf.member(), kettle)
    shelf.redeemed(shelf.member(), lamp, units=50)
    recount(shelf)
    me = shelf.member()
    assert reasons(member_api, me) == [
        (kettle, "popular"),
        (lamp, "popular"),
        (mug, "well_rated"),
        (towel, "well_rated"),
    ]
    assert reasons(member_api, me, limit=1) == [(kettle, "popular")]


def test_only_what_was_redeemed_and_kept_in_ninety_days_is_counted(shelf: Shelf, member_api: Connection) -> None:
    kept = shelf.product()
    others = [shelf.product(popularity=10 + number) for number in range(4)]
    member = shelf.member()
    shelf.redeemed(member, kept)
    shelf.redeemed(member, others[0], outcome="cancelled")
    shelf.redeemed(member, others[1], given_back=1)
    shelf.redeemed(member, others[2], ago="91 days")
    shelf.redeemed(member, others[3], program_id=2)
    recount(shelf)
    assert reasons(member_api, shelf.member())[0] == (kept, "popular")
    assert {reason for _, reason in reasons(member_api, shelf.member())[1:]} == {"well_rated"}


def test_a_kind_counts_for_its_parent(shelf: Shelf, member_api: Connection) -> None:
    parent = shelf.product("Mug", kind="VARIATION_PARENT")
    blue = shelf.product("Mug", kind="VARIATION_CHILD", parent=parent)
    shelf.redeemed(shelf.member(), blue)
    recount(shelf)
    assert reasons(member_api, shelf.member()) == [(parent, "popular")]


def test_what_the_member_lately_redeemed_is_left_out_until_it_came_back(shelf: Shelf, member_api: Connection) -> None:
    kettle, lamp, towel = shelf.product(popularity=1), shelf.product(popularity=2), shelf.product(popularity=3)
    me = shelf.member()
    shelf.redeemed(me, kettle)
    shelf.redeemed(me, lamp, outcome="failed")
    shelf.redeemed(me, towel, given_back=1)
    recount(shelf)
    assert [asin for asin, _ in reasons(member_api, me)] == [lamp, towel]


def test_what_cannot_be_had_is_not_shown(shelf: Shelf, member_api: Connection) -> None:
    kettle, away, hidden, stale = (shelf.product(popularity=rank) for rank in (1, 2, 3, 4))
    shelf.redeemed(shelf.member(), away, hidden, stale)
    shelf.stock(away, False)
    shelf.publish(catalogue={"hidden_asins": [hidden]})
    shelf.owner.execute("update catalogue.offer set checked_at = '2001-01-01' where asin = %s", (stale,))
    recount(shelf)
    assert [asin for asin, _ in reasons(member_api, shelf.member())] == [kettle]
    assert reasons(member_api, shelf.member(), asin=away) == [(kettle, "similar")]


def test_with_a_product_goes_what_was_redeemed_together_then_what_is_like_it(
    shelf: Shelf, member_api: Connection
) -> None:
    parent = shelf.product("Mug", kind="VARIATION_PARENT", popularity=1)
    blue, red = (shelf.product("Mug", 1000, kind="VARIATION_CHILD", parent=parent) for _ in range(2))
    spoon = shelf.product(category="kitchen")
    saucer = shelf.product(price_minor=90_000, category="kitchen")
    near, far, other = (
        shelf.product(price_minor=1900, popularity=2),
        shelf.product(price_minor=9000),
        shelf.product(category="garden", popularity=1),
    )
    for _ in range(2):
        shelf.redeemed(shelf.member(), blue, spoon)
    shelf.redeemed(shelf.member(), red, saucer, spoon)
    recount(shelf)
    for about in (parent, blue, red):
        found = reasons(member_api, shelf.member(), asin=about)
        assert found == [(spoon, "goes_with"), (saucer, "goes_with"), (near, "similar")]
    assert not {far, other} & {asin for asin, _ in found}


def test_what_nobody_knows_goes_with_nothing(shelf: Shelf, member_api: Connection) -> None:
    with pytest.raises(Refusal) as refusal:
        answering.recommend(member_api, 1, shelf.member(), 5, "B00NOWHERE")
    assert refusal.value.kind is Kind.NOT_FOUND
    with pytest.raises(Refusal):
        answering.recommend(member_api, 1, shelf.member(), 5, shelf.product(program_id=2))


def test_counting_again_writes_what_has_changed_and_forgets_what_is_old(shelf: Shelf) -> None:
    kettle, lamp = shelf.product(), shelf.product()
    shelf.redeemed(shelf.member(), kettle, ago="80 days")
    shelf.redeemed(shelf.member(), lamp, kettle)
    assert recount(shelf) == 2, "both programmes"
    assert recount(shelf) == 0, "an hour has not passed"
    rows = "select asin, members, row_xid::text as x from recommendations.popular order by members desc"
    before = shelf.owner.execute(rows).fetchall()
    assert [(row["asin"], row["members"]) for row in before] == [(kettle, 2), (lamp, 1)]
    shelf.later("61 minutes")
    assert recount(shelf) == 2
    assert shelf.owner.execute(rows).fetchall() == before
    shelf.later("20 days")
    recount(shelf)
    assert [row["members"] for row in shelf.owner.execute(rows).fetchall()] == [1, 1]
    shelf.later("80 days")
    recount(shelf)
    assert shelf.owner.execute(rows).fetchall() == []
    assert shelf.owner.execute("select from recommendations.together").fetchall() == []
