"""From the cart to the order: nothing is lost and nothing is ordered twice, whatever happens on the way."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest
from playwright.sync_api import Page, Route, expect

from local.browser import violations
from local.people import PASSWORD, Member
from tests.cloud import ON_CLOUD
from tests.web.conftest import DESK, SESSION_ENDS, Portal, cart_of, fill_cart, scrolls_sideways

pytestmark = ON_CLOUD

ORDERED = re.compile(r"/redemptions/[0-9a-f-]{36}")
CORS = {"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": "Retry-After"}


def product(portal: Portal, member: Member, at_least: int = 3_000) -> dict[str, Any]:
    """The cheapest product that costs so many points, as it stands in a cart."""
    with portal.door(member) as door:
        version = door.get("/catalogue").json()["programme_version"]
        listed = door.get(f"/catalogue/{version}/products", params={"sort": "points"}).json()["products"]
    found = next(one for one in listed if one["points"] >= at_least)
    return {"asin": found["asin"], "quantity": 1, "title": found["title"], "image": None, "points": found["points"]}


def orders(portal: Portal, member: Member) -> list[dict[str, Any]]:
    with portal.door(member) as door:
        told: list[dict[str, Any]] = door.get("/redemptions").json()["redemptions"]
        return told


def begin(portal: Portal, member: Member, line: dict[str, Any], place: str = "/checkout", **how: Any) -> Page:
    """Signed in, with one product in the cart, at a place."""
    page = portal.page(**how)
    portal.sign_in(page, member.email, "/cart")
    fill_cart(page, line)
    page.goto(place)
    return page


def sign_in_again(page: Page, member: Member) -> None:
    page.get_by_role("button", name="Sign in").click()
    page.get_by_label("Username").fill(member.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def place(page: Page) -> None:
    page.get_by_role("button", name="Place order").click()


def answered(page: Page) -> None:
    """The order's own page, and nothing is kept or left in the cart."""
    page.wait_for_url(ORDERED)
    page.get_by_role("heading", level=1, name=re.compile("order|Order")).wait_for()
    assert page.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('placing'))") == []
    assert cart_of(page) == []


def once(act: Callable[[Route], None]) -> Callable[[Route], None]:
    """Do it to the first request that is no preflight; the others go through."""
    done: list[bool] = []

    def handle(route: Route) -> None:
        if route.request.method == "OPTIONS" or done:
            route.continue_()
        else:
            done.append(True)
            act(route)

    return handle


def problem(status: int, code: str, retry_after: int) -> Callable[[Route], None]:
    headers = CORS | {"Retry-After": str(retry_after), "Content-Type": "application/problem+json"}
    return lambda route: route.fulfill(
        status=status, headers=headers, body=json.dumps({"status": status, "code": code})
    )


def bare(status: int, kind: str, body: str) -> Callable[[Route], None]:
    """An answer of something that stands before the API."""
    return lambda route: route.fulfill(status=status, headers=CORS | {"Content-Type": kind}, body=body)


def before_it_arrives(route: Route) -> None:
    route.abort("connectionreset")


def after_it_arrived(route: Route) -> None:
    route.fetch()
    route.abort("connectionreset")


def test_what_is_in_the_cart_is_ordered_in_points(portal: Portal) -> None:
    member = portal.member(points=30_000)
    line = product(portal, member)
    page = begin(portal, member, line | {"points": line["points"] - 50}, "/cart", size=DESK)
    expect(page.get_by_text("has gone up since you put it in")).to_be_visible()
    page.get_by_role("button", name="Remove").click()
    page.get_by_role("button", name="Undo").click()
    page.get_by_role("button", name="One more").click()
    page.get_by_role("button", name="Go to checkout").click()
    page.get_by_role("radio", name="Send what you can").wait_for()
    page.get_by_role("timer").wait_for()
    assert (violations(page), scrolls_sideways(page)) == ([], False)
    place(page)
    answered(page)
    page.get_by_role("heading", level=1, name=re.compile("^Ordered")).wait_for()
    (order,) = orders(portal, member)
    assert (order["money_minor"], page.url.endswith(order["redemption_id"])) == (0, True)


