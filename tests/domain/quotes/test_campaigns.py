"""Campaigns that make a redemption cheaper: the quote reserves their money, or does without them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from loyalty.catalogue import browsing, cards
from loyalty.catalogue.browsing import Asked
from loyalty.catalogue.prices import points_for
from loyalty.database import Connection
from loyalty.orders.amazon_business import AmazonBusiness
from loyalty.programme import reading
from loyalty.programme.partaking import held_out
from loyalty.redemptions import promise, quotes
from loyalty.refusal import Refusal
from tests.domain.catalogue.shop import KEY, Shop
from tests.domain.quotes.test_quotes import ASIN, make

CAMPAIGN = {
    "state": "running", "starts_at": "2026-01-01T00:00:00Z", "ends_at": "2036-01-01T00:00:00Z",
    "conversion_points_per_major": 150, "budget_minor": 1_000_00, "funder": "brand", "holdout_percent": 0,
}  # fmt: skip


@pytest.fixture
def client(shop: Shop) -> AmazonBusiness:
    return shop.amazon.client()


@pytest.fixture
def member_api(shop: Shop) -> Iterator[Connection]:
    with shop.database.connect("member_api") as connection:
        yield connection


def campaign(code: str, **changes: Any) -> dict[str, Any]:
    """Of 200 points a dollar 50 are the brand's; each test has a code of its own."""
    return CAMPAIGN | {"code": code} | changes


def reserved(shop: Shop, code: str) -> int:
    row = shop.owner.execute("select reserved_minor from points.budgets(1) where campaign = %s", (code,)).fetchone()
    assert row is not None
    return int(row["reserved_minor"])


def told(quote: dict[str, Any]) -> list[tuple[str, bool]]:
    return [(one["campaign"], one["applied"]) for one in quote["campaigns"]]


