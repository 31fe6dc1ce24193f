"""Coming in and going out: deep links survive, a session that ended says so, nothing is lost."""

from __future__ import annotations

import json

import httpx
from playwright.sync_api import expect

from tests.cloud import ON_CLOUD
from tests.web.conftest import Portal

pytestmark = ON_CLOUD


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


def test_a_session_that_is_over_asks_to_sign_in_and_comes_back_to_the_same_place(portal: Portal) -> None:
    member = portal.member(points=2_000)
    page = portal.page()
    portal.sign_in(page, member.email, "/points/statement")
    movement = page.locator(".move")
    expect(movement).to_have_count(1)
    # The token and what renews it are gone, as after a month.
    page.evaluate(
        "for (const key of Object.keys(sessionStorage)) if (key.startsWith('oidc.user')) sessionStorage.removeItem(key)"
    )
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
