"""A quote: asked of Amazon once, promised to the cent, signed, and nobody else's."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from loyalty.catalogue.prices import points_for
from loyalty.database import Connection
from loyalty.orders.amazon_business import AmazonBusiness, Deadline, Products
from loyalty.programme import switching
from loyalty.redemptions import quotes, redeeming
from loyalty.redemptions.basket import Wanted
from loyalty.redemptions.quotes import Asked
from loyalty.redemptions.redeeming import Redeem
from loyalty.refusal import Kind, Refusal
from tests.domain.catalogue.shop import KEY, Shop
from tests.simulators.amazon_business.running import CREDENTIALS

# Sent by Amazon, $52, two parts in a box; no surprises at the till.
ASIN = "B0BUNDLE00"


@pytest.fixture
def client(shop: Shop) -> AmazonBusiness:
    return shop.amazon.client()


def make(
    connection: Connection, client: AmazonBusiness, member_id: int, *lines: tuple[str, int], **asked: Any
) -> dict[str, Any]:
    wanted = tuple(Wanted(asin, quantity) for asin, quantity in lines or ((ASIN, 1),))
    return quotes.make(connection, client, KEY, 1, member_id, Asked(wanted, **asked))


def refused(connection: Connection, client: AmazonBusiness, member_id: int, *lines: tuple[str, int]) -> Refusal:
    with pytest.raises(Refusal) as refusal:
        make(connection, client, member_id, *lines)
    return refusal.value


def trials(shop: Shop) -> int:
    return len(
        [one for one in shop.amazon.requests("placeOrder") if str(one["external_id"]).startswith("trial-quote-")]
    )


# ---- the price -----------------------------------------------------------------------------------------------------


def test_a_quote_is_amazons_true_price_tax_and_delivery_in_one_unit_price(
    shop: Shop, quote_api: Connection, client: AmazonBusiness
) -> None:
    quote = make(quote_api, client, shop.member(), (ASIN, 3), ("B0ERR500OK", 1))
    assert not quote["estimated"]
    bundle, tray = quote["lines"]
    taxed = 15_600 * 650 // 10_000
    assert bundle["unit_price_minor"] == -(-(15_600 + taxed) // 3)
    # The tray travels with the bundle, so its delivery is free.
    assert tray["unit_price_minor"] == 1_700 + (1_700 * 650 + 5_000) // 10_000
    assert quote["total_minor"] == 3 * bundle["unit_price_minor"] + tray["unit_price_minor"]
    assert bundle["unit_points"] == points_for(bundle["unit_price_minor"], 200, "USD")
    assert quote["points_full"] == 3 * bundle["unit_points"] + tray["unit_points"]
    assert (quote["shipping_minor"], quote["tax_minor"]) == (0, taxed + 111)
    assert quote["expires_at"] - quote["created_at"] == timedelta(minutes=15)
    assert quote["delivery"]["earliest"] < quote["delivery"]["latest"]


def test_what_amazon_is_expected_to_charge_is_kept_for_the_order(
    shop: Shop, quote_api: Connection, client: AmazonBusiness
) -> None:
    quote = make(quote_api, client, shop.member(), ("B0ERR500OK", 2))
    line = shop.owner.execute(
        "select * from redemptions.quote_line where quote_id = %s", (quote["quote_id"],)
    ).fetchone()
    assert line is not None
    assert (line["expected_unit_price_minor"], line["expected_shipping_minor"]) == (1_700, 599)
    assert line["expected_tax_minor"] == (2 * 1_700 + 599) * 650 // 10_000 + 1
    assert "%2F" in line["offer_id"]


def test_between_nothing_and_what_the_provider_takes_no_money_is_offered(
    shop: Shop, quote_api: Connection, client: AmazonBusiness
) -> None:
    payment = shop.program().integrations.payment.model_dump(mode="json") | {
        "provider": "stripe",
        "capture_at": "acceptance",
    }
    shop.publish(integrations={"payment": payment})
    member_id = shop.member()
    quote = make(quote_api, client, member_id)
    assert quote["money_min_minor"] == 50
    assert all(stop["money_minor"] == 0 or stop["money_minor"] >= 50 for stop in quote["stops"])
    with pytest.raises(Refusal) as refusal:
        quotes.split(quote_api, 1, member_id, quote["quote_id"], quote["points_max"] - 20)
    assert (refusal.value.code, refusal.value.field) == ("money-too-little", "points")
    assert quotes.split(quote_api, 1, member_id, quote["quote_id"], quote["points_max"])["money_minor"] == 0


def test_tax_follows_the_address(shop: Shop, quote_api: Connection, client: AmazonBusiness) -> None:
    member_id = shop.member(state="OR", postal_code="97201")
    elsewhere = shop.address(member_id, state="WA")
    here = make(quote_api, client, member_id)
    there = make(quote_api, client, member_id, address_id=elsewhere)
    assert here["tax_minor"] == 0 < there["tax_minor"]


def test_a_programme_that_absorbs_delivery_and_tax_asks_for_the_product_alone(
    shop: Shop, quote_api: Connection, client: AmazonBusiness
) -> None:
    shop.publish(pricing={"included": "absorbed"})
    quote = make(quote_api, client, shop.member(), ("B0ERR500OK", 2))
    assert quote["lines"][0]["unit_price_minor"] == 1_700
    assert quote["tax_minor"] > 0, "what it costs us is known all the same"


def test_free_delivery_is_a_benefit_of_a_tier(shop: Shop, quote_api: Connection, client: AmazonBusiness) -> None:
    tiers = shop.program().tiers.model_dump(mode="json")
    tiers["levels"][2]["benefits"]["free_delivery"] = True
    shop.publish(tiers=tiers)
    gold = make(quote_api, client, shop.member(tier="gold"), ("B0ERR500OK", 1))
    member = make(quote_api, client, shop.member(), ("B0ERR500OK", 1))
    assert member["total_minor"] - gold["total_minor"] == 599
    assert (member["delivery_free"], gold["delivery_free"], gold["shipping_minor"]) == (False, True, 599)
    assert gold["price_includes"].startswith("Tax is in the price; delivery is on ")


def test_the_members_own_factor_is_used_where_it_is_kinder(
    shop: Shop, quote_api: Connection, client: AmazonBusiness
) -> None:
    shop.publish(conversion={"by_tier": {"gold": 150, "silver": 300}})
    price = make(quote_api, client, shop.member())["total_minor"]
    for tier, factor in (("member", 200), ("silver", 200), ("gold", 150)):
        assert make(quote_api, client, shop.member(tier=tier))["points_full"] == points_for(price, factor, "USD")
    shop.publish(conversion={"by_tier": {"gold": 150}, "by_category": {"Kitchen": 180}})
    gold = make(quote_api, client, shop.member(tier="gold"))
    assert gold["points_full"] == points_for(price, 180, "USD"), "a category's factor comes before a tier's"


def test_a_quote_keeps_its_price_when_the_factor_or_the_members_tier_changes(
    shop: Shop, quote_api: Connection, client: AmazonBusiness
) -> None:
    shop.publish(conversion={"by_tier": {"gold": 150}})
    member_id = shop.member(points=100_000, tier="gold")
    quote = make(quote_api, client, member_id)
    points = quote["points_full"]
    shop.publish(conversion={"points_per_major": 400, "by_tier": {}})
    shop.owner.execute("update members.member set tier = 'member' where member_id = %s", (member_id,))
    assert make(quote_api, client, shop.member())["points_full"] > 2 * points
    assert quotes.split(quote_api, 1, member_id, quote["quote_id"], points)["money_minor"] == 0
    row = shop.owner.execute("select clock.new_id() as id").fetchone()
    assert row is not None
    with shop.database.connect("member_api") as member_api:
        redeemed = redeeming.redeem(member_api, 1, member_id, Redeem(row["id"], quote["quote_id"], points, 0), "test")
    assert not redeemed.replay
    held = shop.owner.execute("select held from points.member where member_id = %s", (member_id,)).fetchone()
    assert held == {"held": points}


# ---- asking Amazon -------------------------------------------------------------------------------------------------


def test_the_same_basket_and_address_is_asked_once(shop: Shop, quote_api: Connection, client: AmazonBusiness) -> None:
    member_id = shop.member()
    first, second = make(quote_api, client, member_id), make(quote_api, client, member_id)
    assert (first["quote_id"], first["quote_token"]) == (second["quote_id"], second["quote_token"])
    assert trials(shop) == 1
    others = [
        make(quote_api, client, member_id, (ASIN, 2)),
        make(quote_api, client, member_id, address_id=shop.address(member_id)),
        make(quote_api, client, member_id, partial_policy="all_or_nothing"),
        make(quote_api, client, shop.member()),
    ]
    assert len({first["quote_id"], *(one["quote_id"] for one in others)}) == 5
    shop.publish(brand={"accent": "#000000"})
    assert make(quote_api, client, member_id)["quote_id"] != first["quote_id"]
    fresh = make(quote_api, client, member_id)["quote_id"]
    shop.database.shift_clock("11 minutes")
    try:
        assert make(quote_api, client, member_id)["quote_id"] != fresh, "too little of its time is left"
    finally:
        shop.database.shift_clock("-11 minutes")


def test_real_orders_come_before_trials(shop: Shop, quote_api: Connection, client: AmazonBusiness) -> None:
    for _ in range(7):
        assert not make(quote_api, client, shop.member())["estimated"]
    estimate = make(quote_api, client, shop.member())
    assert estimate["estimated"], "three tokens stay for orders"
    assert trials(shop) == 7


def test_an_empty_bucket_means_the_carts_estimate_with_the_same_price(
    shop: Shop, quote_api: Connection, client: AmazonBusiness
) -> None:
    exact = make(quote_api, client, shop.member(), (ASIN, 1), ("B0ERR500OK", 2))
    empty_bucket(shop)
    estimate = make(quote_api, client, shop.member(), (ASIN, 1), ("B0ERR500OK", 2))
    assert estimate["estimated"]
    assert estimate["tax_minor"] == exact["tax_minor"]
    assert len(shop.amazon.requests("cartEstimate")) == 1
    assert trials(shop) == 1


def test_a_cart_in_use_or_throttled_leaves_the_offers_own_words(
    shop: Shop, quote_api: Connection, client: AmazonBusiness
) -> None:
    empty_bucket(shop)
    quote_api.execute("select redemptions.take_cart('default', 20)")
    rough = make(quote_api, client, shop.member())
    assert shop.amazon.requests("cartEstimate") == []
    assert rough["estimated"]
    assert rough["tax_minor"] == -(-5_200 * 850 // 10_000)
    quote_api.execute("select redemptions.give_cart_back('default')")
    shop.amazon.fault("cartEstimate", "error_429")
    assert make(quote_api, client, shop.member())["tax_minor"] == rough["tax_minor"]


def test_a_throttled_trial_shuts_the_bucket_for_a_while(
    shop: Shop, quote_api: Connection, client: AmazonBusiness
) -> None:
    shop.amazon.fault("trialOrder", "error_429")
    assert make(quote_api, client, shop.member())["estimated"]
    assert make(quote_api, client, shop.member())["estimated"]
    assert trials(shop) == 1


def test_a_trial_whose_answer_is_lost_costs_nothing(shop: Shop, quote_api: Connection, client: AmazonBusiness) -> None:
    before = len(shop.amazon.rows("select * from orders"))
    shop.amazon.fault("trialOrder", "timeout_after_commit")
    assert make(quote_api, client, shop.member())["estimated"]
    assert len(shop.amazon.rows("select * from orders")) == before
    assert shop.amazon.requests("listCarts") == [], "no second wait"


def test_what_there_was_no_time_left_to_ask_is_estimated_by_the_offers_words(
    shop: Shop, quote_api: Connection, client: AmazonBusiness
) -> None:
    """The products' answer takes all but a second of the time."""

    class Slow(AmazonBusiness):
        def products_by_asins(self, *asked: Any, **more: Any) -> Products:
            answer = super().products_by_asins(*asked, **more)
            clock[0] += 19.0
            return answer

    clock = [0.0]
    slow = Slow(shop.amazon.url, shop.amazon.url, CREDENTIALS).within(Deadline(20, lambda: clock[0]))
    assert make(quote_api, slow, shop.member())["estimated"]
    assert (trials(shop), shop.amazon.requests("listCarts")) == (0, [])
    clock[0] = 19.0
    assert refused(quote_api, slow, shop.member()).code == "shop-slow"


