"""docs/well-architected.md is true: every promise has a row, and what a row names is there and tests something."""

from __future__ import annotations

import ast
import re
from functools import cache
from typing import Any, NamedTuple

import pytest
from pydantic import BaseModel

from stacks.settings import REPOSITORY, Settings
from tests.stacks.assembly import Assembly

PAGE = REPOSITORY / "docs" / "well-architected.md"
# How many sentences the guidance has on each pillar; of delivery how many promises are ours.
SENTENCES = {"OE": 4, "SE": 6, "RE": 6, "PE": 4, "CO": 4, "SU": 3, "DE": 8}


class Row(NamedTuple):
    """One row: the promise's name, what it names as place, its tests."""

    promise: str
    places: tuple[str, ...]
    tests: tuple[str, ...]


def _rows() -> list[Row]:
    found = []
    for line in PAGE.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| ") and len(cells) == 3 and re.match(r"[A-Z]{2}\d+\b", cells[0]):
            found.append(Row(cells[0].split()[0], *(tuple(re.findall("`([^`]+)`", cell)) for cell in cells[1:])))
    return found


ROWS = _rows()
PROMISES = re.findall(r"^\* \*\*([A-Z]{2}\d+)\*\* ", PAGE.read_text(), re.MULTILINE)


def test_every_sentence_of_the_guidance_is_in_the_list() -> None:
    for pillar, count in SENTENCES.items():
        numbers = [int(name[2:]) for name in PROMISES if name.startswith(pillar)]
        assert numbers[:count] == list(range(1, count + 1)), pillar
    assert len(set(PROMISES)) == len(PROMISES)


def test_every_promise_has_a_row_and_every_row_a_promise() -> None:
    assert {row.promise for row in ROWS} == set(PROMISES)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.promise} {row.tests[:1]}")
def test_a_row_names_tests_that_are_there_and_run(row: Row) -> None:
    assert row.tests, "a promise without a test"
    for test in row.tests:
        path, _, name = test.partition("::")
        assert (REPOSITORY / path).is_file(), test
        tests = _tests(path)
        assert tests, test
        if name:
            assert name in tests, test
            assert not tests[name] & {"skip", "xfail"}, f"{test} is not run"
        module = _marks_of_the_module(path)
        assert not module & {"skip", "xfail"}, f"{path} is not run"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.promise} {row.places[:1]}")
def test_a_row_names_places_that_are_there(row: Row, assembly: Assembly) -> None:
    assert row.places, "a promise without a place"
    types = {one["Type"] for template in assembly.templates.values() for one in template["Resources"].values()}
    for place in row.places:
        if place.startswith("AWS::"):
            assert place in types, place
        elif "/" in place or (REPOSITORY / place).exists():
            path, _, name = place.partition(":")
            assert (REPOSITORY / path).exists(), place
            if name:
                source = (REPOSITORY / path).read_text()
                assert re.search(rf"^(class |def |    def )?{name}\b", source, re.MULTILINE), place
        else:
            assert _is_setting(place), f"{place} is no file, no type of resource and no setting"


def test_what_is_not_there_is_found() -> None:
    assert not _is_setting("database.writers")
    assert not _is_setting("nothing.at.all")
    assert _is_setting("services.payments")
    assert "test_what_is_not_there_is_found" in _tests("tests/stacks/test_well_architected.py")


def _is_setting(place: str) -> bool:
    model: Any = Settings
    for part in place.split("."):
        if not (isinstance(model, type) and issubclass(model, BaseModel) and part in model.model_fields):
            return False
        model = model.model_fields[part].annotation
    return True


@cache
def _tests(path: str) -> dict[str, set[str]]:
    """The tests of a file, each with the marks it carries."""
    tree = ast.parse((REPOSITORY / path).read_text())
    return {
        node.name: {
            word for decorator in node.decorator_list for word in re.findall(r"\w+", ast.unparse(decorator)[:40])
        }
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }


def _marks_of_the_module(path: str) -> set[str]:
    text = (REPOSITORY / path).read_text()
    (marks,) = re.findall(r"^pytestmark = (.*)$", text, re.MULTILINE) or [""]
    return set(re.findall(r"\w+", marks))
