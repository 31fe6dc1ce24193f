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
    assert set(product) == {*Listed.model_fields, "reason", "because"}
    about = doors("member_api", "GET", f"/recommendations?asin={kettle}", token=token)
    assert kettle not in {one["asin"] for one in about.body["products"]}
    other = member_token(somebody(claimed=True, program_id=2).subject, client=CANARY_CLIENT)
    theirs = shelf.product(program_id=2)
    shown = {one["asin"] for one in doors("member_api", "GET", "/recommendations", token=other).body["products"]}
    rows = shelf.owner.execute("select asin from catalogue.product where program_id = 2").fetchall()
    assert theirs in shown <= {row["asin"] for row in rows}
    assert doors("member_api", "GET", f"/recommendations?asin={kettle}", token=other).status == 404


def test_what_is_chosen_says_why_and_every_card_what_is_likely_of_it(
    doors: Doors, shelf: Shelf, somebody: Callable[..., Somebody]
) -> None:
    me = somebody(claimed=True)
    token = member_token(me.subject)
    kettle, lamp = shelf.product("Kettle"), shelf.product("Lamp", in_stock=False)
    doors("member_api", "PUT", f"/me/wishlist/{lamp}", token=token)
    shelf.owner.execute(
        "insert into recommendations.scored(program_id, member_id, asins, scores, because, scored_at)"
        " values (1, %s, %s, '{1}', %s, clock.now())",
        (me.member_id, [kettle], [lamp]),
    )
    shelf.owner.execute(
        "insert into demand.outlook(program_id, asin, first_on, probability, by_day, cause, is_out, back_from,"
        " back_until, members_disappointed, run_id)"
        " select 1, asin, d, 0.9, '{0.9}', 'out_of_stock', asin = %s, d + 2, d + 5, 1, 'night'"
        " from unnest(%s::text[]) as asin cross join (select (clock.now() at time zone 'UTC')::date as d) as today",
        (lamp, [kettle, lamp]),
    )
    told = doors("member_api", "GET", "/recommendations?limit=1", token=token).body
    (product,) = told["products"]
    assert (told["engine"], told["personal"], product["asin"], product["reason"]) == ("stored", True, kettle, "for_you")
    assert product["because"] == {"asin": lamp, "how": "wished", "title": "Lamp", "brand": "Acme", "texts": {}}
    going = {"state": "going", "back_from": None, "back_until": None}
    version = doors("member_api", "GET", "/catalogue", token=token).body["programme_version"]
    ranked = doors("member_api", "GET", "/me/catalogue/for-you", token=token).body["products"]
    shared = doors("member_api", "GET", f"/catalogue/{version}/products/{kettle}", token=token).body
    own = doors("member_api", "GET", f"/me/catalogue/products/{kettle}", token=token).body
    assert [product["outlook"], ranked[0]["outlook"], shared["outlook"], own["outlook"]] == [going] * 4
    (wish,) = doors("member_api", "GET", "/me/wishlist", token=token).body["wishes"]
    assert wish["outlook"]["state"] == "back"
    assert wish["outlook"]["back_from"] < wish["outlook"]["back_until"]
    for query in ("page=x", "max_points=-1", "search=" + "x" * 101):
        assert doors("member_api", "GET", f"/me/catalogue/for-you?{query}", token=token).status == 400
    shared = doors("member_api", "GET", f"/catalogue/{version}/products?sort=for_you", token=token)
    assert shared.status == 400, "what all share is ranked for nobody"


def test_whoever_has_no_membership_wishes_for_nothing(doors: Doors, shelf: Shelf) -> None:
    for method, path in (
        ("GET", "/me/wishlist"),
        ("PUT", f"/me/wishlist/{shelf.product()}"),
        ("GET", "/recommendations"),
        ("GET", "/me/catalogue/for-you"),
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
