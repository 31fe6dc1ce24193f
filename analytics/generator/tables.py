"""What a programme is made of: a table a class, a numpy array a column. Rows are in the order of time.

Members, products and redemptions are numbered from 0 and named by these numbers; points are whole, money is minor units
of one currency, times are UTC.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from analytics.generator.truth import Truth

type Ints = NDArray[np.int64]
type Small = NDArray[np.int8]
type Flags = NDArray[np.bool_]
type Floats = NDArray[np.float64]
type Times = NDArray[np.datetime64]

CURRENCY = "EUR"
PROGRAMME_VERSION = 1
FUNDER = "house"
PARTNERS = ("grocer", "fuel", "pharmacy")
COUNTRIES = ("DE", "AT", "NL", "FR")
LANGUAGES = ("de", "de", "nl", "fr")
MEMBER_STATES = ("active", "blocked")
TIERS = ("basic", "silver", "gold", "platinum")
TIER_NAMES = ("Basic", "Silver", "Gold", "Platinum")
DIRECTIONS = ("down", "same", "up")
CAUSES = ("reached", "period_ended")
CATEGORIES = ("kitchen", "home", "garden", "toys", "sports", "books", "music", "beauty", "travel", "electronics")
# What a kind of entry moves: from, to.
KINDS = ("accrue", "hold", "settle", "release", "expire", "restore")
MOVES = (
    ("issued", "available"),
    ("available", "held"),
    ("held", "redeemed"),
    ("held", "available"),
    ("available", "expired"),
    ("redeemed", "available"),
)
EVENTS = ("opened", "redeemed", "restored", "lapsed")
CAMPAIGN_KINDS = ("purchases", "redemptions")
# One point buys half a cent.
POINT_VALUE_MICROS = 5_000
DEFERRED_MICROS = 4_500
COST_MICROS = 4_000
BREAKAGE_BASIS_POINTS = 1_500


@dataclass(frozen=True)
class Members:
    """`claimed_at` NaT: never. `country` is a place in COUNTRIES and LANGUAGES; `tier`, `state` in TIERS,
    MEMBER_STATES."""

    joined_at: Times
    claimed_at: Times
    country: Small
    tier: Small
    state: Small
    wants_email: Flags
    wants_sms: Flags


@dataclass(frozen=True)
class Products:
    """`launched_at`: when it came into the catalogue. `available`: on the last evening."""

    category: Small
    price_minor: Ints
    launched_at: Times
    available: Flags


@dataclass(frozen=True)
class Availability:
    """Rows where what the shop tells changes. `quantity` -1: it does not say; `delivery_days` -1: none."""

    product: Ints
    at: Times
    out: Flags
    quantity: Ints
    delivery_days: Ints


@dataclass(frozen=True)
class Campaigns:
    """`kind`: a place in CAMPAIGN_KINDS. From `started_at`, before `ended_at`."""

    kind: Small
    started_at: Times
    ended_at: Times


@dataclass(frozen=True)
class Participants:
    campaign: Ints
    member: Ints
    held_out: Flags


@dataclass(frozen=True)
class Accruals:
    """`campaign` -1: a purchase's own points; else that campaign's bonus for one. `partner`: a place in PARTNERS."""

    op: Ints
    member: Ints
    at: Times
    partner: Small
    campaign: Ints
    points: Ints


@dataclass(frozen=True)
class Entries:
    """The journal. `op`: operations have numbers; each has one entry. `sequence`: a member's, from 1."""

    op: Ints
    member: Ints
    sequence: Ints
    kind: Small
    points: Ints
    at: Times


@dataclass(frozen=True)
class Movements:
    """`event`: a place in EVENTS."""

    day: Times
    lot_month: Times
    event: Small
    points: Ints


@dataclass(frozen=True)
class Redemptions:
    """`settled` of the promised points were taken, the others given back at once. NaT: not yet."""

    member: Ints
    at: Times
    points: Ints
    money_minor: Ints
    settled: Ints
    settled_money_minor: Ints
    accepted_units: Ints
    shipped_at: Times
    delivered_at: Times
    promised_to: Times
    undeliverable: Flags


@dataclass(frozen=True)
class Lines:
    """`accepted` of `quantity` units: the others were not there. `campaign` -1: no discount."""

    redemption: Ints
    number: Small
    product: Ints
    campaign: Ints
    quantity: Ints
    accepted: Ints
    returned: Ints
    unit_points: Ints
    unit_money_minor: Ints
    unit_discount_minor: Ints


@dataclass(frozen=True)
class Back:
    """Units that members sent back; `line`: a place in Lines."""

    line: Ints
    quantity: Ints
    points: Ints
    money_minor: Ints
    at: Times


@dataclass(frozen=True)
class InvoiceLines:
    """One invoice a day; `invoice` are its days since the first; `line`: a place in Lines."""

    invoice: Ints
    number: Ints
    line: Ints
    amount_minor: Ints


@dataclass(frozen=True)
class TierChanges:
    member: Ints
    sequence: Ints
    from_tier: Small
    to_tier: Small
    cause: Small
    at: Times


@dataclass(frozen=True)
class Wishes:
    member: Ints
    product: Ints
    at: Times


@dataclass(frozen=True)
class Generated:
    """A programme from `first_day`, and what is true of it. The same seed, members and days are the same programme."""

    seed: int
    first_day: date
    days: int
    members: Members
    products: Products
    availability: Availability
    campaigns: Campaigns
    participants: Participants
    accruals: Accruals
    entries: Entries
    movements: Movements
    redemptions: Redemptions
    lines: Lines
    back: Back
    invoice_lines: InvoiceLines
    tier_changes: TierChanges
    wishes: Wishes
    truth: Truth

    @property
    def facts(self) -> int:
        """Rows of all fact tables of the warehouse that this programme fills."""
        shipments = int((~np.isnat(self.redemptions.shipped_at)).sum())
        money = int((self.redemptions.settled_money_minor > 0).sum() + (self.back.money_minor > 0).sum())
        tables = (
            self.participants.member, self.accruals.op, self.entries.op, self.movements.day, self.lines.number,
            self.invoice_lines.line, self.tier_changes.member, self.wishes.member, self.availability.product,
        )  # fmt: skip
        return shipments + money + sum(len(table) for table in tables)
