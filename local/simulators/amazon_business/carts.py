"""Cart 2025-04-30: the buyer's one cart, and what it would cost. Estimates know no drift and place nothing."""

from __future__ import annotations

from typing import Any

from local.simulators.amazon_business.catalogue import offer_id
from local.simulators.amazon_business.charges import charge
from local.simulators.amazon_business.errors import Answer, invalid
from local.simulators.amazon_business.ordering import money
from local.simulators.amazon_business.shelf import item_of
from local.simulators.amazon_business.store import Store
from local.simulators.amazon_business.validation import address_state

CART_ID = "cart-default-1"
MAX_ITEMS = 50


def list_carts(region: str) -> dict[str, Any]:
    return {"cartDetailsList": [{"id": CART_ID, "cartType": "DEFAULT", "region": region}]}


def delete_items(store: Store, cart_id: str) -> None:
    _known(cart_id)
    store.run("delete from carts where cart_id = ?", cart_id)


def add_items(store: Store, cart_id: str, body: Any) -> dict[str, Any]:
    """Add what can be bought; the rest comes back in `rejectedItems`."""
    _known(cart_id)
    asked = body.get("items") if isinstance(body, dict) else None
    if not isinstance(asked, list) or not 1 <= len(asked) <= MAX_ITEMS:
        raise invalid("items: 1 to 50")
    taken, rejected = [], []
    for line in asked:
        quantity = line.get("quantity") if isinstance(line, dict) else None
        if not isinstance(quantity, int) or isinstance(quantity, bool) or quantity < 1:
            raise invalid("items.quantity")
        item = item_of(store, str(line.get("productIdentifier")))
        chosen = line.get("buyingOptionIdentifier")
        if (
            item is None
            or item.kind == "VARIATION_PARENT"
            or item.stock == 0
            or (chosen and chosen != offer_id(item.asin))
        ):
            rejected.append({"productIdentifier": line.get("productIdentifier"), "externalId": line.get("externalId")})
            continue
        last = store.one("select coalesce(max(position), 0) as last from carts where cart_id = ?", cart_id)
        store.run(
            "insert into carts(cart_id, position, asin, offer_id, quantity, external_id) values (?, ?, ?, ?, ?, ?)",
            cart_id,
            (last["last"] if last else 0) + 1,
            item.asin,
            chosen,
            quantity,
            line.get("externalId"),
        )
        taken.append({"productIdentifier": item.asin, "quantity": quantity, "isItemAvailable": True})
    return {"items": taken, "rejectedItems": rejected}


def estimate(store: Store, cart_id: str, body: Any, region: str, currency: str) -> dict[str, Any]:
    """Charges of the whole cart at an address."""
    _known(cart_id)
    if not isinstance(body, dict) or "address" not in body:
        raise invalid("The required request parameter is missing: address.")
    state = address_state(body["address"], region)
    lines = []
    for row in store.all("select asin, quantity from carts where cart_id = ? order by position", cart_id):
        item = item_of(store, row["asin"])
        if item is not None:
            lines.append((item, item.price_minor, row["quantity"]))
    if not lines:
        raise invalid("the cart is empty")
    charged = charge(lines, state)
    return {
        "charges": [
            {"type": kind, "category": category, "amount": money(minor, currency)}
            for kind, category, minor in (
                ("PRINCIPAL", "SUBTOTAL", sum(line.principal for line in charged)),
                ("PRINCIPAL", "SHIPPING", sum(line.shipping + line.discount for line in charged)),
                ("TAX", "SUBTOTAL", sum(line.tax for line in charged)),
            )
        ],
        "rejectionArtifacts": [],
    }


def _known(cart_id: str) -> None:
    if cart_id != CART_ID:
        raise Answer(404, "PAGE_NOT_FOUND", "No such cart")
