"""Metrics' files are read and judged here: every mistake at once, `file:line: key: why`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from analytics.metrics.definition import Metric
from analytics.metrics.dimensions import FILTERS, PROGRAM

LONGEST_FILE = 64 * 1024


class MetricError(Exception):
    """The metrics cannot be used: one line a mistake."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Where, by the keys that lead there (`measures`, 2, `title`), and why."""

    location: tuple[str | int, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Read:
    """A file and the lines of its keys; `metric` is none if it has problems."""

    path: Path
    lines: dict[tuple[str | int, ...], int]
    problems: tuple[Problem, ...]
    metric: Metric | None = None

    def messages(self, more: Iterable[Problem] = ()) -> list[str]:
        """Its problems, and `more` of them, as lines."""
        return [self._message(problem) for problem in (*self.problems, *more)]

    def _message(self, problem: Problem) -> str:
        keys = problem.location
        line = next((self.lines[keys[:end]] for end in range(len(keys), -1, -1) if keys[:end] in self.lines), 1)
        return f"{shown(self.path)}:{line}: {'.'.join(str(key) for key in keys) or 'file'}: {problem.reason}"


def shown(path: Path) -> str:
    """The path as it is told: from the repository, if it is there."""
    root = Path(__file__).resolve().parents[2]
    resolved = path.resolve()
    return str(resolved.relative_to(root)) if resolved.is_relative_to(root) else str(path)


def read(path: Path) -> Read:
    """One file. Never raises for what is in it."""
    lines: dict[tuple[str | int, ...], int] = {}
    problems: list[Problem] = []
    try:
        if path.stat().st_size > LONGEST_FILE:
            return Read(path, {}, (Problem((), f"longer than {LONGEST_FILE} bytes"),))
        node = yaml.compose(path.read_text(), Loader=yaml.SafeLoader)
        document = _value(node, (), lines, problems) if node else None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        mark = getattr(error, "problem_mark", None)
        return Read(path, {(): mark.line + 1} if mark else {}, (Problem((), _first_line(error)),))
    if not isinstance(document, dict):
        return Read(path, lines, (Problem((), "is no mapping of keys to values"),))
    try:
        metric = Metric.model_validate(document)
    except ValidationError as error:
        found = [_problem(said["loc"], said["msg"]) for said in error.errors(include_url=False)]
        return Read(path, lines, (*problems, *found))
    if metric.name != path.stem:
        problems.append(Problem(("name",), f"the file's name is {path.stem}"))
    problems += parameter_problems(metric)
    return Read(path, lines, tuple(problems), None if problems else metric)


def _value(
    node: yaml.Node, place: tuple[str | int, ...], lines: dict[tuple[str | int, ...], int], problems: list[Problem]
) -> Any:
    """The node as Python's values. Anchors are not followed into loops: a metric has none."""
    lines.setdefault(place, node.start_mark.line + 1)
    if len(place) > 6:
        problems.append(Problem(place, "too deep"))
        return None
    if isinstance(node, yaml.MappingNode):
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = str(key_node.value)
            if key in found:
                problems.append(Problem((*place, key), f"is there twice, again in line {key_node.start_mark.line + 1}"))
            lines.setdefault((*place, key), key_node.start_mark.line + 1)
            found[key] = _value(value_node, (*place, key), lines, problems)
        return found
    if isinstance(node, yaml.SequenceNode):
        return [_value(item, (*place, number), lines, problems) for number, item in enumerate(node.value)]
    # A scalar's value by YAML's own rules.
    return yaml.SafeLoader("").construct_object(node)


def _first_line(error: Exception) -> str:
    return (getattr(error, "problem", None) or str(error)).splitlines()[0]


def _problem(location: tuple[str | int, ...], message: str) -> Problem:
    words = message.removeprefix("Value error, ")
    if not location and (key := re.match(r"([a-z.]+): ", words)):
        return Problem(tuple(key[1].split(".")), words[key.end() :])
    return Problem(location, words)


PARAMETER = re.compile(r"(?<![:\w]):([a-z_]+)")


def parameter_problems(metric: Metric) -> list[Problem]:
    """The SQL names the programme and exactly the filters that the metric says it heeds."""
    named = set(PARAMETER.findall(metric.sql))
    problems = [
        Problem(("sql",), f":{name} is no parameter (there are {', '.join((PROGRAM, *FILTERS))})")
        for name in sorted(named - {PROGRAM, *FILTERS})
    ]
    if PROGRAM not in named:
        problems.append(Problem(("sql",), f":{PROGRAM} is missing: an answer is of one programme"))
    problems += [Problem(("filters",), f"the SQL does not heed {name}") for name in metric.filters if name not in named]
    problems += [
        Problem(("filters",), f"the SQL heeds {name}, which is not said")
        for name in FILTERS
        if name in named and name not in metric.filters
    ]
    return problems


def together(found: Iterable[Read]) -> list[str]:
    """What is wrong between files: a drill that leads nowhere. A name is its file's, so it is there once."""
    there = list(found)
    names = {one.path.stem for one in there}
    messages: list[str] = []
    for one in there:
        drill = one.metric.drill if one.metric else None
        if drill is not None and drill not in names - {one.path.stem}:
            messages += one.messages([Problem(("drill",), f"there is no other metric {drill}")])
    return messages
