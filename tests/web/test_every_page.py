"""Every page, at both widths, in both languages: axe finds nothing, nothing is wider than the window or throws."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from local.browser import violations
from local.screens.member import Furnished
from local.screens.pages import OUTSIDE, inside
from tests.cloud import ON_CLOUD
from tests.web.conftest import DESK, PHONE, Portal, scrolls_sideways

pytestmark = ON_CLOUD
REST_MS = 300


def problems(page: Page, place: str) -> list[str]:
    """What is wrong with the page at `place`, each line naming it."""
    page.goto(place)
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(REST_MS)
    found = [f"{place}: {one}" for one in violations(page)]
    if scrolls_sideways(page):
        found.append(f"{place}: is wider than the window")
    if page.locator("h1").count() != 1:
        found.append(f"{place}: has {page.locator('h1').count()} headings of the first order")
    return found


@pytest.mark.parametrize(
    ("size", "language"),
    [(PHONE, "de-DE"), pytest.param(DESK, "en-US", marks=pytest.mark.large)],
    ids=["phone-de", "desk-en"],
)
def test_every_page_is_accessible_and_fits_the_window(
    portal: Portal, furnished: Furnished, size: tuple[int, int], language: str
) -> None:
    page = portal.page(size, language)
    found = [problem for place in OUTSIDE.values() for problem in problems(page, place)]
    portal.sign_in(page, furnished.member.email)
    places = inside(furnished)
    page.goto(places["product"])
    page.locator("main .buy .button").first.click()
    found += [problem for place in places.values() for problem in problems(page, place)]
    assert found == []


def test_the_list_of_orders_leads_to_documents_where_an_order_can_have_some(
    portal: Portal, furnished: Furnished
) -> None:
    page = portal.page()
    portal.sign_in(page, furnished.member.email, "/redemptions")
    expect(page.locator(".order-row")).to_have_count(len(furnished.redemptions))
    with_documents = {
        state
        for state, name in furnished.redemptions.items()
        if page.locator(".order-row", has=page.locator(f"h2 a[href$='{name}']")).get_by_text("Documents").count()
    }
    assert with_documents == {"delivered", "shipped"}
