"""The doors of wish list and recommendations: what a member's browser gets, and what it gets for nonsense."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from lambdas.member_routes.catalogue import Listed
from tests.domain.people import Somebody
from tests.domain.wishes.shelf import Shelf
from tests.lambdas.conftest import CANARY_CLIENT, MEMBER_CLIENT, Doors, member_token


@pytest.fixture
def shelf(doors: Doors) -> Iterator[Shelf]:
    with doors.database.owner() as owner:
        yield Shelf(doors.database, owner)


def test_a_wish_is_made_shown_and_taken_back(doors: Doors, shelf: Shelf, somebody: Callable[..., Somebody]) -> None:
    token = member_token(somebody(claimed=True).subject)
    kettle, lamp = shelf.product("Kettle"), shelf.product("Lamp", in_stock=False)
    for _ in range(2):
        answer = doors("member_api", "PUT", f"/me/wishlist/{kettle}", token=token)
        assert (answer.status, answer.body["title"], answer.body["available"]) == (200, "Kettle", True)
    assert doors("member_api", "PUT", f"/me/wishlist/{lamp}", token=token).body["points"] is None
    listed = doors("member_api", "GET", "/me/wishlist", token=token).body
    assert {wish["asin"] for wish in listed["wishes"]} == {kettle, lamp}
    assert listed["most"] == 200
    assert set(listed["wishes"][0]) == {*Listed.model_fields, "available", "added_at", "told_at"}
    for removed in (True, False):
        answer = doors("member_api", "DELETE", f"/me/wishlist/{kettle}", token=token)
        assert (answer.status, answer.body) == (200, {"asin": kettle, "removed": removed})
    left = doors("member_api", "GET", "/me/wishlist", token=token).body["wishes"]
    assert [wish["asin"] for wish in left] == [lamp]


def test_what_is_unknown_too_much_or_nonsense_is_told_by_its_name(
    doors: Doors, shelf: Shelf, somebody: Callable[..., Somebody], monkeypatch: pytest.MonkeyPatch
) -> None:
    token = member_token(somebody(claimed=True).subject)
    missing = doors("member_api", "PUT", "/me/wishlist/B00NOWHERE", token=token)
    assert (missing.status, missing.body["code"]) == (404, "no-such-product")
    monkeypatch.setattr("loyalty.wishes.listing.MOST", 1)
    doors("member_api", "PUT", f"/me/wishlist/{shelf.product()}", token=token)
    full = doors("member_api", "PUT", f"/me/wishlist/{shelf.product()}", token=token)
    assert (full.status, full.body["code"]) == (409, "wishlist-full")
    assert "room for 1" in full.body["detail"]
    for method, path in (("PUT", "/me/wishlist/b0"), ("DELETE", "/me/wishlist/x"), ("GET", "/recommendations?asin=x")):
        assert doors("member_api", method, path, token=token).status == 400
    for limit in ("0", "25", "-1", "x", "1e3"):
        assert doors("member_api", "GET", f"/recommendations?limit={limit}", token=token).status == 400


def test_recommendations_are_cards_with_a_reason_and_say_whose_they_are(
    doors: Doors, shelf: Shelf, somebody: Callable[..., Somebody]
) -> None:
    kettle = shelf.product(popularity=1)
    token = member_token(somebody(claimed=True).subject)
    answer = doors("member_api", "GET", "/recommendations?limit=1", token=token)
    assert (answer.status, answer.body["engine"]) == (200, "popularity")
    (product,) = answer.body["products"]
    assert (product["asin"], product["reason"]) == (kettle, "well_rated")
    assert set(product) == {*Listed.model_fields, "reason"}
    about = doors("member_api", "GET", f"/recommendations?asin={kettle}", token=token)
    assert kettle not in {one["asin"] for one in about.body["products"]}
    other = member_token(somebody(claimed=True, program_id=2).subject, client=CANARY_CLIENT)
    assert doors("member_api", "GET", "/recommendations", token=other).body["products"] == []
    assert doors("member_api", "GET", f"/recommendations?asin={kettle}", token=other).status == 404


def test_whoever_has_no_membership_wishes_for_nothing(doors: Doors, shelf: Shelf) -> None:
    for method, path in (
        ("GET", "/me/wishlist"),
        ("PUT", f"/me/wishlist/{shelf.product()}"),
        ("GET", "/recommendations"),
    ):
        assert doors("member_api", method, path, token=member_token("nobody")).body["code"] == "not-claimed"


def test_the_scheduled_look_tells_members_of_every_programme(
    doors: Doors, shelf: Shelf, somebody: Callable[..., Somebody]
) -> None:
    one, other = somebody(claimed=True), somebody(claimed=True, program_id=2)
    for member, client in ((one, MEMBER_CLIENT), (other, CANARY_CLIENT)):
        asin = shelf.product(in_stock=False, program_id=member.program_id)
        doors("member_api", "PUT", f"/me/wishlist/{asin}", token=member_token(member.subject, client=client))
        shelf.later("1 minute")
        shelf.stock(asin, True)
    assert doors.invoke("wish_notices", {})["told"] == 2
    shelf.later("1 minute")
    assert doors.invoke("wish_notices", {})["told"] == 0
