"""The handbook's calls of AWS, made of the local cloud as they stand, with its own outputs filled in."""

from __future__ import annotations

import json
from typing import Any

import pytest

from local.connected import Connected
from tests.cloud import ON_CLOUD
from tests.operations.handbook import FILL, OF_THE_CLI, Command, aws_call, commands, required, service_model

pytestmark = ON_CLOUD

# What would change the cloud that other tests use, or what the emulator has not; the call itself is checked in
# tests/operations/test_commands.py against AWS's own description.
NOT_HERE = {
    (
        "lambda",
        "<ReadoptionFunctionName>",
    ): "takes up a restore; tests/domain/reconciliation does, on a database of its own",
    ("lambda", "<MigrateFunctionName>"): "would put the plain clock back; tests/stacks/test_migrate.py does it",
    ("lambda", "<event id>"): "there is no parked event; tests/domain/outbox sends one again",
    ("secretsmanager", "file://"): "would replace what the cloud's services come with",
    ("secretsmanager", "AWSPREVIOUS"): "nobody has put in a second version here",
    ("secretsmanager", "<arn>"): "the same call, with the file",
    ("cloudformation", "cancel-update-stack"): "there is no deployment to cancel",
    ("cloudformation", "continue-update-rollback"): "there is none to lead on",
    ("sqs", "<arn of the dead letters>"): "moves whatever other tests left there",
    ("sqs", "<address of the dead letters>"): "throws away whatever other tests left there",
    ("cloudtrail", "cloudtrail"): "the laptop has no trail",
    ("ce", " ce "): "the laptop has no bill",
    ("cloudwatch", "get-metric-statistics"): "the laptop's database is no cluster with figures",
    ("backup", "backup"): "the laptop has no other region",
    ("ec2", "security-group-ingress"): "the laptop has no firewall",
    ("ecs", " ecs "): "would stop the services that other tests use",
    ("application-autoscaling", "scalable-target"): "nothing grows on the laptop",
    ("events", "<rule>"): "would stop what other tests wait for",
    ("lambda", "<function>"): "would close a door that other tests use",
    ("rds", "rds"): "would make a second cluster of the one that other tests use",
    ("lambda", "<SweeperFunctionName>"): "runs each minute by itself; tests/local/test_zz_schedules.py",
    ("lambda", "<OutboxRelayFunctionName> /dev/stdout"): "runs each minute by itself; tests/local/test_zz_schedules.py",
}
CALLS = [one for one in commands() if one.text.startswith("aws ") and not one.text.startswith(OF_THE_CLI)]


def _why_not(command: Command) -> str:
    call = aws_call(command)
    if required(call) - set(call.given):
        return "stands in a sentence, without what it needs"
    return next(
        (why for (service, mark), why in NOT_HERE.items() if call.service == service and mark in command.text), ""
    )


RUN = [command for command in CALLS if not _why_not(command)]


def test_no_reason_is_left_of_a_call_that_is_gone() -> None:
    for service, mark in NOT_HERE:
        assert any(mark in one.text and one.words[1] == service for one in CALLS), (service, mark)


@pytest.mark.parametrize("command", RUN, ids=str)
def test_a_call_of_the_handbook_is_answered(cloud: Connected, command: Command) -> None:
    yours = {"e-mail": "handbook@staff.example", "part": "api"}

    def filled(text: str) -> str:
        return FILL.sub(lambda found: cloud.outputs[found[1]] if found[1][0].isupper() else yours[found[1]], text)

    call = aws_call(command)
    shape = service_model(call.service).operation_model(call.operation).input_shape
    assert shape is not None
    parameters: dict[str, Any] = {}
    for name, value in call.given.items():
        text = filled(value).replace("loyalty-prod-", "loyalty-local-")
        kind = shape.members[name].type_name
        # The CLI's short form of a list of structures.
        parameters[name] = (
            [dict(pair.split("=", 1) for pair in one.split(",")) for one in text.split()] if kind == "list" else text
        )
    client = cloud.client(call.service)
    method = next(name for name, known in client.meta.method_to_api_mapping.items() if known == call.operation)
    answer = getattr(client, method)(**parameters)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] in (200, 202)
    if call.operation == "Invoke":
        assert "FunctionError" not in answer, answer["Payload"].read()
        assert isinstance(json.loads(answer["Payload"].read()), dict)
