"""Reading a request's document: unknown, missing and mistyped fields are refused by name."""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation
from typing import Any

from local.simulators.amazon_pay.refusals import ApiError

NO_DECIMALS = ("JPY",)
CURRENCIES = ("USD", "EUR", "GBP", "JPY", "AUD", "CAD", "CHF", "DKK", "HKD", "NOK", "NZD", "SEK", "ZAR")
LARGEST_CHARGE_MINOR = 15_000_000

type Document = dict[str, Any]


def document(body: bytes, allowed: tuple[str, ...], required: tuple[str, ...] = ()) -> Document:
    """The JSON object of a body."""
    try:
        value = json.loads(body or b"{}")
    except ValueError as error:
        raise ApiError(400, "InvalidRequestFormat") from error
    if not isinstance(value, dict):
        raise ApiError(400, "InvalidRequestFormat")
    return fields(value, allowed, required)


def fields(value: Any, allowed: tuple[str, ...], required: tuple[str, ...] = ()) -> Document:
    """An object with only these fields."""
    if not isinstance(value, dict):
        raise ApiError(400, "InvalidParameterValue")
    for name in value:
        if name not in allowed:
            raise ApiError(400, "UnrecognizedField", name)
    for name in required:
        if value.get(name) in (None, ""):
            raise ApiError(400, "MissingParameterValue", name)
    return value


def price(value: Any, name: str) -> tuple[int, str]:
    """(minor units, currency) of {"amount", "currencyCode"}; strings and numbers are both taken."""
    given = fields(value, ("amount", "currencyCode"), ("amount", "currencyCode"))
    currency, amount = given["currencyCode"], given["amount"]
    if currency not in CURRENCIES or isinstance(amount, bool) or not isinstance(amount, str | int | float):
        raise ApiError(400, "InvalidParameterValue", name)
    try:
        minor = Decimal(str(amount)).scaleb(0 if currency in NO_DECIMALS else 2)
    except InvalidOperation as error:
        raise ApiError(400, "InvalidParameterValue", name) from error
    if not minor.is_finite() or minor <= 0 or minor != minor.to_integral_value():
        raise ApiError(400, "InvalidParameterValue", name)
    if minor > LARGEST_CHARGE_MINOR:
        raise ApiError(400, "TransactionAmountExceeded", name)
    return int(minor), currency


def shown(minor: int, currency: str) -> dict[str, str]:
    """The price object that Amazon answers with."""
    places = 0 if currency in NO_DECIMALS else 2
    return {"amount": f"{Decimal(minor).scaleb(-places):.{places}f}", "currencyCode": currency}