def test_throttled_look_ups_use_the_fresh_copy(shop: Shop, quote_api: Connection, client: AmazonBusiness) -> None:
    shop.amazon.fault("productsByAsins", "error_429")
    assert make(quote_api, client, shop.member())["lines"][0]["asin"] == ASIN


@pytest.mark.parametrize("kind", ["error_500", "timeout_before", "credentials_revoked"])
def test_amazon_out_of_reach_is_told_with_a_time_to_come_back(
    shop: Shop, quote_api: Connection, client: AmazonBusiness, kind: str
) -> None:
    shop.amazon.fault("*", kind, None)
    refusal = refused(quote_api, client, shop.member())
    assert (refusal.kind, refusal.code) == (Kind.UNAVAILABLE, "shop-unavailable")
    assert refusal.retry_after_seconds


def test_news_heard_by_a_quote_reaches_the_stored_copy(
    shop: Shop, quote_api: Connection, client: AmazonBusiness
) -> None:
    shop.amazon.put(f"products/{ASIN}", price_minor=5_900)
    try:
        quote = make(quote_api, client, shop.member())
        stored = shop.owner.execute(
            "select price_minor from catalogue.offer where program_id = 1 and asin = %s", (ASIN,)
        ).fetchone()
    finally:
        shop.amazon.put(f"products/{ASIN}", price_minor=5_200)
    assert stored == {"price_minor": 5_900}
    assert quote["total_minor"] > 5_900


