"""Our own image, as SageMaker runs it: from the warehouse's tables to forecasts and what the night found besides."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.containers.forecast import nights
from tests.simulators.sagemaker.running import (
    BUCKET,
    IMAGE,
    ROLE,
    SageMakerStandIn,
    processing,
    training,
    transforming,
)

pytestmark = pytest.mark.large

ASINS = ["A", "B", "C"]
MEASURES = ("wql", "wql_naive", "coverage80", "series")


@pytest.fixture(autouse=True)
def ours(stand_in: SageMakerStandIn) -> Iterator[None]:
    """The image itself, not the quick one."""
    stand_in.settings(entry_point=["-m", "containers.forecast"], stop_seconds=20)
    yield
    stand_in.settings(stop_seconds=0.3)


def _uploaded(stand_in: SageMakerStandIn, folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            stand_in.objects[f"{BUCKET}/in/{path.relative_to(folder).as_posix()}"] = path.read_bytes()


def _process(
    stand_in: SageMakerStandIn, name: str, command: str, inputs: dict[str, str], output: str
) -> dict[str, Any]:
    given = processing(name, command=command)
    given["ProcessingInputs"] = [
        {
            "InputName": name,
            "S3Input": {
                "LocalPath": f"/opt/ml/processing/{name}",
                "S3Uri": f"s3://{BUCKET}/{prefix}",
                "S3DataType": "S3Prefix",
                "S3InputMode": "File",
            },
        }
        for name, prefix in inputs.items()
    ]
    place = {
        "LocalPath": f"/opt/ml/processing/{output}",
        "S3Uri": f"s3://{BUCKET}/{output}",
        "S3UploadMode": "EndOfJob",
    }
    given["ProcessingOutputConfig"] = {"Outputs": [{"OutputName": output, "S3Output": place}]}
    stand_in.client().create_processing_job(**given)
    return stand_in.ended("processing", name)


def test_a_night_from_tables_to_forecasts_and_findings(stand_in: SageMakerStandIn, tmp_path: Path) -> None:
    for key in [key for key in stand_in.objects if key.startswith(f"{BUCKET}/panel/")]:
        del stand_in.objects[key]
    gone = nights.availability("B", ("2026-11-01T00:00:00", "out_of_stock"), ("2026-11-04T00:00:00", "available"))
    nights.write(tmp_path, demand=nights.demand(ASINS), products=nights.products([*ASINS, "NEW"]), availability=gone)
    _uploaded(stand_in, tmp_path)
    job = _process(stand_in, "prepared", "prepare", {"in": "in/"}, "panel")
    assert job["ProcessingJobStatus"] == "Completed", job

    given = training("learned")
    given["AlgorithmSpecification"]["MetricDefinitions"] = [
        {"Name": name, "Regex": f"measured {name}=([0-9.]+)"} for name in MEASURES
    ]
    stand_in.client().create_training_job(**given)
    job = stand_in.ended("training", "learned")
    assert job["TrainingJobStatus"] == "Completed", job
    measured = {one["MetricName"]: one["Value"] for one in job["FinalMetricDataList"]}
    assert set(measured) == set(MEASURES)
    assert measured["series"] == 4

    artefact = job["ModelArtifacts"]["S3ModelArtifacts"]
    stand_in.client().create_model(
        ModelName="learned", ExecutionRoleArn=ROLE, PrimaryContainer={"Image": IMAGE, "ModelDataUrl": artefact}
    )
    given = transforming("told", "learned", "panel/")
    given["TransformOutput"]["S3OutputPath"] = f"s3://{BUCKET}/forecast"
    stand_in.client().create_transform_job(**given)
    job = stand_in.ended("transform", "told")
    assert job["TransformJobStatus"] == "Completed", job
    lines = [json.loads(line) for line in stand_in.objects[f"{BUCKET}/forecast/part-00000.zip.out"].splitlines()]
    found = {(line["asin"], line["period"]): line for line in lines}
    assert set(found) == {(asin, step) for asin in [*ASINS, "NEW"] for step in ("day", "week")}
    for (_, step), line in found.items():
        length, most = (28, 90) if step == "day" else (13, 52)
        assert all(len(line[name]) == length for name in ("mean", "q05", "q50", "q95"))
        assert len(line["history"]) <= most
        assert all(low <= high for low, high in zip(line["q10"], line["q90"], strict=True))
    assert found["A", "day"]["basis"] == "model"
    assert found["B", "day"]["history"][-21:-18] == [None, None, None]
    assert found["NEW", "day"]["basis"] == "nothing"

    job = _process(stand_in, "analysed", "analyse", {"in": "in/", "forecast": "forecast/"}, "out")
    assert job["ProcessingJobStatus"] == "Completed", job
    health = json.loads(stand_in.objects[f"{BUCKET}/out/health/health.json"])
    assert (health["series"], health["trends"], health["outlooks"]) == (4, 3, 1)
    assert f"{BUCKET}/out/trends/part-00000.jsonl.gz" in stand_in.objects


def test_what_cannot_be_used_fails_the_job_with_its_reason(stand_in: SageMakerStandIn) -> None:
    stand_in.objects[f"{BUCKET}/nonsense/a.zip"] = b"no zip"
    given = training("nonsense")
    given["InputDataConfig"][0]["DataSource"]["S3DataSource"]["S3Uri"] = f"s3://{BUCKET}/nonsense/"
    stand_in.client().create_training_job(**given)
    job = stand_in.ended("training", "nonsense")
    assert job["FailureReason"] == "AlgorithmError: this is no object of a panel: BadZipFile, exit code: 2"
    stand_in.objects[f"{BUCKET}/broken/plan.json"] = b"{}"
    job = _process(stand_in, "broken", "prepare", {"in": "broken/"}, "panel2")
    assert job["ProcessingJobStatus"] == "Failed"
    assert job["ExitMessage"].startswith("plan.json needs run")
