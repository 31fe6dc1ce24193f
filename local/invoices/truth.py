"""What a paper will say: an Invoice made up by a seed, or what an order was charged, and all that stands around it.

A layout says what it shows; what it does not print is not in its truth. Rounding is as on such papers: tax is rounded
a line, or of the whole, and then the lines' differ from the whole by a cent or two.
"""

from __future__ import annotations

import random
import uuid
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Literal

from local.invoices import goods
from local.invoices.regions import Region
from loyalty.invoices.invoice import Invoice, Line, TaxLine

MILLION = 1_000_000
# What rounding of the lines may differ from rounding of the whole.
MOST_DRIFT_MINOR = 2
TERMS = {"en": "Net 30", "de": "30 Tage netto", "fr": "30 jours net", "es": "30 días netos", "it": "30 giorni netti"}

type Kind = Literal["invoice", "credit_memo"]


@dataclass(frozen=True, slots=True)
class Shows:
    """What a layout prints. `orders`: order numbers somewhere; `pseudo_lines`: shipping and discounts in the table."""

    due: bool = True
    account: bool = True
    terms: bool = True
    vendor: bool = True
    vendor_tax_id: bool = False
    purchase_orders: bool = True
    orders: bool = True
    asins: bool = True
    line_rate: bool = True
    line_tax: bool = False
    tax_lines: bool = False
    pseudo_lines: bool = True


@dataclass(frozen=True, slots=True)
class OrderedLine:
    """Units of a line as they were charged, before tax without shipping, and their tax. `asin` may be empty."""

    amazon_order_id: str
    asin: str
    title: str
    quantity: int
    unit_price_minor: int
    amount_minor: int
    tax_minor: int
    rate_micros: int = 0
    seller: str = goods.SELLERS[0]


@dataclass(frozen=True, slots=True)
class Order:
    """What was charged or, for a credit memo, refunded; amounts are positive in both. `shipping_minor` is before tax,
    and its tax is in the lines'. `misprinted_minor`: so much is the total on the paper off.
    """

    purchase_order_number: str
    ordered_on: date
    issued_on: date
    lines: tuple[OrderedLine, ...]
    number: str
    kind: Kind = "invoice"
    corrects: str | None = None
    shipping_minor: int = 0
    discount_minor: int = 0
    ship_to: tuple[str, ...] = ()
    misprinted_minor: int = 0


@dataclass(frozen=True, slots=True)
class Case:
    """An invoice and what a paper says beside it. One tax in minor units and one seller a line of `invoice.lines`.

    `purchase_orders`: the number by Amazon's order.
    """

    invoice: Invoice
    region: Region
    issuer: tuple[str, ...]
    bill_to: tuple[str, ...]
    ship_to: tuple[str, ...]
    purchaser: str
    ordered_on: date
    fields: tuple[tuple[str, str], ...]
    taxes: tuple[int, ...]
    rates: tuple[int, ...]
    sellers: tuple[str, ...]
    purchase_orders: dict[str, str] = field(default_factory=dict)


