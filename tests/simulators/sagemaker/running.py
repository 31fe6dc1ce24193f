"""The stand-in in a thread on a free port, with a bucket, and boto3's client of the real service."""

from __future__ import annotations

import functools
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import uvicorn
from botocore.config import Config

from local.postgres import free_port
from local.simulators.sagemaker import create_app
from tests.simulators.loopback import loopback

BUCKET = "lake"
IMAGE = "000000000000.dkr.ecr.us-east-1.amazonaws.com/assets:forecast"
ROLE = "arn:aws:iam::000000000000:role/insight"
QUICK = str(Path(__file__).with_name("image.py"))
INSTANCE = {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 10}


@dataclass(frozen=True, slots=True)
class SageMakerStandIn:
    """A running stand-in. `objects`: what S3 holds, by bucket/key."""

    base_url: str
    objects: dict[str, bytes]

    def client(self, **more: Any) -> Any:
        """Without retries."""
        return _client(self.base_url, **more)

    def fault(self, operation: str, kind: str, times: int = 1) -> None:
        """The next `times` calls of the operation go wrong in this way."""
        body = {"operation": operation, "kind": kind, "times": times}
        loopback.put(f"{self.base_url}/_simulator/faults", json=body).raise_for_status()

    def settings(self, **settings: Any) -> None:
        loopback.put(f"{self.base_url}/_simulator/settings", json=settings).raise_for_status()

    def rows(self, table: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = loopback.get(f"{self.base_url}/_simulator/{table}").json()
        return rows

    def train(self, name: str, how: str = "", **more: Any) -> None:
        """A training job of the channel `panel`."""
        self.client().create_training_job(**training(name, how) | more)

    def process(self, name: str, how: str = "", command: str = "copy", **more: Any) -> None:
        """A processing job from in/ to out/."""
        self.client().create_processing_job(**processing(name, how, command) | more)

    def transform(self, name: str, model: str, source: str, **more: Any) -> None:
        """A transform of the objects of a prefix."""
        self.client().create_transform_job(**transforming(name, model, source) | more)

    def ended(self, kind: str, name: str) -> dict[str, Any]:
        """The job when it is over."""
        described, noun = getattr(self.client(), f"describe_{kind}_job"), f"{kind.capitalize()}Job"
        for _ in range(600):
            job: dict[str, Any] = described(**{f"{noun}Name": name})
            if job[f"{noun}Status"] not in ("InProgress", "Stopping"):
                return job
            time.sleep(0.03)
        raise AssertionError("the job does not end")


@functools.cache
def _client(address: str, **more: Any) -> Any:
    return boto3.client(
        "sagemaker",
        endpoint_url=address,
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
        config=Config(retries={"total_max_attempts": 1}, read_timeout=20, **more),
    )


def training(name: str, how: str = "") -> dict[str, Any]:
    return {
        "TrainingJobName": name,
        "AlgorithmSpecification": {
            "TrainingImage": IMAGE,
            "TrainingInputMode": "File",
            "MetricDefinitions": [{"Name": "wql", "Regex": "measured wql=([0-9.]+)"}],
        },
        "RoleArn": ROLE,
        "HyperParameters": {"seed": "0"},
        "InputDataConfig": [{"ChannelName": "panel", "DataSource": {"S3DataSource": _prefix("panel/")}}],
        "OutputDataConfig": {"S3OutputPath": f"s3://{BUCKET}/models"},
        "ResourceConfig": INSTANCE,
        "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
        "Environment": {"HOW": how} if how else {},
    }


def processing(name: str, how: str = "", command: str = "copy") -> dict[str, Any]:
    where = {"LocalPath": "/opt/ml/processing/in", "S3InputMode": "File", **_prefix("in/")}
    out = {"LocalPath": "/opt/ml/processing/out", "S3Uri": f"s3://{BUCKET}/out/{name}", "S3UploadMode": "EndOfJob"}
    return {
        "ProcessingJobName": name,
        "RoleArn": ROLE,
        "AppSpecification": {"ImageUri": IMAGE, "ContainerArguments": [command]},
        "ProcessingInputs": [{"InputName": "in", "S3Input": where}],
        "ProcessingOutputConfig": {"Outputs": [{"OutputName": "out", "S3Output": out}]},
        "ProcessingResources": {"ClusterConfig": INSTANCE},
        "Environment": {"HOW": how} if how else {},
    }


def transforming(name: str, model: str, source: str) -> dict[str, Any]:
    return {
        "TransformJobName": name,
        "ModelName": model,
        "TransformInput": {"DataSource": {"S3DataSource": _prefix(source)}, "ContentType": "application/zip"},
        "TransformOutput": {"S3OutputPath": f"s3://{BUCKET}/out/{name}"},
        "TransformResources": {"InstanceCount": 1, "InstanceType": "ml.m5.large"},
    }


def _prefix(key: str) -> dict[str, str]:
    return {"S3DataType": "S3Prefix", "S3Uri": f"s3://{BUCKET}/{key}"}


@contextmanager
def sagemaker_stand_in(path: Path, objects: dict[str, bytes]) -> Iterator[SageMakerStandIn]:
    """Serve until the block ends; jobs start at once, and run the quick image."""
    port = free_port()
    config = uvicorn.Config(
        create_app(path), host="127.0.0.1", port=port, log_level="critical", timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    stand_in = SageMakerStandIn(f"http://127.0.0.1:{port}", objects)
    stand_in.settings(start_seconds=0, entry_point=["-S", "-E", QUICK], stop_seconds=0.3)
    yield stand_in
    server.should_exit = True
    thread.join(20)
