"""An invoice read with doubt: the paper beside its values, put right, approved; what differs still needs two people."""

from __future__ import annotations

import time
from typing import Any
from uuid import UUID

from playwright.sync_api import Page, expect

from local.browser import violations
from local.connected import Connected
from local.invoices.making import paper
from tests.cloud import ON_CLOUD
from tests.domain.invoices.reviewed import arrived, bought, misread
from tests.web.manager.conftest import Manager, told

pytestmark = ON_CLOUD

DEARER: dict[str, Any] = {
    "line": {"unit_price_minor": 2599, "amount_minor": 5198}, "subtotal_minor": 5198, "total_minor": 5640,
}  # fmt: skip


def came(cloud: Connected, **changes: Any) -> tuple[UUID, str]:
    """One whose quantity was misread, and its number; `changes` of what it says otherwise."""
    number = f"1WEB-{time.time_ns() % 10**10:010d}"
    pdf = paper(2, "us_business").pdf + f"% {number}\n".encode()
    with cloud.query() as owner:
        reading = misread(bought(owner), number)
        reading["draft"]["lines"][0] |= changes.pop("line", {})
        invoice_id = arrived(owner, {**reading, "draft": reading["draft"] | changes}, pdf=pdf)
        row = owner.execute("select object_key from invoices.paper(1, %s)", (invoice_id,)).fetchone()
    assert row is not None
    cloud.client("s3").put_object(Bucket=cloud.outputs["InvoicesBucket"], Key=row["object_key"], Body=pdf)
    return invoice_id, number


def corrected(page: Page, quantity: str) -> None:
    """From what is doubtful to its field, another value, saved by the keyboard."""
    page.get_by_role("link", name="Line 1, quantity").click()
    expect(page.get_by_text("printed “7”, read with 61 % on page 1")).to_be_visible()
    field = page.get_by_role("textbox", name="Quantity")
    expect(field).to_be_focused()
    field.fill(quantity)
    page.keyboard.press("Control+s")


def test_a_doubtful_value_is_compared_with_the_paper_put_right_and_approved(manager: Manager) -> None:
    invoice_id, number = came(manager.cloud)
    page = manager.sign_in("finance", "/invoices?state=review")
    page.get_by_role("link", name=number).click()
    expect(page.get_by_role("heading", name=f"Invoice {number}")).to_be_visible()
    expect(page.get_by_role("button", name="Approve")).to_have_count(0)
    page.get_by_role("button", name="Paper").click()
    address = page.locator("iframe").get_attribute("src") or ""
    assert page.request.get(address.partition("#")[0]).body().startswith(b"%PDF-")
    page.get_by_role("button", name="What was read").click()
    corrected(page, "2")
    told(page, "Saved. Nothing is doubtful any more.")
    match = page.get_by_role("table", name="Ordered, shipped, invoiced")
    expect(match.get_by_text("As ordered and shipped")).to_be_visible()
    assert violations(page) == []
    page.get_by_role("button", name="Approve", exact=True).click()
    told(page, "Approved: it goes to the ERP.")
    expect(page.get_by_role("row").filter(has_text="Line 1, quantity").filter(has_text="you")).to_be_visible()
    with manager.cloud.query() as owner:
        row = owner.execute(
            "select content, state from invoices.invoice where invoice_id = %s", (invoice_id,)
        ).fetchone()
    assert row is not None
    assert row["state"] in ("approved", "posted")
    assert row["content"]["lines"][0]["quantity"] == 2


def test_what_differs_still_is_approved_by_another_person_than_who_corrected_it(manager: Manager) -> None:
    mine, theirs = came(manager.cloud, **DEARER), came(manager.cloud, **DEARER)
    with manager.cloud.query() as owner:
        owner.execute(
            "select invoices.correct(1, i.invoice_id, 0, jsonb_set(i.draft, '{lines,0,quantity}', '2'), '[]',"
            " 'staff:x', '{finance}') from invoices.invoice i where i.invoice_id = %s",
            (theirs[0],),
        )
    page = manager.sign_in("business-operator", f"/invoices/{mine[0]}")
    corrected(page, "2")
    told(page, "Saved. One thing is doubtful still.")
    expect(page.get_by_text("It costs more than was ordered: 25.99 USD, not 24.99 USD.").first).to_be_visible()
    expect(page.get_by_text("You have corrected it last.")).to_be_visible()
    expect(page.get_by_role("button", name="Approve")).to_have_count(0)

    page.goto(f"/invoices/{theirs[0]}")
    page.get_by_role("button", name="Approve with difference").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Why it may be booked so").fill("The price rose that day.")
    dialog.get_by_role("button", name="Approve with difference").click()
    told(page, "Approved as it is: it goes to the ERP.")
    expect(page.get_by_text("although something differed: The price rose that day.")).to_be_visible()
