"""Nothing runs, is kept or is billed that need not be: Graviton, Spot, sleep, lifecycles, tags, budgets."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stacks.costs import DEPLOYMENT_TAG, deployment_tag
from stacks.settings import CONFIG_FOLDER, SettingsError, load
from tests.stacks.assembly import Assembly, Resource, listed
from tests.stacks.test_settings import changed

# Where AWS has no Graviton to choose, or ours would not run on it: never a gap without a reason.
NOT_GRAVITON = {
    "AWS::Glue::Job": "workers are of a type, not of a processor",
    "AWS::RedshiftServerless::Workgroup": "sold by RPU, not by processor",
    "AWS::SageMaker::Model": "training jobs take no Graviton instance, and one image trains, forecasts and analyses",
    "AWS::RDS::DBProxy": "AWS's own machines",
}
# What computes, in all templates.
COMPUTES = {"AWS::Lambda::Function", "AWS::ECS::TaskDefinition", "AWS::RDS::DBInstance", *NOT_GRAVITON}
GRAVITON = re.compile(r"^db\.(serverless|[a-z]+\d+gd?\..+)$")
X86_IN_SAGEMAKER = re.compile(r"^ml\.[mcr]\d+i?\.")


def test_every_function_task_and_database_runs_on_graviton(assembly: Assembly) -> None:
    seen = {kind: list(assembly.resources(kind)) for kind in COMPUTES}
    assert all(seen.values())
    for function in seen["AWS::Lambda::Function"]:
        assert function.properties["Architectures"] == ["arm64"], str(function)
    for task in seen["AWS::ECS::TaskDefinition"]:
        assert task.properties["RuntimePlatform"]["CpuArchitecture"] == "ARM64", str(task)
    for instance in seen["AWS::RDS::DBInstance"]:
        assert GRAVITON.match(instance.properties["DBInstanceClass"]), str(instance)


def test_nothing_else_computes_but_the_named_exceptions(assembly: Assembly) -> None:
    kinds = {
        resource["Type"] for template in assembly.templates.values() for resource in template["Resources"].values()
    }
    computing = re.compile(
        r"^AWS::(EC2::(Instance|LaunchTemplate)|ECS::TaskDefinition|Lambda::Function|RDS::DB(Instance|Proxy)|EMR.*|"
        r"Batch::.*|Glue::Job|SageMaker::(Model|Endpoint|EndpointConfig|NotebookInstance)|ElastiCache::.*|"
        r"OpenSearchService::.*|RedshiftServerless::Workgroup|CodeBuild::Project)$"
    )
    assert {kind for kind in kinds if computing.match(kind)} == COMPUTES


def test_the_exception_of_sagemaker_is_its_x86_instances_and_their_image(assembly: Assembly) -> None:
    told = [
        value
        for machine in assembly.resources("AWS::StepFunctions::StateMachine")
        for key, value in machine.properties.get("DefinitionSubstitutions", {}).items()
        if key.endswith("Instance")
    ]
    assert len(told) == 3
    assert all(X86_IN_SAGEMAKER.match(instance) for instance in told)


def _strategy(service: Resource) -> dict[str, tuple[int, int]]:
    return {
        one["CapacityProvider"]: (one.get("Base", 0), one.get("Weight", 0))
        for one in service.properties["CapacityProviderStrategy"]
    }


def test_payments_run_on_spot_in_the_share_of_the_config_and_orders_never(assembly: Assembly) -> None:
    percent = load(CONFIG_FOLDER / "full.toml").services.spot_percent
    assert percent
    services = {one.id.split("Service")[0]: _strategy(one) for one in assembly.resources("AWS::ECS::Service")}
    assert services["Payments"] == {"FARGATE": (1, 100 - percent), "FARGATE_SPOT": (0, percent)}
    assert services["Orders"] == {"FARGATE": (1, 100)}


def test_dev_sleeps_for_nothing_of_it_asks_the_database_by_itself() -> None:
    dev = load(CONFIG_FOLDER / "dev.toml")
    assert (dev.database.mode, dev.database.min_acu, dev.database.proxy) == ("serverless", 0, False)
    assert not any(value for key, value in dev.schedules if key.endswith("_minutes"))
    assert not dev.invoices.watch_minutes
    assert not dev.invoices.gateway_minutes
    assert not dev.services.payments.min_tasks
    assert not dev.services.orders.min_tasks
    assert not dev.lake.schedule


@pytest.mark.parametrize(
    ("setting", "where"),
    [
        (("proxy = false", "proxy = true"), "database.min_acu"),
        (("sweeper_minutes = 0", "sweeper_minutes = 60"), "schedules.sweeper_minutes"),
        (("privacy_minutes = 0", "privacy_minutes = 1"), "schedules.privacy_minutes"),
        (("gateway_minutes = 0", "gateway_minutes = 1"), "invoices.gateway_minutes"),
        (("[services.orders]\nmin_tasks = 0", "[services.orders]\nmin_tasks = 1"), "services.orders.min_tasks"),
    ],
)
def test_what_would_keep_a_sleeping_database_awake_is_refused(
    tmp_path: Path, setting: tuple[str, str], where: str
) -> None:
    with pytest.raises(SettingsError) as refused:
        load(changed(tmp_path, setting, based_on="dev"))
    (only,) = str(refused.value).splitlines()
    assert f": {where}: " in only


def _rules(bucket: Resource) -> list[dict[str, Any]]:
    rules: list[dict[str, Any]] = bucket.properties["LifecycleConfiguration"]["Rules"]
    assert all(rule["Status"] == "Enabled" for rule in rules)
    return rules


def test_unfinished_uploads_and_replaced_versions_are_gone_soon(assembly: Assembly) -> None:
    for bucket in assembly.resources("AWS::S3::Bucket"):
        rules = _rules(bucket)
        unfinished = [rule for rule in rules if "AbortIncompleteMultipartUpload" in rule]
        whole = [rule for rule in unfinished if "Prefix" not in rule]
        assert whole or len(unfinished) == len(rules), str(bucket)
        if bucket.properties.get("VersioningConfiguration", {}).get("Status") == "Enabled":
            for rule in rules:
                if "ExpirationInDays" in rule:
                    days = rule["NoncurrentVersionExpiration"]["NoncurrentDays"]
                    assert days <= 30, f"{bucket}: what has expired is kept for {days} days"


# Kept for years without S3 watching what is asked for, because that pays from 128 kB an object.
SMALL = {"Documents": "a PDF of a page has 40 kB", "EndedAccounts": "a line each", "AccessLogs": "for a year only"}


def test_what_is_kept_for_more_than_a_year_moves_to_where_it_costs_less(assembly: Assembly) -> None:
    for bucket in assembly.resources("AWS::S3::Bucket"):
        if any(name in bucket.id for name in SMALL):
            continue
        for rule in _rules(bucket):
            if rule.get("ExpirationInDays", 0) > 366:
                (move,) = rule["Transitions"]
                assert move["StorageClass"] == "INTELLIGENT_TIERING", str(bucket)


def test_images_that_are_replaced_do_not_pile_up(assembly: Assembly) -> None:
    """Images are in the CDK's own repository, which is in no template of ours; a new one has to have rules."""
    for repository in assembly.resources("AWS::ECR::Repository"):
        assert repository.properties["LifecyclePolicy"]["LifecyclePolicyText"], str(repository)


