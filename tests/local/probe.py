"""A small stack beside the product's, whose resources show what the emulator's patches do."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from local.connected import Connected

STACK = "emulator-probe"
ROLE = "arn:aws:iam::000000000000:role/probe"

# What a test asks of the function is in the event; it writes what it was called with into its log.
CODE = """
import json, os, sys, time

class DatabaseUnavailable(Exception):
    pass

def handler(event, context):
    print("called with " + json.dumps(event))
    if event.get("fail"):
        raise DatabaseUnavailable("nobody answers")
    if event.get("sleep"):
        time.sleep(event["sleep"])
    if event.get("RequestType"):
        raise ValueError("this custom resource cannot be made")
    return {"pid": os.getpid(), "environment": dict(os.environ), "path": sys.path, "version": sys.version,
            "request_id": context.aws_request_id, "left": context.get_remaining_time_in_millis(),
            "event": event, "can_import": [name for name in event.get("import", []) if _importable(name)]}

def _importable(name):
    try:
        __import__(name)
        return True
    except ImportError:
        return False
"""


@dataclass(frozen=True, slots=True)
class Probe:
    """The probe's function and how to use it."""

    cloud: Connected
    function: str
    bucket: str
    queue_url: str
    bus: str
    outputs: dict[str, str]

    def invoke(self, event: dict[str, Any]) -> tuple[bool, Any]:
        """Whether it failed, and its payload."""
        answer = self.cloud.client("lambda").invoke(FunctionName=self.function, Payload=json.dumps(event))
        return "FunctionError" in answer, json.loads(answer["Payload"].read())

    def was_called_with(self, needle: str, *, within_seconds: float = 10) -> bool:
        """Whether the function's log shows a call with `needle`, now or soon."""
        return eventually(lambda: bool(self.cloud.function_log(self.function, needle)), within_seconds)


def eventually(holds: Callable[[], bool], within_seconds: float = 10) -> bool:
    """Whether `holds()` now or within some seconds."""
    deadline = time.monotonic() + within_seconds
    while time.monotonic() < deadline:
        try:
            if holds():
                return True
        except Exception:  # not there yet, as a log group before its first line
            pass
        time.sleep(0.1)
    return False


@pytest.fixture(scope="session")
def probe(cloud: Connected) -> Iterator[Probe]:
    """The probe, deployed into the session's cloud."""
    deploy(cloud, STACK, template())
    described = cloud.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"][0]
    outputs = {one["OutputKey"]: one["OutputValue"] for one in described["Outputs"]}
    yield Probe(cloud, outputs["Function"], outputs["Bucket"], outputs["Queue"], outputs["Bus"], outputs)
    cloud.client("cloudformation").delete_stack(StackName=STACK)


def deploy(cloud: Connected, name: str, body: dict[str, Any]) -> str:
    """Create a stack and return how it ended."""
    formation = cloud.client("cloudformation")
    formation.create_stack(StackName=name, TemplateBody=json.dumps(body))

    def status() -> str:
        return str(formation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"])

    assert eventually(lambda: not status().endswith("IN_PROGRESS"), 30)
    return status()


def function(timeout_seconds: int = 20) -> dict[str, Any]:
    """A function resource with the probe's code."""
    return {
        "Type": "AWS::Lambda::Function",
        "Properties": {
            "Runtime": "python3.13",
            "Handler": "index.handler",
            "Role": ROLE,
            "Timeout": timeout_seconds,
            "Code": {"ZipFile": CODE},
            "Environment": {"Variables": {"OF_THE_FUNCTION": "yes"}},
        },
    }


def template() -> dict[str, Any]:
    """A function with a bucket, a queue and a bus that call it, and things that only AWS has."""
    arn = {"Fn::GetAtt": ["Function", "Arn"]}
    return {
        "Resources": {
            "Function": function(),
            "MayCall": {
                "Type": "AWS::Lambda::Permission",
                "Properties": {"Action": "lambda:InvokeFunction", "FunctionName": arn, "Principal": "s3.amazonaws.com"},
            },
            "Bucket": {
                "Type": "AWS::S3::Bucket",
                "DependsOn": ["MayCall"],
                "Properties": {
                    "NotificationConfiguration": {
                        "LambdaConfigurations": [{"Event": "s3:ObjectCreated:*", "Function": arn}]
                    }
                },
            },
            "Queue": {"Type": "AWS::SQS::Queue"},
            "Bus": {"Type": "AWS::Events::EventBus", "Properties": {"Name": "probe"}},
            "Rule": {
                "Type": "AWS::Events::Rule",
                "Properties": {
                    "EventBusName": {"Ref": "Bus"},
                    "EventPattern": {"source": ["probe"]},
                    "Targets": [{"Id": "function", "Arn": arn}],
                },
            },
            "Unknown": {"Type": "AWS::Personalize::DatasetGroup", "Properties": {"Name": "probe-group"}},
            "Helper": {
                "Type": "Custom::S3AutoDeleteObjects",
                "Properties": {"ServiceToken": "arn:aws:lambda:us-east-1:000000000000:function:not-there"},
            },
        },
        "Outputs": {
            "Function": {"Value": {"Ref": "Function"}},
            "Bucket": {"Value": {"Ref": "Bucket"}},
            "Queue": {"Value": {"Ref": "Queue"}},
            "Bus": {"Value": {"Ref": "Bus"}},
            "UnknownArn": {"Value": {"Fn::GetAtt": ["Unknown", "DatasetGroupArn"]}},
            "UnknownEndpoint": {"Value": {"Fn::Sub": "see ${Unknown.Endpoint}"}},
        },
    }
