"""What the guidance says of Aurora and of what is paid, as rules of the templates."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from stacks.settings import SettingsError, load
from tests.stacks.assembly import Assembly
from tests.stacks.test_settings import changed

# What is paid by the hour of a machine that we would have to look after.
MACHINES = ("AWS::EC2::Instance", "AWS::AutoScaling::AutoScalingGroup", "AWS::EC2::LaunchTemplate", "AWS::EKS::Cluster")


def test_the_database_is_aurora_with_its_own_storage(assembly: Assembly) -> None:
    (cluster,) = assembly.resources("AWS::RDS::DBCluster")
    assert cluster.properties["Engine"] == "aurora-postgresql"
    # What an instance with storage of its own would have.
    assert not {"AllocatedStorage", "Iops", "DBClusterInstanceClass"} & set(cluster.properties)


def test_the_database_is_io_optimized_by_config(assembly: Assembly, laptop: Assembly) -> None:
    (optimized,) = assembly.resources("AWS::RDS::DBCluster")
    (standard,) = laptop.resources("AWS::RDS::DBCluster")
    assert optimized.properties["StorageType"] == "aurora-iopt1"
    assert standard.properties.get("StorageType", "aurora") == "aurora"


def test_there_may_be_fifteen_readers_and_no_more(tmp_path: Path) -> None:
    fifteen = changed(tmp_path, ("\nreaders = 1", "\nreaders = 15"), ("max_readers = 4", "max_readers = 15"))
    assert load(fifteen).database.readers == 15
    with pytest.raises(SettingsError, match=r"database\.readers"):
        load(changed(tmp_path, ("\nreaders = 1", "\nreaders = 16")))


def test_the_databases_instances_are_graviton(assembly: Assembly) -> None:
    classes = {one.properties["DBInstanceClass"] for one in assembly.resources("AWS::RDS::DBInstance")}
    assert classes
    assert all(re.fullmatch(r"db\.[a-z]+\d+gd?\.\w+", one) for one in classes), classes


def test_nothing_is_provisioned_that_is_paid_by_the_instance(assembly: Assembly) -> None:
    assert not list(assembly.resources(*MACHINES))
    for task in assembly.resources("AWS::ECS::TaskDefinition"):
        assert task.properties["RequiresCompatibilities"] == ["FARGATE"], task
    for function in assembly.resources("AWS::Lambda::Alias", "AWS::Lambda::Version"):
        assert "ProvisionedConcurrencyConfig" not in function.properties, function
