"""The token bucket: never more than Amazon allows, whoever asks, and orders before trials."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest

from loyalty.database import Connection
from tests.conftest import TestDatabase


@pytest.fixture
def worker(fresh_database: TestDatabase) -> Iterator[Connection]:
    with fresh_database.connect("orders_worker") as connection:
        yield connection


def take(connection: Connection, *, name: str = "c", burst: int = 10, reserve: int = 0) -> float:
    row = connection.execute(
        "select orders.take_token(1, %s, 'placeOrder', 0.5, %s, %s) as seconds", (name, burst, reserve)
    ).fetchone()
    assert row is not None
    return float(row["seconds"])


def test_a_rested_connection_gives_its_burst_and_no_more(worker: Connection) -> None:
    assert [take(worker) for _ in range(10)] == [0] * 10
    assert 1.5 < take(worker) <= 2.0


def test_tokens_come_back_at_the_rate_and_never_above_the_burst(
    fresh_database: TestDatabase, worker: Connection
) -> None:
    while take(worker) == 0:
        pass
    fresh_database.shift_clock("6 seconds")
    assert [take(worker) == 0 for _ in range(4)] == [True, True, True, False]
    fresh_database.shift_clock("1 hour")
    assert [take(worker) == 0 for _ in range(11)] == [True] * 10 + [False]


def test_a_trial_leaves_the_reserve_to_orders(worker: Connection) -> None:
    assert [take(worker, reserve=3) == 0 for _ in range(8)] == [True] * 7 + [False]
    assert [take(worker) == 0 for _ in range(4)] == [True] * 3 + [False]


def test_programmes_that_share_a_connection_share_its_tokens(worker: Connection) -> None:
    for program_id in (1, 2) * 5:
        worker.execute("select orders.take_token(%s, 'c', 'placeOrder', 0.5, 10, 0)", (program_id,))
    assert take(worker) > 0


def test_operations_and_connections_count_apart(worker: Connection) -> None:
    while take(worker) == 0:
        pass
    assert take(worker, name="another") == 0
    row = worker.execute("select orders.take_token(1, 'c', 'orderDetails', 0.5, 10, 0) as seconds").fetchone()
    assert row == {"seconds": 0}


def test_sixteen_at_once_never_get_more_than_the_bucket_holds(database: TestDatabase) -> None:
    name = uuid4().hex

    def many(_: int) -> int:
        with database.connect("orders_worker") as connection:
            return sum(take(connection, name=name) == 0 for _ in range(6))

    with ThreadPoolExecutor(16) as pool:
        taken = sum(pool.map(many, range(16)))
    # Ten at once, and one for every two seconds that the test itself took.
    assert 10 <= taken <= 20


def test_after_a_429_nothing_is_taken_for_as_long_as_amazon_says(
    fresh_database: TestDatabase, worker: Connection
) -> None:
    take(worker)
    worker.execute("select orders.close_bucket('c', 'placeOrder', 30)")
    assert 29 < take(worker) <= 30
    fresh_database.shift_clock("31 seconds")
    assert take(worker) == 0


def test_a_clock_that_goes_back_gives_nothing(fresh_database: TestDatabase, worker: Connection) -> None:
    while take(worker) == 0:
        pass
    fresh_database.shift_clock("-1 hour")
    assert take(worker) > 0
