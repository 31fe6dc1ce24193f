"""A few members, one clock, and whatever happens; after each step everybody stands where the plain model says."""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import Any

from tests.conftest import TestDatabase
from tests.domain.people import Somebody
from tests.domain.tiers.model import Bought, Given, Ladder, Person, Reached, Rules, months_on, period_of
from tests.domain.tiers.world import World, levels

MEMBERS = 4
LADDERS: tuple[Ladder, ...] = (
    (("member", 0), ("silver", 1_000), ("gold", 3_000)),
    (("member", 0), ("silver", 600), ("gold", 3_000)),
    (("member", 0), ("silver", 2_000), ("gold", 4_000), ("platinum", 6_000)),
    (("member", 0), ("gold", 2_500)),
    (("member", 0), ("bronze", 400), ("silver", 1_200), ("platinum", 5_000)),
)


class Timeline:
    """One run; every choice by the seed."""

    def __init__(self, database: TestDatabase, seed: int) -> None:
        self.chance = random.Random(seed)
        self.months = self.chance.choice((1, 3, 5, 12))
        ladder = LADDERS[0]
        self.world = World(database, levels=levels(*ladder), window_months=self.months)
        self.rules = Rules(ladder, self.months)
        self.people: list[tuple[Somebody, Person]] = []
        self.said = 0
        for place in range(MEMBERS):
            tier = ("member", "silver", "gold")[place % 3]
            person = Person()
            self.people.append((self.world.member(tier), person))
            if tier != "member":
                starts = period_of(self.world.today(), self.months)
                person.reached.append(Reached(starts, months_on(starts, 2 * self.months), tier))
        self.world.sweep()
        self.log: list[str] = []

    def run(self, steps: int) -> None:
        moves = (
            *(self.buy,) * 8, *(self.come_back,) * 4, *(self.spend,) * 2, *(self.pass_time,) * 5, *(self.give,) * 2,
            self.take, self.publish, self.publish_back,
        )  # fmt: skip
        for _ in range(steps):
            move = self.chance.choice(moves)
            who, person = self.chance.choice(self.people)
            self.log.append(f"{self.world.today()} {who.number} {move(who, person)}")
            for each, known in self.people:
                self.check(each, known)
        assert self.world.violations() == {}, self.log
        for who, _ in self.people:
            assert len(self.world.told(who)) == len(self.world.changes(who))

    def check(self, who: Somebody, person: Person) -> None:
        today = self.world.today()
        tier, drops = self.rules.level(person, today)
        stands = self.world.standing(who)
        said: Any = (self.world.tier(who), stands.tier, stands.until, stands.units)
        units = self.rules.units(person, period_of(today, self.rules.months))
        until = None if drops is None else drops - timedelta(days=1)
        assert said == (tier, tier, until, units), (
            *self.log,
            f"{who.number}: {said}, the rules say {tier} {until} {units}",
        )

    # ---- what may happen ---------------------------------------------------------------------------------------

    def buy(self, who: Somebody, person: Person) -> str:
        units = self.chance.choice((1, 50, 300, 700, 1_500, 3_200))
        days_ago = self.chance.choice((0, 0, 0, 20, 100, 300))
        day = self.world.today() - timedelta(days=days_ago)
        reference = self.world.buy(who, units, days_ago)
        row = self.world.owner.execute(
            "select amount from points.accrual where partner_reference = %s", (reference,)
        ).fetchone()
        assert row is not None
        person.bought[reference] = Bought(day, units, row["amount"])
        self.rules.look(person, day)
        return f"buys {units} {days_ago} days ago"

    def come_back(self, who: Somebody, person: Person) -> str:
        left = [(name, one) for name, one in person.bought.items() if one.back < one.own]
        if not left:
            return "has nothing to bring back"
        reference, one = self.chance.choice(left)
        points = self.chance.choice((one.own - one.back, 1, max(1, (one.own - one.back) // 3)))
        self.world.bring_back(reference, points)
        one.back += points
        return f"brings back {points} of {one.own}"

    def spend(self, who: Somebody, person: Person) -> str:
        """Points leave by a redemption and come by hand: no counter moves."""
        self.world.owner.execute(
            "select points.settle(1, member_id, clock.new_id(), (h.outcome).op_id, (h.outcome).amount, 'test')"
            " from points.member, lateral (select points.hold(1, member_id, clock.new_id(), available / 2,"
            " clock.now() + interval '1 day', '', 'test') as outcome offset 0) h"
            " where member_id = %s and available > 1",
            (who.member_id,),
        )
        return "redeems half"

    def pass_time(self, who: Somebody, person: Person) -> str:
        days = self.chance.choice((1, 20, 45, 100, self.months * 31))
        self.world.turn_to(self.world.today() + timedelta(days=days))
        return f"… {days} days pass"

    def give(self, who: Somebody, person: Person) -> str:
        tier = self.chance.choice(self.rules.codes[1:])
        until: date = self.world.today() + timedelta(days=self.chance.choice((0, 10, 90, 400)))
        person.given[self.world.grant(who, tier, until)] = Given(tier, until)
        return f"is given {tier} until {until}"

    def take(self, who: Somebody, person: Person) -> str:
        if not person.given:
            return "was given nothing"
        grant_id = self.chance.choice(list(person.given))
        self.world.withdraw(who, grant_id)
        person.given[grant_id].withdrawn = True
        return "has a grant withdrawn"

    def publish(self, who: Somebody, person: Person) -> str:
        ladder = self.chance.choice(LADDERS)
        if self.chance.random() < 0.3:
            self.months = self.chance.choice((1, 3, 5, 12))
        self.world.publish(levels=levels(*ladder), window_months=self.months)
        self.rules.publish(ladder, self.months)
        self.world.sweep()
        for _, known in self.people:
            self.look(known)
        return f"… a version: {ladder}, {self.months} months"

    def publish_back(self, who: Somebody, person: Person) -> str:
        """A version and, before or after everybody was looked at by it, the one before again."""
        before = self.rules.versions[-1]
        ladder = self.chance.choice(LADDERS)
        self.world.publish(levels=levels(*ladder))
        self.rules.publish(ladder, self.months)
        reached = self.world.walk(self.chance.randrange(2 * MEMBERS))
        for each, known in self.people:
            if each.member_id <= reached:
                self.look(known)
        meanwhile = self.chance.choice((self.buy, self.give, self.take, self.come_back))(who, person)
        self.world.publish(levels=levels(*before))
        self.rules.publish(before, self.months)
        self.world.sweep()
        for _, known in self.people:
            self.look(known)
        return f"… a version for a moment: {ladder}, up to {reached}; {meanwhile}"

    def look(self, person: Person) -> None:
        """What the sweeper notes by a new version: this period and the one before."""
        today = self.world.today()
        self.rules.look(person, today)
        self.rules.look(person, months_on(period_of(today, self.months), -self.months))
