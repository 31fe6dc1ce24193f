"""The portal in a browser, against the session's cloud: pages at two widths, members of a test's own, axe."""

from __future__ import annotations

import itertools
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from local import joining
from local.browser import FLAGS, NoBrowser, program, sign_in_at_the_pool
from local.connected import Connected
from local.people import MEMBERS, Member
from local.screens.member import Furnished, furnish
from tests.cloud import cloud

__all__ = ["cloud"]

PHONE, DESK = (390, 844), (1360, 900)
PATIENCE_MS = 15_000
# What is waited for comes late on a busy machine; what never comes is found out all the same.
expect.set_options(timeout=PATIENCE_MS)
STOCK_SECONDS, LEAST_PRODUCTS = 120, 150
_SIGN_IN = re.compile("^(Sign in|Anmelden)$")
# The token and what renews it are gone, as after a month.
SESSION_ENDS = (
    "for (const key of Object.keys(sessionStorage)) if (key.startsWith('oidc.user')) sessionStorage.removeItem(key)"
)
_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The system's headless Chromium; nothing is downloaded."""
    try:
        found = program()
    except NoBrowser as missing:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(str(missing))
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=found, args=FLAGS)
        yield launched
        launched.close()


@dataclass
class Portal:
    """The portal's address, browsers' pages on it, and members to sign in as."""

    cloud: Connected
    browser: Browser
    faults: list[str] = field(default_factory=list)
    _open: list[BrowserContext] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"http://localhost:{self.cloud.ports.portal}"

    def page(self, size: tuple[int, int] = PHONE, language: str = "en-US") -> Page:
        """A browser of its own, nobody signed in. What goes wrong on it is kept in `faults`."""
        context = self.browser.new_context(
            viewport={"width": size[0], "height": size[1]}, locale=language, base_url=self.address, timezone_id="UTC"
        )
        self._open.append(context)
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        page.on("pageerror", lambda error: self.faults.append(f"{page.url}: {error}"))
        page.on("console", lambda message: self._heard(page, message.type, message.text))
        return page

    def _heard(self, page: Page, kind: str, text: str) -> None:
        # A browser logs each answer above 399 by itself; whether the page copes is the test's question.
        if kind == "error" and "Failed to load resource" not in text:
            self.faults.append(f"{page.url}: {text}")

    def sign_in(self, page: Page, email: str, place: str = "/") -> None:
        """As a person does: open a place of the portal, sign in on the pool's page, come back to it."""
        page.goto(place)
        self.sign_in_here(page, email)

    def sign_in_here(self, page: Page, email: str) -> None:
        """From the page that asks for it, and back to its place. The local pool asks for the password each time."""
        place = page.url
        page.get_by_role("button", name=_SIGN_IN).click()
        sign_in_at_the_pool(page, email)
        page.wait_for_url(place)

    def member(self, points: int = 20_000, language: str = "en") -> Member:
        """A new member with an address, terms accepted and about so many points (10 a dollar, gold earns more)."""
        number = f"WEB-{os.getpid()}-{next(_numbers):04d}"
        member = Member(number, f"{number.lower()}@members.example", "Wanda", "member", points * 10, language)
        with joining.partner(self.cloud) as inbound:
            inbound.post("/members", json=member.registration()).raise_for_status()
            inbound.post("/accruals", json=member.purchase()).raise_for_status()
        joining.join(self.cloud, member).close()
        return member

    @contextmanager
    def door(self, member: Member) -> Iterator[Any]:
        """A client of the member API as this member: another device."""
        with joining.signed_in(self.cloud, member.email) as door:
            yield door

    def close(self) -> None:
        for context in self._open:
            context.close()


@pytest.fixture(scope="session")
def stocked(cloud: Connected) -> Connected:
    """The session's cloud when its whole shelf is there: it is filled while the first tests run already."""
    deadline = time.monotonic() + STOCK_SECONDS
    with joining.signed_in(cloud, MEMBERS[0].email) as door:
        while True:
            told = door.get("/catalogue")
            if told.status_code == 200 and sum(one["products"] for one in told.json()["categories"]) >= LEAST_PRODUCTS:
                return cloud
            assert time.monotonic() < deadline, f"the shelf is not filled: {told.text[:300]}"
            time.sleep(0.2)


@pytest.fixture
def portal(stocked: Connected, browser: Browser) -> Iterator[Portal]:
    """A test fails if any of its pages throws, logs an error or breaks its content security policy."""
    opened = Portal(stocked, browser)
    yield opened
    opened.close()
    assert opened.faults == []


@pytest.fixture(scope="session")
def furnished(stocked: Connected) -> Furnished:
    """A member with orders in several states, a case, wishes and points that lapse soon: for looking at only."""
    return furnish(stocked, Member("WEB-FURNISHED", "furnished@members.example", "Wanda", "gold", 300_000))


_CART = """() => {
  const user = Object.keys(sessionStorage).find((key) => key.startsWith("oidc.user"));
  return `cart ${JSON.parse(sessionStorage.getItem(user)).profile.sub}`;
}"""


def fill_cart(page: Page, *lines: dict[str, Any]) -> None:
    """So, and nothing else, is the cart of who is signed in on the page; it is seen when the page is loaded anew."""
    page.evaluate(f"(lines) => localStorage.setItem(({_CART})(), JSON.stringify(lines))", list(lines))


def cart_of(page: Page) -> list[dict[str, Any]]:
    """What is in the cart of who is signed in on the page."""
    lines: list[dict[str, Any]] = page.evaluate(f"() => JSON.parse(localStorage.getItem(({_CART})()) ?? '[]')")
    return lines


def scrolls_sideways(page: Page) -> bool:
    """Whether anything is wider than the window."""
    wider: bool = page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    return wider
