"""The manager app in a browser, against the session's cloud: its address, and browsers of the staff."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from lambdas.manager_routes.allowed import ALLOWED
from local.browser import sign_in_at_the_pool
from local.connected import Connected
from local.people import STAFF, Staff
from tests.web.conftest import DESK, PATIENCE_MS

# A function that has not run yet, on a busy machine.
SLOW_MS = 20_000
PLACES = Path(__file__).parents[3] / "web" / "manager" / "src" / "places.tsx"
_PLACE = re.compile(r'\{ path: "([^"]+)".*?needs: "([^"]+)"', re.DOTALL)


@dataclass
class Manager:
    """The manager app's address, and browsers' pages on it."""

    cloud: Connected
    browser: Browser
    faults: list[str] = field(default_factory=list)
    _open: list[BrowserContext] = field(default_factory=list)

    def page(self, size: tuple[int, int] = DESK) -> Page:
        """A browser of its own, nobody signed in. What goes wrong on it is kept in `faults`."""
        context = self.browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            locale="en-US",
            base_url=self.cloud.manager,
            timezone_id="UTC",
            accept_downloads=True,
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

    def sign_in(self, group: str, place: str = "/", *, nth: int = 0) -> Page:
        """A page of the `nth` of that group's people, at a place of the app."""
        page = self.page()
        page.goto(place)
        page.get_by_role("button", name="Sign in").click()
        sign_in_at_the_pool(page, of_group(group, nth).email)
        page.wait_for_url(f"{self.cloud.manager}/**")
        expect(page.get_by_role("navigation").first).to_be_visible(timeout=SLOW_MS)
        return page

    def close(self) -> None:
        for context in self._open:
            context.close()


def of_group(group: str, nth: int = 0) -> Staff:
    """One of the local cloud's staff."""
    return [person for person in STAFF if person.group == group][nth]


def places() -> list[tuple[str, str]]:
    """Every page that has an address of its own, with one group that may see it."""
    found: list[tuple[str, str]] = [
        (path, route) for path, route in _PLACE.findall(PLACES.read_text()) if ":" not in path
    ]
    return [(path, sorted(ALLOWED[route])[0]) for path, route in found]


@pytest.fixture
def manager(cloud: Connected, browser: Browser) -> Iterator[Manager]:
    """A test fails if any of its pages throws, logs an error or breaks its content security policy."""
    opened = Manager(cloud, browser)
    yield opened
    opened.close()
    assert opened.faults == []


@pytest.fixture(scope="module")
def seen(cloud: Connected, browser: Browser) -> Iterator[Manager]:
    """The same for tests of a module that only look; it keeps who is signed in."""
    opened = Manager(cloud, browser)
    yield opened
    opened.close()


def told(page: Page, words: str | re.Pattern[str]) -> None:
    """What the page says happened."""
    expect(page.locator("[class*=awsui_flashbar]").get_by_text(words).first).to_be_visible(timeout=SLOW_MS)


def token_groups(page: Page) -> list[str]:
    """The groups of who is signed in on the page, as the app reads them."""
    script = """() => {
      const key = Object.keys(sessionStorage).find((one) => one.startsWith("oidc.user"));
      const token = JSON.parse(sessionStorage.getItem(key)).access_token.split(".")[1];
      return atob(token.replaceAll("-", "+").replaceAll("_", "/"));
    }"""
    groups: list[str] = json.loads(page.evaluate(script)).get("cognito:groups", [])
    return groups
