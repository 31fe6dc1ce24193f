"""JSONata as Step Functions evaluates it: an expression that yields nothing is an error, `null` is a value.

The paths and comparisons that nearly every state is made of are looked up directly; whatever is not obviously one of
them, and every path that meets an array, goes through `jsonata-python`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from jsonata.jexception import JException
from jsonata.jsonata import Jsonata
from jsonata.utils import Utils

# `{% … %}` around the whole string makes an expression of it.
_EXPRESSION = re.compile(r"^\{%(.*)%\}$", re.DOTALL)
_PATH = r"\$([A-Za-z_]\w*)((?:\.[A-Za-z_]\w*)*)"
_PLAIN_PATH = re.compile(rf"^{_PATH}$")
_EQUALS = re.compile(rf"^{_PATH} = '([^'\\]*)'$")

type Bindings = Mapping[str, Any]
type Compiled = Callable[[Bindings], Any]


class QueryFailed(Exception):
    """States.QueryEvaluationError: the expression cannot be evaluated, or yields nothing."""


class _Nothing:
    """What JSONata calls undefined."""


_NOTHING = _Nothing()
# The direct way does not know; ask the library.
_UNSURE = object()


def value_of(template: Any, bindings: Bindings) -> Any:
    """The template with its expressions evaluated. Raises QueryFailed."""
    if type(template) is str:
        expression = compiled(template)
        if expression is None:
            return template
        value = expression(bindings)
        if value is _NOTHING:
            raise QueryFailed(f"The JSONata expression {template!r} returned nothing (undefined).")
        return value
    if type(template) is dict:
        return {name: value_of(value, bindings) for name, value in template.items()}
    if type(template) is list:
        return [value_of(value, bindings) for value in template]
    return template


@lru_cache(maxsize=4096)
def compiled(text: str) -> Compiled | None:
    """None where the string is no expression. Raises QueryFailed for one that is not JSONata."""
    found = _EXPRESSION.match(text)
    if found is None:
        return None
    source = found[1].strip()
    if plain := _PLAIN_PATH.match(source):
        return _path(source, plain[1], plain[2])
    if equals := _EQUALS.match(source):
        return _equals(_path(f"${equals[1]}{equals[2]}", equals[1], equals[2]), equals[3])
    return _by_library(source)


def _path(source: str, root: str, rest: str) -> Compiled:
    names = tuple(rest.split(".")[1:])
    library: list[Compiled] = []

    def direct(bindings: Bindings) -> Any:
        value = bindings.get(root, _NOTHING)
        for name in names:
            if type(value) is not dict:
                value = _NOTHING if value is _NOTHING else _UNSURE
                break
            value = value.get(name, _NOTHING)
        if value is not _UNSURE and type(value) is not list:
            return value
        if not library:
            library.append(_by_library(source))
        return library[0](bindings)

    return direct


def _equals(path: Compiled, text: str) -> Compiled:
    # Nothing equals nothing: a path that leads nowhere compares false.
    return lambda bindings: path(bindings) == text


def _by_library(source: str) -> Compiled:
    try:
        expression = Jsonata(source)
    except JException as error:
        raise QueryFailed(f"{source!r} is not JSONata: {error}") from error
    expression.set_output_convert_nulls(False)
    expression.set_validate_input(False)

    def evaluate(bindings: Bindings) -> Any:
        try:
            # A variable that the library finds to be None would be nothing; it has a null of its own.
            known = {name: Utils.NULL_VALUE if value is None else value for name, value in bindings.items()}
            return _plain(expression.evaluate(None, known))
        except JException as error:
            raise QueryFailed(f"The JSONata expression {source!r} failed: {error}") from error

    return evaluate


def _plain(value: Any) -> Any:
    """The library's null and its own lists as Python's."""
    if value is None:
        return _NOTHING
    if value is Utils.NULL_VALUE:
        return None
    return _inside(value)


def _inside(value: Any) -> Any:
    if value is Utils.NULL_VALUE:
        return None
    if isinstance(value, dict):
        return {name: _inside(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_inside(item) for item in value]
    return value
