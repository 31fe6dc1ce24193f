"""Levels in the manager app: how many members have which, what is wrong with a ladder, a level given at the desk."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.cloud import ON_CLOUD
from tests.web.conftest import Portal
from tests.web.manager.conftest import Manager, told

pytestmark = ON_CLOUD


@pytest.mark.large
def test_an_operator_gives_a_level_and_sees_it_among_the_members(manager: Manager, portal: Portal) -> None:
    member = portal.member(points=100)
    page = manager.sign_in("business-operator", f"/members/{member.number}")
    page.get_by_role("button", name="Give a level").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Level", exact=True).click()
    page.get_by_role("option", name="Gold").click()
    dialog.get_by_label("Through").fill("2027/06/30")
    dialog.get_by_role("button", name="Give it").click()
    told(page, "The level is Gold now.")
    expect(page.get_by_text("given by staff (goodwill), until June 30")).to_be_visible()

    page.goto("/tiers")
    expect(page.get_by_role("heading", name="Members by level")).to_be_visible()
    expect(page.get_by_role("heading", name="Near the next level")).to_be_visible()
    expect(page.get_by_label("Points in a period").first).to_be_disabled()
