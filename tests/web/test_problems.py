"""Whatever the member API refuses with a code, the portal has a sentence of its own for, in every language."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from tests.conftest import REPOSITORY

WORDS = REPOSITORY / "web" / "portal" / "src" / "words"
DOORS = ("lambdas.member_api", "lambdas.quote_api")

# Codes in those sources that reach no member, and why.
NEVER_SHOWN = {
    "wrong-scope": "the portal asks for the scope when it signs in",
    "unknown-client": "the portal's own client belongs to a programme",
    "wrong-group": "only staff have groups",
    "not-open": "staff decide what was screened",
    "same-person": "staff decide what was screened",
    "not-frozen": "staff allow spending again",
    "no-such-logo": "the name stands where the picture is not",
    "svg": "only staff upload logos",
    "no-picture": "only staff upload logos",
    "member-exists": "partners and staff enrol members",
    "method-not-allowed": "the portal's client is made from the API's document",
    "unsupported-media-type": "the portal's client sends JSON",
}


def source(module: str) -> Path | None:
    """The file of a module of ours."""
    path = REPOSITORY.joinpath(*module.split("."))
    return next((file for file in (path.with_suffix(".py"), path / "__init__.py") if file.is_file()), None)


def imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{name.name}" for name in node.names)


def behind_the_doors() -> dict[Path, ast.Module]:
    """Every source that a request of a member can run through."""
    found: dict[Path, ast.Module] = {}
    todo = list(DOORS)
    while todo:
        file = source(todo.pop())
        if file is not None and file not in found:
            found[file] = ast.parse(file.read_text())
            todo += [name for name in imported(found[file]) if name.split(".")[0] in ("lambdas", "loyalty")]
    return found


def told(tree: ast.Module) -> Iterator[ast.expr]:
    """What stands where a code stands: after the Kind, in a Refusal or in a table of them; second in a problem."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "problem":
            yield node.args[1]
        row = node.args if isinstance(node, ast.Call) else node.elts if isinstance(node, ast.Tuple) else []
        for kind, code in pairwise(row):
            if isinstance(kind, ast.Attribute) and isinstance(kind.value, ast.Name) and kind.value.id == "Kind":
                yield code


def texts(node: ast.AST) -> set[str]:
    return {part.value for part in ast.walk(node) if isinstance(part, ast.Constant) and isinstance(part.value, str)}


def named(tree: ast.Module, name: str) -> set[str]:
    """What a variable is set to in a module, also beside others: `detail, code = "Sold out.", "out-of-stock"`."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Assign)
            and isinstance(node.targets[0], ast.Tuple)
            and isinstance(node.value, ast.Tuple)
        ):
            pairs = zip(node.targets[0].elts, node.value.elts, strict=True)
            found |= {
                text for one, value in pairs if isinstance(one, ast.Name) and one.id == name for text in texts(value)
            }
    return found


def codes() -> set[str]:
    found: set[str] = set()
    for file, tree in behind_the_doors().items():
        for code in told(tree):
            # `refusal.code` hands on what is found where it is made.
            if not isinstance(code, ast.Attribute):
                these = named(tree, code.id) if isinstance(code, ast.Name) else texts(code)
                assert these, f"{file.relative_to(REPOSITORY)}:{code.lineno}: which code is this?"
                found |= these
    return found


def test_each_refusal_that_a_member_can_meet_has_words() -> None:
    english: dict[str, str] = json.loads((WORDS / "en" / "first.json").read_text())["problems"]
    met = codes()
    assert {"quote-expired", "address-in-use", "not-claimed", "internal-error"} <= met
    # test_words.py holds the other languages to English.
    assert met - set(english) - set(NEVER_SHOWN) == set()
    assert set(NEVER_SHOWN) - met == set()
    assert set(NEVER_SHOWN) & set(english) == set()
