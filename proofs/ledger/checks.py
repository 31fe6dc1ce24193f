"""The quick checks that every mutant meets: the ledger's own tests one by one, some histories, many clients at once."""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from proofs.ledger import concurrency, place
from tests.conftest import TestDatabase
from tests.domain.points.conftest import Book
from tests.domain.points.machine import run_histories

# In the order of how much they catch in how little time.
MODULES = (
    "test_hold", "test_accrual", "test_expiry", "test_bulk", "test_reading", "test_journal", "test_grants",
    "test_concurrency",
)  # fmt: skip
EXAMPLES = 60
OPERATIONS = 1500


@dataclass(frozen=True, slots=True)
class Case:
    """A test function with the arguments of one parametrisation."""

    name: str
    function: Callable[..., None]
    arguments: dict[str, Any]

    @property
    def fresh(self) -> bool:
        return not {"fresh_book", "fresh_database"}.isdisjoint(inspect.signature(self.function).parameters)


def cases() -> list[Case]:
    """All tests of the ledger's modules; those that share a database come before those that need one each."""
    found = []
    for module in MODULES:
        for name, function in vars(import_module(f"tests.domain.points.{module}")).items():
            if name.startswith("test_"):
                found += [Case(f"{name[5:]}", function, arguments) for arguments in _parameters(function)]
    return [case for case in found if not case.fresh] + [case for case in found if case.fresh]


def _parameters(function: Callable[..., None]) -> Iterator[dict[str, Any]]:
    marks = [mark for mark in getattr(function, "pytestmark", []) if mark.name == "parametrize"]
    for values in itertools.product(*(mark.args[1] for mark in marks)):
        yield {mark.args[0]: value for mark, value in zip(marks, values, strict=True)}


def caught_by(port: int, template: str, known: list[Case]) -> str | None:
    """Run the checks on clones of a database until one fails; its name, or None if all are content."""
    with place.clone(port, template) as shared:
        for case in (case for case in known if not case.fresh):
            if failure := _failure(case, TestDatabase(port, shared)):
                return failure
    for case in (case for case in known if case.fresh):
        with place.clone(port, template) as name:
            if failure := _failure(case, TestDatabase(port, name)):
                return failure
    with place.clone(port, template) as name, place.owner(port, name) as connection:
        try:
            run_histories(Book(connection), EXAMPLES, seed=1, shrink=False)
        except (Exception, ExceptionGroup):
            return "any history ends as the plain ledger says"
    with place.clone(port, template) as name:
        found = concurrency.run(place.settings_of(port, name), OPERATIONS, part=500, members=4, terminate_every=None)
        if found.violations or found.deadlocks:
            return f"32 clients at once are one history ({'deadlock' if found.deadlocks else 'violations'})"
    return None


def _failure(case: Case, database: TestDatabase) -> str | None:
    wanted = inspect.signature(case.function).parameters
    with database.owner() as connection:
        book = Book(connection)
        given = {
            "book": book, "fresh_book": book, "database": database, "fresh_database": database, "request": None
        }  # fmt: skip
        try:
            case.function(**{name: given[name] for name in wanted if name in given}, **case.arguments)
            # As the fixtures do after every test.
            broken = book.violations() if {"book", "fresh_book"} & set(wanted) else {}
        except (Exception, _Failed):  # a test that fails, and a ledger that ends in an error
            return case.name
        return f"{', '.join(broken)} (after {case.name})" if broken else None


# What pytest.raises raises if nothing is raised is no Exception.
_Failed = import_module("_pytest.outcomes").Failed
