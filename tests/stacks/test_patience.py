"""Nobody waits for ever and nobody gives up at once: time limits, a number of tries, and chance between them."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from loyalty import aws
from stacks.settings import REPOSITORY
from tests.stacks.assembly import Assembly

ROOMS = ("lambdas", "loyalty", "containers", "analytics")
# Where AWS's own clients are made; everybody else asks there. Glue has the exporter's files alone.
MAKERS = {"loyalty/aws.py", "analytics/export/target.py", "analytics/export/job.py"}
# Speaks over a socket whose every read ends at one deadline.
OWN_DEADLINE = {"loyalty/integrations/outside.py"}


def _sources() -> Iterator[tuple[str, ast.Module]]:
    for room in ROOMS:
        for path in sorted((REPOSITORY / room).rglob("*.py")):
            yield str(path.relative_to(REPOSITORY)), ast.parse(path.read_text())


def _calls(tree: ast.Module) -> Iterator[tuple[ast.Call, str]]:
    """Each call with what is called, as it is written."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield node, ast.unparse(node.func)


def _given(call: ast.Call) -> dict[str | None, ast.expr]:
    return {keyword.arg: keyword.value for keyword in call.keywords}


def _tasks(states: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, state in states.items():
        if state["Type"] == "Task":
            yield name, state
        for branch in state.get("Branches", []):
            yield from _tasks(branch["States"])
        yield from _tasks(state.get("ItemProcessor", {}).get("States", {}))


def _machines(templates: Assembly) -> Iterator[tuple[str, dict[str, Any]]]:
    for machine in templates.resources("AWS::StepFunctions::StateMachine"):
        text = machine.properties["DefinitionString"]
        parts = text["Fn::Join"][1] if isinstance(text, dict) else [text]
        yield str(machine), json.loads("".join(part if isinstance(part, str) else "<reference>" for part in parts))


@pytest.mark.parametrize("where", ["assembly", "laptop"])
def test_every_task_of_every_machine_ends_and_is_tried_again_by_chance_and_to_a_limit(
    where: str, request: pytest.FixtureRequest
) -> None:
    machines = list(_machines(request.getfixturevalue(where)))
    assert len(machines) >= 4
    for machine, definition in machines:
        for name, task in _tasks(definition["States"]):
            assert task["TimeoutSeconds"] > 0, f"{machine}: {name}"
            assert task["Retry"], f"{machine}: {name}"
            for retry in task["Retry"]:
                assert retry["JitterStrategy"] == "FULL", f"{machine}: {name}"
                assert 1 <= retry["MaxAttempts"] <= 1_000, f"{machine}: {name}"
                assert 1 <= retry["MaxDelaySeconds"] <= 300, f"{machine}: {name}"


def test_clients_of_aws_are_made_in_one_place() -> None:
    importing = {
        path
        for path, tree in _sources()
        for node in ast.walk(tree)
        if (isinstance(node, ast.Import) and any(name.name.split(".")[0] == "boto3" for name in node.names))
        or (isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "boto3")
    }
    assert importing == MAKERS


@pytest.mark.parametrize("path", sorted(MAKERS))
def test_where_clients_of_aws_are_made_they_are_told_when_to_give_up(path: str) -> None:
    calls = list(_calls(ast.parse((REPOSITORY / path).read_text())))
    configs = [_given(call) for call, name in calls if name == "Config"]
    assert configs
    for given in configs:
        assert {"connect_timeout", "read_timeout", "retries"} <= set(given)
        assert "standard" in ast.unparse(given["retries"]), "whose pauses have jitter"
    made = [call for call, name in calls if name in ("boto3.client", "made")]
    assert made
    for call in made:
        assert "config" in _given(call), ast.unparse(call)


def test_a_client_of_aws_gives_up_as_it_was_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    usual, hasty = aws.client("sqs").meta.config, aws.client("sqs", read_seconds=0.4, attempts=1).meta.config
    assert (usual.connect_timeout, usual.read_timeout, hasty.read_timeout) == (2, 5, 0.4)
    assert usual.retries == {"mode": "standard", "total_max_attempts": 3}
    assert hasty.retries["total_max_attempts"] == 1
    assert aws.client("sqs", read_seconds=aws.LONG_POLL_SECONDS).meta.config.read_timeout > 20, (
        "a long poll lasts so long"
    )
    assert aws.client("s3", **aws.REGIONAL).meta.config.signature_version == "s3v4"


def test_every_call_by_http_says_how_long_and_how_often() -> None:
    asked = []
    for path, tree in _sources():
        for call, name in _calls(tree):
            if name.endswith(("http.request", "_http().request")) or "PoolManager().request" in name:
                asked.append(path)
                assert {"timeout", "retries"} <= set(_given(call)), f"{path}:{call.lineno}"
    assert len(asked) >= 6


def test_no_other_way_to_the_outside_is_used() -> None:
    for path, tree in _sources():
        imported = {
            name.split(".")[0]
            for node in ast.walk(tree)
            for name in (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom) and not node.level
                else []
            )
        }
        assert not imported & {"requests", "httpx", "aiohttp", "smtplib", "ftplib"}, path
        for call, name in _calls(tree):
            last = name.rpartition(".")[2]
            where = f"{path}:{call.lineno}: {name}"
            # A pool's own, which every call of it goes through.
            assert last != "urlopen" or name == "super().urlopen", where
            if last in ("HTTPConnection", "HTTPSConnection"):
                assert path in OWN_DEADLINE, where
            if name == "socket.create_connection":
                assert "timeout" in _given(call), where
            if name == "psycopg.connect":
                assert "connect_timeout" in _given(call), where


def test_whoever_opens_a_socket_of_their_own_ends_every_wait_on_it() -> None:
    for path in OWN_DEADLINE:
        assert "settimeout(" in Path(REPOSITORY / path).read_text(), path
