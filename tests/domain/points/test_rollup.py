"""The daily sums are the journal's, whoever runs, waits or dies meanwhile."""

from __future__ import annotations

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from time import sleep

import psycopg
import pytest

from loyalty.points import closing
from tests.conftest import TestDatabase
from tests.domain.points.conftest import Book


@pytest.fixture
def summed(fresh_book: Book) -> Iterator[Book]:
    """A ledger of one test whose sums must be right at the end."""
    yield fresh_book
    assert wrong(fresh_book) == {}


def wrong(book: Book) -> dict[str, int]:
    rows = book.connection.execute("select * from points.check_rollup()").fetchall()
    assert len(rows) == 2
    return {row["name"]: row["violations"] for row in rows if row["violations"]}


def rolled(book: Book) -> int:
    return int(book.value("select coalesce(sum(entries), 0) from points.rollup"))


def entries(book: Book) -> int:
    return int(book.value("select count(*) from points.journal"))


def some_history(book: Book, seed: int, steps: int) -> None:
    chance = random.Random(seed)
    members = [book.member() for _ in range(4)]
    holds: list[tuple[int, object, int]] = []
    for _ in range(steps):
        member, amount = chance.choice(members), chance.randint(1, 90)
        match chance.randrange(7):
            case 0 | 1:
                until = book.now() + timedelta(days=5) if chance.random() < 0.3 else None
                outcome = book.accrue(member, amount, book.day(chance.randint(0, 60)), pending_until=until)
                if chance.random() < 0.3:
                    policy = chance.choice(["debt", "write_off"])
                    book.reverse(str(outcome.op_id), chance.randint(1, amount), policy=policy)
            case 2:
                held = book.hold(member, amount)
                if held.done:
                    holds.append((member, held.op_id, amount))
            case 3 if holds:
                member, hold, amount = holds.pop(chance.randrange(len(holds)))
                part = chance.randint(1, amount)
                book.settle(member, hold, part)  # type: ignore[arg-type]
                if part < amount:
                    book.release(member, hold, amount - part, chance.choice(["member", "ours"]))  # type: ignore[arg-type]
            case 4:
                book.adjust(member, chance.randint(-40, 40) or 1, book.day(30))
            case 5:
                book.turn_clock(f"{chance.randint(1, 9)} days")
                book.call_count("mature_due")
            case _:
                book.call_count("expire_due")


def test_after_any_history_rollup_and_tail_are_the_journal_and_the_members(summed: Book) -> None:
    for seed in range(6):
        some_history(summed, seed, 40)
        assert wrong(summed) == {}
        if seed % 2:
            summed.roll_up()
            assert wrong(summed) == {}
    summed.roll_up()
    assert rolled(summed) == entries(summed)


def test_a_row_is_counted_once_however_often_the_worker_runs(summed: Book) -> None:
    summed.member((None, 10), (None, 20))
    assert summed.roll_up() == 2
    assert summed.roll_up() == 0
    assert rolled(summed) == 2


def test_a_transaction_that_began_before_and_ends_after_a_run_is_not_lost(
    summed: Book, fresh_database: TestDatabase
) -> None:
    first, second = summed.member(), summed.member()
    with fresh_database.owner() as slow:
        slow.execute("begin")
        Book(slow).accrue(first, 5)
        summed.accrue(second, 7)
        # The fast one has a later transaction id and is committed; the mark must not pass the slow one.
        closing.roll_up(summed.connection)
        assert rolled(summed) == 0
        assert wrong(summed) == {}
        slow.execute("commit")
    summed.accrue(second, 11)
    summed.roll_up()
    assert rolled(summed) == 3
    assert summed.value("select sum(amount) from points.rollup") == 23


def test_a_transaction_that_is_rolled_back_leaves_nothing_and_holds_nothing_up(
    summed: Book, fresh_database: TestDatabase
) -> None:
    member = summed.member()
    with fresh_database.owner() as doomed:
        doomed.execute("begin")
        Book(doomed).accrue(member, 5)
        doomed.execute("rollback")
    summed.accrue(member, 7)
    assert summed.roll_up() == 1


