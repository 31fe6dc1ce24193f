"""Faults and invariants of the saga by name, and what reaches each: tests, the storm, a later issue, or only AWS."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, slots=True)
class Entry:
    """`tests` below tests/, as `folder/file::test` without `.py`; `storm` its scenarios (tests/faults/scenarios.py).

    What nothing reaches says why: `pending` the issue that brings it ("6: members can be merged"), `aws` what only AWS
    has."""

    title: str
    tests: tuple[str, ...] = ()
    storm: tuple[str, ...] = ()
    pending: str = ""
    aws: str = ""

    @property
    def reached(self) -> bool:
        return bool(self.tests or self.storm)

    @property
    def how(self) -> str:
        if self.pending:
            return f"pending: issue {self.pending}"
        if self.aws:
            return f"needs AWS: {self.aws}"
        ways = [f"{len(self.tests)} test{'s' if len(self.tests) > 1 else ''}"] if self.tests else []
        return " and ".join([*ways, *(["storm: " + ", ".join(self.storm)] if self.storm else [])])


def reached(title: str, *tests: str) -> Entry:
    return Entry(title, tests)


def pending(title: str, issue: str) -> Entry:
    return Entry(title, pending=issue)


def needs_aws(title: str, reason: str) -> Entry:
    return Entry(title, aws=reason)


def table(entries: Mapping[str, Entry]) -> Iterable[str]:
    """A line an entry, and the sum."""
    for name, entry in entries.items():
        yield f"{name:4} {entry.title:62} {entry.how}"
    yield f"{count(entries)}/{len(entries)}"


def count(entries: Mapping[str, Entry]) -> int:
    """How many of them something reaches."""
    return sum(entry.reached for entry in entries.values())


def exists(test: str) -> bool:
    """Whether there is such a test."""
    file, _, name = test.partition("::")
    return name in _names(TESTS / f"{file}.py")


@cache
def _names(path: Path) -> frozenset[str]:
    """The tests in a file, `Class::test` for those of a class."""
    if not path.exists():
        return frozenset()
    found = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef):
            found.add(node.name)
        elif isinstance(node, ast.ClassDef):
            found |= {f"{node.name}::{one.name}" for one in node.body if isinstance(one, ast.FunctionDef)}
    return frozenset(found)
