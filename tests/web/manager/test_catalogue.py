"""A product is hidden and taken back, and gets words of its own; a rule is counted while it is written."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.cloud import ON_CLOUD
from tests.web.manager.conftest import Manager, told

pytestmark = ON_CLOUD


def test_a_product_is_hidden_taken_back_and_named(manager: Manager) -> None:
    page = manager.sign_in("catalogue-manager", "/catalogue/products")
    page.goto("/catalogue/products?search=teapot")
    row = page.get_by_role("row", name=re.compile("Teapot"))
    expect(row.get_by_text("Shown", exact=True)).to_be_visible()
    row.get_by_role("checkbox").check()
    page.get_by_role("button", name="Hide (1)").click()
    told(page, "1 product hidden.")
    expect(row.get_by_text("Hidden by hand.")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    told(page, "Taken back.")
    expect(row.get_by_text("Shown", exact=True)).to_be_visible()

    row.get_by_role("link", name=re.compile("Teapot")).click()
    page.get_by_role("textbox", name="Title").fill("The teapot of the house")
    expect(page.get_by_role("group", name="Preview").get_by_text("The teapot of the house")).to_be_visible()
    page.get_by_role("button", name="Save", exact=True).click()
    told(page, "Saved. Members see it from now on.")
    page.get_by_role("button", name="Undo").click()
    told(page, "Taken back.")


def test_a_rule_is_counted_while_it_is_written(manager: Manager) -> None:
    page = manager.sign_in("catalogue-manager", "/catalogue/rules")
    count = page.get_by_text(re.compile(r"^Shows [\d,]+ of [\d,]+ products$"))
    expect(count).to_be_visible()
    before = count.inner_text()
    page.get_by_role("button", name="Add a rule").click()
    expect(page.get_by_text(re.compile("^Not counted: "))).to_be_visible()
    page.get_by_role("textbox", name="Words in title or brand").fill("teapot")
    expect(count).to_be_visible()
    expect(count).not_to_have_text(before)
