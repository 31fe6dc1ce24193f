"""The panel of orders at Amazon Business: how far each is there, how far we think it is, and buttons to move it on."""

from __future__ import annotations

from html import escape
from typing import Any

import httpx

from local.connected import Connected

LAST_ORDERS = 6
TIMEOUT_SECONDS = 3
# What a button asks the simulator's control plane, and when there is something to ask it for.
STEPS = {
    "ship": "Ship",
    "out-for-delivery": "Out for delivery",
    "deliver": "Deliver",
    "delay": "Delay",
    "undeliverable": "Undeliverable",
    "cancel": "Cancel",
}
_UNDER_WAY = {"SHIPPED", "OUT_FOR_DELIVERY", "DELAYED", "AVAILABLE_FOR_PICKUP", "CUSTOMER_ACTION"}

type Reading = dict[str, Any]


def read(cloud: Connected) -> list[Reading]:
    """The last accepted orders, newest first: external_id, placed_at, units, waiting, packages; `known`: our word."""
    answer = httpx.get(
        f"{cloud.simulator('amazon_business')}/_simulator/orders?limit={LAST_ORDERS * 3}", timeout=TIMEOUT_SECONDS
    )
    answer.raise_for_status()
    orders = [order for order in answer.json()["orders"] if order["accepted"]][:LAST_ORDERS]
    with cloud.query() as connection:
        rows = connection.execute(
            "select p.external_id, f.progress from orders.follow as f join orders.placement as p"
            " using (program_id, redemption_id) where p.external_id = any (%s)",
            ([order["external_id"] for order in orders],),
        ).fetchall()
    known = {row["external_id"]: row["progress"] for row in rows}
    return [
        {
            "external_id": order["external_id"],
            "placed_at": order["placed_at"],
            "units": sum(line["accepted_quantity"] for line in order["lines"]),
            "waiting": order["waiting"],
            "packages": order["packages"],
            "known": known.get(order["external_id"]),
        }
        for order in orders
    ]


def show(orders: list[Reading]) -> str:
    """The panel."""
    if not orders:
        return '<p class="quiet">None yet.</p>'
    return "".join(map(_order, orders))


def move(cloud: Connected, external_id: str, step: str) -> str | None:
    """Ask for a step; why it was refused, or None."""
    if step not in STEPS:
        return "there is no such step"
    url = f"{cloud.simulator('amazon_business')}/_simulator/orders/{external_id}/{step}"
    answer = httpx.post(url, json={}, timeout=5)
    if answer.status_code < 300:
        return None
    try:
        return str(answer.json()["errors"][0]["message"])
    except (ValueError, LookupError, TypeError):
        return f"the simulator answers {answer.status_code}"


def _order(order: Reading) -> str:
    packages = "".join(
        f'<br><span class="quiet">{escape(one["tracking_id"])}</span> {escape(one["carrier"])}'
        f' <span class="pill">{escape(one["status"].replace("_", " ").lower())}</span>'
        for one in order["packages"]
    )
    waiting = f", {order['waiting']} wait to be shipped" if order["waiting"] else ""
    we_know = f'<span class="pill good">{escape((order["known"] or "not followed").replace("_", " "))}</span>'
    name = escape(order["external_id"])
    buttons = "".join(
        f'<form method="post" action="/orders/{name}/{step}" style="display:inline-flex;margin:6px 6px 0 0">'
        f'<button class="plain">{escape(words)}</button></form>'
        for step, words in STEPS.items()
        if _possible(order, step)
    )
    return (
        f'<div class="redemption"><div class="top"><strong>{order["units"]} units{waiting}</strong>'
        f'<span class="quiet">we know: {we_know}</span><span class="id mono">{name}</span></div>'
        f"{packages}<div>{buttons}</div></div>"
    )


def _possible(order: Reading, step: str) -> bool:
    if step in ("ship", "cancel"):
        return bool(order["waiting"])
    return any(package["status"] in _UNDER_WAY for package in order["packages"])
