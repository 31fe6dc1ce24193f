"""Looking ahead in a browser: asked for by a press, told in words and pictures, marked when the draft goes on."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from local.browser import violations
from loyalty.programme import drafting
from tests.cloud import ON_CLOUD
from tests.web.conftest import scrolls_sideways
from tests.web.manager.conftest import Manager

pytestmark = ON_CLOUD


@pytest.fixture
def drafted(manager: Manager) -> Iterator[Manager]:
    """Rewards cost a tenth more points in the draft; afterwards there is none."""
    draft(manager, 220)
    yield manager
    with manager.cloud.query() as connection:
        drafting.discard(connection, 1, revision=None, actor="test")


def draft(manager: Manager, factor: int) -> None:
    with manager.cloud.query() as connection:
        told = drafting.read(connection, 1)
        conversion = told.document["conversion"]
        assert isinstance(conversion, dict)
        value = conversion | {"points_per_major": factor}
        drafting.save(connection, 1, "conversion", value, revision=told.revision, actor="test")


@pytest.mark.large
def test_looking_ahead_says_what_the_draft_would_do_and_when_it_is_old(drafted: Manager) -> None:
    page = drafted.sign_in("business-operator", "/programme/ahead")
    page.get_by_role("button", name="Look ahead").click()
    expect(page.get_by_text(re.compile("^With this draft, ")).first).to_be_visible(timeout=30_000)
    expect(page.get_by_role("table", name="Favourites").get_by_role("row")).to_have_count(21)
    expect(page.get_by_role("table", name="Ten members")).to_be_visible()
    expect(page.get_by_role("heading", name="What is owed in points")).to_be_visible()
    assert violations(page) == []
    assert not scrolls_sideways(page)
    draft(drafted, 230)
    page.reload()
    expect(page.get_by_text("The draft says something else by now")).to_be_visible()
    expect(page.get_by_role("button", name="Look ahead again")).to_be_visible()
