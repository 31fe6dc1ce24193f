"""The client of the Amazon Business APIs: what is said (`contract`), what can go wrong (`errors`), how (`client`).

>>> from loyalty.orders.amazon_business import AmazonBusiness, PlaceOrder, Unknown  # doctest: +SKIP
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from loyalty.orders.amazon_business.contract import (
    TRIAL,
    AcceptedItem,
    Address,
    CartEstimate,
    Charge,
    Credentials,
    Image,
    LineResult,
    Offer,
    Offers,
    Ordering,
    OrderLine,
    OrderResult,
    Package,
    PlaceOrder,
    Product,
    Products,
    ProductSearch,
    Reason,
    RejectedItem,
    SearchPage,
    Shipment,
    Taxonomy,
    Variation,
)
from loyalty.orders.amazon_business.credentials import RenewedCredentials
from loyalty.orders.amazon_business.deadline import Deadline
from loyalty.orders.amazon_business.documents import Documents, Issued, Report, ShippedItem
from loyalty.orders.amazon_business.errors import (
    AmazonBusinessError,
    CredentialsRevoked,
    NotSent,
    OutOfTime,
    Refused,
    Throttled,
    Unknown,
)
from loyalty.orders.amazon_business.following import (
    Asked,
    Following,
    OrderLineReport,
    OrderReport,
    Page,
    ShipmentLineReport,
    ShipmentReport,
    Tracking,
    TrackingEvent,
)
from loyalty.orders.amazon_business.reconciling import (
    Reconciling,
    Transaction,
    TransactionLine,
    TransactionPage,
)

if TYPE_CHECKING:
    from loyalty.orders.amazon_business.client import AmazonBusiness
    from loyalty.orders.amazon_business.transport import Timeouts

__all__ = [
    "TRIAL",
    "AcceptedItem",
    "Address",
    "AmazonBusiness",
    "AmazonBusinessError",
    "Asked",
    "CartEstimate",
    "Charge",
    "Credentials",
    "CredentialsRevoked",
    "Deadline",
    "Documents",
    "Following",
    "Image",
    "Issued",
    "LineResult",
    "NotSent",
    "Offer",
    "Offers",
    "OrderLine",
    "OrderLineReport",
    "OrderReport",
    "OrderResult",
    "Ordering",
    "OutOfTime",
    "Package",
    "Page",
    "PlaceOrder",
    "Product",
    "ProductSearch",
    "Products",
    "Reason",
    "Reconciling",
    "Refused",
    "RejectedItem",
    "RenewedCredentials",
    "Report",
    "SearchPage",
    "Shipment",
    "ShipmentLineReport",
    "ShipmentReport",
    "ShippedItem",
    "Taxonomy",
    "Throttled",
    "Timeouts",
    "Tracking",
    "TrackingEvent",
    "Transaction",
    "TransactionLine",
    "TransactionPage",
    "Unknown",
    "Variation",
]


if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        # Most who come here want the words only; the client brings HTTP, which is slow to import.
        if name in ("AmazonBusiness", "Timeouts"):
            from loyalty.orders.amazon_business import client

            return getattr(client, name)
        raise AttributeError(name)
