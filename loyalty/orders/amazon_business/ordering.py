"""Ordering 2022-10-30: our order in Amazon's words, and Amazon's result in ours."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from loyalty.orders.amazon_business.contract import (
    MAX_ORDER_LINES,
    TRIAL,
    AcceptedItem,
    Address,
    CartEstimate,
    Charge,
    Credentials,
    LineResult,
    OrderLine,
    OrderResult,
    Package,
    PlaceOrder,
    Reason,
    RejectedItem,
    Shipment,
)
from loyalty.orders.amazon_business.errors import Refused, Unknown
from loyalty.orders.amazon_business.money import amount
from loyalty.orders.amazon_business.reading import integer, listed, moment, money_minor, text

MAX_ADDRESS_LINE = 60


# ---- our order in Amazon's words ---------------------------------------------------------------------------------


def order_body(order: PlaceOrder, credentials: Credentials) -> dict[str, Any]:
    """PlaceOrderRequest. Raises Refused for what Amazon is known to refuse, so that no call is spent on it."""
    if not 1 <= len(order.lines) <= MAX_ORDER_LINES:
        raise Refused(400, "LINE_COUNT", "an order has 1 to 50 lines")
    if not 1 <= len(order.external_id) <= 255 or not 1 <= len(order.purchase_order_number) <= 255:
        raise Refused(400, "ID_LENGTH", "ids have 1 to 255 characters")
    attributes: list[dict[str, Any]] = [
        {"attributeType": "Region", "region": order.region},
        {"attributeType": "PurchaseOrderNumber", "purchaseOrderNumber": order.purchase_order_number},
        {
            "attributeType": "BuyerReference",
            "userReference": {"userReferenceType": "UserEmail", "emailAddress": credentials.buyer_email},
        },
        {
            "attributeType": "BuyingGroupReference",
            "groupReference": {"groupReferenceType": "GroupIdentity", "identifier": credentials.buying_group},
        },
        {
            "attributeType": "SelectedPaymentMethodReference",
            "paymentMethodReference": {"paymentMethodReferenceType": "StoredPaymentMethod"},
        },
        {"attributeType": "ShippingAddress", "address": address_body(order.address)},
    ]
    if order.suppress_prices:
        attributes.append({"attributeType": "PriceSuppressionDirective"})
    if order.trial:
        attributes.append({"attributeType": "TrialMode"})
    return {
        "externalId": order.external_id,
        "lineItems": [_line_body(line, order.currency) for line in order.lines],
        "attributes": attributes,
        "expectations": [],
    }


def check_trial(body: dict[str, Any]) -> None:
    """The last look before it is sent: what is named a trial says so to Amazon, and nothing else does. There is no
    cancel call. Raises Refused; then nothing has left."""
    tried = any(attribute.get("attributeType") == "TrialMode" for attribute in body["attributes"])
    if tried != str(body["externalId"]).startswith(TRIAL):
        raise Refused(400, "TRIAL_MODE", "a trial and its name do not agree")


def address_body(address: Address) -> dict[str, Any]:
    """PhysicalAddress. Raises Refused for a line of more than 60 characters."""
    lines = {"addressLine1": address.line1, "addressLine2": address.line2, "addressLine3": address.line3}
    if any(len(line) > MAX_ADDRESS_LINE for line in (address.full_name, *lines.values())):
        raise Refused(400, "ADDRESS_LINE_TOO_LONG", "address lines have at most 60 characters")
    return {
        "addressType": "PhysicalAddress",
        "fullName": address.full_name,
        "phoneNumber": address.phone,
        **{name: line for name, line in lines.items() if line},
        "city": address.city,
        **({"stateOrRegion": address.state_or_region} if address.state_or_region else {}),
        "postalCode": address.postal_code,
        "countryCode": address.country_code,
    }


def _line_body(line: OrderLine, currency: str) -> dict[str, Any]:
    if line.quantity < 1:
        raise Refused(400, "QUANTITY", "a quantity is at least 1")
    attributes: list[dict[str, Any]] = [
        {
            "attributeType": "SelectedProductReference",
            "productReference": {"productReferenceType": "ProductIdentifier", "id": line.asin},
        }
    ]
    if line.offer_id:
        attributes.append(
            {
                "attributeType": "SelectedBuyingOptionReference",
                "buyingOptionReference": {
                    "buyingOptionReferenceType": "BuyingOptionIdentifier",
                    "id": line.offer_id,
                },
            }
        )
    expectations: list[dict[str, Any]] = []
    if line.expected_unit_price_minor is not None:
        expectations.append(
            {"expectationType": "ExpectedUnitPrice", "amount": _money(line.expected_unit_price_minor, currency)}
        )
    for source, expected in (("SHIPPING", line.expected_shipping_minor), ("TAX", line.expected_tax_minor)):
        if expected is not None:
            expectations.append(
                {"expectationType": "ExpectedCharge", "source": source, "amount": _money(expected, currency)}
            )
    return {
        "externalId": str(line.line_number),
        "quantity": line.quantity,
        "attributes": attributes,
        "expectations": expectations,
    }


def _money(minor_units: int, currency: str) -> dict[str, Any]:
    return {"currencyCode": currency, "amount": amount(minor_units, currency)}


# ---- Amazon's result in our words --------------------------------------------------------------------------------


def order_result(body: Any) -> OrderResult:
    """OrderResult, leniently; raises Unknown if not even the three lists are there or a line is not one of ours."""
    if not isinstance(body, dict) or not isinstance(body.get("lineItems"), list):
        raise Unknown("reply without lineItems")
    lines: dict[int, LineResult] = {}
    for item in listed(body, "lineItems"):
        number = integer(item.get("externalId"))
        if number is None or number in lines:
            raise Unknown("reply with a line that is not ours")
        lines[number] = LineResult(
            line_number=number,
            accepted=tuple(part for accepted in listed(item, "acceptedItems") for part in _accepted(accepted)),
            rejected=tuple(_rejected(rejected) for rejected in listed(item, "rejectedItems")),
        )
    artifacts = listed(body, "acceptanceArtifacts")
    return OrderResult(
        lines=lines,
        signed=any(artifact.get("acceptanceArtifactType") == "Signed" for artifact in artifacts),
        shipments=tuple(_shipment(a) for a in artifacts if a.get("acceptanceArtifactType") == "Shipment"),
        rejections=tuple(_reason(artifact) for artifact in listed(body, "rejectionArtifacts")),
    )


def cart_estimate(body: Any) -> CartEstimate:
    """The estimate of a whole cart. Raises Unknown if there is none in the reply."""
    if not isinstance(body, dict) or not isinstance(body.get("charges"), list):
        raise Unknown("reply without charges")
    return CartEstimate(
        charges=tuple(_charge(charge) for charge in listed(body, "charges")),
        rejections=tuple(_reason(artifact) for artifact in listed(body, "rejectionArtifacts")),
    )


def _accepted(item: dict[str, Any]) -> list[AcceptedItem]:
    quantity = integer(item.get("quantity"))
    if quantity is None or quantity < 0:
        raise Unknown("accepted item without quantity")
    if item.get("acceptedItemType") == "AcceptedItemGroup" or "items" in item:
        return _group(item, quantity)
    order_id: str | None = None
    unit_price: int | None = None
    charges: list[Charge] = []
    window: tuple[Any, Any] = (None, None)
    tracking: list[str] = []
    shipped: list[tuple[str, int | None]] = []
    for artifact in listed(item, "artifacts"):
        match artifact.get("acceptanceArtifactType"):
            case "OrderIdentifier":
                order_id = text(artifact.get("identifier")) or None
            case "UnitPrice":
                unit_price = money_minor(artifact.get("amount"))
            case "Charge":
                charges.append(_charge(artifact))
            case "DeliveryTimeRange":
                window = (artifact.get("lowerBoundary"), artifact.get("upperBoundary"))
            case "ShipmentGroup":
                tracking += [text(ref.get("value")) for ref in listed(artifact, "packageReferences")]
                shipped.append((text(artifact.get("identifier")), integer(artifact.get("quantity"))))
    return [
        AcceptedItem(
            quantity=quantity,
            order_id=order_id,
            unit_price_minor=unit_price,
            charges=tuple(charges),
            delivery_earliest=moment(window[0]),
            delivery_latest=moment(window[1]),
            tracking_numbers=tuple(number for number in tracking if number),
            shipped=tuple((shipment, units) for shipment, units in shipped if shipment),
        )
    ]


def _group(group: dict[str, Any], quantity: int) -> list[AcceptedItem]:
    # A line of bundles is counted in bundles: the first part carries the group's quantity, the others only tell
    # the Amazon orders, charges and parcels that belong to it.
    parts = [part for inner in listed(group, "items") for part in _accepted(inner)]
    if not parts:
        raise Unknown("accepted group without items")
    # Shipments of the group as a whole; those of an inner item count pieces, not bundles.
    (whole,) = _accepted({"quantity": quantity, "artifacts": group.get("artifacts")})
    first = replace(
        parts[0],
        quantity=quantity,
        tracking_numbers=(*parts[0].tracking_numbers, *whole.tracking_numbers),
        shipped=whole.shipped or tuple((shipment, None) for shipment, _ in parts[0].shipped),
    )
    rest = [
        replace(part, quantity=0, shipped=tuple((shipment, None) for shipment, _ in part.shipped)) for part in parts[1:]
    ]
    return [first, *rest]


def _rejected(item: dict[str, Any]) -> RejectedItem:
    quantity = integer(item.get("quantity"))
    if quantity is None or quantity < 0:
        raise Unknown("rejected item without quantity")
    return RejectedItem(quantity, tuple(_reason(artifact) for artifact in listed(item, "artifacts")))


def _charge(artifact: dict[str, Any]) -> Charge:
    charged = money_minor(artifact.get("amount"))
    if charged is None:
        raise Unknown("charge without amount")
    return Charge(text(artifact.get("category")) or "OTHER", text(artifact.get("type")) or "PRINCIPAL", charged)


def _reason(artifact: dict[str, Any]) -> Reason:
    return Reason(
        kind=text(artifact.get("rejectionArtifactType")) or "Unknown",
        code=text(artifact.get("code")) or None,
        message=text(artifact.get("message")) or None,
        quantity=integer(artifact.get("quantity")),
        minimum_age=integer(artifact.get("minimumAge")),
        boundary_minor=money_minor(artifact.get("boundary")),
        actual_minor=money_minor(artifact.get("actualAmount")),
    )


def _shipment(artifact: dict[str, Any]) -> Shipment:
    return Shipment(
        identifier=text(artifact.get("identifier")), packages=tuple(_package(p) for p in listed(artifact, "packages"))
    )


def _package(package: dict[str, Any]) -> Package:
    attributes = listed(package, "packageAttributes")
    attribute = attributes[0] if attributes else {}
    window = attribute.get("deliveryDateRange")
    window = window if isinstance(window, dict) else {}
    reference = package.get("packageReference")
    return Package(
        tracking_number=text(reference.get("value")) if isinstance(reference, dict) else "",
        carrier=text(attribute.get("carrierName")) or None,
        package_id=text(attribute.get("packageId")) or None,
        delivery_earliest=moment(window.get("startDateTime")),
        delivery_latest=moment(window.get("endDateTime")),
    )
