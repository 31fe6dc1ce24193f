"""An Amazon Business that remembers: one order a name, and the faults a test asks for."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace

from loyalty.orders.amazon_business import (
    AcceptedItem,
    Address,
    CartEstimate,
    Charge,
    CredentialsRevoked,
    LineResult,
    NotSent,
    OrderLine,
    OrderResult,
    PlaceOrder,
    Reason,
    Refused,
    RejectedItem,
    Throttled,
    Unknown,
)


@dataclass
class FakeAmazon:
    """`faults`: what the next placeOrder calls do (then ok); `look_faults`: the same for orderDetails.

    ok, timeout_after, timeout_before, throttled, not_sent, revoked, refused, unsigned, card (said of the order),
    card_lines (said of each line), card_line (of the first), short (a unit of the last line is left
    out). Looks also: no_lines, one_line. `refuses`: products whose orders are above a limit, however often
    they are asked for.
    """

    faults: list[str] = field(default_factory=list)
    look_faults: list[str] = field(default_factory=list)
    duplicates: str = "replay"
    refuses: frozenset[str] = frozenset()
    accepts: dict[str, int] = field(default_factory=dict)
    prices: dict[str, int] = field(default_factory=dict)
    tax_basis_points: int = 0
    orders: dict[str, OrderResult] = field(default_factory=dict)
    requests: list[PlaceOrder] = field(default_factory=list)
    calls: Counter[str] = field(default_factory=Counter)

    def place_order(self, order: PlaceOrder) -> OrderResult:
        self.calls["place"] += 1
        fault = self.faults.pop(0) if self.faults else "ok"
        match fault:
            case "throttled":
                raise Throttled(0)
            case "not_sent":
                raise NotSent("no connection")
            case "revoked":
                raise CredentialsRevoked(403, "Unauthorized")
            case "refused":
                raise Refused(400, "INVALID_REQUEST_PARAMETER", "no")
            case "timeout_before":
                raise Unknown("timeout")
        self.requests.append(order)
        if order.trial:
            lines = {line.line_number: self._line(line, "") for line in order.lines}
            return OrderResult(lines, signed=False)
        if order.external_id in self.orders:
            if self.duplicates == "reject":
                return _rejected(order, Reason("RejectionCode", code="DUPLICATE_EXTERNAL_ID"))
            return self.orders[order.external_id]
        if fault == "card":
            return self._keep(
                order, _rejected(order, order_level=Reason("RejectionCode", code="PAYMENT_METHOD_DECLINED"))
            )
        if fault in ("card_lines", "card_line"):
            reason = Reason("RejectionCode", code="Payment_method_declined")
            sold_out = Reason("UnavailableQuantity")
            reasons = [
                reason if fault == "card_lines" or not position else sold_out for position in range(len(order.lines))
            ]
            lines = {
                line.line_number: _rejected_line(line, why) for line, why in zip(order.lines, reasons, strict=True)
            }
            return self._keep(order, OrderResult(lines, signed=False))
        if self.refuses & {line.asin for line in order.lines}:
            raise Refused(400, "order_spend_limit_exceeded", "no")
        result = OrderResult(
            {line.line_number: self._line(line, order.external_id) for line in order.lines}, signed=fault != "unsigned"
        )
        if fault == "unsigned":
            return result
        self._keep(order, result)
        if fault == "timeout_after":
            raise Unknown("timeout")
        return _short(result) if fault == "short" else result

    def order_details(self, external_id: str) -> OrderResult | None:
        self.calls["look"] += 1
        found = self.orders.get(external_id)
        match self.look_faults.pop(0) if self.look_faults else "ok":
            case "timeout":
                raise Unknown("timeout")
            case "throttled":
                raise Throttled(0)
            case "revoked":
                raise CredentialsRevoked(401, "Unauthorized")
            case "not_found":
                return None
            case "no_lines" if found is not None:
                return replace(found, lines={})
            case "one_line" if found is not None:
                return replace(found, lines=dict(list(found.lines.items())[:1]))
            case "short" if found is not None:
                return _short(found)
        return found

    def cart_estimate(self, lines: tuple[OrderLine, ...], address: Address, region: str = "US") -> CartEstimate:
        raise NotImplementedError

    def delivered(self, redemption_id: object) -> list[OrderResult]:
        """The orders of a redemption that deliver something, whatever name they were asked for under."""
        return [
            order
            for name, order in self.orders.items()
            if name.startswith(str(redemption_id)) and order.accepted_quantity
        ]

    def _keep(self, order: PlaceOrder, result: OrderResult) -> OrderResult:
        self.orders[order.external_id] = result
        return result

    def _line(self, line: OrderLine, name: str) -> LineResult:
        price = self.prices.get(line.asin, line.expected_unit_price_minor or 0)
        if line.expected_unit_price_minor is not None and price > line.expected_unit_price_minor:
            return _rejected_line(line, Reason("BrokenUnitPriceExpectation", actual_minor=price))
        accepted = min(line.quantity, self.accepts.get(line.asin, line.quantity))
        charges = [Charge("SUBTOTAL", "PRINCIPAL", accepted * price)]
        if self.tax_basis_points:
            charges.append(Charge("SUBTOTAL", "TAX", accepted * price * self.tax_basis_points // 10_000))
        return LineResult(
            line.line_number,
            (AcceptedItem(accepted, f"114-{name}-{line.line_number}" if name else None, price, tuple(charges)),)
            if accepted
            else (),
            (RejectedItem(line.quantity - accepted, (Reason("UnavailableQuantity"),)),)
            if accepted < line.quantity
            else (),
        )


def _rejected(order: PlaceOrder, line_level: Reason | None = None, *, order_level: Reason | None = None) -> OrderResult:
    return OrderResult(
        {line.line_number: _rejected_line(line, line_level) for line in order.lines},
        signed=False,
        rejections=(order_level,) if order_level else (),
    )


def _rejected_line(line: OrderLine, reason: Reason | None) -> LineResult:
    return LineResult(line.line_number, (), (RejectedItem(line.quantity, (reason,) if reason else ()),))


def _short(result: OrderResult) -> OrderResult:
    number, line = list(result.lines.items())[-1]
    less = tuple(replace(item, quantity=item.quantity - 1) for item in line.accepted)
    return replace(result, lines=result.lines | {number: replace(line, accepted=less)})
