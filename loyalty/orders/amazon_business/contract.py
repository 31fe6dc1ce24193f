"""What is said to and heard from Amazon Business, in our words: money in minor units, times in UTC.

Enumerations stay strings: Amazon adds values without notice, and an unknown one must not break an order.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

MAX_ORDER_LINES = 50
MAX_ASINS_A_CALL = 30


@dataclass(frozen=True, slots=True)
class Credentials:
    """The one connection a programme orders through."""

    client_id: str
    client_secret: str = field(repr=False)
    refresh_token: str = field(repr=False)
    buyer_email: str = field(repr=False)
    buying_group: str


@dataclass(frozen=True, slots=True)
class Address:
    """Where it goes; at most 60 characters a line. Its repr shows nothing personal."""

    full_name: str = field(repr=False)
    phone: str = field(repr=False)
    line1: str = field(repr=False)
    city: str = field(repr=False)
    state_or_region: str
    postal_code: str = field(repr=False)
    country_code: str
    line2: str = field(default="", repr=False)
    line3: str = field(default="", repr=False)


# ---- ordering ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One line. What is expected is Amazon's price of one unit, and its charges for the whole line; None: no limit."""

    line_number: int
    asin: str
    offer_id: str | None
    quantity: int
    expected_unit_price_minor: int | None = None
    expected_shipping_minor: int | None = None
    expected_tax_minor: int | None = None


# How the names of trials begin, also in the database (orders.placement).
TRIAL = "trial-"


@dataclass(frozen=True, slots=True)
class PlaceOrder:
    """An order, or with `trial` the question what it would cost. `external_id` (1–255) names it for ever: a trial's
    begins with TRIAL, a real one's never."""

    external_id: str
    lines: tuple[OrderLine, ...]
    address: Address
    purchase_order_number: str
    region: str = "US"
    currency: str = "USD"
    trial: bool = False
    # Prices never appear on a packing slip: a reward is a present.
    suppress_prices: bool = True


@dataclass(frozen=True, slots=True)
class Charge:
    """`category` SUBTOTAL, SHIPPING, GIFT_WRAP, …; `kind` PRINCIPAL, TAX or DISCOUNT (negative)."""

    category: str
    kind: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something was rejected. `kind` is the artifact's type (RejectionCode, BrokenUnitPriceExpectation, …)."""

    kind: str
    code: str | None = None
    message: str | None = None
    quantity: int | None = None
    minimum_age: int | None = None
    boundary_minor: int | None = None
    actual_minor: int | None = None


@dataclass(frozen=True, slots=True)
class AcceptedItem:
    """So many units of a line in one Amazon order (none in a trial)."""

    quantity: int
    order_id: str | None
    unit_price_minor: int | None
    charges: tuple[Charge, ...] = ()
    delivery_earliest: datetime | None = None
    delivery_latest: datetime | None = None
    # Shipment groups' tracking numbers; they appear after shipping.
    tracking_numbers: tuple[str, ...] = ()
    # (shipment, units of this item in it); None: not told how many.
    shipped: tuple[tuple[str, int | None], ...] = ()


@dataclass(frozen=True, slots=True)
class RejectedItem:
    """So many units of a line that Amazon will not send, and why."""

    quantity: int
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class LineResult:
    """What became of one line: parts of it may be accepted under different Amazon orders, parts rejected."""

    line_number: int
    accepted: tuple[AcceptedItem, ...] = ()
    rejected: tuple[RejectedItem, ...] = ()

    @property
    def accepted_quantity(self) -> int:
        return sum(item.quantity for item in self.accepted)

    @property
    def rejected_quantity(self) -> int:
        return sum(item.quantity for item in self.rejected)

    @property
    def order_ids(self) -> tuple[str, ...]:
        """Amazon's order numbers, each once, in order of appearance."""
        return tuple(dict.fromkeys(item.order_id for item in self.accepted if item.order_id))

    @property
    def unit_price_minor(self) -> int | None:
        """Amazon's price of one unit: the highest, if parts were accepted at different prices."""
        return max((item.unit_price_minor for item in self.accepted if item.unit_price_minor is not None), default=None)

    @property
    def principal_minor(self) -> int:
        """The goods, discounts taken off, without tax and shipping."""
        return sum(
            charge.amount_minor for charge in self._charges() if charge.kind != "TAX" and charge.category != "SHIPPING"
        )

    @property
    def shipping_minor(self) -> int:
        return sum(
            charge.amount_minor for charge in self._charges() if charge.kind != "TAX" and charge.category == "SHIPPING"
        )

    @property
    def tax_minor(self) -> int:
        return sum(charge.amount_minor for charge in self._charges() if charge.kind == "TAX")

    @property
    def charged_minor(self) -> int:
        """All that Amazon charges us for the accepted part."""
        return sum(charge.amount_minor for charge in self._charges())

    @property
    def reasons(self) -> tuple[Reason, ...]:
        return tuple(reason for item in self.rejected for reason in item.reasons)

    @property
    def delivery_earliest(self) -> datetime | None:
        return min((item.delivery_earliest for item in self.accepted if item.delivery_earliest), default=None)

    @property
    def delivery_latest(self) -> datetime | None:
        return max((item.delivery_latest for item in self.accepted if item.delivery_latest), default=None)

    def _charges(self) -> tuple[Charge, ...]:
        return tuple(charge for item in self.accepted for charge in item.charges)


@dataclass(frozen=True, slots=True)
class Package:
    """A parcel on its way; `package_id` and the dates may be missing."""

    tracking_number: str
    carrier: str | None = None
    package_id: str | None = None
    delivery_earliest: datetime | None = None
    delivery_latest: datetime | None = None


