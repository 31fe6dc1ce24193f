"""Day by day: points lapse, parcels come back, members shop, members redeem."""

from __future__ import annotations

from collections import defaultdict
from datetime import date

import numpy as np

from analytics.generator import after, seasons
from analytics.generator.campaigns import BONUS, Calendar, Campaign
from analytics.generator.ledger import Ledger
from analytics.generator.population import Population
from analytics.generator.redeeming import Counter
from analytics.generator.rows import Clock, Rows, moments
from analytics.generator.shelf import Shelf
from analytics.generator.tables import Accruals, Back, Flags, Generated, Ints
from analytics.generator.truth import Sums, Truth

FIRST_DAY = date(2024, 1, 1)
PRODUCTS = 500
# Purchases a day of a mean member on a mean day, and points for a unit of money.
VISITS = 0.07
POINTS = 10
MULTIPLIERS = np.array([1.0, 1.1, 1.25, 1.5])
# Shares of the first partner, and of the first two.
PARTNERS_THROUGH = (0.7, 0.9)


def programme(
    seed: int, members: int, days: int, *, first_day: date = FIRST_DAY, products: int = PRODUCTS
) -> Generated:
    """A programme of so many days. 50,000 members and two years take seconds. Raises ValueError for sizes below 1."""
    if min(members, days, products) < 1:
        raise ValueError("a programme has members, days and products")
    return _Simulation(seed, members, days, first_day, products).run()


