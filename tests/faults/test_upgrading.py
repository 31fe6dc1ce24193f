"""Every function is replaced while points move: whoever calls meets the old one or the new one, and nothing is lost."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import psycopg
import pytest

from loyalty.migration import DATABASE_FOLDER, ROOMS, migrate
from loyalty.points.ledger import Status
from tests.conftest import TestDatabase
from tests.domain.points.conftest import Book

CLIENTS, VERSIONS = 4, 2


def next_version(folder: Path, number: int) -> Path:
    """The same SQL as another version: each repeatable file differs."""
    target = folder / str(number)
    shutil.copytree(DATABASE_FOLDER, target)
    for room in ROOMS:
        for path in (target / room).glob("*.sql"):
            path.write_text(f"{path.read_text()}\n-- version {number}\n")
    return target


def moves(database: TestDatabase, stop: Event) -> tuple[int, int]:
    """Hold and settle single points until told to stop: (member, points spent)."""
    with database.owner() as connection:
        book, spent = Book(connection), 0
        member = book.member((None, 1_000_000))
        while not stop.is_set():
            hold, settling = book.new_id(), book.new_id()
            until_answered(lambda key=hold: book.hold(member, 1, key).status)  # type: ignore[misc]
            until_answered(lambda key=settling, held=hold: book.settle(member, held, 1, key).status)  # type: ignore[misc]
            spent += 1
        return member, spent


def until_answered(call: Callable[[], Status]) -> None:
    """Under the same key again, as doors (503) and the state machine do when the database was in the way."""
    for _ in range(50):
        try:
            status = call()
        except psycopg.OperationalError:
            continue
        assert status in (Status.OK, Status.REPLAY)
        return
    pytest.fail("the database never answered")


def test_points_move_on_while_every_function_is_replaced(fresh_database: TestDatabase, tmp_path: Path) -> None:
    stop = Event()
    with fresh_database.owner() as connection, ThreadPoolExecutor(CLIENTS) as pool:
        clients = [pool.submit(moves, fresh_database, stop) for _ in range(CLIENTS)]
        try:
            for number in range(VERSIONS):
                assert migrate(connection, next_version(tmp_path, number)).repeatables
        finally:
            stop.set()
        book = Book(connection)
        for client in clients:
            member, spent = client.result(30)
            assert spent > 0
            assert (book.row(member)["available"], book.row(member)["held"]) == (1_000_000 - spent, 0)
        assert book.violations() == {}
