"""Everything has come to rest: what members were told against ledger, orders, charges; and all that must hold."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from load.book import BUSY, SHOWN, SLOW, Book
from load.memory import Row
from load.place import NUMBER_PREFIX, Customer, Say
from load.slow import Queue
from local.connected import Connected
from local.demo.proof import prove
from local.told import Reckoning, reckon

REST_SECONDS = 300.0
UNDECIDED_SECONDS = 20.0
# On a machine with other work to do some stay at home; with fewer it is another load.
LEAST_CAME = 0.9
REDEEMED = "POST /redemptions"


@dataclass
class Verdict:
    """`wrong`: every reason to fail, in words; empty is good."""

    reckoning: Reckoning
    wrong: list[str] = field(default_factory=list)
    violations: int = 0


@dataclass(frozen=True, slots=True)
class Came:
    """Of `asked` members: those who came, could not, and had not begun when the time was over."""

    asked: int
    came: int
    failed: int
    left: int


def numbers(came: Came, book: Book, redemptions: int) -> list[str]:
    """What a load must have done to say anything: members who came, devices that redeemed in both phases."""
    wrong = []
    gone = came.asked - came.came - came.failed - came.left
    if gone:
        wrong.append(f"{gone} of {came.asked} members began to arrive and were not heard of again")
    if came.came < came.asked * LEAST_CAME:
        wrong.append(f"only {came.came} of {came.asked} members came: the machine has other work to do")
    wrong += [f"nobody redeemed while it was {phase}" for phase in (BUSY, SLOW) if not book.taken(REDEEMED, phase)]
    if not redemptions:
        wrong.append("there is no redemption")
    return wrong


def come_to_rest(cloud: Connected, say: Say) -> float:
    """Wait until nothing is on its way any more, or it takes too long; seconds."""
    began, told = time.monotonic(), 0.0
    while time.monotonic() - began < REST_SECONDS:
        still = still_open(cloud)
        if not still:
            break
        if time.monotonic() - told > 10:
            told = time.monotonic()
            say(f"still on their way: {', '.join(f'{number} {state}' for state, number in still.items())}")
        time.sleep(1)
    return time.monotonic() - began


def wait_until_undecided_are_gone(cloud: Connected) -> None:
    """Until whatever is open is being ordered: the rest would lapse in a day, which is right and not what is asked."""
    end = time.monotonic() + UNDECIDED_SECONDS
    while time.monotonic() < end and any(not state.startswith("ordering") for state in still_open(cloud)):
        time.sleep(1)


def still_open(cloud: Connected) -> Counter[str]:
    """Open redemptions by state, and by their order's where that says more."""
    with cloud.query() as connection:
        rows = connection.execute(
            "select state || coalesce(' (' || nullif(order_state, 'planned') || ')', '') as state,"
            " sum(redemptions)::integer as number from redemptions.open_by_state group by 1"
        ).fetchall()
    return Counter({row["state"]: row["number"] for row in rows})


def judge(
    cloud: Connected, customers: Sequence[Customer], since: datetime, book: Book, queue: Queue, memory: Sequence[Row],
    failures: Sequence[str], came: Came,
) -> Verdict:  # fmt: skip
    """Compare, and collect the reasons to fail."""
    proof = prove(cloud)
    found = Verdict(reckon(cloud, (told for one in customers for told in one.told), since))
    found.violations = len(proof.violations)
    for title, lines in (
        ("invariant", proof.violations),
        ("outside party", proof.orphans),
        ("lost", found.reckoning.lost),
        ("doubled", found.reckoning.doubled),
        ("points", _balances(cloud, customers)),
        ("unexpected answer", book.unexpected),
        ("refusal nobody expects", book.surprises),
        ("device", failures),
        ("number", numbers(came, book, found.reckoning.redemptions)),
        ("slow phase", queue.wrong),
        (
            "memory",
            [f"{row.name} grew from {row.plateau:,} to {row.end:,} bytes" for row in memory if row.flat is False],
        ),
    ):
        found.wrong += [f"{title}: {line}" for line in lines[:SHOWN]]
        if len(lines) > SHOWN:
            found.wrong.append(f"{title}: and {len(lines) - SHOWN} more")
    return found


def _balances(cloud: Connected, customers: Sequence[Customer]) -> list[str]:
    """What each member had at first, less what they were told was spent, is what the ledger says; nothing is held."""
    with cloud.query() as connection:
        rows = connection.execute(
            "select m.number, b.available, b.held from members.member m"
            " cross join lateral points.balance(m.program_id, m.member_id) b where m.number like %s",
            (f"{NUMBER_PREFIX}%",),
        ).fetchall()
    ledger = {row["number"]: (row["available"], row["held"]) for row in rows}
    wrong = []
    for one in customers:
        # Whoever got no answer at all cannot know; the comparison with the ledger knows.
        if one.available is None or any(not (told.accepted or told.refused) for told in one.told):
            continue
        expected = one.available - sum(told.points_spent for told in one.told)
        if ledger.get(one.number) != (expected, 0):
            wrong.append(f"{one.number} expects {expected} and 0 held, the ledger says {ledger.get(one.number)}")
    return wrong