def _tags(folder: Path) -> Iterator[tuple[str, dict[str, str]]]:
    manifest = json.loads((folder / "manifest.json").read_text())
    for name, artifact in manifest["artifacts"].items():
        if artifact["type"] == "aws:cloudformation:stack":
            yield name, artifact["properties"].get("tags", {})


def test_every_stack_and_with_it_every_resource_says_whose_it_is_and_what_for(
    assembly: Assembly, assembly_folder: Path
) -> None:
    """CloudFormation puts a stack's tags on all of its resources that take any."""
    settings = load(CONFIG_FOLDER / "full.toml")
    tagged = dict(_tags(assembly_folder))
    assert tagged.keys() == assembly.templates.keys()
    for stack, tags in tagged.items():
        assert tags == {
            "application": "loyalty",
            "environment": "full",
            "part": stack.removeprefix("loyalty-full-"),
            DEPLOYMENT_TAG: deployment_tag(settings),
            "cost-centre": "loyalty",
        }


def test_tasks_have_the_tags_of_their_service(assembly: Assembly) -> None:
    for service in assembly.resources("AWS::ECS::Service"):
        assert service.properties["PropagateTags"] == "SERVICE", str(service)


def test_operators_are_told_of_the_budget_before_and_when_it_is_spent_and_when_it_is_going_to_be(
    assembly: Assembly,
) -> None:
    (budget,) = assembly.resources("AWS::Budgets::Budget")
    settings = load(CONFIG_FOLDER / "full.toml")
    assert budget.properties["Budget"]["BudgetLimit"] == {"Amount": settings.cost.monthly_budget_usd, "Unit": "USD"}
    told = [
        (one["Notification"]["NotificationType"], one["Notification"]["Threshold"])
        for one in budget.properties["NotificationsWithSubscribers"]
    ]
    assert told == [("ACTUAL", 50), ("ACTUAL", 80), ("ACTUAL", 100), ("FORECASTED", 100)]
    for one in budget.properties["NotificationsWithSubscribers"]:
        (subscriber,) = one["Subscribers"]
        assert assembly.follow(budget.stack, subscriber["Address"]).id.startswith("Operators")


