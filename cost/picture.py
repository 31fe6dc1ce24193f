"""One SVG: what a month costs, a bar a size of programme, a colour a purpose."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from cost.estimate import Bill

ROW, GAP, LABELS, WIDE, TOP = 30, 16, 150, 560, 40
COLOURS = ("#0b5cad", "#b3541e", "#2e7d4f", "#7a4fa3", "#c2992b", "#4a90a4", "#8a9ba8")
INK = "#1f2933"


def drawn(bills: Sequence[Bill]) -> str:
    """Each bar is as long as any other: shares are to be compared; the sum is written behind it."""
    parts: list[str] = []
    most = [name for name, _ in _shares(bills)][: len(COLOURS) - 1]
    colours = dict(zip(most, COLOURS, strict=False))
    for row, bill in enumerate(bills):
        top = TOP + row * (ROW + GAP)
        parts.append(_text(10, top + 20, f"{bill.members:,} members"))
        left = Decimal(LABELS)
        for name, amount in _parts(bill, most):
            width = amount / bill.usd * WIDE
            parts.append(
                f'<rect x="{left:.1f}" y="{top}" width="{width:.1f}" height="{ROW}" '
                f'fill="{colours.get(name, COLOURS[-1])}"><title>{name}: {amount:,.0f} dollars</title></rect>'
            )
            left += width
        parts.append(
            _text(LABELS + WIDE + 10, top + 20, f"${bill.usd:,.0f}, ${bill.usd_per_redemption:,.2f} a redemption")
        )
    bottom = TOP + len(bills) * (ROW + GAP) + 10
    for place, name in enumerate([*most, "all else"]):
        x, y = 10 + place % 4 * 210, bottom + place // 4 * 22
        parts.append(f'<rect x="{x}" y="{y}" width="12" height="12" fill="{colours.get(name, COLOURS[-1])}"/>')
        parts.append(_text(x + 18, y + 11, name))
    wide, height = LABELS + WIDE + 220, bottom + 60
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {height}" width="{wide}" '
            f'height="{height}" role="img" aria-label="What a month costs, by purpose" '
            'style="font-family:system-ui,sans-serif;font-size:12px">',
            f'<rect width="{wide}" height="{height}" fill="#ffffff"/>',
            _text(10, 20, "A month by purpose, estimated; behind it the sum, and what that is for each redemption"),
            *parts,
            "</svg>\n",
        )
    )


def _shares(bills: Sequence[Bill]) -> list[tuple[str, Decimal]]:
    """Purposes by the sum of their shares."""
    names = dict.fromkeys(name for bill in bills for name in bill.by_capability)
    shares = {
        name: sum((bill.by_capability.get(name, Decimal(0)) / bill.usd for bill in bills), Decimal(0)) for name in names
    }
    return sorted(shares.items(), key=lambda one: -one[1])


def _parts(bill: Bill, most: Sequence[str]) -> list[tuple[str, Decimal]]:
    named = [(name, bill.by_capability.get(name, Decimal(0))) for name in most]
    return [*named, ("all else", bill.usd - sum((amount for _, amount in named), Decimal(0)))]


def _text(x: float, y: float, words: str) -> str:
    return f'<text x="{x}" y="{y}" fill="{INK}">{words}</text>'
