"""SageMaker's stand-in takes what SageMaker takes, refuses what it refuses, and keeps models and their versions."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.simulators.loopback import loopback
from tests.simulators.sagemaker.running import (
    BUCKET,
    IMAGE,
    ROLE,
    SageMakerStandIn,
    processing,
    training,
    transforming,
)


def _refused(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"TrainingJobName": "no blanks"}, "regular expression"),
        ({"StoppingCondition": {"MaxRuntimeInSeconds": 0}}, "greater than or equal"),
        ({"RoleArn": "somebody"}, "roleArn"),
        ({"EnableManagedSpotTraining": True}, "does not take EnableManagedSpotTraining"),
        (
            {"ResourceConfig": {"InstanceCount": 2, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}},
            "InstanceCount 2",
        ),
        ({"ResourceConfig": {"InstanceCount": 1, "InstanceType": "m5", "VolumeSizeInGB": 1}}, "enum value set"),
        ({"AlgorithmSpecification": {"TrainingImage": "python:3", "TrainingInputMode": "File"}}, "non-ECR"),
    ],
)
def test_a_training_job_that_cannot_be_is_refused_by_name(
    stand_in: SageMakerStandIn, changed: dict[str, Any], words: str
) -> None:
    with pytest.raises(ClientError) as error:
        _unchecked(stand_in, "create_training_job", training("wrong") | changed)
    assert _refused(error) == "ValidationException"
    assert words in str(error.value)


@pytest.mark.parametrize("missing", ["ResourceConfig", "StoppingCondition", "AlgorithmSpecification", "RoleArn"])
def test_a_training_job_needs_all_its_parts(stand_in: SageMakerStandIn, missing: str) -> None:
    given = training("incomplete")
    del given[missing]
    with pytest.raises(ClientError) as error:
        _unchecked(stand_in, "create_training_job", given)
    assert _refused(error) == "ValidationException"


def test_a_name_is_used_once(stand_in: SageMakerStandIn) -> None:
    stand_in.process("once")
    with pytest.raises(ClientError) as error:
        stand_in.process("once")
    assert _refused(error) == "ResourceInUse"
    stand_in.ended("processing", "once")


def test_what_is_not_there_is_not_found(stand_in: SageMakerStandIn) -> None:
    client = stand_in.client()
    for call in (client.describe_training_job, client.stop_training_job):
        with pytest.raises(ClientError) as error:
            call(TrainingJobName="nowhere")
        assert _refused(error) == "ResourceNotFound"
    with pytest.raises(ClientError) as error:
        stand_in.transform("of-nothing", "no-model", "panel/")
    assert _refused(error) == "ValidationException"


def test_a_folder_outside_of_processing_fails_the_job(stand_in: SageMakerStandIn) -> None:
    given = processing("outside")
    given["ProcessingInputs"][0]["S3Input"]["LocalPath"] = "/opt/ml/processing/../../etc"
    stand_in.client().create_processing_job(**given)
    assert "must be below /opt/ml/processing" in stand_in.ended("processing", "outside")["FailureReason"]


@pytest.mark.parametrize(
    ("kind", "code"),
    [("throttle", "ThrottlingException"), ("limit", "ResourceLimitExceeded"), ("error_500", "InternalFailure")],
)
def test_a_fault_refuses_and_nothing_begins(stand_in: SageMakerStandIn, kind: str, code: str) -> None:
    stand_in.fault("CreateProcessingJob", kind)
    with pytest.raises(ClientError) as error:
        stand_in.process(f"refused-{kind.replace('_', '-')}")
    assert _refused(error) == code
    assert f"refused-{kind}" not in {row["name"] for row in stand_in.rows("jobs")}


def test_a_model_package_has_versions_an_approval_and_metadata(stand_in: SageMakerStandIn) -> None:
    client, group = stand_in.client(), "demand"
    assert client.create_model_package_group(ModelPackageGroupName=group)["ModelPackageGroupArn"].endswith("/demand")
    made = [
        client.create_model_package(**_package(group), ClientToken=token)["ModelPackageArn"]
        for token in ("one", "two", "two")
    ]
    assert [arn.rpartition("/")[2] for arn in made] == ["1", "2", "2"]
    client.update_model_package(
        ModelPackageArn=made[1], ModelApprovalStatus="Approved", CustomerMetadataProperties={"wql": "0.5"}
    )
    found = client.describe_model_package(ModelPackageName=made[1])
    assert (found["ModelApprovalStatus"], found["CustomerMetadataProperties"]) == ("Approved", {"wql": "0.5"})
    listed = client.list_model_packages(ModelPackageGroupName=group)["ModelPackageSummaryList"]
    assert [one["ModelPackageVersion"] for one in listed] == [2, 1]
    approved = client.list_model_packages(ModelPackageGroupName=group, ModelApprovalStatus="Approved")
    assert [one["ModelPackageVersion"] for one in approved["ModelPackageSummaryList"]] == [2]
    assert client.describe_model_package_group(ModelPackageGroupName=group)["ModelPackageGroupStatus"] == "Completed"


def test_a_model_may_be_of_a_package_and_is_there_once(stand_in: SageMakerStandIn) -> None:
    client = stand_in.client()
    arn = client.create_model_package(**_package("packaged"))["ModelPackageArn"]
    given = {"ModelName": "of-package", "ExecutionRoleArn": ROLE, "PrimaryContainer": {"ModelPackageName": arn}}
    client.create_model(**given)
    with pytest.raises(ClientError) as error:
        client.create_model(**given)
    assert "already existing model" in str(error.value)
    assert client.describe_model(ModelName="of-package")["PrimaryContainer"] == {"ModelPackageName": arn}
    client.delete_model(ModelName="of-package")
    with pytest.raises(ClientError):
        client.describe_model(ModelName="of-package")


def test_tags_are_kept(stand_in: SageMakerStandIn) -> None:
    client = stand_in.client()
    tags = [{"Key": "environment", "Value": "test"}]
    arn = client.create_model_package(**_package("tagged"))["ModelPackageArn"]
    client.add_tags(ResourceArn=arn, Tags=tags)
    assert client.list_tags(ResourceArn=arn)["Tags"] == tags


def test_an_unsigned_call_and_an_unknown_one_are_refused(stand_in: SageMakerStandIn) -> None:
    for operation, code in (("DescribeModel", "MissingAuthenticationTokenException"), ("CreateEndpoint", "Unknown")):
        answer = loopback.post(stand_in.base_url, headers={"x-amz-target": f"SageMaker.{operation}"}, content="{}")
        assert answer.status_code == 400
        assert answer.json()["__type"].startswith(code)


def test_only_what_a_transform_here_can_do_is_taken(stand_in: SageMakerStandIn) -> None:
    given = transforming("split", "any", "panel/")
    given["TransformInput"]["SplitType"] = "Line"
    with pytest.raises(ClientError) as error:
        stand_in.client().create_transform_job(**given)
    assert "does not take TransformInput.SplitType Line" in str(error.value)


def test_a_member_that_the_service_does_not_know_is_refused(stand_in: SageMakerStandIn) -> None:
    headers = {"x-amz-target": "SageMaker.DescribeModel", "authorization": "AWS4-HMAC-SHA256 any"}
    answer = loopback.post(stand_in.base_url, headers=headers, json={"ModelName": "a", "Surprise": 1})
    assert (answer.status_code, answer.json()["__type"]) == (400, "ValidationException")
    assert "Surprise is not known" in answer.json()["Message"]


def _package(group: str) -> dict[str, Any]:
    container = {"Image": IMAGE, "ModelDataUrl": f"s3://{BUCKET}/models/a/output/model.tar.gz"}
    specification = {
        "Containers": [container],
        "SupportedContentTypes": ["application/zip"],
        "SupportedResponseMIMETypes": ["application/jsonlines"],
    }
    return {"ModelPackageGroupName": group, "InferenceSpecification": specification}


def _unchecked(stand_in: SageMakerStandIn, method: str, given: dict[str, Any]) -> None:
    """Past the SDK's own checks."""
    getattr(_lenient(stand_in), method)(**given)


def _lenient(stand_in: SageMakerStandIn) -> Any:
    return stand_in.client(parameter_validation=False)
