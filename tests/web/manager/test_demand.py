"""Demand in the manager app: what will be asked for as pictures, risks that are acted on by one press and taken back by
another, trends, the model, and what is said before the first night."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from local.browser import violations
from tests.cloud import ON_CLOUD
from tests.domain.demand import morning
from tests.domain.demand.morning import BEFORE, CURRENT, OUT, TITLES
from tests.web.conftest import scrolls_sideways
from tests.web.manager.conftest import Manager, told

pytestmark = ON_CLOUD

LAMP, LIGHT = TITLES[OUT][0], TITLES[morning.SOON][0]
MARKS = ".report-chart svg .role-mark path, .report-chart svg .role-mark line"


@pytest.fixture
def operator(manager: Manager) -> Iterator[Page]:
    """A business operator's page, the morning after a night; whatever was made up for it goes."""
    with manager.cloud.query() as owner:
        morning.night(owner)
        yield manager.sign_in("business-operator", "/queue")
        morning.forget(owner)
        for table in ("offer", "product"):
            owner.execute(f"delete from catalogue.{table} where program_id = 1 and asin = any (%s)", (list(TITLES),))


def fits(page: Page) -> None:
    assert violations(page) == []
    assert not scrolls_sideways(page)


def test_an_operator_goes_from_the_whole_to_a_category_to_one_products_fan(operator: Page) -> None:
    page = operator
    page.goto("/demand/forecast")
    expect(page.get_by_text("About 204 units of 4 products in the next four weeks.")).to_be_visible()
    expect(page.get_by_text("The truth is between the two")).to_be_visible()
    expect(page.locator(MARKS).first).to_be_attached()
    fits(page)
    expect(page.get_by_role("row").nth(1)).to_contain_text(LIGHT)
    # The bar of the first category.
    page.locator(".report-chart").nth(1).locator(".mark-rect path").first.click()
    expect(page).to_have_url(re.compile("category=home"))
    expect(page.get_by_text("About 168 units of 2 products")).to_be_visible()
    page.get_by_role("link", name=LAMP).click()
    expect(page.get_by_role("heading", name=LAMP)).to_be_visible()
    expect(
        page.get_by_text("About 56 units in the next four weeks; 8 times in 10 or oftener from 28 to 84.")
    ).to_be_visible()
    expect(page.get_by_text("Grey: it could not be had")).to_be_visible()
    expect(page.locator(MARKS).first).to_be_attached()
    page.get_by_role("button", name="By day").click()
    page.get_by_text("The figures (28 days)").click()
    expect(page.get_by_role("region", name="Figures by day").get_by_role("row")).to_have_count(29)
    fits(page)


def test_a_risk_says_what_each_action_will_do_is_acted_on_by_one_press_and_taken_back(operator: Page) -> None:
    page = operator
    page.goto("/demand/risks")
    cards = page.locator(".risk")
    expect(cards).to_have_count(3)
    first = cards.nth(0)
    expect(first).to_contain_text("Sold out now")
    expect(first).to_contain_text("Likely back between")
    expect(cards.nth(1)).to_contain_text("70% likely to arrive too late within 14 days")
    expect(first).to_contain_text("Wherever members meet it while it cannot be had, “Night cap of merino wool”")
    fits(page)
    first.get_by_role("button", name="Offer another").click()
    told(page, "Another is offered instead")
    expect(first.locator(".risk-done")).to_contain_text("By you")
    page.locator("[class*=awsui_flashbar]").get_by_role("button", name="Undo").click()
    expect(first.locator(".risk-done")).to_have_count(0)

    first.get_by_role("button", name="Hide it").click()
    expect(first.locator(".risk-done")).to_contain_text("Hidden")
    first.get_by_role("button", name="Take back").click()
    expect(first.locator(".risk-done")).to_have_count(0)

    first.locator(".risk-act", has_text="Limit per member").get_by_role("button", name="Otherwise…").click()
    page.get_by_label("At most").fill("3")
    expect(page.get_by_role("dialog")).to_contain_text("No member gets more than 3 within 30 days")
    page.get_by_role("dialog").get_by_role("button", name="Limit per member").click()
    expect(first.locator(".risk-done")).to_contain_text("Limited per member")
    page.goto("/demand/risks?acted=no")
    expect(cards).to_have_count(2)
    page.get_by_role("button", name="Seen").first.click()
    told(page, "No more warnings of it while it lasts.")


def test_trends_are_drawn_with_what_chance_leaves_open_and_one_is_taken_apart(operator: Page) -> None:
    page = operator
    page.goto("/demand/trends")
    expect(page.get_by_text("at most 1 in 20 is a false alarm")).to_be_visible()
    expect(page.locator(MARKS).first).to_be_attached()
    fits(page)
    page.get_by_role("button", name="Falls (1)").click()
    expect(page.get_by_role("row")).to_have_count(2)
    page.get_by_role("link", name=LAMP).click()
    expect(page.get_by_text("Falls by 1.5 % a week (−2.3 % to −0.7 %), season and campaigns aside.")).to_be_visible()


def test_an_operator_sees_how_good_the_model_is_and_goes_back_to_an_earlier_one(operator: Page) -> None:
    page = operator
    page.goto("/demand/health")
    expect(page.get_by_text("Lately forecasts missed by 41% less than repeating the past would have.")).to_be_visible()
    expect(page.locator(MARKS).first).to_be_attached()
    expect(page.get_by_text("1.2 times the error of repeating the past")).to_be_visible()
    fits(page)
    page.get_by_role("button", name="Forecast by this one").click()
    expect(page.get_by_role("dialog")).to_contain_text("What is shown now stays until then.")
    page.get_by_role("button", name="From the next night on").click()
    told(page, f"From the next night on {BEFORE} forecasts.")
    expect(page.get_by_role("row").filter(has_text=BEFORE).first).to_contain_text("Forecasts now")
    expect(page.get_by_role("row").filter(has_text=CURRENT).first).to_contain_text("Was good, replaced")


def test_before_the_first_night_each_page_says_what_comes_and_how(operator: Page, manager: Manager) -> None:
    with manager.cloud.query() as owner:
        morning.forget(owner)
    for place in ("forecast", "risks", "trends", "health"):
        operator.goto(f"/demand/{place}")
        expect(operator.get_by_role("heading", name="No night yet")).to_be_visible()
        fits(operator)
