"""What members see: what can be had, at the price they would pay, in the order they asked for."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from loyalty.catalogue import browsing
from loyalty.catalogue.browsing import Asked
from loyalty.catalogue.prices import browse_factor, browse_price, shelf_rules
from loyalty.database import Connection
from loyalty.programme import reading
from loyalty.refusal import Kind, Refusal
from tests.domain.catalogue.shop import Shop

NEVER = (
    "B0GIFTCARD", "B0PREPAID0", "B0DIGITAL0", "B0KINDLE00", "B0SUBSCRIB", "B0AGE21000", "B0KNIFE18A", "B0HAZMAT00",
    "B0HAZCELL0", "B0USED0000", "B0REFURB00", "B0BLOCKED0", "B0RESTRICT", "B0NOBUYER0",
)  # fmt: skip


def pages(connection: Connection, version: int, **asked: Any) -> list[dict[str, Any]]:
    """Every page of an answer."""
    found: list[dict[str, Any]] = []
    token = None
    for _ in range(40):
        answer = browsing.page(connection, 1, version, Asked(**asked, page=token))
        found += answer["products"]
        token = answer["next_page"]
        if token is None:
            return found
    raise AssertionError("pages without end")


def version_of(shop: Shop) -> int:
    return reading.current(shop.owner, 1).version


def test_the_beginning_names_the_version_and_the_categories_with_something_in_them(
    shop: Shop, member_api: Connection
) -> None:
    answer = browsing.categories(member_api, 1)
    assert answer["programme_version"] == version_of(shop)
    assert answer["price_includes"] == "Delivery and tax are in the price."
    names = {one["category"]: one["products"] for one in answer["categories"]}
    assert len(names) >= 10
    assert not {"Gift Cards", "Software", "Grocery"} & set(names)
    assert sum(names.values()) == len(pages(member_api, version_of(shop)))


def test_pages_hold_each_product_once_and_children_under_their_parent(shop: Shop, member_api: Connection) -> None:
    found = pages(member_api, version_of(shop))
    asins = [one["asin"] for one in found]
    assert len(set(asins)) == len(asins) >= 120
    assert {one["kind"] for one in found} == {"STANDARD", "VARIATION_PARENT"}
    parent = next(one for one in found if one["kind"] == "VARIATION_PARENT" and one["from_points"])
    children = browsing.product(member_api, 1, version_of(shop), parent["asin"])["variations"]
    assert parent["points"] == min(child["points"] for child in children)
    assert found[0]["image"]["large"].keys() == {"url", "width", "height"}


def test_what_can_never_be_redeemed_is_neither_listed_nor_found(shop: Shop, member_api: Connection) -> None:
    listed = {one["asin"] for one in pages(member_api, version_of(shop))}
    assert not listed & {*NEVER, "B0NOSTOCK0", "B0NOPRICE0"}
    for asin in (*NEVER, "B000000000"):
        with pytest.raises(Refusal) as refusal:
            browsing.product(member_api, 1, version_of(shop), asin)
        assert refusal.value.kind is Kind.NOT_FOUND


def test_what_is_sold_out_or_has_no_price_is_told_as_unavailable(shop: Shop, member_api: Connection) -> None:
    for asin in ("B0NOSTOCK0", "B0NOPRICE0"):
        product = browsing.product(member_api, 1, version_of(shop), asin)
        assert (product["available"], product["points"]) == (False, None)


def test_offers_older_than_the_programme_allows_are_not_available(shop: Shop, member_api: Connection) -> None:
    shop.database.shift_clock("23 hours 50 minutes")
    assert browsing.product(member_api, 1, version_of(shop), "B0BUNDLE00")["available"]
    shop.database.shift_clock("11 minutes")
    try:
        assert not browsing.product(member_api, 1, version_of(shop), "B0BUNDLE00")["available"]
        assert pages(member_api, version_of(shop)) == []
        older = shop.publish(catalogue={"offer_max_age_hours": 48})
        assert browsing.product(member_api, 1, older, "B0BUNDLE00")["available"]
    finally:
        shop.database.shift_clock("-24 hours -1 minute")


def test_a_search_finds_words_parts_of_words_brands_and_categories(shop: Shop, member_api: Connection) -> None:
    version = version_of(shop)
    assert [one["brand"] for one in pages(member_api, version, search="teapots")] == ["Steepwell"]
    assert pages(member_api, version, search="headph")[0]["brand"] == "Solvane"
    assert {one["brand"] for one in pages(member_api, version, search="kestrel")} == {"Kestrel Optics"}
    assert {one["category"] for one in pages(member_api, version, search="pet supplies")} == {"Pets"}
    assert pages(member_api, version, search="nothing of the kind") == []
    for odd in ("%", "_", "\\", "'", '"', "a | b & !", "(", "*" * 90, "ﷺ"):
        pages(member_api, version, search=odd)
    assert pages(member_api, version, search="%_") == []


def test_categories_and_affordability_narrow_and_sorts_order(shop: Shop, member_api: Connection) -> None:
    version = version_of(shop)
    assert {one["category"] for one in pages(member_api, version, category="Music")} == {"Music"}
    limit = 5_000
    cheap = pages(member_api, version, max_points=limit, sort="points_down")
    assert cheap
    assert all(one["points"] <= limit for one in cheap)
    assert [one["points"] for one in cheap] == sorted((one["points"] for one in cheap), reverse=True)
    rising = pages(member_api, version, sort="points")
    assert [one["points"] for one in rising] == sorted(one["points"] for one in rising)
    assert len(pages(member_api, version, sort="newest")) == len(rising)
    assert pages(member_api, version, category="Nothing") == []


def test_a_page_token_is_ours_or_refused(shop: Shop, member_api: Connection) -> None:
    version = version_of(shop)
    token = browsing.page(member_api, 1, version, Asked())["next_page"]
    forged = [
        base64.urlsafe_b64encode(json.dumps(value).encode()).decode()
        for value in (
            1,
            [],
            ["relevance", True, "x"],
            ["relevance", 2**70, "x"],
            ["newest", 1, "B000000000"],
            ["relevance", 1, "\ud800"],
            {},
        )
    ]
    for wrong in (*forged, "%%%", "é", "a", token + "x", "[" * 250):
        with pytest.raises(Refusal) as refusal:
            browsing.page(member_api, 1, version, Asked(page=wrong))
        assert refusal.value.field == "page"


def test_a_version_is_the_current_or_a_recent_one(shop: Shop, member_api: Connection) -> None:
    before = version_of(shop)
    shop.publish(conversion={"points_per_major": 100})
    now = version_of(shop)
    old, new = (pages(member_api, version, search="teapot")[0]["points"] for version in (before, now))
    assert new == -(-old // 2)
    for _ in range(browsing.RECENT_VERSIONS):
        shop.publish(conversion={"points_per_major": 200})
    for version in (before, version_of(shop) + 1):
        with pytest.raises(Refusal) as refusal:
            browsing.page(member_api, 1, version, Asked())
        assert refusal.value.kind is Kind.NOT_FOUND
        assert str(version_of(shop)) in refusal.value.detail


CAMPAIGN = {
    "code": "spring", "state": "running", "starts_at": "2026-01-01T00:00:00Z", "ends_at": "2036-01-01T00:00:00Z",
    "conversion_points_per_major": 150, "budget_minor": 0, "funder": "programme", "holdout_percent": 0,
}  # fmt: skip


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"pricing": {"included": "absorbed"}},
        {"pricing": {"browse_tax_basis_points": 999}},
        {"conversion": {"points_per_major": 137, "by_category": {"Kitchen": 90, "Music": 333}}},
        {"campaigns": [CAMPAIGN]},
        {"campaigns": [CAMPAIGN | {"scope": {"categories": ["Kitchen"]}}]},
        {"campaigns": [CAMPAIGN | {"scope": {"asins": ["B0BUNDLE00"], "categories": []}}]},
        {"campaigns": [CAMPAIGN | {"segment": {"tiers": ["gold"]}}]},
        {"campaigns": [CAMPAIGN | {"state": "paused"}]},
        {"campaigns": [CAMPAIGN | {"holdout_percent": 10}]},
        {"campaigns": [CAMPAIGN, CAMPAIGN | {"code": "more", "conversion_points_per_major": 120}]},
    ],
    ids=str,
)
def test_sql_and_python_price_alike(shop: Shop, changes: dict[str, Any]) -> None:
    shop.publish(**changes)
    document = shop.program()
    row = shop.owner.execute("select clock.now() as now").fetchone()
    assert row is not None
    sold = shop.owner.execute(
        "select s.*, o.shipping_minor, p.category from catalogue.sellable(1, %s::jsonb) as s"
        " join catalogue.offer as o on o.program_id = 1 and o.asin = s.asin and o.offer_id = s.offer_id"
        " join catalogue.product as p on p.program_id = 1 and p.asin = s.asin",
        (json.dumps(shelf_rules(document, row["now"])),),
    ).fetchall()
    assert len(sold) > 150
    for one in sold:
        factor = browse_factor(document, one["asin"], one["category"], row["now"])
        price = browse_price(document, one["price_minor"], one["shipping_minor"], factor)
        assert (one["all_in_minor"], one["points"]) == (price.price_minor, price.points), one["asin"]


def test_the_price_is_all_in_or_the_product_alone_and_says_so(shop: Shop, member_api: Connection) -> None:
    charged = pages(member_api, version_of(shop), search="teapot")[0]
    shop.publish(pricing={"included": "absorbed"})
    absorbed = browsing.page(member_api, 1, version_of(shop), Asked(search="teapot"))
    assert absorbed["products"][0]["price_minor"] < charged["price_minor"]
    assert absorbed["price_includes"].startswith("The price is the product alone")
    assert absorbed["included"] == "absorbed"


def test_hidden_products_and_categories_are_hidden(shop: Shop, member_api: Connection) -> None:
    parent = next(one for one in pages(member_api, version_of(shop)) if one["kind"] == "VARIATION_PARENT")
    child = browsing.product(member_api, 1, version_of(shop), parent["asin"])["variations"][0]["asin"]
    shop.publish(catalogue={"hidden_asins": [parent["asin"]], "hidden_categories": ["Music"]})
    listed = pages(member_api, version_of(shop))
    assert parent["asin"] not in {one["asin"] for one in listed}
    assert "Music" not in {one["category"] for one in listed}
    for asin in (parent["asin"], child):
        with pytest.raises(Refusal):
            browsing.product(member_api, 1, version_of(shop), asin)


def test_the_margin_floor_hides_what_costs_more_than_its_points_brought_in(shop: Shop, member_api: Connection) -> None:
    everything = len(pages(member_api, version_of(shop)))
    # 200 points at 0.6 cents bring in 1.20 dollars for each dollar of cost: a margin of 16.7 %.
    shop.publish(points={"unit_cost_micros": 6000}, conversion={"margin_floor_basis_points": 1500})
    assert len(pages(member_api, version_of(shop))) == everything
    shop.publish(conversion={"by_category": {"Music": 150}})
    kept = pages(member_api, version_of(shop))
    assert 0 < len(kept) < everything
    assert "Music" not in {one["category"] for one in kept}
    shop.publish(conversion={"margin_floor_basis_points": 0})
    assert len(pages(member_api, version_of(shop))) == everything


def test_programmes_see_their_own_copy_only(shop: Shop, member_api: Connection) -> None:
    shop.owner.execute("delete from catalogue.offer where program_id = 2")
    assert browsing.categories(member_api, 2)["categories"] == []
    assert browsing.categories(member_api, 1)["categories"] != []


@pytest.mark.parametrize("role", ["member_api", "quote_api", "catalogue_sync"])
def test_nobody_touches_the_tables(shop: Shop, role: str) -> None:
    import psycopg

    with shop.database.connect(role) as connection:
        for table in ("product", "offer", "category"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(f"select * from catalogue.{table}")  # type: ignore[call-overload]
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("select * from catalogue.sellable(1, '{}')")
