"""Signing in to the manager app, what each role is shown, and a case of the queue from being taken to being decided."""

from __future__ import annotations

import os
import re

from playwright.sync_api import expect

from local import joining
from local.demo.shopper import new_key
from local.people import MEMBERS
from tests.cloud import ON_CLOUD
from tests.web.manager.conftest import Manager, told

pytestmark = ON_CLOUD


def test_staff_sign_in_and_see_the_places_of_their_role(manager: Manager) -> None:
    page = manager.sign_in("support", "/nowhere")
    expect(page.get_by_role("heading", name="There is no such page")).to_be_visible()
    expect(page.get_by_role("link", name="Queue")).to_be_visible()
    page.get_by_role("button", name=re.compile("sam@staff.example")).click()
    page.get_by_role("menuitem", name="Sign out").click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()


def test_a_page_that_is_not_for_ones_role_says_for_whose_it_is(manager: Manager) -> None:
    page = manager.sign_in("finance", "/queue")
    expect(page.get_by_role("heading", name="Your role does not include this page")).to_be_visible()
    expect(page.get_by_text("It is for Business operator or Support. You are signed in as Finance.")).to_be_visible()
    expect(page.get_by_role("link", name="Queue")).to_have_count(0)


def test_a_case_is_taken_answered_and_decided_and_the_log_says_who_did_it(manager: Manager) -> None:
    reference = f"receipt-{os.getpid()}"
    with joining.signed_in(manager.cloud, MEMBERS[1].email) as door:
        purchase = {"partner": "partner", "reference": reference}
        told_of = {"kind": "missing_points", "purchase": purchase, "text": "The points never came."}
        answer = door.post("/cases", json=told_of, headers={"Idempotency-Key": new_key()})
        case_id = answer.raise_for_status().json()["case_id"]
    page = manager.sign_in("support", "/queue?kind=missing_points")
    page.locator(f"a[href='/cases/{case_id}']").click()
    expect(page.get_by_role("heading", name="Missing points").first).to_be_visible()
    page.get_by_role("button", name="Take it").click()
    told(page, "It is yours.")
    page.get_by_role("button", name="Answer").click()
    page.get_by_role("dialog").get_by_label("Your message").fill("We have found your receipt.")
    page.get_by_role("dialog").get_by_role("button", name="Send").click()
    expect(page.get_by_text("We have found your receipt.")).to_be_visible()
    page.get_by_role("button", name="Decide").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Outcome").click()
    page.get_by_role("option", name="Credit missing accrual").click()
    dialog.get_by_role("button", name="Decide").click()
    expect(dialog.get_by_text("Say how many points.")).to_be_visible()
    dialog.get_by_label("Points").fill("50")
    dialog.get_by_role("button", name="Decide").click()
    told(page, "Decided.")
    expect(page.get_by_role("button", name="Take it")).to_have_count(0)

    log = manager.sign_in("business-operator", f"/audit?about={case_id}&changes=true")
    rows = log.get_by_role("row").filter(has_text="sam@staff.example")
    expect(rows.filter(has_text="Decide, or propose what needs a second person").filter(has_text="Done")).to_have_count(
        1
    )
    expect(rows.filter(has_text="Refused: Invalid")).to_have_count(1)