def test_a_quote_with_a_campaign_is_cheaper_says_so_and_reserves_a_quarter(
    shop: Shop, quote_api: Connection, client: AmazonBusiness
) -> None:
    shop.publish(campaigns=[campaign("cheaper")])
    member_id = shop.member()
    quote = make(quote_api, client, member_id, (ASIN, 2))
    (line,) = quote["lines"]
    price = line["unit_price_minor"]
    assert line["unit_points"] == points_for(price, 150, "USD")
    assert line["unit_points_normal"] == points_for(price, 200, "USD")
    assert told(quote) == [("cheaper", True)]
    assert reserved(shop, "cheaper") == 2 * -(-price * (price * 2 - price * 3 // 2) // (price * 2))
    again = make(quote_api, client, member_id, (ASIN, 2))
    assert (again["quote_id"], reserved(shop, "cheaper")) == (quote["quote_id"], 2 * -(-price // 4))
    promise.verify(quote_api, KEY, 1, member_id, quote["quote_id"], quote["quote_token"])


def test_a_budget_that_is_too_small_means_the_normal_price_and_why(
    shop: Shop, quote_api: Connection, client: AmazonBusiness
) -> None:
    shop.publish(campaigns=[campaign("small", budget_minor=20_00)])
    first, member_id = make(quote_api, client, shop.member()), shop.member()
    assert told(first) == [("small", True)]
    second = make(quote_api, client, member_id)
    assert told(second) == [("small", False)]
    assert "used up" in second["campaigns"][0]["reason"]
    assert second["points_full"] == points_for(second["total_minor"], 200, "USD")
    assert second["lines"][0]["unit_points_normal"] is None
    assert make(quote_api, client, member_id)["campaigns"] == second["campaigns"], "the second look says the same"
    promise.verify(quote_api, KEY, 1, member_id, second["quote_id"], second["quote_token"])


def test_a_campaign_without_money_makes_room_for_the_next_one(
    shop: Shop, quote_api: Connection, client: AmazonBusiness
) -> None:
    shop.publish(
        campaigns=[
            campaign("poor", budget_minor=1, conversion_points_per_major=120), campaign("second", budget_minor=50_00),
        ]
    )  # fmt: skip
    quote = make(quote_api, client, shop.member())
    assert sorted(told(quote)) == [("poor", False), ("second", True)]
    assert quote["points_full"] == points_for(quote["total_minor"], 150, "USD")


def test_each_line_has_its_own_campaign_and_all_are_reserved_or_none(
    shop: Shop, quote_api: Connection, client: AmazonBusiness
) -> None:
    shop.publish(
        campaigns=[
            campaign("a-bundle", scope={"asins": [ASIN]}),
            campaign("b-tray", scope={"asins": ["B0ERR500OK"]}, budget_minor=1),
        ]
    )
    quote = make(quote_api, client, shop.member(), (ASIN, 1), ("B0ERR500OK", 1))
    assert sorted(told(quote)) == [("a-bundle", True), ("b-tray", False)]
    assert (reserved(shop, "a-bundle") > 0, reserved(shop, "b-tray")) == (True, 0)


def test_a_campaign_that_is_not_kinder_than_the_members_own_price_costs_nothing(
    shop: Shop, quote_api: Connection, client: AmazonBusiness
) -> None:
    shop.publish(campaigns=[campaign("unkind", conversion_points_per_major=200)])
    quote = make(quote_api, client, shop.member())
    assert (told(quote), reserved(shop, "unkind")) == ([], 0)


def test_a_quote_without_a_campaign_asks_the_database_nothing_more(
    shop: Shop, quote_api: Connection, client: AmazonBusiness, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    written = quotes._write

    def watched(connection: Connection, *arguments: Any) -> dict[str, str]:
        class Watched:
            def execute(self, statement: bytes, values: Any) -> Any:
                said.append(statement.decode())
                return connection.execute(statement, values)

        return written(Watched(), *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(quotes, "_write", watched)
    quote = make(quote_api, client, shop.member())
    assert quote["campaigns"] == []
    assert len(said) == 1
    assert "redemptions.create_quote(" in said[0]


def test_a_token_of_before_there_were_campaigns_is_still_good(
    shop: Shop, quote_api: Connection, client: AmazonBusiness
) -> None:
    member_id = shop.member()
    quote = make(quote_api, client, member_id)
    row = promise.quote_of(quote_api, 1, member_id, quote["quote_id"])
    assert not {"campaign", "unit_points_normal"} & row["lines"][0].keys()
    assert "campaigns_left_out" not in promise.promised(row)


def test_the_pages_show_what_a_quote_would_give(shop: Shop, member_api: Connection, quote_api: Connection) -> None:
    def points() -> int:
        version = reading.current(shop.owner, 1).version
        return int(browsing.page(member_api, 1, version, Asked(search="teapot"))["products"][0]["points"])

    normal = points()
    shop.publish(campaigns=[campaign("shown", budget_minor=1)])
    assert points() < normal
    shop.owner.execute(
        "select points.reserve_discount(1, 'shown', clock.new_id(), %s, 10000, 1, clock.now() + interval '1 hour')",
        (shop.member(),),
    )
    assert points() == normal, "its budget is gone"


def test_lowering_a_budget_below_its_open_quotes_is_refused_by_field(
    shop: Shop, quote_api: Connection, client: AmazonBusiness
) -> None:
    shop.publish(campaigns=[campaign("promised")])
    make(quote_api, client, shop.member())
    with pytest.raises(Refusal) as refused:
        shop.publish(campaigns=[campaign("promised", budget_minor=reserved(shop, "promised") - 1)])
    assert refused.value.field == "campaigns.0.budget_minor"
    shop.publish(campaigns=[campaign("promised", budget_minor=reserved(shop, "promised"))])


def test_the_members_own_price_is_what_the_quote_gives_and_the_shared_page_is_not_touched(
    shop: Shop, member_api: Connection, quote_api: Connection, client: AmazonBusiness
) -> None:
    """Held out or not, of the country or not, in the audience or not: what is shown is what is paid."""
    here = {"holdout_percent": 50, "scope": {"asins": [ASIN]}}
    shop.publish(
        campaigns=[
            campaign("ours", segment={"countries": ["US"], "audience": "chosen"}, **here),
            campaign("theirs", segment={"countries": ["CA"]}, conversion_points_per_major=50, **here),
            campaign("gold", segment={"tiers": ["gold"]}, conversion_points_per_major=60, **here),
        ],
        audiences=[{"code": "chosen", "name": "Chosen", "redeemed": "never"}],
    )
    document = shop.program()
    said = next(one for one in document.campaigns if one.code == "ours")
    people = [shop.member() for _ in range(6)]
    left_out = shop.member()
    shop.owner.execute("insert into campaigns.audience_member select 1, unnest(%s::bigint[]), 'chosen'", (people,))
    version = reading.current(shop.owner, 1).version
    shown = browsing.product(member_api, 1, version, ASIN)
    assert browsing.categories(member_api, 1)["own_prices"]
    for member_id in (*people, left_out):
        (own,) = cards.own(member_api, 1, member_id, [ASIN])
        quote = make(quote_api, client, member_id)
        (line,) = quote["lines"]
        cheaper = member_id != left_out and not held_out(said, member_id)
        assert (told(quote), own["campaign"]) == (([("ours", True)], "ours") if cheaper else ([], None))
        # The page's tax is rough, the quote's is Amazon's: points a dollar are the same.
        factor = 150 if cheaper else 200
        assert own["points"] == points_for(own["price_minor"], factor, "USD")
        assert line["unit_points"] == points_for(line["unit_price_minor"], factor, "USD")
        assert own["points_without"] == (shown["points"] if cheaper else None)
        (other,) = cards.own(member_api, 1, member_id, ["B0ERR500OK"])
        assert other["campaign"] is None, "it is about one product"
    assert len({held_out(said, member_id) for member_id in people}) == 2
    assert shown["points"] == points_for(shown["price_minor"], 200, "USD")


def test_a_campaign_that_begins_while_a_quote_is_open_makes_another_quote_and_the_open_one_keeps_its_price(
    shop: Shop, quote_api: Connection, client: AmazonBusiness
) -> None:
    row = shop.owner.execute("select clock.now() + interval '2 minutes' as begins").fetchone()
    assert row is not None
    shop.publish(campaigns=[campaign("soon", state="scheduled", starts_at=row["begins"].isoformat())])
    member_id = shop.member()
    before = make(quote_api, client, member_id)
    shop.database.shift_clock("3 minutes")
    after = make(quote_api, client, member_id)
    assert (told(before), told(after)) == ([], [("soon", True)])
    kept = quotes.split(quote_api, 1, member_id, before["quote_id"], before["points_max"])
    assert kept["points"] == before["points_max"] > after["points_max"]
    shop.publish(campaigns=[campaign("soon", state="paused", starts_at=row["begins"].isoformat())])
    assert told(make(quote_api, client, member_id)) == []
    promise.verify(quote_api, KEY, 1, member_id, after["quote_id"], after["quote_token"])
    assert (
        quotes.split(quote_api, 1, member_id, after["quote_id"], after["points_max"])["points"] == after["points_max"]
    )