# ---- rules ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asin", "quantity", "code", "field"),
    [
        ("B0GIFTCARD", 1, "not-redeemable", "asin"),
        ("B0PREPAID0", 1, "not-redeemable", "asin"),
        ("B0DIGITAL0", 1, "not-redeemable", "asin"),
        ("B0SUBSCRIB", 1, "not-redeemable", "asin"),
        ("B0AGE21000", 1, "not-redeemable", "asin"),
        ("B0HAZMAT00", 1, "not-redeemable", "asin"),
        ("B0USED0000", 1, "not-redeemable", "asin"),
        ("B0BLOCKED0", 1, "not-redeemable", "asin"),
        ("B0RESTRICT", 1, "not-redeemable", "asin"),
        ("B0NOBUYER0", 1, "not-redeemable", "asin"),
        ("B0NOSTOCK0", 1, "out-of-stock", "asin"),
        ("B0TRIALNO0", 1, "out-of-stock", "asin"),
        ("B0NOPRICE0", 1, "price-unknown", "asin"),
        ("B0MAXTWO00", 3, "quantity-limit", "quantity"),
        ("B000000000", 1, "no-such-product", "asin"),
    ],
)
def test_what_cannot_be_had_is_refused_by_line_and_nothing_is_promised(
    shop: Shop, quote_api: Connection, client: AmazonBusiness, asin: str, quantity: int, code: str, field: str
) -> None:
    member_id = shop.member()
    refusal = refused(quote_api, client, member_id, (ASIN, 1), (asin, quantity))
    assert (refusal.code, refusal.field) == (code, f"lines[1].{field}")
    assert shop.owner.execute("select 1 from redemptions.quote where member_id = %s", (member_id,)).fetchone() is None


