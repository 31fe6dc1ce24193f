"""Support in the manager app: a member is found by telephone, seen whole and helped; a second person decides."""

from __future__ import annotations

import re
from contextlib import closing

from playwright.sync_api import Page, expect

from local import joining
from local.demo.shopper import Shopper
from local.people import Member
from tests.cloud import ON_CLOUD
from tests.web.conftest import Portal
from tests.web.manager.conftest import Manager, told

pytestmark = ON_CLOUD


def found(page: Page, said: str, name: str) -> None:
    page.goto("/members")
    page.get_by_role("searchbox").fill(said)
    page.keyboard.press("Enter")
    page.get_by_role("link", name=name).first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(name)


def test_a_member_is_found_by_telephone_and_points_above_the_limit_take_two(manager: Manager) -> None:
    desk = manager.sign_in("support", "/members")
    found(desk, "(206) 555-0102", "Ben Example")
    for tab in ("Cases and messages", "Addresses and consent", "Safety", "By hand", "Overview"):
        desk.get_by_role("tab", name=tab).click()
        expect(desk.get_by_role("tabpanel")).to_contain_text(re.compile(r"\w"))
    desk.get_by_role("button", name="Adjust points").click()
    dialog = desk.get_by_role("dialog")
    dialog.get_by_label("Points").fill("25000")
    dialog.get_by_label("Note").fill("A promise of last year")
    dialog.get_by_role("button", name="Give them").click()
    told(desk, "a second person decides")

    second = manager.sign_in("business-operator", "/adjustments")
    row = second.get_by_role("row").filter(has_text="A promise of last year")
    row.get_by_role("button", name="Approve").click()
    told(second, "25,000 points: done.")

    desk.get_by_role("link", name="Statement").click()
    expect(desk.get_by_role("row").filter(has_text="By hand").first).to_contain_text("+25,000")


def test_an_order_shows_how_far_it_is_and_what_may_be_done(manager: Manager, portal: Portal) -> None:
    member: Member = portal.member(points=20_000)
    with closing(joining.join(manager.cloud, member)) as door:
        shopper = Shopper(member.number, door)
        shelf = shopper.get(f"/catalogue/{shopper.get('/catalogue')['programme_version']}/products?max_points=9000")
        quote = shopper.quote(shelf["products"][0]["asin"])
        redemption_id = shopper.redeem(quote, quote["points_full"])["redemption_id"]
        shopper.wait(redemption_id, "completed")
    desk = manager.sign_in("support", f"/orders?member={member.number}")
    desk.get_by_role("table").get_by_role("link").first.click()
    expect(desk.get_by_role("list", name="How far the order is")).to_contain_text("Ordered")
    expect(desk.get_by_role("button", name="Cancel")).to_have_count(0)
    desk.get_by_role("button", name="Send the confirmation again").click()
    told(desk, "It is on its way once more.")
    expect(desk.get_by_role("list", name="What happened")).to_contain_text("Confirmation sent again")
    desk.get_by_role("button", name="Refund by a case").click()
    dialog = desk.get_by_role("dialog")
    dialog.get_by_label("In their words").fill("The box was crushed.")
    dialog.get_by_role("button", name="Open it").click()
    expect(desk.get_by_role("heading", level=1)).to_contain_text("Damaged")
    desk.get_by_role("link", name=member.number).click()
    expect(desk.get_by_role("heading", level=1)).to_contain_text(member.number)
