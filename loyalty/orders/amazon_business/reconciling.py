"""Reconciliation 2021-01-08: what Amazon has charged and refunded, in our words.

Amounts are strings there. A refund's amount is documented as negative; whichever sign it comes with, here it is below
zero, and a charge above. Until a transaction is settled its amount is the authorisation's and may change under the same
id. Who bought and who paid is not read.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from loyalty.orders.amazon_business.errors import Unknown
from loyalty.orders.amazon_business.reading import integer, listed, moment, money_minor, nested, text

CHARGE = "CHARGE"
REFUNDS = ("REFUND", "OVERREFUND")
# Beyond this it is no amount and no number of units: a person looks at it.
MOST_MINOR, MOST_UNITS = 10**12, 10**6
# Of what is kept as it was told: nothing about people and cards.
_UNKEPT = {
    "buyer", "payer", "legalEntityName", "purchasingCustomerGroupName", "paymentInstrumentLast4Digits",
    "businessOrderInfo", "productTitle",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class TransactionLine:
    """An item of a transaction. `quantity` above zero was charged, below refunded, 0: not told, or money only."""

    position: int
    amazon_order_id: str | None
    purchase_order_number: str | None
    asin: str | None
    seller: str | None
    quantity: int
    amount_minor: int
    principal_minor: int


@dataclass(frozen=True, slots=True)
class Transaction:
    """One charge or refund; `amount_minor` is what it costs us. `raw` is Amazon's own document without people.

    The lines add up to the amount: what the items leave of it is the line of position 0.
    """

    type: str
    id: str
    currency: str
    amount_minor: int
    lines: tuple[TransactionLine, ...]
    raw: dict[str, Any]
    transacted_at: datetime | None = None
    feed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class TransactionPage:
    """One page. `unreadable`: entries without an id or an amount. `next_token` None: this was the last."""

    transactions: tuple[Transaction, ...]
    unreadable: tuple[dict[str, Any], ...] = ()
    next_token: str | None = None


class Reconciling(Protocol):
    """Reading transactions. May raise the errors of this package."""

    def transactions(self, start: datetime, end: datetime, page_token: str | None = None) -> TransactionPage:
        """Those whose feed date is in the range, page by page."""


def query(start: datetime, end: datetime, page_token: str | None) -> dict[str, str]:
    """A token goes alone: it carries the range. Raises ValueError for a range that ends before it starts."""
    if page_token:
        return {"nextPageToken": page_token}
    if end < start:
        raise ValueError("a range ends after it starts")
    # Whole seconds, to the end of the last one; without the Z Amazon refuses.
    return {"feedStartDate": _z(start), "feedEndDate": _z(end + timedelta(seconds=1))}


def page(body: Any) -> TransactionPage:
    """Raises Unknown for an answer without its list: "nothing" would be believed."""
    if not isinstance(body, dict) or not isinstance(body.get("transactions"), list):
        raise Unknown("reply without transactions")
    good, bad = [], []
    for entry in body["transactions"]:
        told = _transaction(entry) if isinstance(entry, dict) else None
        if told is not None:
            good.append(told)
        else:
            bad.append(_kept(entry) if isinstance(entry, dict) else {"entry": str(entry)[:200]})
    return TransactionPage(tuple(good), tuple(bad), text(body.get("nextPageToken")) or None)


def _transaction(entry: dict[str, Any]) -> Transaction | None:
    kind, name = text(entry.get("transactionType")).upper(), text(entry.get("transactionId"))
    currency, minor = text(nested(entry, "amount", "currencyCode")), money_minor(entry.get("amount"))
    if not kind or not name or len(name) > 200 or len(kind) > 40 or len(currency) != 3 or minor is None:
        return None
    if abs(minor) > MOST_MINOR:
        return None
    amount = _signed(kind, minor)
    items = listed(entry, "transactionLineItems")
    totals = [money_minor(item.get("totalAmount")) or 0 for item in items]
    # Whichever sign items come with, together they go the transaction's way; one of them may go against it.
    way = -1 if sum(totals) * amount < 0 else 1
    lines = []
    for position, item in enumerate(items, 1):
        line = _line(position, item, kind, currency, way)
        if line is None:
            return None
        lines.append(line)
    rest = amount - sum(line.amount_minor for line in lines)
    if rest or not lines:
        order, number = (lines[0].amazon_order_id, lines[0].purchase_order_number) if lines else (None, None)
        lines.append(TransactionLine(0, order, number, None, None, 0, rest, 0))
    return Transaction(
        type=kind,
        id=name,
        currency=currency,
        amount_minor=amount,
        lines=tuple(lines),
        raw=_kept(entry),
        transacted_at=moment(entry.get("transactionDate")),
        feed_at=moment(entry.get("feedDate")),
    )


def _line(position: int, item: dict[str, Any], kind: str, currency: str, way: int) -> TransactionLine | None:
    total, principal = money_minor(item.get("totalAmount")), money_minor(item.get("principalAmount"))
    # One currency a transaction: what is told in another is not added up.
    if total is None or text(nested(item, "totalAmount", "currencyCode")) != currency:
        return None
    units = abs(integer(item.get("itemQuantity")) or 0)
    if units > MOST_UNITS or max(abs(total), abs(principal or 0)) > MOST_MINOR:
        return None
    amount = total * way
    return TransactionLine(
        position=position,
        amazon_order_id=text(item.get("orderId"))[:100] or None,
        purchase_order_number=text(item.get("purchaseOrderNumber"))[:255] or None,
        asin=text(item.get("asin"))[:40] or None,
        seller=text(item.get("merchantLegalName"))[:200] or None,
        quantity=-units if kind in REFUNDS else units,
        amount_minor=amount,
        principal_minor=-abs(principal or 0) if amount < 0 else abs(principal or 0),
    )


def _signed(kind: str, minor: int) -> int:
    if kind == CHARGE:
        return abs(minor)
    # Of a type that nobody knows yet the sign is Amazon's.
    return -abs(minor) if kind in REFUNDS else minor


def _kept(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _kept(inner) for name, inner in value.items() if name not in _UNKEPT}
    if isinstance(value, list):
        return [_kept(inner) for inner in value]
    # Numbers were read as decimals.
    return value if isinstance(value, str | int | bool | None) else str(value)


def _z(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
