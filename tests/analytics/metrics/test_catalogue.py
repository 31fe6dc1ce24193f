"""Definitions are checked as a whole, and what is made of them is what they say."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from analytics.metrics import catalogue, documenting, views
from analytics.metrics.checking import MetricError
from analytics.metrics.definition import SHEETS, Metric
from analytics.metrics.dimensions import DIMENSIONS
from analytics.warehouse import portable
from loyalty.currencies import MINOR_DIGITS
from tests.analytics.metrics.conftest import Warehouse

ALL = catalogue.metrics()
NAMES = [metric.name for metric in ALL]

GOOD = """\
name: good
title: Good one
sheet: points
question: How many?
description: Counts what there is.
synonyms: [count]
filters: [from_day]
grain: [month]
measures:
  - {name: many, title: Many, format: count, description: How many.}
chart: {kind: bar, x: month, y: many}
drill: null
sql: |
  select day as month, count(*) as many from loyalty.fact_accrual
  where program_id = cast(:program_id as integer) and day >= cast(:from_day as date) group by day
"""


def refused(folder: Path, **files: str) -> list[str]:
    """What is said of these files, by line; the folder's path left out."""
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text)
    with pytest.raises(MetricError) as told:
        catalogue.metrics(folder)
    return [line.removeprefix(f"{folder}/") for line in str(told.value).splitlines()]


def test_every_question_of_the_business_has_its_metric() -> None:
    assert {
        "members_by_tier", "tier_migration", "activation", "rfm", "cohort_retention", "points_flow", "liability_by_age",
        "redemption_cost", "tender_mix", "most_loved", "rising_falling", "seasonality_week", "seasonality_weekday",
        "campaign_uplift", "affordability", "delivery_performance", "refunds", "stock_outs", "month_close",
        "deferred_close",
    } <= set(NAMES)  # fmt: skip
    assert {metric.sheet for metric in ALL} == set(SHEETS)


def test_a_good_file_is_a_metric(tmp_path: Path) -> None:
    (tmp_path / "good.yaml").write_text(GOOD)
    (found,) = catalogue.metrics(tmp_path)
    assert [(column.name, column.kind, column.format) for column in found.columns] == [
        ("month", "month", None), ("many", "measure", "count")]  # fmt: skip


def test_every_mistake_of_every_file_is_told_at_once_with_its_line_and_key(tmp_path: Path) -> None:
    bad = GOOD.replace("sheet: points", "sheet: pints").replace("format: count", "format: number")
    worse = GOOD.replace("drill: null", "drill: nowhere").replace("name: good", "name: worse")
    assert refused(tmp_path, bad=bad, worse=worse, list="- a\n", broken="name: [a\n", good=GOOD) == [
        "bad.yaml:3: sheet: Input should be 'customers', 'points', 'products', 'seasonality', 'campaigns' or "
        "'operations'",
        "bad.yaml:10: measures.0.format: Input should be 'points', 'money', 'percent', 'count', 'days' or 'ratio'",
        "broken.yaml:2: file: expected ',' or ']', but got '<stream end>'",
        "list.yaml:1: file: is no mapping of keys to values",
        "worse.yaml:12: drill: there is no other metric nowhere",
    ]


