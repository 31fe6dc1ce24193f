"""The operator's config: one frozen tree from `config/<environment>.toml`; all mistakes at once, by file and line."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from stacks.combinations import Problem, refused_combinations
from stacks.sections import (
    Api,
    Canary,
    Cost,
    Database,
    Delivery,
    Deployment,
    Engine,
    Identity,
    Insight,
    Integrations,
    Invoices,
    Lake,
    Layer,
    Messaging,
    Network,
    Observability,
    Portals,
    Programme,
    Schedules,
    Section,
    Services,
)

REPOSITORY = Path(__file__).resolve().parent.parent
CONFIG_FOLDER = REPOSITORY / "config"


class SettingsError(Exception):
    """The config cannot be used: one line a mistake, `file:line: section.key: why (got …)`."""


class Settings(Section):
    """The whole tree; each stack gets only the sections it reads."""

    deployment: Deployment
    network: Network
    database: Database
    identity: Identity
    messaging: Messaging
    api: Api
    services: Services
    engine: Engine
    integrations: Integrations
    invoices: Invoices
    lake: Lake
    insight: Insight = Insight()
    portals: Portals = Portals()
    programme: Programme
    layer: Layer
    schedules: Schedules
    canary: Canary = Canary()
    observability: Observability
    delivery: Delivery = Delivery()
    cost: Cost = Cost()


def load(path: Path) -> Settings:
    """The settings in `path`. Raises SettingsError with every mistake, not only the first."""
    shown = _shown(path)
    try:
        text = path.read_text()
        document = tomllib.loads(text)
    except FileNotFoundError:
        known = ", ".join(sorted(found.stem for found in CONFIG_FOLDER.glob("*.toml")))
        raise SettingsError(f"{shown}: there is no such file (environments here: {known})") from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{shown}: cannot be read: {error}") from None
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"at line (\d+)", str(error))
        # Otherwise it is at the end of the document.
        raise SettingsError(f"{shown}:{line[1] if line else len(text.splitlines())}: {error}") from None
    problems, sections = _checked(document)
    problems += refused_combinations(sections)
    if problems:
        lines = _lines(text)
        raise SettingsError("\n".join(_message(shown, lines, problem) for problem in problems))
    return Settings.model_validate(sections)


def _checked(document: dict[str, Any]) -> tuple[list[Problem], dict[str, Any]]:
    """Each section on its own, so that one broken section does not hide the combinations of the others."""
    problems: list[Problem] = []
    sections: dict[str, Any] = {}
    for name, field in Settings.model_fields.items():
        model = field.annotation
        assert isinstance(model, type)
        assert issubclass(model, BaseModel)
        if name not in document and not field.is_required():
            sections[name] = model()
            continue
        if name not in document:
            problems.append(Problem((name,), "this section is missing"))
            continue
        try:
            sections[name] = model.model_validate(document[name])
        except ValidationError as error:
            problems += [Problem((name, *e["loc"]), e["msg"], e["input"]) for e in error.errors()]
    problems += [Problem((name,), "there is no such section") for name in document if name not in Settings.model_fields]
    return problems, sections


def _lines(text: str) -> dict[tuple[str, ...], int]:
    """The line of each table and key. Enough of TOML for a config: tables, bare keys, one key a line."""
    section: tuple[str, ...] = ()
    found: dict[tuple[str, ...], int] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if table := re.match(r"^\s*\[\[?([^\[\]]+)\]", line):
            section = tuple(part.strip().strip("\"'") for part in table[1].split("."))
            for end in range(1, len(section) + 1):
                found.setdefault(section[:end], number)
        elif key := re.match(r"^\s*([\w\"'.-]+)\s*=", line):
            found.setdefault((*section, *(part.strip("\"'") for part in key[1].split("."))), number)
    return found


def _message(shown: str, lines: Mapping[tuple[str, ...], int], problem: Problem) -> str:
    location = tuple(str(part) for part in problem.location)
    line = next((lines[location[:end]] for end in range(len(location), 0, -1) if location[:end] in lines), None)
    got = "" if problem.found is None or isinstance(problem.found, dict) else f" (got {problem.found!r})"
    return f"{shown}{f':{line}' if line else ''}: {'.'.join(location)}: {problem.reason}{got}"


def _shown(path: Path) -> str:
    try:
        return str(path.resolve().relative_to(REPOSITORY))
    except ValueError:
        return str(path)
