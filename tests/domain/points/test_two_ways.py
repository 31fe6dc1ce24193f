"""The usual hold and settling are a shorter way to what the long way writes: same row, same journal, same answer."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest

from loyalty.points.ledger import Outcome, Status
from tests.conftest import TestDatabase
from tests.domain.points.conftest import Book

ACTORS = ("test", "", "Jürgen 北京", "a" * 300)


def written(book: Book, member: int) -> list[dict[str, Any]]:
    """The member's row and journal, every column."""
    row = book.connection.execute("select * from points.member where member_id = %s", (member,)).fetchall()
    return row + book.journal(member)


def both_ways(book: Book, member: int, usual: str, long: str, arguments: tuple[Any, ...]) -> Outcome:
    """Do it the one way and, after taking that back, the other way; what was written and answered must be the same."""
    seen = []
    with book.connection.transaction():
        for name in (usual, long):
            with book.connection.transaction(force_rollback=True):
                seen.append((book.call(name, book.program, member, *arguments), written(book, member)))
        assert seen[0] == seen[1]
        return book.call(usual, book.program, member, *arguments)


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.large) for seed in range(1, 4))])
def test_both_ways_write_and_answer_the_same_byte_by_byte(book: Book, seed: int) -> None:
    chance = random.Random(seed)
    member = book.member()
    keys: list[UUID] = []
    open_holds: dict[UUID, int] = {}
    ok = 0
    arguments: tuple[Any, ...]
    for _ in range(40):
        key = chance.choice(keys) if keys and chance.random() < 0.15 else book.new_id()
        match chance.randrange(6):
            case 0:
                book.accrue(
                    member, chance.randint(1, 200), chance.choice([book.day(1), book.day(2), book.day(9), None])
                )
            case 1:
                book.accrue(member, 10, None, pending_until=book.now() + timedelta(days=2))
            case 2 if open_holds:
                hold = chance.choice(list(open_holds))
                book.release(member, hold, chance.randint(1, open_holds[hold]), chance.choice(["member", "ours"]))
            case 3 | 4 if open_holds:
                hold = chance.choice([*open_holds, list(open_holds)[-1]])
                amount = chance.choice([open_holds[hold], chance.randint(1, open_holds[hold] + 1)])
                arguments = (key, hold, amount, chance.choice(ACTORS))
                ok += both_ways(book, member, "settle", "settle_slowly", arguments).status is Status.OK
                keys.append(key)
            case _:
                lease = chance.choice([book.now(), datetime.fromisoformat("1960-01-01T00:00:00+00:00"),
                                       datetime.fromisoformat("9999-12-31T00:00:00+00:00")])  # fmt: skip
                arguments = (
                    key,
                    chance.randint(1, 60),
                    lease,
                    chance.randbytes(chance.choice([0, 1, 32])),
                    chance.choice(ACTORS),
                )
                ok += both_ways(book, member, "hold", "hold_slowly", arguments).status is Status.OK
                keys.append(key)
        rows = book.connection.execute("select hold_id, open from points.hold where member_id = %s", (member,))
        open_holds = {row["hold_id"]: row["open"] for row in rows}
    assert ok > 0


