"""A training job: channels and hyperparameters below /opt/ml/input, a model below /opt/ml/model."""

from __future__ import annotations

import json
import re
from typing import Any

from local.simulators.sagemaker import objects
from local.simulators.sagemaker.jobs import arn, seconds
from local.simulators.sagemaker.working import Failed, Job

HOST = "algo-1"


def train(job: Job) -> dict[str, Any]:
    """Artefact and metrics."""
    asked = job.asked
    job.step("Downloading", "Downloading input data")
    _inputs(job, asked)
    job.step("Training", "Training image download completed. Training in progress.")
    environment = {
        "TRAINING_JOB_NAME": job.name,
        "TRAINING_JOB_ARN": arn("training-job", job.name),
        **asked.get("Environment", {}),
    }
    code, said = job.ran(["train"], environment)
    if code:
        raise Failed(f"AlgorithmError: {job.own_words('output/failure')}, exit code: {code}")
    job.step("Uploading", "Uploading generated training model")
    place = f"{asked['OutputDataConfig']['S3OutputPath'].rstrip('/')}/{job.name}/output"
    archive = objects.packed(job.root / "model", job.root / "model.tar.gz")
    objects.put(f"{place}/model.tar.gz", archive.read_bytes())
    if any((job.root / "output" / "data").iterdir()):
        archive = objects.packed(job.root / "output" / "data", job.root / "output.tar.gz")
        objects.put(f"{place}/output.tar.gz", archive.read_bytes())
    definitions = asked["AlgorithmSpecification"].get("MetricDefinitions", [])
    moment = seconds(job.row["changed_at"])
    return {"artefact": f"{place}/model.tar.gz", "metrics": json.dumps(metrics(definitions, said, moment))}


def metrics(definitions: list[dict[str, str]], said: str, moment: float) -> list[dict[str, Any]]:
    """The last number that each definition's expression finds in the log."""
    found = []
    for definition in definitions:
        numbers = [match[1] for match in re.finditer(definition["Regex"], said)]
        if numbers:
            found.append({"MetricName": definition["Name"], "Value": float(numbers[-1]), "Timestamp": moment})
    return found


def _inputs(job: Job, asked: dict[str, Any]) -> None:
    for folder in ("input/config", "model", "output/data"):
        (job.root / folder).mkdir(parents=True)
    channels = {}
    for channel in asked.get("InputDataConfig", []):
        name = channel["ChannelName"]
        objects.fetch(channel["DataSource"]["S3DataSource"]["S3Uri"], job.root / "input" / "data" / name)
        channels[name] = {
            "TrainingInputMode": "File",
            "S3DistributionType": "FullyReplicated",
            "RecordWrapperType": "None",
        }
        if "ContentType" in channel:
            channels[name]["ContentType"] = channel["ContentType"]
    resources = {"current_host": HOST, "hosts": [HOST], "network_interface_name": "eth0"}
    written = {
        "hyperparameters": asked.get("HyperParameters", {}),
        "inputdataconfig": channels,
        "resourceconfig": resources,
    }
    for name, what in written.items():
        (job.root / "input" / "config" / f"{name}.json").write_text(json.dumps(what))
