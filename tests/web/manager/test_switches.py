"""A business operator switches something off and on again; everybody else of the staff sees it and why."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.cloud import ON_CLOUD
from tests.web.manager.conftest import SLOW_MS, Manager, told

pytestmark = ON_CLOUD


def switch(page: Page, name: str, why: str) -> None:
    page.get_by_role("button", name=f"Switch {name}").click()
    page.get_by_label("On", exact=True).click(force=True)
    page.get_by_label("Why").fill(why)
    page.get_by_role("button", name="Switch now").click()


@pytest.mark.large
def test_what_is_switched_off_is_seen_with_who_and_why_and_can_be_put_back(manager: Manager) -> None:
    page = manager.sign_in("business-operator", "/switches")
    switch(page, "looking ahead", "it takes too long")
    told(page, "Looking ahead: nobody.")
    row = page.get_by_role("table", name="Switches").get_by_role("row", name="Looking ahead")
    expect(row.get_by_text("Nobody", exact=True)).to_be_visible()

    support = manager.sign_in("support", "/switches")
    history = support.get_by_role("table", name="Last switchings")
    expect(history.get_by_text("it takes too long").first).to_be_visible(timeout=SLOW_MS)
    expect(support.get_by_role("button", name="Switch looking ahead")).to_have_count(0)

    switch(page, "looking ahead", "it is quick again")
    told(page, "Looking ahead: everybody.")
    expect(row.get_by_text("Everybody")).to_be_visible()
