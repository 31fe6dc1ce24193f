"""The stored copy: popular first, thirty a call, at Amazon's pace, in bounded pieces that go on where they stopped."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from loyalty.catalogue import syncing
from loyalty.catalogue.syncing import sync
from loyalty.database import Connection
from loyalty.orders.amazon_business import (
    CredentialsRevoked,
    Image,
    Offer,
    Product,
    Products,
    SearchPage,
    Variation,
)
from loyalty.programme.publishing import publish_initial
from tests.conftest import TestDatabase
from tests.simulators.amazon_business.running import Simulator, running


@pytest.fixture(scope="module")
def amazon_of_module(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    with running(tmp_path_factory.mktemp("amazon")) as simulator:
        yield simulator


@pytest.fixture
def amazon(amazon_of_module: Simulator) -> Simulator:
    amazon_of_module.reset()
    return amazon_of_module


@pytest.fixture
def connection(fresh_database: TestDatabase) -> Iterator[Connection]:
    with fresh_database.owner() as owner:
        publish_initial(owner, {})
    with fresh_database.connect("catalogue_sync") as connection:
        yield connection


class Clock:
    """Time that passes only by sleeping, and a little with every look at it."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def run(
    connection: Connection, amazon: Simulator, seconds: float = 600, **options: Any
) -> tuple[syncing.Synced, float]:
    clock = Clock()
    done = sync(connection, amazon.client(), (1,), seconds, monotonic=clock, sleep=clock.sleep, **options)
    return done, clock.now


def products(database: TestDatabase, sql: str = "true") -> list[dict[str, Any]]:
    with database.owner() as owner:
        return owner.execute(f"select * from catalogue.product where {sql} order by popularity, asin").fetchall()


def test_everything_for_sale_arrives_with_offers_pictures_and_children(
    fresh_database: TestDatabase, connection: Connection, amazon: Simulator
) -> None:
    done, _ = run(connection, amazon)
    sold = amazon.rows("select asin, kind, category from products")
    stored = products(fresh_database)
    assert {(one["asin"], one["kind"], one["category"]) for one in stored} == {
        (one["asin"], one["kind"], one["category"]) for one in sold
    }
    assert (done.due, done.stopped_by) == (0, None)
    assert all(one["images"] and one["title"] and one["checked_at"] for one in stored)
    child = next(one for one in stored if one["kind"] == "VARIATION_CHILD")
    assert child["parent_asin"]
    assert child["dimensions"]
    with fresh_database.owner() as owner:
        counted = owner.execute("select count(*) as offers from catalogue.offer").fetchone()
    parents = sum(one["kind"] == "VARIATION_PARENT" for one in sold)
    assert counted == {"offers": len(sold) - parents}


