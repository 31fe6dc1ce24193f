"""In the shop: points that lapse become a reward, what was looked for stays found, points and money are mixed."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

from playwright.sync_api import Page, Request, Route, expect

from local import joining
from local.people import Member
from tests.cloud import ON_CLOUD
from tests.web.conftest import DESK, PHONE, Portal

pytestmark = ON_CLOUD

# Points of a purchase so long ago lapse at the end of a month that is two or three away.
LONG_AGO = timedelta(days=670)
LAPSING = 3_000


def with_lapsing_points(portal: Portal) -> tuple[Member, int, date]:
    """A member some of whose points lapse soon: how many, and on which day."""
    member = portal.member(points=20_000)
    long_ago = (datetime.now(UTC) - LONG_AGO).strftime("%Y-%m-%dT%H:%M:%SZ")
    old = {"partner_reference": f"old-{member.number}", "spend_minor": LAPSING * 10, "occurred_at": long_ago}
    with joining.partner(portal.cloud) as inbound:
        inbound.post("/accruals", json={**member.purchase(), **old}).raise_for_status()
    with portal.door(member) as door:
        balance = door.get("/me/balance").json()
    return member, balance["expires_next_amount"], date.fromisoformat(balance["expires_next_on"])


def slider(page: Page) -> Any:
    return page.get_by_role("slider", name="Points to use")


def money(page: Page) -> float:
    """The money beside the points, in dollars."""
    return float(page.locator("output.mix-price").inner_text().rsplit("$", 1)[1])


def test_points_that_lapse_become_a_reward_in_two_taps_and_the_slider_starts_there(portal: Portal) -> None:
    member, lapsing, on = with_lapsing_points(portal)
    page = portal.page(PHONE)
    portal.sign_in(page, member.email)
    expect(page.get_by_role("heading", level=1)).to_have_text(f"{lapsing:,} points lapse on {on:%B} {on.day}")
    page.get_by_role("link", name="See what they get you").click()
    first = page.locator("a.card").first
    expect(first).to_contain_text(re.compile(rf"{lapsing:,} points\s*\+ \$"))
    first.click()
    expect(slider(page)).to_have_value(str(lapsing))
    expect(page.get_by_text(f"{lapsing:,} points, used first")).to_be_visible()
    seen = money(page)
    page.get_by_role("button", name="Redeem now").click()
    page.wait_for_url(re.compile(rf"/checkout\?points={lapsing}&only="))
    expect(slider(page)).to_have_value(str(lapsing))
    # What is seen is the most that is paid: the true tax may be less than the programme's rough one.
    assert 0 < money(page) <= seen


def test_what_was_looked_for_stands_in_the_address_and_is_found_again_on_the_way_back(portal: Portal) -> None:
    member = portal.member(points=8_000)
    page = portal.page(DESK)
    portal.sign_in(page, member.email, "/browse")
    page.get_by_label("Sort by").select_option("points")
    page.get_by_label("Within my points").check()
    page.wait_for_url("**/browse?within=mine&sort=points")
    prices = page.locator(".card .price b")
    expect(prices.first).to_be_visible()
    assert all(int(re.sub(r"\D", "", price)) <= 8_000 for price in prices.all_inner_texts())
    page.get_by_label("Within my points").uncheck()
    page.get_by_role("button", name="Show more").click()
    expect(page.get_by_role("heading", name="The first 48 rewards")).to_be_visible()
    expect(page.locator("a.card").nth(24)).to_be_focused()
    card = page.locator("a.card").nth(40)
    card.scroll_into_view_if_needed()
    before = page.evaluate("scrollY")
    assert before > 1000
    card.click()
    page.wait_for_url("**/products/**")
    expect(page.get_by_role("button", name="Add to cart")).to_be_visible()
    assert page.evaluate("scrollY") == 0
    page.go_back()
    expect(page.locator("a.card").nth(40)).to_be_in_viewport()
    assert abs(page.evaluate("scrollY") - before) < 5


def test_a_search_without_an_answer_has_a_way_out_and_typing_is_not_disturbed(portal: Portal) -> None:
    member = portal.member(points=8_000)
    page = portal.page(PHONE)
    portal.sign_in(page, member.email, "/browse?within=mine")
    page.get_by_label("Search").press_sequentially("no such  thing", delay=40)
    page.wait_for_url("**/browse?search=no+such+thing&within=mine")
    expect(page.get_by_label("Search")).to_have_value("no such  thing")
    expect(page.get_by_role("heading", name="Nothing found for “no such thing”")).to_be_visible()
    page.get_by_role("button", name="See all rewards").click()
    expect(page.locator("a.card").first).to_be_visible()
    expect(page.get_by_label("Search")).to_have_value("")
    assert page.url == f"{portal.address}/browse"


def test_slider_typed_number_stops_and_keys_agree(portal: Portal) -> None:
    member = portal.member(points=20_000)
    page = portal.page(PHONE)
    portal.sign_in(page, member.email, "/browse?sort=points")
    page.locator("a.card").first.click()
    price, typed = page.locator(".mix-price"), page.get_by_label("or type")
    full = int(slider(page).get_attribute("max") or 0)
    expect(price).to_have_text(f"{full:,} points")
    slider(page).press("ArrowLeft")
    expect(typed).to_have_value(f"{full - 1:,}")
    typed.fill("1,000")
    typed.press("Enter")
    expect(slider(page)).to_have_value("1000")
    expect(price).to_contain_text("1,000 points+ $")
    page.get_by_role("button", name="Half and half").click()
    expect(slider(page)).to_have_value(str(full // 2))
    expect(page.locator(".facts")).to_contain_text("You keep")
    slider(page).press("Home")
    expect(price).to_contain_text("$")
    expect(price).not_to_contain_text("points")
    typed.fill("999999999")
    typed.press("Enter")
    expect(slider(page)).to_have_value(str(full))


def test_kinds_are_chosen_without_losing_the_place(portal: Portal) -> None:
    member = portal.member(points=5_000)
    page = portal.page(PHONE)
    portal.sign_in(page, member.email, "/browse?search=parka&points=5000")
    page.locator("a.card").first.click()
    page.get_by_role("radio", name="Ochre").check()
    page.get_by_role("radio", name="M", exact=True).check()
    expect(page.get_by_role("heading", level=1)).to_contain_text("M, Ochre")
    # Dearer than all there is: all of it and the rest in money, still what was chosen on the way here.
    expect(slider(page)).to_have_value("5000")
    expect(page.get_by_role("button", name="All you have")).to_have_attribute("aria-pressed", "true")
    page.go_back()
    page.wait_for_url("**/browse?search=parka&points=5000")


def test_a_product_that_was_opened_is_told_in_the_background_and_no_more_to_who_wants_none_kept(portal: Portal) -> None:
    member = portal.member(points=5_000)
    page = portal.page(PHONE)
    told: list[Any] = []
    page.on("request", lambda request: told.append(request.post_data_json) if is_look(request) else None)
    portal.sign_in(page, member.email, "/browse?search=parka")
    for wanted in (True, False):
        with page.expect_response(lambda answer: is_look(answer.request)) as answered:
            page.locator("a.card").first.click()
            expect(slider(page)).to_be_visible()
            page.evaluate("dispatchEvent(new Event('pagehide'))")
        assert answered.value.json() == {"wanted": wanted, "recorded": int(wanted), "unknown": 0}
        page.go_back()
        with portal.door(member) as door:
            now = door.get("/me/preferences").json()
            chosen = {
                way: {kind: one["wanted"] for kind, one in now[way]["choices"].items()} for way in ("email", "sms")
            }
            door.put("/me/preferences", json={"language": "en", **chosen, "personalisation": False}).raise_for_status()
    assert [[view["came_from"] for view in body["views"]] for body in told] == [["search"]] * 2
    page.locator("a.card").first.click()
    expect(slider(page)).to_be_visible()
    page.evaluate("dispatchEvent(new Event('pagehide'))")
    page.go_back()
    page.wait_for_url("**/browse?search=parka")
    assert len(told) == 2


def is_look(request: Request) -> bool:
    return request.method == "POST" and request.url.endswith("/me/views")


def test_wishes_are_kept_and_taken_back_and_what_is_gone_can_be_waited_for(portal: Portal) -> None:
    member = portal.member(points=8_000)
    page = portal.page(PHONE)
    portal.sign_in(page, member.email, "/browse?sort=points")
    page.locator("a.card").first.click()
    page.get_by_role("button", name="Put on wishlist").click()
    wished = page.get_by_role("button", name="On your wishlist")
    expect(wished).to_have_attribute("aria-pressed", "true")
    expect(wished).to_be_enabled()  # it is drawn before the answer is there, and pressed again only after
    title = page.get_by_role("heading", level=1).inner_text()

    def sold_out(route: Route) -> None:
        answer = route.fetch()
        gone = {"points": None, "price_minor": None, "available": False}
        route.fulfill(response=answer, json={**answer.json(), **gone})

    page.route(re.compile(r"/catalogue/\d+/products/\w+$"), sold_out)
    page.reload()
    expect(page.get_by_role("button", name="We will tell you when it is back")).to_be_visible()
    expect(page.get_by_role("button", name="Redeem now")).to_have_count(0)
    page.get_by_role("link", name="Your wishlist").click()
    page.get_by_role("button", name=f"Remove {title}").click()
    expect(page.get_by_role("heading", name="Nothing wished for yet")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("link", name=title)).to_be_visible()


def test_a_page_of_the_shop_that_fails_says_so_and_can_be_asked_again(portal: Portal) -> None:
    member = portal.member(points=8_000)
    page = portal.page(PHONE)
    portal.sign_in(page, member.email, "/wishlist")
    products = re.compile(r"/catalogue/\d+/products")
    page.route(products, lambda route: route.abort())
    page.goto("/browse")
    expect(page.get_by_role("alert")).to_contain_text("No answer came")
    page.unroute(products)
    page.get_by_role("button", name="Try again").click()
    expect(page.locator("a.card").first).to_be_visible()
