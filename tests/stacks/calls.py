"""Which of AWS's actions the code behind an entry point calls, read from its source: nothing is run.

What is followed are names: a module that is imported, and in it every function whose name is mentioned by code that is
followed already. So nothing is missed that is called by its name; what only has the name of something is counted as
well, and is the reason for the few lines of `of_the_same_name` in permitted.toml.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import NamedTuple

import botocore.session
from botocore import xform_name

from tests.conftest import REPOSITORY

ROOMS = ("lambdas", "loyalty", "containers", "analytics")
# A client's name where it is not the prefix of its actions.
PREFIXES = {
    "sesv2": "ses",
    "stepfunctions": "states",
    "personalize-runtime": "personalize",
    "personalize-events": "personalize",
}
# Operations that are allowed by an action of another name.
ACTIONS = {
    "s3:ListObjectsV2": "s3:ListBucket",
    "s3:ListObjectVersions": "s3:ListBucketVersions",
    "s3:HeadObject": "s3:GetObject",
    "s3:DeleteObjects": "s3:DeleteObject",
    "lambda:Invoke": "lambda:InvokeFunction",
    "ses:SendRawEmail": "ses:SendRawEmail",
    # The gateway's permissions are the verbs of its own API.
    "apigateway:UpdateStage": "apigateway:PATCH",
    "sqs:SendMessageBatch": "sqs:SendMessage",
    "sqs:DeleteMessageBatch": "sqs:DeleteMessage",
    "sqs:ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
}
# Methods that are no operation of the service: what they need.
BESIDE_OPERATIONS = {"generate_db_auth_token": "rds-db:connect", "generate_presigned_post": "s3:PutObject"}
# With a version's id an object is another resource.
VERSIONED = {"s3:GetObject": "s3:GetObjectVersion", "s3:DeleteObject": "s3:DeleteObjectVersion"}
# Decorators after which a function is still called by its name only; any other hands it to somebody who calls it.
QUIET = {"cache", "lru_cache", "property", "cached_property", "staticmethod", "classmethod", "contextmanager", "wraps"}


class Piece(NamedTuple):
    """Some code as it is written: the names and strings it mentions, the modules it imports, the clients it makes."""

    names: frozenset[str]
    strings: frozenset[str]
    imports: frozenset[str]
    clients: frozenset[str]


@dataclass
class Module:
    """`body`: what runs when it is imported. `routes`: what its router leads to, for a module that `includes` the
    routers it imports. `functions`: by name; the methods of all its classes among them."""

    body: list[Piece] = field(default_factory=list)
    routes: list[Piece] = field(default_factory=list)
    includes: bool = False
    functions: dict[str, list[Piece]] = field(default_factory=dict)


def actions_called(entry: str, main: str) -> frozenset[str]:
    """The IAM actions of everything that `main` of the module `entry` may come to call."""
    pieces = list(_followed(entry, main))
    clients = frozenset[str]().union(*(piece.clients for piece in pieces))
    return frozenset(action for piece in pieces for action in _actions(piece, clients))


def _actions(piece: Piece, clients: frozenset[str]) -> Iterator[str]:
    # Addresses signed for somebody else, and pages: the operation is a string.
    by_string = piece.strings if piece.names & {"generate_presigned_url", "get_paginator"} else frozenset[str]()
    for client in clients:
        methods, prefix = _methods(client), PREFIXES.get(client, client)
        for method in methods.keys() & (piece.names | by_string):
            action = ACTIONS.get(f"{prefix}:{methods[method]}", f"{prefix}:{methods[method]}")
            yield action
            if action in VERSIONED and "VersionId" in piece.names | piece.strings:
                yield VERSIONED[action]
    yield from (action for name, action in BESIDE_OPERATIONS.items() if name in piece.names)


@cache
def _methods(client: str) -> dict[str, str]:
    model = botocore.session.get_session().get_service_model(client)
    return {xform_name(operation): operation for operation in model.operation_names}


def _followed(entry: str, main: str) -> Iterator[Piece]:
    modules: dict[str, Module] = {}
    mentioned, included, waiting = {main}, set[str](), [entry]
    seen: set[tuple[str, str]] = set()
    while True:
        pieces = []
        for name in waiting:
            if name not in modules and (module := _module(name)):
                modules[name] = module
                pieces += module.body
                if module.includes:
                    included.update((name, *(one for piece in module.body for one in piece.imports)))
        for place, module in modules.items():
            if place in included and (place, "router") not in seen:
                seen.add((place, "router"))
                pieces += module.routes
            for name in module.functions.keys() & mentioned:
                if (place, name) not in seen:
                    seen.add((place, name))
                    pieces += module.functions[name]
        if not pieces:
            return
        yield from pieces
        mentioned.update(*(piece.names for piece in pieces))
        waiting = [name for piece in pieces for name in piece.imports if name not in modules]


@cache
def _module(name: str) -> Module | None:
    """None: it is not ours, or a thing in a module and no module."""
    if name.split(".")[0] not in ROOMS:
        return None
    path = REPOSITORY.joinpath(*name.split("."))
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    if not file.is_file():
        return None
    module = Module()
    _read(ast.parse(file.read_text()).body, module, ())
    module.includes = any("include_router" in piece.names for piece in module.body)
    return module


def _read(body: list[ast.stmt], module: Module, owner: tuple[str, ...]) -> None:
    for statement in body:
        match statement:
            case ast.ClassDef():
                module.body.append(_piece([*statement.bases, *statement.decorator_list]))
                _read(statement.body, module, (statement.name,))
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                # What Python itself calls is called by whoever makes one of the class.
                special = statement.name.startswith("__")
                for name in owner if special and owner else (statement.name,):
                    module.functions.setdefault(name, []).append(_piece(statement.body))
                module.body.append(_piece([*statement.decorator_list, statement.args]))
                decorators = [ast.unparse(one).partition("(")[0] for one in statement.decorator_list]
                if any(one.startswith("router.") for one in decorators):
                    module.routes.append(_piece(statement.body))
                elif {one.rpartition(".")[2] for one in decorators} - QUIET:
                    module.body.append(_piece(statement.body))
            case ast.If() if "TYPE_CHECKING" in ast.dump(statement.test):
                continue
            case _:
                module.body.append(_piece([statement]))


def _piece(nodes: list[ast.AST] | list[ast.stmt]) -> Piece:
    names, strings, imports, clients = (set[str]() for _ in Piece._fields)
    for node in (inner for outer in nodes for inner in ast.walk(outer)):
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.keyword(arg=str(name)):
                names.add(name)
            case ast.Constant(value=str(text)):
                strings.add(text)
            case ast.Import(names=aliases):
                imports.update(alias.name for alias in aliases)
            case ast.ImportFrom(module=str(place), names=aliases):
                # A name may be a module of its own.
                imports.update((place, *(f"{place}.{alias.name}" for alias in aliases)))
                names.update(alias.asname for alias in aliases if alias.asname)
        match node:
            case ast.Call(func=ast.Attribute(attr="client") | ast.Name(id="client" | "_client"), args=[first, *_]):
                if isinstance(first, ast.Constant):
                    clients.add(str(first.value))
    return Piece(*map(frozenset, (names, strings, imports, clients)))
