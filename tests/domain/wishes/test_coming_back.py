"""Whoever wished for what was away is told when it is back: once each time, and of what can really be had."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from loyalty.database import Connection
from loyalty.notifications import preferences
from loyalty.programme import reading
from loyalty.wishes import listing, noticing
from tests.domain.notifications.conftest import PORTAL, World
from tests.domain.wishes.shelf import Shelf


@pytest.fixture
def world(shelf: Shelf) -> Iterator[World]:
    """Who sends what is said."""
    with shelf.database.connect("shipment_notification") as sender:
        yield World(shelf.database, shelf.owner, sender)


def wish(shelf: Shelf, member: int, *asins: str, program_id: int = 1) -> None:
    with shelf.database.connect("member_api") as connection:
        for asin in asins:
            listing.add(connection, program_id, member, asin)
    shelf.later("1 minute")


def look(shelf: Shelf) -> tuple[int, int]:
    """What the function does, and a minute later; how many it looked at and told."""
    with shelf.database.connect("wish_notices") as connection:
        done = noticing.notice(connection, 1, 20)
    shelf.later("1 minute")
    return done.looked, done.told


def told(world: World) -> dict[int, list[str]]:
    """Of what each member was told; and it is gone from the outbox."""
    events = list(world.said())
    assert {event.topic for event in events} <= {"wish.available"}
    assert len({event.member_id for event in events}) == len(events)
    return {event.member_id: event.payload["asins"] for event in events}


def test_what_was_away_when_wished_is_told_when_it_is_back(shelf: Shelf, world: World) -> None:
    member, asin = shelf.member(), shelf.product(in_stock=False)
    wish(shelf, member, asin)
    assert look(shelf) == (1, 0)
    shelf.stock(asin, True)
    assert look(shelf) == (1, 1)
    assert told(world) == {member: [asin]}
    with shelf.database.connect("member_api") as connection:
        (entry,) = listing.of(connection, 1, member)
    assert entry["told_at"] is not None


def test_what_went_away_since_is_told_once_for_each_time_it_comes_back(shelf: Shelf, world: World) -> None:
    member, asin = shelf.member(), shelf.product()
    wish(shelf, member, asin)
    look(shelf)
    for _ in range(2):
        shelf.stock(asin, False)
        look(shelf)
        shelf.stock(asin, True)
        shelf.later("1 day")
        for _ in range(3):
            look(shelf)
        assert told(world) == {member: [asin]}


def test_whoever_wished_for_what_was_there_is_not_told_that_it_is(shelf: Shelf, world: World) -> None:
    early, late, asin = shelf.member(), shelf.member(), shelf.product(in_stock=False)
    wish(shelf, early, asin)
    shelf.stock(asin, True)
    wish(shelf, late, asin)
    look(shelf)
    assert told(world) == {early: [asin]}


def test_only_what_members_can_have_is_back(shelf: Shelf, world: World) -> None:
    member, asin = shelf.member(), shelf.product(in_stock=False)
    wish(shelf, member, asin)
    look(shelf)
    shelf.stock(asin, True)
    shelf.publish(catalogue={"hidden_asins": [asin]})
    assert look(shelf)[1] == 0
    shelf.publish(catalogue={"hidden_asins": []})
    assert look(shelf)[1] == 1


def test_a_parent_is_back_with_the_first_of_its_kinds(shelf: Shelf, world: World) -> None:
    parent = shelf.product("Mug", kind="VARIATION_PARENT")
    kinds = [shelf.product("Mug", kind="VARIATION_CHILD", parent=parent, in_stock=False) for _ in range(2)]
    member = shelf.member()
    wish(shelf, member, parent)
    shelf.stock(kinds[1], True)
    look(shelf)
    assert told(world) == {member: [parent]}
    shelf.stock(kinds[0], True)
    assert look(shelf)[1] == 0


def test_when_amazon_was_not_heard_for_long_nothing_has_gone_or_come(shelf: Shelf, world: World) -> None:
    member, asin = shelf.member(), shelf.product()
    wish(shelf, member, asin)
    look(shelf)
    shelf.owner.execute("update clock.setting set shift = shift + interval '30 days'")
    with shelf.database.connect("wish_notices") as connection:
        assert noticing.notice(connection, 1, 20).looked == 1
    with shelf.database.connect("member_api") as connection:
        assert not listing.of(connection, 1, member)[0]["available"]
    shelf.heard()
    assert look(shelf) == (1, 0)


def test_all_that_is_back_is_one_message_and_the_next_comes_a_day_later(shelf: Shelf, world: World) -> None:
    member = shelf.member()
    first, second, third = (shelf.product(in_stock=False) for _ in range(3))
    wish(shelf, member, first)
    wish(shelf, member, second, third)
    shelf.stock(first, True)
    shelf.stock(second, True)
    look(shelf)
    assert told(world) == {member: [second, first]}
    shelf.stock(third, True)
    assert look(shelf)[1] == 0
    shelf.later("1 day")
    look(shelf)
    assert told(world) == {member: [third]}


def test_what_is_gone_again_before_the_next_message_is_not_told(shelf: Shelf, world: World) -> None:
    member, first, second = shelf.member(), shelf.product(in_stock=False), shelf.product(in_stock=False)
    wish(shelf, member, first, second)
    shelf.stock(first, True)
    look(shelf)
    shelf.stock(second, True)
    look(shelf)
    shelf.stock(second, False)
    shelf.later("1 day")
    look(shelf)
    assert told(world) == {member: [first]}


def test_a_look_goes_on_where_the_last_one_was_stopped(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(noticing, "PRODUCTS", 2)
    member = shelf.member()
    wish(shelf, member, *(shelf.product() for _ in range(5)))
    with shelf.database.connect("wish_notices") as connection:
        assert [noticing.notice(connection, 1, 0).looked for _ in range(4)] == [2, 2, 1, 2]
        assert noticing.notice(connection, 1, 20).looked == 3


def test_two_at_once_tell_each_member_once(shelf: Shelf, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(noticing, "MEMBERS", 3)
    members, asin = [shelf.member() for _ in range(10)], shelf.product(in_stock=False)
    for member in members:
        wish(shelf, member, asin)
    shelf.stock(asin, True)

    def run(_: int) -> None:
        with shelf.database.connect("wish_notices") as connection:
            noticing.notice(connection, 1, 20)

    with ThreadPoolExecutor(4) as four:
        list(four.map(run, range(4)))
    look(shelf)
    assert told(world) == {member: [asin] for member in members}


def test_programmes_do_not_see_each_others_wishes(shelf: Shelf, world: World) -> None:
    asin, member = "B0SAMEASIN", shelf.member()
    other = shelf.member(program_id=2)
    for program_id in (1, 2):
        shelf.product(asin=asin, in_stock=False, program_id=program_id)
    wish(shelf, member, asin)
    wish(shelf, other, asin, program_id=2)
    shelf.stock(asin, True)
    look(shelf)
    assert told(world) == {member: [asin]}


# ---- how it is told --------------------------------------------------------------------------------------------------


def choose(world: World, member: int, *, email: bool, sms: bool) -> None:
    document = reading.current(world.owner, 1).document
    wanted = {
        "email": {"orders": True, "points": email, "marketing": False},
        "sms": {"orders": True, "points": sms, "marketing": False},
    }
    preferences.choose(world.owner, 1, member, document, language="de", wanted=wanted, confirmed=[])


def back(shelf: Shelf, member: int, *titles: str) -> list[str]:
    asins = [shelf.product(title, in_stock=False) for title in titles]
    for asin in asins:
        wish(shelf, member, asin)
    for asin in asins:
        shelf.stock(asin, True)
    look(shelf)
    return asins


def test_who_has_not_chosen_gets_a_mail_with_the_way_to_the_list(shelf: Shelf, world: World) -> None:
    back(shelf, shelf.member(), "Kettle", "Lamp")
    world.deliver()
    (mail,) = world.email.letters
    assert mail.subject == "Available again: Lamp and 1 more"
    assert f"Your wish list: {PORTAL}/wishlist\n" in mail.text
    assert world.sms.letters == []


def test_it_is_a_message_about_points_and_goes_where_those_are_wanted(shelf: Shelf, world: World) -> None:
    nowhere, telephone = shelf.member(), shelf.member()
    choose(world, nowhere, email=False, sms=False)
    choose(world, telephone, email=False, sms=True)
    back(shelf, nowhere, "Kettle")
    back(shelf, telephone, "Lampe")
    world.deliver()
    assert world.email.letters == []
    (sms,) = world.sms.letters
    assert sms.text == f"Journey Rewards: wieder erhältlich: Lampe. {PORTAL}/wishlist"


def test_what_was_taken_off_the_list_or_is_gone_again_is_not_sent(
    shelf: Shelf, world: World, member_api: Connection
) -> None:
    member = shelf.member()
    kettle, _, towel = back(shelf, member, "Kettle", "Lamp", "Towel")
    listing.remove(member_api, 1, member, kettle)
    shelf.stock(towel, False)
    look(shelf)
    world.deliver()
    assert world.email.letters[0].subject == "Available again: Lamp"
    other = shelf.member()
    (asin,) = back(shelf, other, "Mug")
    listing.remove(member_api, 1, other, asin)
    (event,) = world.said()
    assert world.tell(event).sent == 0
    assert world.states(event)["email"] == ("suppressed", "spent")
    assert world.violations() == {}