def test_a_parent_is_no_product_and_hidden_ones_are_none_either(
    shop: Shop, quote_api: Connection, client: AmazonBusiness
) -> None:
    row = shop.owner.execute(
        "select asin, parent_asin from catalogue.product where kind = 'VARIATION_CHILD' and program_id = 1 limit 1"
    ).fetchone()
    assert row is not None
    member_id = shop.member()
    assert refused(quote_api, client, member_id, (row["parent_asin"], 1)).code == "not-redeemable"
    assert make(quote_api, client, member_id, (row["asin"], 1))
    shop.publish(catalogue={"hidden_asins": [row["parent_asin"]], "hidden_categories": ["Kitchen"]})
    for asin in (row["asin"], ASIN):
        assert refused(quote_api, client, shop.member(), (asin, 1)).code == "not-redeemable"


def test_the_margin_floor_holds_at_the_quote_too(shop: Shop, quote_api: Connection, client: AmazonBusiness) -> None:
    shop.publish(points={"unit_cost_micros": 6000}, conversion={"margin_floor_basis_points": 1500})
    assert make(quote_api, client, shop.member())
    shop.publish(conversion={"margin_floor_basis_points": 1700})
    assert refused(quote_api, client, shop.member()).code == "not-redeemable"


def test_a_product_twice_an_offer_that_is_gone_and_a_stranger_address_are_refused(
    shop: Shop, quote_api: Connection, client: AmazonBusiness
) -> None:
    member_id = shop.member()
    assert refused(quote_api, client, member_id, (ASIN, 1), (ASIN, 2)).field == "lines[1].asin"
    with pytest.raises(Refusal) as gone:
        quotes.make(quote_api, client, KEY, 1, member_id, Asked((Wanted(ASIN, 1, "another"),)))
    assert (gone.value.code, gone.value.field) == ("offer-gone", "lines[0].offer_id")
    theirs = shop.address(shop.member())
    for address_id in (theirs, uuid4()):
        with pytest.raises(Refusal) as stranger:
            make(quote_api, client, member_id, address_id=address_id)
        assert (stranger.value.kind, stranger.value.field) == (Kind.NOT_FOUND, "address_id")


