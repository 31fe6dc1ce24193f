"""What a PlaceOrderRequest must look like: discriminators, lengths, region and currency, required attributes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from local.simulators.amazon_business.errors import invalid

REGIONS = {
    "US": "USD", "CA": "CAD", "MX": "MXN", "UK": "GBP", "DE": "EUR", "FR": "EUR", "ES": "EUR", "IT": "EUR",
    "IN": "INR", "AU": "AUD", "JP": "JPY",
}  # fmt: skip
COUNTRIES = {"UK": "GB"}
REQUIRED = (
    "Region", "PurchaseOrderNumber", "BuyerReference", "BuyingGroupReference", "SelectedPaymentMethodReference",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class AskedLine:
    """One line as it was asked for; expectations in minor units by what they are about."""

    external_id: str
    asin: str
    offer_id: str | None
    quantity: int
    unit_price_minor: int | None
    expected: dict[str, int]


@dataclass(frozen=True, slots=True)
class AskedOrder:
    """A valid request."""

    external_id: str
    lines: tuple[AskedLine, ...]
    purchase_order_number: str
    buyer_email: str
    buying_group: str
    state: str
    region: str
    trial: bool


def asked_order(body: Any, currency_of_store: str, region_of_store: str) -> AskedOrder:
    """Check a request. Raises Answer (400) naming the first thing that is wrong."""
    for key in ("externalId", "lineItems", "attributes", "expectations"):
        _need(isinstance(body, dict) and key in body, f"Missing required request parameters: [{key}]")
    external_id = _string(body["externalId"], 1, 255, "externalId")
    lines, attributes, expectations = (
        _list(body[key], low, high, key)
        for key, low, high in (("lineItems", 1, 50), ("attributes", 0, 40), ("expectations", 0, 40))
    )
    told = _attributes(attributes, "attributes", level="order")
    trial = "TrialMode" in told
    for name in REQUIRED:
        _need(name in told, f"attributes: {name} is required")
    region = told["Region"].get("region")
    _need(region in REGIONS, "Region.region is not a region")
    _need(region == region_of_store, f"Region.region: this account buys in {region_of_store}")
    _need(not expectations or all(isinstance(e, dict) for e in expectations), "expectations must be objects")
    common = _expectations(expectations, currency_of_store, "expectations")
    asked = []
    for position, line in enumerate(lines):
        asked.append(_line(line, f"lineItems[{position}]", told, common, currency_of_store, region))
    ids = [line.external_id for line in asked]
    _need(len(set(ids)) == len(ids), "lineItems.externalId must be unique")
    _need(
        "ShippingAddress" in told or all("ShippingAddress" in _names(line) for line in lines),
        "ShippingAddress is required",
    )
    address = told.get("ShippingAddress") or _named(lines[0], "ShippingAddress")
    user = _typed(told["BuyerReference"].get("userReference"), "userReferenceType", ("UserEmail",), "userReference")
    group = _typed(
        told["BuyingGroupReference"].get("groupReference"), "groupReferenceType", ("GroupIdentity",), "groupReference"
    )
    _typed(
        told["SelectedPaymentMethodReference"].get("paymentMethodReference"),
        "paymentMethodReferenceType", ("StoredPaymentMethod",), "paymentMethodReference",
    )  # fmt: skip
    return AskedOrder(
        external_id=external_id,
        lines=tuple(asked),
        purchase_order_number=_string(
            told["PurchaseOrderNumber"].get("purchaseOrderNumber"), 1, 255, "purchaseOrderNumber"
        ),
        buyer_email=_string(user.get("emailAddress"), 3, 255, "userReference.emailAddress"),
        buying_group=_string(group.get("identifier"), 1, 255, "groupReference.identifier"),
        state=address_state(address.get("address"), region),
        region=region,
        trial=trial,
    )


def address_state(address: Any, region: str) -> str:
    """The state of a valid address. Raises Answer (400)."""
    address = _typed(address, "addressType", ("PhysicalAddress",), "address")
    for name, longest in (
        ("fullName", 60), ("addressLine1", 60), ("city", 60), ("postalCode", 20), ("countryCode", 2),
    ):  # fmt: skip
        _string(address.get(name), 1, longest, f"address.{name}")
    for name in ("addressLine2", "addressLine3", "phoneNumber", "companyName", "stateOrRegion"):
        if address.get(name) is not None:
            _string(address[name], 0, 60, f"address.{name}")
    _need(re.fullmatch(r"[A-Z]{2}", address["countryCode"]) is not None, "address.countryCode must match ^[A-Z]{2}$")
    _need(address["countryCode"] == COUNTRIES.get(region, region), "address.countryCode is not delivered to")
    if region == "US":
        _string(address.get("phoneNumber"), 10, 20, "address.phoneNumber")
        _need(
            re.fullmatch(r"[A-Z]{2}", str(address.get("stateOrRegion"))) is not None,
            "address.stateOrRegion is required",
        )
        _need(re.fullmatch(r"\d{5}(-\d{4})?", address["postalCode"]) is not None, "address.postalCode is no ZIP code")
    return str(address.get("stateOrRegion") or "")


def _line(
    line: Any, where: str, order: dict[str, Any], common: dict[str, int], currency: str, region: str
) -> AskedLine:
    for key in ("externalId", "quantity", "attributes", "expectations"):
        _need(isinstance(line, dict) and key in line, f"Missing required request parameters: [{where}.{key}]")
    quantity = line["quantity"]
    _need(isinstance(quantity, int) and not isinstance(quantity, bool) and 1 <= quantity <= 9999, f"{where}.quantity")
    told = _attributes(_list(line["attributes"], 0, 10, f"{where}.attributes"), f"{where}.attributes", level="line")
    if "ShippingAddress" in told:
        address_state(told["ShippingAddress"].get("address"), region)
    chosen = {**order, **told}
    _need("SelectedProductReference" in chosen, f"{where}: SelectedProductReference is required")
    product = _typed(
        chosen["SelectedProductReference"].get("productReference"),
        "productReferenceType", ("ProductIdentifier",), f"{where}.productReference",
    )  # fmt: skip
    offer_id = None
    if "SelectedBuyingOptionReference" in chosen:
        option = _typed(
            chosen["SelectedBuyingOptionReference"].get("buyingOptionReference"),
            "buyingOptionReferenceType", ("BuyingOptionIdentifier",), f"{where}.buyingOptionReference",
        )  # fmt: skip
        offer_id = _string(option.get("id"), 1, 1000, f"{where}.buyingOptionReference.id")
    expected = common | _expectations(_list(line["expectations"], 0, 10, f"{where}.expectations"), currency, where)
    unit_price = expected.pop("UNIT_PRICE", None)
    return AskedLine(
        external_id=_string(line["externalId"], 1, 127, f"{where}.externalId"),
        asin=_string(product.get("id"), 10, 10, f"{where}.productReference.id"),
        offer_id=offer_id,
        quantity=quantity,
        unit_price_minor=unit_price,
        expected=expected,
    )


LEVELS = {
    "Region": "order", "BuyerReference": "order", "BuyingGroupReference": "order",
    "SelectedPaymentMethodReference": "order", "PurchaseOrderNumber": "order", "BlanketPurchaseOrderNumber": "order",
    "BillingAddress": "order", "DeliveryPreference": "order", "PriceSuppressionDirective": "order",
    "TrialMode": "order", "Distribution": "both", "Auxiliary": "both", "ShippingAddress": "both",
    "SelectedProductReference": "both", "SelectedBuyingOptionReference": "both",
}  # fmt: skip


def _attributes(attributes: list[Any], where: str, level: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for attribute in attributes:
        name = attribute.get("attributeType") if isinstance(attribute, dict) else None
        _need(name in LEVELS, f"{where}: attributeType is missing or unknown")
        _need(level == "order" or LEVELS[str(name)] == "both", f"{where}: {name} belongs to the order")
        _need(name not in found, f"{where}: {name} twice")
        found[str(name)] = attribute
    return found


def _expectations(expectations: list[Any], currency: str, where: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for expectation in expectations:
        expectation = _typed(expectation, "expectationType", ("ExpectedUnitPrice", "ExpectedCharge"), where)
        about = "UNIT_PRICE"
        if expectation["expectationType"] == "ExpectedCharge":
            about = expectation.get("source", "")
            _need(about in ("SUBTOTAL", "SHIPPING", "TAX"), f"{where}: ExpectedCharge.source")
        found[about] = money_minor(expectation.get("amount"), currency, f"{where}.amount")
    return found


def money_minor(money: Any, currency: str, where: str) -> int:
    """{"currencyCode", "amount"} in minor units; the amount must be a JSON number of at most two decimals."""
    _need(isinstance(money, dict), f"{where} must be an amount of money")
    _need(money.get("currencyCode") == currency, f"{where}.currencyCode must be {currency}")
    value = money.get("amount")
    _need(isinstance(value, int | float) and not isinstance(value, bool), f"{where}.amount must be a number")
    _need(0 <= value < 10**9 and abs(value * 100 - round(value * 100)) < 1e-6, f"{where}.amount: two decimals")
    minor: int = round(value * 100)
    return minor


def _names(line: dict[str, Any]) -> set[str]:
    return {str(attribute.get("attributeType")) for attribute in line["attributes"]}


def _named(line: dict[str, Any], name: str) -> dict[str, Any]:
    return next(attribute for attribute in line["attributes"] if attribute.get("attributeType") == name)


def _typed(value: Any, discriminator: str, allowed: tuple[str, ...], where: str) -> dict[str, Any]:
    _need(
        isinstance(value, dict) and value.get(discriminator) in allowed, f"{where}: {discriminator} is missing or wrong"
    )
    return dict(value)


def _string(value: Any, shortest: int, longest: int, where: str) -> str:
    _need(isinstance(value, str) and shortest <= len(value) <= longest, f"{where}: {shortest} to {longest} characters")
    return str(value)


def _list(value: Any, shortest: int, longest: int, where: str) -> list[Any]:
    _need(isinstance(value, list) and shortest <= len(value) <= longest, f"{where}: {shortest} to {longest} entries")
    return list(value)


def _need(condition: bool, message: str) -> None:
    if not condition:
        raise invalid(message)
