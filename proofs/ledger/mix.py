"""What the clients do next: everything the ledger can, on few members, and again what was done already.

The material is what is known at a rest (holds that are open, accruals to reverse) and what was answered since.
"""

from __future__ import annotations

import itertools
import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from proofs.ledger.calls import Call, minted_text
from proofs.ledger.sessions import Request

_KINDS = {
    "hold": 30, "settle": 17, "release": 15, "restore": 6, "accrue": 10, "transfer": 3, "accrue_many": 2, "mature": 2,
    "reverse": 5, "adjust": 5, "expire": 2, "extend_lease": 2, "again": 5, "key_reuse": 3, "mature_due": 1,
    "expire_due": 1,
}  # fmt: skip
_NAMES, _UP_TO = list(_KINDS), list(itertools.accumulate(_KINDS.values()))
# Open holds of a member that one process knows: with so many it resolves the oldest instead of making another.
_OPEN = 8
# Half of everything goes to so many of the members.
CROWDED = 4

# How often nobody else of this process tries to resolve what somebody is resolving.
_ALONE = 0.8

type Items = dict[int, list[tuple[str, int]]]


@dataclass
class Known:
    """By member: open holds with what is left of them, parts of holds that were settled, accruals to reverse, and those
    that wait for their day."""

    holds: Items = field(default_factory=lambda: defaultdict(list))
    spent: Items = field(default_factory=lambda: defaultdict(list))
    accruals: Items = field(default_factory=lambda: defaultdict(list))
    waiting: Items = field(default_factory=lambda: defaultdict(list))
    # Resolutions whose points were taken off `holds` when they were sent.
    taken: set[str] = field(default_factory=set)

    def learn(self, call: Call, status: str) -> None:
        """Take an answer to what may be done next."""
        holds = self.holds[call.member]
        if call.kind == "settle" and status == "ok" and call.ref is not None:
            _remember(self.spent[call.member], (call.ref, call.amount), 40)
        if call.kind == "hold" and status == "ok":
            holds.append((call.op, call.amount))
        elif call.kind == "accrue" and status == "ok":
            _remember(self.accruals[call.member], (call.op, call.amount), 100)
            if call.how == "pending":
                _remember(self.waiting[call.member], (call.op, call.amount), 40)
        elif call.op in self.taken:
            self.taken.discard(call.op)
        elif call.kind in ("settle", "release") and status in ("ok", "over_hold", "hold_not_open"):
            self.take(call, call.amount if status == "ok" else 1 if status == "over_hold" else None)

    def take(self, call: Call, amount: int | None) -> None:
        """The hold has so much less, or nothing. A guess: others resolve it too."""
        holds = self.holds[call.member]
        for place, (hold, left) in enumerate(holds):
            if hold == call.ref:
                rest = 0 if amount is None else left - amount
                holds[place : place + 1] = [(hold, rest)] if rest > 0 else []
                return


def known_at_rest(calls: Sequence[Call], holds: dict[int, list[tuple[str, int]]]) -> Known:
    """What to go on with after these calls, when these holds are open."""
    known = Known()
    for call in calls:
        if call.kind in ("accrue", "settle") and call.answer is not None:
            known.learn(call, call.answer[0])
    known.holds.update(holds)
    return known


@dataclass(frozen=True)
class Part:
    """What the clients do between two rests: how much, on which day, with what seed, and what there is to work with."""

    members: Sequence[int]
    operations: int
    day: date
    milliseconds: int
    seed: int
    known: Known = field(default_factory=Known)


