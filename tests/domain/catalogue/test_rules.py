"""What can never be redeemed: each rule by itself, by what Amazon says and not by how a product is called."""

from __future__ import annotations

from dataclasses import replace

import pytest

from loyalty.catalogue.rules import REASONS, RULES, in_stock, offer_refusal, product_refusal
from loyalty.orders.amazon_business import Offer, Product, Taxonomy
from tests.simulators.amazon_business.running import Simulator, running

PRODUCT = Product("B000000001", "STANDARD", "A teapot", taxonomies=(Taxonomy("UNSPSC", "52151600", "Kitchen tools"),))
OFFER = Offer("o1", "B000000001", "In Stock", "NONE", "NEW", 1000, "USD", quantity_in_stock=10)


def classified(code: str) -> Product:
    return replace(PRODUCT, taxonomies=(Taxonomy("UNSPSC", code, ""),))


@pytest.mark.parametrize(
    ("product", "rule"),
    [
        (replace(PRODUCT, format="Gift Card"), "gift_card"),
        (replace(PRODUCT, format=" eGift Card "), "gift_card"),
        (classified("14111608"), "gift_card"),
        (replace(PRODUCT, format="Prepaid Card"), "cash_like"),
        (replace(PRODUCT, format="Bullion"), "cash_like"),
        (classified("64151500"), "cash_like"),
        (replace(PRODUCT, format="Kindle Edition"), "digital"),
        (replace(PRODUCT, format="Digital Download"), "digital"),
        (replace(PRODUCT, format="Online Game Code"), "digital"),
        (replace(PRODUCT, format="Subscription Box"), "subscription"),
        (replace(PRODUCT, format="Membership"), "subscription"),
        (classified("50202203"), "age_restricted"),
        (classified("50211502"), "age_restricted"),
        (replace(PRODUCT, details={"Minimum age": "18"}), "age_restricted"),
        (replace(PRODUCT, badges=("Age Restricted",)), "age_restricted"),
        (replace(PRODUCT, details={"Hazardous material": "UN1791"}), "hazmat"),
        (replace(PRODUCT, details={"UN number": "1203"}), "hazmat"),
        (replace(PRODUCT, badges=("HAZMAT",)), "hazmat"),
    ],
)
def test_a_product_is_refused_by_the_rule_its_data_names(product: Product, rule: str) -> None:
    assert product_refusal(product) == rule


@pytest.mark.parametrize(
    "product",
    [
        PRODUCT,
        replace(PRODUCT, title="Gift Card Holder, Leather"),
        replace(
            PRODUCT, title="Whiskey Glasses, Set of Two", description="For digital nomads. Subscription not needed."
        ),
        replace(PRODUCT, details={"Hazardous material": "No", "Minimum age": "Not applicable"}),
        replace(PRODUCT, details={"Manufacturer minimum age": "3 years"}),
        replace(PRODUCT, format="Hardcover"),
        replace(PRODUCT, taxonomies=(Taxonomy("ECLASS", "64151500", ""),)),
        replace(PRODUCT, badges=("Climate Pledge Friendly",)),
    ],
)
def test_a_name_that_only_sounds_like_it_is_no_reason(product: Product) -> None:
    assert product_refusal(product) is None


@pytest.mark.parametrize(
    ("offer", "rule"),
    [
        (replace(OFFER, condition="USED"), "used"),
        (replace(OFFER, condition="REFURBISHED"), "used"),
        (replace(OFFER, condition="COLLECTIBLE"), "used"),
        (replace(OFFER, condition="UNKNOWN"), "used"),
        (replace(OFFER, buying_guidance="BLOCKED"), "blocked"),
        (replace(OFFER, buying_guidance="RESTRICTED"), "restricted"),
        (replace(OFFER, buying_guidance="UNKNOWN"), "restricted"),
        (replace(OFFER, buying_guidance="APPROVAL_NEEDED_SINCE_2027"), "restricted"),
        (replace(OFFER, buying_restrictions=("LICENSE_REQUIRED",)), "restricted"),
        (OFFER, None),
        (replace(OFFER, buying_guidance="PREFERRED"), None),
        (replace(OFFER, buying_guidance="NEGOTIATED"), None),
    ],
)
def test_an_offer_is_refused_by_condition_and_guidance(offer: Offer, rule: str | None) -> None:
    assert offer_refusal(offer) == rule


def test_stock_is_what_amazon_counts_or_else_what_it_says() -> None:
    assert in_stock(OFFER)
    assert not in_stock(replace(OFFER, quantity_in_stock=0))
    assert not in_stock(replace(OFFER, quantity_in_stock=2, min_quantity=3))
    assert in_stock(replace(OFFER, quantity_in_stock=None))
    assert not in_stock(replace(OFFER, quantity_in_stock=None, availability="Currently unavailable."))
    assert not in_stock(replace(OFFER, quantity_in_stock=None, availability="Temporarily out of stock."))


def test_every_rule_has_words_for_the_member() -> None:
    assert {rule.name for rule in RULES} <= set(REASONS)


@pytest.fixture(scope="module")
def amazon(tmp_path_factory: pytest.TempPathFactory) -> Simulator:  # type: ignore[misc]
    with running(tmp_path_factory.mktemp("amazon")) as simulator:
        yield simulator


@pytest.mark.parametrize(
    ("asin", "rule"),
    [
        ("B0GIFTCARD", "gift_card"),
        ("B0PREPAID0", "cash_like"),
        ("B0DIGITAL0", "digital"),
        ("B0KINDLE00", "digital"),
        ("B0SUBSCRIB", "subscription"),
        ("B0AGE21000", "age_restricted"),
        ("B0KNIFE18A", "age_restricted"),
        ("B0HAZMAT00", "hazmat"),
        ("B0HAZCELL0", "hazmat"),
        ("B0USED0000", "used"),
        ("B0REFURB00", "used"),
        ("B0BLOCKED0", "blocked"),
        ("B0RESTRICT", "restricted"),
        ("B0NOBUYER0", "restricted"),
        ("B0BUNDLE00", None),
    ],
)
def test_the_rules_read_what_product_search_really_says(amazon: Simulator, asin: str, rule: str | None) -> None:
    product = amazon.client().products_by_asins((asin,)).products[0]
    assert (product_refusal(product) or offer_refusal(product.offers[0])) == rule
