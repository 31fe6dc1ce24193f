"""What is chosen for a member is shown with its reason, a search is ranked by it, what will not come is labelled."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from local.browser import violations
from local.people import Member
from tests.cloud import ON_CLOUD
from tests.web.conftest import DESK, PHONE, Portal, scrolls_sideways

pytestmark = ON_CLOUD


def shelf(portal: Portal, member: Member) -> list[dict[str, Any]]:
    """Products without kinds that can be had, the cheapest first."""
    with portal.door(member) as door:
        version = door.get("/catalogue").json()["programme_version"]
        products: list[dict[str, Any]] = door.get(f"/catalogue/{version}/products?sort=points").json()["products"]
    return [product for product in products if product["kind"] == "STANDARD"]


def chosen(portal: Portal, member: Member, asins: Sequence[str], because: str = "") -> None:
    """As a night leaves it."""
    with portal.cloud.query() as owner:
        owner.execute(
            "insert into recommendations.scored(program_id, member_id, asins, scores, because, scored_at)"
            " select program_id, member_id, %s, %s, %s, clock.now() from members.member where number = %s",
            (list(asins), [1.0] * len(asins), [because] * len(asins), member.number),
        )


def outlook(portal: Portal, asin: str, cause: str, by_day: float, back: tuple[str, str] | None = None) -> None:
    with portal.cloud.query() as owner:
        owner.execute(
            "insert into demand.outlook(program_id, asin, first_on, probability, by_day, cause, is_out, back_from,"
            " back_until, members_disappointed, run_id) values (1, %s, (clock.now() at time zone 'UTC')::date, 0.5,"
            " array_fill(%s::real, array[14]), %s, %s, %s, %s, 1, 'night')"
            " on conflict (program_id, asin) do update set cause = excluded.cause, by_day = excluded.by_day,"
            " first_on = excluded.first_on, is_out = excluded.is_out, back_from = excluded.back_from,"
            " back_until = excluded.back_until",
            (asin, by_day, cause, back is not None, *(back or (None, None))),
        )


def sold_out(outlook: dict[str, Any]) -> Any:
    """Such an answer with everything sold out."""
    gone = {"points": None, "price_minor": None, "available": False, "outlook": outlook}

    def answer(route: Route) -> None:
        told = route.fetch()
        body = told.json()
        if "wishes" in body:
            body = {**body, "wishes": [{**wish, **gone} for wish in body["wishes"]]}
        else:
            body = {**body, **gone}
        route.fulfill(response=told, json=body)

    return answer


def assert_sound(page: Page) -> None:
    page.wait_for_load_state("networkidle")
    assert violations(page) == []
    assert not scrolls_sideways(page)


@pytest.mark.parametrize(
    ("size", "language", "words", "general"),
    [
        (PHONE, "de-DE", "Weil Sie sich dies wünschen: {}", "Bei Mitgliedern beliebt"),
        pytest.param(DESK, "en-US", "Because you wished for {}", "Popular with members", marks=pytest.mark.large),
    ],
    ids=["phone-de", "desk-en"],
)
def test_home_shows_what_was_chosen_with_its_reason_until_the_member_wants_it_no_more(
    portal: Portal, size: tuple[int, int], language: str, words: str, general: str
) -> None:
    member = portal.member(points=8_000, language=language[:2])
    products = shelf(portal, member)
    wished, first, second = products[0], products[3], products[6]
    with portal.door(member) as door:
        door.put(f"/me/wishlist/{wished['asin']}").raise_for_status()
    title = wished["title"].removeprefix(wished["brand"]).strip()
    chosen(portal, member, [first["asin"], second["asin"]], wished["asin"])
    page = portal.page(size, language)
    portal.sign_in(page, member.email)
    cards = page.locator(".home .section").first.locator("a.card")
    expect(cards.first).to_have_attribute("href", f"/products/{first['asin']}")
    expect(cards.first).to_contain_text(words.format(title))
    expect(cards.nth(1)).to_have_attribute("href", f"/products/{second['asin']}")
    assert_sound(page)
    with portal.door(member) as door:
        now = door.get("/me/preferences").json()
        kept = {way: {kind: one["wanted"] for kind, one in now[way]["choices"].items()} for way in ("email", "sms")}
        choice = {"language": language[:2], **kept, "personalisation": False}
        door.put("/me/preferences", json=choice).raise_for_status()
    page.reload()
    expect(page.get_by_role("heading", name=general)).to_be_visible()
    expect(cards.first).to_be_visible()
    expect(page.get_by_text(words.format(title))).to_have_count(0)


@pytest.mark.large
def test_a_search_is_ranked_for_the_member_and_turned_page_by_page(portal: Portal) -> None:
    member = portal.member(points=8_000)
    products = shelf(portal, member)
    mine = products[-1]
    chosen(portal, member, [mine["asin"]])
    page = portal.page(PHONE)
    portal.sign_in(page, member.email, "/browse")
    page.get_by_label("Sort by").select_option("For you")
    page.wait_for_url("**/browse?sort=for_you")
    expect(page.locator("a.card").first).to_have_attribute("href", f"/products/{mine['asin']}")
    page.get_by_role("button", name="Show more").click()
    expect(page.get_by_role("heading", name="The first 48 rewards")).to_be_visible()
    seen = [card.get_attribute("href") for card in page.locator("a.card").all()]
    assert len(set(seen)) == 48
    page.get_by_label("Within my points").check()
    page.wait_for_url("**/browse?within=mine&sort=for_you")
    expect(page.locator("a.card").first).to_have_attribute("href", f"/products/{mine['asin']}")
    assert_sound(page)


@pytest.mark.large
def test_what_may_soon_be_gone_or_come_late_is_labelled_where_it_is_shown(portal: Portal) -> None:
    member = portal.member(points=8_000)
    going, slow = shelf(portal, member)[7:9]
    outlook(portal, going["asin"], "out_of_stock", 0.9)
    outlook(portal, slow["asin"], "slow", 0.9)
    page = portal.page(PHONE)
    portal.sign_in(page, member.email, "/browse?sort=points")
    for product, words in ((going, "Probably gone soon"), (slow, "May arrive late")):
        card = page.locator(f"a.card[href='/products/{product['asin']}']")
        expect(card.locator(".tag")).to_have_text(words)
    assert_sound(page)
    page.locator(f"a.card[href='/products/{going['asin']}']").click()
    expect(page.locator(".buy .outlook")).to_have_text("Probably gone soon.")
    assert_sound(page)


def test_what_cannot_be_had_says_when_it_is_likely_back_and_what_there_is_instead(portal: Portal) -> None:
    member = portal.member(points=8_000)
    products = shelf(portal, member)
    about, other = next(
        (one, two) for one, two in itertools.combinations(products, 2) if one["category"] == two["category"]
    )
    with portal.door(member) as door:
        door.put(f"/me/wishlist/{about['asin']}").raise_for_status()
    with portal.cloud.query() as owner:
        owner.execute(
            "insert into recommendations.similar(program_id, asin, others, scores, scored_at)"
            " values (1, %s, %s, '{1}', clock.now()) on conflict do nothing",
            (about["asin"], [other["asin"]]),
        )
    page = portal.page(PHONE)
    back = sold_out({"state": "back", "back_from": "2096-12-03", "back_until": "2096-12-09"})
    page.route(re.compile(r"/catalogue/\d+/products/\w+$"), back)
    page.route(re.compile(r"/me/wishlist$"), back)
    portal.sign_in(page, member.email, f"/products/{about['asin']}")
    words = "Likely back between December 3, 2096 and December 9, 2096"
    expect(page.locator(".buy .outlook")).to_have_text(f"{words}.")
    instead = page.locator(".section", has=page.get_by_role("heading", name="What you could have instead"))
    expect(instead.locator(f"a.card[href='/products/{other['asin']}']")).to_be_visible()
    assert_sound(page)
    page.get_by_role("link", name="Your wishlist").click()
    expect(page.locator(".wish .soon")).to_have_text(f"{words}.")
    assert_sound(page)
