"""SageMaker's stand-in runs an image as SageMaker does: files in, a process, files out, and why it failed."""

from __future__ import annotations

import io
import json
import tarfile
import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.simulators.sagemaker.running import BUCKET, IMAGE, ROLE, SageMakerStandIn


def _refused(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def _in_archive(body: bytes, name: str) -> Any:
    with tarfile.open(fileobj=io.BytesIO(body)) as archive:
        file = archive.extractfile(name)
        assert file is not None
        return json.loads(file.read())


def _model(stand_in: SageMakerStandIn, name: str, **more: Any) -> str:
    """A model of what a training job left."""
    artefact = f"s3://{BUCKET}/models/for-all/output/model.tar.gz"
    if artefact.removeprefix("s3://") not in stand_in.objects:
        stand_in.train("for-all")
        assert stand_in.ended("training", "for-all")["TrainingJobStatus"] == "Completed"
    stand_in.client().create_model(
        ModelName=name,
        ExecutionRoleArn=ROLE,
        PrimaryContainer={"Image": IMAGE, "ModelDataUrl": artefact, **more},
    )
    return name


def test_training_gets_its_channels_and_leaves_a_model_and_metrics(stand_in: SageMakerStandIn) -> None:
    stand_in.train("trained")
    job = stand_in.ended("training", "trained")
    assert job["TrainingJobStatus"] == job["SecondaryStatus"] == "Completed"
    artefact = job["ModelArtifacts"]["S3ModelArtifacts"]
    assert artefact == f"s3://{BUCKET}/models/trained/output/model.tar.gz"
    told = _in_archive(stand_in.objects[artefact.removeprefix("s3://")], "model.json")
    assert told["given"] == {"seed": "0"}
    assert told["files"] == ["input/data/panel/a.zip", "input/data/panel/deep/b.zip"]
    assert "AWS_SECRET_ACCESS_KEY" not in told["environment"]
    assert "AWS_ENDPOINT_URL" not in told["environment"]
    assert f"{BUCKET}/models/trained/output/output.tar.gz" in stand_in.objects
    assert [(one["MetricName"], one["Value"]) for one in job["FinalMetricDataList"]] == [("wql", 0.25)]
    steps = [one["Status"] for one in job["SecondaryStatusTransitions"]]
    assert steps == ["Starting", "Downloading", "Training", "Uploading", "Completed"]
    assert job["TrainingStartTime"] <= job["TrainingEndTime"]


def test_a_job_that_exits_with_another_code_than_0_has_failed_for_the_reason_it_wrote(
    stand_in: SageMakerStandIn,
) -> None:
    stand_in.train("failing", "fail")
    job = stand_in.ended("training", "failing")
    assert job["TrainingJobStatus"] == "Failed"
    assert job["FailureReason"] == "AlgorithmError: the column units is missing, exit code: 2"
    assert "ModelArtifacts" not in job
    stand_in.fault("CreateTrainingJob", "kill_job")
    stand_in.train("killed", "wait")
    assert "exit code: -9" in stand_in.ended("training", "killed")["FailureReason"]


def test_nothing_below_a_prefix_fails_the_job(stand_in: SageMakerStandIn) -> None:
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{BUCKET}/nothing/"}}
    stand_in.train("empty", InputDataConfig=[{"ChannelName": "panel", "DataSource": source}])
    job = stand_in.ended("training", "empty")
    assert job["TrainingJobStatus"] == "Failed"
    assert job["FailureReason"].startswith("ClientError: Data download failed: No S3 objects found")


@pytest.mark.parametrize("how", ["wait", "linger"])
def test_a_stopped_job_gets_sigterm_and_then_sigkill(stand_in: SageMakerStandIn, how: str) -> None:
    client, name = stand_in.client(), f"stopped-{how}"
    stand_in.train(name, how)
    until = time.monotonic() + 10
    while client.describe_training_job(TrainingJobName=name)["SecondaryStatus"] != "Training":
        assert time.monotonic() < until
        time.sleep(0.02)
    client.stop_training_job(TrainingJobName=name)
    job = stand_in.ended("training", name)
    assert job["TrainingJobStatus"] == job["SecondaryStatus"] == "Stopped"
    with pytest.raises(ClientError) as error:
        client.stop_training_job(TrainingJobName=name)
    assert _refused(error) == "ValidationException"


def test_a_job_ends_with_its_time(stand_in: SageMakerStandIn) -> None:
    stand_in.fault("CreateTrainingJob", "time_out")
    stand_in.train("late", "wait")
    job = stand_in.ended("training", "late")
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "MaxRuntimeExceeded")