def test_an_unusual_day_is_told_at_once(assembly: Assembly) -> None:
    (monitor,) = assembly.resources("AWS::CE::AnomalyMonitor")
    (subscription,) = assembly.resources("AWS::CE::AnomalySubscription")
    looked_at = json.loads(monitor.properties["MonitorSpecification"])["Tags"]
    assert looked_at == {"Key": DEPLOYMENT_TAG, "Values": ["loyalty-full"]}
    assert subscription.properties["Frequency"] == "IMMEDIATE"
    (subscriber,) = subscription.properties["Subscribers"]
    assert subscriber["Type"] == "SNS", "at once is told by SNS only"
    assert assembly.follow(subscription.stack, subscriber["Address"]).id.startswith("Operators")
    (monitored,) = subscription.properties["MonitorArnList"]
    assert assembly.follow(subscription.stack, monitored).id == monitor.id


@pytest.mark.parametrize("teller", ["budgets.amazonaws.com", "costalerts.amazonaws.com"])
def test_who_tells_of_money_gets_through_the_topic_and_its_key(assembly: Assembly, teller: str) -> None:
    (topic,) = (one for one in assembly.resources("AWS::SNS::Topic") if one.id.startswith("Operators"))
    key = assembly.at(assembly.follow(topic.stack, topic.properties["KmsMasterKeyId"]))
    policies = [
        one.properties["PolicyDocument"]
        for one in assembly.resources("AWS::SNS::TopicPolicy")
        if {"Ref": topic.id} in one.properties["Topics"]
    ]
    for documents, action in ((policies, "sns:Publish"), ([key.properties["KeyPolicy"]], "kms:GenerateDataKey*")):
        allowed = [
            statement
            for document in documents
            for statement in document["Statement"]
            if statement["Effect"] == "Allow" and teller in listed(statement["Principal"].get("Service", []))
        ]
        assert any(action in listed(statement["Action"]) for statement in allowed), action


def test_the_laptop_has_nobody_who_tells_of_money(laptop: Assembly) -> None:
    kinds = {resource["Type"] for template in laptop.templates.values() for resource in template["Resources"].values()}
    assert not {kind for kind in kinds if kind.startswith(("AWS::Budgets", "AWS::CE"))}


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        (("monthly_budget_usd = 2500", "monthly_budget_usd = 0"), "cost.monthly_budget_usd: a durable deployment"),
        (('cost-centre = "loyalty"', 'team = "loyalty"'), "deployment.tags: a durable deployment says who pays"),
        (("anomaly_usd", "thresholds_percent = [80, 80]\nanomaly_usd"), "cost.thresholds_percent: one is named twice"),
        (("anomaly_usd", "thresholds_percent = [0]\nanomaly_usd"), "cost.thresholds_percent.0: "),
    ],
)
def test_a_durable_deployment_has_a_budget_and_says_who_pays(
    tmp_path: Path, setting: tuple[str, str], said: str
) -> None:
    with pytest.raises(SettingsError) as refused:
        load(changed(tmp_path, setting))
    assert said in str(refused.value)
