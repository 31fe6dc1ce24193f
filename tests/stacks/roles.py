"""Every IAM role of the templates, with what it may and who assumes it; and what its code, or its machine, calls."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.stacks.assembly import Assembly, Resource, Target, listed
from tests.stacks.calls import actions_called
from tests.stacks.test_functions import runners

NETWORK_INTERFACES = {
    *("ec2:CreateNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets"),
    *("ec2:DeleteNetworkInterface", "ec2:AssignPrivateIpAddresses", "ec2:UnassignPrivateIpAddresses"),
}
WRITTEN_LOGS = {"logs:CreateLogStream", "logs:PutLogEvents"}
TRACES = {"xray:PutTraceSegments", "xray:PutTelemetryRecords"}
POLLED = {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"}
# Step Functions, by the AWS documentation of its logging and tracing.
DELIVERED_LOGS = {
    *("logs:CreateLogDelivery", "logs:GetLogDelivery", "logs:UpdateLogDelivery", "logs:DeleteLogDelivery"),
    *("logs:ListLogDeliveries", "logs:PutResourcePolicy", "logs:DescribeResourcePolicies", "logs:DescribeLogGroups"),
}
SAMPLED = {"xray:GetSamplingRules", "xray:GetSamplingTargets"}
# By the AWS documentation of each integration: what `.sync` needs to wait for a job and to stop it.
WAITED_FOR = {
    "glue:startJobRun": {"glue:GetJobRun", "glue:GetJobRuns", "glue:BatchStopJobRun"},
    **{
        f"sagemaker:create{job}": {
            *(f"sagemaker:Describe{job}", f"sagemaker:Stop{job}", "sagemaker:ListTags", "sagemaker:AddTags"),
            *("events:DescribeRule", "events:PutRule", "events:PutTargets"),
        }
        for job in ("TrainingJob", "TransformJob", "ProcessingJob")
    },
}
INVOKED = {"lambda:invoke": "lambda:InvokeFunction"}
SDK_PREFIXES = {"redshiftdata": "redshift-data", "redshiftserverless": "redshift-serverless"}
# How the properties of what is encrypted name the key.
KEY_PROPERTIES = ("KMSMasterKeyID", "KmsMasterKeyId", "KmsKeyId", "KMSKeyId")


@dataclass(frozen=True)
class Role:
    """`name`: part/Id. `services`: who may assume it. `statements`: resources as the template has them."""

    name: str
    resource: Resource
    services: frozenset[str]
    statements: tuple[dict[str, Any], ...]

    def allowed(self) -> set[str]:
        return {
            action for one in self.statements if one["Effect"] == "Allow" for action in listed(one.get("Action", []))
        }


def roles(assembly: Assembly) -> list[Role]:
    return [
        Role(
            f"{one.stack.rsplit('-', 1)[1]}/{re.sub('[0-9A-F]{8}$', '', one.id)}",
            one,
            frozenset(
                service
                for statement in one.properties["AssumeRolePolicyDocument"]["Statement"]
                for service in listed(statement["Principal"].get("Service", []))
            ),
            tuple(assembly.statements(one.stack, one.id)),
        )
        for one in assembly.resources("AWS::IAM::Role")
    ]


def called_by_code(assembly: Assembly) -> dict[str, set[str]]:
    """By role of a function or a task: what its code calls, and what the template makes AWS do in its name."""
    found: dict[str, set[str]] = {}
    fed = {
        assembly.follow(one.stack, one.properties["FunctionName"])[:2]
        for one in assembly.resources("AWS::Lambda::EventSourceMapping")
        if "EventSourceArn" in one.properties
    }
    told_of_failures = {
        assembly.follow(one.stack, one.properties["FunctionName"])[:2]
        for one in assembly.resources("AWS::Lambda::EventInvokeConfig")
        if "OnFailure" in one.properties.get("DestinationConfig", {})
    }
    for runner in runners(assembly):
        resource, told = runner.resource, runner.environment
        if resource.type == "AWS::Lambda::Function":
            entry, _, main = resource.properties["Handler"].rpartition(".")
            needed = set(WRITTEN_LOGS)
            needed |= NETWORK_INTERFACES if "VpcConfig" in resource.properties else set()
            needed |= TRACES if resource.properties.get("TracingConfig") == {"Mode": "Active"} else set()
            needed |= POLLED if resource[:2] in fed else set()
            if "DeadLetterConfig" in resource.properties or resource[:2] in told_of_failures:
                needed.add("sqs:SendMessage")
        else:
            entry, main, needed = f"containers.{runner.name}.__main__", "main", set()
        called = set(actions_called(entry, main))
        # Passwords are a laptop's, in a variable of its own; a token is a cloud's.
        if not any(name.endswith("SECRET_ARN") or name == "OUTSIDE_PARTIES" for name in told):
            called.discard("secretsmanager:GetSecretValue")
        if "DATABASE_SECRET_ARN" in told:
            called.discard("rds-db:connect")
        found[f"{resource.stack}/{runner.role_id}"] = called | needed
    return found


def called_by_machines(assembly: Assembly) -> dict[str, set[str]]:
    """The same by role of a state machine, from its definition."""
    found = {}
    for machine in assembly.resources("AWS::StepFunctions::StateMachine"):
        text = json.dumps(machine.properties["DefinitionString"])
        called = DELIVERED_LOGS if "LoggingConfiguration" in machine.properties else set[str]()
        if machine.properties.get("TracingConfiguration") == {"Enabled": True}:
            called = called | TRACES | SAMPLED
        for place in set(re.findall(r"arn:aws:states:::([\w:.-]+)", text)):
            called = called | set(_integration(place))
        if re.search(r'\b(?:Execution)?RoleArn\\+"', text):
            called = called | {"iam:PassRole"}
        role = assembly.follow(machine.stack, machine.properties["RoleArn"])
        found[f"{role.stack}/{role.id}"] = called
    return found


def _integration(place: str) -> Iterator[str]:
    if place.startswith("aws-sdk:"):
        _, service, operation = place.split(":")
        yield f"{SDK_PREFIXES.get(service, service)}:{operation[0].upper()}{operation[1:]}"
        return
    operation, _, pattern = place.partition(".")
    service, _, method = operation.partition(":")
    yield INVOKED.get(operation, f"{service}:{method[0].upper()}{method[1:]}")
    if pattern.startswith("sync"):
        yield from WAITED_FOR[operation]


def keys_that_are_needed(assembly: Assembly, role: Role) -> set[Target]:
    """The keys of what the role may read or write."""
    return {key for statement in role.statements for key in keys_of(assembly, role, statement)}


def keys_of(assembly: Assembly, role: Role, statement: dict[str, Any]) -> set[Target]:
    """The keys of what a statement of the role is about."""
    found = set()
    for resource in listed(statement.get("Resource", [])):
        for target in targets(assembly, role.resource.stack, resource):
            one = assembly.at(target)
            if "SecretId" in one.properties:
                one = assembly.at(assembly.follow(one.stack, one.properties["SecretId"]))
            found |= {Target(*key[:2]) for key in key_of(assembly, one)}
    return found


def key_of(assembly: Assembly, resource: Resource) -> Iterator[Target]:
    """The key of ours that encrypts it, if one does."""
    text = [(name, value) for name, value in _inside(resource.properties) if name in KEY_PROPERTIES]
    for _, value in text:
        if isinstance(value, dict):
            yield Target(*assembly.follow(resource.stack, value)[:2])


def _inside(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield name, inner
            yield from _inside(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _inside(inner)


def targets(assembly: Assembly, stack: str, value: Any) -> Iterator[Target]:
    """Everything of ours that a value refers to."""
    match value:
        case {"Ref": str(id)} if id not in assembly.templates[stack]["Resources"]:
            return
        case {"Ref": _} | {"Fn::GetAtt": _} | {"Fn::GetStackOutput": _} | {"Fn::ImportValue": _}:
            yield assembly.follow(stack, value)
        case dict():
            for inner in value.values():
                yield from targets(assembly, stack, inner)
        case list():
            for inner in value:
                yield from targets(assembly, stack, inner)
