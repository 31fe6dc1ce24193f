"""What could be had when: noted by the sync when it changes, and not when it does not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from loyalty.catalogue import browsing
from loyalty.catalogue.availability import Watch, watch
from loyalty.catalogue.syncing import sync
from loyalty.database import Connection
from loyalty.programme import reading
from loyalty.redemptions import quotes
from loyalty.redemptions.basket import Wanted
from loyalty.refusal import Refusal
from tests.domain.catalogue.shop import KEY, Shop


@pytest.fixture
def syncing(shop: Shop) -> Iterator[Connection]:
    with shop.database.connect("catalogue_sync") as connection:
        yield connection


@pytest.fixture
def asin(shop: Shop) -> str:
    """A product that can be had, with a row that says so long ago."""
    row = shop.owner.execute(
        "select p.asin from catalogue.product as p join catalogue.offer as o using (program_id, asin)"
        " where p.program_id = 1 and p.kind = 'STANDARD' and p.refused_for is null and o.in_stock and o.price_minor > 0"
        " and o.refused_for is null and o.delivery_latest is not null order by p.asin limit 1"
    ).fetchone()
    assert row is not None
    shop.owner.execute(
        "update catalogue.offer set in_stock = true, quantity_in_stock = 100, price_minor = 5000, shipping_minor = 0,"
        " refused_for = null, delivery_earliest = null, delivery_latest = clock.now() + interval '47 hours'"
        " where program_id = 1 and asin = %s",
        (row["asin"],),
    )
    shop.owner.execute("update catalogue.product set refused_for = null where asin = %s", (row["asin"],))
    shop.owner.execute("delete from catalogue.availability where asin = %s", (row["asin"],))
    return str(row["asin"])


def rules(connection: Connection) -> Watch:
    made = watch(connection, 1)
    assert made is not None
    return made


def noted(shop: Shop, asin: str) -> list[tuple[Any, ...]]:
    rows = shop.owner.execute(
        "select state, quantity, delivery_days, price_minor from catalogue.availability"
        " where program_id = 1 and asin = %s order by at",
        (asin,),
    ).fetchall()
    return [tuple(row.values()) for row in rows]


def change(shop: Shop, asin: str, what: str) -> None:
    shop.owner.execute(f"update catalogue.offer set {what} where program_id = 1 and asin = %s".encode(), (asin,))


def hours_pass(shop: Shop) -> None:
    shop.owner.execute("update catalogue.availability set at = at - interval '7 hours'")


def test_the_first_sync_notes_everything_that_can_be_ordered(shop: Shop) -> None:
    row = shop.owner.execute(
        "select count(*) filter (where a.asin is null) as without, count(*) as all from catalogue.product as p"
        " left join catalogue.availability as a using (program_id, asin)"
        " where p.program_id = 1 and p.kind in ('STANDARD', 'VARIATION_CHILD')"
    ).fetchone()
    assert row is not None
    assert row["all"] > 100
    assert row["without"] == 0
    told = shop.owner.execute("select state from catalogue.availability where asin = 'B0NOSTOCK0'").fetchall()
    assert {one["state"] for one in told} == {"out_of_stock"}


def test_the_sync_notes_what_it_hears(shop: Shop, syncing: Connection, asin: str) -> None:
    rules(syncing).note(syncing, [asin])
    shop.amazon.put(f"products/{asin}", stock=0)
    shop.owner.execute("update catalogue.product set checked_at = clock.now() where program_id = 1")
    shop.owner.execute("update catalogue.product set checked_at = null where program_id = 1 and asin = %s", (asin,))
    sync(syncing, shop.amazon.client(), (1,), 60, sleep=lambda _: None)
    assert [one[0] for one in noted(shop, asin)] == ["available", "out_of_stock"]


@pytest.mark.parametrize(
    ("what", "state"),
    [
        ("in_stock = false", "out_of_stock"),
        ("delivery_latest = clock.now() + interval '11 days'", "slow"),
        ("price_minor = null", "below_floor"),
        ("refused_for = 'used'", "gone"),
    ],
)
def test_another_state_is_noted_at_once(shop: Shop, syncing: Connection, asin: str, what: str, state: str) -> None:
    look = rules(syncing)
    assert look.note(syncing, [asin]) == 1
    change(shop, asin, what)
    assert look.note(syncing, [asin]) == 1
    assert look.note(syncing, [asin]) == 0
    assert [one[0] for one in noted(shop, asin)] == ["available", state]


def test_what_leaves_too_little_margin_is_below_the_floor(shop: Shop, syncing: Connection, asin: str) -> None:
    look = rules(syncing)
    assert look.note(syncing, [asin]) == 1
    shop.publish(conversion={"margin_floor_basis_points": 9000})
    assert rules(syncing).note(syncing, [asin]) == 1
    assert [one[0] for one in noted(shop, asin)] == ["available", "below_floor"]


def test_hiding_a_product_does_not_change_whether_it_could_be_had(shop: Shop, syncing: Connection, asin: str) -> None:
    assert rules(syncing).note(syncing, [asin]) == 1
    shop.publish(catalogue={"hidden_asins": [asin]})
    assert rules(syncing).note(syncing, [asin]) == 0


def test_another_number_is_noted_after_hours_and_only_if_it_says_something(
    shop: Shop, syncing: Connection, asin: str
) -> None:
    look = rules(syncing)
    look.note(syncing, [asin])
    change(shop, asin, "quantity_in_stock = 50")
    assert look.note(syncing, [asin]) == 0
    hours_pass(shop)
    assert look.note(syncing, [asin]) == 1
    for what, rows in (("quantity_in_stock = 48", 0), ("quantity_in_stock = 7", 1), ("price_minor = 5100", 1)):
        hours_pass(shop)
        change(shop, asin, what)
        assert look.note(syncing, [asin]) == rows, what
    assert noted(shop, asin) == [
        ("available", 100, 2, 5000),
        ("available", 50, 2, 5000),
        ("available", 7, 2, 5000),
        ("available", 7, 2, 5100),
    ]


def test_the_best_offer_counts(shop: Shop, syncing: Connection, asin: str) -> None:
    shop.owner.execute(
        'insert into catalogue.offer select (jsonb_populate_record(o, \'{"offer_id": "other", "position": 9}\')).*'
        " from catalogue.offer as o where o.program_id = 1 and o.asin = %s limit 1",
        (asin,),
    )
    shop.owner.execute(
        "update catalogue.offer set in_stock = false where program_id = 1 and asin = %s and offer_id <> 'other'",
        (asin,),
    )
    rules(syncing).note(syncing, [asin])
    assert [one[0] for one in noted(shop, asin)] == ["available"]


def test_more_than_a_year_ago_goes_but_what_was_so_then_stays(shop: Shop, syncing: Connection, asin: str) -> None:
    for days in (900, 800, 450, 10):
        shop.owner.execute(
            "insert into catalogue.availability (program_id, asin, at, state)"
            " values (1, %s, clock.now() - make_interval(days => %s), 'slow')",
            (asin, days),
        )
    rules(syncing).note(syncing, [asin])
    assert [one[0] for one in noted(shop, asin)] == ["slow", "slow", "available"]


def test_an_unknown_product_and_an_unpublished_programme_note_nothing(shop: Shop, syncing: Connection) -> None:
    assert rules(syncing).note(syncing, ["B0NOBODY00"]) == 0
    assert rules(syncing).note(syncing, []) == 0
    assert watch(syncing, 99) is None


def test_a_cap_is_the_most_that_the_products_page_lets_one_choose(
    shop: Shop, asin: str, member_api: Connection
) -> None:
    version = reading.current(shop.owner, 1).version
    before = browsing.product(member_api, 1, version, asin)
    shop.owner.execute("select catalogue.limit_to(1, %s, 2, 30)", (asin,))
    assert browsing.product(member_api, 1, version, asin)["max_quantity"] == 2
    shop.owner.execute("select catalogue.limit_to(1, %s, null, null)", (asin,))
    assert browsing.product(member_api, 1, version, asin)["max_quantity"] == before["max_quantity"] != 2


def test_a_quote_refuses_what_is_more_than_the_cap_before_anything_is_priced(shop: Shop, asin: str) -> None:
    member_id = shop.member(points=1_000_000)
    shop.owner.execute("select catalogue.limit_to(1, %s, 2, 30)", (asin,))
    with shop.database.connect("quote_api") as connection, pytest.raises(Refusal) as caught:
        quotes.make(connection, shop.amazon.client(), KEY, 1, member_id, quotes.Asked((Wanted(asin, 3),)))
    assert (caught.value.code, caught.value.field) == ("quantity-limit", "lines[0].quantity")
    shop.owner.execute("select catalogue.limit_to(1, %s, null, null)", (asin,))
