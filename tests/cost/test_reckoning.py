"""A bill is exact: a small fixed template, prices and counts known, every line worked out by hand."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from cost.bill import World
from cost.break_even import break_even
from cost.estimate import Bill, UnknownType, at, bill, world_of
from cost.prices import PriceFileError
from cost.reckoning.running import spread
from cost.runs import runs_a_month
from cost.templates import Templates

# Every assumption that the lines below are worked out from.
USAGE = {
    "redemptions_per_member": "0.1",
    "active_share": "0.5",
    "visits_per_active_member": "2",
    "requests_per_visit": "10",
    "kb_per_answer": "5",
    "nat_gb_at_least": "10",
    "nat_kb_per_redemption": "1000",
    "log_bytes_per_run": "1000",
    "log_compression": "0.5",
    "traced_share": "0.1",
}


def _template(*resources: tuple[str, str, dict[str, Any]]) -> dict[str, Any]:
    return {"Resources": {id: {"Type": kind, "Properties": properties} for id, kind, properties in resources}}


NETWORK = _template(
    ("NatOne", "AWS::EC2::NatGateway", {}),
    ("NatTwo", "AWS::EC2::NatGateway", {}),
    ("Free", "AWS::EC2::VPC", {}),
)
API = _template(
    (
        "Sweeper30B1A830",
        "AWS::Lambda::Function",
        {"MemorySize": 512, "Architectures": ["arm64"], "TracingConfig": {"Mode": "Active"}},
    ),
    (
        "Sweep",
        "AWS::Events::Rule",
        {"ScheduleExpression": "rate(1 minute)", "Targets": [{"Arn": {"Fn::GetAtt": ["Sweeper30B1A830", "Arn"]}}]},
    ),
    ("Logs", "AWS::Logs::LogGroup", {"RetentionInDays": 365}),
    ("Stage", "AWS::ApiGateway::Stage", {"RestApiId": {"Ref": "MemberApi12345678"}}),
)


def some_world(members: int, **templates: dict[str, Any]) -> World:
    by_stack = {f"loyalty-some-{part}": template for part, template in templates.items()}
    return world_of(Templates(by_stack), members, overrides=USAGE)


def _lines(one: Bill) -> dict[tuple[str, str, bool], Decimal]:
    return {(line.resource.id, line.price_name, line.variable): line.usd for line in one.lines}


def test_every_line_of_a_small_template_is_what_it_is_by_hand() -> None:
    assert _lines(bill(some_world(1000, network=NETWORK, api=API))) == {
        ("NatOne", "nat_gateway_hour", False): 730 * Decimal("0.045"),
        ("NatTwo", "nat_gateway_hour", False): 730 * Decimal("0.045"),
        ("NatOne", "nat_gateway_gb", False): 10 * Decimal("0.045"),
        # 100 redemptions of a thousand kB.
        ("NatOne", "nat_gateway_gb", True): Decimal("0.1") * Decimal("0.045"),
        # 43,800 minutes, 0.4 s each, half a GB; 1,000 bytes of log each, kept for a year.
        ("Sweeper30B1A830", "lambda_requests", False): Decimal(43_800) * Decimal("0.20") / 1_000_000,
        ("Sweeper30B1A830", "lambda_arm_gb_second", False): 43_800 * Decimal("0.2") * Decimal("0.0000133334"),
        ("Sweeper30B1A830", "logs_gb", False): Decimal("0.0438") * Decimal("0.50"),
        ("Sweeper30B1A830", "logs_stored_gb", False): Decimal("0.0438") * 12 * Decimal("0.5") * Decimal("0.03"),
        ("Sweeper30B1A830", "traces", False): Decimal(4_380) * 5 / 1_000_000,
        # 1,000 visits of ten requests, 5 kB each.
        ("Stage", "api_gateway_requests", True): Decimal(10_000) * Decimal("3.50") / 1_000_000,
        ("Stage", "data_out_gb", True): Decimal("0.05") * Decimal("0.09"),
    }


def test_sums_are_of_the_lines_and_fixed_and_variable_are_all_of_it() -> None:
    one = bill(some_world(1000, network=NETWORK, api=API))
    assert one.usd == sum(one.by_service.values()) == sum(one.by_capability.values())
    assert one.usd == one.fixed_usd + one.variable_usd
    assert one.variable_usd == sum(line.usd for line in one.lines if line.variable) > 0
    assert one.usd_per_redemption == one.usd / 100
    assert next(iter(one.by_service)) == "NAT gateway"
    assert one.by_capability["network"] == Decimal("66.1545")


def test_nobody_pays_for_what_is_not_used() -> None:
    none = bill(at(some_world(1, network=NETWORK, api=API), 0))
    assert none.variable_usd == 0
    assert none.usd_per_redemption == 0


def test_a_type_that_nobody_knows_is_refused_and_not_taken_for_free() -> None:
    with pytest.raises(UnknownType, match="AWS::EC2::Instance"):
        bill(some_world(1000, network=_template(("One", "AWS::EC2::Instance", {}))))


def test_a_function_that_nobody_knows_is_refused() -> None:
    stranger = _template(("Stranger12345678", "AWS::Lambda::Function", {"MemorySize": 128}))
    with pytest.raises(PriceFileError, match=r"runs\.toml: Stranger"):
        bill(some_world(1000, api=stranger))


@pytest.mark.parametrize(
    ("schedule", "runs"),
    [
        ("rate(1 minute)", 43_800),
        ("rate(15 minutes)", 2_920),
        ("rate(1 hour)", 730),
        ("cron(15 2 * * ? *)", Decimal(730) / 24),
        ("cron(0/30 * * * ? *)", Decimal(730) * 2),
        ("cron(0 8-17 * * ? *)", Decimal(730) / 24 * 10),
        ("cron(30 5 ? * SUN *)", Decimal(730) / 24 / 7),
        ("cron(0 6,18 1 * ? *)", 2),
    ],
)
def test_a_schedule_is_counted(schedule: str, runs: Decimal | int) -> None:
    assert runs_a_month(schedule) == pytest.approx(Decimal(runs))


def test_what_is_no_schedule_is_refused() -> None:
    with pytest.raises(ValueError, match="every now and then"):
        runs_a_month("every now and then")


@pytest.mark.parametrize(
    ("strategy", "tasks", "on_spot"),
    [
        ([("FARGATE", 1, 100)], 3, 0),
        ([("FARGATE", 1, 50), ("FARGATE_SPOT", 0, 50)], 3, 1),
        ([("FARGATE", 1, 0), ("FARGATE_SPOT", 0, 100)], 3, 2),
        ([("FARGATE", 1, 50), ("FARGATE_SPOT", 0, 50)], 1, 0),
    ],
)
def test_the_first_task_is_never_on_spot_and_the_others_by_weight(
    strategy: list[tuple[str, int, int]], tasks: int, on_spot: int
) -> None:
    providers = [{"CapacityProvider": name, "Base": base, "Weight": weight} for name, base, weight in strategy]
    properties = {"DesiredCount": tasks, "CapacityProviderStrategy": providers}
    world = some_world(1000, services=_template(("Service", "AWS::ECS::Service", properties)))
    (service,) = world.templates.of("AWS::ECS::Service")
    assert spread(service, world) == (tasks - on_spot, on_spot)


def _cluster(instance: str, optimized: bool) -> dict[str, Any]:
    scaling = {"ServerlessV2ScalingConfiguration": {"MinCapacity": 2, "MaxCapacity": 64}}
    storage = {"StorageType": "aurora-iopt1"} if optimized else {}
    return _template(
        ("Cluster", "AWS::RDS::DBCluster", {"BackupRetentionPeriod": 1, **scaling, **storage}),
        ("Writer", "AWS::RDS::DBInstance", {"DBInstanceClass": instance}),
    )


def test_io_optimized_breaks_even_where_both_cost_the_same() -> None:
    world = some_world(100_000, database=_cluster("db.r8g.xlarge", False))
    even = break_even(world)
    assert even is not None
    storage = world.month.stored_gb
    dearer = 730 * 2 * (Decimal("0.3588") - Decimal("0.276")) + storage * (Decimal("0.225") - Decimal("0.10"))
    assert even.even_ios == pytest.approx(dearer / Decimal("0.20") * 1_000_000)
    assert even.optimized_usd - even.standard_usd == pytest.approx(dearer - even.ios * Decimal("0.20") / 1_000_000)
    assert even.cheaper == (even.ios > even.even_ios)


def test_with_enough_ios_the_break_even_is_found_among_the_members() -> None:
    busy = USAGE | {"ios_per_purchase": "3000", "bytes_per_purchase": "0", "bytes_per_redemption": "0"}
    template = {"loyalty-some-database": _cluster("db.r8g.xlarge", False)}
    world = world_of(Templates(template), 1000, overrides=busy)
    even = break_even(world)
    assert even is not None
    assert even.even_members is not None
    below, above = break_even(at(world, even.even_members * 49 // 50)), break_even(at(world, even.even_members))
    assert below is not None
    assert above is not None
    assert not below.cheaper
    assert above.cheaper


@pytest.mark.parametrize("instance", ["db.serverless", "db.r8g.xlarge"])
def test_the_bill_is_by_the_way_of_paying_that_the_cluster_has(instance: str) -> None:
    for optimized in (False, True):
        world = some_world(100_000, database=_cluster(instance, optimized))
        even = break_even(world)
        assert even is not None
        assert even.chosen is optimized
        paid = bill(world).by_service["Aurora"]
        assert paid == (even.optimized_usd if optimized else even.standard_usd)


def test_an_instance_that_nobody_has_a_price_for_is_named() -> None:
    with pytest.raises(PriceFileError, match=r"db\.t3\.medium"):
        bill(some_world(1, database=_cluster("db.t3.medium", False)))


def test_copies_in_another_region_are_paid_here_there_and_on_their_way() -> None:
    plan = {
        "BackupPlan": {
            "BackupPlanRule": [
                {"Lifecycle": {"DeleteAfterDays": 3}, "CopyActions": [{"Lifecycle": {"DeleteAfterDays": 30}}]}
            ]
        }
    }
    world = some_world(100_000, backup=_template(("Plan", "AWS::Backup::BackupPlan", plan)))
    gb = world.month.stored_gb
    here, there, moved = bill(world).lines
    assert here.quantity == gb * Decimal("1.03")
    assert there.quantity == gb * Decimal("1.30")
    assert moved.quantity == pytest.approx(gb * Decimal("0.01") * 730 / 24)


def test_logs_that_are_masked_are_paid_twice() -> None:
    masked = API | {"Resources": dict(API["Resources"])}
    masked["Resources"]["Logs"] = {
        "Type": "AWS::Logs::LogGroup",
        "Properties": {"RetentionInDays": 365, "DataProtectionPolicy": {}},
    }
    before, after = bill(some_world(1000, api=API)), bill(some_world(1000, api=masked))
    assert after.usd - before.usd == Decimal("0.0438") * Decimal("0.12")
