"""What staff say decides over what the rules say; every saying can be taken back; members see it at once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from loyalty.catalogue import adding, browsing, curating, desk, sheet
from loyalty.catalogue.browsing import Asked
from loyalty.catalogue.desk import Filter
from loyalty.database import Connection
from loyalty.programme import reading
from loyalty.recommendations import answering
from loyalty.redemptions import quotes
from loyalty.redemptions.basket import Wanted
from loyalty.refusal import Kind, Refusal
from loyalty.wishes import listing
from tests.domain.catalogue.shop import KEY, Shop

KITCHEN = {"code": "kitchen-only", "effect": "include", "matching": {"categories": ["Kitchen"]}}


@pytest.fixture
def staff(shop: Shop) -> Iterator[Connection]:
    shop.owner.execute("delete from catalogue.curated")
    shop.owner.execute("delete from catalogue.changed")
    shop.owner.execute("delete from catalogue.change")
    with shop.database.connect("manager_api") as connection:
        yield connection


def listed(connection: Connection, shop: Shop, **asked: Any) -> list[dict[str, Any]]:
    """Everything on the shared pages."""
    version = reading.current(shop.owner, 1).version
    found: list[dict[str, Any]] = []
    token = None
    while True:
        answer = browsing.page(connection, 1, version, Asked(**asked, page=token))
        found += answer["products"]
        token = answer["next_page"]
        if token is None:
            return found


def asins(found: list[dict[str, Any]]) -> set[str]:
    return {one["asin"] for one in found}


def of_category(shop: Shop, category: str) -> str:
    row = shop.owner.execute(
        "select p.asin from catalogue.product as p join catalogue.offer as o using (program_id, asin)"
        " where p.program_id = 1 and p.category = %s and p.kind = 'STANDARD' and p.refused_for is null"
        " and o.in_stock and o.price_minor > 0 and o.refused_for is null order by p.asin limit 1",
        (category,),
    ).fetchone()
    assert row is not None
    return str(row["asin"])


def why(staff: Connection, asin: str) -> str | None:
    found: str | None = desk.product(staff, 1, asin)["why"]
    return found


def act(staff: Connection, action: Any, *those: str, category: str | None = None) -> curating.Changed:
    return curating.act(staff, 1, action, those, category=category, why="test", actor="staff:test")


def test_each_condition_of_a_rule_finds_what_it_says(shop: Shop, member_api: Connection) -> None:
    # Kinds are judged each by itself, and a parent's card shows the parent's stars.
    rows = {one["asin"]: one for one in listed(member_api, shop) if one["kind"] == "STANDARD"}
    brand = next(one["brand"] for one in rows.values() if one["brand"])
    for matching, holds in (
        ({"categories": ["Music", "Pets"]}, lambda one: one["category"] in ("Music", "Pets")),
        ({"brands": [brand.upper()]}, lambda one: one["brand"] == brand),
        (
            {"keywords": ["TEAPOT", "headphones"]},
            lambda one: any(w in one["title"].lower() for w in ("teapot", "headphones")),
        ),
        ({"min_stars_tenths": 45}, lambda one: one["star_rating"] >= 4.5),
        (
            {"categories": ["Music"], "min_stars_tenths": 45},
            lambda one: one["category"] == "Music" and one["star_rating"] >= 4.5,
        ),
    ):
        wanted = {asin for asin, one in rows.items() if holds(one)}
        assert 0 < len(wanted) < len(rows), matching
        shop.publish(catalogue={"rules": [{"code": "r", "effect": "include", "matching": matching}]})
        assert asins(listed(member_api, shop)) & set(rows) == wanted, matching
        shop.publish(catalogue={"rules": [{"code": "r", "effect": "exclude", "matching": matching}]})
        assert asins(listed(member_api, shop)) & set(rows) == set(rows) - wanted, matching


def test_rules_about_the_offer_look_at_each_offer(shop: Shop, member_api: Connection, staff: Connection) -> None:
    shop.publish(catalogue={"rules": [{"code": "dear", "effect": "exclude", "matching": {"price_from_minor": 5000}}]})
    kept = listed(member_api, shop)
    assert kept
    rows = desk.products(staff, 1, Filter(), 500)["products"]
    assert {one["why"] for one in rows if one["price_minor"] and one["price_minor"] >= 5000} <= {"rule:dear"} | {
        one["why"] for one in rows if str(one["why"]).startswith("refused")
    }
    assert all(one["price_minor"] < 5000 for one in rows if one["why"] is None)
    shop.publish(catalogue={"rules": [{"code": "prime", "effect": "include", "matching": {"by_amazon": True}}]})
    shop.publish(
        catalogue={"rules": [{"code": "s", "effect": "include", "matching": {"min_merchant_stars_tenths": 40}}]}
    )
    trusted = asins(listed(member_api, shop))
    sellers = {
        row["asin"]: row["merchant_stars"]
        for row in shop.owner.execute(
            "select asin, merchant_stars from catalogue.offer where program_id = 1"
        ).fetchall()
    }
    assert any(stars < 4 for stars in sellers.values())
    assert all(sellers[asin] >= 4 for asin in trusted if asin in sellers)


def test_who_says_what_goes_before_whom(shop: Shop, member_api: Connection, staff: Connection) -> None:
    music, kitchen = of_category(shop, "Music"), of_category(shop, "Kitchen")
    # Nothing includes it; excluded although included; a hidden category before a rule; picked before all of that.
    shop.publish(catalogue={"rules": [KITCHEN]})
    assert (why(staff, music), why(staff, kitchen)) == ("not-included", None)
    out = {"code": "out", "effect": "exclude", "matching": {"asins": [kitchen]}}
    shop.publish(catalogue={"rules": [KITCHEN, out]})
    assert why(staff, kitchen) == "rule:out"
    shop.publish(catalogue={"rules": [KITCHEN, out], "hidden_categories": ["Kitchen"]})
    assert why(staff, kitchen) == "category"
    act(staff, "pick", music, kitchen)
    assert (why(staff, music), why(staff, kitchen)) == (None, None)
    assert {music, kitchen} <= asins(listed(member_api, shop))
    # Hidden by hand before picked in no way; what can never be redeemed stays so; so does the floor, stock and age.
    act(staff, "hide", music)
    assert why(staff, music) == "hidden"
    act(staff, "pick", "B0GIFTCARD", "B0NOSTOCK0")
    assert (why(staff, "B0GIFTCARD"), why(staff, "B0NOSTOCK0")) == ("refused:gift_card", "out-of-stock")
    shop.publish(conversion={"margin_floor_basis_points": 9900})
    assert why(staff, kitchen) == "margin-floor"
    assert listed(member_api, shop) == []


def test_a_parent_that_is_hidden_picked_or_filed_takes_its_kinds_along(
    shop: Shop, member_api: Connection, staff: Connection
) -> None:
    parent = next(one for one in listed(member_api, shop) if one["kind"] == "VARIATION_PARENT")
    version = reading.current(shop.owner, 1).version
    child = browsing.product(member_api, 1, version, parent["asin"])["variations"][0]["asin"]
    act(staff, "hide", child)
    assert child not in {one["asin"] for one in browsing.product(member_api, 1, version, parent["asin"])["variations"]}
    act(staff, "release", child)
    act(staff, "hide", parent["asin"])
    for asin in (parent["asin"], child):
        with pytest.raises(Refusal):
            browsing.product(member_api, 1, version, asin)
    shop.publish(catalogue={"categories": [{"code": "own", "names": {"en": "Our own", "de": "Unsere"}}]})
    act(staff, "release", parent["asin"])
    act(staff, "map", parent["asin"], category="own")
    assert asins(listed(member_api, shop, category="own")) == {parent["asin"]}
    told = {one["category"]: one for one in browsing.categories(member_api, 1)["categories"]}
    assert (told["own"]["name"], told["own"]["names"]["de"], told["own"]["products"]) == ("Our own", "Unsere", 1)


def test_the_programmes_own_category_is_what_prices_campaigns_and_rules_go_by(
    shop: Shop, member_api: Connection, staff: Connection
) -> None:
    before = {one["asin"]: one["points"] for one in listed(member_api, shop, category="Music")}
    shop.publish(
        catalogue={
            "categories": [{"code": "tunes", "names": {"en": "Tunes"}}],
            "mapping": {"Music": "tunes"},
        },
        conversion={"by_category": {"tunes": 100}},
    )
    after = {one["asin"]: one["points"] for one in listed(member_api, shop, category="tunes")}
    assert after == {asin: -(-points // 2) for asin, points in before.items()}
    assert listed(member_api, shop, category="Music") == []
    filed = {one["code"]: one for one in desk.categories(staff, 1)["programme"]}
    assert filed["tunes"]["shown"] == len(before)
    member = shop.member(points=10**6)
    asin = of_category(shop, "Music")
    with shop.database.connect("quote_api") as quote_api:
        made = quotes.make(quote_api, shop.amazon.client(), KEY, 1, member, quotes.Asked((Wanted(asin, 1),)))
    assert made["points_full"] == -(-made["total_minor"] * 100 // 100)


def test_own_words_are_shown_and_found_in_each_language_and_quoted_in_the_members(
    shop: Shop, member_api: Connection, staff: Connection
) -> None:
    asin = of_category(shop, "Music")
    said = {"standing": None, "category": None, "texts": {"de": {"title": "Klangwunder"}, "en": {"title": "Marvel"}}}
    curating.edit(staff, 1, asin, said, seen=0, why=None, actor="staff:test")
    (found,) = listed(member_api, shop, search="klangwund")
    assert (found["asin"], found["texts"]["de"]["title"]) == (asin, "Klangwunder")
    member = shop.member(points=10**6)
    shop.owner.execute("update members.member set language = 'de' where member_id = %s", (member,))
    with shop.database.connect("quote_api") as quote_api:
        made = quotes.make(quote_api, shop.amazon.client(), KEY, 1, member, quotes.Asked((Wanted(asin, 1),)))
    assert made["lines"][0]["title"] == "Klangwunder"


def test_the_featured_come_first_in_their_order_where_nothing_else_is_asked_for(
    shop: Shop, member_api: Connection, staff: Connection
) -> None:
    everything = [one["asin"] for one in listed(member_api, shop)]
    chosen = [everything[90], everything[3], everything[40]]
    revision = curating.order_featured(staff, 1, chosen, seen=0, why=None, actor="staff:a")
    assert [one["asin"] for one in listed(member_api, shop)][:3] == chosen
    assert [one["points"] for one in listed(member_api, shop, sort="points")] == sorted(
        one["points"] for one in listed(member_api, shop)
    )
    with pytest.raises(Refusal) as stale:
        curating.order_featured(staff, 1, chosen[::-1], seen=0, why=None, actor="staff:b")
    assert stale.value.code == "stale-order"
    act(staff, "unfeature", chosen[0])
    assert curating.featured(staff, 1)[0] == chosen[1:]
    assert revision < curating.featured(staff, 1)[1]


LIMIT = {
    "code": "gold", "effect": "limit", "matching": {"categories": ["Music"]},
    "audience": {"tiers": ["gold"], "countries": ["US"]},
}  # fmt: skip


def test_what_is_for_some_is_on_no_shared_page_and_on_theirs_alone(
    shop: Shop, member_api: Connection, staff: Connection
) -> None:
    everything, music = asins(listed(member_api, shop)), asins(listed(member_api, shop, category="Music"))
    asin = of_category(shop, "Music")
    act(staff, "pick", asin)
    shop.publish(catalogue={"rules": [LIMIT]})
    gold, plain = shop.member(tier="gold", points=10**6), shop.member(points=10**6)
    version = reading.current(shop.owner, 1).version
    assert browsing.categories(member_api, 1)["only_for_some"]
    assert asins(listed(member_api, shop)) == everything - music
    assert asins(browsing.own_page(member_api, 1, gold, Asked())["products"]) == music
    assert browsing.own_page(member_api, 1, plain, Asked())["products"] == []
    assert browsing.own_product(member_api, 1, gold, asin)["available"]
    for refused in (
        lambda: browsing.product(member_api, 1, version, asin),
        lambda: browsing.own_product(member_api, 1, plain, asin),
        lambda: listing.add(member_api, 1, plain, asin),
    ):
        with pytest.raises(Refusal) as refusal:
            refused()
        assert refusal.value.kind is Kind.NOT_FOUND
    assert listing.add(member_api, 1, gold, asin)["available"]
    assert not music & asins(answering.recommend(member_api, 1, plain, 24)["products"])
    with shop.database.connect("quote_api") as quote_api:
        asked = quotes.Asked((Wanted(asin, 1),))
        assert quotes.make(quote_api, shop.amazon.client(), KEY, 1, gold, asked)["lines"]
        with pytest.raises(Refusal) as refusal:
            quotes.make(quote_api, shop.amazon.client(), KEY, 1, plain, asked)
    assert refusal.value.code == "not-redeemable"
    assert (why(staff, asin), desk.product(staff, 1, asin)["limited"]) == (None, ["gold"])


def test_hidden_is_gone_from_the_wish_list_the_recommendations_and_the_quote(
    shop: Shop, member_api: Connection, staff: Connection
) -> None:
    asin, member = of_category(shop, "Kitchen"), shop.member(points=10**6)
    listing.add(member_api, 1, member, asin)
    act(staff, "hide", asin)
    (wish,) = listing.of(member_api, 1, member)
    assert (wish["available"], wish["points"]) == (False, None)
    assert asin not in asins(answering.recommend(member_api, 1, member, 24)["products"])
    with shop.database.connect("quote_api") as quote_api, pytest.raises(Refusal) as refusal:
        quotes.make(quote_api, shop.amazon.client(), KEY, 1, member, quotes.Asked((Wanted(asin, 1),)))
    assert refusal.value.detail == "This product is not part of the programme."


def test_the_margin_floor_is_the_same_on_the_shelf_and_in_a_quote_at_todays_price(
    shop: Shop, member_api: Connection, staff: Connection
) -> None:
    asin, member = "B0MAXTWO00", shop.member(points=10**6)
    shop.publish(points={"unit_cost_micros": 6000}, conversion={"margin_floor_basis_points": 1500})
    assert desk.product(staff, 1, asin)["offers"][0]["margin_basis_points"] == 1666
    with shop.database.connect("quote_api") as quote_api:
        asked = quotes.Asked((Wanted(asin, 1),))
        assert quotes.make(quote_api, shop.amazon.client(), KEY, 1, member, asked)["lines"]
        shop.publish(conversion={"margin_floor_basis_points": 1667})
        assert why(staff, asin) == "margin-floor"
        assert asin not in asins(listed(member_api, shop))
        with pytest.raises(Refusal) as refusal:
            quotes.make(quote_api, shop.amazon.client(), KEY, 1, member, asked)
    assert refusal.value.code == "not-redeemable"


def test_a_change_is_taken_back_whole_or_not_at_all(shop: Shop, staff: Connection) -> None:
    one, other = of_category(shop, "Music"), of_category(shop, "Kitchen")
    act(staff, "pick", one)
    hidden = act(staff, "hide", one, other)
    assert hidden.products == 2
    assert act(staff, "hide", one, other) == curating.Changed(None, 0), "it is so already"
    act(staff, "pick", other)
    with pytest.raises(Refusal) as refusal:
        curating.undo(staff, 1, hidden.change_id or 0, why=None, actor="staff:b")
    assert refusal.value.code == "changed-since"
    assert why(staff, one) == "hidden"
    newest = curating.history(staff, 1, None, 1)[0]
    curating.undo(staff, 1, newest["change_id"], why=None, actor="staff:b")
    curating.undo(staff, 1, hidden.change_id or 0, why="a mistake", actor="staff:b")
    assert (why(staff, one), desk.product(staff, 1, one)["standing"]) == (None, "picked")
    assert desk.product(staff, 1, other)["standing"] is None
    with pytest.raises(Refusal) as refusal:
        curating.undo(staff, 1, hidden.change_id or 0, why=None, actor="staff:b")
    assert refusal.value.code == "already-undone"
    assert [change["kind"] for change in curating.history(staff, 1, None, 9)] == [
        "undo",
        "undo",
        "pick",
        "hide",
        "pick",
    ]


def test_who_changes_a_product_that_somebody_else_has_changed_hears_of_it(shop: Shop, staff: Connection) -> None:
    asin = of_category(shop, "Music")
    said = {"standing": "hidden", "category": None, "texts": {}}
    done = curating.edit(staff, 1, asin, said, seen=0, why=None, actor="staff:a")
    with pytest.raises(Refusal) as refusal:
        curating.edit(staff, 1, asin, said, seen=0, why=None, actor="staff:b")
    assert refusal.value.code == "stale-product"
    assert desk.product(staff, 1, asin)["change_id"] == done.change_id


def test_the_desk_counts_what_members_see_and_says_why_not_for_the_rest(
    shop: Shop, member_api: Connection, staff: Connection
) -> None:
    counts = desk.counts(staff, 1)
    assert counts["shown"] == len(listed(member_api, shop))
    assert counts["products"] == counts["shown"] + sum(one["products"] for one in counts["hidden"])
    assert all(one["words"] for one in counts["hidden"])
    document = reading.current(shop.owner, 1).document
    draft = type(document).model_validate_json(
        json.dumps(json.loads(document.model_dump_json()) | {"catalogue": {"rules": [KITCHEN]}})
    )
    told = desk.difference(staff, 1, draft)
    shop.publish(catalogue={"rules": [KITCHEN]})
    assert told["disappear"]["products"] == counts["shown"] - len(listed(member_api, shop))
    assert told["appear"]["products"] == 0
    assert {one["why"] for one in told["disappear"]["first"]} == {"not-included"}
    by_state = desk.products(staff, 1, Filter(state="not-included"), 5)
    assert by_state["found"] >= told["disappear"]["products"], "some were sold out anyway"
    rest = desk.products(staff, 1, Filter(state="not-included", page=by_state["next_page"]), 500)["products"]
    assert len(rest) + 5 == by_state["found"]


# ---- tables ------------------------------------------------------------------------------------------------------


def test_a_table_comes_back_as_it_was_written(shop: Shop, staff: Connection) -> None:
    asin = of_category(shop, "Music")
    texts = {"en": {"title": "=1+1", "description": 'two\nlines, "quoted"'}, "de": {"title": "-5 °C"}}
    said = {"standing": "picked", "category": None, "texts": texts}
    curating.edit(staff, 1, asin, said, seen=0, why=None, actor="staff:a")
    written = sheet.write(desk.every(staff, 1, Filter()), 100)
    assert "'=1+1" in written
    assert not [cell for line in written.splitlines() for cell in line.split(",") if cell[:1] in ("=", "+", "-", "@")]
    told = sheet.read(written.encode(), (), lambda those: those)
    assert (told.mistakes, told.lines) == ([], desk.products(staff, 1, Filter(), 1)["found"])
    assert curating.curate(staff, 1, told.changes, "import", None, "staff:a") == curating.Changed(None, 0)


@pytest.mark.parametrize(
    ("table", "line", "column"),
    [
        (b"title_en,description_en\nx,y", 1, "asin"),
        (b"asin,weight\nB0BUNDLE00,1", 1, "column 2"),
        (b"asin,action,action\nB0BUNDLE00,hide,hide", 1, "action"),
        (b"asin,title_en\nB0BUNDLE00,x", 1, "title_en"),
        (b"asin\nB0BUNDLE00", 1, ""),
        (b"asin,action\nB0BUNDLE00,hide\nB0BUNDLE0,hide", 3, "asin"),
        (b"asin,action\nB0BUNDLE00,hide\n\nB0BUNDLE00,pick", 4, "asin"),
        (b"asin,action\nB000000000,hide", 2, "asin"),
        (b"asin,action\nB0BUNDLE00,delete", 2, "action"),
        (b"asin,action\nB0BUNDLE00", 2, ""),
        (b"asin,featured\nB0BUNDLE00,0", 2, "featured"),
        (b"asin,featured\nB0BUNDLE00,1\nB0MAXTWO00,1", 3, "featured"),
        (b"asin,category\nB0BUNDLE00,Nowhere", 2, "category"),
        (b'asin,title_en,description_en\nB0BUNDLE00,"=HYPERLINK(""x"")",y', 2, "title_en"),
        (b"asin,title_en,description_en\nB0BUNDLE00,@SUM(A1),y", 2, "title_en"),
        (b"asin,title_en,description_en\nB0BUNDLE00,%s,y" % (b"x" * 301), 2, "title_en"),
        (b'asin,title_en,description_en\nB0BUNDLE00,"a\nb",y', 2, "title_en"),
        (b'asin,action\nB0BUNDLE00,"hide', 2, ""),
        (b"asin,action\nB0BUNDLE00,hide\n\xff", 3, ""),
        (b"asin,action\nB0BUNDLE00,hi\x00de", 2, ""),
        (b"", 1, "asin"),
        (b"asin,action\n" + b"B0BUNDLE00,hide\n" * 400_000, 1, ""),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_a_table_with_a_mistake_says_where_and_changes_nothing(table: bytes, line: int, column: str) -> None:
    told = sheet.read(table, ("own",), lambda those: {"B0BUNDLE00", "B0MAXTWO00"})
    assert told.mistakes_in_all >= 1
    assert (told.mistakes[0].line, told.mistakes[0].column) == (line, column)
    assert told.mistakes[0].detail.endswith(".")


# ---- Amazon, live ------------------------------------------------------------------------------------------------


@pytest.fixture
def at_amazon(shop: Shop, staff: Connection) -> Iterator[Connection]:
    with shop.database.connect("catalogue_desk") as connection:
        yield connection


def test_what_was_found_live_is_on_the_shelf_at_once(
    shop: Shop, member_api: Connection, staff: Connection, at_amazon: Connection
) -> None:
    shop.publish(catalogue={"rules": [KITCHEN], "categories": [{"code": "own", "names": {"en": "Own"}}]})
    parent = next(one["asin"] for one in desk.products(staff, 1, Filter(search="parka"), 9)["products"])
    for table in ("offer", "product", "price_seen"):
        shop.owner.execute(
            f"delete from catalogue.{table} where program_id = 1 and (asin = %s or asin in (select asin from"
            " catalogue.product where parent_asin = %s))".encode(),
            (parent, parent),
        )
    found = adding.search(at_amazon, shop.amazon.client(), 1, "parka", None, 0)
    (shown,) = [one for one in found["products"] if one["asin"] == parent]
    assert (shown["known"], shown["never"]) == (False, None)
    done = adding.add(at_amazon, shop.amazon.client(), 1, parent, "own", "staff:a")
    assert done.why is None
    assert done.kinds > 1
    (on_shelf,) = listed(member_api, shop, category="own")
    assert (on_shelf["asin"], on_shelf["from_points"] in (True, False)) == (parent, True)
    assert desk.product(staff, 1, parent)["standing"] == "picked"
    again = adding.add(at_amazon, shop.amazon.client(), 1, parent, "own", "staff:a")
    assert again.change_id is None


def test_amazons_no_is_said_in_words(shop: Shop, at_amazon: Connection) -> None:
    amazon = shop.amazon.client()
    for asin, code in (("B000000000", "unknown-to-amazon"), ("B0GIFTCARD", "not-redeemable")):
        with pytest.raises(Refusal) as refusal:
            adding.add(at_amazon, amazon, 1, asin, None, "staff:a")
        assert refusal.value.code == code
    for fault, code in (("error_429", "shop-busy"), ("error_500", "shop-unavailable")):
        shop.amazon.fault("searchProducts", fault)
        with pytest.raises(Refusal) as refusal:
            adding.search(at_amazon, amazon, 1, "tea", None, 0)
        assert refusal.value.code == code
    shop.reset()
    for _ in range(adding.BURST - adding.RESERVE):
        adding.search(at_amazon, amazon, 1, "tea", None, 0)
    with pytest.raises(Refusal) as refusal:
        adding.search(at_amazon, amazon, 1, "tea", None, 0)
    assert refusal.value.code == "shop-busy"
    assert refusal.value.retry_after_seconds


def test_prices_are_remembered_when_they_change(shop: Shop, staff: Connection) -> None:
    from loyalty.catalogue.storing import store

    asin = "B0MAXTWO00"
    before = desk.product(staff, 1, asin)["prices"]
    shop.database.shift_clock("1 minute")
    try:
        shop.amazon.put(f"products/{asin}", price_minor=2999)
        with shop.database.connect("catalogue_sync") as sync:
            for _ in range(2):
                store(sync, 1, shop.amazon.client().products_by_asins((asin,)))
        after = desk.product(staff, 1, asin)["prices"]
        assert [one["price_minor"] for one in after] == [*(one["price_minor"] for one in before), 2999]
    finally:
        shop.amazon.put(f"products/{asin}", price_minor=2600)
        shop.database.shift_clock("-1 minute")
        with shop.database.connect("catalogue_sync") as sync:
            store(sync, 1, shop.amazon.client().products_by_asins((asin,)))
