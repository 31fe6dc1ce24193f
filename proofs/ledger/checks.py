"""The quick checks that every mutant meets: the ledger's own tests one by one, some histories, many clients at once."""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from _pytest.fixtures import FixtureFunctionDefinition
from _pytest.outcomes import Failed

from proofs.ledger import concurrency, place
from tests import domain
from tests.conftest import TestDatabase
from tests.domain.points.conftest import Book
from tests.domain.points.machine import run_histories

# In the order of how much they catch in how little time; then the others. Those left out prove what is no ledger (the
# verifier of statements), or are the proofs themselves.
FIRST = ("test_hold", "test_accrual", "test_expiry", "test_bulk", "test_transfer", "test_reading", "test_journal")
NO_CHECKS = ("test_model", "test_proofs", "test_verify")
EXAMPLES = 60
OPERATIONS = 1500
HISTORIES = "any history ends as the plain ledger says"
CROWD = "32 clients at once are one history"
_GIVEN = {"book", "fresh_book", "database", "fresh_database"}


@dataclass(frozen=True, slots=True)
class Case:
    """A test function with the arguments of one parametrisation, and its module's fixtures."""

    name: str
    function: Callable[..., None]
    arguments: dict[str, Any]
    fixtures: Mapping[str, Callable[..., Any]]

    def wants(self) -> set[str]:
        """The fixtures it needs in the end, of whatever kind."""
        wanted, found = _parameters(self.function) - set(self.arguments), set[str]()
        while wanted:
            name = wanted.pop()
            if name in self.fixtures:
                wanted |= _parameters(self.fixtures[name])
            else:
                found.add(name)
        return found

    @property
    def fresh(self) -> bool:
        return not {"fresh_book", "fresh_database"}.isdisjoint(self.wants())


@cache
def cases() -> tuple[Case, ...]:
    """All tests of the ledger's modules; those that share a database come before those that need one each."""
    folder = Path(domain.__file__).parent / "points"
    others = sorted(path.stem for path in folder.glob("test_*.py") if path.stem not in (*FIRST, *NO_CHECKS))
    found = []
    for module in (*FIRST, *others):
        names = vars(import_module(f"tests.domain.points.{module}"))
        fixtures = {
            name: inspect.unwrap(item) for name, item in names.items() if isinstance(item, FixtureFunctionDefinition)
        }
        for name, function in names.items():
            if name.startswith("test_"):
                found += [Case(f"{name[5:]}", function, values, fixtures) for values in _values(function)]
    found = [case for case in found if case.wants() <= _GIVEN]
    return tuple(sorted(found, key=lambda case: case.fresh))


def _parameters(function: Callable[..., Any]) -> set[str]:
    return set(inspect.signature(function).parameters)


def _values(function: Callable[..., None]) -> Iterator[dict[str, Any]]:
    marks = [mark for mark in getattr(function, "pytestmark", []) if mark.name == "parametrize"]
    for values in itertools.product(*(mark.args[1] for mark in marks)):
        arguments: dict[str, Any] = {}
        for mark, value in zip(marks, values, strict=True):
            names = [name.strip() for name in mark.args[0].split(",")]
            value = getattr(value, "values", value) if not isinstance(value, dict) else value
            arguments |= dict(zip(names, value, strict=True)) if len(names) > 1 else {names[0]: value}
        yield arguments


def caught_by(port: int, template: str, *, first: str | None = None) -> str | None:
    """Run the checks on clones of a database until one fails; its name, or None if all are content.

    `first` is the one that caught it last time: it comes before all others.
    """
    with ExitStack() as stack:
        shared: list[str] = []

        def run(case: Case) -> str | None:
            if case.fresh:
                with place.clone(port, template) as name:
                    return _failure(case, TestDatabase(port, name))
            if not shared:
                shared.append(stack.enter_context(place.clone(port, template)))
            return _failure(case, TestDatabase(port, shared[0]))

        checks: list[tuple[str, Callable[[], str | None]]] = [
            *((case.name, lambda case=case: run(case)) for case in cases()),
            (HISTORIES, lambda: _histories(port, template)),
            (CROWD, lambda: _crowd(port, template)),
        ]
        for _, check in sorted(checks, key=lambda named: named[0] != first):
            if found := check():
                return found
    return None


def _histories(port: int, template: str) -> str | None:
    with place.clone(port, template) as name, place.owner(port, name) as connection:
        try:
            run_histories(Book(connection), EXAMPLES, seed=1, shrink=False)
        except (Exception, ExceptionGroup):
            return HISTORIES
    return None


def _crowd(port: int, template: str) -> str | None:
    with place.clone(port, template) as name:
        found = concurrency.run(place.settings_of(port, name), OPERATIONS, part=500, members=4, terminate_every=None)
    return CROWD if found.violations or found.deadlocks else None


def _failure(case: Case, database: TestDatabase) -> str | None:
    try:
        with database.owner() as connection:
            book = Book(connection)
            _run(case, book, database)
            # As the fixtures do after every test.
            broken = book.violations() if {"book", "fresh_book"} & case.wants() else {}
    except (Exception, Failed):  # a test that fails, and a ledger that ends in an error
        return case.name
    return case.name if broken else None


def _run(case: Case, book: Book, database: TestDatabase) -> None:
    given: dict[str, Any] = {
        "book": book, "fresh_book": book, "database": database, "fresh_database": database, **case.arguments
    }  # fmt: skip
    with ExitStack() as stack:

        def make(name: str) -> Any:
            if name not in given:
                fixture = case.fixtures[name]
                made = fixture(**{wanted: make(wanted) for wanted in _parameters(fixture)})
                given[name] = stack.enter_context(_ended(made)) if inspect.isgenerator(made) else made
            return given[name]

        case.function(**{name: make(name) for name in _parameters(case.function)})


@contextmanager
def _ended(fixture: Any) -> Iterator[Any]:
    yield next(fixture)
    next(fixture, None)
