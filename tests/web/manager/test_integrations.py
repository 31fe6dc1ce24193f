"""The catalogue manager sees how each outside party stands, tests a connection, and writes a webhook into the draft."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.cloud import ON_CLOUD
from tests.web.manager.conftest import Manager, told

pytestmark = ON_CLOUD


@pytest.mark.large
def test_a_connection_is_tested_and_a_webhook_that_leads_nowhere_is_refused_at_its_field(manager: Manager) -> None:
    page = manager.sign_in("catalogue-manager", "/integrations")
    page.get_by_role("button", name="Test connection").first.click()
    told(page, "Amazon Business: works.")
    expect(page.get_by_text("Token and search work")).to_be_visible()

    page.get_by_role("button", name="Settings").click()
    page.get_by_role("button", name="Add a webhook").click()
    page.get_by_label("Code").fill("shop")
    page.get_by_label("Address").last.fill("https://10.0.0.1/hooks")
    page.get_by_label("Name of its secret").last.fill("shop")
    page.get_by_label("Events").click()
    page.get_by_role("option", name="Orders: everything").click()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Save in the draft").click()
    expect(page.get_by_text("public host name")).to_be_visible()
    # The draft is everybody's: it is left as it was.
    page.get_by_role("button", name="Remove webhook 1").click()
    page.get_by_role("button", name="Save in the draft").click()
    expect(page.get_by_role("button", name="Save in the draft")).to_be_disabled()
