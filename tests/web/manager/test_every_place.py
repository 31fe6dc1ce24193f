"""Every page of the manager app at a desk's width: axe finds nothing, nothing is wider than the window or throws."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from local.browser import violations
from tests.cloud import ON_CLOUD
from tests.web.conftest import scrolls_sideways
from tests.web.manager.conftest import Manager, places

pytestmark = ON_CLOUD


@pytest.fixture(scope="module")
def signed_in(seen: Manager) -> dict[str, Page]:
    """Pages by the group of who is signed in on them."""
    return {}


@pytest.mark.parametrize(("path", "group"), places())
def test_every_place_is_accessible_and_fits_the_window(
    seen: Manager, signed_in: dict[str, Page], path: str, group: str
) -> None:
    page = signed_in.get(group) or signed_in.setdefault(group, seen.sign_in(group))
    before = len(seen.faults)
    # As a link does: the app is not loaded anew for each of them.
    page.evaluate("(path) => history.pushState(null, '', path)", path)
    expect(page.locator("h1")).to_have_count(1)
    expect(page.get_by_text("Loading", exact=True)).to_have_count(0)
    found = violations(page)
    if scrolls_sideways(page):
        found.append("is wider than the window")
    assert found + seen.faults[before:] == []