def test_figures_show_this_moment_without_waiting_for_the_worker(summed: Book) -> None:
    member = summed.member((None, 10))
    summed.roll_up()
    summed.accrue(member, 5)
    assert summed.value("select sum(amount) from points.figures(1, '-infinity', 'infinity') where dr = 10") == 15
    assert summed.value("select sum(amount) from points.rollup where dr = 10") == 10


def test_a_small_batch_takes_whole_transactions_and_comes_to_the_same(summed: Book) -> None:
    for seed in range(3):
        some_history(summed, seed, 20)
    summed.others_end()
    while summed.value("select points.roll_up(3)"):
        assert wrong(summed) == {}
    assert rolled(summed) == entries(summed)


def test_a_worker_waits_for_the_one_before_and_begins_where_it_ended(
    fresh_database: TestDatabase, summed: Book
) -> None:
    summed.member((None, 10), (summed.day(3), 5))
    summed.others_end()
    with fresh_database.owner() as first, fresh_database.owner() as second, ThreadPoolExecutor(1) as pool:
        first.execute("begin")
        assert Book(first).value("select points.roll_up(1000)") == 2
        other = pool.submit(Book(second).value, "select points.roll_up(1000)")
        while not summed.value(
            "select count(*) from pg_stat_activity where pid = %s and wait_event_type = 'Lock'",
            second.info.backend_pid,
        ):
            assert not other.done()
            sleep(0.01)
        first.execute("commit")
        other.result(30)
    summed.roll_up()
    assert rolled(summed) == entries(summed)


def test_workers_at_once_while_points_move_count_every_row_once(fresh_database: TestDatabase, summed: Book) -> None:
    members = [summed.member((None, 1000)) for _ in range(8)]

    def work(number: int) -> None:
        with fresh_database.owner() as connection:
            book = Book(connection)
            for step in range(25):
                if number < 3:
                    book.value("select points.roll_up(10)")
                elif step % 5 == 0:
                    with connection.transaction():
                        for member in members[number % 4 :: 4]:
                            book.accrue(member, 1)
                else:
                    book.hold(members[number], 1)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    summed.roll_up()
    assert rolled(summed) == entries(summed)


def test_days_are_the_programmes_and_a_purchase_keeps_its_own(summed: Book) -> None:
    summed.connection.execute(
        "insert into programme.published (program_id, version, document, content_hash, published_at, published_by, why)"
        " values (1, 1, '{\"points\": {\"time_zone\": \"Pacific/Kiritimati\"}}', '', clock.now(), 'test', 'test')"
    )
    member = summed.member()
    summed.call(
        "accrue", 1, member, summed.new_id(), 5, None, summed.now() - timedelta(days=40), "shop", "b", "brand", 5000,
        b"\x01", "test", None,
    )  # fmt: skip
    summed.roll_up()
    row = summed.connection.execute(
        "select booked_day - business_day as days, funder, booked_day = points.today(1) as today from points.rollup"
    ).fetchone()
    assert row == {"days": 40, "funder": "brand", "today": True}


def test_a_rollup_that_lost_something_is_found_out(fresh_book: Book) -> None:
    fresh_book.member((None, 10))
    fresh_book.roll_up()
    fresh_book.connection.execute("update points.rollup set amount = amount - 1")
    assert set(wrong(fresh_book)) == {"R1 rollup and tail are the journal", "R2 rollup and tail are the members"}


def test_the_sweeper_may_roll_up_and_may_not_write(fresh_database: TestDatabase, summed: Book) -> None:
    summed.member((None, 10))
    summed.others_end()
    with fresh_database.connect("sweeper") as connection:
        assert closing.roll_up(connection) == 1
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("delete from points.rollup")


def test_the_worker_finds_what_is_new_by_an_index(summed: Book) -> None:
    plan = summed.connection.execute(
        "select indexdef from pg_indexes where schemaname = 'points' and indexname = 'journal_txid'"
    ).fetchone()
    assert plan is not None
    assert "USING brin" in plan["indexdef"]
    leaves = summed.value("select count(*) from pg_partition_tree('points.journal') where isleaf")
    assert leaves == summed.value(
        "select count(*) from pg_indexes where schemaname = 'points' and tablename like 'journal_2%%'"
        " and indexdef like '%%USING brin%%'"
    )
