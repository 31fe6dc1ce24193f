"""The house's Guard rules: each is broken by a template that differs from a good one in one thing, and no good one
breaks any."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest

from app import HOUSE_RULES, flags, house_rules

# Of each rule: a type, properties that keep it, and changes of which each alone breaks it (None: the property goes).
RULES: dict[str, tuple[str, dict[str, Any], tuple[dict[str, Any], ...]]] = {
    "FUNCTIONS_ARE_GRAVITON_AND_BOUNDED": (
        "AWS::Lambda::Function",
        {
            "Architectures": ["arm64"], "Timeout": 30, "MemorySize": 256, "LoggingConfig": {"LogGroup": "g"},
            "VpcConfig": {"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]},
        },
        ({"Architectures": ["x86_64"]}, {"Timeout": 901}, {"MemorySize": None}, {"LoggingConfig": None}),
    ),
    "FUNCTIONS_RUN_INSIDE_THE_NETWORK": (
        "AWS::Lambda::Function",
        {
            "Architectures": ["arm64"], "Timeout": 30, "MemorySize": 256, "LoggingConfig": {"LogGroup": "g"},
            "VpcConfig": {"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]},
        },
        ({"VpcConfig": None}, {"VpcConfig": {"SubnetIds": ["subnet-1"], "SecurityGroupIds": []}}),
    ),
    "QUEUES_ARE_ENCRYPTED_BY_OUR_KEY_AND_FORGET_NOTHING_FOR_DAYS": (
        "AWS::SQS::Queue",
        {"KmsMasterKeyId": "key", "MessageRetentionPeriod": 345_600},
        ({"KmsMasterKeyId": None}, {"MessageRetentionPeriod": 60}),
    ),
    "TOPICS_ARE_ENCRYPTED_BY_OUR_KEY": ("AWS::SNS::Topic", {"KmsMasterKeyId": "key"}, ({"KmsMasterKeyId": None},)),
    "LOGS_END_AND_ARE_ENCRYPTED_BY_OUR_KEY": (
        "AWS::Logs::LogGroup",
        {"RetentionInDays": 30, "KmsKeyId": "arn:aws:kms:us-east-1:111111111111:key/k"},
        ({"RetentionInDays": None}, {"KmsKeyId": None}),
    ),
    "KEYS_ROTATE": (
        "AWS::KMS::Key", {"EnableKeyRotation": True}, ({"EnableKeyRotation": False}, {"EnableKeyRotation": None}),
    ),
    "BUCKETS_ARE_PRIVATE_AND_FORGET": (
        "AWS::S3::Bucket",
        {
            "PublicAccessBlockConfiguration": {
                "BlockPublicAcls": True, "BlockPublicPolicy": True, "IgnorePublicAcls": True,
                "RestrictPublicBuckets": True,
            },
            "BucketEncryption": {"ServerSideEncryptionConfiguration": []},
            "LifecycleConfiguration": {"Rules": []},
        },
        ({"PublicAccessBlockConfiguration": None}, {"BucketEncryption": None}, {"LifecycleConfiguration": None}),
    ),
    "ROLES_ARE_ASSUMED_BY_SERVICES_AND_HAVE_NO_MANAGED_POLICY": (
        "AWS::IAM::Role",
        {"AssumeRolePolicyDocument": {"Statement": [{"Principal": {"Service": "lambda.amazonaws.com"}}]}},
        (
            {"ManagedPolicyArns": ["arn:aws:iam::aws:policy/AdministratorAccess"]},
            {"AssumeRolePolicyDocument": {"Statement": [{"Principal": {"AWS": "*"}}]}},
        ),
    ),
    "POLICIES_NAME_THEIR_ACTIONS": (
        "AWS::IAM::Policy",
        {"PolicyDocument": {"Statement": [{"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": "a"}]}},
        (
            {"PolicyDocument": {"Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "a"}]}},
            {"PolicyDocument": {"Statement": [{"Effect": "Allow", "Action": ["s3:GetObject", "*"], "Resource": "a"}]}},
        ),
    ),
    "NOBODY_HAS_A_LONG_LIVED_KEY": (
        "AWS::SNS::Topic",
        {"KmsMasterKeyId": "key"},
        ({"Type": "AWS::IAM::User"}, {"Type": "AWS::IAM::AccessKey"}),
    ),
    "THE_DATABASE_IS_ENCRYPTED_AND_COMES_BACK": (
        "AWS::RDS::DBCluster",
        {
            "StorageEncrypted": True, "KmsKeyId": "key", "BackupRetentionPeriod": 7,
            "EnableIAMDatabaseAuthentication": True,
        },
        (
            {"StorageEncrypted": False}, {"KmsKeyId": None}, {"BackupRetentionPeriod": None},
            {"EnableIAMDatabaseAuthentication": None},
        ),
    ),
    "THE_DATABASE_IS_NOT_PUBLIC": (
        "AWS::RDS::DBInstance",
        {"PubliclyAccessible": False},
        ({"PubliclyAccessible": True}, {"PubliclyAccessible": None}),
    ),
    "DOORS_ARE_THROTTLED_AND_LOGGED": (
        "AWS::ApiGateway::Stage",
        {
            "AccessLogSetting": {"DestinationArn": "arn"},
            "MethodSettings": [{"ThrottlingRateLimit": 5, "DataTraceEnabled": False}],
        },
        (
            {"AccessLogSetting": None}, {"MethodSettings": [{"DataTraceEnabled": False}]},
            {"MethodSettings": [{"ThrottlingRateLimit": 5, "DataTraceEnabled": True}]},
        ),
    ),
    "DOORS_SPEAK_TLS_1_2_OR_LATER": (
        "AWS::ApiGateway::RestApi",
        {"SecurityPolicy": "SecurityPolicy_TLS13_1_2_PFS_PQ_2025_09"},
        ({"SecurityPolicy": "TLS_1_0"}, {"SecurityPolicy": None}),
    ),
    "FIREWALLS_LET_NOBODY_IN_FROM_ANYWHERE": (
        "AWS::EC2::SecurityGroup",
        {"SecurityGroupIngress": [{"CidrIp": "10.0.0.0/16"}]},
        (
            {"SecurityGroupIngress": [{"CidrIp": "10.0.0.0/16"}, {"CidrIp": "0.0.0.0/0"}]},
            {"SecurityGroupIngress": [{"CidrIpv6": "::/0"}]},
        ),
    ),
    "CONTAINERS_RUN_AS_NOBODY_WITH_A_READ_ONLY_ROOT": (
        "AWS::ECS::TaskDefinition",
        {"ContainerDefinitions": [{"ReadonlyRootFilesystem": True, "User": "10001"}]},
        (
            {"ContainerDefinitions": [{"User": "10001"}]},
            {"ContainerDefinitions": [{"ReadonlyRootFilesystem": True}]},
            {"ContainerDefinitions": [{"ReadonlyRootFilesystem": True, "User": "root"}]},
            {"ContainerDefinitions": [{"ReadonlyRootFilesystem": True, "User": "10001", "Privileged": True}]},
        ),
    ),
}  # fmt: skip


def _told(folder: Path, resources: Mapping[str, tuple[str, dict[str, Any]]]) -> set[tuple[str, str]]:
    """Rule and resource, of all that the house's rules refuse of a template with these resources."""
    app = cdk.App(context=flags(), outdir=str(folder), builtin_cloud_formation_validation=False)
    cdk.Validations.of(app).add_plugins(house_rules(include_default_rules=False))
    stack = cdk.Stack(app, "Broken")
    for id, (type_, properties) in resources.items():
        cdk.CfnResource(stack, id, type=type_, properties=properties)
    with pytest.raises(RuntimeError, match="Validation"):
        app.synth()
    report = json.loads((folder / "validation-report.json").read_text())
    return {
        (violation["ruleName"], construct["cloudFormationResource"]["logicalId"])
        for plugin in report["pluginReports"]
        for violation in plugin["violations"]
        if violation["ruleName"] in RULES
        for construct in violation["violatingConstructs"]
    }


def test_each_rule_of_the_file_is_broken_here() -> None:
    assert set(re.findall(r"^rule (\w+)", HOUSE_RULES.read_text(), re.MULTILINE)) == set(RULES)


def test_each_rule_refuses_what_breaks_it_and_nothing_else(tmp_path: Path) -> None:
    """One template with a good and every bad resource of every rule."""
    resources: dict[str, tuple[str, dict[str, Any]]] = {}
    broken = set()
    for name, (type_, properties, changes) in RULES.items():
        title = name.title().replace("_", "")
        resources[f"{title}Kept"] = (type_, properties)
        for number, change in enumerate(changes):
            changed = {key: value for key, value in (properties | change).items() if value is not None}
            resources[f"{title}{number}"] = (changed.pop("Type", type_), changed)
            broken.add((name, f"{title}{number}"))
    assert _told(tmp_path, resources) == broken
