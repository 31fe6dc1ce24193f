"""What an entry point reads of its environment, its stack gives it: else it fails at its first call, in the cloud."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from stacks.settings import REPOSITORY
from tests.stacks.assembly import Assembly
from tests.stacks.test_functions import Runner, runners

# Lambda and ECS set these themselves.
FROM_AWS = {"AWS_REGION", "AWS_LAMBDA_FUNCTION_NAME"}


def _module(name: str) -> Path | None:
    path = REPOSITORY.joinpath(*name.split("."))
    if path.is_dir():
        return path / "__init__.py"
    return path.with_suffix(".py") if path.with_suffix(".py").exists() else None


def _imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{name.name}" for name in node.names)


def _insisted_on(tree: ast.Module) -> Iterator[str]:
    """X of every os.environ["X"]; what is read by .get has a default."""
    for node in ast.walk(tree):
        match node:
            case ast.Subscript(
                value=ast.Attribute(value=ast.Name(id="os"), attr="environ"), slice=ast.Constant(value=str(name))
            ):
                yield name


def _needed(entry: Path) -> set[str]:
    """What the entry point and every module of ours that it imports insist on."""
    needed: set[str] = set()
    seen: set[Path] = set()
    pending = [entry]
    while pending:
        path = pending.pop()
        if path in seen:
            continue
        seen.add(path)
        tree = ast.parse(path.read_text())
        needed |= set(_insisted_on(tree))
        ours = (name for name in _imported(tree) if name.split(".")[0] in ("lambdas", "containers", "loyalty"))
        pending += [found for name in ours if (found := _module(name))]
    return needed - FROM_AWS


def _entry(runner: Runner) -> Path:
    if runner.resource.type == "AWS::Lambda::Function":
        return REPOSITORY / "lambdas" / f"{runner.name}.py"
    return REPOSITORY / "containers" / runner.name / "__main__.py"


@pytest.mark.parametrize("where", ["assembly", "laptop"])
def test_an_entry_point_is_given_what_it_insists_on(where: str, request: pytest.FixtureRequest) -> None:
    templates: Assembly = request.getfixturevalue(where)
    for runner in runners(templates):
        missing = _needed(_entry(runner)) - set(runner.environment)
        assert not missing, f"{runner.name} reads {sorted(missing)}"


def test_every_handler_that_a_stack_names_exists(assembly: Assembly) -> None:
    for function in assembly.resources("AWS::Lambda::Function"):
        folder, module, name = function.properties["Handler"].split(".")
        tree = ast.parse((REPOSITORY / folder / f"{module}.py").read_text())
        defined = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)} | {
            target.id
            for node in tree.body
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        assert name in defined, function.properties["Handler"]
