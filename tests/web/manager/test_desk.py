"""Signing in to the manager app, what each role is shown, and a case of the queue from being taken to being decided."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.cloud import ON_CLOUD
from tests.web.manager.conftest import Manager

pytestmark = ON_CLOUD


def test_staff_sign_in_and_see_the_places_of_their_role(manager: Manager) -> None:
    page = manager.sign_in("support", "/nowhere")
    expect(page.get_by_role("heading", name="There is no such page")).to_be_visible()
    expect(page.get_by_role("link", name="Queue")).to_be_visible()
    page.get_by_role("button", name=re.compile("sam@staff.example")).click()
    page.get_by_role("menuitem", name="Sign out").click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()


def test_a_page_that_is_not_for_ones_role_says_for_whose_it_is(manager: Manager) -> None:
    page = manager.sign_in("finance", "/queue")
    expect(page.get_by_role("heading", name="Your role does not include this page")).to_be_visible()
    expect(page.get_by_text("It is for Business operator or Support. You are signed in as Finance.")).to_be_visible()
    expect(page.get_by_role("link", name="Queue")).to_have_count(0)
