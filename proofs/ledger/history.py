"""Is what many clients were told one history? A member's answers, by his version, must replay on the plain ledger.

The journal says which operations had an effect and in which order; the answers must be the model's at exactly that
place. So a lost, doubled, invented or reordered operation, or an answer that was never true, is a violation. A transfer
has a place in two members' histories: both must come to it at once, so that all of them fit into one order.
"""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from proofs.ledger.calls import Answer, Call, Plain, replayed
from tests.domain.points import model
from tests.domain.points.model import NEVER

# Version, whether it moved nothing (then after what made that version), the call and its answer.
type Event = tuple[int, int, Call, Answer]

# The other side of a transfer, which nobody called.
_GOT = "got"


@dataclass(slots=True)
class Written:
    """An operation in the journal: who, by whom, what it followed from, and the balances after its last row."""

    op: str
    member: int
    actor: str
    ref: str | None
    after: tuple[int, ...]  # version, available, held, pending, debt


@dataclass
class Picture:
    """The ledger's tables when all clients were at rest."""

    written: list[Written]
    balances: dict[int, tuple[int, ...]]
    lots: dict[int, model.Lots]
    holds: dict[int, dict[model.Id, model.Lots]]


# The last row of each operation, and of what others gave. Lapsed points written off on the way are the ledger's affair.
# One pass: a join with the next row would be planned for an empty journal.
_WRITTEN = b"""
select op_id::text, member_id, actor, ref_op::text, sequence, available_after, held_after, pending_after, debt_after
from (
    select j.*, lead(op_id) over (order by sequence) as next_op from points.journal j
    where program_id = 1 and member_id = %s and sequence > %s
) j
where next_op is distinct from op_id and (actor <> 'ledger' or ref_op is not null)
order by sequence
"""
_LOTS = "select coalesce(points.lot_expires_on(l.key), 'infinity')::text, not points.lot_extended(l.key), l.amount"


def picture(connection: Plain, versions: dict[int, int]) -> Picture:
    """Read what was written after these versions, and how the members stand now."""
    written, balances, lots, holds = [], {}, {}, {}
    for member, version in versions.items():
        for row in connection.execute(_WRITTEN, (member, version)):
            written.append(Written(row[0], row[1], row[2], row[3], row[4:]))
        balance = connection.execute(
            "select version, available, held, pending, debt from points.member where program_id = 1 and member_id = %s",
            (member,),
        ).fetchone()
        assert balance is not None
        balances[member] = balance
        lots[member] = {
            (_day(day), fresh): amount
            for day, fresh, amount in connection.execute(
                f"{_LOTS} from points.lot l where l.program_id = 1 and l.member_id = %s".encode(),
                (member,),
            )
        }
        pinned: dict[model.Id, model.Lots] = defaultdict(dict)
        for day, fresh, amount, hold in connection.execute(
            f"{_LOTS}, h.hold_id::text from points.hold h, unnest(h.lot_keys, h.lot_amounts) l(key, amount)"
            " where h.program_id = 1 and h.member_id = %s".encode(),
            (member,),
        ):
            pinned[hold][(_day(day), fresh)] = amount
        holds[member] = dict(pinned)
    return Picture(written, balances, lots, holds)


def _day(text: str) -> date:
    return NEVER if text == "infinity" else date.fromisoformat(text)


def _forget(member: model.Member, calls: list[Call]) -> None:
    """Of accruals and settled holds keep those that somebody can still name (`mix.known_at_rest`)."""
    recent = {call.op for call in calls if call.kind == "accrue"}
    member.accruals = {op: a for op, a in member.accruals.items() if op in recent or op in member.waiting}
    settled = {call.ref for call in calls if call.kind == "settle"}
    member.spent = {hold: lots for hold, lots in member.spent.items() if hold in settled or hold in member.holds}
    member.restored.clear()


