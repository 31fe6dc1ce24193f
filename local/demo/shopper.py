"""One member at the member API: what a phone would send, and what it would show."""

from __future__ import annotations

import json
import secrets
import time
import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import httpx

from local.plain import PLAIN

CLOSED = frozenset(
    {"completed", "partially_completed", "cancelled", "payment_declined", "payment_abandoned", "rejected", "in_review"}
)
POLL_SECONDS = 0.5


class Unexpected(Exception):
    """The product did something else than the journey says; the message holds what it answered, `answer` too."""

    def __init__(self, message: str, answer: httpx.Response | None = None) -> None:
        super().__init__(message)
        self.answer = answer


def new_key(now: datetime | None = None) -> str:
    """A UUIDv7, as a client mints one; `now` where the cloud's clock may have been turned."""
    instant = round((now.timestamp() if now else time.time()) * 1000)
    value = (instant << 80) | (7 << 76) | (secrets.randbits(12) << 64) | (2 << 62) | secrets.randbits(62)
    return str(uuid.UUID(int=value))


@dataclass
class Shopper:
    """`door` is a client of the member API with the member's token."""

    number: str
    door: httpx.Client
    phone: str = ""
    redemptions: list[str] = field(default_factory=list)

    def balance(self) -> dict[str, Any]:
        """GET /me/balance."""
        return self.get("/me/balance")

    def quote(self, asin: str, quantity: int = 1) -> dict[str, Any]:
        """POST /quotes for one product."""
        return self.expect(201, self.door.post("/quotes", json={"lines": [{"asin": asin, "quantity": quantity}]}))

    def split(self, quote: dict[str, Any], points: int) -> dict[str, Any]:
        """POST /quotes/{id}/split: what so many points leave to pay."""
        return self.expect(200, self.door.post(f"/quotes/{quote['quote_id']}/split", json={"points": points}))

    def redeem(self, quote: dict[str, Any], points: int, key: str | None = None) -> dict[str, Any]:
        """Split the quote and redeem it."""
        key = key or new_key()
        answer = self.expect(202, self.send(self.order(quote, points), key))
        self.redemptions.append(answer["redemption_id"])
        return answer

    def order(self, quote: dict[str, Any], points: int) -> dict[str, Any]:
        """The body of POST /redemptions."""
        split = self.split(quote, points)
        return {
            "quote_id": quote["quote_id"],
            "quote_token": quote["quote_token"],
            "points": points,
            "money_minor": split["money_minor"],
        }

    def send(self, order: dict[str, Any], key: str) -> httpx.Response:
        """POST /redemptions."""
        return self.door.post("/redemptions", json=order, headers={"Idempotency-Key": key})

    def status(self, redemption_id: str) -> dict[str, Any]:
        """GET /redemptions/{id}."""
        return self.get(f"/redemptions/{redemption_id}")

    def wait(self, redemption_id: str, *statuses: str, seconds: float = 120) -> dict[str, Any]:
        """Look until the redemption has one of the statuses. Raises Unexpected at another ending, or too late."""
        deadline = time.monotonic() + seconds
        while True:
            seen = self.status(redemption_id)
            if seen["status"] in statuses and (seen["status"] not in CLOSED or seen["closed_at"]):
                return seen
            if seen["status"] in CLOSED and seen["closed_at"]:
                raise Unexpected(f"{redemption_id} ended {seen['status']}, not {'/'.join(statuses)}")
            if time.monotonic() > deadline:
                raise Unexpected(f"{redemption_id} is {seen['status']} after {seconds:.0f} s")
            time.sleep(POLL_SECONDS)

    def pay(self, redemption_id: str, decision: str) -> None:
        """Answer the payment provider's page (pay, decline, abandon) and come back to the portal."""
        page = self.wait(redemption_id, "awaiting_payment")
        deadline = time.monotonic() + 60
        while not (page["payment"] or {}).get("approval_url"):
            if time.monotonic() > deadline:
                raise Unexpected(f"{redemption_id}: no approval address came")
            time.sleep(POLL_SECONDS)
            page = self.status(redemption_id)
        approval = self.decide(page, decision)
        if approval is None:
            raise Unexpected(f"the payment page of {redemption_id} was decided before")
        self.expect(202, approval)

    def decide(self, seen: dict[str, Any], decision: str) -> httpx.Response | None:
        """Answer the provider's page of a redemption that awaits its payment, and come back to the portal: what the
        portal's door says; None if the page was decided before. Raises Unexpected if the page says something else."""
        page = httpx.post(seen["payment"]["approval_url"], data={"decision": decision}, timeout=30, verify=PLAIN)
        if page.status_code == 409:
            return None
        if page.status_code not in (302, 303):
            raise Unexpected(f"the payment page answered {page.status_code} {page.text[:200]}")
        session = httpx.URL(page.headers["location"]).params.get("amazonCheckoutSessionId", "")
        address = f"/redemptions/{seen['redemption_id']}/payment-approval"
        return self.door.post(address, json={"checkout_session_id": session})

    def cancel(self, redemption_id: str) -> None:
        """POST /redemptions/{id}/cancel."""
        self.expect(200, self.door.post(f"/redemptions/{redemption_id}/cancel"))

    def get(self, path: str) -> dict[str, Any]:
        """A GET that must succeed."""
        return self.expect(200, self.door.get(path))

    def expect(self, status: int, answer: httpx.Response) -> dict[str, Any]:
        """The answer's body. Raises Unexpected with it if the status is another."""
        if answer.status_code != status:
            request = answer.request
            said = f"{request.method} {request.url.path}: {answer.status_code} {answer.text[:600]}"
            raise Unexpected(said, answer)
        body: dict[str, Any] = json.loads(answer.text)
        return body


def timeline(redemption: dict[str, Any]) -> list[str]:
    """A line an event, with seconds from the first."""
    began = _instant(redemption["timeline"][0]["at"])
    return [
        f"    {_instant(event['at']) - began:7.1f} s  {event['words']}"
        + (f"  {json.dumps(event['detail'])}" if event["detail"] else "")
        for event in redemption["timeline"]
    ]


def _instant(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
