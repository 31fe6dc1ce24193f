"""A request held against the service's own model, as the SDK ships it."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from typing import Any

from local.simulators.personalize.refusals import invalid

CONTROL, EVENTS, RUNTIME = "personalize", "personalize-events", "personalize-runtime"
_PYTHON = {"string": str, "boolean": bool, "structure": dict, "map": dict, "list": list}


@functools.cache
def _model(service: str) -> Any:
    import botocore.session

    return botocore.session.get_session().get_service_model(service)


def check(service: str, operation: str, given: dict[str, Any]) -> None:
    """Raises Refused (InvalidInputException), which names all that is wrong."""
    problems = list(_wrong(_model(service).operation_model(operation).input_shape, given, ""))
    if problems:
        raise invalid(f"{len(problems)} validation error detected: {'; '.join(problems)}")


def _wrong(shape: Any, value: Any, place: str) -> Iterator[str]:
    kind = shape.type_name
    if kind in _PYTHON and not isinstance(value, _PYTHON[kind]):
        yield f"{place} is no {kind}"
    elif kind == "structure":
        yield from (f"{place}.{name} is not known" for name in value.keys() - shape.members.keys())
        yield from (f"{place}.{name} is missing" for name in shape.required_members if value.get(name) is None)
        for name in value.keys() & shape.members.keys():
            yield from _wrong(shape.members[name], value[name], f"{place}.{name}")
    elif kind == "list":
        yield from _size(shape, len(value), place)
        for number, one in enumerate(value):
            yield from _wrong(shape.member, one, f"{place}[{number}]")
    elif kind == "map":
        yield from _size(shape, len(value), place)
        for name, one in value.items():
            yield from _wrong(shape.value, one, f"{place}.{name}")
    elif kind == "string":
        yield from _size(shape, len(value), place)
        yield from _text(shape, value, place)
    elif kind in ("integer", "long", "float", "double", "timestamp"):
        if isinstance(value, bool) or not isinstance(value, int if kind in ("integer", "long") else (int, float)):
            yield f"{place} is no {kind}"
        else:
            yield from _size(shape, value, place)


def _size(shape: Any, size: float, place: str) -> Iterator[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and size < least:
        yield f"{place} is below {least}"
    if most is not None and size > most:
        yield f"{place} is above {most}"


def _text(shape: Any, value: str, place: str) -> Iterator[str]:
    if (among := shape.metadata.get("enum")) and value not in among:
        yield f"{place} is none of {', '.join(among)}"
    pattern = shape.metadata.get("pattern")
    # Names of tags are of all letters that there are, which Python's patterns cannot say.
    if pattern and r"\p{" not in pattern and not re.fullmatch(pattern, value):
        yield f"{place} does not satisfy {pattern}"
