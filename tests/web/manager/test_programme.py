"""A section changed, refused at its field, put right, published and rolled back; and two people in one draft."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.cloud import ON_CLOUD
from tests.web.manager.conftest import Manager, told

pytestmark = ON_CLOUD

SAVE = "Save in the draft: Cases"


def answer_within(page: Page, hours: str) -> None:
    """Save another time for answers."""
    page.goto("/programme/settings")
    page.get_by_label("Answer within").fill(hours)
    page.get_by_role("button", name=SAVE).click()
    told(page, "Saved in the draft.")


def forget(page: Page) -> None:
    page.goto("/programme/publish")
    expect(page.get_by_text(re.compile("^(Nothing is being prepared|What changes)")).first).to_be_visible()
    if page.get_by_role("button", name="Forget the draft").count():
        page.get_by_role("button", name="Forget the draft").click()
        page.get_by_role("button", name="Forget it").click()
        told(page, "There is no draft any more.")


def test_a_section_is_refused_at_its_field_put_right_published_and_rolled_back(manager: Manager) -> None:
    page = manager.sign_in("catalogue-manager", "/programme")
    heading = page.get_by_role("heading", name=re.compile(r"^Version \d+$"))
    before = int(heading.inner_text().split()[1])
    forget(page)
    answer_within(page, "0")
    expect(page.get_by_text("Must be at least 1.")).to_be_visible()
    answer_within(page, "47")
    page.goto("/programme/publish")
    expect(page.get_by_role("row", name=re.compile("Answer hours 48 47"))).to_be_visible()
    page.get_by_label("Why").fill("Quicker")
    page.get_by_role("button", name="Publish", exact=True).click()
    page.get_by_role("button", name="Publish now").click()
    told(page, f"Version {before + 1} applies.")
    expect(heading).to_have_text(f"Version {before + 1}")
    page.goto(f"/programme/history/{before}")
    page.get_by_role("button", name="Roll back to it").click()
    page.get_by_label("Why").fill("A trial")
    page.get_by_role("button", name=f"Publish it as version {before + 2}").click()
    told(page, f"Version {before + 2} applies. It says what version {before} said.")


@pytest.mark.large
def test_the_second_of_two_who_save_sees_theirs_and_can_keep_ones_own(manager: Manager) -> None:
    mine, theirs = (manager.sign_in("catalogue-manager", "/programme/settings") for _ in range(2))
    mine.get_by_label("Answer within").fill("40")
    answer_within(theirs, "30")
    mine.get_by_role("button", name=SAVE).click()
    dialog = mine.get_by_role("dialog", name="Somebody else saved this draft")
    expect(dialog.get_by_text("Theirs: 30")).to_be_visible()
    dialog.get_by_role("button", name="Save mine over it").click()
    told(mine, "Saved in the draft.")
    theirs.reload()
    expect(theirs.get_by_label("Answer within")).to_have_value("40")
    forget(theirs)
