"""Reports in the manager app: pictures under our content security policy, figures for who reads them, ways between
sheets, what is said before the first night. The warehouse's answers are made up here; the words are the metrics'."""

from __future__ import annotations

import json
import re
from datetime import date
from itertools import product
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, Route, expect

from analytics.metrics import catalogue
from analytics.metrics.definition import SHEETS, Metric
from lambdas.manager_routes.reports import _metric_view as metric_view
from tests.cloud import ON_CLOUD
from tests.web.manager.conftest import Manager

pytestmark = ON_CLOUD

LOADED_AT = "2026-11-21T02:15:00Z"
TIERS = ("member", "silver", "gold")
GOODS = ("Portable Bluetooth speaker, waterproof, 24 hours of play", "Stoneware cup, set of two", "Travel kettle")
# What the columns of a grain hold.
SAID: dict[str, tuple[Any, ...]] = {
    "month": tuple(date(2025 + (11 + n) // 12, (11 + n) % 12 + 1, 1).isoformat() for n in range(11)),
    "day": ("2026-08-31", "2026-09-30", "2026-10-31", "2026-11-20"),
    "lot_month": tuple(f"2026-{month:02}-01" for month in range(1, 12)),
    "cohort": tuple(f"2026-{month:02}-01" for month in range(1, 9)),
    "months_since": tuple(range(8)),
    "iso_year": (2025, 2026),
    "iso_week": tuple(range(1, 53)),
    "weekday": tuple(range(1, 8)),
    "tier": TIERS, "from_tier": TIERS, "to_tier": TIERS, "direction": ("rising", "falling"),
    "title": GOODS, "category": ("home", "electronics", "garden"), "currency": ("USD",),
    "campaign": ("spring", "back_to_school"), "deed": ("purchases", "redemptions"),
    "segment": ("champions", "loyal", "promising", "at_risk", "lost"),
    "tender": ("points", "points_and_money", "money"),
    "figure": ("issued", "redeemed"), "event": ("opened", "restored"), "funder": ("brand",),
    "member_key": ("6f2c9d1e", "b07a5e34"), "lot": ("2028-09-30", "2028-10-31-extended"),
}  # fmt: skip
# These follow from another column of theirs.
FOLLOWING = {"asin": ("B0SPEAKER1", "B0CUPSOF02", "B0KETTLE03"), "months_since": tuple(range(11))}


def rows(metric: Metric) -> list[list[Any]]:
    """Every combination of the grain once, with figures that only look like some."""
    follows = {
        name for name in metric.grain if name == "asin" or (name == "months_since" and "lot_month" in metric.grain)
    }
    if "title" in metric.grain:
        follows |= {"category", "direction"} & set(metric.grain)
    free = [name for name in metric.grain if name not in follows]
    found = []
    for number, values in enumerate(product(*(SAID[name] for name in free))):
        said = dict(zip(free, values, strict=True))
        if "cohort" in said and SAID["cohort"].index(said["cohort"]) + said["months_since"] > 7:
            continue
        place = SAID["title"].index(said["title"]) if "title" in said else number
        for name in follows:
            known = FOLLOWING.get(name) or SAID[name]
            said[name] = known[place % len(known)]
        wave = 40 + 17 * (number % 5) + 6 * (number % 11) - said.get("months_since", 0) * 5
        for nth, measure in enumerate(metric.measures):
            share = wave / (1 + nth / 3)
            by_format = {"percent": share / 160, "ratio": share / 60, "days": share / 20}
            said[measure.name] = by_format.get(measure.format, round(share * 97))
        found.append([said[column.name] for column in metric.columns])
    return found


class Answers:
    """Stands for the report desk on a page. `asked` are the queries by metric or table; `slow`: how often it says first
    that a report is not ready; `empty`: metrics without rows; `currencies`: what can be chosen."""

    def __init__(self, page: Page, standing: str = "loaded") -> None:
        self.asked: list[tuple[str, dict[str, list[str]]]] = []
        self.slow = 0
        self.empty: tuple[str, ...] = ()
        self.currencies: tuple[str, ...] = ()
        self._standing = standing
        page.route(re.compile(r"/reports(/[a-z_]+)?(/table\.csv)?(\?.*)?$"), self._answer)

    def _answer(self, route: Route) -> None:
        if route.request.resource_type == "document" or route.request.method != "GET":
            route.fallback()
            return
        place = urlsplit(route.request.url)
        name = place.path.partition("/reports")[2].strip("/")
        headers = {"Access-Control-Allow-Origin": "*"}
        if not name:
            route.fulfill(json=self._all(), headers=headers)
        elif name.endswith(".csv"):
            self.asked.append((name, parse_qs(place.query)))
            route.fulfill(body="month,issued\r\n", content_type="text/csv", headers=headers)
        elif self.slow:
            self.slow -= 1
            route.fulfill(status=503, json={"status": 503, "code": "report-not-ready"}, headers=headers)
        else:
            self.asked.append((name, parse_qs(place.query)))
            metric = catalogue.metric(name)
            columns = [column.name for column in metric.columns]
            told = [] if name in self.empty else rows(metric)
            answer = {"metric": name, "columns": columns, "rows": told, "whole": True, "loaded_at": LOADED_AT}
            route.fulfill(json=answer, headers=headers)

    def _all(self) -> dict[str, Any]:
        loaded = self._standing == "loaded"
        choices = {
            name: [{"value": one, "words": one.capitalize()} for one in SAID[name]] for name in ("tier", "category")
        }
        choices["currency"] = [{"value": one, "words": one} for one in self.currencies]
        return {
            "standing": self._standing,
            "loaded_at": LOADED_AT if loaded else None,
            "sheets": list(SHEETS),
            "metrics": [json.loads(metric_view(metric).model_dump_json()) for metric in catalogue.metrics()],
            "choices": choices if loaded else {},
        }


@pytest.fixture
def page(manager: Manager) -> Page:
    """A business operator's, whose reports are made up."""
    return manager.sign_in("business-operator", "/queue")


def pictures(page: Page) -> None:
    """Every card of the sheet has drawn its picture: a grain of marks, under the policy that forbids eval; or its
    table, where that is what it shows."""
    cards = page.locator(".report")
    expect(cards.first).to_be_visible()
    for number in range(cards.count()):
        expect(
            cards.nth(number)
            .locator(".report-chart svg .role-mark path, .report-chart svg .role-mark line, .report-figures[open] td")
            .first
        ).to_be_attached()


def test_each_sheet_draws_its_metrics_and_an_operator_goes_from_one_to_the_next(page: Page, manager: Manager) -> None:
    answers = Answers(page)
    page.goto("/reports?from=2026-01-01")
    expect(page.get_by_text("when the warehouse was loaded last")).to_be_visible()
    for sheet in ("Points", "Products", "Seasons", "Campaigns", "Operations", "Customers"):
        page.get_by_role("tab", name=sheet).click()
        pictures(page)
    assert {name for name, _ in answers.asked} == {metric.name for metric in catalogue.metrics()}
    assert all(
        query == {"from": ["2026-01-01"]}
        for name, query in answers.asked
        if "from_day" in catalogue.metric(name).filters
    )

    page.get_by_role("link", name="Look further: Who comes back").first.click()
    expect(page).to_have_url(re.compile("sheet=customers&metric=cohort_retention"))
    card = page.get_by_role("region", name="Who comes back", exact=True)
    card.get_by_text("The figures").click()
    expect(card.get_by_role("cell", name="Jan 2026").first).to_be_visible()


def test_a_level_is_chosen_once_and_narrows_what_depends_on_it(page: Page) -> None:
    answers = Answers(page)
    page.goto("/reports?sheet=points&tier=gold&time=all")
    expect(page.get_by_text("Not narrowed by level").first).to_be_visible()
    pictures(page)
    asked = dict(answers.asked)
    assert asked["redemption_cost"] == {"tier": ["gold"]}
    assert asked["points_flow"] == {}
    with page.expect_download() as file:
        page.get_by_role("button", name="CSV file: Points issued, burned and expired").click()
    assert Path(file.value.suggested_filename).name == "points_flow.csv"


def test_before_the_first_night_the_page_teaches_how_it_fills_and_asks_a_slow_warehouse_again(page: Page) -> None:
    Answers(page, "never-loaded")
    page.goto("/reports")
    expect(page.get_by_role("heading", name="Nothing yet: the first night has not been")).to_be_visible()
    Answers(page).slow = 2
    page.goto("/reports?sheet=seasonality")
    pictures(page)


def test_who_uses_no_mouse_reads_the_figures_looks_further_and_comes_back(page: Page) -> None:
    answers = Answers(page)
    page.goto("/reports?sheet=points")
    card = page.get_by_role("region", name="Points, money or both", exact=True)
    card.locator("summary").press("Enter")
    card.get_by_role("link", name="Oct 2026: What redeeming costs").first.press("Enter")
    expect(page).to_have_url(re.compile("from=2026-10-01&to=2026-10-31&sheet=points&metric=redemption_cost"))
    further = page.get_by_role("region", name="What redeeming costs", exact=True)
    expect(further).to_be_focused()
    october = {"from": ["2026-10-01"], "to": ["2026-10-31"]}
    expect(further.locator("summary")).to_be_visible()
    assert ("redemption_cost", october) in answers.asked
    with page.expect_download():
        further.get_by_role("button", name="CSV file").press("Enter")
    assert answers.asked[-1] == ("redemption_cost/table.csv", october)
    further.get_by_role("button", name="Back").press("Enter")
    expect(page).to_have_url(re.compile(r"/reports\?sheet=points$"))


def test_of_two_currencies_one_is_shown_and_what_is_empty_says_how_it_fills(page: Page) -> None:
    answers = Answers(page)
    answers.currencies, answers.empty = ("USD", "JPY"), ("refunds",)
    page.goto("/reports?sheet=operations")
    expect(page.get_by_text("Nobody has paid with money yet.")).to_be_visible()
    # Twelve whole months before the one in which the warehouse was loaded; the currency with most.
    assert ("refunds", {"from": ["2025-11-01"], "currency": ["USD"]}) in answers.asked
    assert ("delivery_performance", {"from": ["2025-11-01"]}) in answers.asked
    page.get_by_role("button", name=re.compile("Currency")).click()
    page.get_by_role("option", name="JPY").click()
    expect(page.get_by_text("Take a longer time, or fewer filters.")).to_be_visible()
    assert ("refunds", {"from": ["2025-11-01"], "currency": ["JPY"]}) in answers.asked
