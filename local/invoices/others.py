"""Papers that come to the same address and are no invoices, some of which look much like one."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date, timedelta

from local.invoices import goods, regions
from local.invoices.sheet import HELVETICA, TIMES, Sheet
from local.invoices.table import Column, Row, Style, pairs, stack, table
from local.invoices.writing import USD, USD_MINUS

TERMS = (
    "These terms apply to purchases on account. By placing an order the customer accepts them.",
    "Invoices are issued after shipment and are due within 30 days of the invoice date. Credit limits may change.",
    "Amounts that are not paid by the due date may be charged interest of 1.5% a month, or what the law allows.",
    "Title to the goods passes on delivery to the carrier. Claims for shortage are made within 10 days.",
    "Prices are in US dollars. Sales tax is added where it applies, unless an exemption certificate is on file.",
)


def _number(rng: random.Random) -> str:
    return regions.US.number(rng)


def _day(rng: random.Random) -> str:
    day = date(2026, 1, 1) + timedelta(days=rng.randrange(300))
    return f"{day:%B} {day.day}, {day.year}"


def _order(rng: random.Random) -> str:
    return f"114-{rng.randrange(10**7):07d}-{rng.randrange(10**7):07d}"


def terms(rng: random.Random) -> bytes:
    """Conditions of sale, pages of them."""
    sheet = Sheet("letter", TIMES, 10, margin=60)
    sheet.text(sheet.left, 70, "Terms and conditions of payment on account", size=16, bold=True)
    sheet.y = 100
    for number in range(1, rng.randint(12, 40)):
        sheet.need(60)
        text = f"{number}. {rng.choice(TERMS)} {rng.choice(TERMS)}"
        sheet.y = sheet.paragraph(sheet.left, sheet.y, sheet.right - sheet.left, text) + 8
    return sheet.finish(lambda page, pages: [("r", f"{page} / {pages}")])


def packing_slip(rng: random.Random) -> bytes:
    """What is in a box: an order and quantities, no money."""
    sheet = Sheet("letter", HELVETICA, 10, margin=48)
    sheet.text(sheet.left, 62, "Packing slip", size=20, bold=True)
    told = [("Order #", _order(rng)), ("PO #", f"LOY-{rng.randrange(10**6):06d}"), ("Ship date", _day(rng))]
    low = pairs(sheet, sheet.left, 92, 300, told, how="beside")
    sheet.y = stack(sheet, sheet.left, low + 12, 260, "Ship to", goods.address(rng, "US", goods.person(rng))) + 12
    rows: list[Row] = [
        [goods.asin(rng), goods.title(rng, "en"), str(rng.randint(1, 20))] for _ in range(rng.randint(1, 14))
    ]
    columns = (Column("ASIN", 0.18), Column("Item", 0.66), Column("Qty shipped", 0.16, "c"))
    table(sheet, columns, rows, Style(9, row_rules=True))
    return sheet.finish()


def statement(rng: random.Random) -> bytes:
    """An account's open invoices: numbers, days and amounts of many, none of which is charged by this paper."""
    sheet = Sheet("letter", HELVETICA, 9, margin=44)
    sheet.text(sheet.left, 60, "Statement of account", size=18, bold=True)
    amounts = [rng.randint(500, 90_000) for _ in range(rng.randint(4, 45))]
    told = [
        ("Account #", f"A{rng.randrange(16**12):012X}"), ("Statement date", _day(rng)),
        ("Total balance", USD_MINUS(sum(amounts))), ("Past due", USD_MINUS(amounts[0])),
    ]  # fmt: skip
    sheet.y = pairs(sheet, sheet.left, 88, 300, told, how="beside") + 10
    rows: list[Row] = [
        [_number(rng), _day(rng), _day(rng), f"LOY-{rng.randrange(10**6):06d}", USD(amount)] for amount in amounts
    ]
    columns = (
        Column("Invoice #", 0.22), Column("Invoice date", 0.22), Column("Due date", 0.22), Column("PO #", 0.18),
        Column("Open amount", 0.16, "r"),
    )  # fmt: skip
    table(sheet, columns, rows, Style(8.5, row_rules=True))
    return sheet.finish(lambda page, pages: [("r", f"Page {page} of {pages}")])


def order_confirmation(rng: random.Random) -> bytes:
    """Has all that an invoice has, but says that it is none, and has no number of one."""
    return _offer(rng, "Order confirmation", "This is not an invoice. You will be billed when your order ships.")


def quotation(rng: random.Random) -> bytes:
    """Prices somebody might pay."""
    return _offer(rng, "Quotation", "Prices are valid for 14 days. This quotation is not a request for payment.")


def _offer(rng: random.Random, title: str, words: str) -> bytes:
    sheet = Sheet("letter", HELVETICA, 9.5, margin=48)
    sheet.mark(sheet.left, 38, 26, (0.91, 0.52, 0.06))
    sheet.text(sheet.right, 58, title, size=18, bold=True, align="r")
    told = [("Order #", _order(rng)), ("Date", _day(rng)), ("PO #", f"LOY-{rng.randrange(10**6):06d}")]
    low = pairs(sheet, sheet.left, 92, 300, told, how="beside")
    sheet.y = stack(sheet, sheet.left, low + 12, 260, "Ship to", goods.address(rng, "US", goods.person(rng))) + 12
    rows: list[Row] = []
    total = 0
    for _ in range(rng.randint(1, 8)):
        quantity, price = rng.randint(1, 9), rng.randint(199, 19_999)
        total += quantity * price
        rows.append([goods.title(rng, "en"), str(quantity), USD(price), USD(quantity * price)])
    columns = (Column("Item", 0.58), Column("Qty", 0.1, "c"), Column("Price", 0.16, "r"), Column("Total", 0.16, "r"))
    table(sheet, columns, rows, Style(9, row_rules=True))
    pairs(sheet, sheet.right - 180, sheet.y + 20, 180, [("Estimated total", USD(total))], bold_last=True)
    sheet.text(sheet.left, sheet.y + 50, words, bold=True)
    return sheet.finish()


OTHERS: dict[str, Callable[[random.Random], bytes]] = {
    "terms": terms,
    "packing_slip": packing_slip,
    "statement": statement,
    "order_confirmation": order_confirmation,
    "quotation": quotation,
}


def other(seed: int, name: str | None = None) -> bytes:
    """A paper of this seed that is no invoice. Raises KeyError for a name that is none of OTHERS."""
    chosen = name or list(OTHERS)[seed // 2 % len(OTHERS)]
    return OTHERS[chosen](random.Random(f"{chosen}:{seed}"))
