"""What comes after the order: a parcel to the door with its SMS and receipt, a part that is cancelled, a return."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pypdfium2

from local import joining
from local.connected import Connected
from local.demo.journeys import Journeys
from local.demo.shopper import POLL_SECONDS, Shopper, Unexpected, new_key

SUPPORT = "sam@staff.example"
SECONDS = 120
LABEL = b"%PDF-1.4\n%the carrier's label\n"
# A document's page as a picture, at twice its size in points.
PICTURE_SCALE = 2


class Aftermath:
    """`papers`: where members' documents are put, as PDF and as pictures."""

    def __init__(self, journeys: Journeys, cloud: Connected, papers: Path) -> None:
        self.journeys, self.cloud, self.papers = journeys, cloud, papers
        self.say = journeys.say

    def run(self) -> None:
        """All of them; a journey that goes wrong is told and the next one begins."""
        self.journeys.all_of(
            (self.delivered_and_returned, "shipped, delivered, and sent back: points and money"),
            (self.partly_cancelled, "Amazon cancels one of three units later"),
        )

    def delivered_and_returned(self) -> None:
        shopper, quote = self.journeys.quoted(self.journeys.products["cheap"])
        before = shopper.balance()
        redemption_id = shopper.redeem(quote, quote["points_full"] // 2)["redemption_id"]
        shopper.pay(redemption_id, "pay")
        self.journeys.ends(shopper, redemption_id, "completed")
        for step, status in (("ship", "shipped"), ("deliver", "delivered")):
            self._at_amazon(redemption_id, step)
            self._becomes(shopper, redemption_id, status)
            self._texted(shopper, status)
        self._papers(shopper, redemption_id, "receipt")
        self._until("the money is taken with the shipment", lambda: self._captured(shopper, redemption_id))
        self._sent_back(shopper, redemption_id)
        back = self._until("the money is back", lambda: self._refunded(shopper, redemption_id))
        self.say(f"    money back: {back / 100:.2f} USD")
        self._papers(shopper, redemption_id, "credit_note")
        after = shopper.balance()
        if after["available"] != before["available"]:
            raise Unexpected(f"{after['available']} points, {before['available']} before the order")

    def partly_cancelled(self) -> None:
        shopper, quote = self.journeys.quoted(self.journeys.products["cheap"], quantity=3)
        before, lots = shopper.balance(), self._lots(shopper)
        redemption_id = shopper.redeem(quote, quote["points_full"])["redemption_id"]
        ended = self.journeys.ends(shopper, redemption_id, "completed")
        spent = self._lots(shopper)
        self._at_amazon(redemption_id, "cancel", {"units": {"1": 1}})
        (back,) = self._until("the unit is given back", lambda: shopper.status(redemption_id)["given_back"])
        now, third = self._lots(shopper), ended["points_spent"] // 3
        if shopper.balance()["available"] != before["available"] - 2 * third or back["points"] != third:
            raise Unexpected(f"{back} given back of {ended['points_spent']} points for three units")
        for day, amount in now.items():
            if spent.get(day) == lots.get(day):
                continue
            self.say(
                f"    lot of {day}: {lots.get(day, 0):,} before, {spent.get(day, 0):,} with the order, {amount:,} now"
            )
        if any(amount > lots.get(day, 0) for day, amount in now.items()):
            raise Unexpected("points came back to a lot that did not give them")
        self._texted(shopper, "You have back")

    def _sent_back(self, shopper: Shopper, redemption_id: str) -> None:
        """A case of the member's, the label of support, and the goods are here again."""
        units = {"redemption_id": redemption_id, "line_number": 1, "quantity": 1}
        body = {"kind": "changed_mind", "units": units, "text": "I would rather have the points."}
        opened = shopper.door.post("/cases", json=body, headers={"Idempotency-Key": new_key()})
        case_id = shopper.expect(201, opened)["case_id"]
        case = f"/cases/{case_id}"
        with joining.staff_signed_in(self.cloud, SUPPORT) as support:
            upload = shopper.expect(
                201,
                support.post(f"{case}/label", json={"content_type": "application/pdf", "size_bytes": len(LABEL)}),
            )
            httpx.put(upload["url"], content=LABEL, headers=upload["headers"], timeout=30).raise_for_status()
            shopper.expect(200, support.post(f"{case}/outcome", json={"outcome": "return_with_label"}))
            if shopper.get(case)["state"] != "return":
                raise Unexpected(f"the member sees {shopper.get(case)['state']}, no label")
            shopper.expect(200, support.post(f"{case}/return-received", json={}))
        decided = shopper.get(case)
        if decided["state"] != "decided":
            raise Unexpected(f"the case is {decided['state']}")
        self.say(f"    case {case_id}: label sent, goods received, {decided['points']:,} points back")

    def _at_amazon(self, redemption_id: str, step: str, body: dict[str, Any] | None = None) -> None:
        """A step in the stand-in for Amazon, and its pushes and hints at once."""
        control = f"{self.cloud.simulator('amazon_business')}/_simulator"
        for path in (f"/orders/{redemption_id}/{step}", "/notices/send"):
            httpx.post(control + path, json=body or {}, timeout=30).raise_for_status()

    def _becomes(self, shopper: Shopper, redemption_id: str, status: str) -> None:
        self._until(f"the portal says {status}", lambda: shopper.status(redemption_id)["status"] == status)

    def _texted(self, shopper: Shopper, words: str) -> None:
        """An SMS with these words has gone to the member's telephone."""

        def found() -> list[str]:
            texts = [sms["Message"] for sms in self.cloud.texts() if sms["PhoneNumber"] == shopper.phone]
            return [text for text in texts if words in text]

        text = self._until(f"an SMS says {words!r}", found)[-1]
        self.say(f"    SMS to {shopper.number}: {text}")

    def _papers(self, shopper: Shopper, redemption_id: str, kind: str) -> None:
        """The member's PDF: legible means that its text has the amounts, and a picture of it is there to look at."""

        def ready() -> list[dict[str, Any]]:
            documents = shopper.get(f"/redemptions/{redemption_id}/documents")["documents"]
            return [one for one in documents if one["kind"] == kind and one["state"] == "ready"]

        document = self._until(f"a {kind} is ready", ready)[-1]
        content = httpx.get(shopper.get(f"/documents/{document['document_id']}")["url"], timeout=30).content
        self.papers.mkdir(parents=True, exist_ok=True)
        path = self.papers / f"{document['number']}.pdf"
        path.write_bytes(content)
        page = pypdfium2.PdfDocument(content)[0]
        text = page.get_textpage().get_text_range()
        if f"{document['points']:,}" not in text or document["number"] not in text:
            raise Unexpected(f"{path} does not say {document['points']:,} points and its number")
        page.render(scale=PICTURE_SCALE).to_pil().save(path.with_suffix(".png"))
        self.say(f"    {kind.replace('_', ' ')} {document['number']}: {path.with_suffix('.png')}")

    def _captured(self, shopper: Shopper, redemption_id: str) -> int:
        return int(shopper.status(redemption_id)["payment"]["captured_minor"])

    def _refunded(self, shopper: Shopper, redemption_id: str) -> int:
        given_back = shopper.status(redemption_id)["given_back"]
        return sum(one["money_minor"] for one in given_back if one["refund_state"] == "refunded")

    def _lots(self, shopper: Shopper) -> dict[str, int]:
        return {lot["expires_on"]: lot["amount"] for lot in shopper.get("/me/lots")["lots"]}

    def _until[T](self, what: str, look: Callable[[], T]) -> T:
        """The first answer that is not empty. Raises Unexpected when none comes."""
        deadline = time.monotonic() + SECONDS
        while not (found := look()):
            if time.monotonic() > deadline:
                raise Unexpected(f"not within {SECONDS} s: {what}")
            time.sleep(POLL_SECONDS)
        return found
