"""Whether a request is one, by the description of the service that the SDK carries, and what is offered here of it."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from typing import Any

from local.simulators.sagemaker.refusals import wrong

# What the service takes and this stand-in does not do: a dotted path without list places.
NOT_OFFERED = {
    "CreateTrainingJob": (
        *("AlgorithmSpecification.AlgorithmName", "AlgorithmSpecification.ContainerEntrypoint"),
        *("AlgorithmSpecification.ContainerArguments", "AlgorithmSpecification.TrainingImageConfig"),
        *("CheckpointConfig", "DebugHookConfig", "DebugRuleConfigurations", "EnableManagedSpotTraining"),
        *("ExperimentConfig", "InfraCheckConfig", "MlflowConfig", "ModelPackageConfig", "ProfilerConfig"),
        *("ProfilerRuleConfigurations", "RemoteDebugConfig", "RetryStrategy", "ServerlessJobConfig"),
        *("SessionChainingConfig", "TensorBoardOutputConfig", "InputDataConfig.DataSource.FileSystemDataSource"),
        *("InputDataConfig.ShuffleConfig", "ResourceConfig.InstanceGroups", "OutputDataConfig.CompressionType"),
    ),
    "CreateProcessingJob": (
        *("ExperimentConfig", "ProcessingInputs.DatasetDefinition"),
        "ProcessingOutputConfig.Outputs.FeatureStoreOutput",
    ),
    "CreateTransformJob": ("ExperimentConfig", "DataProcessing"),
    "CreateModel": (
        *("Containers", "InferenceExecutionConfig", "PrimaryContainer.MultiModelConfig"),
        *("PrimaryContainer.ModelDataSource", "PrimaryContainer.AdditionalModelDataSources"),
    ),
    "CreateModelPackage": (
        *("ValidationSpecification", "SourceAlgorithmSpecification", "CertifyForMarketplace", "ModelPackageName"),
        *("SecurityConfig", "SourceUri", "AdditionalInferenceSpecifications", "ManagedStorageType"),
    ),
}
# Values of a member that are taken; others are refused.
ONLY = {
    "S3DataType": ("S3Prefix",), "TrainingInputMode": ("File",), "InputMode": ("File",), "S3InputMode": ("File",),
    "S3UploadMode": ("EndOfJob",), "SplitType": ("None",), "BatchStrategy": ("SingleRecord",),
    "S3DataDistributionType": ("FullyReplicated",), "CompressionType": ("None",), "S3CompressionType": ("None",),
    "InstanceCount": (1,),
}  # fmt: skip


# Marks, signs and punctuation are all that is no letter; `${` is a misprint in the patterns of metadata.
_CLASSES = {
    r"\p{L}": r"\w",
    r"\p{Z}": r"\s",
    r"\p{N}": r"\d",
    r"\p{Alnum}": "A-Za-z0-9",
    r"\p{M}": r"\W",
    r"\p{S}": r"\W",
    r"\p{P}": r"\W",
    "${": "{",
}


@functools.cache
def _service() -> Any:
    from botocore.loaders import Loader
    from botocore.model import ServiceModel

    return ServiceModel(Loader().load_service_model("sagemaker", "service-2"))


def check(operation: str, given: dict[str, Any]) -> None:
    """Raises Refused (ValidationException), naming what is wrong."""
    for problem in _problems(_service().operation_model(operation).input_shape, given, ""):
        raise wrong(f"1 validation error detected: {problem}")
    for path, value in _members(given, ""):
        name = path.rpartition(".")[2]
        if path in NOT_OFFERED.get(operation, ()) or value not in ONLY.get(name, (value,)):
            raise wrong(
                f"This stand-in does not take {path} {'' if isinstance(value, dict | list) else value}".rstrip()
            )


def _members(given: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(given, list):
        for one in given:
            yield from _members(one, path)
    elif isinstance(given, dict):
        for name, value in given.items():
            inner = f"{path}.{name}" if path else name
            yield inner, value
            # Names in these are the caller's own.
            if name not in ("Environment", "HyperParameters", "CustomerMetadataProperties"):
                yield from _members(value, inner)


def _problems(shape: Any, value: Any, path: str) -> Iterator[str]:
    """What is wrong with a value: its kind, its members, its limits."""
    match shape.type_name:
        case "structure":
            yield from _structure(shape, value, path)
        case "list":
            if not isinstance(value, list):
                yield _failed(path, value, "Member must be a list")
            else:
                yield from _limits(shape, len(value), path, value, "length")
                for number, one in enumerate(value, 1):
                    yield from _problems(shape.member, one, f"{path}.{number}.member")
        case "map":
            if not isinstance(value, dict):
                yield _failed(path, value, "Member must be a map")
            else:
                for key, one in value.items():
                    yield from _problems(shape.key, key, f"{path}.key")
                    yield from _problems(shape.value, one, f"{path}.{key}")
        case "string":
            yield from _text(shape, value, path)
        case "boolean":
            if not isinstance(value, bool):
                yield _failed(path, value, "Member must be a boolean")
        case "integer" | "long" | "float" | "double":
            whole = shape.type_name in ("integer", "long")
            if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
                yield _failed(path, value, "Member must be a number")
            else:
                yield from _limits(shape, value, path, value, "value")


def _structure(shape: Any, value: Any, path: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield _failed(path, value, "Member must be a structure")
        return
    for name in shape.required_members:
        if name not in value:
            yield _failed(f"{path}.{name}".lstrip("."), None, "Member must not be null")
    for name, one in value.items():
        inner = f"{path}.{name}".lstrip(".")
        if name not in shape.members:
            yield f"the member {inner} is not known"
        else:
            yield from _problems(shape.members[name], one, inner)


def _text(shape: Any, value: Any, path: str) -> Iterator[str]:
    if not isinstance(value, str):
        yield _failed(path, value, "Member must be a text")
        return
    told = shape.metadata
    if told.get("enum") and value not in told["enum"]:
        yield _failed(path, value, "Member must satisfy enum value set")
    if told.get("pattern") and not re.fullmatch(_pattern(told["pattern"]), value):
        yield _failed(path, value, f"Member must satisfy regular expression pattern: {told['pattern']}")
    yield from _limits(shape, len(value), path, value, "length")


@functools.cache
def _pattern(java: str) -> str:
    """Their patterns are Java's, which has names for letters, blanks and digits that Python writes otherwise."""
    for theirs, ours in _CLASSES.items():
        java = java.replace(theirs, ours)
    return java


def _limits(shape: Any, size: float, path: str, value: Any, what: str) -> Iterator[str]:
    told = shape.metadata
    if "min" in told and size < told["min"]:
        yield _failed(path, value, f"Member must have {what} greater than or equal to {told['min']}")
    if "max" in told and size > told["max"]:
        yield _failed(path, value, f"Member must have {what} less than or equal to {told['max']}")


def _failed(path: str, value: Any, constraint: str) -> str:
    where = path[:1].lower() + path[1:]
    return f"Value '{str(value)[:200]}' at '{where}' failed to satisfy constraint: {constraint}"