def test_processing_moves_folders_and_tells_its_last_words(stand_in: SageMakerStandIn) -> None:
    stand_in.process("copied")
    job = stand_in.ended("processing", "copied")
    assert (job["ProcessingJobStatus"], job["ExitMessage"]) == ("Completed", "copied")
    assert stand_in.objects[f"{BUCKET}/out/copied/plan.json"] == b"{}"
    stand_in.process("not-copied", "fail")
    job = stand_in.ended("processing", "not-copied")
    assert (job["ProcessingJobStatus"], job["ExitMessage"]) == ("Failed", "copied")
    assert "exit code: 1" in job["FailureReason"]
    assert f"{BUCKET}/out/not-copied/plan.json" not in stand_in.objects


def test_a_transform_sends_each_object_and_captures_which(stand_in: SageMakerStandIn) -> None:
    capture = {"DestinationS3Uri": f"s3://{BUCKET}/captured"}
    stand_in.transform("turned", _model(stand_in, "turning"), "panel/", DataCaptureConfig=capture)
    assert stand_in.ended("transform", "turned")["TransformJobStatus"] == "Completed"
    assert stand_in.objects[f"{BUCKET}/out/turned/a.zip.out"] == b"application/zip:cba"
    assert stand_in.objects[f"{BUCKET}/out/turned/deep/b.zip.out"] == b"application/zip:fed"
    captured = sorted(
        (key.split("/")[2], json.loads(body))
        for key, body in stand_in.objects.items()
        if key.startswith(f"{BUCKET}/captured/")
    )
    assert captured == [
        ("input", [{"prefix": f"s3://{BUCKET}/panel/"}, "a.zip", "deep/b.zip"]),
        ("output", [{"prefix": f"s3://{BUCKET}/out/turned/"}, "a.zip.out", "deep/b.zip.out"]),
    ]


@pytest.mark.parametrize(
    ("key", "body", "reason"),
    [
        ("wrong/a.zip", b"bad", "ClientError: See job logs"),
        ("broken/a.zip", b"broken", "AlgorithmError: See job logs"),
        ("large/a.zip", b"x" * (1024 * 1024 + 1), "larger than MaxPayloadInMB (1)"),
    ],
)
def test_a_transform_with_an_answer_that_is_no_200_leaves_nothing(
    stand_in: SageMakerStandIn, key: str, body: bytes, reason: str
) -> None:
    stand_in.objects[f"{BUCKET}/{key}"] = body
    name = key.split("/")[0]
    stand_in.transform(f"job-{name}", _model(stand_in, f"model-{name}"), f"{name}/")
    job = stand_in.ended("transform", f"job-{name}")
    assert job["TransformJobStatus"] == "Failed"
    assert reason in job["FailureReason"]
    assert not [one for one in stand_in.objects if one.startswith(f"{BUCKET}/out/job-{name}/")]


def test_a_container_that_is_not_well_or_finds_no_model_fails_its_transform(stand_in: SageMakerStandIn) -> None:
    stand_in.settings(ping_seconds=0.5)
    try:
        stand_in.transform("unwell", _model(stand_in, "sick", Environment={"HOW": "sick"}), "panel/")
        assert "did not pass the ping" in stand_in.ended("transform", "unwell")["FailureReason"]
    finally:
        stand_in.settings(ping_seconds=60)
    _model(stand_in, "lost", ModelDataUrl=f"s3://{BUCKET}/nowhere.tar.gz")
    stand_in.transform("without", "lost", "panel/")
    assert "Could not find model data" in stand_in.ended("transform", "without")["FailureReason"]