def test_calls_keep_to_the_published_rate_and_thirty_products(
    fresh_database: TestDatabase, connection: Connection, amazon: Simulator
) -> None:
    done, seconds = run(connection, amazon)
    lookups, searches = len(amazon.requests("productsByAsins")), len(amazon.requests("searchProducts"))
    assert lookups <= -(-done.products // 30) + 1
    for calls in (lookups, searches):
        assert calls <= 10 + seconds / 2 + 1


@pytest.mark.large
def test_the_popular_come_first_and_the_next_run_goes_on(
    fresh_database: TestDatabase, connection: Connection, amazon: Simulator
) -> None:
    run(connection, amazon, seconds=50)
    with fresh_database.owner() as owner:
        owner.execute("update catalogue.product set checked_at = null")
    clock = Clock()
    slow = amazon.client()

    class Slow:
        """Takes a minute a call, so that only two fit."""

        def products_by_asins(self, asins: tuple[str, ...]) -> Any:
            clock.now += 60
            return slow.products_by_asins(asins)

    first = sync(connection, Slow(), (1,), 100, monotonic=clock, sleep=clock.sleep)  # type: ignore[arg-type]
    assert first.products == 60
    assert first.due == len(products(fresh_database)) - 60
    asked, waiting = products(fresh_database, "checked_at is not null"), products(fresh_database, "checked_at is null")
    assert max(one["popularity"] for one in asked) <= min(one["popularity"] for one in waiting)
    done, _ = run(connection, amazon)
    assert done.due == 0


@pytest.mark.large
def test_nothing_is_asked_again_before_it_is_due_unless_all_is_wanted(
    fresh_database: TestDatabase, connection: Connection, amazon: Simulator
) -> None:
    run(connection, amazon)
    amazon.reset()
    done, _ = run(connection, amazon)
    assert (done.products, amazon.requests("productsByAsins"), amazon.requests("searchProducts")) == (0, [], [])
    full, _ = run(connection, amazon, full=True)
    assert full.products == len(products(fresh_database))
    amazon.reset()
    fresh_database.shift_clock("3 hours")
    again, _ = run(connection, amazon)
    assert again.products == len(products(fresh_database))
    assert amazon.requests("searchProducts") == [], "categories are looked through once a day"


def test_a_changed_price_and_a_vanished_product_are_noticed(
    fresh_database: TestDatabase, connection: Connection, amazon: Simulator
) -> None:
    run(connection, amazon)
    amazon.put("products/B0MAXTWO00", price_minor=2601)
    with fresh_database.owner() as owner:
        owner.execute(
            "insert into catalogue.product(program_id, asin, category, first_seen_at) values (1, 'B000000000', 'Home',"
            " clock.now())"
        )
    run(connection, amazon, full=True)
    amazon.put("products/B0MAXTWO00", price_minor=2600)
    with fresh_database.owner() as owner:
        price = owner.execute("select price_minor from catalogue.offer where asin = 'B0MAXTWO00'").fetchone()
    assert price == {"price_minor": 2601}
    assert products(fresh_database, "asin = 'B000000000'")[0]["refused_for"] == "gone"


@pytest.mark.large
def test_amazons_429_is_waited_for_and_its_failures_end_the_run(connection: Connection, amazon: Simulator) -> None:
    amazon.fault("searchProducts", "error_429", 2)
    amazon.fault("productsByAsins", "error_429", 2)
    done, seconds = run(connection, amazon)
    assert (done.due, done.stopped_by) == (0, None)
    assert seconds >= 4
    amazon.fault("productsByAsins", "error_500")
    stopped, _ = run(connection, amazon, full=True)
    assert stopped.stopped_by == "Unknown"


def test_revoked_credentials_are_an_alarm(connection: Connection, amazon: Simulator) -> None:
    amazon.fault("*", "credentials_revoked", None)
    with pytest.raises(CredentialsRevoked):
        run(connection, amazon)


def test_programmes_of_one_store_share_the_answers(
    fresh_database: TestDatabase, connection: Connection, amazon: Simulator
) -> None:
    clock = Clock()
    sync(connection, amazon.client(), (1, 2), 600, monotonic=clock, sleep=clock.sleep)
    assert len(products(fresh_database, "program_id = 1")) == len(products(fresh_database, "program_id = 2")) > 150
    assert len(amazon.requests("productsByAsins")) < 2 * len(products(fresh_database, "program_id = 1")) / 30


def test_one_odd_value_does_not_lose_the_others(fresh_database: TestDatabase, connection: Connection) -> None:
    odd = Product(
        "B000000001",
        "SOMETHING_NEW",
        "A \ud800 title\x00" + "x" * 9_000,
        images=(Image("", {}),),
        offers=(
            Offer("a", "B000000001", "In Stock", "NONE", "NEW", 10**30, "USD", quantity_in_stock=10**30),
            Offer("\ud800", "B000000001", "In Stock", "NONE", "NEW", 100, "USD"),
        ),
        variations=(Variation("odd", {}), Variation("B000000002", {"Size": "\x00"})),
        star_rating=1e9,
        number_of_ratings=10**30,
    )
    good = replace(odd, asin="B000000003", title="Good", offers=(replace(odd.offers[0], price_minor=100),))

    class Odd:
        """Says what nobody expects."""

        def search_products(self, keywords: str, **asked: Any) -> SearchPage:
            return SearchPage((odd, good, replace(odd, asin="not an asin")), 3, 1, {"Home": "Home \ud800", "": "None"})

        def products_by_asins(self, asins: tuple[str, ...]) -> Products:
            return Products((odd, good), ("B000000004",))

    clock = Clock()
    done = sync(connection, Odd(), (1,), 60, monotonic=clock, sleep=clock.sleep)  # type: ignore[arg-type]
    assert done.stopped_by is None
    stored = {one["asin"]: one for one in products(fresh_database)}
    assert set(stored) == {"B000000001", "B000000003"}
    assert stored["B000000003"]["title"] == "Good"
    with fresh_database.owner() as owner:
        prices = owner.execute("select asin, price_minor from catalogue.offer order by asin").fetchall()
    assert [one["price_minor"] for one in prices] == [None, 100]
