"""A change that would lose data, an address that others know, or what another stack reads is refused; others pass."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from delivery.gate import __main__ as gate
from delivery.gate.comparing import losses
from delivery.gate.templates import NoTemplates, revision, standing
from stacks.settings import REPOSITORY

KEY: dict[str, Any] = {"Type": "AWS::KMS::Key", "Properties": {"EnableKeyRotation": True}}
DATA: dict[str, Any] = {
    "Resources": {
        "Key": KEY,
        "Subnets": {"Type": "AWS::RDS::DBSubnetGroup", "Properties": {"DBSubnetGroupName": "one", "SubnetIds": ["a"]}},
        "Cluster": {
            "Type": "AWS::RDS::DBCluster",
            "Properties": {
                "KmsKeyId": {"Fn::GetAtt": ["Key", "Arn"]},
                "DBSubnetGroupName": {"Ref": "Subnets"},
                "BackupRetentionPeriod": 7,
            },
        },
        "Files": {"Type": "AWS::S3::Bucket", "Properties": {"Tags": []}},
        "Reader": {"Type": "AWS::Lambda::Function", "Properties": {"FunctionName": "reader", "MemorySize": 128}},
    },
    "Outputs": {
        "Files": {"Value": {"Ref": "Files"}, "Export": {"Name": "data:Files"}},
        "Reader": {"Value": {"Fn::GetAtt": ["Reader", "Arn"]}},
    },
}
DESK: dict[str, Any] = {
    "Resources": {
        "Rule": {
            "Type": "AWS::Events::Rule",
            "Properties": {
                "Targets": [{"Arn": {"Fn::GetStackOutput": {"StackName": "data", "OutputName": "Reader"}}}],
                "Description": {"Fn::ImportValue": "data:Files"},
            },
        }
    }
}
BEFORE = {"data": DATA, "desk": DESK}


def after(**changes: Any) -> dict[str, dict[str, Any]]:
    """BEFORE with changes to properties: `Cluster__KmsKeyId="x"`."""
    templates = copy.deepcopy(BEFORE)
    for place, value in changes.items():
        name, field = place.split("__")
        stack = "data" if name in DATA["Resources"] else "desk"
        templates[stack]["Resources"][name]["Properties"][field] = value
    return templates


def lost(templates: dict[str, dict[str, Any]]) -> dict[str, str]:
    return {loss.subject: loss.why for loss in losses(BEFORE, templates)}


def test_no_change_loses_nothing() -> None:
    assert lost(copy.deepcopy(BEFORE)) == {}


@pytest.mark.parametrize(
    "change",
    [
        {"Cluster__BackupRetentionPeriod": 35},
        {"Files__Tags": [{"Key": "a", "Value": "b"}]},
        {"Reader__MemorySize": 512},
        {"Key__EnableKeyRotation": False},
        {"Rule__Description": "other"},
        # Fixed at creation, but nothing is lost with it.
        {"Subnets__SubnetIds": ["a", "b"]},
    ],
)
def test_a_harmless_change_passes(change: dict[str, Any]) -> None:
    assert lost(after(**change)) == {}


@pytest.mark.parametrize(
    ("change", "subject", "why"),
    [
        ({"Cluster__KmsKeyId": "another"}, "data/Cluster", "KmsKeyId changes"),
        ({"Cluster__Engine": "aurora-mysql"}, "data/Cluster", "Engine changes"),
        ({"Files__BucketName": "mine"}, "data/Files", "BucketName changes"),
        ({"Subnets__DBSubnetGroupName": "two"}, "data/Cluster", "DBSubnetGroupName points at Subnets"),
    ],
)
def test_a_property_that_is_fixed_at_creation_replaces_what_has_state(
    change: dict[str, Any], subject: str, why: str
) -> None:
    assert why in lost(after(**change))[subject]


def test_another_name_in_the_template_is_a_deletion_and_a_new_one() -> None:
    templates = after()
    templates["data"]["Resources"]["Papers"] = templates["data"]["Resources"].pop("Files")
    templates["data"]["Outputs"]["Files"]["Value"] = {"Ref": "Papers"}
    found = lost(templates)
    assert "is deleted, and another made as Papers" in found["data/Files"]


def test_a_stack_that_goes_takes_its_state_along() -> None:
    assert set(lost({"desk": DESK})) >= {"data/Cluster", "data/Files", "data/Key"}


def test_a_type_that_changes_is_a_replacement() -> None:
    templates = after()
    templates["data"]["Resources"]["Files"]["Type"] = "AWS::S3Express::DirectoryBucket"
    assert "becomes AWS::S3Express" in lost(templates)["data/Files"]


def test_a_new_stack_and_a_new_resource_lose_nothing() -> None:
    templates = after()
    templates["data"]["Resources"]["More"] = KEY
    templates["lake"] = {"Resources": {"Lake": {"Type": "AWS::S3::Bucket"}}}
    assert lost(templates) == {}


def test_what_another_stack_reads_is_not_replaced_behind_its_back() -> None:
    found = lost(after(Reader__FunctionName="writer"))
    assert list(found) == ["data:Reader"]
    assert "desk, which reads it, is not deployed anew" in found["data:Reader"]
    assert lost(after(Reader__FunctionName="writer", Rule__State="ENABLED")) == {}


def test_an_output_that_names_something_else_or_goes_is_not_changed_behind_its_readers_back() -> None:
    templates = after()
    templates["data"]["Outputs"]["Files"]["Value"] = {"Fn::GetAtt": ["Files", "Arn"]}
    assert "names something else" in lost(templates)["data:Files"]
    del templates["data"]["Outputs"]["Reader"]
    assert "the output is gone" in lost(templates)["data:Reader"]


def test_a_resource_in_another_stack_that_is_bound_to_a_replaced_one_goes_with_it() -> None:
    before = copy.deepcopy(BEFORE)
    before["data"]["Outputs"]["Key"] = {"Value": {"Fn::GetAtt": ["Key", "Arn"]}}
    read = {"Fn::GetStackOutput": {"StackName": "data", "OutputName": "Key"}}
    before["desk"]["Resources"]["Warehouse"] = {"Type": "AWS::RDS::DBCluster", "Properties": {"KmsKeyId": read}}
    templates = copy.deepcopy(before)
    templates["data"]["Resources"]["Key"] = {"Type": "AWS::KMS::ReplicaKey", "Properties": {}}
    found = {loss.subject: loss.why for loss in losses(before, templates)}
    assert "KmsKeyId points at data/Key" in found["desk/Warehouse"]


def test_a_loss_that_is_wanted_is_named_and_passes(capsys: pytest.CaptureFixture[str]) -> None:
    templates = after(Files__BucketName="mine", Rule__State="ENABLED")
    assert gate._told(BEFORE, templates, set()) == 1
    assert "REFUSED stacks=2 losses=1" in capsys.readouterr().out
    assert gate._told(BEFORE, templates, {"data/Files", "data/Nothing"}) == 0
    told = capsys.readouterr().out
    assert "allowed data/Files" in told
    assert "unused  data/Nothing" in told


def test_a_revision_that_is_none_and_an_account_that_refuses_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NoTemplates, match="no revision nothing-such"), revision("nothing-such"):
        pass

    class Cloud:
        def client(self, *_: Any, **__: Any) -> Any:
            return self

        def get_template(self, StackName: str, **_: Any) -> dict[str, Any]:  # noqa: N803
            from botocore.exceptions import ClientError

            if StackName == "data":
                return {"TemplateBody": json.dumps(DATA)}
            code = "ValidationError" if StackName == "desk" else "AccessDenied"
            raise ClientError({"Error": {"Code": code, "Message": "no"}}, "GetTemplate")

    where = dict.fromkeys(("data", "desk", "else"), "us-east-1")
    assert standing(["data", "desk"], where, Cloud()) == {"data": DATA}  # type: ignore[arg-type]
    with pytest.raises(NoTemplates, match="AccessDenied"):
        standing(["else"], where, Cloud())  # type: ignore[arg-type]


@pytest.mark.large
def test_the_revision_that_stands_is_compared_with_this_folder() -> None:
    """Whatever this folder holds: the base is checked out, synthesised with its own code, and compared."""
    assert gate.main(["--base", "HEAD", "--env", "dev"]) in (0, 1)
    assert (REPOSITORY / ".git").exists()
