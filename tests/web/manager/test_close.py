"""Finance opens a month's close in the manager app: from a figure to its day, to a member's lot, to what moved it."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from local import joining
from local.browser import violations
from local.connected import Connected
from tests.cloud import ON_CLOUD
from tests.local.probe import eventually
from tests.web.manager.conftest import SLOW_MS, Manager, of_group

pytestmark = ON_CLOUD

# When Ada, who is in every local cloud, bought what her points are from (local/people.py).
MONTH, NUMBER, POINTS = "2026-11", "LOCAL-0001", "50,000"


@pytest.fixture(scope="module")
def posted(cloud: Connected) -> None:
    """The worker has posted Ada's purchase: it comes by once a minute."""
    with joining.staff_signed_in(cloud, of_group("finance").email) as finance:

        def there() -> bool:
            answer = finance.get(f"/finance/months/{MONTH}/close/issued/lots", params={"limit": 500})
            return NUMBER in answer.text

        assert eventually(there, 120)


def accessible(page: Page) -> None:
    assert violations(page) == []


def test_a_figure_opens_to_a_members_lot_and_the_lot_to_what_moved_it(manager: Manager, posted: None) -> None:
    page = manager.sign_in("finance", f"/close?month={MONTH}")
    figures = page.get_by_role("table", name="Figures of the month")
    expect(figures.get_by_role("row")).to_have_count(7, timeout=SLOW_MS)
    figures.get_by_role("button", name="Open Issued").click()
    movements = page.get_by_role("table", name="What Issued is made of")
    movements.get_by_role("button", name="Lots of November 1, 2026").first.click()
    lots = page.get_by_role("table", name="Lots of Issued")
    row = lots.get_by_role("row").filter(has_text=NUMBER).first
    expect(row).to_contain_text(POINTS)
    accessible(page)
    row.get_by_role("link", name=f"Lot of {NUMBER}").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(f"{NUMBER}: points good until November 30, 2028")
    moved = page.get_by_role("table", name="What moved the lot").get_by_role("row").nth(1)
    expect(moved).to_contain_text("Earned")
    expect(moved).to_contain_text(f"+{POINTS}")
    accessible(page)
    moved.get_by_role("link", name="Issued of November 2026").click()
    expect(page).to_have_url(re.compile(f"/close\\?month={MONTH}&figure=issued"))
    with page.expect_download() as file:
        page.get_by_role("button", name="CSV file").click()
    assert file.value.suggested_filename == f"close-{MONTH}.csv"
    assert "issued" in file.value.path().read_text()


def test_who_is_not_of_finance_has_no_such_page(manager: Manager) -> None:
    page = manager.sign_in("business-operator", "/close")
    expect(page.get_by_role("table", name="Figures of the month")).to_have_count(0)
    expect(page.get_by_role("link", name="Month close")).to_have_count(0)
