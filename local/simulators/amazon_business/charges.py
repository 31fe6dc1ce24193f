"""Tax and shipping of an order: simple tables, always the same answer for the same order."""

from __future__ import annotations

from dataclasses import dataclass

from local.simulators.amazon_business.catalogue import Item

FREE_SHIPPING_FROM_MINOR = 3_500
STANDARD_SHIPPING_MINOR = 599
# A seller who ships himself charges for every line, whatever the order's worth.
MERCHANT_SHIPPING_MINOR = 449

# State sales taxes in basis points (no local ones); a state that is not here has none.
STATE_TAX = {
    "AL": 400, "AZ": 560, "AR": 650, "CA": 725, "CO": 290, "CT": 635, "DC": 600, "FL": 600, "GA": 400, "HI": 400,
    "ID": 600, "IL": 625, "IN": 700, "IA": 600, "KS": 650, "KY": 600, "LA": 500, "ME": 550, "MD": 600, "MA": 625,
    "MI": 600, "MN": 688, "MS": 700, "MO": 423, "NE": 550, "NV": 685, "NJ": 663, "NM": 488, "NY": 400, "NC": 475,
    "ND": 500, "OH": 575, "OK": 450, "PA": 600, "RI": 700, "SC": 600, "SD": 420, "TN": 700, "TX": 625, "UT": 485,
    "VT": 600, "VA": 430, "WA": 650, "WV": 600, "WI": 500, "WY": 400,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class LineCharges:
    """Charges of one line in minor units; a `discount` is negative and takes the shipping back."""

    principal: int
    shipping: int
    discount: int
    tax: int

    @property
    def total(self) -> int:
        return self.principal + self.shipping + self.discount + self.tax


def charge(lines: list[tuple[Item, int, int]], state: str) -> list[LineCharges]:
    """Charges of (item, unit price, quantity) shipped to a state. The first of Amazon's own lines carries shipping."""
    by_amazon = sum(unit * quantity for item, unit, quantity in lines if item.by_amazon)
    free = by_amazon >= FREE_SHIPPING_FROM_MINOR
    charged, shipped = [], False
    for item, unit, quantity in lines:
        principal = unit * quantity
        shipping = discount = 0
        if quantity and not item.by_amazon:
            shipping = MERCHANT_SHIPPING_MINOR
        elif quantity and not shipped:
            shipped = True
            shipping = STANDARD_SHIPPING_MINOR
            discount = -shipping if free else 0
        tax = _share(principal + shipping + discount, STATE_TAX.get(state.upper(), 0))
        charged.append(LineCharges(principal, shipping, discount, tax))
    return charged


def _share(amount: int, basis_points: int) -> int:
    return (amount * basis_points + 5_000) // 10_000
