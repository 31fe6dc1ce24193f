"""Product Search and carts: what the client reads out of the simulator's catalogue."""

from __future__ import annotations

from uuid import uuid4

import pytest

from local.simulators.amazon_business.app import PICTURES
from local.simulators.amazon_business.catalogue import items
from loyalty.orders.amazon_business import AmazonBusiness, OrderLine, Refused
from tests.simulators.amazon_business.running import SEATTLE, Simulator, line, order


def test_the_catalogue_is_large_varied_and_always_the_same() -> None:
    every = items()
    plain = [item for item in every if item.scenario is None]
    assert len([item for item in plain if item.kind != "VARIATION_PARENT"]) >= 120
    assert len({item.category.category for item in plain}) >= 10
    assert len({item.asin for item in every}) == len(every)
    assert all(len(item.asin) == 10 for item in every)
    assert all((PICTURES / f"{item.picture}.webp").is_file() for item in every)
    assert all(item.list_price_minor > item.price_minor for item in plain)
    assert {item.price_type for item in plain} == {"NEW", "BUSINESS"}
    assert every == items()


def test_a_search_by_category_tells_categories_offers_and_pictures(client: AmazonBusiness) -> None:
    everything = client.search_products("", sort="POPULARITY")
    assert len(everything.categories) >= 10
    assert len(everything.products) == 24
    assert everything.pages == -(-everything.matching // 24)
    kitchen = client.search_products("", category="Kitchen")
    assert 0 < kitchen.matching < everything.matching
    product = next(one for one in kitchen.products if one.offers)
    assert product.brand
    assert product.features
    assert product.images[0].sizes["large"][1:] == (256, 256)
    assert product.taxonomies[0].kind == "UNSPSC"
    assert product.star_rating is not None


def test_a_search_by_words_and_pages_that_do_not_overlap(client: AmazonBusiness) -> None:
    teapots = client.search_products("steepwell teapot")
    assert [one.brand for one in teapots.products] == ["Steepwell"]
    first = {one.asin for one in client.search_products("", page=0).products}
    second = {one.asin for one in client.search_products("", page=1).products}
    assert not first & second
    with pytest.raises(Refused):
        client.search_products("", page=13)


def test_thirty_asins_in_a_call_and_the_unknown_are_named(client: AmazonBusiness) -> None:
    asins = tuple(item.asin for item in items())[:29]
    found = client.products_by_asins((*asins, "B000000000"))
    assert {product.asin for product in found.products} == set(asins)
    assert found.not_found == ("B000000000",)
    for count in (0, 31):
        with pytest.raises(ValueError, match="1 to 30"):
            client.products_by_asins(("B000000000",) * count)


def test_an_offer_keeps_its_encoded_id_and_odd_values_are_none(amazon: Simulator, client: AmazonBusiness) -> None:
    offer = client.offers("B0BUNDLE00").offers[0]
    assert "%2F" in offer.offer_id
    assert len(offer.offer_id) > 150
    placed = client.place_order(order(str(uuid4()), OrderLine(1, "B0BUNDLE00", offer.offer_id, 1)))
    assert placed.accepted_quantity == 1
    unpriced = client.offers("B0NOPRICE0").offers[0]
    assert unpriced.price_minor is None
    gone = client.offers("B0NOSTOCK0").offers[0]
    assert (gone.quantity_in_stock, gone.availability) == (0, "Currently unavailable.")
    untold = amazon.rows("select asin from products where stock is null limit 1")[0]["asin"]
    assert client.offers(untold).offers[0].quantity_in_stock is None
    with pytest.raises(Refused) as unknown:
        client.offers("B000000000")
    assert unknown.value.status == 404


def test_a_parent_has_children_by_size_and_colour_and_no_offer(amazon: Simulator, client: AmazonBusiness) -> None:
    parent = client.search_products("waterproof parka").products[0]
    assert parent.kind == "VARIATION_PARENT"
    assert parent.offers == ()
    assert len(parent.variations) == 8
    children = client.products_by_asins(tuple(variation.asin for variation in parent.variations)).products
    assert {child.kind for child in children} == {"VARIATION_CHILD"}
    for variation in parent.variations:
        told = next(row for row in amazon.rows("select title, asin from products") if row["asin"] == variation.asin)
        assert told["title"].endswith(f"{variation.dimensions['Size']}, {variation.dimensions['Color']}")
    with pytest.raises(Refused):
        client.place_order(order(str(uuid4()), line(parent.asin)))


def test_a_cart_estimates_what_a_trial_says(client: AmazonBusiness) -> None:
    lines = (line("B0BUNDLE00", 1, 1), line("B0ERR500OK", 2, 2))
    estimate = client.cart_estimate(lines, SEATTLE)
    trial = client.place_order(order(str(uuid4()), *lines, trial=True))
    assert estimate.shipping_minor == sum(one.shipping_minor for one in trial.lines.values())
    assert estimate.tax_minor == sum(one.tax_minor for one in trial.lines.values())
    again = client.cart_estimate(lines[:1], SEATTLE)
    assert again.tax_minor < estimate.tax_minor, "the cart is emptied first"
    with pytest.raises(Refused):
        client.cart_estimate((line("B0NOSTOCK0"),), SEATTLE)


def test_a_price_changed_by_hand_shows_everywhere(amazon: Simulator, client: AmazonBusiness) -> None:
    asin = "B0MAXTWO00"
    amazon.put(f"products/{asin}", price_minor=2700, stock=1)
    offer = client.offers(asin).offers[0]
    assert (offer.price_minor, offer.quantity_in_stock, offer.max_quantity) == (2700, 1, 2)
    result = client.place_order(order(str(uuid4()), line(asin, 2)))
    assert (result.lines[1].accepted_quantity, result.lines[1].rejected_quantity) == (1, 1)
    amazon.put(f"products/{asin}", price_minor=2600, stock=900)
