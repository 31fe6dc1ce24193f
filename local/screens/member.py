"""A member whose pages have something on them: points that lapse soon, orders in several states, a case, wishes."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import httpx

from local import joining
from local.connected import Connected
from local.demo.shopper import POLL_SECONDS, Shopper, new_key
from local.people import Member
from local.plain import PLAIN

SECONDS = 90
# Points of a purchase so long ago lapse at the end of a month that is two or three away.
LONG_AGO_DAYS = 670


@dataclass
class Furnished:
    """The member, and what to open: redemptions by their state, a case, products by ASIN."""

    member: Member
    redemptions: dict[str, str] = field(default_factory=dict)
    case_id: str = ""
    products: list[str] = field(default_factory=list)


def furnish(cloud: Connected, member: Member) -> Furnished:
    """Make it all by the doors that everybody uses. Raises Unexpected or Refused where one of them says no."""
    furnished = Furnished(member)
    _earn(cloud, member)
    with closing(joining.join(cloud, member)) as door:
        shopper = Shopper(member.number, door)
        version = shopper.get("/catalogue")["programme_version"]
        products = shopper.get(f"/catalogue/{version}/products?sort=points&max_points=6000")["products"]
        furnished.products = [product["asin"] for product in products]
        for asin in furnished.products[3:6]:
            shopper.expect(200, door.put(f"/me/wishlist/{asin}"))
        looks = [{"key": str(new_key()), "asin": asin, "came_from": "category"} for asin in furnished.products[:8]]
        shopper.expect(200, door.post("/me/views", json={"views": looks}))
        for state in ("delivered", "shipped", "awaiting_payment", "cancelled"):
            furnished.redemptions[state] = _order(cloud, shopper, furnished.products, state)
        furnished.case_id = _case(shopper, furnished.redemptions["delivered"])
    # Last, or the orders would have taken these points first.
    _earn_long_ago(cloud, member)
    return furnished


def doubtful_invoice(cloud: Connected, furnished: Furnished) -> str:
    """Have the orders that have left invoiced, one of them at another price; that one's id, once it was read."""
    control = f"{cloud.simulator('amazon_business')}/_simulator/orders"
    for state, body in (("delivered", {}), ("shipped", {"error": "wrong_price"})):
        address = f"{control}/{furnished.redemptions[state]}/invoice"
        httpx.post(address, json=body, timeout=30, verify=PLAIN).raise_for_status()
    deadline = time.monotonic() + SECONDS
    with cloud.query() as owner:
        while time.monotonic() < deadline:
            row = owner.execute("select invoice_id from invoices.invoice where state = 'review' limit 1").fetchone()
            if row is not None:
                return str(row["invoice_id"])
            time.sleep(POLL_SECONDS)
    raise joining.Refused("no invoice waits for a person in time")


def _earn(cloud: Connected, member: Member) -> None:
    with joining.partner(cloud) as inbound:
        inbound.post("/members", json=member.registration()).raise_for_status()
        inbound.post("/accruals", json=member.purchase()).raise_for_status()


def _earn_long_ago(cloud: Connected, member: Member) -> None:
    long_ago = datetime.now(UTC) - timedelta(days=LONG_AGO_DAYS)
    purchase = {
        **member.purchase(),
        "partner_reference": f"long-ago-{member.number}",
        "spend_minor": 12_400,
        "occurred_at": long_ago.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    with joining.partner(cloud) as inbound:
        inbound.post("/accruals", json=purchase).raise_for_status()


def _order(cloud: Connected, shopper: Shopper, products: list[str], state: str) -> str:
    asin = products[len(shopper.redemptions) % 3]
    quote = shopper.quote(asin)
    points = quote["points_full"] // 2 if state == "awaiting_payment" else quote["points_full"]
    redemption_id: str = shopper.redeem(quote, points)["redemption_id"]
    if state == "cancelled":
        shopper.cancel(redemption_id)
        return redemption_id
    if state == "awaiting_payment":
        shopper.wait(redemption_id, "awaiting_payment")
        return redemption_id
    shopper.wait(redemption_id, "completed")
    for step, reached in (("ship", "shipped"), ("deliver", "delivered")):
        _at_amazon(cloud, redemption_id, step)
        _until(shopper, redemption_id, reached)
        if reached == state:
            break
    return redemption_id


def _at_amazon(cloud: Connected, redemption_id: str, step: str) -> None:
    control = f"{cloud.simulator('amazon_business')}/_simulator"
    for path in (f"/orders/{redemption_id}/{step}", "/notices/send"):
        httpx.post(control + path, json={}, timeout=30, verify=PLAIN).raise_for_status()


def _case(shopper: Shopper, redemption_id: str) -> str:
    units = {"redemption_id": redemption_id, "line_number": 1, "quantity": 1}
    asked = {"kind": "damaged", "units": units, "text": "The lid has a crack from one side to the other."}
    answer = shopper.door.post("/cases", json=asked, headers={"Idempotency-Key": new_key()})
    return str(shopper.expect(201, answer)["case_id"])


def _until(shopper: Shopper, redemption_id: str, status: str) -> None:
    deadline = time.monotonic() + SECONDS
    while shopper.status(redemption_id)["status"] != status:
        if time.monotonic() > deadline:
            raise joining.Refused(f"{redemption_id} is not {status} in time")
        time.sleep(POLL_SECONDS)
