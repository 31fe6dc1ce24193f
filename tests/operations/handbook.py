"""The operators' handbook as data: every command that a page tells somebody to type."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import boto3
from botocore import xform_name
from botocore.model import ServiceModel, Shape

from stacks.settings import REPOSITORY

FOLDER = REPOSITORY / "docs" / "operations"
PAGES = sorted(FOLDER.glob("*.md"))
PROGRAMS = ("aws", "cdk", "git", "make", "npx", "python", "rm", "umask")
# Of the AWS CLI itself, for every call.
GLOBAL = {"cli-binary-format", "max-items", "no-cli-pager", "output", "profile", "query", "region"}
# Made of several calls by the AWS CLI itself.
OF_THE_CLI = ("aws cloudtrail validate-logs",)
# A value that the reader has to fill in.
FILL = re.compile(r"<([^<>]+)>")


class Command(NamedTuple):
    """One command of a page; `line` is where it stands."""

    page: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}: {self.text}"

    @property
    def words(self) -> list[str]:
        """As a shell would split it; what is filled in stays one word."""
        kept = FILL.sub(lambda found: f"<{found[1].replace(' ', '_').replace(chr(39), '')}>", self.text)
        return shlex.split(kept, comments=True)


def blocks(page: Path) -> Iterator[tuple[int, str, list[str]]]:
    """Every fenced block: its first line's number, its language, its lines without their indent."""
    inside: tuple[int, str, str] | None = None
    lines: list[str] = []
    for number, line in enumerate(page.read_text().splitlines(), start=1):
        if not (fence := re.match(r"^(\s*)```(\w*)\s*$", line)):
            if inside:
                lines.append(line.removeprefix(inside[2]))
        elif inside:
            yield inside[0], inside[1], lines
            inside, lines = None, []
        else:
            inside = (number + 1, fence[2], fence[1])
    assert inside is None, f"{page.name}: a block has no end"


def _joined(start: int, lines: list[str]) -> Iterator[tuple[int, str]]:
    """Line by line, where each that ends with a backslash has the next one's text as well."""
    begun: tuple[int, str] | None = None
    for number, line in enumerate(lines, start):
        begun = (number, line) if begun is None else (begun[0], f"{begun[1]} {line.strip()}")
        if begun[1].endswith("\\"):
            begun = (begun[0], begun[1].rstrip("\\").rstrip())
            continue
        if begun[1].strip():
            yield begun
        begun = None


@cache
def commands() -> tuple[Command, ...]:
    """Every line of every block without a language, and what stands in a sentence as `make …`, `python -m …`."""
    found: list[Command] = []
    for page in PAGES:
        for start, language, lines in blocks(page):
            if not language:
                texts = list(_joined(start, lines))
                found += [Command(page.name, number, part) for number, text in texts for part in text.split(" && ")]
        for number, line in enumerate(page.read_text().splitlines(), start=1):
            for quoted in re.findall(r"`((?:make|python -m|aws [a-z-]+) [^`…]*)`", line):
                found.append(Command(page.name, number, quoted))
    return tuple(found)


def sql() -> list[Command]:
    """Every statement of every block of SQL."""
    return [
        Command(page.name, start + offset, line)
        for page in PAGES
        for start, language, lines in blocks(page)
        if language == "sql"
        for offset, line in enumerate(lines)
        if line.strip()
    ]


class AwsCall(NamedTuple):
    """A command of the AWS CLI as the call that it makes: the SDK's names, and the values as text."""

    service: str
    operation: str
    given: dict[str, str]
    options: dict[str, str]


def aws_call(command: Command) -> AwsCall:
    """The call of `aws …`. Raises ValueError on a service, an operation or an option that AWS does not have."""
    _, service, operation, *rest = command.words
    if service not in boto3.Session().get_available_services():
        raise ValueError(f"{command}: AWS has no service {service}")
    model = service_model(service)
    names = {xform_name(name, "-"): name for name in model.operation_names}
    if operation not in names:
        raise ValueError(f"{command}: {service} has no {operation}")
    shape = model.operation_model(names[operation]).input_shape
    members = {xform_name(name, "-"): name for name in (shape.members if shape else ())}
    given: dict[str, str] = {}
    options: dict[str, str] = {}
    position = 0
    while position < len(rest):
        word = rest[position]
        if not word.startswith("--"):
            # Only `lambda invoke` and other calls that answer with a body take a file's name.
            output = model.operation_model(names[operation]).output_shape
            if output is None or not output.serialization.get("payload"):
                raise ValueError(f"{command}: nothing is known of {word!r}")
            position += 1
            continue
        name = word.removeprefix("--")
        values = []
        while (
            position + 1 < len(rest)
            and not rest[position + 1].startswith("--")
            and (not values or _list(shape, members, name))
        ):
            position += 1
            if rest[position] == "/dev/stdout" or (rest[position] == ">" and values):
                break
            values.append(rest[position])
        position += 1
        if name in members:
            given[members[name]] = " ".join(values)
        elif name in GLOBAL:
            options[name] = " ".join(values)
        else:
            raise ValueError(f"{command}: {service} {operation} has no option --{name}")
        if ">" in rest[position : position + 1]:
            break
    return AwsCall(service, names[operation], given, options)


def _list(shape: Any, members: dict[str, str], name: str) -> bool:
    return shape is not None and name in members and shape.members[members[name]].type_name == "list"


@cache
def service_model(service: str) -> ServiceModel:
    session = boto3.Session()._session
    return session.get_service_model(service)


def required(call: AwsCall) -> set[str]:
    """The parameters that AWS insists on."""
    shape: Shape | None = service_model(call.service).operation_model(call.operation).input_shape
    return set(shape.required_members) if shape is not None else set()


def is_bytes(call: AwsCall, parameter: str) -> bool:
    shape = service_model(call.service).operation_model(call.operation).input_shape
    return shape is not None and shape.members[parameter].type_name == "blob"


def is_switch(call: AwsCall, parameter: str) -> bool:
    """Whether the option says all by being there."""
    shape = service_model(call.service).operation_model(call.operation).input_shape
    return shape is not None and shape.members[parameter].type_name == "boolean"
