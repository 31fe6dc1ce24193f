"""The machine of Personalize, run: its states in order, its calls to the stand-in, unloads by DuckDB, no waiting."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from botocore import xform_name
from botocore.exceptions import ClientError

from analytics.warehouse.engine import Warehouse
from tests.faults.expressions import value_of
from tests.simulators.personalize.running import BUCKET, PersonalizeStandIn

DEFINITION = Path(__file__).parents[3] / "stacks" / "personalize.asl.json"
_UNLOAD = re.compile(
    r"UNLOAD \('(?P<select>.*)'\) TO 's3://[^/]+/(?P<place>[^']+)' IAM_ROLE default FORMAT (?P<form>\w+)"
)
MOST_STATES = 20_000
NOW = "2026-04-02T03:04:05.678Z"


class Failed(Exception):
    """A state's error, by its name."""

    def __init__(self, error: str, cause: str = "") -> None:
        super().__init__(f"{error}: {cause}")
        self.error, self.cause = error, cause


@dataclass
class Machine:
    """`values`: what the stack puts into the definition. `files`: the function's handler. `visited`: all states
    entered; `told`: what operators got; `forgotten`: what the other function was told; `calls`: of Personalize, by
    operation."""

    stand_in: PersonalizeStandIn
    warehouse: Warehouse
    values: dict[str, str]
    files: Callable[[dict[str, Any], Any], dict[str, Any]]
    visited: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    forgotten: list[str] = field(default_factory=list)
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    rows: list[tuple[Any, ...]] = field(default_factory=list)

    def run(self, name: str, given: dict[str, Any] | None = None) -> Any:
        """The execution's output. Raises Failed."""
        text = re.sub(r"\$\{(\w+)\}", lambda found: self.values[found[1]], DEFINITION.read_text())
        return self._states(
            json.loads(text), given or {}, {}, {"Execution": {"Name": name, "Input": given or {}, "StartTime": NOW}}
        )

    def _states(self, machine: dict[str, Any], current: Any, variables: dict[str, Any], context: dict[str, Any]) -> Any:
        name = machine["StartAt"]
        for _ in range(MOST_STATES):
            state = machine["States"][name]
            self.visited.append(name)
            try:
                how, named = self._enter(state, current, variables, context)
            except Failed as failed:
                how, named = self._caught(state, failed)
                current = named["errorOutput"]
            scope = {**variables, "states": {"input": current, "context": context, **named}}
            if state["Type"] == "Fail":
                raise Failed(value_of(state["Error"], scope), value_of(state["Cause"], scope))
            if "Output" in how:
                current = value_of(how["Output"], scope)
            elif "result" in named:
                current = named["result"]
            if "Assign" in how:
                variables = {**variables, **value_of(how["Assign"], scope)}
            if how.get("End"):
                return current
            name = how["Next"]
        raise AssertionError("the machine does not come to its end")

    def _enter(
        self, state: dict[str, Any], current: Any, variables: dict[str, Any], context: dict[str, Any]
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        context = {**context, "State": {"EnteredTime": NOW}}
        scope = {**variables, "states": {"input": current, "context": context}}
        match state["Type"]:
            case "Task":
                return state, {"result": self._task(state, value_of(state["Arguments"], scope))}
            case "Choice":
                chosen = (rule for rule in state["Choices"] if value_of(rule["Condition"], scope))
                return next(chosen, {"Next": state.get("Default")}), {}
            case "Map":
                items = value_of(state["Items"], scope)
                assert isinstance(items, list), items
                inner = state["ItemProcessor"]
                return state, {"result": [self._states(inner, item, variables, context) for item in items]}
        return state, {}

    @staticmethod
    def _caught(state: dict[str, Any], failed: Failed) -> tuple[dict[str, Any], dict[str, Any]]:
        for catcher in state.get("Catch", ()):
            if {failed.error, "States.ALL"} & set(catcher["ErrorEquals"]):
                return catcher, {"errorOutput": {"Error": failed.error, "Cause": failed.cause}}
        raise failed

    def _task(self, state: dict[str, Any], arguments: dict[str, Any]) -> Any:
        """Tried again as often as the state says, without the pauses."""
        retry = state["Retry"][0]
        for attempt in range(retry["MaxAttempts"] + 1):
            try:
                return self._call(state["Resource"], arguments)
            except Failed as failed:
                if failed.error not in retry["ErrorEquals"] or attempt == retry["MaxAttempts"]:
                    raise
        raise AssertionError

    def _call(self, resource: str, arguments: dict[str, Any]) -> Any:
        service, action = resource.split(":")[-2:]
        match service:
            case "lambda":
                if arguments["FunctionName"] == "events":
                    self.forgotten.append(arguments["Payload"]["forgotten"])
                    return {"Payload": {"forgotten": 0}}
                answer = self.files(arguments["Payload"], None)
                return {"Payload": json.loads(json.dumps(answer))}
            case "sns":
                self.told.append(arguments["Message"])
                return {}
            case "redshiftdata":
                return self._statement(action, arguments)
        assert service == "personalize"
        client = self.stand_in.client()
        model = client.meta.service_model.operation_model(action[0].upper() + action[1:])
        self.calls.append((action, arguments))
        try:
            answer = getattr(client, xform_name(model.name))(**_named(arguments, model.input_shape))
        except ClientError as error:
            raise Failed(f"Personalize.{error.response['Error']['Code']}", str(error)) from None
        answer.pop("ResponseMetadata", None)
        return json.loads(json.dumps(_large(answer), default=str))

    def _statement(self, action: str, arguments: dict[str, Any]) -> Any:
        if action == "describeStatement":
            return {"Status": "FINISHED"}
        if action == "getStatementResult":
            return {"Records": [[{"LongValue": cell} for cell in self.rows[0]]]}
        for sql in arguments["Sqls"]:
            if unload := _UNLOAD.match(sql):
                self._unload(unload["select"].replace("''", "'"), unload["place"], unload["form"])
            elif not sql.startswith("SET "):
                self.rows = self.warehouse.query(sql)
        return {"Id": "11111111-1111-1111-1111-111111111111"}

    def _unload(self, select: str, place: str, form: str) -> None:
        (outcome,) = self.warehouse.run([select])
        assert outcome.columns is not None
        names = [column.name for column in outcome.columns]
        if form == "JSON":
            lines = (json.dumps(dict(zip(names, row, strict=True))) for row in outcome.rows)
            self.stand_in.objects[f"{place}0000_part_00.json"] = "\n".join(lines).encode()
            return
        written = io.StringIO()
        csv.writer(written).writerows([names, *outcome.rows])
        self.stand_in.objects[f"{place}0000_part_00.csv"] = written.getvalue().encode()


class Store:
    """S3 as the function has it, over the same objects."""

    def __init__(self, objects: dict[str, bytes]) -> None:
        self._objects = objects

    def get_paginator(self, _: str) -> Store:
        return self

    def paginate(self, Bucket: str, Prefix: str) -> Iterator[dict[str, Any]]:  # noqa: N803 - boto3's names
        assert Bucket == BUCKET
        yield {"Contents": [{"Key": key} for key in sorted(self._objects) if key.startswith(Prefix)]}

    def get_object(self, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803 - boto3's names
        content = self._objects[Key]
        return {"Body": type("Body", (), {"iter_lines": lambda _: iter(content.splitlines())})()}

    def put_object(self, Bucket: str, Key: str, Body: bytes) -> None:  # noqa: N803 - boto3's names
        self._objects[Key] = Body


def _named(value: Any, shape: Any) -> Any:
    """As the SDK names members; Step Functions begins them large."""
    if shape.type_name == "structure" and isinstance(value, dict):
        names = {name[0].upper() + name[1:]: name for name in shape.members}
        return {names[key]: _named(item, shape.members[names[key]]) for key, item in value.items()}
    if shape.type_name == "list":
        return [_named(item, shape.member) for item in value]
    return value


def _large(value: Any) -> Any:
    if isinstance(value, dict):
        return {key[0].upper() + key[1:]: _large(item) for key, item in value.items()}
    return [_large(item) for item in value] if isinstance(value, list) else value