@dataclass(frozen=True, slots=True)
class Shipment:
    """One shipment of an order."""

    identifier: str
    packages: tuple[Package, ...] = ()


@dataclass(frozen=True, slots=True)
class OrderResult:
    """The answer to an order: HTTP 200 may hold rejected lines, all of them even. Keys of `lines` are line numbers."""

    lines: dict[int, LineResult]
    # All accepted items are placed; a trial is never signed.
    signed: bool
    shipments: tuple[Shipment, ...] = ()
    rejections: tuple[Reason, ...] = ()

    @property
    def accepted_quantity(self) -> int:
        return sum(line.accepted_quantity for line in self.lines.values())

    @property
    def rejected_quantity(self) -> int:
        return sum(line.rejected_quantity for line in self.lines.values())


@dataclass(frozen=True, slots=True)
class CartEstimate:
    """What a cart would cost at an address, as a whole."""

    charges: tuple[Charge, ...]
    rejections: tuple[Reason, ...] = ()

    @property
    def shipping_minor(self) -> int:
        return sum(c.amount_minor for c in self.charges if c.kind != "TAX" and c.category == "SHIPPING")

    @property
    def tax_minor(self) -> int:
        return sum(c.amount_minor for c in self.charges if c.kind == "TAX")


# ---- products ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Image:
    """One picture in the sizes Amazon gives: size name (large, medium, small, thumbnail) → (address, width, height)."""

    alternative_text: str
    sizes: dict[str, tuple[str, int, int]]


@dataclass(frozen=True, slots=True)
class Offer:
    """One way to buy a product. `offer_id` is passed on untouched: it is percent-encoded already. None: not told."""

    offer_id: str
    asin: str
    availability: str
    buying_guidance: str
    condition: str
    price_minor: int | None
    currency: str | None
    list_price_minor: int | None = None
    price_type: str | None = None
    fulfillment_type: str | None = None
    merchant_name: str | None = None
    # How buyers rate the seller, of five.
    merchant_stars: float | None = None
    quantity_in_stock: int | None = None
    min_quantity: int = 1
    max_quantity: int | None = None
    buying_restrictions: tuple[str, ...] = ()
    delivery_information: str = ""
    shipping_minor: int | None = None
    delivery_earliest: datetime | None = None
    delivery_latest: datetime | None = None


@dataclass(frozen=True, slots=True)
class Variation:
    """A child of a product with variations: its ASIN and what it differs in ({"size": "L", "colour": "Blue"})."""

    asin: str
    dimensions: dict[str, str]


@dataclass(frozen=True, slots=True)
class Taxonomy:
    """A place in a classification; `kind` UNSPSC or ECLASS."""

    kind: str
    code: str
    title: str


@dataclass(frozen=True, slots=True)
class Product:
    """A product as Product Search tells it. `kind` STANDARD, VARIATION_PARENT (never orderable) or VARIATION_CHILD."""

    asin: str
    kind: str
    title: str
    brand: str = ""
    url: str = ""
    description: str = ""
    features: tuple[str, ...] = ()
    # Binding or product type: "Hardcover", "Kindle Edition", "Gift Card", …
    format: str = ""
    taxonomies: tuple[Taxonomy, ...] = ()
    # Overview and details as label → text.
    details: dict[str, str] = field(default_factory=dict)
    badges: tuple[str, ...] = ()
    images: tuple[Image, ...] = ()
    offers: tuple[Offer, ...] = ()
    variations: tuple[Variation, ...] = ()
    star_rating: float | None = None
    number_of_ratings: int | None = None


@dataclass(frozen=True, slots=True)
class SearchPage:
    """One page of a search; pages count from 0."""

    products: tuple[Product, ...]
    matching: int
    pages: int
    # Category id → name, to narrow the search with.
    categories: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Products:
    """The products asked for by ASIN, and those Amazon does not know (any more)."""

    products: tuple[Product, ...]
    not_found: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Offers:
    """The offers of one product, best first."""

    offers: tuple[Offer, ...]


# ---- what the rest of the house may ask --------------------------------------------------------------------------


class Ordering(Protocol):
    """Placing and following orders. Every method may raise the errors of this package."""

    def place_order(self, order: PlaceOrder) -> OrderResult:
        """Place it (or try it, with `trial`). Unknown: look it up by `external_id` before anything else."""

    def order_details(self, external_id: str) -> OrderResult | None:
        """What became of an order; None if Amazon never accepted a request of this id."""

    def cart_estimate(self, lines: tuple[OrderLine, ...], address: Address, region: str = "US") -> CartEstimate:
        """What these lines would cost at this address, by the buyer's cart: cheaper and less exact than a trial.

        The cart is the buyer's only one: callers take turns.
        """


class ProductSearch(Protocol):
    """Reading the catalogue. Every method may raise the errors of this package."""

    def search_products(
        self, keywords: str, *, category: str | None = None, page: int = 0, page_size: int = 24, sort: str | None = None
    ) -> SearchPage:
        """Search; `page` 0–13, `page_size` ≤ 24, `sort` one of Amazon's keys (POPULARITY, NEWEST_ARRIVALS, …)."""

    def products_by_asins(self, asins: tuple[str, ...], *, postal_code: str | None = None) -> Products:
        """At most 30 products with their offers and pictures."""

    def offers(self, asin: str, *, quantity: int = 1, postal_code: str | None = None) -> Offers:
        """The offers of one product as they are now. Raises Refused (404) for an unknown ASIN."""