def test_a_chosen_offer_is_the_one_quoted(shop: Shop, quote_api: Connection, client: AmazonBusiness) -> None:
    offer_id = client.offers(ASIN).offers[0].offer_id
    quote = quotes.make(quote_api, client, KEY, 1, shop.member(), Asked((Wanted(ASIN, 1, offer_id),)))
    line = shop.owner.execute(
        "select offer_id from redemptions.quote_line where quote_id = %s", (quote["quote_id"],)
    ).fetchone()
    assert line == {"offer_id": offer_id}


# ---- points and money ----------------------------------------------------------------------------------------------


def test_stops_name_useful_places_and_what_the_member_can_afford(
    shop: Shop, quote_api: Connection, client: AmazonBusiness
) -> None:
    shop.publish(conversion={"min_points_share_percent": 10, "points_step": 100})
    quote = make(quote_api, client, shop.member(points=5_050))
    stops = {stop["name"]: stop for stop in quote["stops"]}
    assert set(stops) == {"fewest", "half", "most", "affordable"}
    assert stops["fewest"]["points"] == quote["points_min"] >= quote["points_full"] / 10
    assert stops["most"]["points"] == quote["points_max"] == quote["points_full"]
    assert stops["most"]["money_minor"] == 0
    assert stops["affordable"]["points"] == 5_000
    assert quote["points_available"] == 5_050
    poor = make(quote_api, client, shop.member(points=10))
    assert "affordable" not in {stop["name"] for stop in poor["stops"]}


def test_the_points_that_lapse_first_go_first(shop: Shop, quote_api: Connection, client: AmazonBusiness) -> None:
    member_id = shop.member()
    for amount, day in ((3_000, "2027-06-30"), (1_000, "2027-01-31"), (2_000, "2027-03-31")):
        shop.accrue(member_id, amount, day)
    lots = make(quote_api, client, member_id)["lots_first"]
    assert [(str(lot["expires_on"]), lot["amount"]) for lot in lots] == [
        ("2027-01-31", 1_000), ("2027-03-31", 2_000), ("2027-06-30", 3_000),
    ]  # fmt: skip
    cheap = make(quote_api, client, member_id, ("B0ERR500OK", 1))
    assert sum(lot["amount"] for lot in cheap["lots_first"]) == cheap["points_full"]