@pytest.mark.parametrize(
    ("wrong", "right", "told"),
    [
        ("name: good", "name: other", "1: name: the file's name is good"),
        ("grain: [month]", "grain: [moon]", 
         "8: grain: moon is no dimension (analytics/metrics/dimensions.py has them)"),
        ("format: count", "format: money", 
         "8: grain: money needs the column currency: amounts of two currencies are never one sum"),
        ("{name: many,", "{name: month,", "9: measures: the column month is there twice"),
        ("x: month", "x: many", "11: chart.x: many is no column of the grain"),
        ("y: many", "y: more", "11: chart.y: more is no measure"),
        ("kind: bar, x: month", "kind: bar", "11: chart: a bar chart needs x and y"),
        ("kind: bar", "kind: heatmap", "11: chart: a heatmap's y is one column of the grain, its value one measure"),
        ("filters: [from_day]", "filters: []", "7: filters: the SQL heeds from_day, which is not said"),
        ("filters: [from_day]", "filters: [from_day, tier]", "7: filters: the SQL does not heed tier"),
        (":from_day", ":since", 
         "13: sql: :since is no parameter (there are program_id, from_day, to_day, tier, category, campaign)"),
        (":program_id", "1", "13: sql: :program_id is missing: an answer is of one programme"),
        ("sheet: points", "sheet: points\nsheet: products", "3: sheet: is there twice, again in line 4"),
        ("drill: null", "drill: good", "12: drill: there is no other metric good"),
        ("title: Good one", "titel: Good one", "2: titel: Extra inputs are not permitted"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_where_it_is(tmp_path: Path, wrong: str, right: str, told: str) -> None:
    assert f"good.yaml:{told}" in refused(tmp_path, good=GOOD.replace(wrong, right))


@pytest.mark.parametrize("metric", ALL, ids=NAMES)
def test_a_metric_is_portable_sql_that_gives_the_columns_it_says(metric: Metric, warehouse: Warehouse) -> None:
    assert portable.check(metric.sql) == []
    sql = portable.for_duckdb(metric.sql)
    described = warehouse.connection.execute(sql, catalogue.parameters(metric, 1, {})).description
    assert described is not None
    assert [column[0] for column in described] == [column.name for column in metric.columns]
    types = {"text": {"VARCHAR"}, "date": {"DATE"}, "whole": {"BIGINT", "SMALLINT"}, "fraction": {"DOUBLE"}}
    for column, told in zip(metric.columns, described, strict=True):
        assert str(told[1]) in types[column.type], column.name


def test_currencies_without_cents_are_those_of_the_programme() -> None:
    digits = {0: "1000000", 3: "1000"}
    for metric in ALL:
        for found in re.finditer(r"when x\.currency in \(([^)]*)\) then (\d+)", metric.sql):
            named = set(re.findall(r"[A-Z]{3}", found[1]))
            known = {currency for currency, exponent in MINOR_DIGITS.items() if digits[exponent] == found[2]}
            assert known <= named, metric.name


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"from_day": "yesterday"}, "from_day is no day"),
        ({"from_day": "2026-02-01", "to_day": "2026-01-01"}, "from_day is after to_day"),
        ({"tier": "x" * 201}, "tier is longer"),
    ],
)
def test_a_filter_that_cannot_be_is_refused_in_words(asked: dict[str, str], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        catalogue.parameters(catalogue.metric("most_loved"), 1, asked)


def test_filters_are_values_and_never_sql(warehouse: Warehouse) -> None:
    warehouse.redeem("ann", "2026-01-05")
    assert warehouse.ask("most_loved", tier="' or 1=1 --") == []
    assert len(warehouse.ask("most_loved", tier="", category="*")) == 1
    bound = catalogue.parameters(catalogue.metric("refunds"), 1, {"tier": "gold", "from_day": "2026-01-01"})
    assert bound == {"program_id": "1", "from_day": "2026-01-01", "to_day": "9999-12-31"}  # refunds heed no level
    assert all(bound.values())


def test_a_view_answers_what_the_report_answers_without_filters(warehouse: Warehouse) -> None:
    warehouse.moved("2026-01-10", "2026-01-01", "opened", 1000)
    for statement in [*views.create(1), *views.create(1)]:
        assert portable.check(statement, load=True) == []
        if run := portable.for_duckdb(statement):
            warehouse.connection.execute(run)
    shown = warehouse.connection.execute("select * from loyalty.metric_month_close").fetchall()
    assert shown == [(1, *warehouse.ask("month_close")[0].values())]
    there = warehouse.connection.execute(
        "select count(*) from information_schema.tables where table_type = 'VIEW' and table_name like 'metric_%'"
    ).fetchone()
    assert there == (len(ALL),)


def test_the_page_says_what_the_metrics_say() -> None:
    assert documenting.PAGE.read_text() == documenting.page(), "python -m analytics.metrics.documenting writes it"


def test_every_dimension_is_used_and_every_description_says_something() -> None:
    assert {name for metric in ALL for name in metric.grain} == set(DIMENSIONS)
    assert all(len(metric.description) > 60 for metric in ALL)


def test_answers_are_plain_values(warehouse: Warehouse) -> None:
    warehouse.rate(1, "2026-01-01")
    warehouse.moved("2026-01-10", "2026-01-01", "opened", 1000)
    (row,) = warehouse.ask("liability_by_age")
    assert not any(isinstance(value, (Decimal, datetime)) for value in row.values())
    assert isinstance(row["lot_month"], date)
