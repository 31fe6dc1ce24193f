"""Products that behave in one special way, named so that a test or a demonstration can find them by ASIN."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from local.simulators.amazon_business.catalogue import Category, Item, item

# What a real order finds is dearer than what offers and trials say, always, by so many basis points.
DRIFT = {"B0DRIFT003": 300, "B0DRIFT010": 1000, "B0DRIFT050": 5000}
# Offers say it is in stock; a trial and an order say it is not.
TRIAL_REJECTS = "B0TRIALNO0"
# A real order accepts all units but one.
PARTIAL = "B0PARTIAL0"
# The first real order of an externalId gets 500 and nothing happens; the next one works.
FAILS_ONCE = "B0ERR500OK"
# The first real order of an externalId is accepted, and the connection is cut before the answer.
TIMES_OUT_AFTER = "B0TIMEOUT0"

TWO_WORDS = ("Kestrel Optics", "Marlow Audio", "Atlas House", "Vale Hollow")
GIFT_CARDS = Category("Gift Cards", "Gift Cards", "14111608", "Gift certificate")
SOFTWARE = Category("Software", "Software", "43230000", "Software")
ALCOHOL = Category("Grocery", "Grocery & Gourmet Food", "50202200", "Alcoholic beverages")


def scenario_items(categories: dict[str, Category]) -> list[Item]:
    """One product a scenario."""
    kitchen, home, tools = categories["Kitchen"], categories["Home"], categories["Tools"]
    electronics, beauty, sports = categories["Electronics"], categories["Beauty"], categories["Sports"]
    return [
        _one("B0DRIFT003", "price_drift_3", home, "23f0", "Northhour Travel Alarm Clock", 2900),
        _one("B0DRIFT010", "price_drift_10", electronics, "1f4fd-fe0f", "Kestrel Optics Pocket Projector", 14900),
        _one("B0DRIFT050", "price_drift_50", electronics, "1f579-fe0f", "Playfort Retro Arcade Stick", 8900),
        _one("B0NOSTOCK0", "out_of_stock", kitchen, "1f9c9", "Steepwell Mate Set with Bombilla", 3600, stock=0),
        _one(TRIAL_REJECTS, "trial_rejects", kitchen, "1f375", "Steepwell Matcha Bowl and Whisk", 4100),
        _one(PARTIAL, "partial_quantity", home, "1f9fb", "Cleanfold Reusable Kitchen Towels, Roll", 1900),
        _one(FAILS_ONCE, "error_500_then_ok", tools, "1f529", "Ironbridge Magnetic Parts Tray", 1700),
        _one(TIMES_OUT_AFTER, "timeout_after_accept", sports, "1f3d3", "Baseline Table Tennis Set for Four", 3900),
        _one("B0BUNDLE00", "bundle", kitchen, "1f372", "Ironhearth Pan and Spatula Bundle", 5200, components=2),
        _one(
            "B0MAXTWO00", "quantity_limit", electronics, "1f4bf", "Marlow Audio Record Care Kit", 2600, max_quantity=2
        ),
        _one("B0NOPRICE0", "no_price", home, "1f5bc-fe0f", "Atlas House Framed Print, Price on Request", 9900),
        _one("B0BLOCKED0", "blocked", tools, "1f5dc-fe0f", "Ironbridge Bench Vice", 6900, guidance="BLOCKED"),
        _one("B0RESTRICT", "restricted", tools, "1fa9d", "Ironbridge Lifting Hook", 3300, guidance="RESTRICTED"),
        _one(
            "B0NOBUYER0",
            "buying_restriction",
            tools,
            "1f5dd-fe0f",
            "Ironbridge Key Safe",
            4700,
            restrictions=("LICENSE_REQUIRED",),
        ),
        _one(
            "B0AGE21000",
            "age_restricted",
            ALCOHOL,
            "1f377",
            "Vale Hollow Red Wine, Case of Six",
            8800,
            details={"Minimum age": "21"},
            minimum_age=21,
        ),
        _one(
            "B0KNIFE18A",
            "age_restricted",
            sports,
            "1f5e1-fe0f",
            "Larkfell Hunting Knife",
            6400,
            details={"Minimum age": "18 years"},
            minimum_age=18,
        ),
        _one("B0GIFTCARD", "gift_card", GIFT_CARDS, "1f381", "Store Gift Card, $50", 5000, format="Gift Card"),
        _one("B0PREPAID0", "cash_like", electronics, "1f4b3", "Prepaid Debit Card, $100", 10500, format="Prepaid Card"),
        _one(
            "B0DIGITAL0",
            "digital",
            SOFTWARE,
            "1f4bb",
            "Playfort Studio 3, Digital Download",
            4900,
            format="Digital Download",
        ),
        _one(
            "B0KINDLE00",
            "digital",
            categories["Office"],
            "1f4d5",
            "Remarkable Walks, Kindle Edition",
            1200,
            format="Kindle Edition",
        ),
        _one(
            "B0SUBSCRIB",
            "subscription",
            categories["Toys"],
            "1f4e6",
            "Puzzle of the Month Subscription",
            2400,
            format="Subscription Box",
        ),
        _one(
            "B0HAZMAT00",
            "hazmat",
            tools,
            "2622-fe0f",
            "Cleanfold Drain Opener, 5 l",
            2100,
            details={"Hazardous material": "UN1791 Hypochlorite solution"},
        ),
        _one(
            "B0HAZCELL0",
            "hazmat",
            electronics,
            "1faab",
            "Voltcamp Loose Lithium Cells, Pack of Ten",
            3900,
            badges=("HAZMAT",),
        ),
        _one(
            "B0USED0000",
            "used",
            electronics,
            "1f4de",
            "Marlow Audio Rotary Telephone, Pre-Owned",
            5600,
            condition="USED",
        ),
        _one("B0REFURB00", "used", beauty, "1fa7a", "Stillroom Pulse Monitor, Renewed", 7200, condition="REFURBISHED"),
    ]


def _one(
    asin: str, scenario: str, category: Category, picture: str, title: str, price_minor: int, **changes: Any
) -> Item:
    brand = next((brand for brand in TWO_WORDS if title.startswith(brand)), title.split(" ")[0])
    base = item(category, picture, brand, title, price_minor, ("Ships from stock", "Plain packaging"))
    stock = 900 if base.stock is None else base.stock
    special: dict[str, Any] = {"asin": asin, "scenario": scenario, "stock": stock, "by_amazon": True}
    return replace(base, **special | changes)
