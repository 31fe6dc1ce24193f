"""What Amazon's invoices come to: one that is right is in the ERP's books without a person, one that is not waits."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import httpx

from local import joining
from local.connected import Connected
from local.demo.journeys import Journeys
from local.demo.shopper import POLL_SECONDS, Unexpected

FINANCE = "fay@staff.example"
SECONDS = 180
# Long enough that the right one is not mailed before the wrong one was asked for.
LATER_SECONDS = 3_600

type Row = dict[str, Any]


class Invoiced:
    """Two redemptions, from the shipment to the invoice's end."""

    def __init__(self, journeys: Journeys, cloud: Connected) -> None:
        self.journeys, self.cloud, self.say = journeys, cloud, journeys.say

    def run(self) -> None:
        """Both; a journey that goes wrong is told and the next one begins."""
        self.journeys.all_of(
            (self.posted, "invoice mailed, extracted, matched, posted to the ERP"),
            (self.differing, "an invoice that is too dear waits for a person"),
        )

    def posted(self) -> None:
        """Nobody touches it between Amazon's mail and the ERP's books."""
        redemption_id = self._shipped()
        paper = self._until("Amazon mails the invoice", lambda: self._mailed(redemption_id))
        invoice = self._until("the invoice is posted", lambda: self._ours(paper["number"], "posted"))
        self._tell(invoice)
        booked = [row for row in self._erp() if row["number"] == paper["number"]]
        if len(booked) != 1 or booked[0]["status"] != "posted" or booked[0]["total_minor"] != paper["total_minor"]:
            raise Unexpected(f"the ERP has {booked} for {paper['number']} of {paper['total_minor']}")
        if invoice["erp_document_id"] != booked[0]["document_id"] or invoice["decided_by"] is not None:
            raise Unexpected(f"the books say {invoice['erp_document_id']}, decided by {invoice['decided_by']}")
        self.say(
            f"    ERP document {booked[0]['document_id']} ({booked[0]['format']}):"
            f" {booked[0]['total_minor'] / 100:,.2f} {booked[0]['currency']}"
        )

    def differing(self) -> None:
        """Mailed with a price a tenth above what was ordered: seen, kept from the ERP, and in finance's list."""
        with _invoices_later(self._amazon):
            redemption_id = self._shipped()
            paper = self._until("Amazon has an invoice", lambda: self._invoice(redemption_id))
            self._post(f"/orders/{redemption_id}/invoice", {"error": "wrong_price"})
            self._post("/invoices/mail", {})
        invoice = self._until("the invoice is in review", lambda: self._ours(paper["number"], "review"))
        self._tell(invoice)
        with joining.staff_signed_in(self.cloud, FINANCE) as finance:
            seen = finance.get("/invoices", params={"state": "review", "number": paper["number"]})
        rows = seen.json()["invoices"] if seen.status_code == 200 else []
        if len(rows) != 1 or "price_differs" not in rows[0]["findings"]:
            raise Unexpected(f"finance sees {seen.status_code} {seen.text[:300]}")
        if invoice["case_state"] != "open":
            raise Unexpected(f"its case is {invoice['case_state']}")
        if any(row["number"] == paper["number"] for row in self._erp()):
            raise Unexpected(f"the ERP has {paper['number']}, which nobody approved")
        self.say(f"    waits for finance: {'; '.join(rows[0]['doubts'])}")
        self.say(f"    {self.cloud.manager}/invoices/{invoice['invoice_id']}")

    def _shipped(self) -> str:
        shopper, quote = self.journeys.quoted(self.journeys.products["cheap"])
        redemption_id: str = shopper.redeem(quote, quote["points_full"])["redemption_id"]
        self.journeys.ends(shopper, redemption_id, "completed")
        for path in (f"/orders/{redemption_id}/ship", "/notices/send"):
            self._post(path, {})
        return redemption_id

    def _tell(self, invoice: Row) -> None:
        """When it reached each step, in seconds from the mail."""
        began: datetime = invoice["mailed_at"]
        self.say(f"    invoice {invoice['number']}, {invoice['total_minor'] / 100:,.2f} {invoice['currency']}")
        for name, words in (
            ("mailed_at", "the mail is here"),
            ("begun_at", "being read"),
            ("read_at", "extracted"),
            ("judged_at", "matched with order and shipment"),
            ("handed_over_at", "approved, given to the ERP gateway"),
            ("posted_at", "posted"),
        ):
            if invoice[name] is not None:
                self.say(f"    {(invoice[name] - began).total_seconds():7.1f} s  {words}")
        if invoice["codes"]:
            self.say(f"    {invoice['state']}: {', '.join(invoice['codes'])}")

    def _ours(self, number: str, state: str) -> Row | None:
        """What our books say of it, once it is in this state. Raises Unexpected where it cannot come there any more."""
        with self.cloud.query() as connection:
            row = connection.execute(
                "select i.*, m.received_at as mailed_at, d.begun_at, d.ended_at as read_at,"
                " (select c.state from casework.case c where (c.program_id, c.case_id) = (i.program_id, i.case_id))"
                " as case_state, array(select distinct f ->> 'code' from jsonb_array_elements(i.findings) f) as codes"
                " from invoices.invoice i join invoices.document d using (program_id, document_id)"
                " join invoices.mail m using (program_id, mail_id) where i.number = %s",
                (number,),
            ).fetchone()
        if row is None or row["state"] == state:
            return row
        if row["state"] in ("refused", "duplicate") or (state == "posted" and row["state"] == "review"):
            raise Unexpected(f"invoice {number} is {row['state']}: {row['codes']} {row['reason'] or ''}")
        return None

    def _mailed(self, redemption_id: str) -> Row | None:
        found = self._invoice(redemption_id)
        return found if found and found["state"] == "mailed" else None

    def _invoice(self, redemption_id: str) -> Row | None:
        answer = httpx.get(f"{self._amazon}/invoices?limit=200", timeout=10)
        answer.raise_for_status()
        rows: list[Row] = answer.json()["invoices"]
        return next((row for row in rows if row["external_id"] == redemption_id and row["kind"] == "invoice"), None)

    def _erp(self) -> list[Row]:
        rows: list[Row] = httpx.get(f"{self.cloud.simulator('erp')}/_simulator/documents", timeout=10).json()
        return rows

    @property
    def _amazon(self) -> str:
        return f"{self.cloud.simulator('amazon_business')}/_simulator"

    def _post(self, path: str, body: Row) -> None:
        httpx.post(self._amazon + path, json=body, timeout=60).raise_for_status()

    def _until(self, what: str, look: Callable[[], Row | None]) -> Row:
        deadline = time.monotonic() + SECONDS
        while not (found := look()):
            if time.monotonic() > deadline:
                raise Unexpected(f"not within {SECONDS} s: {what}")
            time.sleep(POLL_SECONDS)
        return found


@contextmanager
def _invoices_later(amazon: str) -> Iterator[None]:
    """Amazon mails no invoice by itself while the block lasts."""
    settings = f"{amazon}/settings"
    before = httpx.get(settings, timeout=10).json()["invoice_after_seconds"]
    httpx.put(settings, json={"invoice_after_seconds": LATER_SECONDS}, timeout=10).raise_for_status()
    try:
        yield
    finally:
        httpx.put(settings, json={"invoice_after_seconds": before}, timeout=10).raise_for_status()
