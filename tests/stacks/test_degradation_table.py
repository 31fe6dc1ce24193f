"""The table of what happens when something is away names tests that there are, and every such test is in it."""

from __future__ import annotations

import re

from tests.stacks.assembly import Assembly
from tests.stacks.test_imports import REPOSITORY

TABLE = REPOSITORY / "docs" / "operations" / "degradation.md"
TESTS = REPOSITORY / "tests"
SWITCHES = TESTS / "local" / "test_degradation.py"


def _rows() -> list[list[str]]:
    lines = [line for line in TABLE.read_text().splitlines() if line.startswith("| ")][1:]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def _exists(named: str) -> bool:
    path, _, test = named.partition("::")
    found = [*TESTS.rglob(f"{path}.py"), *TESTS.glob(f"*/{path}"), *TESTS.glob(path)]
    if not test:
        return bool(found)
    return any(f"def {test}(" in one.read_text() for one in found if one.is_file())


def test_every_row_has_a_test_or_says_why_it_has_none() -> None:
    rows = _rows()
    assert len(rows) > 15
    for row in rows:
        assert len(row) == 6, row[0]
        named = re.findall(r"`([^`]+)`", row[5])
        assert named or row[5].startswith("not switched off here: "), row[0]
        assert [one for one in named if not _exists(one)] == [], row[0]


def test_whatever_is_switched_off_is_in_the_table() -> None:
    tests = set(re.findall(r"^def (test_\w+)", SWITCHES.read_text(), re.MULTILINE))
    assert tests == set(re.findall(r"`test_degradation::(\w+)`", TABLE.read_text()))


def test_the_alarms_it_names_are_alarms(assembly: Assembly) -> None:
    # A logical id is the alarm's own name, and eight letters that the CDK puts behind it.
    there = {
        re.sub(r"[0-9A-F]{8}$", "", one.id)
        for one in assembly.resources("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm")
    }
    named = {one for row in _rows() for one in re.findall(r"`([A-Z]\w+)`", row[3])}
    assert named
    assert named - there == set()
