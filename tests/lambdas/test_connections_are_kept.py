"""A client is made once a process and used by all of its requests: a new one would shake hands for each."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from loyalty import database
from stacks.settings import REPOSITORY

MADE = {
    *("aws.client", "boto3.client", "boto3.resource", "boto3.Session", "boto3.session.Session"),
    *("urllib3.PoolManager", "httpx.Client", "httpx.AsyncClient", "requests.Session"),
}
# Asked for without a client that could be kept.
UNKEPT = {f"{module}.{verb}" for module in ("httpx", "requests") for verb in ("get", "post", "put", "request")}
# What makes a client where it is not kept for the process, and why that is right.
ONCE = {
    **dict.fromkeys(
        (
            *("lambdas/custom_resource.py", "lambdas/cache_invalidation.py", "lambdas/receipt_rules.py"),
            *("lambdas/publish_portal.py", "lambdas/migrate.py"),
        ),
        "asked once a deployment",
    ),
    **dict.fromkeys(
        ("containers/orders/__main__.py", "containers/payments/__main__.py", "containers/xray.py"),
        "a process begins there",
    ),
    **dict.fromkeys(
        (
            *("loyalty/orders/amazon_business/client.py", "loyalty/payments/amazon_pay/client.py"),
            "loyalty/payments/stripe/client.py",
        ),
        "is a client itself, which its owner keeps",
    ),
    "loyalty/aws.py": "makes it for whoever keeps it",
    "loyalty/database.py": "a token for a new connection, and that is kept",
    "loyalty/reconciliation/parties.py": "a secret that is read when a party's client, which is kept, needs it",
}
FILES = sorted(path for room in ("lambdas", "loyalty", "containers") for path in (REPOSITORY / room).rglob("*.py"))


def _made(tree: ast.Module) -> Iterator[tuple[int, str, bool]]:
    """Where a client is made: line, how, and whether what surrounds it runs once a process."""
    kept = _kept(tree)
    stack: list[tuple[ast.AST, bool]] = [(tree, True)]
    while stack:
        node, once = stack.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            once = node.name in kept
        if isinstance(node, ast.Attribute) and (name := ast.unparse(node)) in MADE | UNKEPT:
            yield node.lineno, name, once and name in MADE
        for field, value in ast.iter_fields(node):
            # What a type says makes nothing.
            if field not in ("annotation", "returns"):
                stack += [(child, once) for child in (value if isinstance(value, list) else [value]) if _is_node(child)]


def _is_node(value: object) -> bool:
    return isinstance(value, ast.AST)


def _kept(tree: ast.Module) -> set[str]:
    """Functions that run once a process: cached ones, and those that only such ones call."""
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    cached = {
        one.name
        for one in functions
        if {"cache", "lru_cache"} & {ast.unparse(told).split("(")[0] for told in one.decorator_list}
    }
    callers: dict[str, set[str]] = {}
    for one in functions:
        for node in ast.walk(one):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                callers.setdefault(node.func.id, set()).add(one.name)
    return cached | {name for name, theirs in callers.items() if theirs <= cached}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_no_request_makes_a_client_of_its_own(path: Path) -> None:
    found = [f"line {line}: {name}" for line, name, once in _made(ast.parse(path.read_text())) if not once]
    if str(path.relative_to(REPOSITORY)) in ONCE:
        assert found, "it makes none any more: the exception can go"
    else:
        assert not found


def test_a_client_made_for_each_request_would_be_found() -> None:
    source = "import boto3\ndef handler(event, context):\n    return boto3.client('s3')\n"
    assert [(name, once) for _, name, once in _made(ast.parse(source))] == [("boto3.client", False)]
    kept = "import boto3\n@cache\ndef _s3():\n    return boto3.client('s3')\n"
    assert [(name, once) for _, name, once in _made(ast.parse(kept))] == [("boto3.client", True)]


def test_the_processes_connection_to_the_database_is_one() -> None:
    assert database.database.cache_info is not None, "functools.cache keeps it"
    opened = [
        f"{path.relative_to(REPOSITORY)}:{node.lineno}"
        for path in FILES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and ast.unparse(node) in ("psycopg.connect", "psycopg.Connection.connect")
    ]
    assert {place.partition(":")[0] for place in opened} <= {"loyalty/database.py"}