@dataclass
class Checker:
    """Goes through the history part by part; between two parts every client is at rest and the day may turn."""

    members: dict[int, model.Member] = field(default_factory=dict)
    violations: list[str] = field(default_factory=list)
    calls: int = 0
    effects: int = 0
    replays: int = 0
    refusals: int = 0

    def join(self, member: int, today: date) -> None:
        """A member without points."""
        self.members[member] = model.Member(today)

    def versions(self) -> dict[int, int]:
        return {number: member.version for number, member in self.members.items()}

    def check(self, today: date, calls: list[Call], seen: Picture) -> None:
        """Replay these calls; anything that the model would not have answered is added to `violations`."""
        self.calls += len(calls)
        written = {w.op: w for w in seen.written if w.actor != "ledger"}
        given = {w.ref: w for w in seen.written if w.actor == "ledger"}
        if len(written) + len(given) != len(seen.written):
            self.violations.append("an operation stands twice in the journal")
        events: dict[int, list[Event]] = defaultdict(list)
        told: dict[str, Any] = {}
        acknowledged: set[str] = set()
        for call in calls:
            assert call.answer is not None
            status = call.answer[0]
            w = written.get(call.op)
            # Nothing lapsed, nothing waited: `ok` without a row, and the key is free for another time.
            nothing = status == "ok" and call.kind in ("expire", "mature") and call.answer[6] == 0
            if w is not None and status in ("ok", "replay") and not nothing:
                if status == "ok" and call.op in acknowledged:
                    self.violations.append(f"done twice: {call}")
                elif status == "ok":
                    acknowledged.add(call.op)
                else:
                    self.replays += 1
                self._told(call, w, told, events[w.member])
            elif status in ("ok", "replay") and not nothing:
                self.violations.append(f"acknowledged and not in the journal: {call}")
            elif call.answer[1] is None:
                self.refusals += 1  # of what concerns no member: there is no place in a history for it
            else:
                self.refusals += status != "ok"
                events[call.member].append((call.answer[1], 1, call, call.answer))
        for op, w in written.items():
            if op not in told:
                self._sweepers(w, events[w.member])
        for member in self.members.values():
            member.today = today
            member.answers.clear()  # nobody repeats what he did before the last rest
        self._in_order(events, given)
        for number, member in self.members.items():
            self._at_rest(number, member, seen)
            _forget(member, calls)

    def _in_order(self, events: dict[int, list[Event]], given: dict[str | None, Written]) -> None:
        """Each member's events by version. A transfer waits until the other member has come to it as well."""
        for w in given.values():
            events[w.member].append((w.after[0], 0, Call(_GOT, w.member, str(w.ref)), ("ok", *w.after, None)))
        left = {number: deque(sorted(events[number], key=lambda event: event[:2])) for number in self.members}
        going, met = deque(left), dict[str, int]()
        while going:
            number = going.popleft()
            while left[number]:
                call, answer = left[number][0][2:]
                if call.kind != _GOT and not (call.kind == "transfer" and answer[0] == "ok"):
                    left[number].popleft()
                    self._same(call, answer, replayed(self.members, call))
                    continue
                if call.op not in met:
                    met[call.op] = number  # who comes to it last goes on with both
                    break
                pair = left[number].popleft(), left[met[call.op]].popleft()
                self._both(*(pair if call.kind != _GOT else pair[::-1]))
                going.extend((number, met.pop(call.op)))
                break
        for number, queue in left.items():
            if queue:
                self.violations.append(f"member {number}: {len(queue)} events fit into no order, first {queue[0]}")

    def _both(self, gave: Event, got: Event) -> None:
        call, receiver = gave[2], got[2].member
        self._same(call, gave[3], replayed(self.members, call))
        if receiver != call.to or got[3][1:6] != self.members[receiver].stands:
            self.violations.append(f"{call}: member {receiver} got {got[3]}, the model {self.members[receiver].stands}")

    def _told(self, call: Call, w: Written, told: dict[str, Any], mine: list[Event]) -> None:
        # The first answer may have been lost with its connection; then a replay says what it was.
        assert call.answer is not None
        amount = call.answer[6]
        if w.member != call.member or (call.answer[1] is not None and call.answer[1:6] != w.after):
            self.violations.append(f"answered {call}, wrote {w}")
        if call.op not in told:
            told[call.op] = amount
            mine.append((w.after[0], 0, call, ("ok", *w.after, amount)))
        elif told[call.op] != amount:
            self.violations.append(f"two answers to {call}: {told[call.op]}")

    def _sweepers(self, w: Written, mine: list[Event]) -> None:
        if w.actor != "sweeper":
            self.violations.append(f"nobody asked for {w}")
            return
        call = Call("expire" if w.ref is None else "mature", w.member, w.op, ref=w.ref)
        mine.append((w.after[0], 0, call, ("ok", *w.after, None)))

    def _same(self, call: Call, answer: Answer, expected: model.Answer) -> None:
        self.effects += expected[0] == "ok" and expected[6] != 0
        if expected[0] == "ok" and expected[6] != 0:
            same = answer[:6] == expected[:6] and answer[6] in (None, expected[6])
        else:  # nothing moved, and how much of the balance has lapsed is not the model's to say
            same = (answer[:2], answer[3:6]) == (expected[:2], expected[3:6])
        if not same:
            self.violations.append(f"{call}: the ledger said {answer}, the model {expected}")

    def _at_rest(self, number: int, member: model.Member, seen: Picture) -> None:
        mine = member.stands
        if seen.balances[number] != mine or seen.lots[number] != member.lots or seen.holds[number] != member.holds:
            self.violations.append(f"member {number} stands at {seen.balances[number]}, the model at {mine}")
