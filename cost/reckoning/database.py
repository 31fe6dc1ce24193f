"""Aurora and its proxy."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from cost.bill import Line, Rule, World
from cost.prices import PriceFileError
from cost.templates import Resource
from cost.usage import HOURS, Month

SERVERLESS = "db.serverless"
GB_AN_ACU = 2
# Of an instance's memory PostgreSQL's own cache has three quarters.
CACHE_SHARE = Decimal("0.75")
PROXY_LEAST_ACU, PROXY_LEAST_VCPU = 8, 2


def io_optimized(world: World) -> bool:
    """Which of the two ways of paying the cluster is set to."""
    return any(one.properties.get("StorageType") == "aurora-iopt1" for one in world.templates.of("AWS::RDS::DBCluster"))


def average_acu(month: Month, least: Decimal, most: Decimal) -> Decimal:
    """What an instance stands at on average: processors with room for peaks, or memory for what is hot; within the
    config's bounds."""
    processors = month.database_vcpus * month["acu_per_vcpu"] / month["busy_at_most"]
    memory = month.stored_gb * month["hot_share_of_storage"] / CACHE_SHARE / GB_AN_ACU
    return min(most, max(least, processors, memory))


def instance_lines(resource: Resource, world: World, *, optimized: bool) -> Iterator[Line]:
    """Hours of one instance, by one of the two ways of paying."""
    prefix = "aurora_io_" if optimized else "aurora_"
    name = resource.properties["DBInstanceClass"]
    if name == SERVERLESS:
        least, acu = _bounds(world)[0], _acu(world)
        yield world.line(resource, f"{prefix}acu_hour", HOURS * least, what="the least")
        yield world.line(resource, f"{prefix}acu_hour", HOURS * (acu - least), variable=True, what="beyond it")
        return
    family, larges = _size(name)
    yield world.line(resource, f"{prefix}{family}_large_hour", HOURS * larges, what=name)


def storage_lines(resource: Resource, world: World, *, optimized: bool) -> Iterator[Line]:
    """The cluster's data and I/Os, by one of the two ways of paying."""
    month = world.month
    storage = "aurora_io_storage_gb" if optimized else "aurora_storage_gb"
    yield world.line(resource, storage, month["database_gb_at_least"])
    yield world.line(resource, storage, month.stored_gb - month["database_gb_at_least"], variable=True)
    if not optimized:
        yield world.line(resource, "aurora_ios", month["ios_at_least"])
        yield world.line(resource, "aurora_ios", month.database_ios - month["ios_at_least"], variable=True)


def _cluster(resource: Resource, world: World) -> Iterator[Line]:
    month = world.month
    yield from storage_lines(resource, world, optimized=io_optimized(world))
    days = Decimal(resource.properties.get("BackupRetentionPeriod", 1))
    backup = month.stored_gb * (days - 1) * month["backup_share_per_day"]
    yield world.line(resource, "aurora_backup_gb", backup, variable=True, what=f"{days} days")
    if resource.properties.get("EnableCloudwatchLogsExports"):
        yield from world.logs(resource, month["database_log_gb"] * 10**9, variable=False)


def _instance(resource: Resource, world: World) -> Iterator[Line]:
    yield from instance_lines(resource, world, optimized=io_optimized(world))


def _proxy(resource: Resource, world: World) -> Iterator[Line]:
    """By the processors of the instances behind it."""
    instances = [one.properties["DBInstanceClass"] for one in world.templates.of("AWS::RDS::DBInstance")]
    if SERVERLESS in instances:
        acu = max(Decimal(PROXY_LEAST_ACU), len(instances) * _acu(world))
        yield world.line(resource, "rds_proxy_acu_hour", HOURS * PROXY_LEAST_ACU)
        yield world.line(resource, "rds_proxy_acu_hour", HOURS * (acu - PROXY_LEAST_ACU), variable=True)
    else:
        vcpus = sum((2 * _size(name)[1] for name in instances), Decimal(0))
        yield world.line(resource, "rds_proxy_vcpu_hour", HOURS * max(Decimal(PROXY_LEAST_VCPU), vcpus))


def _proxy_endpoint(resource: Resource, world: World) -> Iterator[Line]:
    """Any endpoint but the first is an interface endpoint in each of its subnets."""
    yield world.line(resource, "interface_endpoint_hour", HOURS * len(resource.properties["VpcSubnetIds"]))


def instance_acu(name: str) -> Decimal:
    """The memory of a provisioned instance of the r classes, as that of so many ACU: a large has 16 GB."""
    return _size(name)[1] * 16 / GB_AN_ACU


def _bounds(world: World) -> tuple[Decimal, Decimal]:
    (cluster,) = world.templates.of("AWS::RDS::DBCluster")
    scaling = cluster.properties["ServerlessV2ScalingConfiguration"]
    return Decimal(str(scaling["MinCapacity"])), Decimal(str(scaling["MaxCapacity"]))


def _acu(world: World) -> Decimal:
    return average_acu(world.month, *_bounds(world))


def _size(name: str) -> tuple[str, Decimal]:
    """The family, and how many of its `large` an instance is; a large has two processors."""
    found = re.fullmatch(r"db\.([a-z0-9]+)\.(?:(\d*)x)?large", name)
    if not found:
        raise PriceFileError(f"prices.toml: {name}: there is no price for instances of this kind")
    family, many = found.groups()
    return family, Decimal(1) if many is None else Decimal(2 * int(many or 1))


RULES: dict[str, Rule] = {
    "AWS::RDS::DBCluster": _cluster,
    "AWS::RDS::DBInstance": _instance,
    "AWS::RDS::DBProxy": _proxy,
    "AWS::RDS::DBProxyEndpoint": _proxy_endpoint,
}