@pytest.mark.parametrize("cut", [before_it_arrives, after_it_arrived])
def test_a_connection_that_drops_is_asked_again_and_one_order_comes_of_it(
    portal: Portal, cut: Callable[[Route], None]
) -> None:
    member = portal.member(points=10_000)
    page = begin(portal, member, product(portal, member))
    page.route("**/redemptions", once(cut))
    place(page)
    expect(page.get_by_role("alert")).to_contain_text("kept on this device")
    assert violations(page) == []
    page.get_by_role("button", name="Try now").click()
    answered(page)
    assert len(orders(portal, member)) == 1


def test_who_is_kept_out_after_the_order_arrived_gets_that_one_order(portal: Portal) -> None:
    member = portal.member(points=10_000)
    page = begin(portal, member, product(portal, member))
    # What a gateway answers by itself, and a page of somebody else's: neither is a refusal of the API.
    answers = [
        after_it_arrived,
        bare(403, "application/problem+json", '{"title": "Forbidden"}'),
        bare(400, "text/html", "No."),
    ]
    keys: list[str] = []

    def answer(route: Route) -> None:
        if route.request.method == "OPTIONS":
            return route.continue_()
        keys.append(route.request.headers["idempotency-key"])
        return answers.pop(0)(route) if answers else route.continue_()

    page.route("**/redemptions", answer)
    place(page)
    for asked in (1, 2, 3):
        expect(page.get_by_role("button", name="Try now")).to_be_enabled()
        assert len(keys) == asked
        page.get_by_role("button", name="Try now").click()
    answered(page)
    assert (len(keys), len(set(keys)), len(orders(portal, member))) == (4, 1, 1)


def test_a_tab_that_crashes_before_the_answer_ends_at_the_order(portal: Portal) -> None:
    member = portal.member(points=10_000)
    page = begin(portal, member, product(portal, member))
    page.route("**/redemptions", once(after_it_arrived))
    place(page)
    page.get_by_role("alert").wait_for()
    # Opened anew anywhere: what is kept is said there and leads on.
    page.goto("/points")
    page.get_by_role("link", name="Find out what became of it").click()
    answered(page)
    assert len(orders(portal, member)) == 1


def test_a_session_that_ends_while_ordering_comes_back_and_orders(portal: Portal) -> None:
    member = portal.member(points=10_000)
    page = begin(portal, member, product(portal, member), "/checkout?points=2000")
    page.get_by_role("button", name="Continue to").wait_for()
    page.evaluate(SESSION_ENDS)
    page.reload()
    sign_in_again(page, member)
    page.wait_for_url("**/checkout?points=2000")
    expect(page.get_by_role("slider")).to_have_value("2000")
    page.get_by_role("button", name="All points").click()
    page.get_by_role("button", name="Place order").wait_for()
    page.evaluate(SESSION_ENDS)
    place(page)
    sign_in_again(page, member)
    answered(page)
    assert len(orders(portal, member)) == 1


def test_a_price_that_changed_when_its_time_was_over_is_said_and_confirmed(portal: Portal) -> None:
    member = portal.member(points=10_000)
    line = product(portal, member)
    page = portal.page()
    portal.sign_in(page, member.email, "/cart")
    fill_cart(page, line)

    def cheaper_for_a_moment(route: Route) -> None:
        answer = route.fetch()
        quote = answer.json()
        all_of_it = quote["points_full"] - 100
        quote |= {
            "quote_id": str(uuid4()),
            "expires_at": quote["as_of"],
            "points_full": all_of_it,
            "points_max": all_of_it,
        }
        quote["stops"] = [{"name": "most", "points": all_of_it, "points_charged": all_of_it, "money_minor": 0}]
        quote["lines"][0]["unit_points"] = all_of_it
        route.fulfill(response=answer, json=quote)

    page.route("**/quotes", once(cheaper_for_a_moment))
    page.goto("/checkout")
    expect(page.get_by_text("the shop has another one now")).to_be_visible(timeout=15_000)
    expect(page.get_by_role("button", name="Place order")).to_be_disabled()
    before, now = (int(re.sub(r"\D", "", text)) for text in page.locator(".price-change").inner_text().split("→"))
    assert (before, violations(page)) == (now - 100, [])
    page.get_by_role("button", name="Go on with the new price").click()
    place(page)
    answered(page)


