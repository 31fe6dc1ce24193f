"""The service at its door: jobs, models and packages over one file."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from starlette.applications import Starlette

from local.simulators.aws_json.door import Call, Door, application
from local.simulators.sagemaker import control, jobs, models, shapes, working
from local.simulators.sagemaker.files import JOBS, OPERATIONS, File
from local.simulators.sagemaker.processing import process
from local.simulators.sagemaker.refusals import Refused, wrong
from local.simulators.sagemaker.training import train
from local.simulators.sagemaker.transforming import transform

KINDS: dict[str, working.Doing] = {"training": train, "processing": process, "transform": transform}
# What is done about a model, a package or a tag.
KEPT = {
    "CreateModel": models.create,
    "DescribeModel": models.described,
    "DeleteModel": models.delete,
    "CreateModelPackageGroup": models.create_group,
    "DescribeModelPackageGroup": models.described_group,
    "CreateModelPackage": models.create_package,
    "DescribeModelPackage": models.described_package,
    "ListModelPackages": models.listed_packages,
    "UpdateModelPackage": models.update_package,
    "AddTags": models.tag,
    "ListTags": models.tags,
}
_NAMES = ("ModelName", "ModelPackageGroupName", "ModelPackageName", "ModelPackageArn", "ResourceArn")


def create_app(database: Path) -> Starlette:
    """The stand-in on its own file."""
    file = File(database)
    worker = working.Worker(file, KINDS)

    def stop() -> None:
        worker.stop()
        file.close()

    return application(StandIn(file, worker), control.plane(file).routes(), start=worker.start, stop=stop)


class StandIn(Door[File]):
    """Begins jobs, tells of them and stops them; keeps models."""

    target = "SageMaker."
    operations = OPERATIONS
    refused = Refused
    refusing: ClassVar = {
        "throttle": "ThrottlingException",
        "limit": "ResourceLimitExceeded",
        "access_denied": "AccessDeniedException",
        "error_500": "InternalFailure",
    }
    largest_body_bytes = 1024 * 1024
    too_large = ("ValidationException", "The request is too large")
    no_object = ("ValidationException", "The request is no JSON object")

    def __init__(self, file: File, worker: working.Worker) -> None:
        super().__init__(file)
        self._worker = worker

    def _do(self, call: Call, given: dict[str, Any]) -> dict[str, Any]:
        shapes.check(call.operation, given)
        if call.operation in KEPT:
            call.subject = next((given[name] for name in _NAMES if name in given), None)
            answer = KEPT[call.operation](self._file, given)
            if call.operation.startswith("Create") and given.get("Tags"):
                (made,) = answer.values()
                models.tag(self._file, {"ResourceArn": made, "Tags": given["Tags"]})
            return answer
        kind = next(one for one in JOBS if call.operation.endswith(f"{one.capitalize()}Job"))
        name = call.subject = given[f"{kind.capitalize()}JobName"]
        if call.operation.startswith("Create"):
            return self._create(kind, given, call.fault)
        if call.operation.startswith("Stop"):
            jobs.stop(self._file, kind, name)
            return {}
        return jobs.told(jobs.found(self._file, kind, name))

    def _create(self, kind: str, given: dict[str, Any], fault: dict[str, Any] | None) -> dict[str, Any]:
        match kind:
            case "training":
                _training(given)
            case "processing":
                _processing(given)
            case _:
                models.model(self._file, given["ModelName"])
        made = jobs.create(self._file, kind, given, fault)
        if given.get("Tags"):
            models.tag(self._file, {"ResourceArn": made, "Tags": given["Tags"]})
        self._worker.follow(kind, given[f"{kind.capitalize()}JobName"])
        return {f"{kind.capitalize()}JobArn": made}


def _training(given: dict[str, Any]) -> None:
    """What the description of the service does not say: which of the optional members a job of ours needs."""
    for name in ("AlgorithmSpecification", "ResourceConfig", "StoppingCondition"):
        if name not in given:
            raise wrong(f"{name} is missing")
    models.image(given["AlgorithmSpecification"].get("TrainingImage"))
    channels = [channel["ChannelName"] for channel in given.get("InputDataConfig", [])]
    if len(channels) != len(set(channels)):
        raise wrong("Duplicate channel names")


def _processing(given: dict[str, Any]) -> None:
    models.image(given["AppSpecification"].get("ImageUri"))
    for one in given.get("ProcessingInputs", []):
        if not (one.get("S3Input") or {}).get("LocalPath"):
            raise wrong(f"The input {one['InputName']} needs an S3Input with a LocalPath")
    for one in given.get("ProcessingOutputConfig", {}).get("Outputs", []):
        if not (one.get("S3Output") or {}).get("LocalPath"):
            raise wrong(f"The output {one['OutputName']} needs an S3Output with a LocalPath")
