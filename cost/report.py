"""The estimate in words: tables for the screen and for docs/cost.md, one document for machines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from cost.break_even import break_even
from cost.cautions import cautions
from cost.estimate import Bill

LARGEST = 5
Sums = Callable[[Bill], dict[str, Decimal]]


def rows(bills: Sequence[Bill], sums: Sums) -> list[tuple[str, list[Decimal]]]:
    """A service or capability a row, a bill a column; what costs most in the last bill comes first."""
    names = dict.fromkeys(name for bill in reversed(bills) for name in sums(bill))
    return [(name, [sums(bill).get(name, Decimal(0)) for bill in bills]) for name in names]


def totals(bills: Sequence[Bill]) -> list[tuple[str, list[str]]]:
    return [
        ("all", [_dollars(bill.usd) for bill in bills]),
        ("of it there without members", [_dollars(bill.fixed_usd) for bill in bills]),
        ("of it grown with members", [_dollars(bill.variable_usd) for bill in bills]),
        ("redemptions", [f"{bill.world.month.redemptions:,.0f}" for bill in bills]),
        ("a redemption", [f"{bill.usd_per_redemption:,.4f}" for bill in bills]),
        ("a member", [f"{bill.usd / bill.members:,.4f}" if bill.members else "-" for bill in bills]),
    ]


def text(environment: str, bills: Sequence[Bill], today: date) -> str:
    """For the screen: dollars a month."""
    columns = "".join(f"{f'{bill.members:,}':>14}" for bill in bills)
    lines = [f"config/{environment}.toml, dollars a month, estimated", "", f"{'members':<34}{columns}"]
    for title, sums in (("service", _by_service), ("what for", _by_capability)):
        lines += ["", title]
        lines += [_row(f"  {name}", map(_dollars, amounts)) for name, amounts in rows(bills, sums)]
    lines += ["", *(_row(name, amounts) for name, amounts in totals(bills))]
    for bill in bills:
        dearest = "; ".join(f"{name} {_dollars(amount)}" for name, amount in bill.largest(LARGEST))
        lines.append(f"\nlargest at {bill.members:,} members: {dearest}")
    if even := break_even(bills[-1].world):
        lines += ["", f"{even}"]
    told = dict.fromkeys(sentence for bill in bills for sentence in cautions(bill, today))
    return "\n".join([*lines, "", *told]) + "\n"


def markdown(environment: str, bills: Sequence[Bill], today: date) -> str:
    """The same for docs/cost.md."""
    head = " | ".join(f"{bill.members:,} members" for bill in bills)
    ruler = "|---|" + "---|" * len(bills)
    parts = [f"`config/{environment}.toml`, dollars a month, estimated on {today:%Y-%m-%d}:"]
    for title, sums in (("what for", _by_capability), ("service", _by_service)):
        table = [f"| {name} | {' | '.join(map(_dollars, amounts))} |" for name, amounts in rows(bills, sums)]
        parts.append("\n".join([f"| {title} | {head} |", ruler, *table]))
    table = [f"| {name} | {' | '.join(amounts)} |" for name, amounts in totals(bills)]
    parts.append("\n".join([f"| | {head} |", ruler, *table]))
    for bill in bills:
        dearest = "; ".join(f"{name}, {_dollars(amount)}" for name, amount in bill.largest(LARGEST))
        parts.append(f"Largest at {bill.members:,} members: {dearest}.")
    parts += [f"{even}" for bill in bills[-1:] if (even := break_even(bill.world))]
    return "\n\n".join(parts)


def document(environment: str, bill: Bill, today: date) -> dict[str, Any]:
    """For machines: JSON, dollars as numbers with six places."""
    even = break_even(bill.world)
    return {
        "label": "estimate",
        "environment": environment,
        "members": int(bill.members),
        "redemptions": _number(bill.world.month.redemptions),
        "usd": _number(bill.usd),
        "usd_fixed": _number(bill.fixed_usd),
        "usd_variable": _number(bill.variable_usd),
        "usd_per_redemption": _number(bill.usd_per_redemption),
        "services": {name: _number(usd) for name, usd in bill.by_service.items()},
        "capabilities": {name: _number(usd) for name, usd in bill.by_capability.items()},
        "largest": [{"what": name, "usd": _number(usd)} for name, usd in bill.largest(LARGEST)],
        "io_optimized": even
        and {
            "chosen": even.chosen,
            "usd_standard": _number(even.standard_usd),
            "usd_optimized": _number(even.optimized_usd),
            "ios": _number(even.ios),
            "even_ios": _number(even.even_ios),
            "even_members": even.even_members,
        },
        "cautions": cautions(bill, today),
        "lines": [
            {
                "resource": str(line.resource),
                "type": line.resource.type,
                "service": line.price.service,
                "price": line.price_name,
                "quantity": _number(line.quantity),
                "unit": line.price.unit,
                "usd": _number(line.usd),
                "variable": line.variable,
            }
            for line in bill.lines
        ],
    }


def _by_service(bill: Bill) -> dict[str, Decimal]:
    return bill.by_service


def _by_capability(bill: Bill) -> dict[str, Decimal]:
    return bill.by_capability


def _row(name: str, amounts: Any) -> str:
    return f"{name:<34}" + "".join(f"{amount:>14}" for amount in amounts)


def _dollars(amount: Decimal) -> str:
    return f"{amount:,.2f}" if amount < 10 else f"{amount:,.0f}"


def _number(amount: Decimal) -> float:
    return float(round(amount, 6))