def test_points_that_were_spent_elsewhere_move_the_slider(portal: Portal) -> None:
    member = portal.member(points=10_000)
    line = product(portal, member, at_least=6_000)
    page = begin(portal, member, line)
    page.get_by_role("button", name="Place order").wait_for()
    with portal.door(member) as elsewhere:
        quote = elsewhere.post("/quotes", json={"lines": [{"asin": line["asin"], "quantity": 1}]}).json()
        half = next(stop for stop in quote["stops"] if stop["name"] == "most")
        other = elsewhere.post("/quotes", json={"lines": [{"asin": line["asin"], "quantity": 2}]}).json()
        split = elsewhere.post(f"/quotes/{other['quote_id']}/split", json={"points": 8_000}).json()
        body = {
            "quote_id": other["quote_id"],
            "quote_token": other["quote_token"],
            "points": split["points"],
            "money_minor": split["money_minor"],
        }
        key = page.evaluate(NEW_KEY)
        elsewhere.post("/redemptions", json=body, headers={"Idempotency-Key": key}).raise_for_status()
    assert half["points"] > 2_000
    place(page)
    expect(page.get_by_text("We moved the slider")).to_be_visible()
    assert int(page.get_by_role("slider").input_value()) <= 2_100
    page.get_by_role("button", name="Continue to").wait_for()
    assert violations(page) == []


# A key as the portal makes them, without the portal's code.
NEW_KEY = """() => {
  const time = Date.now().toString(16).padStart(12, "0"), rest = crypto.randomUUID();
  return `${time.slice(0, 8)}-${time.slice(8)}-7${rest.slice(15)}`;
}"""


@pytest.mark.large
def test_a_server_that_wants_to_be_left_alone_is_asked_again_after_the_time_it_names(portal: Portal) -> None:
    member = portal.member(points=10_000)
    page = begin(portal, member, product(portal, member))
    answers = [problem(503, "ordering-paused", 2), problem(429, "too-many-requests", 1), problem(503, "unavailable", 1)]
    asked: list[str] = []

    def answer(route: Route) -> None:
        if route.request.method == "POST":
            asked.append(route.request.headers["idempotency-key"])
        if route.request.method == "POST" and answers:
            answers.pop(0)(route)
        else:
            route.continue_()

    page.route("**/redemptions", answer)
    place(page)
    expect(page.get_by_role("alert")).to_contain_text("Orders are paused")
    expect(page.get_by_text("Trying again in")).to_be_visible()
    expect(page.get_by_role("alert")).to_contain_text("kept on this device")
    answered(page)
    assert (len(asked), len(set(asked))) == (4, 1)


def test_a_cart_whose_prices_cannot_be_asked_for_says_so_and_goes_on_when_they_can(portal: Portal) -> None:
    member = portal.member(points=10_000)
    page = begin(portal, member, product(portal, member))
    page.route("**/catalogue/*/products/*", before_it_arrives)
    page.goto("/cart")
    expect(page.get_by_role("alert")).to_contain_text("the connection may be down")
    # Nothing is gone, so nobody is told to take it out.
    expect(page.get_by_text("Take out what cannot be had")).to_have_count(0)
    expect(page.get_by_role("button", name="Go to checkout")).to_be_disabled()
    assert violations(page) == []
    page.unroute("**/catalogue/*/products/*")
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(page.get_by_role("button", name="Go to checkout")).to_be_enabled()