# What somebody else may be doing to the member while a hold or a settling waits for him.
FIRST: dict[str, Callable[[Book, int, UUID, UUID], object]] = {
    "another hold": lambda book, member, newest, _: book.hold(member, 25),
    "a hold of several lots": lambda book, member, newest, _: book.hold(member, 60),
    "a hold of all but one point": lambda book, member, newest, _: book.hold(member, 99),
    "the same hold": lambda book, member, newest, key: book.hold(member, 30, key),
    "the same hold otherwise": lambda book, member, newest, key: book.hold(member, 31, key, b"other"),
    "the same settling": lambda book, member, newest, key: book.settle(member, newest, 30, key),
    "the settling": lambda book, member, newest, _: book.settle(member, newest, 30),
    "part of the settling": lambda book, member, newest, _: book.settle(member, newest, 10),
    "a release": lambda book, member, newest, _: book.release(member, newest, 30, "ours"),
    "part of a release": lambda book, member, newest, _: book.release(member, newest, 1),
    "a hold and its release": lambda book, member, newest, _: book.release(member, book.hold(member, 9).op_id, 9),
    "a sooner lot": lambda book, member, newest, _: book.accrue(member, 7, book.day(2)),
    "more of the lot": lambda book, member, newest, _: book.accrue(member, 7, book.day(5)),
    "a longer lease": lambda book, member, newest, _: book.value(
        "select points.extend_lease(1, %s, %s, clock.now() + interval '3 days')", member, newest
    ),
    "an adjustment": lambda book, member, newest, _: book.adjust(member, -45),
    "an accrual under the key": lambda book, member, newest, key: book.accrue(member, 7, op_id=key),
}  # fmt: skip
THEN: dict[str, Callable[[Book, int, UUID, UUID, str], Outcome]] = {
    "hold": lambda book, member, newest, key, way: book.call(
        "hold" + way, 1, member, key, 30, book.now() + timedelta(minutes=5), b"\x01", "test"
    ),
    "settle": lambda book, member, newest, key, way: book.call("settle" + way, 1, member, key, newest, 30, "test"),
}  # fmt: skip


def until_it_waits(connection: psycopg.Connection[Any], backend: int) -> None:
    for _ in range(500):
        row = connection.execute("select wait_event_type from pg_stat_activity where pid = %s", (backend,)).fetchone()
        if row == {"wait_event_type": "Lock"}:
            return
        time.sleep(0.01)
    pytest.fail("nobody waited")


def plain(book: Book, member: int) -> list[dict[str, Any]]:
    """The member's row and journal without what no two members share."""
    row = written(book, member)[0]
    for name in ("member_id", "chain", "hold_ids"):
        del row[name]
    del row["holds"][2::3]  # leases
    shared = ("kind", "leg", "dr", "cr", "amount", "available_after", "held_after", "lot_keys", "lot_amounts", "lot_to")
    return [row, *({name: entry[name] for name in shared} for entry in book.journal(member))]


@pytest.mark.parametrize("then", THEN)
@pytest.mark.parametrize("first", FIRST)
def test_who_had_to_wait_does_what_the_long_way_does_afterwards(
    book: Book, database: TestDatabase, first: str, then: str
) -> None:
    twins = [book.member((book.day(5), 100), (book.day(9), 60)) for _ in range(2)]
    answers = []
    for member, way in zip(twins, ("_slowly", ""), strict=True):
        book.hold(member, 20)
        newest, key = book.hold(member, 30).op_id, book.new_id()
        with database.owner() as other, ThreadPoolExecutor(1) as pool:
            if way:
                FIRST[first](Book(other), member, newest, key)
                answer = THEN[then](book, member, newest, key, way)
            else:
                with book.connection.transaction():
                    FIRST[first](book, member, newest, key)
                    waiting = pool.submit(THEN[then], Book(other), member, newest, key, way)
                    until_it_waits(book.connection, other.info.backend_pid)
                answer = waiting.result(10)
        answers.append((answer.status, answer.version, answer.available, answer.held, answer.debt, answer.amount))
    assert answers[0] == answers[1]
    assert plain(book, twins[0]) == plain(book, twins[1])


@pytest.mark.parametrize("then", THEN)
def test_a_clock_that_is_set_while_somebody_waits_breaks_no_link(fresh_database: TestDatabase, then: str) -> None:
    with fresh_database.owner() as first, fresh_database.owner() as other, ThreadPoolExecutor(1) as pool:
        book = Book(first)
        member = book.member((None, 100))
        newest, key = book.hold(member, 30).op_id, book.new_id()
        with first.transaction():
            first.execute("select from points.member where member_id = %s for no key update", (member,))
            waiting = pool.submit(THEN[then], Book(other), member, newest, key, "")
            until_it_waits(first, other.info.backend_pid)
            fresh_database.shift_clock("1 hour")
        assert waiting.result(10).status is Status.OK
        assert book.violations() == {}