def rounded(amount: int, micros: int) -> int:
    """A share of an amount, half a cent away from zero."""
    share = (abs(amount) * micros + MILLION // 2) // MILLION
    return share if amount >= 0 else -share


def made_up(
    rng: random.Random, region: Region, shows: Shows, kind: Kind = "invoice", orders: tuple[int, int] = (1, 1)
) -> Case:
    """A case of this seed; `orders`: from how many to how many Amazon orders are on it."""
    most = rng.choices((2, 8, 25, 60), weights=(40, 44, 13, 3))[0]
    count = rng.randint(orders[0], orders[1])
    numbers = [
        f"{rng.choice(region.orders)}-{rng.randrange(10**7):07d}-{rng.randrange(10**7):07d}" for _ in range(count)
    ]
    shared = purchase_order_number(rng)
    purchase_orders = {
        number: shared if count == 1 or rng.random() < 0.2 else purchase_order_number(rng) for number in numbers
    }
    main = 0 if rng.random() < 0.08 else (region.rates[0] if region.code != "US" else rng.choice(region.rates))
    lines = _items(rng, region, numbers, max(count, rng.randint(1, most)), main)
    subtotal = sum(line.amount_minor for line in lines)
    shipping = rng.choice((0, 0, 299, 449, 599, 1299))
    discount = 0
    if kind == "invoice" and rng.random() < 0.35:
        at_main = sum(line.amount_minor for line in lines if line.rate_micros == main)
        discount = -shipping if shipping and rng.random() < 0.6 else -at_main * rng.randint(1, 20) // 100
    issued = date(2025, 6, 1) + timedelta(days=rng.randrange(600))
    order = Order(
        shared, issued - timedelta(days=rng.randint(0, 12)), issued, tuple(lines), region.number(rng), kind,
        region.number(rng) if kind == "credit_memo" else None, shipping, discount,
    )  # fmt: skip
    whole = rng.random() < 0.5
    taxed_shipping = region.code != "US" or rng.random() < 0.5
    assert subtotal + shipping + discount > 0
    taxed = main if taxed_shipping else 0
    return _case(rng, region, shows, order, purchase_orders, main, (taxed, rounded(shipping, taxed)), whole=whole)


def of_order(rng: random.Random, region: Region, shows: Shows, order: Order) -> Case:
    """The case of what was charged, to the cent."""
    purchase_orders = {line.amazon_order_id: order.purchase_order_number for line in order.lines}
    main = max(line.rate_micros for line in order.lines)
    return _case(rng, region, shows, order, purchase_orders, main, (main, 0), whole=False)


def purchase_order_number(rng: random.Random) -> str:
    """Mostly as our orders are numbered: a prefix and a redemption's id."""
    name = uuid.UUID(int=(0x019AD << 108) | (7 << 76) | (2 << 62) | rng.getrandbits(62) | rng.getrandbits(28) << 80)
    return rng.choices(
        (f"LOY-{name}", f"LOY-{rng.randrange(10**6):06d}", str(4_500_000_000 + rng.randrange(10**7)),
         f"PO-2026-{rng.randrange(10**5):05d}"),
        weights=(65, 20, 8, 7),
    )[0]  # fmt: skip


def _items(rng: random.Random, region: Region, numbers: list[str], count: int, main: int) -> list[OrderedLine]:
    lines = []
    owners = sorted([*range(len(numbers)), *(rng.randrange(len(numbers)) for _ in range(count - len(numbers)))])
    for owner in owners:
        quantity = rng.choices((1, 2, 3, rng.randint(4, 12), rng.randint(13, 120)), weights=(45, 20, 10, 18, 7))[0]
        cheap, odd, round_sum, dear = (
            rng.randint(1, 30) * 100 - 1, rng.randint(95, 4_999), rng.randint(50, 249) * 100,
            rng.randint(5_000, 99_999),
        )  # fmt: skip
        price = rng.choices((cheap, odd, round_sum, dear), weights=(35, 40, 10, 15))[0]
        rate = main
        if main and rng.random() < 0.15:
            rate = 0 if region.code == "US" else rng.choice(region.rates)
        amount = price * quantity
        lines.append(
            OrderedLine(
                numbers[owner], "" if rng.random() < 0.03 else goods.asin(rng), goods.title(rng, region.language),
                quantity, price, amount,
                rounded(amount, rate), rate, rng.choice(goods.SELLERS),
            )
        )  # fmt: skip
    return lines


def _case(
    rng: random.Random, region: Region, shows: Shows, order: Order, purchase_orders: dict[str, str], main: int,
    shipping: tuple[int, int], *, whole: bool,
) -> Case:  # fmt: skip
    sign = -1 if order.kind == "credit_memo" else 1
    shipping_rate, shipping_tax = shipping
    parts: list[tuple[str, int, int, int]] = [
        ("item", line.amount_minor, line.rate_micros, line.tax_minor) for line in order.lines
    ]
    parts.append(("shipping", order.shipping_minor, shipping_rate, shipping_tax))
    # A discount that only takes the shipping back is taxed as the shipping was.
    discount_rate = shipping_rate if order.discount_minor == -order.shipping_minor else main
    parts.append(("discount", order.discount_minor, discount_rate, rounded(order.discount_minor, discount_rate)))
    tax_lines = _by_rate(parts, whole)
    tax = sum(line.tax_minor for line in tax_lines)
    subtotal = sum(line.amount_minor for line in order.lines)
    total = subtotal + order.shipping_minor + order.discount_minor + tax + order.misprinted_minor
    kept = [part for part in parts[len(order.lines) :] if shows.pseudo_lines and (part[1] or rng.random() < 0.5)]
    lines = [_line(line, shows, sign) for line in order.lines]
    lines += [_pseudo(part, shows, sign, region.language) for part in kept]
    issuer = region.issuer
    due = order.issued_on + timedelta(days=30)
    invoice = Invoice(
        kind=order.kind,
        number=order.number,
        issued_on=order.issued_on,
        due_on=due if shows.due and sign > 0 else None,
        currency=region.currency,
        vendor_name=issuer[0] if shows.vendor else None,
        vendor_tax_id=region.tax_id if shows.vendor_tax_id else None,
        account=f"A{rng.randrange(16**12):012X}" if shows.account else None,
        payment_terms=TERMS[region.language] if shows.terms and sign > 0 else None,
        corrects=order.corrects,
        purchase_order_numbers=tuple(dict.fromkeys(purchase_orders.values())) if shows.purchase_orders else (),
        subtotal_minor=sign * subtotal,
        shipping_minor=sign * order.shipping_minor,
        discount_minor=sign * order.discount_minor,
        tax_minor=sign * tax,
        total_minor=sign * total,
        tax_lines=tuple(
            TaxLine(rate_micros=line.rate_micros, base_minor=sign * line.base_minor, tax_minor=sign * line.tax_minor)
            for line in tax_lines
        )
        if shows.tax_lines
        else (),
        lines=tuple(lines),
    )
    buyer = goods.person(rng)
    company = goods.COMPANIES.get(region.code, "Loyalty Example GmbH")
    fields = (("GL code", str(rng.randrange(4000, 7999))), ("Cost center", f"CC-{rng.randrange(100, 999)}"))
    return Case(
        invoice=invoice,
        region=region,
        issuer=issuer,
        bill_to=goods.address(rng, region.code, company),
        ship_to=order.ship_to or goods.address(rng, region.code, goods.person(rng)),
        purchaser=buyer,
        ordered_on=order.ordered_on,
        fields=fields[: rng.choice((0, 0, 1, 2))],
        taxes=tuple(sign * part[3] for part in [*parts[: len(order.lines)], *kept]),
        rates=tuple(part[2] for part in [*parts[: len(order.lines)], *kept]),
        sellers=tuple(line.seller for line in order.lines) + ("",) * len(kept),
        purchase_orders=purchase_orders,
    )


def _by_rate(parts: list[tuple[str, int, int, int]], whole: bool) -> list[TaxLine]:
    found = []
    for rate in sorted({rate for _, amount, rate, _ in parts if amount}, reverse=True):
        base = sum(amount for _, amount, own, _ in parts if own == rate)
        tax = sum(tax for _, _, own, tax in parts if own == rate)
        of_whole = rounded(base, rate)
        if whole and abs(of_whole - tax) <= MOST_DRIFT_MINOR // 2:
            tax = of_whole
        found.append(TaxLine(rate_micros=rate, base_minor=base, tax_minor=tax))
    return found


def _line(line: OrderedLine, shows: Shows, sign: int) -> Line:
    return Line(
        kind="item",
        description=line.title,
        amazon_order_id=line.amazon_order_id if shows.orders else None,
        asin=line.asin or None if shows.asins else None,
        quantity=line.quantity,
        unit_price_minor=line.unit_price_minor,
        amount_minor=sign * line.amount_minor,
        tax_rate_micros=line.rate_micros if shows.line_rate else None,
        tax_minor=sign * line.tax_minor if shows.line_tax else None,
    )


PSEUDO = {
    "shipping": {"en": "Shipping & handling", "de": "Versand und Verpackung", "fr": "Frais de livraison",
                 "es": "Gastos de envío", "it": "Costi di spedizione"},
    "discount": {"en": "Promotions & discounts", "de": "Aktionsgutscheine und Rabatte", "fr": "Promotions et remises",
                 "es": "Promociones y descuentos", "it": "Promozioni e sconti"},
}  # fmt: skip


def _pseudo(part: tuple[str, int, int, int], shows: Shows, sign: int, language: str) -> Line:
    kind, amount, rate, tax = part
    return Line(
        kind="shipping" if kind == "shipping" else "discount",
        description=PSEUDO[kind][language],
        amount_minor=sign * amount,
        tax_rate_micros=rate if shows.line_rate else None,
        tax_minor=sign * tax if shows.line_tax else None,
    )
