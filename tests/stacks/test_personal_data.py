"""Machines, messages and events carry ids, states and amounts: nothing that says who somebody is or where they live."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stacks import engine, invoices
from tests.stacks.assembly import Assembly

# As whole words of a key or of a path in an expression: `redemption_id` passes, `full_name` and `shipTo.phone` do not.
PERSONAL = re.compile(
    r"(?<![a-z])(name|names|address|addresses|phone|email|e-mail|mail|street|city|postal|postcode|zip|surname|birth|"
    r"claim_code|otp|contact)(?![a-z])",
    re.IGNORECASE,
)
# What a machine itself must say to name whom it calls.
MACHINE_WORDS = {"FunctionName", "StateName"}
# Ours are named by the redemption's id.
EXECUTIONS_OWN = "$states.context.Execution.Name"
MACHINES = {path.stem: json.loads(path.read_text())["States"] for path in (engine.DEFINITION, invoices.DEFINITION)}
SCHEMAS = Path(__file__).resolve().parents[2] / "docs" / "events"


def _said(value: Any) -> Iterator[str]:
    """Every key and every string below a payload."""
    match value:
        case dict():
            for key, inner in value.items():
                if key not in MACHINE_WORDS:
                    yield str(key)
                    yield from _said(inner)
        case list():
            for inner in value:
                yield from _said(inner)
        case str():
            yield value.replace(EXECUTIONS_OWN, "")


def _payloads(node: Any) -> Iterator[Any]:
    """What states hand over, keep and answer, at any depth of the machine."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key in ("Arguments", "Parameters", "Assign", "Output", "ItemSelector", "Result", "ResultSelector"):
                yield value
            else:
                yield from _payloads(value)
    elif isinstance(node, list):
        for value in node:
            yield from _payloads(value)


def _words(text: str) -> str:
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", text)


def _personal(payload: Any) -> list[str]:
    return [text for text in _said(payload) if PERSONAL.search(_words(text))]


@pytest.mark.parametrize("machine", MACHINES)
def test_a_machine_hands_over_ids_only(machine: str) -> None:
    payloads = list(_payloads(MACHINES[machine]))
    assert payloads
    for payload in payloads:
        assert _personal(payload) == []


@pytest.mark.parametrize(
    "payload",
    [
        {"full_name": "x"},
        {"shipTo": {"city": "x"}},
        {"to": "{% $states.input.phone %}"},
        {"memberEmail": "x"},
        {"deliveryAddress": "x"},
        [{"contact": "x"}],
    ],
)
def test_a_payload_that_says_who_somebody_is_would_be_found(payload: Any) -> None:
    assert _personal(payload)


@pytest.mark.parametrize("payload", [{"redemption_id": "x"}, {"programme": 1}, {"FunctionName": "x"}, {"outcome": "y"}])
def test_ids_states_and_amounts_are_no_personal_data(payload: Any) -> None:
    assert not _personal(payload)


def test_events_are_described_by_ids_only() -> None:
    for schema in SCHEMAS.glob("*.json"):
        assert _personal(json.loads(schema.read_text()).get("properties", {})) == [], schema.name


def test_a_rule_says_nothing_of_its_own(assembly: Assembly) -> None:
    for rule in assembly.resources("AWS::Events::Rule"):
        for target in rule.properties["Targets"]:
            assert not {"Input", "InputPath", "InputTransformer"} & set(target), str(rule)


@pytest.mark.parametrize("machine", MACHINES)
def test_a_step_of_a_machine_cannot_wait_for_ever(machine: str) -> None:
    for name, state in MACHINES[machine].items():
        if state["Type"] == "Task":
            assert state.get("TimeoutSeconds"), f"{name}: a machine's own timeout is not enforced everywhere"
