"""What is done about a scarce product holds for members at once, and can be taken back."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from loyalty.catalogue import curating
from loyalty.database import Connection
from loyalty.demand import actions
from loyalty.redemptions import redeeming
from loyalty.redemptions.basket import Wanted
from loyalty.redemptions.capping import within_caps
from loyalty.refusal import Kind, Refusal
from tests.conftest import TestDatabase
from tests.domain.redemptions.saga import Line, Saga, saga

SCARCE, OTHER, THIRD = "B0SCARCE00", "B0OTHER000", "B0THIRD000"


@pytest.fixture
def world(database: TestDatabase) -> Iterator[Saga]:
    with saga(database) as made:
        made.owner.execute("truncate demand.action, catalogue.cap, catalogue.substitute, catalogue.curated")
        made.owner.execute("truncate catalogue.change cascade")
        for asin in (SCARCE, OTHER, THIRD):
            made.owner.execute(
                "insert into catalogue.product (program_id, asin, kind, first_seen_at) values (1, %s, 'STANDARD',"
                " clock.now()) on conflict do nothing",
                (asin,),
            )
        yield made


@pytest.fixture
def desk(world: Saga) -> Iterator[Connection]:
    with world.database.connect("demand_desk") as connection:
        yield connection


def do(connection: Connection, kind: str, of: str = SCARCE, **details: Any) -> actions.Action:
    return actions.do(connection, 1, of, kind, details, "kim")


def refused(connection: Connection, kind: str, of: str = SCARCE, **details: Any) -> Refusal:
    with pytest.raises(Refusal) as caught:
        do(connection, kind, of, **details)
    return caught.value


def redeem(world: Saga, member_id: int, units: int) -> str:
    request = world.request(world.quote(member_id, Line(SCARCE, units, 1000)))
    try:
        return world.redeem(member_id, request).state
    except Refusal as refusal:
        return refusal.code


def standing(world: Saga, asin: str = SCARCE) -> str | None:
    row = world.owner.execute("select standing from catalogue.curated where asin = %s", (asin,)).fetchone()
    return row["standing"] if row else None


def test_of_a_capped_product_a_member_has_no_more_however_it_is_split(world: Saga, desk: Connection) -> None:
    member_id, another = world.member(), world.member()
    action = do(desk, "cap", units=2)
    assert action.details == {"units": 2, "days": 30}
    assert [redeem(world, member_id, units) for units in (1, 2, 1, 1)] == [
        "held",
        "quantity-limit",
        "held",
        "quantity-limit",
    ]
    assert redeem(world, another, 2) == "held"
    assert world.balance(member_id) == (96_000, 4000)
    actions.undo(desk, 1, action.action_id, "lee")
    assert redeem(world, member_id, 3) == "held"


def test_two_redemptions_at_once_do_not_pass_the_cap(world: Saga, desk: Connection) -> None:
    member_id = world.member()
    do(desk, "cap", units=1)
    requests = [world.request(world.quote(member_id, Line(SCARCE, 1, 1000))) for _ in range(6)]

    def one(request: redeeming.Redeem) -> str:
        with world.database.connect("member_api") as connection:
            try:
                return redeeming.redeem(connection, 1, member_id, request, "test").state
            except Refusal as refusal:
                return refusal.code

    with ThreadPoolExecutor(len(requests)) as pool:
        answers = sorted(pool.map(one, requests))
    assert answers == ["held", *["quantity-limit"] * 5]


def test_what_was_cancelled_does_not_count(world: Saga, desk: Connection) -> None:
    member_id = world.member()
    do(desk, "cap", units=1)
    request = world.request(world.quote(member_id, Line(SCARCE, 1, 1000)))
    world.redeem(member_id, request)
    assert redeem(world, member_id, 1) == "quantity-limit"
    redeeming.cancel(world.owner, 1, member_id, request.redemption_id)
    assert redeem(world, member_id, 1) == "held"


def test_a_quote_says_early_which_line_is_too_much(world: Saga, desk: Connection) -> None:
    member_id = world.member()
    do(desk, "cap", units=3)
    assert redeem(world, member_id, 2) == "held"
    with world.database.connect("quote_api") as connection:
        within_caps(connection, 1, member_id, (Wanted(OTHER, 9), Wanted(SCARCE, 1)))
        with pytest.raises(Refusal) as caught:
            within_caps(connection, 1, member_id, (Wanted(OTHER, 9), Wanted(SCARCE, 2)))
    assert (caught.value.code, caught.value.field) == ("quantity-limit", "lines[1].quantity")
    assert "1 more for you" in caught.value.detail


def test_what_a_merged_membership_had_counts(world: Saga, desk: Connection) -> None:
    member_id, duplicate = world.member(), world.member()
    do(desk, "cap", units=2)
    assert [redeem(world, duplicate, 2), redeem(world, member_id, 1)] == ["held", "held"]
    world.owner.execute(
        "update members.member set state = 'closed', merged_into = %s where program_id = 1 and member_id = %s",
        (member_id, duplicate),
    )
    assert redeem(world, member_id, 1) == "quantity-limit"


def test_lines_of_one_product_count_together(world: Saga, desk: Connection) -> None:
    member_id = world.member()
    do(desk, "cap", units=3)
    with world.database.connect("quote_api") as connection:
        within_caps(connection, 1, member_id, (Wanted(SCARCE, 1), Wanted(SCARCE, 2)))
        with pytest.raises(Refusal) as caught:
            within_caps(connection, 1, member_id, (Wanted(SCARCE, 2), Wanted(SCARCE, 2)))
    assert caught.value.field == "lines[1].quantity"


def test_substitutes_are_told_in_their_order_until_taken_back(world: Saga, desk: Connection) -> None:
    action = do(desk, "substitute", asins=[THIRD, OTHER])
    with world.database.connect("member_api") as connection:
        rows = connection.execute("select other from catalogue.substitutes(1, %s)", ([SCARCE],)).fetchall()
        assert [row["other"] for row in rows] == [THIRD, OTHER]
        assert not connection.execute("select from catalogue.substitutes(2, %s)", ([SCARCE],)).fetchall()
    actions.undo(desk, 1, action.action_id, "kim")
    assert not world.owner.execute("select from catalogue.substitute").fetchall()


def test_what_members_may_not_have_is_no_substitute(world: Saga, desk: Connection) -> None:
    do(desk, "hide", THIRD)
    for asins in ([THIRD], ["B0NOBODY00"], [SCARCE], [OTHER, THIRD]):
        answer = refused(desk, "substitute", asins=asins)
        assert (answer.kind, answer.field) == (Kind.INVALID, "details.asins")
    assert actions.open_of(desk, 1, SCARCE) == []


def test_hiding_and_featuring_are_changes_of_the_catalogue(world: Saga, desk: Connection) -> None:
    hidden, featured = do(desk, "hide"), do(desk, "feature", asin=OTHER)
    with world.database.connect("manager_api") as manager:
        assert curating.featured(manager, 1)[0] == [OTHER]
        assert [one["actor"] for one in curating.history(manager, 1, None, 9)] == ["kim", "kim"]
        assert standing(world) == "hidden"
        undone = [actions.undo(desk, 1, one.action_id, "lee") for one in (hidden, featured)]
        assert curating.featured(manager, 1)[0] == []
        assert [one["undoes"] for one in curating.history(manager, 1, None, 2)] == [2, 1]
    assert standing(world) is None
    assert [one.undone_by for one in undone] == ["lee", "lee"]
    assert actions.open_of(desk, 1) == []
    assert [one.kind for one in actions.history(desk, 1)] == ["feature", "hide"]


def test_taking_back_leaves_what_was_said_by_hand_since(world: Saga, desk: Connection) -> None:
    action = do(desk, "hide")
    with world.database.connect("manager_api") as manager:
        curating.curate(manager, 1, [{"asin": SCARCE, "texts": {"en": {"title": "Own"}}}], "edit", None, "lee")
        actions.undo(desk, 1, action.action_id, "kim")
        row = world.owner.execute("select standing, texts from catalogue.curated where asin = %s", (SCARCE,)).fetchone()
        assert row == {"standing": None, "texts": {"en": {"title": "Own"}}}
        again = do(desk, "hide")
        curating.act(manager, 1, "pick", [SCARCE], category=None, why=None, actor="lee")
        assert actions.open_of(desk, 1) == []
        actions.undo(desk, 1, again.action_id, "kim")
    assert standing(world) == "picked"


def test_what_moved_among_the_featured_can_be_taken_back(world: Saga, desk: Connection) -> None:
    with world.database.connect("manager_api") as manager:
        curating.order_featured(manager, 1, [THIRD], seen=None, why=None, actor="lee")
        action = do(desk, "feature", asin=OTHER)
        curating.order_featured(manager, 1, [OTHER, SCARCE], seen=None, why=None, actor="lee")
        assert curating.featured(manager, 1)[0] == [OTHER, SCARCE]
        actions.undo(desk, 1, action.action_id, "kim")
        assert curating.featured(manager, 1)[0] == [SCARCE]


def test_what_was_taken_back_in_the_catalogue_can_be_done_again(world: Saga, desk: Connection) -> None:
    do(desk, "hide")
    assert refused(desk, "hide").code == "already-done"
    with world.database.connect("manager_api") as manager:
        curating.undo(manager, 1, 1, why=None, actor="lee")
    do(desk, "hide")
    assert [one.undone_by for one in actions.history(desk, 1)] == [None, "lee"]


def test_nothing_is_done_twice_and_nothing_taken_back_twice(world: Saga, desk: Connection) -> None:
    action = do(desk, "cap", units=1)
    assert refused(desk, "cap", units=2).code == "already-done"
    actions.undo(desk, 1, action.action_id, "kim")
    for action_id, code in ((action.action_id, "already-undone"), (99, "no-such-action")):
        with pytest.raises(Refusal) as caught:
            actions.undo(desk, 1, action_id, "kim")
        assert caught.value.code == code
    with pytest.raises(Refusal) as caught:
        actions.undo(desk, 2, action.action_id, "kim")
    assert caught.value.code == "no-such-action"


@pytest.mark.parametrize(
    ("kind", "details", "field"),
    [
        ("burn", {}, "kind"),
        ("hide", {"why": "so"}, "details"),
        ("cap", {}, "details.units"),
        ("cap", {"units": True}, "details.units"),
        ("cap", {"units": 0}, "details.units"),
        ("cap", {"units": 10**12}, "details.units"),
        ("cap", {"units": 1, "days": 1.5}, "details.days"),
        ("substitute", {"asins": []}, "details.asins"),
        ("substitute", {"asins": "B0OTHER000"}, "details.asins"),
        ("substitute", {"asins": ["b0other000"]}, "details.asins[0]"),
        ("substitute", {"asins": [OTHER, OTHER]}, "details.asins[1]"),
        ("feature", {"asin": 7}, "details.asin"),
        ("feature", {"asin": "B0NOBODY00"}, "details.asin"),
    ],
)
def test_what_cannot_be_is_refused_by_name(desk: Connection, kind: str, details: dict[str, Any], field: str) -> None:
    answer = refused(desk, kind, **details)
    assert (answer.kind, answer.field) == (Kind.INVALID, field)


def test_a_product_that_nobody_knows_is_not_found(desk: Connection) -> None:
    assert refused(desk, "hide", "B0NOBODY00").kind == Kind.NOT_FOUND


def test_what_comes_in_kinds_is_capped_by_its_kinds(world: Saga, desk: Connection) -> None:
    world.owner.execute(
        "insert into catalogue.product (program_id, asin, kind, first_seen_at) values (1, 'B0PARENT00',"
        " 'VARIATION_PARENT', clock.now()) on conflict do nothing"
    )
    answer = refused(desk, "cap", "B0PARENT00", units=1)
    assert (answer.kind, answer.field) == (Kind.INVALID, "asin")
    assert actions.open_of(desk, 1, "B0PARENT00") == []
