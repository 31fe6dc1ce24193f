"""The brand is tried in the portal before anybody else sees it; a message is tried on oneself."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.cloud import ON_CLOUD
from tests.domain.programme.test_logo import picture
from tests.web.manager.conftest import Manager, told

pytestmark = ON_CLOUD
RED = "#e2001a"


def test_the_portal_shows_a_brand_that_nobody_has_saved(manager: Manager) -> None:
    page = manager.sign_in("catalogue-manager", "/programme/brand")
    frame = page.frame_locator("iframe[title*='portal']")
    expect(frame.locator(".brand").first).to_have_text("Journey Rewards")
    page.get_by_label("Name", exact=True).fill("Quorva Club")
    expect(frame.locator(".brand").first).to_have_text("Quorva Club")
    page.get_by_label("Brand colour").fill("#e2")
    expect(page.get_by_text("Write it like #1f4b99.")).to_be_visible()
    page.get_by_label("Brand colour").fill(RED)
    expect(frame.locator("html")).to_have_attribute("style", re.compile(f"--brand: {RED}"))
    svg = {"name": "logo.svg", "mimeType": "image/svg+xml", "buffer": b"<svg onload='alert(1)'/>"}
    page.locator("input[type=file]").set_input_files(svg)  # type: ignore[arg-type]
    expect(page.get_by_text("An SVG can carry scripts").first).to_be_visible()
    logo = {"name": "logo.png", "mimeType": "image/png", "buffer": picture()}
    page.locator("input[type=file]").set_input_files(logo)  # type: ignore[arg-type]
    told(page, "480 by 160 pixels")
    expect(frame.locator(".brand img").first).to_have_js_property("naturalWidth", 480)
    page.get_by_role("link", name="Overview").click()
    expect(page.get_by_role("heading", name="Leave without saving?")).to_be_visible()
    page.get_by_role("button", name="Stay").click()
    page.get_by_role("button", name="Discard changes").click()
    expect(frame.locator(".brand").first).to_have_text("Journey Rewards")


def test_a_message_is_sent_to_oneself(manager: Manager) -> None:
    page = manager.sign_in("catalogue-manager", "/programme/messages/points-earned")
    expect(page.locator(".letter header mark").first).to_be_visible()
    page.get_by_label("Subject").fill("Hello from {brand}, {nobody}")
    expect(page.get_by_text("{nobody} is not known here.").first).to_be_visible()
    page.get_by_label("Subject").fill("Hello from {brand}")
    page.get_by_role("button", name="Send me a test").click()
    told(page, "Sent to cleo@staff.example.")
    mails = [mail for mail in manager.cloud.mails() if "cleo@staff.example" in str(mail["To"])]
    assert mails[-1]["Subject"] == "[Test] Hello from Journey Rewards"
    page.get_by_role("button", name="Discard changes").click()
