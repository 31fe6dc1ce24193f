"""Orders at Amazon Business: how far each is there, how far we think it is, and buttons to move it on."""

from __future__ import annotations

from html import escape
from typing import Any

import httpx

from local.connected import Connected
from local.plain import PLAIN
from local.simulators.amazon_business.deliveries import COMES_FROM
from local.simulators.amazon_business.deliveries import STEPS as STATUSES
from local.status.forms import Refused
from local.status.markup import button, pill, quiet, when

LAST_ORDERS = 6
TIMEOUT_SECONDS = 3
# A button's word, and what is said when it was done.
STEPS = {
    "ship": ("Ship", "Shipped. Amazon's push and hint are on their way: timeline and message follow within seconds."),
    "out-for-delivery": ("Out for delivery", "Out for delivery: the van left this morning."),
    "deliver": ("Deliver", "Delivered: it lies at the door."),
    "delay": ("Delay", "Delayed by two days: Amazon promises a later date."),
    "undeliverable": ("Lose it", "Lost: Amazon calls the package undeliverable."),
    "pickup": ("To a pick-up point", "It waits for the member at a pick-up point."),
    "customer-action": ("Ask the member", "The carrier waits for the member."),
    "return": ("Send it back", "It is back at Amazon."),
    "refund": ("Refund", "Amazon refunds the company: it will be in the next report of its transactions."),
    "cancel": ("Cancel", "Cancelled: Amazon gives a hint, and what did not leave goes back to the member."),
}
_TONES = {"DELIVERED": "good", "UNDELIVERABLE": "bad", "DELAYED": "wait", "CUSTOMER_ACTION": "wait"}

type Reading = dict[str, Any]


def read(cloud: Connected) -> list[Reading]:
    """The last accepted orders, newest first: external_id, placed_at, units, waiting, packages; what we know of it:
    `known`, `title`, `number` of the member."""
    answer = httpx.get(
        f"{cloud.simulator('amazon_business')}/_simulator/orders?limit={LAST_ORDERS * 3}",
        timeout=TIMEOUT_SECONDS,
        verify=PLAIN,
    )
    answer.raise_for_status()
    orders = [order for order in answer.json()["orders"] if order["accepted"]][:LAST_ORDERS]
    with cloud.query() as connection:
        rows = connection.execute(
            "select p.external_id, f.progress, m.number, (select string_agg(l.title, ', ' order by l.line_number)"
            " from redemptions.line l where (l.program_id, l.redemption_id) = (p.program_id, p.redemption_id)) as title"
            " from orders.placement as p left join orders.follow as f using (program_id, redemption_id)"
            " left join members.member as m on (m.program_id, m.member_id) = (p.program_id, p.member_id)"
            " where p.external_id = any (%s)",
            ([order["external_id"] for order in orders],),
        ).fetchall()
    known: dict[str, Any] = {row["external_id"]: row for row in rows}
    return [
        {
            "external_id": order["external_id"],
            "placed_at": order["placed_at"],
            "units": sum(line["accepted_quantity"] for line in order["lines"]),
            "waiting": order["waiting"],
            "packages": order["packages"],
            "known": known.get(order["external_id"], {}).get("progress"),
            "title": known.get(order["external_id"], {}).get("title"),
            "number": known.get(order["external_id"], {}).get("number"),
        }
        for order in orders
    ]


def show(orders: list[Reading]) -> str:
    """The section."""
    if not orders:
        return quiet("No order yet. Redeem something in the portal: it appears here as soon as Amazon has it.")
    return f'<ul class="rows">{"".join(map(_order, orders))}</ul>'


def move(cloud: Connected, external_id: str, step: str) -> str:
    """Ask for a step; what was done. Raises Refused."""
    if step not in STEPS:
        raise Refused("There is no such step.")
    url = f"{cloud.simulator('amazon_business')}/_simulator/orders/{external_id}/{step}"
    answer = httpx.post(url, json={}, timeout=5, verify=PLAIN)
    if answer.status_code < 300:
        return STEPS[step][1]
    try:
        reason = f"refuses: {answer.json()['errors'][0]['message']}"
    except (ValueError, LookupError, TypeError):
        reason = f"answers {answer.status_code}"
    raise Refused(f"Amazon Business {reason}.")


def _order(order: Reading) -> str:
    name = escape(order["external_id"])
    units = f"{order['units']} unit{'' if order['units'] == 1 else 's'}"
    title = order.get("title") or "An order"
    waiting = f", {order['waiting']} not shipped yet" if order["waiting"] else ""
    facts = [units + waiting, when(order["placed_at"])]
    if order.get("number"):
        facts.insert(0, f"for {escape(order['number'])}")
    buttons = "".join(
        button(f"/orders/{order['external_id']}/{step}", words, of=title, main=step == "ship")
        for step, (words, _) in STEPS.items()
        if possible(order, step)
    )
    packages = "".join(map(_package, order["packages"]))
    return (
        f'<li id="order-{name}"><div class="top"><h3>{escape(title)}</h3>'
        f'<span class="quiet small">{" · ".join(facts)}</span>'
        f'<span class="small end">we know: {pill(order["known"] or "not followed", "good")}</span></div>'
        f'{packages}<div class="do">{buttons}</div>'
        f'<p class="small"><a class="mono" href="/redemptions/{name[:36]}">{name}</a></p></li>'
    )


def _package(one: Reading) -> str:
    status = one["status"]
    return (
        f'<p class="small">{pill(status.lower(), _TONES.get(status, ""))} '
        f"{escape(one['carrier'])} <code>{escape(one['tracking_id'])}</code></p>"
    )


def possible(order: Reading, step: str) -> bool:
    """Whether there is anything for this step to move."""
    if step in ("ship", "cancel"):
        return bool(order["waiting"])
    return any(package["status"] in COMES_FROM[STATUSES[step]] for package in order["packages"])