class Mix:
    """The next request, by chance; learns from answers."""

    def __init__(self, part: Part) -> None:
        self._part = part
        self._chance = random.Random(part.seed)
        self._known = part.known
        self._recent: list[Call] = []
        self.left = part.operations

    def next(self) -> Request:
        """A request; `left` is less by its calls (none if it is a duty or a lease)."""
        part, chance = self._part, self._chance
        member = chance.choice(part.members if chance.random() < 0.5 else part.members[:CROWDED])
        kind = chance.choices(_NAMES, cum_weights=_UP_TO)[0]
        holds = self._known.holds[member]
        if kind in ("mature_due", "expire_due"):
            return Request(kind)
        if kind == "extend_lease" and holds:
            return Request(kind, (), (b"%d" % member, chance.choice(holds)[0].encode()))
        if kind == "accrue_many":
            calls = [
                Call("accrue", other, self._key(), chance.randint(1, 50), self._expiry())
                for other in chance.choices(part.members, k=min(4, self.left))
            ]
            self.left -= len(calls)
            return Request(kind, calls)
        self.left -= 1
        call = self._call("release" if kind == "hold" and len(holds) >= _OPEN else kind, member)
        if call.kind in ("settle", "release") and kind not in ("again", "key_reuse") and chance.random() < _ALONE:
            self._known.take(call, call.amount)
            self._known.taken.add(call.op)
        # Also while it is on its way, others may repeat it.
        if kind not in ("again", "key_reuse"):
            self._recent.append(call)
            if len(self._recent) > 500:
                del self._recent[:250]
        return Request(call.kind, (call,))

    def _call(self, kind: str, member: int) -> Call:
        chance, holds, accruals = self._chance, self._known.holds[member], self._known.accruals[member]
        if kind in ("again", "key_reuse") and self._recent:
            first = chance.choice(self._recent)
            more = chance.randint(1, 9) if kind == "key_reuse" else 0
            return replace(first, amount=first.amount + more, answer=None)
        op = self._key()
        if kind in ("settle", "release") and holds:
            hold, left = holds[0] if len(holds) >= _OPEN else chance.choice(holds)
            amount = chance.choice([left, left, chance.randint(1, left + 1)])
            how = "" if kind == "settle" else chance.choice(["member", "ours"])
            return Call(kind, member, op, amount, ref=hold, how=how)
        if kind == "restore" and self._known.spent[member]:
            spent = self._known.spent[member]
            hold, most = spent.pop(chance.randrange(len(spent))) if chance.random() < 0.5 else chance.choice(spent)
            amount = chance.choice([most, chance.randint(0, most + 1)])
            return Call("restore", member, op, amount, ref=hold, how=chance.choice(["member", "ours"]))
        if kind == "reverse" and accruals:
            accrual, amount = chance.choice(accruals)
            how = chance.choice(["debt", "write_off"])
            return Call("reverse", member, op, chance.randint(0, amount + 5), ref=accrual, how=how)
        if kind == "mature" and self._known.waiting[member]:
            waiting = self._known.waiting[member]
            return Call("mature", member, op, ref=waiting.pop(chance.randrange(len(waiting)))[0])
        if kind == "transfer":
            to = chance.choice(self._part.members)
            return Call("transfer", member, op, chance.choice([0, 1, 10, 50, 200]), to=to)
        if kind == "adjust":
            return Call("adjust", member, op, chance.randint(-60, 60), self._expiry())
        if kind == "expire":
            return Call("expire", member, op)
        if kind == "hold" and chance.random() < 0.9:
            return Call("hold", member, op, chance.choice([0, 1, 5, 20, 60, 300, 900]))
        how = "pending" if chance.random() < 0.2 else ""
        return Call("accrue", member, op, chance.randint(1, 400), self._expiry(), how=how)

    def learn(self, call: Call) -> None:
        """Take an answer to what may be done next."""
        assert call.answer is not None
        self._known.learn(call, call.answer[0])

    def _key(self) -> str:
        return minted_text(self._part.milliseconds + self._chance.randrange(1000), self._chance)

    def _expiry(self) -> date | None:
        days = self._chance.choice([0, 1, 2, 3, 5, 8, 13, 30, 30, -1])
        return None if days < 0 else self._part.day + timedelta(days=days)


def _remember[T](items: list[T], item: T, limit: int) -> None:
    items.append(item)
    if len(items) > limit:
        del items[0]
