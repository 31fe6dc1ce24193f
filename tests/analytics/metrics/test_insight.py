"""What the night's analysis reads of the warehouse: demand by day, what is known ahead, and nobody who was erased."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from analytics.warehouse import insight, portable, unloading
from analytics.warehouse.insight import Planned
from tests.analytics.metrics.conftest import Warehouse, at, day

AS_OF = date(2026, 11, 20)
SALE = Planned(1, "sale", date(2026, 11, 19), date(2026, 11, 23), "home", "", 0.25)


def unloaded(warehouse: Warehouse, name: str, *planned: Planned, as_of: date = AS_OF) -> list[dict[str, Any]]:
    sql = insight.queries(as_of, planned)[name]
    answer = warehouse.connection.execute(portable.for_duckdb(sql))
    names = [column[0] for column in answer.description or ()]
    return sorted(
        (dict(zip(names, row, strict=True)) for row in answer.fetchall()),
        key=lambda row: [str(value) for value in row.values()],
    )


def demand(warehouse: Warehouse, *planned: Planned) -> dict[tuple[str, str], tuple[Any, ...]]:
    """By product and day: units, refused, campaign."""
    return {
        (row["asin"], row["day"].isoformat()[5:]): (row["units"], row["refused"], round(row["campaign"], 3))
        for row in unloaded(warehouse, "demand", *planned)
    }


@pytest.mark.parametrize("name", insight.NAMES)
def test_every_query_means_the_same_on_redshift_and_here(name: str) -> None:
    assert portable.check(insight.queries(AS_OF, [SALE])[name]) == []


def test_what_was_refused_for_want_of_stock_was_asked_for_too(warehouse: Warehouse) -> None:
    warehouse.product("A", 1000, brand="Acme")
    warehouse.redeem("m1", "2026-11-02", units=2)
    warehouse.redeem("m2", "2026-11-02", units=3, units_accepted=1, units_refused=2, reasons="UnavailableQuantity")
    warehouse.redeem("m3", "2026-11-03", units=3, units_accepted=0, units_refused=3, reasons="PriceChanged")
    warehouse.redeem("m4", "2026-11-04", units=3, units_accepted=0, units_refused=0)  # not answered yet
    warehouse.redeem("m5", "2026-11-21")  # of a day that is not over
    found = unloaded(warehouse, "demand")
    assert [(row["day"], row["units"], row["refused"]) for row in found] == [
        (date(2026, 11, 2), 5.0, 2.0),
        (date(2026, 11, 3), 0.0, 0.0),
    ]
    assert (found[0]["price_minor"], found[0]["category"], found[0]["brand"]) == (1000.0, "home", "Acme")


def test_campaigns_are_told_ahead_for_products_that_anybody_ever_wanted(warehouse: Warehouse) -> None:
    for asin, category in (("A", "home"), ("B", "garden"), ("C", "home")):
        warehouse.product(asin, 1000, category=category)
    warehouse.redeem("m1", "2026-11-20", "A")
    warehouse.redeem("m1", "2026-11-20", "B", category="garden")
    assert demand(warehouse, SALE, Planned(1, "lamps", AS_OF, AS_OF + timedelta(days=1), "", "A", 0.5)) == {
        ("A", "11-19"): (0, 0, 0.25),
        ("A", "11-20"): (1, 0, 0.5),
        ("A", "11-21"): (None, 0, 0.5),
        ("A", "11-22"): (None, 0, 0.25),
        ("A", "11-23"): (None, 0, 0.25),
        ("B", "11-20"): (1, 0, 0),
    }


def test_a_campaign_that_was_ended_early_ends_then(warehouse: Warehouse) -> None:
    warehouse.product("A", 1000)
    warehouse.redeem("m1", "2026-11-20", "A")
    warehouse.put("dim_campaign", campaign="sale", state="paused", since=at("2026-11-20"), started_at=at("2026-11-19"))
    assert set(demand(warehouse, SALE)) == {("A", "11-19"), ("A", "11-20")}


def test_a_campaign_that_nobody_remembers_was_on_where_it_took_something_off(warehouse: Warehouse) -> None:
    for asin in ("A", "B"):
        warehouse.product(asin, 1000)
    warehouse.redeem("m1", "2026-11-02", "A", campaign="gone", discount_minor=300)
    warehouse.redeem("m1", "2026-11-03", "B", campaign="gone", discount_minor=100, units=2)
    warehouse.redeem("m1", "2026-11-04", "A")
    assert demand(warehouse, SALE)[("A", "11-03")] == (0, 0, 0.3)
    assert demand(warehouse)[("B", "11-02")] == (0, 0, 0.05)
    assert demand(warehouse)[("A", "11-04")] == (1, 0, 0)


def test_a_price_is_that_of_its_day(warehouse: Warehouse) -> None:
    warehouse.product("A", 1500)
    for on, price in (("2026-11-02", 1000), ("2026-11-10", 1500)):
        warehouse.put("fact_availability", asin="A", noted_at=at(on), day=day(on), state="available", price_minor=price)
    for on in ("2026-11-01", "2026-11-09", "2026-11-10"):
        warehouse.redeem("m1", on)
    assert [row["price_minor"] for row in unloaded(warehouse, "demand")] == [1500.0, 1000.0, 1500.0]


def test_interactions_are_of_members_who_are_somebody(warehouse: Warehouse) -> None:
    warehouse.redeem("m1", "2026-11-02", "A", units=3, units_returned=1)
    warehouse.redeem("m1", "2026-11-02", "B", units=1, units_returned=1)
    warehouse.redeem(None, "2026-11-02", "C")  # was erased
    for event, viewer, on in (("e1", "v1", "2026-11-03"), ("e2", "v1", "2026-11-03"), ("e3", "v9", "2026-11-03")):
        warehouse.put(
            "fact_catalogue_view", event_key=event, viewer_key=viewer, asin="A", came_from="home", seen_at=at(on),
            day=day(on),
        )  # fmt: skip
    warehouse.put("dim_viewer", viewer_key="v1", member_key="m1")
    warehouse.put("fact_wish", member_key="m2", asin="B", added_at=at("2026-11-04"), day=day("2026-11-04"))
    assert [
        (row["member_key"], row["asin"], row["kind"], row["weight"]) for row in unloaded(warehouse, "interactions")
    ] == [("m1", "A", "redeemed", 2.0), ("m1", "A", "looked", 2.0), ("m2", "B", "wished", 1.0)]


def test_the_rest_is_as_the_warehouse_has_it(warehouse: Warehouse) -> None:
    warehouse.product("A", None, available=None, first_seen_at=at("2026-01-02"))
    warehouse.put("dim_personalised", member_key="m1")
    for on in ("2026-11-20", "2026-11-21"):
        warehouse.put("fact_availability", asin="A", noted_at=at(on), day=day(on), state="slow", delivery_days=20)
    assert unloaded(warehouse, "consents") == [{"program_id": 1, "member_key": "m1"}]
    (product,) = unloaded(warehouse, "products")
    assert (product["available"], product["price_minor"], product["first_seen_on"]) == (False, None, date(2026, 1, 2))
    (row,) = unloaded(warehouse, "availability")
    assert (row["at"], row["state"], row["delivery_days"]) == (at("2026-11-20"), "slow", 20)


def test_an_empty_warehouse_has_nothing_to_say(warehouse: Warehouse) -> None:
    assert [unloaded(warehouse, name) for name in insight.NAMES] == [[]] * 5


def test_statements_write_below_the_night_s_folder_and_quote_what_they_unload() -> None:
    said = insight.statements("s3://lake/insight/run=n1/in", AS_OF, [SALE], "default", "arn:aws:kms:x:1:key/k")
    assert [one.split("TO ")[1].split()[0] for one in said] == [
        f"'s3://lake/insight/run=n1/in/{name}/'" for name in insight.NAMES
    ]
    assert "LIKE ''%vailableQuantity%''" in said[0]
    assert said[4].endswith(
        " IAM_ROLE default FORMAT AS PARQUET ALLOWOVERWRITE MAXFILESIZE 64 MB"
        " KMS_KEY_ID 'arn:aws:kms:x:1:key/k' ENCRYPTED"
    )


@pytest.mark.parametrize(
    "wrong",
    [
        {"folder": "s3://lake/x'; drop"},
        {"role": "somebody"},
        {"key": "k' x"},
        {"planned": [Planned(1, "it's", AS_OF, AS_OF, "", "", 0.1)]},
    ],
)
def test_nothing_strange_gets_into_a_statement(wrong: dict[str, Any]) -> None:
    given: dict[str, Any] = {"folder": "s3://lake/insight", "planned": [], "role": "default", "key": None, **wrong}
    with pytest.raises(ValueError, match="takes"):
        insight.statements(as_of=AS_OF, **given)


def test_a_statement_never_becomes_longer_than_the_data_api_takes() -> None:
    many = [Planned(1, "c" * 60, AS_OF, AS_OF, "category-of-some-length", "B000000001", 0.25)] * 5_000
    assert max(map(len, insight.statements("s3://lake/insight", AS_OF, many, "default", None))) < 100_000


def test_the_statements_are_ones_that_are_understood() -> None:
    said = insight.statements("s3://lake/insight/run=n1/in", AS_OF, [SALE], "default", "arn:aws:kms:x:1:key/k")
    unloads = [unloading.parsed(one) for one in said]
    assert [unload and unload.query for unload in unloads] == list(insight.queries(AS_OF, [SALE]).values())
