"""A campaign is written, published, started; its budget stops it exactly; what was done at once is taken back."""

from __future__ import annotations

import os
import re

import pytest
from playwright.sync_api import Page, expect

from local import joining
from local.people import MEMBERS
from tests.cloud import ON_CLOUD
from tests.web.manager.conftest import Manager, told

pytestmark = ON_CLOUD

CODE = f"web-{os.getpid()}"


def do(page: Page, deed: str) -> None:
    """One of the four things, with a reason."""
    page.get_by_role("button", name=deed, exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Why").fill("Because of the test")
    dialog.get_by_role("button", name=deed, exact=True).click()


@pytest.mark.large
def test_a_campaign_is_started_its_budget_stops_it_exactly_and_a_pause_is_taken_back(manager: Manager) -> None:
    page = manager.sign_in("catalogue-manager", "/campaigns/new")
    page.get_by_label("Name", exact=True).fill("Web week")
    page.get_by_label("Code", exact=True).fill(CODE)
    # 1.00 dollar at 0.4 cents a point: 250 points.
    page.get_by_label("Budget", exact=True).fill("1.00")
    page.get_by_label("Held out").fill("0")
    page.get_by_label("Categories").fill(CODE)
    page.get_by_label("Starts", exact=True).fill("2026/01/01")
    expect(page.get_by_text("What it would reach")).to_be_visible()
    expect(page.get_by_text("What purchases were of is not kept")).to_be_visible()
    page.get_by_role("button", name="Save in the draft").click()
    told(page, "Saved in the draft.")
    page.get_by_role("button", name="Review and publish").click()
    page.get_by_label("Why").fill("A week of double points")
    page.get_by_role("button", name="Publish", exact=True).click()
    page.get_by_role("button", name="Publish now").click()
    told(page, re.compile(r"Version \d+ applies."))

    page.goto(f"/campaigns/{CODE}")
    do(page, "Start")
    told(page, "It is on.")
    with joining.partner(manager.cloud) as inbound:
        paid = []
        for number in range(4):
            bought = MEMBERS[1].purchase() | {
                "partner_reference": f"{CODE}-{number}", "category": CODE, "spend_minor": 10_00,
            }  # fmt: skip
            answer = inbound.post("/accruals", json=bought)
            answer.raise_for_status()
            paid.append(sum(bonus["points"] for bonus in answer.json()["bonuses"]))
    assert paid == [100, 100, 50, 0]
    page.reload()
    expect(page.get_by_text("Exhausted").first).to_be_visible()
    expect(page.get_by_text("$1.00 of $1.00")).to_be_visible()
    expect(page.get_by_role("heading", name="Spent by day")).to_be_visible()

    do(page, "Pause")
    told(page, "It is paused.")
    expect(page.get_by_text("Paused").first).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    told(page, "It goes on.")
    expect(page.get_by_text("Exhausted").first).to_be_visible()
    do(page, "End")
    told(page, "It has ended.")
