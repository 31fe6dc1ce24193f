"""The lake and its nights: who may read and write what, by which ways, how a night goes, and what stops it."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import Any

import pytest

from stacks import lake
from stacks.lake_alarms import longest_hours
from stacks.settings import SettingsError, load
from tests.faults.expressions import value_of
from tests.stacks.assembly import Assembly, Resource, listed
from tests.stacks.conftest import bundles, synthesised
from tests.stacks.test_functions import NO_RESOURCE_LEVEL
from tests.stacks.test_settings import changed

MACHINE: dict[str, Any] = json.loads(lake.DEFINITION.read_text())


def _one(assembly: Assembly, type: str, name: str = "") -> Resource:
    (found,) = (one for one in assembly.resources(type) if one.stack.endswith("-lake") and one.id.startswith(name))
    return found


def _may(assembly: Assembly, role: str) -> dict[str, set[str]]:
    """What a role of the stack may do → with what."""
    id = _one(assembly, "AWS::IAM::Role", role).id
    stack = next(name for name in assembly.templates if name.endswith("-lake"))
    found: dict[str, set[str]] = {}
    for statement in assembly.statements(stack, id):
        for action in listed(statement["Action"]):
            resources = (assembly.text(stack, one) for one in listed(statement["Resource"]))
            found.setdefault(action, set()).update(re.sub(r"[0-9A-F]{8}(?=[.>])", "", one) for one in resources)
    return found


def _states(machine: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """All states by name, those inside a Map too."""
    found: dict[str, dict[str, Any]] = {}
    for name, state in machine["States"].items():
        assert name not in found
        found[name] = state
        if "ItemProcessor" in state:
            found |= _states(state["ItemProcessor"])
    return found


# ---- the bucket and who reaches it -------------------------------------------------------------------------------


def test_the_lake_is_encrypted_by_its_own_key_versioned_and_its_readers_are_logged(assembly: Assembly) -> None:
    bucket = _one(assembly, "AWS::S3::Bucket", "Lake").properties
    (encryption,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert encryption["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    assert bucket["LoggingConfiguration"]["LogFilePrefix"] == "lake/"
    rules = {rule.get("Prefix", ""): rule for rule in bucket["LifecycleConfiguration"]["Rules"]}
    assert rules["bronze/"]["ExpirationInDays"] == 1095
    for prefix in ("", "state/"):
        assert "ExpirationInDays" not in rules[prefix], "how far the tables have come is never forgotten"


def test_each_reaches_its_own_folders_of_the_lake_and_no_other(assembly: Assembly) -> None:
    folders = {
        role: {
            (action.removeprefix("s3:"), resource.partition(">/")[2])
            for action, resources in _may(assembly, role).items()
            if action.startswith("s3:") and action != "s3:ListBucket"
            for resource in resources
            if resource.startswith("<Lake")
        }
        for role in ("ExportRole", "WarehouseRole", "LakeLoadingRole", "NightRole")
    }
    both = {
        (action, folder) for action in ("GetObject", "PutObject", "DeleteObject") for folder in ("bronze/*", "state/*")
    }
    assert folders == {
        "ExportRole": both,
        "WarehouseRole": {("GetObject", "bronze/*"), ("PutObject", "insight/*")},
        "LakeLoadingRole": {("GetObject", "state/*")},
        "NightRole": set(),
    }


# ---- the export --------------------------------------------------------------------------------------------------


def test_the_export_is_one_spark_job_at_a_time_with_an_end_and_its_leavings_encrypted(assembly: Assembly) -> None:
    job = _one(assembly, "AWS::Glue::Job").properties
    assert (job["GlueVersion"], job["Command"]["Name"]) == ("5.1", "glueetl")
    assert job["ExecutionProperty"] == {"MaxConcurrentRuns": 1}
    assert (job["Timeout"], job["MaxRetries"]) == (120, 0)
    security = _one(assembly, "AWS::Glue::SecurityConfiguration").properties
    assert job["SecurityConfiguration"] == security["Name"]
    modes = security["EncryptionConfiguration"]
    assert modes["CloudWatchEncryption"]["CloudWatchEncryptionMode"] == "SSE-KMS"
    assert [one["S3EncryptionMode"] for one in modes["S3Encryptions"]] == ["SSE-KMS"]


def test_the_export_asks_the_writer_itself_and_its_password_comes_by_reference(assembly: Assembly) -> None:
    job = _one(assembly, "AWS::Glue::Job")
    told = job.properties["DefaultArguments"]
    assert told["--certificates"] in assembly.text(job.stack, told["--extra-files"]), "TLS is verified to the name"
    secret = assembly.at(assembly.follow(job.stack, told["--secret"]))
    assert (secret.type, secret.id[:10]) == ("AWS::SecretsManager::Secret", "LakeReader")
    template = secret.properties["GenerateSecretString"]["SecretStringTemplate"]["Fn::Join"][1]
    (host,) = (one for one in template if isinstance(one, dict) and "Address" in str(one))
    cluster = assembly.follow(secret.stack, host)
    assert cluster.attribute == "Endpoint.Address", "a reader's snapshot is not the writer's"
    readable = _may(assembly, "ExportRole")["secretsmanager:GetSecretValue"]
    assert readable == {f"<{re.sub(r'[0-9A-F]{8}$', '', secret.id)}>"}


def test_its_password_is_another_one_every_month(assembly: Assembly) -> None:
    (rotation,) = assembly.resources("AWS::SecretsManager::RotationSchedule")
    secret = assembly.follow(rotation.stack, rotation.properties["SecretId"])
    assert secret.id.startswith("LakeReader")
    assert rotation.properties["RotationRules"] == {"ScheduleExpression": "rate(30 days)"}
    assert rotation.properties["RotateImmediatelyOnUpdate"] is False, "the migration sets the first"


def test_its_workers_talk_to_each_other_to_the_database_and_by_tls(assembly: Assembly) -> None:
    connection = _one(assembly, "AWS::Glue::Connection")
    told = connection.properties["ConnectionInput"]
    assert told["ConnectionType"] == "NETWORK"
    (group,) = told["PhysicalConnectionRequirements"]["SecurityGroupIdList"]
    firewall = assembly.follow(connection.stack, group)[:2]
    ingress = [
        one.properties
        for one in assembly.resources("AWS::EC2::SecurityGroupIngress")
        if assembly.follow(one.stack, one.properties["GroupId"])[:2] == firewall
    ]
    assert [(one["FromPort"], one["ToPort"]) for one in ingress] == [(0, 65535)]
    assert assembly.follow(connection.stack, ingress[0]["SourceSecurityGroupId"])[:2] == firewall
    outside = assembly.at(assembly.follow(connection.stack, group)).properties.get("SecurityGroupEgress", [])
    ports = {one["FromPort"] for one in outside} | {
        one.properties["FromPort"]
        for one in assembly.resources("AWS::EC2::SecurityGroupEgress")
        if assembly.follow(one.stack, one.properties["GroupId"])[:2] == firewall
    }
    assert ports == {0, 443, 5432}


def test_the_export_may_nothing_that_it_does_not_need(assembly: Assembly) -> None:
    may = _may(assembly, "ExportRole")
    assert {action for action in may if not re.match("^(s3|kms|secretsmanager|ec2|logs):", action)} == {
        "glue:GetConnection",
        "cloudwatch:PutMetricData",
    }
    assert not [action for action in may if "*" in action]
    assert {action for action, resources in may.items() if resources == {"*"}} <= {
        action for action in may if NO_RESOURCE_LEVEL.match(action) or action == "cloudwatch:PutMetricData"
    }


# ---- the warehouse -----------------------------------------------------------------------------------------------


def test_the_warehouse_takes_tls_only_in_three_zones_without_a_way_out(assembly: Assembly) -> None:
    workgroup = _one(assembly, "AWS::RedshiftServerless::Workgroup")
    told = workgroup.properties
    assert (told["EnhancedVpcRouting"], told["PubliclyAccessible"]) == (True, False)
    assert {"ParameterKey": "require_ssl", "ParameterValue": "true"} in told["ConfigParameters"]
    zones = {
        assembly.at(assembly.follow(workgroup.stack, subnet)).properties["AvailabilityZone"]
        for subnet in told["SubnetIds"]
    }
    assert len(zones) == 3
    assert told["BaseCapacity"] <= told["MaxCapacity"]


def test_the_warehouse_is_encrypted_by_the_lakes_key_and_its_administrators_password_is_nobodys(
    assembly: Assembly,
) -> None:
    namespace = _one(assembly, "AWS::RedshiftServerless::Namespace")
    told = namespace.properties
    key = _one(assembly, "AWS::KMS::Key", "Key").id
    assert assembly.follow(namespace.stack, told["KmsKeyId"]).id == key
    assert told["ManageAdminPassword"] is True
    assert "AdminUserPassword" not in told
    role = assembly.follow(namespace.stack, told["DefaultIamRoleArn"]).id
    assert role.startswith("WarehouseRole")
    reads, writes = {"s3:GetObject", "s3:ListBucket", "kms:Decrypt"}, {"s3:PutObject", "kms:GenerateDataKey"}
    assert set(_may(assembly, "WarehouseRole")) == reads | writes


# ---- the night ---------------------------------------------------------------------------------------------------


def test_the_night_begins_by_itself_at_the_configs_hour(assembly: Assembly, laptop: Assembly) -> None:
    rule = _one(assembly, "AWS::Events::Rule").properties
    assert rule["ScheduleExpression"] == "cron(15 2 * * ? *)"
    assert not [one for one in laptop.resources("AWS::Events::Rule") if one.stack.endswith("-lake")]


def test_the_machine_may_run_one_job_one_function_and_one_workgroup(assembly: Assembly) -> None:
    may = _may(assembly, "NightRole")
    ours = {
        action: resources
        for action, resources in may.items()
        if not NO_RESOURCE_LEVEL.match(action) and not action.startswith("xray")
    }
    # Those of statements take no resource: each sees its own.
    statements = {"redshift-data:DescribeStatement", "redshift-data:GetStatementResult"}
    assert {action for action, resources in ours.items() if "*" in resources} <= statements
    assert ours["glue:StartJobRun"] == {"arn:aws:glue:us-east-1:111111111111:job/loyalty-full-export"}
    assert ours["redshift-data:BatchExecuteStatement"] == {"<Workgroup.Workgroup.WorkgroupArn>"}
    assert ours["secretsmanager:GetSecretValue"] == {
        "arn:aws:secretsmanager:us-east-1:111111111111:secret:redshift!loyalty-full-*"
    }
    role = _one(assembly, "AWS::IAM::Role", "NightRole").properties
    assert {"Key": "RedshiftDbRoles", "Value": "loader"} in role["Tags"], "its role in the warehouse"


def test_what_the_machine_asks_of_aws_its_role_allows(assembly: Assembly) -> None:
    may = {action.replace("-", "").lower() for action in _may(assembly, "NightRole")}
    for name, state in _states(MACHINE).items():
        resource = state.get("Resource", "")
        if found := re.fullmatch(r"arn:aws:states:::aws-sdk:(\w+):(\w+)", resource):
            assert ":".join(found.groups()).lower() in may, name
    assert {"glue:startjobrun", "glue:getjobrun", "glue:batchstopjobrun", "sns:publish", "lambda:invokefunction"} <= may


def test_every_value_that_the_definition_leaves_open_is_given(assembly: Assembly) -> None:
    machine = _one(assembly, "AWS::StepFunctions::StateMachine").properties
    open_values = set(re.findall(r"\$\{(\w+)\}", lake.DEFINITION.read_text()))
    assert open_values == set(machine["DefinitionSubstitutions"])


def test_every_task_has_an_end_and_is_tried_again_with_jitter_and_a_limit() -> None:
    for name, state in _states(MACHINE).items():
        if state["Type"] == "Task":
            assert state["TimeoutSeconds"] > 0, name
            assert state["Retry"], name
        for retry in state.get("Retry", ()):
            assert (retry["JitterStrategy"], retry["MaxDelaySeconds"] <= 300) == ("FULL", True), name
            assert retry["MaxAttempts"] <= 20, name


def test_whatever_fails_the_operators_are_told_and_the_execution_fails() -> None:
    for name, state in MACHINE["States"].items():
        if state["Type"] in ("Task", "Map") and name != "Tell":
            (caught,) = state["Catch"]
            assert (caught["ErrorEquals"], caught["Next"]) == (["States.ALL"], "Tell"), name
    assert MACHINE["States"]["Tell"]["Next"] == "Stopped"
    assert MACHINE["States"]["Stopped"]["Type"] == "Fail"


def test_nothing_is_loaded_after_an_export_that_failed() -> None:
    assert MACHINE["States"]["Export"]["Resource"].endswith(":glue:startJobRun.sync")
    names = list(MACHINE["States"])
    assert names.index("Create") < names.index("Export") < names.index("Load") < names.index("Refresh")


def test_a_table_that_fails_says_so_and_stops_no_other() -> None:
    states = MACHINE["States"]["Load"]["ItemProcessor"]["States"]
    ends = {name for name, state in states.items() if state.get("End")}
    assert ends == {"Loaded", "NotLoaded"}
    for name, state in states.items():
        if state["Type"] == "Task":
            assert [one["Next"] for one in state["Catch"]] == ["NotLoaded"], name
    (choice,) = MACHINE["States"]["AllLoaded"]["Choices"]
    assert choice["Next"] == "Tell"


def test_a_table_that_was_refused_is_told_by_name_and_the_night_is_partly_loaded() -> None:
    states = _states(MACHINE)

    def ended(table: str, batches: list[dict[str, int]], refused: str) -> dict[str, Any]:
        known = {"table": table, "batches": batches, "most": len(batches), "refused": refused}
        told: dict[str, Any] = value_of(states["Loaded"]["Output"], known)
        return told

    why = "tier: rank is at least 1: 2 rows, e.g. tier=gold, rank=0"
    tables = [ended("tier", [{"rows": 3}], why), ended("wish", [], ""), ended("rate", [{"rows": 1}, {"rows": 2}], "")]
    assert [(one["status"], one["rows"]) for one in tables] == [("refused", 3), ("nothing new", 0), ("loaded", 3)]
    night = {"run": "night", "step": "refresh", "tables": tables}
    (partly,) = states["AllTaken"]["Choices"]
    assert (value_of(partly["Condition"], night), partly["Next"]) == (True, "TellPartly")
    assert value_of(partly["Condition"], {**night, "tables": tables[1:]}) is False
    assert why in value_of(states["TellPartly"]["Arguments"]["Message"], night)
    assert [
        value_of(states["Done"]["Output"], {**night, "tables": found})["status"] for found in (tables, tables[1:])
    ] == [
        "partly",
        "loaded",
    ]
    assert value_of(states["AllLoaded"]["Choices"][0]["Condition"], night) is False


def test_no_statement_is_looked_at_for_ever() -> None:
    for name, state in _states(MACHINE).items():
        if name.startswith("Ended"):
            assert any("${MostLooks}" in one["Condition"] for one in state["Choices"]), name


# ---- alarms and settings -----------------------------------------------------------------------------------------


def test_a_night_that_stops_or_leaves_a_table_out_and_a_day_without_one_wake_somebody(assembly: Assembly) -> None:
    alarms = {
        one.id[:-8]: one.properties
        for one in assembly.resources("AWS::CloudWatch::Alarm")
        if one.id.startswith(("Night", "LoadIsOld"))
    }
    assert set(alarms) == {"NightStopped", "NightPartly", "LoadIsOld"}
    assert alarms["LoadIsOld"]["TreatMissingData"] == "breaching", "silence means that it does not run"
    assert alarms["LoadIsOld"]["EvaluationPeriods"] == 26
    assert alarms["NightPartly"]["MetricName"] == "LakeTablesRefused"


@pytest.mark.parametrize(
    ("schedule", "hours"),
    [
        ("cron(15 2 * * ? *)", 26),
        ("rate(90 minutes)", 4),
        ("rate(3 days)", 74),
        ("rate(7 days)", None),
        ("cron(15 2 ? * MON-FRI *)", None),
        ("", None),
    ],
)
def test_a_load_is_old_by_its_schedule_and_by_hand_never(schedule: str, hours: int | None) -> None:
    assert longest_hours(schedule) == hours


@pytest.mark.large
def test_without_a_lake_there_is_no_stack_no_secret_and_no_alarm(tmp_path: Path) -> None:
    off = changed(tmp_path, ("[lake]", "[lake]\nenabled = false"), based_on="dev")
    (tmp_path / "web").mkdir()
    (tmp_path / "out").mkdir()
    found = synthesised(str(off.with_suffix("")), tmp_path / "out", bundles(tmp_path / "web"))
    assert not [name for name in found.templates if name.endswith("-lake")]
    assert not [one for one in found.resources("AWS::SecretsManager::Secret") if one.id.startswith("LakeReader")]
    assert not [one for one in found.resources("AWS::CloudWatch::Alarm") if one.id.startswith("Night")]


@pytest.mark.parametrize(
    ("old", "new", "key", "why"),
    [
        ("principals = [", "# [", "quicksight.principals", "nobody could open"),
        ("group/default/business", "role/default/business", "quicksight.principals.0", "pattern"),
        ("[lake]", "[lake]\nenabled = false", "quicksight.enabled", "nothing to show"),
        ("[lake]", '[lake]\nschedule = "every night"', "schedule", "pattern"),
        ("[lake]", '[lake]\nschedule = "cron(15 2 * * * *)"', "schedule", "one is ?"),
        ("[lake]", '[lake]\nschedule = ""', "schedule", "only grow older"),
        ("[lake]", "[lake]\nbase_rpu = 12", "base_rpu", "steps of 8"),
        ("[lake]", "[lake]\nbase_rpu = 64", "max_rpu", "less than base_rpu"),
        ("[lake]", "[lake]\nworkers = 1", "workers", "greater than or equal to 2"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_by_its_line(tmp_path: Path, old: str, new: str, key: str, why: str) -> None:
    path = changed(tmp_path, (old, new))
    with pytest.raises(SettingsError) as refused:
        load(path)
    lines = [line for line in str(refused.value).splitlines() if f" lake.{key}: " in line]
    assert lines, str(refused.value)
    assert why in lines[0]
    assert re.match(rf"{re.escape(str(path))}:\d+: ", lines[0])


def test_the_warehouse_wants_three_zones(tmp_path: Path) -> None:
    two = changed(
        tmp_path,
        (', "us-east-1c"', ""),
        ("nat_gateways = 3", "nat_gateways = 2"),
        ("durable = true", "durable = false"),
    )
    with pytest.raises(SettingsError, match=r"lake\.enabled: Redshift Serverless wants three zones"):
        load(two)


# ---- reports -----------------------------------------------------------------------------------------------------


def test_quicksight_comes_from_inside_the_vpc_by_tls_as_a_user_whose_password_only_the_night_reads(
    assembly: Assembly, laptop: Assembly
) -> None:
    source = _one(assembly, "AWS::QuickSight::DataSource")
    assert source.properties["SslProperties"] == {"DisableSsl": False}
    network = source.properties["VpcConnectionProperties"]["VpcConnectionArn"]
    assert assembly.at(assembly.follow(source.stack, network)).type == "AWS::QuickSight::VPCConnection"
    secret = assembly.follow(source.stack, source.properties["Credentials"]["SecretArn"]).id
    readable = _may(assembly, "LakeLoadingRole")["secretsmanager:GetSecretValue"]
    assert readable == {f"<{re.sub(r'[0-9A-F]{8}$', '', secret)}>"}
    assert not list(laptop.resources("AWS::QuickSight::DataSource"))


def test_dashboards_are_for_the_configs_principals_and_read_anew_after_every_load(assembly: Assembly) -> None:
    dashboard = _one(assembly, "AWS::QuickSight::Dashboard").properties
    assert [one["Principal"] for one in dashboard["Permissions"]] == [
        "arn:aws:quicksight:us-east-1:111111111111:group/default/business"
    ]
    assert len(dashboard["Definition"]["Sheets"]) >= 5
    machine = _one(assembly, "AWS::StepFunctions::StateMachine").properties
    refreshed = ast.literal_eval(machine["DefinitionSubstitutions"]["DataSets"])
    made = [one.properties["DataSetId"] for one in assembly.resources("AWS::QuickSight::DataSet")]
    assert sorted(refreshed) == sorted(made)
