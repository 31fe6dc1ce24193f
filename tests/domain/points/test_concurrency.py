"""Many at once: one wins, nobody waits for ever, nothing is lost."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count

from loyalty.points.ledger import Outcome, Status
from tests.conftest import TestDatabase
from tests.domain.points.conftest import Book

CLIENTS = 16


def at_once(database: TestDatabase, times: int, operation: Callable[[Book, int], Outcome]) -> list[Outcome]:
    """Run the operation so many times over 16 connections; a deadlock or any other error fails the test."""
    numbers = count()

    def client(_: int) -> list[Outcome]:
        with database.owner() as connection:
            book = Book(connection)
            outcomes = []
            while (number := next(numbers)) < times:
                outcomes.append(operation(book, number))
            return outcomes

    with ThreadPoolExecutor(CLIENTS) as pool:
        return [outcome for outcomes in pool.map(client, range(CLIENTS)) for outcome in outcomes]


def test_of_a_hundred_holds_of_a_balance_that_affords_one_exactly_one_succeeds(
    book: Book, database: TestDatabase
) -> None:
    member = book.member((book.day(3), 40), (None, 60))
    outcomes = at_once(database, 100, lambda client, _: client.hold(member, 100))
    assert Counter(outcome.status for outcome in outcomes) == {Status.OK: 1, Status.INSUFFICIENT: 99}
    assert book.row(member)["held"] == 100


def test_the_same_key_a_hundred_times_at_once_is_one_hold_and_99_replays_with_the_same_answer(
    book: Book, database: TestDatabase
) -> None:
    member, key = book.member((None, 1000)), book.new_id()
    outcomes = at_once(database, 100, lambda client, _: client.hold(member, 10, key))
    assert Counter(outcome.status for outcome in outcomes) == {Status.OK: 1, Status.REPLAY: 99}
    assert len({(outcome.version, outcome.available, outcome.held, outcome.amount) for outcome in outcomes}) == 1
    assert book.row(member)["held"] == 10


def test_the_same_accrual_a_hundred_times_at_once_is_one(book: Book, database: TestDatabase) -> None:
    member, basket = book.member(), f"basket-{book.new_id()}"
    outcomes = at_once(database, 100, lambda client, _: client.accrue(member, 10, reference=basket))
    assert Counter(outcome.status for outcome in outcomes) == {Status.OK: 1, Status.REPLAY: 99}


def test_one_reference_for_many_members_at_once_goes_to_one_of_them(book: Book, database: TestDatabase) -> None:
    members, basket = [book.member() for _ in range(20)], f"basket-{book.new_id()}"
    outcomes = at_once(database, 40, lambda client, i: client.accrue(members[i % 20], 10, reference=basket))
    statuses = Counter(outcome.status for outcome in outcomes)
    assert statuses[Status.OK] == 1
    assert set(statuses) <= {Status.OK, Status.REPLAY, Status.KEY_REUSE}
    assert sum(book.row(member)["available"] for member in members) == 10


def test_one_hold_is_resolved_once_however_many_try(book: Book, database: TestDatabase) -> None:
    member = book.member((book.day(3), 40), (None, 60))
    hold = book.hold(member, 100).op_id

    def resolve(client: Book, number: int) -> Outcome:
        return client.settle(member, hold, 10) if number % 2 else client.release(member, hold, 10)

    outcomes = at_once(database, 60, resolve)
    assert Counter(outcome.status for outcome in outcomes) == {Status.OK: 10, Status.HOLD_NOT_OPEN: 50}
    assert book.row(member)["held"] == 0


def test_reversals_at_once_never_take_more_than_the_accrual(book: Book, database: TestDatabase) -> None:
    member, basket = book.member(), f"basket-{book.new_id()}"
    book.accrue(member, 100, reference=basket)
    outcomes = at_once(database, 40, lambda client, _: client.reverse(basket, 10))
    assert Counter(outcome.status for outcome in outcomes) == {Status.OK: 10, Status.OVER_ACCRUAL: 30}


def test_expiry_and_hold_of_the_same_lot_at_the_same_instant_happen_in_one_order(
    fresh_book: Book, fresh_database: TestDatabase
) -> None:
    book = fresh_book
    members = [book.member((book.day(3), 100), (None, 50)) for _ in range(20)]
    holds = {member: book.hold(member, 30).op_id for member in members[::2]}
    book.turn_clock("4 days")

    def operation(client: Book, number: int) -> Outcome:
        member = members[number // 4]
        return (
            client.expire(member),
            client.hold(member, 50),
            client.hold(member, 51),
            client.release(member, holds[member], 30, "ours") if member in holds else client.expire(member),
        )[number % 4]

    at_once(fresh_database, 80, operation)
    assert book.value("select points.expire_due(100, 'sweeper')") == 0
    for member in members:
        assert book.row(member)["held"] >= 50
        assert book.row(member)["available"] <= 30


def test_a_mix_of_everything_on_few_members_ends_without_deadlock(book: Book, database: TestDatabase) -> None:
    members = [book.member((book.day(3), 300), (book.day(60), 300), (None, 300)) for _ in range(4)]

    def operation(client: Book, number: int) -> Outcome:
        chance = random.Random(number)
        member = chance.choice(members)
        open_holds = client.connection.execute(
            "select hold_id from points.hold where member_id = %s limit 3", (member,)
        ).fetchall()
        match chance.randrange(7):
            case 0 | 1:
                return client.hold(member, chance.randint(1, 80))
            case 2 if open_holds:
                return client.settle(member, chance.choice(open_holds)["hold_id"], chance.randint(1, 40))
            case 3 if open_holds:
                return client.release(member, chance.choice(open_holds)["hold_id"], chance.randint(1, 40))
            case 4:
                return client.adjust(member, chance.randint(-30, 30))
            case 5:
                reference = f"mix-{chance.randint(0, 40)}"
                client.accrue(member, 20, client.day(chance.choice([3, 60])), reference=reference)
                return client.reverse(reference, 7)
            case _:
                client.connection.execute(
                    "select points.accrue_many(1, 'shop', 'shop', 5000, 'importer', %s::bigint[],"
                    " array(select clock.new_id() from generate_series(1, 4)), '{1,2,3,4}', '{null,null,null,null}',"
                    " array_fill(clock.now(), '{4}'), %s::text[], array_fill('\\x01'::bytea, '{4}'))",
                    (
                        chance.sample(members, 4),
                        [f"mix-{chance.randint(0, 40)}" for _ in range(4)],
                    ),
                )
                return client.expire(member)

    statuses = {outcome.status for outcome in at_once(database, 400, operation)}
    assert Status.OK in statuses
