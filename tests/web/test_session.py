"""Coming in and going out: deep links survive, a session that ended says so, nothing is lost."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from uuid import uuid4

import httpx
import pytest
from playwright.sync_api import Route, expect

from tests.cloud import ON_CLOUD
from tests.web.conftest import SESSION_ENDS, Portal, cart_of, fill_cart

# Packed.
MOST_SCRIPT_BYTES = 50_000

pytestmark = ON_CLOUD

SLOW_MS = 40_000
ANYBODY = {"Access-Control-Allow-Origin": "*"}
TOKEN_RUNS_OUT = """() => {
  const key = Object.keys(sessionStorage).find((key) => key.startsWith("oidc.user"));
  sessionStorage.setItem(key, JSON.stringify({...JSON.parse(sessionStorage.getItem(key)), expires_at: 1}));
}"""


def test_a_deep_link_survives_signing_in(portal: Portal) -> None:
    member = portal.member(points=2_000)
    page = portal.page()
    portal.sign_in(page, member.email, "/browse?sort=points")
    # The page itself, and not the one that asks to sign in, which stands at the same place.
    expect(page.get_by_role("heading", level=1)).to_have_text("Rewards")
    expect(page.get_by_label("Sort by")).to_have_value("points")
    assert page.url.endswith("/browse?sort=points")


def test_who_signs_out_is_out_in_this_browser_and_at_the_pool(portal: Portal) -> None:
    member = portal.member(points=2_000)
    page = portal.page()
    portal.sign_in(page, member.email)
    expect(page.locator(".standing")).to_contain_text("points")
    user = json.loads(
        page.evaluate("sessionStorage.getItem(Object.keys(sessionStorage).find((key) => key.startsWith('oidc.user')))")
    )
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_label("Password")).to_be_visible()
    page.goto("/points")
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    expect(page.locator(".standing")).to_have_count(0)
    # Nor does what renewed the session renew it any more.
    asked = {
        "grant_type": "refresh_token",
        "client_id": portal.cloud.outputs["MemberClientId"],
        "refresh_token": user["refresh_token"],
    }
    again = httpx.post(f"{portal.cloud.gateway}/oauth2/token", data=asked, timeout=10)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")


def test_signing_out_without_a_connection_signs_out_in_every_tab(portal: Portal) -> None:
    member = portal.member(points=2_000)
    page = portal.page()
    portal.sign_in(page, member.email)
    other = page.context.new_page()
    portal.sign_in(other, member.email, "/points")
    for pool in ("**/oauth2/**", "**/logout**", "**/.well-known/**"):
        page.route(pool, lambda route: route.abort())
    page.get_by_role("button", name="Sign out").click()
    for left in (page, other):
        expect(left.get_by_role("button", name="Sign in")).to_be_visible()
        expect(left.locator(".standing")).to_have_count(0)
        left.wait_for_function("!Object.keys(sessionStorage).some((key) => key.startsWith('oidc.user'))")
    # The pool was not told, so it is told to ask whoever comes next.
    other.get_by_role("button", name="Sign in").click()
    other.wait_for_url("**prompt=login**")


@pytest.mark.large
def test_a_renewal_that_fails_for_now_signs_nobody_out_and_one_that_is_refused_does(portal: Portal) -> None:
    member = portal.member(points=2_000)
    page = portal.page()
    portal.sign_in(page, member.email, "/points")
    expect(page.locator(".standing")).to_contain_text("points")

    # Asked for three times before the page says that nothing answers.
    answers: list[Callable[[Route], None]] = [
        lambda route: route.abort("connectionreset"),
        lambda route: route.fulfill(status=429, headers=ANYBODY, json={"error": "slow_down"}),
        lambda route: route.fulfill(status=503, headers=ANYBODY, body="<html>"),
    ]
    asked: list[Route] = []

    def answer(route: Route) -> None:
        # What the page asks for side by side is asked for more often on a slow machine.
        asked.append(route)
        answers[min(len(asked), len(answers)) - 1](route)

    page.route("**/oauth2/token", answer)
    page.evaluate(TOKEN_RUNS_OUT)
    page.reload()
    expect(page.get_by_role("alert").first).to_contain_text("No answer came", timeout=SLOW_MS)
    assert len(asked) >= len(answers)
    page.unroute("**/oauth2/token")
    page.get_by_role("button", name="Try again").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("points$"))
    expect(page.locator(".standing")).to_contain_text("points")
    over = {"error": "invalid_grant"}
    page.route("**/oauth2/token", lambda route: route.fulfill(status=400, headers=ANYBODY, json=over))
    page.evaluate(TOKEN_RUNS_OUT)
    page.reload()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()


def test_the_next_member_on_the_device_finds_nothing_of_the_last_one(portal: Portal) -> None:
    first, second = portal.member(points=10_000), portal.member(points=10_000)
    page = portal.page()
    portal.sign_in(page, first.email, "/profile")
    page.get_by_role("button", name="Add an address").click()
    page.get_by_label("Full name").fill("Wanda the First")
    line = {"asin": "B0LAMP0000", "quantity": 1, "title": "The lamp of the first", "image": None, "points": 100}
    fill_cart(page, line)
    body = {"quote_id": str(uuid4()), "quote_token": "x", "points": 100, "money_minor": 0}
    order = {"key": str(uuid4()), "body": body, "taken": []}
    page.evaluate("(kept) => localStorage.setItem(...kept)", [f"placing {first.number}", json.dumps(order)])
    page.evaluate(SESSION_ENDS)
    page.reload()

    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    portal.sign_in_here(page, second.email)
    page.get_by_role("button", name="Add an address").click()
    expect(page.get_by_label("Full name")).to_have_value("")
    expect(page.get_by_text("Find out what became of it")).to_have_count(0)
    page.goto("/checkout")
    expect(page.get_by_text("Your cart is empty")).to_be_visible()
    assert not [url for url in sent if url.endswith("/redemptions")]

    # The session of the first had only ended: back again, all of it is there.
    page.evaluate(SESSION_ENDS)
    page.goto("/profile")
    portal.sign_in_here(page, first.email)
    expect(page.get_by_role("link", name="Find out what became of it")).to_be_visible()
    page.get_by_role("button", name="Add an address").click()
    expect(page.get_by_label("Full name")).to_have_value("Wanda the First")
    assert cart_of(page) == [line]
    # Who signs out leaves nothing that was typed.
    page.get_by_role("button", name="Sign out").first.click()
    page.wait_for_url(f"{portal.address}/")
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    assert "Wanda the First" not in page.evaluate("JSON.stringify({...sessionStorage, ...localStorage})")


def test_a_session_that_is_over_asks_to_sign_in_and_comes_back_to_the_same_place(portal: Portal) -> None:
    member = portal.member(points=2_000)
    page = portal.page()
    portal.sign_in(page, member.email, "/points/statement")
    movement = page.locator(".move")
    expect(movement).to_have_count(1)
    # The token and what renews it are gone, as after a month.
    page.evaluate(SESSION_ENDS)
    page.reload()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    expect(movement).to_have_count(0)
    portal.sign_in_here(page, member.email)
    assert page.url.endswith("/points/statement")
    expect(page.get_by_role("heading", level=1)).to_have_text("Every movement")
    expect(movement).to_have_count(1)


def test_the_way_back_from_signing_in_cannot_lead_to_another_site(portal: Portal) -> None:
    page = portal.page()
    page.goto("/signed-in?code=stolen&state=made-up")
    expect(page.get_by_role("alert")).to_contain_text("begin again")


def test_a_place_that_is_no_page_says_so_and_leads_home(portal: Portal) -> None:
    member = portal.member(points=2_000)
    page = portal.page()
    portal.sign_in(page, member.email, "/nowhere")
    page.get_by_role("link", name="To the first page").click()
    page.wait_for_url(f"{portal.address}/")
    expect(page.get_by_role("link", name="See all rewards")).to_be_visible()


def test_the_first_page_asks_for_little_script_signed_in_or_not(portal: Portal) -> None:
    member = portal.member(points=2_000, language="de")
    page = portal.page(language="de-DE")

    def script_bytes() -> int:
        """As they come over the wire, from the cache or not."""
        page.wait_for_load_state("networkidle")
        resources = "performance.getEntriesByType('resource').map(({name, encodedBodySize}) => [name, encodedBodySize])"
        sizes = [size for name, size in page.evaluate(resources) if name.endswith(".js")]
        assert all(sizes)
        return sum(sizes)

    page.goto("/")
    expect(page.get_by_role("button", name="Anmelden")).to_be_visible()
    assert script_bytes() < MOST_SCRIPT_BYTES
    portal.sign_in_here(page, member.email)
    page.goto("/")
    expect(page.get_by_role("link", name="Alle Prämien ansehen")).to_be_visible()
    assert script_bytes() < MOST_SCRIPT_BYTES
