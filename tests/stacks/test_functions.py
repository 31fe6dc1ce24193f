"""Functions and tasks: explicit limits, own logs, own role in AWS and in the database, no secret in sight."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from tests.conftest import REPOSITORY
from tests.stacks.assembly import Assembly, Resource, listed

# Words in a variable's name that say its value is nobody's business; names that end in _ARN only point at one.
SECRET_WORDS = re.compile(r"PASSWORD|SECRET|TOKEN|PRIVATE|CREDENTIAL|API_KEY", re.IGNORECASE)
NO_RESOURCE_LEVEL = re.compile(
    r"^(xray|ec2:(Create|Describe|Delete|Assign|Unassign)|logs|ecr:GetAuthorizationToken"
    r"|textract:(Start|Get)ExpenseAnalysis|ses:(Describe|Set)ActiveReceiptRuleSet"
    r"|redshift-data:(DescribeStatement|GetStatementResult)$|personalize:(ListEventTrackers|PutEvents)$)"
)


class Runner(NamedTuple):
    """A function, or the one container of a task."""

    resource: Resource
    name: str
    role_id: str
    environment: dict[str, Any]


def runners(assembly: Assembly) -> Iterator[Runner]:
    for function in assembly.resources("AWS::Lambda::Function"):
        role = assembly.follow(function.stack, function.properties["Role"]).id
        variables = function.properties["Environment"]["Variables"]
        yield Runner(function, function.properties["Handler"].split(".")[1], role, variables)
    for task in assembly.resources("AWS::ECS::TaskDefinition"):
        (container,) = task.properties["ContainerDefinitions"]
        role = assembly.follow(task.stack, task.properties["TaskRoleArn"]).id
        variables = {pair["Name"]: pair["Value"] for pair in container["Environment"]}
        yield Runner(task, container["Name"], role, variables)


def with_database(assembly: Assembly) -> list[Runner]:
    """Those that come to the database: not the door of webhooks, which takes pushes also while that is away, nor who
    hands over the portal's bundle, our rules for mail or a setting of the gateway, reads how far the lake has come,
    asks the warehouse, or puts files into other words."""
    found = list(runners(assembly))
    without = {one.name for one in found if "DATABASE_ROLE" not in one.environment}
    assert without - {
        *("publish_portal", "receipt_rules", "lake_loading", "report_desk", "personalize_files"),
        "cache_invalidation",
    } == {"webhook_api"}
    return [one for one in found if one.name not in without]


def test_there_is_a_function_for_each_entry_point(assembly: Assembly) -> None:
    assert {runner.name for runner in runners(assembly)} == {
        *("member_api", "quote_api", "manager_api", "partner_api", "identity_trigger", "importer", "engine_step"),
        *("order_information", "sweeper", "catalogue_sync", "migrate", "payments", "orders", "outbox_relay"),
        *("webhook_api", "payment_webhook", "cache_invalidation"),
        *("shipment_notification", "notification_feedback", "points_notices", "invoicing"),
        *("reconciliation", "readoption", "closure", "privacy", "publish_portal", "wish_notices", "simulation"),
        *("catalogue_desk", "canary"),
        *("webhook_sender", "integrations_desk"),
        *("invoice_intake", "invoice_reading", "invoice_matching", "invoice_watch", "invoice_desk", "erp_gateway"),
        *("receipt_rules", "lake_loading", "report_desk", "demand_desk"),
        *("insight_loading", "personalize_files", "personalize_events"),
    }


def test_every_function_says_its_time_memory_and_logs(assembly: Assembly) -> None:
    for function in assembly.resources("AWS::Lambda::Function"):
        assert 1 <= function.properties["Timeout"] <= 900, str(function)
        assert 128 <= function.properties["MemorySize"] <= 10_240, str(function)
        group = assembly.at(assembly.follow(function.stack, function.properties["LoggingConfig"]["LogGroup"]))
        assert group.properties["RetentionInDays"], str(function)
        assert function.properties["Architectures"] == ["arm64"], str(function)
        assert function.properties["Runtime"] == "python3.13", str(function)


def test_a_function_behind_the_gateway_gives_up_before_the_gateway_does(assembly: Assembly) -> None:
    for function in assembly.resources("AWS::Lambda::Function"):
        if function.properties["Handler"].split(".")[1].endswith("_api"):
            assert function.properties["Timeout"] <= 29, str(function)


def test_no_role_is_shared_and_none_has_a_managed_policy(assembly: Assembly) -> None:
    roles = [(runner.resource.stack, runner.role_id) for runner in runners(assembly)]
    assert len(set(roles)) == len(roles)
    for role in assembly.resources("AWS::IAM::Role"):
        assert "ManagedPolicyArns" not in role.properties, str(role)


def test_each_comes_to_the_database_as_its_own_role_and_may_as_no_other(assembly: Assembly) -> None:
    for runner in with_database(assembly):
        if runner.name == "migrate":
            continue
        own = {"payments": "payments_worker", "orders": "orders_worker"}.get(runner.name, runner.name)
        assert runner.environment["DATABASE_ROLE"] == own
        allowed = [
            assembly.text(runner.resource.stack, resource)
            for statement in assembly.statements(runner.resource.stack, runner.role_id)
            if "rds-db:connect" in listed(statement["Action"])
            for resource in listed(statement["Resource"])
        ]
        assert [resource.split(":dbuser:")[1] for resource in allowed] == [f"<Proxy{_hash(allowed)}.DBProxyArn>/{own}"]


def _hash(resources: list[str]) -> str:
    found = re.search(r"<Proxy(\w+)\.DBProxyArn>", resources[0])
    assert found
    return found[1]


def test_only_the_migration_comes_as_the_owner(assembly: Assembly) -> None:
    owners = {
        runner.name for runner in with_database(assembly) if runner.environment["DATABASE_ROLE"] == "loyalty_owner"
    }
    assert owners == {"migrate"}


def test_the_proxy_may_come_as_each_entry_point_and_never_as_the_owner(assembly: Assembly) -> None:
    (proxy,) = assembly.resources("AWS::RDS::DBProxy")
    role = assembly.follow(proxy.stack, proxy.properties["RoleArn"])
    users = {
        assembly.text(proxy.stack, resource).rsplit("/", 1)[1]
        for statement in assembly.statements(role.stack, role.id)
        for resource in listed(statement["Resource"])
    }
    assert {runner.environment["DATABASE_ROLE"] for runner in with_database(assembly)} - {"loyalty_owner"} <= users
    assert not users & {"loyalty_owner", "*"}


def test_tls_is_verified_to_the_name_wherever_there_is_a_cloud(assembly: Assembly) -> None:
    for runner in with_database(assembly):
        assert runner.environment["DATABASE_SSLMODE"] == "verify-full", runner.name
    assert {one.environment.get("DATABASE_SECRET_ARN") for one in with_database(assembly) if one.name != "migrate"} == {
        None
    }


def test_no_secret_is_in_an_environment(assembly: Assembly) -> None:
    for runner in runners(assembly):
        for name, value in runner.environment.items():
            assert "resolve:secretsmanager" not in str(value), f"{runner.name}: {name}"
            if SECRET_WORDS.search(name) and not isinstance(value, dict):
                assert name == "ROLE_SECRET_ARNS", f"{runner.name}: {name}"
                assert value == "{}"


def test_whoever_is_told_of_a_secret_may_read_it_and_nobody_else_may(assembly: Assembly) -> None:
    for runner in runners(assembly):
        stack = runner.resource.stack
        told = {
            assembly.follow(stack, value)[:2]
            for name, value in runner.environment.items()
            if name.endswith("SECRET_ARN")
        }
        # Whose passwords the migration sets.
        named = runner.environment.get("ROLE_SECRET_ARNS")
        if isinstance(named, dict):
            told |= {assembly.follow(stack, one)[:2] for one in named["Fn::Join"][1] if isinstance(one, dict)}
        readable = {
            assembly.follow(stack, resource)[:2]
            for statement in assembly.statements(stack, runner.role_id)
            if "secretsmanager:GetSecretValue" in listed(statement["Action"])
            for resource in listed(statement["Resource"])
            # Those of receivers, which come and go; who may is told their folder.
            if "OUTSIDE_PARTIES" not in runner.environment or not assembly.text(stack, resource).endswith("/outside/*")
        }
        assert told == readable, runner.name


def test_containers_run_as_nobody_on_graviton_with_a_read_only_root_and_a_health_check(assembly: Assembly) -> None:
    tasks = list(assembly.resources("AWS::ECS::TaskDefinition"))
    assert len(tasks) == 2
    for task in tasks:
        (container,) = task.properties["ContainerDefinitions"]
        assert task.properties["RuntimePlatform"]["CpuArchitecture"] == "ARM64"
        assert container["ReadonlyRootFilesystem"] is True
        assert container["User"] not in ("", "0", "root")
        assert container["HealthCheck"]["Command"]
        assert not container.get("PortMappings"), "a worker listens to nobody outside its task"
        assert container["StopTimeout"] >= 30


def test_payments_grow_with_their_queue_and_orders_keep_their_count(assembly: Assembly) -> None:
    (target,) = [
        one
        for one in assembly.resources("AWS::ApplicationAutoScaling::ScalableTarget")
        if one.properties["ServiceNamespace"] == "ecs"
    ]
    service = assembly.text(target.stack, target.properties["ResourceId"])
    assert "Payments" in service
    assert target.properties["MinCapacity"] < target.properties["MaxCapacity"]
    (orders,) = [one for one in assembly.resources("AWS::ECS::Service") if one.id.startswith("Orders")]
    assert orders.properties["DesiredCount"] == 1
    limits = orders.properties["DeploymentConfiguration"]
    assert (limits["MinimumHealthyPercent"], limits["MaximumPercent"]) == (0, 100), "never two at once"
    assert [one["CapacityProvider"] for one in orders.properties["CapacityProviderStrategy"]] == ["FARGATE"]


def test_the_laptop_has_a_secret_for_each_role_in_place_of_a_token(laptop: Assembly) -> None:
    secrets = {}
    for runner in with_database(laptop):
        assert runner.environment["DATABASE_SSLMODE"] == "disable", runner.name
        secrets[runner.name] = laptop.follow(runner.resource.stack, runner.environment["DATABASE_SECRET_ARN"])[:2]
    assert len(set(secrets.values())) == len(secrets)


def test_the_daily_reconciliation_reads_and_only_operators_take_up_what_a_restore_lost(assembly: Assembly) -> None:
    found = {runner.name: runner for runner in runners(assembly)}
    allowed = {
        name: {
            action
            for statement in assembly.statements(found[name].resource.stack, found[name].role_id)
            for action in listed(statement["Action"])
            if not NO_RESOURCE_LEVEL.match(action)
        }
        for name in ("reconciliation", "readoption")
    }
    # Into its dead letters, which a key of the stack encrypts.
    reads = {"rds-db:connect", "secretsmanager:GetSecretValue", "sqs:SendMessage", "kms:Decrypt", "kms:GenerateDataKey"}
    assert allowed["reconciliation"] <= reads
    assert allowed["readoption"] <= reads | {"states:DescribeExecution"}
    rules = [
        rule for rule in assembly.resources("AWS::Events::Rule") if rule.stack == found["reconciliation"].resource.stack
    ]
    targets = [assembly.follow(rule.stack, target["Arn"]).id for rule in rules for target in rule.properties["Targets"]]
    assert targets == [found["reconciliation"].resource.id]
    for runner in (found["reconciliation"], found["readoption"]):
        # What fails to the last of its tries waits for a person.
        dead = runner.resource.properties["DeadLetterConfig"]["TargetArn"]
        assert assembly.at(assembly.follow(runner.resource.stack, dead)).type == "AWS::SQS::Queue"


def test_before_a_restore_everything_that_starts_by_the_clock_is_stopped(assembly: Assembly) -> None:
    said = (REPOSITORY / "docs" / "operations" / "restore.md").read_text().partition("\n2. ")[0]
    for rule in assembly.resources("AWS::Events::Rule"):
        if "ScheduleExpression" in rule.properties:
            assert any(rule.id.startswith(name) for name in re.findall(r"`(\w+)`", said)), rule.id
    for door in ("member_api", "quote_api", "manager_api", "partner_api", "simulation"):
        assert f"`{door}`" in said


def test_wishes_are_looked_at_every_quarter_of_an_hour_by_who_may_only_come_to_the_database(assembly: Assembly) -> None:
    (found,) = (runner for runner in runners(assembly) if runner.name == "wish_notices")
    actions = {
        action
        for statement in assembly.statements(found.resource.stack, found.role_id)
        for action in listed(statement["Action"])
        if not NO_RESOURCE_LEVEL.match(action)
    }
    # The last three are Lambda's own, of a time that was missed.
    assert actions <= {
        *("rds-db:connect", "secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret", "sqs:SendMessage"),
        *("kms:Decrypt", "kms:GenerateDataKey"),
    }
    rates = [
        rule.properties["ScheduleExpression"]
        for rule in assembly.resources("AWS::Events::Rule")
        if rule.stack == found.resource.stack
        for target in rule.properties["Targets"]
        if assembly.follow(rule.stack, target["Arn"]).id == found.resource.id
    ]
    assert rates == ["rate(15 minutes)"]
