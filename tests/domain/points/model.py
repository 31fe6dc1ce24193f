"""The ledger once more, as plain Python, a member at a time: slow, obvious, and what the SQL is compared with."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from uuid import UUID

type Id = UUID | str
# A lot's key: when it lapses, and whether the member has not yet extended it. Sorts as points are spent.
type Key = tuple[date, bool]
type Lots = dict[Key, int]
# status, version, available, held, pending, debt, amount
type Answer = tuple[str, int, int, int, int, int, int]

NEVER = date.max


def take_soonest(lots: Lots, amount: int) -> Lots:
    """Remove the soonest points from the lots; what was removed."""
    taken: Lots = {}
    for key in sorted(lots):
        part = min(lots[key], amount)
        if part:
            taken[key] = part
            lots[key] -= part
            amount -= part
    assert amount == 0
    _drop_empty(lots)
    return taken


def _drop_empty(lots: Lots) -> None:
    for key in [key for key, amount in lots.items() if amount == 0]:
        del lots[key]


@dataclass(slots=True)
class Accrual:
    amount: int
    expires_on: date
    came_pending: bool = False
    reversed: int = 0


@dataclass
class Member:
    """One member's points; `today` is turned from outside. `holds` are the open ones, `waiting` the pending points,
    `spent` what is settled of each hold and has not come back.
    """

    today: date
    version: int = 0
    debt: int = 0
    lots: Lots = field(default_factory=dict)
    holds: dict[Id, Lots] = field(default_factory=dict)
    spent: dict[Id, Lots] = field(default_factory=dict)
    restored: dict[tuple[Id, str], Id] = field(default_factory=dict)
    accruals: dict[Id, Accrual] = field(default_factory=dict)
    waiting: dict[Id, int] = field(default_factory=dict)
    given: dict[date, int] = field(default_factory=dict)
    answers: dict[Id, tuple[object, Answer]] = field(default_factory=dict)

    @property
    def available(self) -> int:
        return sum(self.lots.values())

    @property
    def held(self) -> int:
        return sum(sum(lots.values()) for lots in self.holds.values())

    @property
    def pending(self) -> int:
        return sum(self.waiting.values())

    @property
    def stands(self) -> tuple[int, ...]:
        return (self.version, self.available, self.held, self.pending, self.debt)

    def accrue(self, op: Id, amount: int, expires_on: date, pending: bool) -> Answer:
        request = ("accrue", amount)
        if amount <= 0:
            return self._refused("invalid", op)
        if known := self._known(op, request):
            return known
        if expires_on < self.today:
            return self._refused("invalid", op)
        self._lapse()
        self.accruals[op] = Accrual(amount, expires_on, came_pending=pending)
        if pending:
            self.waiting[op] = amount
            self.version += 1
        else:
            self._credit(amount, expires_on)
        return self._done(op, request, amount)

    def mature(self, op: Id, accrual_op: Id) -> Answer:
        request = ("mature", accrual_op)
        if known := self._known(op, request):
            return known
        accrual = self.accruals.get(accrual_op)
        if accrual is None or not accrual.came_pending:
            return self._refused("unknown_accrual", op)
        if accrual_op not in self.waiting:
            return self._refused("ok", op)
        self._lapse()
        amount = self.waiting.pop(accrual_op)
        self._credit(amount, accrual.expires_on)
        return self._done(op, request, amount)

    def reverse(self, op: Id, accrual_op: Id, amount: int, policy: str) -> Answer:
        request = ("reverse", accrual_op, amount)
        if amount <= 0:
            return self._refused("invalid", op)
        if known := self._known(op, request):
            return known
        accrual = self.accruals[accrual_op]
        if accrual.reversed + amount > accrual.amount:
            return self._refused("over_accrual", op)
        self._lapse()
        accrual.reversed += amount
        waiting = min(self.waiting.get(accrual_op, 0), amount)
        if waiting:
            self.waiting[accrual_op] -= waiting
            if not self.waiting[accrual_op]:
                del self.waiting[accrual_op]
        key = (accrual.expires_on, True)
        own = min(self.lots.get(key, 0), amount - waiting)
        if own:
            self.lots[key] -= own
            _drop_empty(self.lots)
        rest = amount - waiting - own
        if policy == "debt":
            self.debt += rest
        self.version += (waiting > 0) + (own > 0) + (rest > 0)
        return self._done(op, request, amount)

    def hold(self, op: Id, amount: int) -> Answer:
        request = ("hold", amount)
        if amount <= 0:
            return self._refused("invalid", op)
        if known := self._known(op, request):
            return known
        if amount > self.available - sum(self._lapsed().values()):
            return self._refused("insufficient", op)
        self._lapse()
        self.holds[op] = take_soonest(self.lots, amount)
        self.version += 1
        return self._done(op, request, amount)

    def settle(self, op: Id, hold: Id, amount: int) -> Answer:
        request = ("settle", hold, amount)
        if answer := self._unresolvable(op, request, hold, amount):
            return answer
        self._lapse()
        spent = self.spent.setdefault(hold, {})
        for key, part in take_soonest(self.holds[hold], amount).items():
            spent[key] = spent.get(key, 0) + part
        if not self.holds[hold]:
            del self.holds[hold]
        self.version += 1
        return self._done(op, request, amount)

    def release(self, op: Id, hold: Id, amount: int, caused_by: str, return_days: int) -> Answer:
        request = ("release", hold, amount, caused_by)
        if answer := self._unresolvable(op, request, hold, amount):
            return answer
        self._lapse()
        pinned = self.holds[hold]
        kept = take_soonest(pinned, sum(pinned.values()) - amount)
        self.holds[hold] = kept
        if not kept:
            del self.holds[hold]
        self._put_back(pinned, caused_by, return_days)
        return self._done(op, request, amount)

    def restore(self, op: Id, hold: Id, event: str, amount: int, caused_by: str, return_days: int) -> Answer:
        """Settled points come back like released ones; an event does it once, whatever the key of the operation."""
        request = ("restore", hold, event, amount, caused_by)
        if amount <= 0:
            return self._refused("invalid", op)
        if (hold, event) in self.restored:
            known = self._known(self.restored[hold, event], request)
            assert known is not None
            return known
        if op in self.answers:
            return self._refused("key_reuse", op)
        spent = self.spent.get(hold, {})
        if amount > sum(spent.values()):
            return self._refused("over_settled", op)
        self._lapse()
        left = take_soonest(spent, sum(spent.values()) - amount)
        self.spent[hold] = left
        self.restored[hold, event] = op
        self._put_back(spent, caused_by, return_days)
        return self._done(op, request, amount)

    def _put_back(self, lots: Lots, caused_by: str, return_days: int) -> None:
        """The return rule."""
        came_back = False
        gone = False
        for (expires_on, extendable), part in lots.items():
            if expires_on >= self.today:
                key = (expires_on, extendable)
            elif caused_by == "ours":
                key = (self.today + timedelta(days=return_days), extendable)
            elif extendable:
                key = (self.today + timedelta(days=return_days), False)
            else:
                gone = True
                continue
            came_back = True
            self.lots[key] = self.lots.get(key, 0) + part
        self.version += came_back + gone

    def expire(self, op: Id) -> Answer:
        request = ("expire",)
        if known := self._known(op, request):
            return known
        amount = sum(self._lapsed().values())
        self._lapse()
        return self._done(op, request, amount) if amount else self._refused("ok", op)

    def adjust(self, op: Id, amount: int, expires_on: date) -> Answer:
        request = ("adjust", amount)
        if amount == 0:
            return self._refused("invalid", op)
        if known := self._known(op, request):
            return known
        if amount > 0 and expires_on < self.today:
            return self._refused("invalid", op)
        if -amount > self.available - sum(self._lapsed().values()):
            return self._refused("insufficient", op)
        self._lapse()
        if amount > 0:
            self._credit(amount, expires_on)
        else:
            take_soonest(self.lots, -amount)
            self.version += 1
        return self._done(op, request, amount)

    def give(self, op: Id, receiver: Member, amount: int, daily_limit: int | None) -> Answer:
        """The soonest points go to the other, with their expiry; he pays what he owes with them first."""
        request = ("give", id(receiver), amount)
        if amount <= 0:
            return self._refused("invalid", op)
        if known := self._known(op, request):
            return known
        if daily_limit is None:
            return self._refused("transfers_off", op)
        if receiver is self:
            return self._refused("same_member", op)
        if self.debt:
            return self._refused("in_debt", op)
        if self.given.get(self.today, 0) + amount > daily_limit:
            return self._refused("over_limit", op)
        if amount > self.available - sum(self._lapsed().values()):
            return self._refused("insufficient", op)
        self._lapse()
        self.given = {self.today: self.given.get(self.today, 0) + amount}
        self.version += 1
        receiver.get(take_soonest(self.lots, amount))
        return self._done(op, request, amount)

    def get(self, lots: Lots) -> None:
        """Lots from another member."""
        self._lapse()
        repaid = min(self.debt, sum(lots.values()))
        self.debt -= repaid
        take_soonest(lots, repaid)
        for key, amount in lots.items():
            self.lots[key] = self.lots.get(key, 0) + amount
        self.version += (repaid > 0) + bool(lots)

    def extend_lease(self, hold: Id) -> bool:
        return hold in self.holds

    def _credit(self, amount: int, expires_on: date) -> None:
        repaid = min(self.debt, amount)
        self.debt -= repaid
        if amount > repaid:
            key = (expires_on, True)
            self.lots[key] = self.lots.get(key, 0) + amount - repaid
        self.version += (repaid > 0) + (amount > repaid)

    def _lapsed(self) -> Lots:
        return {key: amount for key, amount in self.lots.items() if key[0] < self.today}

    def _lapse(self) -> None:
        lapsed = self._lapsed()
        self.version += bool(lapsed)
        for key in lapsed:
            del self.lots[key]

    def _unresolvable(self, op: Id, request: object, hold: Id, amount: int) -> Answer | None:
        left = sum(self.holds.get(hold, {}).values())
        if amount <= 0:
            return self._refused("invalid", op)
        if known := self._known(op, request):
            return known
        if left == 0:
            return self._refused("hold_not_open", op)
        return self._refused("over_hold", op) if amount > left else None

    def _known(self, op: Id, request: object) -> Answer | None:
        if op not in self.answers:
            return None
        first, answer = self.answers[op]
        return ("replay", *answer[1:]) if first == request else self._refused("key_reuse", op)

    def _done(self, op: Id, request: object, amount: int) -> Answer:
        answer = ("ok", self.version, self.available, self.held, self.pending, self.debt, amount)
        self.answers[op] = (request, answer)
        return answer

    def _refused(self, status: str, _op: Id) -> Answer:
        return (status, self.version, 0, self.held, self.pending, self.debt, 0)
