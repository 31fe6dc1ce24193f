"""Who may know whom, read from the source: the business knows neither the cloud nor its entry points."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
ROOMS = {"app", "stacks", "lambdas", "containers", "loyalty", "local", "tests", "bench", "analytics", "delivery"}
ALLOWED = {
    "loyalty": {"loyalty"},
    # Of the business it knows how many digits a currency has: one table for the ledger, the reports and QuickSight.
    "analytics": {"analytics", "loyalty"},
    "lambdas": {"lambdas", "loyalty", "analytics"},
    "containers": {"containers", "loyalty"},
    "stacks": {"stacks", "analytics"},
    "local": {"local", "loyalty", "analytics"},
    # It reads the operator's config; templates it has as files.
    "delivery": {"delivery", "stacks"},
}
CLOUD = {"aws_cdk", "cdk_nag", "constructs", "boto3", "botocore", "aws_lambda_powertools"}


def _imports(path: Path, *, when_imported: bool) -> Iterator[str]:
    """Top-level names of modules that `path` imports; with `when_imported` not those inside functions."""
    pending: list[ast.AST] = list(ast.parse(path.read_text()).body)
    while pending:
        node = pending.pop()
        match node:
            case ast.Import(names=names):
                yield from (name.name.split(".")[0] for name in names)
            case ast.ImportFrom(module=str(module), level=0):
                yield module.split(".")[0]
            case ast.ImportFrom():
                yield path.relative_to(REPOSITORY).parts[0]
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda() if when_imported:
                continue
            case ast.If(test=ast.Name(id="TYPE_CHECKING")) if when_imported:
                continue
            case _:
                pending.extend(ast.iter_child_nodes(node))


def _sources(room: str) -> list[Path]:
    return sorted((REPOSITORY / room).rglob("*.py"))


@pytest.mark.parametrize("room", sorted(ALLOWED))
def test_a_room_imports_only_the_rooms_it_may(room: str) -> None:
    for path in _sources(room):
        strangers = set(_imports(path, when_imported=False)) & ROOMS - ALLOWED[room]
        assert not strangers, f"{path.relative_to(REPOSITORY)} imports {sorted(strangers)}"


def test_the_business_knows_no_cloud_when_it_is_imported() -> None:
    for path in _sources("loyalty"):
        strangers = set(_imports(path, when_imported=True)) & CLOUD
        assert not strangers, f"{path.relative_to(REPOSITORY)} imports {sorted(strangers)}"


def test_a_function_imports_the_slow_sdk_only_when_it_needs_it() -> None:
    for path in _sources("lambdas"):
        assert not set(_imports(path, when_imported=True)) & {"boto3", "botocore"}, path.relative_to(REPOSITORY)


def test_only_what_writes_ubl_needs_its_library() -> None:
    # One function has the package in its layer.
    for path in (*_sources("lambdas"), *_sources("loyalty")):
        if path.name not in ("ubl.py", "checked.py"):
            source = path.read_text()
            at_once = set(_imports(path, when_imported=True)) & {"lxml", "peppol"}
            assert not at_once, path.relative_to(REPOSITORY)
            assert "\nfrom loyalty.erp import ubl" not in source, path.relative_to(REPOSITORY)


def test_nothing_outside_the_stacks_knows_the_cdk() -> None:
    for room in ("lambdas", "containers", "loyalty", "local"):
        for path in _sources(room):
            assert not set(_imports(path, when_imported=False)) & {"aws_cdk", "constructs"}, path