class _Simulation:
    def __init__(self, seed: int, members: int, days: int, first_day: date, products: int) -> None:
        self._seed, self._first_day, self._days = seed, first_day, days
        # A stream a part: what one draws changes nothing of another.
        streams = [np.random.default_rng(one) for one in np.random.SeedSequence(seed).spawn(6)]
        self._rng = streams[0]
        self._clock = clock = Clock(first_day, days)
        self._members = Population(streams[1], clock, members)
        self._shelf = Shelf(streams[2], clock, products, members)
        self._calendar = Calendar(streams[3], clock, members, products)
        self._ledger = Ledger(clock, members)
        self._counter = Counter(streams[4], clock, self._shelf, self._ledger)
        self._after = streams[5]
        self._shopping = seasons.shopping(first_day, days)
        self._redeeming = seasons.redeeming(first_day, days)
        self._accruals = Rows(
            op=np.int64, member=np.int64, at="datetime64[us]", partner=np.int8, campaign=np.int64, points=np.int64
        )
        self._back = Rows(line=np.int64, quantity=np.int64, points=np.int64, money_minor=np.int64, at="datetime64[us]")
        self._propensity = np.zeros(days)
        self._purchases = 0

    def run(self) -> Generated:
        for day in range(self._days):
            self._day(day)
        return self._made()

    def _day(self, day: int) -> None:
        if self._clock.month_begins[day]:
            self._ledger.month_begins(day)
        if self._clock.year_begins[day]:
            self._members.review(day)
        self._shelf.morning(day, (self._first_day.weekday() + day) % 7)
        self._take_back(day)
        there = self._members.there(day)
        campaign = self._calendar.today(day, there)
        self._shop(day, there, campaign)
        self._counter.redeem(day, self._redeeming.factor[day], there, self._members.activity, campaign)
        self._ledger.evening(day)
        self._shelf.evening(day)

    def _take_back(self, day: int) -> None:
        back = self._counter.due(day)
        if back is None:
            return
        at = self._clock.at(day, moments(self._rng, back.line.size, 1, 4))
        points = back.taken.sum(axis=0)
        self._back.add(line=back.line, quantity=back.quantity, points=points, money_minor=back.money_minor, at=at)
        paid = points > 0
        if paid.any():
            self._ledger.restore(day, back.member[paid], back.taken[:, paid], back.month[paid], at[paid])

    def _shop(self, day: int, there: Flags, campaign: Campaign | None) -> None:
        """Purchases of all members together are Poisson's; each is a member's by their share of the propensity."""
        rng, population = self._rng, self._members
        propensity = population.activity * VISITS * there
        bonus = campaign if campaign is not None and campaign.kind == "purchases" else None
        if bonus is not None:
            propensity = propensity * np.where(bonus.taking_part, 1 + bonus.uplift, 1.0)
        through = np.cumsum(propensity)
        self._propensity[day] = through[-1]
        purchases = int(rng.poisson(through[-1] * self._shopping.factor[day]))
        if not purchases:
            return
        chances = rng.random(purchases) * through[-1]
        members: Ints = np.searchsorted(through, chances, side="right").astype(np.int64)
        spent = np.exp(rng.normal(3.3, 0.75, purchases))
        points = np.maximum(1, np.floor(spent * POINTS * MULTIPLIERS[population.tier[members]])).astype(np.int64)
        at = self._clock.at(day, moments(rng, purchases, 7, 19))
        partner = np.searchsorted(PARTNERS_THROUGH, rng.random(purchases))
        op = self._ledger.accrue(day, members, points, at)
        self._accruals.add(op=op, member=members, at=at, partner=partner, campaign=-1, points=points)
        self._purchases += purchases
        population.earned(day, members, points)
        if bonus is None:
            return
        extra = bonus.taking_part[members] & (points > 1)
        if extra.any():
            more = np.floor(points[extra] * BONUS).astype(np.int64)
            later = at[extra] + np.timedelta64(1, "ms")
            op = self._ledger.accrue(day, members[extra], more, later)
            self._accruals.add(op=op, member=members[extra], at=later, partner=0, campaign=bonus.number, points=more)

    def _made(self) -> Generated:
        ledger, counter, shelf = self._ledger, self._counter, self._shelf
        back = Back(**self._back.columns())
        redemptions = after.delivered(counter.redemptions(), self._clock, self._after)
        lines = counter.lines(back)
        return Generated(
            seed=self._seed, first_day=self._first_day, days=self._days, members=self._members.members(),
            products=shelf.products(), availability=shelf.availability(), campaigns=self._calendar.campaigns(),
            participants=self._calendar.participants(), accruals=Accruals(**self._accruals.columns()),
            entries=ledger.entries(), movements=ledger.movements(), redemptions=redemptions, lines=lines, back=back,
            invoice_lines=after.invoiced(redemptions, lines, shelf.price_minor, self._clock),
            tier_changes=self._members.changes(),
            wishes=after.wishes(self._members.joins, shelf.launch, self._clock, self._after), truth=self._truth(back),
        )  # fmt: skip

    def _truth(self, back: Back) -> Truth:
        lost = self._lost()
        sums, counter = self._ledger.sums, self._counter
        return Truth(
            first_day=self._first_day, shopping_weekday=self._shopping.weekday, shopping_year=self._shopping.year,
            redeeming_weekday=self._redeeming.weekday, redeeming_year=self._redeeming.year,
            propensity=self._propensity, uplifts=tuple(self._calendar.uplifts),
            **self._shelf.stock_outs.columns(), stock=self._shelf.evenings, **lost,
            sums=Sums(
                issued=sums["opened"], redeemed=sums["redeemed"], restored=sums["restored"], expired=sums["lapsed"],
                outstanding=int(self._ledger.lots.sum()), purchases=self._purchases, redemptions=counter.completed,
                captured_minor=counter.captured_minor, refunded_minor=int(back.money_minor.sum()),
            ),
        )  # fmt: skip

    def _lost(self) -> dict[str, Ints]:
        """By day and product, once each."""
        found = self._shelf.lost.columns()
        sums: dict[tuple[int, int], list[int]] = defaultdict(lambda: [0, 0])
        for day, product, units, refused in zip(*(column.tolist() for column in found.values()), strict=True):
            one = sums[day, product]
            one[0] += units
            one[1] += refused
        keys = np.array(sorted(sums), dtype=np.int64).reshape(-1, 2)
        values = np.array([sums[day, product] for day, product in keys.tolist()], dtype=np.int64).reshape(-1, 2)
        return {
            "lost_day": keys[:, 0], "lost_product": keys[:, 1], "lost_units": values[:, 0],
            "refused_units": values[:, 1],
        }  # fmt: skip