def test_a_product_that_is_sold_out_is_named_and_can_be_left_out(portal: Portal) -> None:
    member = portal.member(points=20_000)
    line = product(portal, member)
    page = begin(portal, member, line | {"asin": "B0NOSUCH00", "title": "A lamp"}, "/checkout")
    expect(page.get_by_role("alert")).to_contain_text("A lamp")
    assert violations(page) == []
    page.get_by_role("button", name="Go on without it").click()
    expect(page.get_by_text("Your cart is empty")).to_be_visible()

    # What was to be ordered alone is left out: the rest of the cart is not ordered in its place.
    lamps = [line | {"asin": "B0NOSUCH00", "title": "A lamp"}, line]
    fill_cart(page, *lamps)
    page.goto("/checkout?points=3000&only=B0NOSUCH00&quantity=1")
    page.get_by_role("button", name="Go on without it").click()
    expect(page.get_by_text("This is no longer in your cart")).to_be_visible()
    expect(page.get_by_role("button", name="Place order")).to_have_count(0)
    assert violations(page) == []


def test_an_address_is_corrected_field_by_field_and_nothing_typed_is_lost(portal: Portal) -> None:
    member = portal.member(points=10_000)
    page = begin(portal, member, product(portal, member))
    page.get_by_role("button", name="Change").click()
    page.get_by_role("button", name="Another address").click()
    typed = {
        "Full name": "Wanda Example",
        "Street and number": "1 Pike St",
        "Postal code": "ABC",
        "City": "Seattle",
        "State or region": "WA",
        "Telephone, for the carrier": "+1 206 555 0101",
    }
    for label, text in typed.items():
        page.get_by_label(label).fill(text)
    page.get_by_role("button", name="Use this address").click()
    expect(page.get_by_text("This is not a postal code of that country.")).to_be_visible()
    assert violations(page) == []
    page.reload()
    page.get_by_role("button", name="Another address").click()
    assert page.get_by_label("City").input_value() == "Seattle"
    page.get_by_label("Postal code").fill("98101")
    page.get_by_role("button", name="Use this address").click()
    expect(page.get_by_text("Seattle, WA 98101")).to_be_visible()
    place(page)
    answered(page)


def test_money_is_paid_at_the_provider_and_the_parcel_is_followed_to_the_door(portal: Portal) -> None:
    member = portal.member(points=10_000)
    with portal.door(member) as door:
        nearby = member.address() | {"line1": "1 Pike St", "postal_code": "98101", "make_default": False}
        door.post("/me/addresses", json=nearby).raise_for_status()
    page = begin(portal, member, product(portal, member), "/checkout?points=2000")
    page.get_by_role("button", name="Continue to Amazon Pay").click()
    page.wait_for_url(re.compile("/checkout/"))
    page.go_back()
    # Its own button brings back who came here again; the address may still be another one.
    page.get_by_role("button", name=re.compile("^Pay .* now$")).wait_for()
    page.get_by_role("button", name="Correct the address").click()
    expect(page.get_by_role("button", name=re.compile("it goes here"))).to_be_disabled()
    assert violations(page) == []
    page.get_by_role("button", name=re.compile("1 Pike St")).click()
    expect(page.get_by_text("It now goes to 1 Pike St, Seattle, WA 98101.")).to_be_visible()
    page.get_by_role("button", name=re.compile("^Pay .* now$")).click()
    page.get_by_role("button", name="Pay", exact=True).click()
    page.get_by_role("heading", level=1, name=re.compile("^Ordered, arriving")).wait_for()
    assert "payment=" not in page.url
    shop = f"http://127.0.0.1:{portal.cloud.ports.amazon_business}/_simulator"
    order = orders(portal, member)[0]["redemption_id"]
    for step, heading in (("ship", "^On its way"), ("deliver", "^Arrived")):
        httpx.post(f"{shop}/orders/{order}/{step}").raise_for_status()
        httpx.post(f"{shop}/notices/send").raise_for_status()
        page.get_by_role("heading", level=1, name=re.compile(heading)).wait_for()
    assert (violations(page), scrolls_sideways(page)) == ([], False)