def test_a_split_is_arithmetic_for_its_own_member_until_the_time_is_over(
    shop: Shop, quote_api: Connection, client: AmazonBusiness
) -> None:
    member_id = shop.member()
    quote = make(quote_api, client, member_id, (ASIN, 2))
    asked = len(shop.amazon.rows("select * from requests"))
    half = quotes.split(quote_api, 1, member_id, quote["quote_id"], quote["points_full"] // 2)
    assert half["points_charged"] <= half["points"]
    assert half["money_minor"] == sum(line["quantity"] * line["unit_money_minor"] for line in half["lines"])
    assert len(shop.amazon.rows("select * from requests")) == asked
    with pytest.raises(Refusal) as stranger:
        quotes.split(quote_api, 1, shop.member(), quote["quote_id"], 0)
    assert stranger.value.kind is Kind.NOT_FOUND
    with pytest.raises(Refusal) as elsewhere:
        quotes.split(quote_api, 2, member_id, quote["quote_id"], 0)
    assert elsewhere.value.kind is Kind.NOT_FOUND
    with pytest.raises(Refusal) as outside:
        quotes.split(quote_api, 1, member_id, quote["quote_id"], quote["points_full"] + 1)
    assert outside.value.field == "points"
    shop.database.shift_clock("15 minutes")
    try:
        with pytest.raises(Refusal) as over:
            quotes.split(quote_api, 1, member_id, quote["quote_id"], 0)
    finally:
        shop.database.shift_clock("-15 minutes")
    assert over.value.code == "quote-expired"


# ---- the promise ---------------------------------------------------------------------------------------------------


def test_only_the_quotes_own_token_and_member_are_believed(
    shop: Shop, quote_api: Connection, client: AmazonBusiness
) -> None:
    member_id = shop.member()
    quote, other = make(quote_api, client, member_id), make(quote_api, client, member_id, (ASIN, 2))
    quotes.verify(quote_api, KEY, 1, member_id, quote["quote_id"], quote["quote_token"])
    for token in (other["quote_token"], "", quote["quote_token"][:-1], "é" * 43, quote["quote_token"] + "="):
        with pytest.raises(Refusal) as forged:
            quotes.verify(quote_api, KEY, 1, member_id, quote["quote_id"], token)
        assert (forged.value.code, forged.value.field) == ("quote-forged", "quote_token")
    with pytest.raises(Refusal):
        quotes.verify(quote_api, KEY[::-1], 1, member_id, quote["quote_id"], quote["quote_token"])
    for program_id, who, quote_id in (
        (1, shop.member(), quote["quote_id"]), (2, member_id, quote["quote_id"]), (1, member_id, uuid4()),
    ):  # fmt: skip
        with pytest.raises(Refusal) as missing:
            quotes.verify(quote_api, KEY, program_id, who, quote_id, quote["quote_token"])
        assert missing.value.code == "quote-not-found"


def test_a_row_changed_behind_our_back_no_longer_matches_its_token(
    shop: Shop, quote_api: Connection, client: AmazonBusiness
) -> None:
    member_id = shop.member()
    quote = make(quote_api, client, member_id)
    with pytest.raises(psycopg.errors.RestrictViolation):
        shop.owner.execute("update redemptions.quote_line set unit_price_minor = 1")
    shop.owner.execute("alter table redemptions.quote_line disable trigger append_only")
    shop.owner.execute(
        "update redemptions.quote_line set unit_price_minor = 1 where quote_id = %s", (quote["quote_id"],)
    )
    shop.owner.execute("alter table redemptions.quote_line enable trigger append_only")
    with pytest.raises(Refusal) as forged:
        quotes.verify(quote_api, KEY, 1, member_id, quote["quote_id"], quote["quote_token"])
    assert forged.value.code == "quote-forged"


def test_only_one_holds_the_cart_at_a_time(shop: Shop) -> None:
    taken: list[bool] = []

    def take() -> None:
        with shop.database.connect("quote_api") as connection:
            row = connection.execute("select redemptions.take_cart('shared', 20) as taken").fetchone()
            assert row is not None
            taken.append(row["taken"])

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == [False] * 7 + [True]


@pytest.mark.parametrize("role", ["quote_api", "member_api"])
def test_nobody_reads_quotes_but_by_member_and_the_split_is_not_for_sale(shop: Shop, role: str) -> None:
    with shop.database.connect(role) as connection:
        for statement in (
            "select * from redemptions.quote",
            "select * from redemptions.quote_line",
            f"select * from redemptions.split(1, '{UUID(int=0)}', 0)",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)  # type: ignore[call-overload]


def empty_bucket(shop: Shop) -> None:
    """No token is left for trials, for a long time."""
    shop.owner.execute("select orders.take_token(1, 'default', 'placeOrder', 0.5, 10, 0)")
    shop.owner.execute("update orders.bucket set tokens = 0, refilled_at = clock.now() + interval '1 hour'")
    shop.owner.execute("delete from orders.bucket where operation <> 'placeOrder'")


# ---- switched off --------------------------------------------------------------------------------------------------


def switch(shop: Shop, feature: str, *, on: bool) -> None:
    switching.switch(shop.owner, 1, feature, on=on, share_percent=None, actor="test", why="test")


def test_while_redeeming_is_off_nothing_is_quoted_and_amazon_is_not_asked(
    shop: Shop, quote_api: Connection, client: AmazonBusiness
) -> None:
    member_id, before = shop.member(), trials(shop)
    switch(shop, "redemption", on=False)
    try:
        assert refused(quote_api, client, member_id).code == "redemption-off"
        assert trials(shop) == before
    finally:
        switch(shop, "redemption", on=True)
    make(quote_api, client, member_id)


def test_while_money_is_off_a_quote_is_for_points_alone(
    shop: Shop, quote_api: Connection, client: AmazonBusiness
) -> None:
    member_id = shop.member()
    switch(shop, "money", on=False)
    try:
        quote = make(quote_api, client, member_id)
        assert quote["points_min"] == quote["points_max"] == quote["points_full"]
        assert {stop["money_minor"] for stop in quote["stops"]} == {0}
    finally:
        switch(shop, "money", on=True)
    assert make(quote_api, client, member_id)["points_min"] == 0
