"""Redemptions: who wants what, what there is of it, and which of it will come back."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from analytics.generator.campaigns import DISCOUNT, Campaign
from analytics.generator.ledger import Ledger
from analytics.generator.rows import Clock, Rows, moments
from analytics.generator.shelf import Shelf
from analytics.generator.tables import POINT_VALUE_MICROS, Back, Flags, Floats, Ints, Lines

# A day, of a member who has points enough to think of it.
WISH = 0.012
LEAST_POINTS = 600
ENOUGH_POINTS = 6_000
MOST_LINES = 3
# Chances of a second and a third line, of two units, of paying a part in money, of sending all units back.
MORE_LINES = (1.0, 0.2, 0.05)
TWO_UNITS, WITH_MONEY, COMES_BACK = 0.07, 0.3, 0.025
POINTS_A_MINOR = 10_000 // POINT_VALUE_MICROS


@dataclass(frozen=True)
class Coming:
    """Lines whose units come back. `taken`: their points by lot and line, of month `month`."""

    line: Ints
    member: Ints
    quantity: Ints
    money_minor: Ints
    month: Ints
    taken: Ints


@dataclass
class _Wishes:
    """Of one day: arrays by member who wants something. `left`: points not promised yet."""

    member: Ints
    redemption: Ints
    left: Ints
    promised: Ints
    settled: Ints
    money: Ints
    settled_money: Ints
    units: Ints
    lines: Ints


@dataclass(frozen=True)
class _Orders:
    """One line each. `of`: a place in wishes; points, money and discount are of a unit."""

    of: Ints
    product: Ints
    quantity: Ints
    points: Ints
    money: Ints
    discount: Ints

    def only(self, some: Flags) -> _Orders:
        return _Orders(*(column[some] for column in vars(self).values()))


class Counter:
    """Takes redemptions; knows what it took."""

    def __init__(self, rng: np.random.Generator, clock: Clock, shelf: Shelf, ledger: Ledger) -> None:
        self._rng, self._clock, self._shelf, self._ledger = rng, clock, shelf, ledger
        whole = dict.fromkeys(("points", "money_minor", "settled", "settled_money_minor"), np.int64)
        self._redemptions = Rows(member=np.int64, at="datetime64[us]", **whole, accepted_units=np.int64)
        names = (
            "redemption", "product", "campaign", "quantity", "accepted", "unit_points", "unit_money_minor",
            "unit_discount_minor",
        )  # fmt: skip
        self._lines = Rows(**dict.fromkeys(names, np.int64), number=np.int8)
        self._coming: dict[int, list[Coming]] = defaultdict(list)
        self.completed = 0
        self.captured_minor = 0

    def redeem(self, day: int, season: float, there: Flags, activity: Floats, campaign: Campaign | None) -> None:
        """A day's redemptions, in the evening."""
        running = campaign if campaign is not None and campaign.kind == "redemptions" else None
        wishes = self._wishes(season, there, activity, running)
        if not wishes.member.size:
            return
        lines = Rows(**dict.fromkeys(("of", *_LINE), np.int64))
        coming = []
        for number in range(MOST_LINES):
            wanting = np.flatnonzero(self._rng.random(wishes.member.size) < MORE_LINES[number])
            coming.append(self._line(day, wishes, wanting, running, lines))
        self._book(day, wishes, lines, [one for one in coming if one is not None])

    def _wishes(self, season: float, there: Flags, activity: Floats, campaign: Campaign | None) -> _Wishes:
        balance = self._ledger.balance
        wanted = WISH * season * np.minimum(balance / ENOUGH_POINTS, 2.5) * (0.5 + 0.5 * np.minimum(activity, 2))
        if campaign is not None:
            wanted *= np.where(campaign.taking_part, 1 + campaign.uplift, 1.0)
        some = self._rng.random(balance.size) < wanted
        members: Ints = self._rng.permutation(np.flatnonzero(some & there & (balance >= LEAST_POINTS)))
        zeros = [np.zeros(members.size, dtype=np.int64) for _ in range(6)]
        return _Wishes(members, np.full(members.size, -1), balance[members], *zeros)

    def _line(self, day: int, wishes: _Wishes, wanting: Ints, campaign: Campaign | None, lines: Rows) -> Coming | None:
        """One line more of those who want one. What the shelf says is gone is not ordered; what is gone when the order
        comes is refused."""
        orders = self._priced(day, wishes, wanting, campaign)
        orders = orders.only(orders.points * orders.quantity <= wishes.left[orders.of])
        if not orders.of.size:
            return None
        accepted = self._shelf.sell(day, orders.product, orders.quantity)
        ordered = ~self._shelf.empty[orders.product]
        orders, accepted = orders.only(ordered), accepted[ordered]
        if not orders.of.size:
            return None
        of, promised = orders.of, orders.points * orders.quantity
        wishes.left[of] -= promised
        wishes.promised[of] += promised
        wishes.money[of] += orders.money * orders.quantity
        wishes.settled_money[of] += orders.money * accepted
        wishes.settled[of] += orders.points * accepted
        wishes.units[of] += accepted
        wishes.lines[of] += 1
        place = lines.add(
            of=of, number=wishes.lines[of], product=orders.product, quantity=orders.quantity, accepted=accepted,
            campaign=np.where(orders.discount > 0, campaign.number if campaign else -1, -1),
            unit_points=orders.points, unit_money_minor=orders.money, unit_discount_minor=orders.discount,
        )  # fmt: skip
        members = wishes.member[of]
        taken = self._ledger.take(day, members, orders.points * accepted)
        back = (accepted > 0) & (self._rng.random(of.size) < COMES_BACK)
        month = np.full(int(back.sum()), int(self._clock.month[day]), dtype=np.int64)
        return Coming(
            place[back], members[back], accepted[back], (orders.money * accepted)[back], month, taken[:, back]
        )

    def _priced(self, day: int, wishes: _Wishes, wanting: Ints, campaign: Campaign | None) -> _Orders:
        """What each would like, and what a unit costs them in points and money. Who cannot pay for two wants one."""
        rng, shelf = self._rng, self._shelf
        product = shelf.choose(day, wanting.size)
        price = shelf.price_minor[product]
        discount = np.zeros(wanting.size, dtype=np.int64)
        if campaign is not None:
            cheaper = campaign.discounted[product] & campaign.taking_part[wishes.member[wanting]]
            discount[cheaper] = np.floor(price[cheaper] * DISCOUNT)
        share = np.where(rng.random(wanting.size) < WITH_MONEY, rng.uniform(0.1, 0.6, wanting.size), 0.0)
        money = np.floor((price - discount) * share).astype(np.int64)
        points = (price - discount - money) * POINTS_A_MINOR
        two = (rng.random(wanting.size) < TWO_UNITS) & (points * 2 <= wishes.left[wanting])
        return _Orders(wanting, product, 1 + two.astype(np.int64), points, money, discount)

    def _book(self, day: int, wishes: _Wishes, lines: Rows, coming: list[Coming]) -> None:
        done = np.flatnonzero(wishes.lines)
        if not done.size:
            return
        at = self._clock.at(day, moments(self._rng, done.size, 20, 23))
        wishes.redemption[done] = self._redemptions.add(
            member=wishes.member[done], at=at, points=wishes.promised[done], money_minor=wishes.money[done],
            settled=wishes.settled[done], settled_money_minor=wishes.settled_money[done],
            accepted_units=wishes.units[done],
        )  # fmt: skip
        answered = at + np.timedelta64(2, "m")
        self._ledger.redeem(wishes.member[done], wishes.promised[done], wishes.settled[done], at, answered)
        self.completed += int((wishes.units[done] > 0).sum())
        self.captured_minor += int(wishes.settled_money.sum())
        found = lines.columns()
        place = self._lines.add(redemption=wishes.redemption[found.pop("of")], **found)
        for one in coming:
            days = self._rng.integers(7, 31, one.line.size)
            for due in np.unique(days).tolist():
                now = days == due
                self._coming[day + due].append(
                    Coming(
                        place[one.line[now]], one.member[now], one.quantity[now], one.money_minor[now],
                        one.month[now], one.taken[:, now],
                    )
                )  # fmt: skip

    def due(self, day: int) -> Coming | None:
        """What comes back on a day."""
        found = self._coming.pop(day, [])
        if not found:
            return None
        return Coming(
            **{
                name: np.concatenate([getattr(one, name) for one in found], axis=-1)
                for name in ("line", "member", "quantity", "money_minor", "month", "taken")
            }
        )

    def redemptions(self) -> dict[str, Ints]:
        """Columns of the redemptions, without what happened to the parcels."""
        return self._redemptions.columns()

    def lines(self, back: Back) -> Lines:
        found = self._lines.columns()
        returned = np.zeros(self._lines.count, dtype=np.int64)
        np.add.at(returned, back.line, back.quantity)
        return Lines(returned=returned, **found)


_LINE = (
    "number", "product", "campaign", "quantity", "accepted", "unit_points", "unit_money_minor", "unit_discount_minor",
)  # fmt: skip