def test_who_leaves_the_provider_without_paying_may_cancel(portal: Portal) -> None:
    member = portal.member(points=10_000)
    page = begin(portal, member, product(portal, member), "/checkout?points=2000")
    page.get_by_role("button", name="Continue to").click()
    page.wait_for_url(re.compile("/checkout/[0-9a-f-]+$"))
    order = orders(portal, member)[0]["redemption_id"]
    page.goto(f"/redemptions/{order}?payment=cancelled")
    expect(page.get_by_text("You came back without paying")).to_be_visible()
    page.get_by_role("region", name="Payment").get_by_role("button", name="Cancel the order").click()
    page.get_by_role("button", name="Cancel it").click()
    page.get_by_role("heading", level=1, name="Cancelled").wait_for()
    assert violations(page) == []


def test_who_cancels_too_late_is_told_so_where_they_asked(portal: Portal) -> None:
    member = portal.member(points=10_000)
    page = begin(portal, member, product(portal, member))
    place(page)
    answered(page)
    page.get_by_role("heading", level=1, name=re.compile("^Ordered")).wait_for()
    state = {"status": "waiting", "may_cancel": True, "may_change_address": True}

    def asked(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, json=answer.json() | state)

    def refused(route: Route) -> None:
        # The countdown ended at this very moment.
        state.update(status="ordering", may_cancel=False, may_change_address=False)
        route.fulfill(status=409, headers=CORS, json={"status": 409, "code": "too-late"})

    page.route(
        re.compile(r"/redemptions/[0-9a-f-]{36}$"),
        lambda route: asked(route) if route.request.resource_type == "fetch" else route.continue_(),
    )
    page.route("**/redemptions/*/cancel", refused)
    page.reload()
    page.get_by_role("button", name="Cancel the order").click()
    page.get_by_role("button", name="Cancel it").click()
    page.get_by_role("heading", level=1, name="We are ordering it", include_hidden=True).wait_for(state="attached")
    question = page.get_by_role("dialog")
    expect(question).to_contain_text("It is being ordered and can no longer be changed.")
    assert violations(page) == []
    question.get_by_role("button", name="Close").click()
    expect(question).to_have_count(0)
    # What was pressed is gone; the focus is on the page and not nowhere.
    expect(page.get_by_role("main")).to_be_focused()


def test_a_confirmation_is_asked_for_by_a_code_that_can_be_wrong_and_sent_again(portal: Portal) -> None:
    member = portal.member(points=10_000)
    page = begin(portal, member, product(portal, member))
    place(page)
    answered(page)
    state = {"status": "step_up", "confirm_until": "2099-01-01T12:00:00Z", "may_cancel": True}

    def asked(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, json=answer.json() | state)

    def confirmed(route: Route) -> None:
        if route.request.post_data_json == {"code": "123456"}:
            state.clear()
            route.fulfill(status=200, headers=CORS, json={"redemption_id": page.url[-36:]})
        else:
            route.fulfill(status=409, headers=CORS, json={"status": 409, "code": "code-refused"})

    page.route(
        re.compile(r"/redemptions/[0-9a-f-]{36}$"),
        lambda route: asked(route) if route.request.resource_type == "fetch" else route.continue_(),
    )
    page.route(
        "**/step-up",
        lambda route: route.fulfill(
            status=202,
            headers=CORS | {"Access-Control-Allow-Headers": "*"},
            json={"sent_to": "email", "code_minutes": 10},
        ),
    )
    page.route("**/step-up/confirmation", confirmed)
    page.reload()
    page.get_by_role("button", name="Send me the code").click()
    expect(page.get_by_role("button", name=re.compile("^Another code in"))).to_be_disabled()
    page.get_by_label("Code of six digits").fill("000000")
    page.get_by_role("button", name="Confirm the order").click()
    expect(page.get_by_text("That code is not right")).to_be_visible()
    assert violations(page) == []
    page.get_by_label("Code of six digits").fill("123456")
    page.get_by_role("button", name="Confirm the order").click()
    expect(page.get_by_role("region", name="Confirm that it is you")).to_be_hidden()
