"""Aurora stays: another zone takes over, readers come under load, every night is copied to another region."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest

from app import flags
from stacks.database import DatabaseStack
from stacks.network import NetworkStack
from stacks.settings import CONFIG_FOLDER, Settings, load
from tests.stacks.assembly import Assembly, Resource


def _database_alone(settings: Settings, folder: Path) -> Assembly:
    app = cdk.App(context=flags(), outdir=str(folder), builtin_cloud_formation_validation=False)
    env = cdk.Environment(account=settings.deployment.account, region=settings.deployment.region)
    network = NetworkStack(app, "network", settings=settings, env=env)
    DatabaseStack(app, "database", vpc=network.vpc, settings=settings, env=env)
    app.synth()
    return Assembly.read(folder)


@pytest.fixture(scope="module")
def serverless(tmp_path_factory: pytest.TempPathFactory) -> Assembly:
    """As prod is: the `full` config has instances of a fixed size."""
    return _database_alone(load(CONFIG_FOLDER / "prod.toml"), tmp_path_factory.mktemp("serverless"))


def _cluster(templates: Assembly) -> Resource:
    (cluster,) = templates.resources("AWS::RDS::DBCluster")
    return cluster


def _instances(templates: Assembly) -> dict[str, dict[str, Any]]:
    return {one.id: one.properties for one in templates.resources("AWS::RDS::DBInstance")}


@pytest.mark.parametrize("where", ["assembly", "serverless"])
def test_writer_and_readers_are_in_different_zones(where: str, request: pytest.FixtureRequest) -> None:
    instances = _instances(request.getfixturevalue(where))
    assert len(instances) >= 2, "nobody could take over"
    zones = [one["AvailabilityZone"] for one in instances.values()]
    assert len(set(zones)) == min(len(zones), 3), zones


@pytest.mark.parametrize("where", ["assembly", "serverless"])
def test_it_is_written_who_takes_over_from_the_writer(where: str, request: pytest.FixtureRequest) -> None:
    tiers = {id: one["PromotionTier"] for id, one in _instances(request.getfixturevalue(where)).items()}
    assert min(tiers, key=lambda id: tiers[id]).startswith("ClusterWriter")
    first = [id for id, tier in tiers.items() if tier == 1]
    assert len(first) == 1, "one is next, and in serverless mode it is always as large as the writer"
    # Aurora gives those that it adds under load 15: they are small, young and may be gone in a minute.
    assert max(tiers.values()) < 15


def test_a_fixed_size_is_gravitons(assembly: Assembly) -> None:
    classes = {one["DBInstanceClass"] for one in _instances(assembly).values()}
    assert classes == {"db.r8g.xlarge"}
    assert "ServerlessV2ScalingConfiguration" not in _cluster(assembly).properties


def test_serverless_grows_between_the_configs_bounds(serverless: Assembly) -> None:
    assert {one["DBInstanceClass"] for one in _instances(serverless).values()} == {"db.serverless"}
    scaling = _cluster(serverless).properties["ServerlessV2ScalingConfiguration"]
    assert scaling == {"MinCapacity": 2, "MaxCapacity": 64}


@pytest.mark.parametrize(("where", "least", "most"), [("assembly", 2, 15), ("serverless", 1, 4)])
def test_readers_come_under_load_up_to_the_configs_number(
    where: str, least: int, most: int, request: pytest.FixtureRequest
) -> None:
    templates: Assembly = request.getfixturevalue(where)
    (target,) = [
        one
        for one in templates.resources("AWS::ApplicationAutoScaling::ScalableTarget")
        if one.properties["ServiceNamespace"] == "rds"
    ]
    assert (target.properties["MinCapacity"], target.properties["MaxCapacity"]) == (least, most)
    assert target.properties["ScalableDimension"] == "rds:cluster:ReadReplicaCount"
    assert _cluster(templates).id in json.dumps(target.properties["ResourceId"])
    (policy,) = [
        one.properties["TargetTrackingScalingPolicyConfiguration"]
        for one in templates.resources("AWS::ApplicationAutoScaling::ScalingPolicy")
        if one.stack == target.stack
    ]
    assert policy["PredefinedMetricSpecification"]["PredefinedMetricType"] == "RDSReaderAverageCPUUtilization"
    assert policy["TargetValue"] == 60


def test_every_instant_of_five_weeks_can_be_restored(assembly: Assembly) -> None:
    assert _cluster(assembly).properties["BackupRetentionPeriod"] == 35


def test_each_night_is_copied_to_the_other_region(assembly: Assembly) -> None:
    (plan,) = assembly.resources("AWS::Backup::BackupPlan")
    (rule,) = plan.properties["BackupPlan"]["BackupPlanRule"]
    (copy,) = rule["CopyActions"]
    (vault,) = [one for one in assembly.resources("AWS::Backup::BackupVault") if one.stack.endswith("copies")]
    name = vault.properties["BackupVaultName"]
    assert copy["DestinationBackupVaultArn"] == f"arn:aws:backup:us-west-2:111111111111:backup-vault:{name}"
    assert copy["Lifecycle"]["DeleteAfterDays"] == 35
    assert vault.properties["LockConfiguration"]["MinRetentionDays"] <= 35, "or every copy would be refused"
    (selection,) = assembly.resources("AWS::Backup::BackupSelection")
    assert _cluster(assembly).id in assembly.text(
        selection.stack, selection.properties["BackupSelection"]["Resources"][0]
    )


@pytest.mark.parametrize("where", ["assembly", "serverless"])
def test_who_changes_the_schema_or_a_role_is_logged_and_nobodys_values_are(
    where: str, request: pytest.FixtureRequest
) -> None:
    templates: Assembly = request.getfixturevalue(where)
    (group,) = templates.resources("AWS::RDS::DBClusterParameterGroup")
    parameters = group.properties["Parameters"]
    assert "pgaudit" in parameters["shared_preload_libraries"].split(",")
    assert set(parameters["pgaudit.log"].split(",")) == {"ddl", "role"}
    assert parameters["log_statement"] == "none", "what somebody typed would be there"
    for silent in ("pgaudit.log_parameter", "log_parameter_max_length", "log_parameter_max_length_on_error"):
        assert parameters[silent] == "0", silent


@pytest.mark.parametrize("where", ["assembly", "serverless"])
def test_the_databases_log_is_kept_encrypted_and_not_for_ever(where: str, request: pytest.FixtureRequest) -> None:
    templates: Assembly = request.getfixturevalue(where)
    cluster = _cluster(templates)
    assert cluster.properties["EnableCloudwatchLogsExports"] == ["postgresql"]
    name = f"/aws/rds/cluster/{cluster.properties['DBClusterIdentifier']}/postgresql"
    (group,) = [one for one in templates.resources("AWS::Logs::LogGroup") if one.properties.get("LogGroupName") == name]
    assert group.properties["RetentionInDays"] == 365
    key = templates.at(templates.follow(group.stack, group.properties["KmsKeyId"]))
    (allowed,) = [one for one in key.properties["KeyPolicy"]["Statement"] if "Service" in one["Principal"]]
    assert allowed["Principal"]["Service"] == "logs.us-east-1.amazonaws.com", "the log would stay empty"
    assert name in json.dumps(allowed["Condition"])
    depended_on = templates.templates[cluster.stack]["Resources"][cluster.id]["DependsOn"]
    assert group.id in depended_on, "RDS would make a group of this name, for ever and in the clear"


def test_a_cluster_is_made_of_a_snapshot_where_the_config_names_one(tmp_path: Path) -> None:
    prod = load(CONFIG_FOLDER / "prod.toml")
    snapshot = "arn:aws:rds:us-east-1:111111111111:cluster-snapshot:awsbackup:copyjob-1"
    restored = prod.model_copy(update={"database": prod.database.model_copy(update={"snapshot": snapshot})})
    cluster = _cluster(_database_alone(restored, tmp_path)).properties
    assert cluster["SnapshotIdentifier"] == snapshot
    assert not {"MasterUsername", "DatabaseName"} & set(cluster), "CloudFormation refuses both beside a snapshot"
    assert "MasterUserPassword" in cluster, "or nobody would know the owner's"
    assert cluster["StorageEncrypted"] is True
