"""Every page of the portal by a name, with the place where a furnished member finds it."""

from __future__ import annotations

from local.screens.member import Furnished

# Seen by somebody who is not signed in.
OUTSIDE = {"welcome": "/", "help": "/help"}


def inside(furnished: Furnished) -> dict[str, str]:
    """Name → place, for this member."""
    product = furnished.products[0]
    orders = {
        f"order-{state.replace('_', '-')}": f"/redemptions/{name}" for state, name in furnished.redemptions.items()
    }
    return {
        "home": "/",
        "browse": "/browse",
        "browse-search": "/browse?search=lamp",
        "browse-nothing": "/browse?search=nothingofthekind",
        "product": f"/products/{product}",
        "product-gone": "/products/B0NOTHERE0",
        "wishlist": "/wishlist",
        "cart": "/cart",
        "checkout": "/checkout",
        "orders": "/redemptions",
        **orders,
        "order-gone": "/redemptions/00000000-0000-7000-8000-000000000000",
        "points": "/points",
        "statement": "/points/statement",
        "cases": "/cases",
        "case": f"/cases/{furnished.case_id}",
        "case-new": f"/cases/new?redemption={furnished.redemptions['delivered']}&line=1",
        "profile": "/profile",
        "close": "/profile/close",
        "terms": "/terms",
        "not-there": "/nowhere",
    }


# The manager app's, by who of the staff looks: `{number}` is the member's, `{invoice}` one that waits for a person.
OF_STAFF: dict[str, dict[str, str]] = {
    "catalogue-manager": {
        "overview": "/programme",
        "brand": "/programme/brand",
        "messages": "/programme/messages",
        "points-policy": "/programme/points",
        "prices": "/programme/prices",
        "tiers": "/tiers",
        "look-ahead": "/programme/ahead",
        "publish": "/programme/publish",
        "products": "/catalogue/products",
        "rules": "/catalogue/rules",
        "campaign-new": "/campaigns/new",
        "integrations": "/integrations",
    },
    "support": {
        "queue": "/queue",
        "member": "/members/{number}",
        "orders": "/orders",
        "privacy": "/privacy/requests",
    },
    "business-operator": {
        "audit": "/audit",
        "reports": "/reports",
        "reports-points": "/reports?sheet=points",
        "reports-products": "/reports?sheet=products",
        "reports-seasons": "/reports?sheet=seasonality",
        "reports-campaigns": "/reports?sheet=campaigns",
        "reports-operations": "/reports?sheet=operations",
    },
    "finance": {
        "invoices": "/invoices",
        "invoice": "/invoices/{invoice}",
        "invoice-months": "/invoices/months",
        "erp-deliveries": "/erp/documents",
    },
}
