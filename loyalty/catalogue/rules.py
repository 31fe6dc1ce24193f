"""What can never be redeemed, decided by what Amazon says about a product and its offer, never by guessing at titles.

A rule has a name that is stored, logged and tested; the words for members are in REASONS.
"""

from __future__ import annotations

from dataclasses import dataclass

from loyalty.orders.amazon_business import Offer, Product

ORDERABLE = ("STANDARD", "VARIATION_CHILD")
# Anything else is BLOCKED, RESTRICTED, unknown, or a word Amazon added since: never ours to try.
ALLOWED_GUIDANCE = ("PREFERRED", "NONE", "NEGOTIATED")
_NO = ("no", "none", "false", "not applicable", "n/a", "not hazardous")

REASONS = {
    "gift_card": "Gift cards are not rewards.",
    "cash_like": "Money and what is like money are not rewards.",
    "digital": "Digital products cannot be delivered.",
    "subscription": "Subscriptions are not rewards.",
    "age_restricted": "This product is sold to adults of a proven age only.",
    "hazmat": "Dangerous goods are not rewards.",
    "used": "Only new products are rewards.",
    "blocked": "This product may not be bought.",
    "restricted": "This product may not be bought.",
    "parent": "Choose a size or a colour first.",
    "gone": "This product is no longer sold.",
    "hidden": "This product is not part of the programme.",
}


@dataclass(frozen=True, slots=True)
class _Rule:
    """Matches by format, UNSPSC code (by its beginning), badge, or a detail that is there and does not say no."""

    name: str
    formats: tuple[str, ...] = ()
    unspsc: tuple[str, ...] = ()
    badges: tuple[str, ...] = ()
    details: tuple[str, ...] = ()

    def matches(self, product: Product) -> bool:
        return (
            product.format.strip().casefold() in self.formats
            or any(t.kind == "UNSPSC" and t.code.startswith(self.unspsc) for t in product.taxonomies if self.unspsc)
            or any(badge.strip().casefold() in self.badges for badge in product.badges)
            or any(
                label.strip().casefold() in self.details and value.strip().casefold() not in _NO
                for label, value in product.details.items()
            )
        )


RULES = (
    _Rule("gift_card", formats=("gift card", "egift card", "gift certificate"), unspsc=("14111608",)),
    _Rule(
        "cash_like",
        formats=("prepaid card", "debit card", "cash card", "currency", "bullion", "coin", "cryptocurrency"),
        # Segment 64: financial instruments.
        unspsc=("64",),
    ),
    _Rule(
        "digital",
        formats=(
            "kindle edition", "ebook", "digital download", "digital code", "software download", "pc download",
            "mac download", "online game code", "audible audiobook", "audio download", "mp3 music", "prime video",
            "app",
        ),
    ),
    _Rule(
        "subscription",
        formats=("subscription box", "subscription", "magazine subscription", "print magazine", "membership"),
    ),
    _Rule(
        "age_restricted",
        # Alcoholic beverages; tobacco.
        unspsc=("502022", "50211"),
        badges=("age restricted", "18+", "21+"),
        details=("minimum age", "minimum age for purchase", "age restriction", "legal minimum age"),
    ),
    _Rule(
        "hazmat",
        badges=("hazmat", "dangerous goods"),
        details=("hazardous material", "hazmat type", "un number", "dangerous goods regulations", "ghs class"),
    ),
)  # fmt: skip


def product_refusal(product: Product) -> str | None:
    """The name of the rule by which this product can never be redeemed, or None."""
    return next((rule.name for rule in RULES if rule.matches(product)), None)


def offer_refusal(offer: Offer) -> str | None:
    """The name of the rule by which this offer can never be redeemed, or None."""
    if offer.condition.casefold() != "new":
        return "used"
    if offer.buying_guidance == "BLOCKED":
        return "blocked"
    if offer.buying_guidance not in ALLOWED_GUIDANCE or offer.buying_restrictions:
        return "restricted"
    return None


def in_stock(offer: Offer) -> bool:
    """Whether Amazon would send at least the least one may order. Where it does not say how many, it is."""
    if offer.quantity_in_stock is not None:
        return offer.quantity_in_stock >= offer.min_quantity
    return "unavailable" not in offer.availability.casefold() and "out of stock" not in offer.availability.casefold()
