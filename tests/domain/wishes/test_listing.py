"""A wish list holds what a member would like, at the member's own price, also when it cannot be had."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from loyalty.catalogue import browsing
from loyalty.catalogue.browsing import Asked
from loyalty.database import Connection
from loyalty.programme import reading
from loyalty.refusal import Kind, Refusal
from loyalty.wishes import listing
from tests.domain.wishes.shelf import Shelf


def wished(connection: Connection, member: int) -> list[str]:
    return [wish["asin"] for wish in listing.of(connection, 1, member)]


def test_the_newest_wish_comes_first_and_wishing_again_changes_nothing(shelf: Shelf, member_api: Connection) -> None:
    member, kettle, lamp = shelf.member(), shelf.product("Kettle"), shelf.product("Lamp")
    first = listing.add(member_api, 1, member, kettle)
    shelf.later("1 minute")
    listing.add(member_api, 1, member, lamp)
    assert listing.add(member_api, 1, member, kettle)["added_at"] == first["added_at"]
    assert wished(member_api, member) == [lamp, kettle]
    assert (first["title"], first["available"], first["told_at"]) == ("Kettle", True, None)


def test_an_entry_is_the_card_of_the_catalogues_page(shelf: Shelf, member_api: Connection) -> None:
    member, kettle = shelf.member(), shelf.product("Kettle")
    parent = shelf.product("Mug", kind="VARIATION_PARENT")
    for price in (300, 200):
        shelf.product("Mug", price, kind="VARIATION_CHILD", parent=parent)
    version = reading.current(shelf.owner, 1).version
    page = {p["asin"]: p for p in browsing.page(member_api, 1, version, Asked())["products"]}
    assert set(page) == {kettle, parent}
    for asin, listed in page.items():
        entry = listing.add(member_api, 1, member, asin)
        assert {name: entry[name] for name in listed} == listed
    assert page[parent]["from_points"]


def test_the_price_is_the_members_own(shelf: Shelf, member_api: Connection) -> None:
    document = shelf.owner.execute("select document from programme.current(1)").fetchone()
    assert document is not None
    base = document["document"]["conversion"]["points_per_major"]
    levels: list[dict[str, Any]] = document["document"]["tiers"]["levels"]
    kind = levels[-1]["code"]
    levels[-1]["benefits"]["free_delivery"] = True
    shelf.publish(
        conversion={"by_tier": {kind: base // 2}, "by_category": {}},
        tiers={"levels": levels},
        pricing={"included": "charged", "browse_tax_basis_points": 0},
    )
    asin = shelf.product("Kettle", 1000)
    plain = listing.add(member_api, 1, shelf.member(), asin)
    own = listing.add(member_api, 1, shelf.member(tier=kind), asin)
    assert (plain["price_minor"], plain["points"]) == (1100, 11 * base)
    assert (own["price_minor"], own["points"]) == (1000, 10 * (base // 2)), (
        "delivery is free, and points are worth more"
    )


def test_what_leaves_the_catalogue_stays_by_its_last_title(shelf: Shelf, member_api: Connection) -> None:
    member, gone, hidden = shelf.member(), shelf.product("Kettle"), shelf.product("Lamp")
    for asin in (gone, hidden):
        listing.add(member_api, 1, member, asin)
    shelf.owner.execute(
        "update catalogue.product set refused_for = 'gone', title = 'Kettle 2' where asin = %s", (gone,)
    )
    shelf.publish(catalogue={"hidden_asins": [hidden]})
    entries = {wish["asin"]: wish for wish in listing.of(member_api, 1, member)}
    assert [entries[asin]["title"] for asin in (gone, hidden)] == ["Kettle 2", "Lamp"]
    for entry in entries.values():
        assert (entry["available"], entry["points"], entry["price_minor"]) == (False, None, None)


def test_what_is_sold_out_may_be_wished_for_and_what_nobody_knows_may_not(shelf: Shelf, member_api: Connection) -> None:
    member, away, hidden = shelf.member(), shelf.product(in_stock=False), shelf.product()
    assert listing.add(member_api, 1, member, away)["available"] is False
    shelf.publish(catalogue={"hidden_asins": [hidden]})
    for asin in (hidden, "B00NOWHERE", shelf.product(program_id=2)):
        with pytest.raises(Refusal) as refusal:
            listing.add(member_api, 1, member, asin)
        assert (refusal.value.kind, refusal.value.code) == (Kind.NOT_FOUND, "no-such-product")


def test_a_list_is_the_members_alone_and_taking_off_twice_is_nothing_more(shelf: Shelf, member_api: Connection) -> None:
    jane, joe, asin = shelf.member(), shelf.member(), shelf.product()
    listing.add(member_api, 1, jane, asin)
    assert wished(member_api, joe) == []
    assert not listing.remove(member_api, 1, joe, asin)
    assert not listing.remove(member_api, 2, jane, asin)
    assert listing.remove(member_api, 1, jane, asin)
    assert not listing.remove(member_api, 1, jane, asin)
    assert wished(member_api, jane) == []


def test_a_full_list_refuses_also_when_two_devices_wish_at_once(
    shelf: Shelf, member_api: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "MOST", 3)
    member, asins = shelf.member(), [shelf.product() for _ in range(6)]
    start, refused = threading.Barrier(len(asins)), []

    def wish(asin: str) -> None:
        with shelf.database.connect("member_api") as connection:
            start.wait()
            try:
                listing.add(connection, 1, member, asin)
            except Refusal as refusal:
                refused.append(refusal.code)

    threads = [threading.Thread(target=wish, args=(asin,)) for asin in asins]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert refused == ["wishlist-full"] * 3
    kept = wished(member_api, member)
    assert len(kept) == 3
    listing.add(member_api, 1, member, kept[0])  # what is there needs no room
