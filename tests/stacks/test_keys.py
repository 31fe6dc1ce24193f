"""Keys of our own: each in the stack that owns what it encrypts, and each lets in exactly who writes there.

An AWS service that may not use a key drops what it has to say without a word, so every way by which one writes into
something encrypted is walked here, from the templates.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from tests.stacks.assembly import Assembly, Resource, Target, listed
from tests.stacks.roles import key_of

# What is encrypted by a key of ours, always.
OURS = {
    *("AWS::SQS::Queue", "AWS::SNS::Topic", "AWS::Logs::LogGroup", "AWS::SecretsManager::Secret"),
    *("AWS::RDS::DBCluster", "AWS::RedshiftServerless::Namespace"),
}
# A bucket of S3's own logs, which S3 writes into only by its own keys.
LOGS = "AccessLogs"
# Set by hand on the number that sends SMS: docs/notifications.md.
BY_HAND = {("FeedbackTopic", "sms-voice.amazonaws.com")}
# Asks in its own name by what the role of an import allows, and for the account.
READERS = {"personalize.amazonaws.com"}
# EventBridge tells KMS neither account nor rule: the queue's policy lets in only this account's.
UNVOUCHED = {"events.amazonaws.com"}
WRITING = {"kms:Decrypt", "kms:GenerateDataKey"}
# CloudTrail and AWS Config check a key before they use it.
DESCRIBING = {"cloudtrail.amazonaws.com"}


class Edge(NamedTuple):
    """A service that puts something into a resource of ours."""

    service: str
    into: Target


def edges(assembly: Assembly) -> Iterator[Edge]:
    for way in (_alarms, _rules, _subscriptions, _mail, _files, _logs, _trails, _money, _databases):
        yield from way(assembly)


def _to(assembly: Assembly, service: str, stack: str, reference: Any) -> Iterator[Edge]:
    """Nothing, for what is named and not referred to: it is not ours."""
    if isinstance(reference, dict) and not reference.keys() & {"Fn::Join", "Fn::Sub"}:
        yield Edge(service, Target(*assembly.follow(stack, reference)[:2]))


def _alarms(assembly: Assembly) -> Iterator[Edge]:
    for alarm in assembly.resources("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm"):
        for kind in ("AlarmActions", "OKActions", "InsufficientDataActions"):
            for action in alarm.properties.get(kind, []):
                yield from _to(assembly, "cloudwatch.amazonaws.com", alarm.stack, action)


def _rules(assembly: Assembly) -> Iterator[Edge]:
    for rule in assembly.resources("AWS::Events::Rule"):
        for target in rule.properties.get("Targets", []):
            if "RoleArn" not in target:
                yield from _to(assembly, "events.amazonaws.com", rule.stack, target["Arn"])
            if "DeadLetterConfig" in target:
                yield from _to(assembly, "events.amazonaws.com", rule.stack, target["DeadLetterConfig"]["Arn"])
    for schedule in assembly.resources("AWS::Scheduler::Schedule"):
        if "DeadLetterConfig" in schedule.properties["Target"]:
            dead = schedule.properties["Target"]["DeadLetterConfig"]["Arn"]
            yield from _to(assembly, "scheduler.amazonaws.com", schedule.stack, dead)


def _subscriptions(assembly: Assembly) -> Iterator[Edge]:
    for one in assembly.resources("AWS::SNS::Subscription"):
        if one.properties["Protocol"] == "sqs":
            yield from _to(assembly, "sns.amazonaws.com", one.stack, one.properties["Endpoint"])
        if dead := one.properties.get("RedrivePolicy", {}).get("deadLetterTargetArn"):
            yield from _to(assembly, "sns.amazonaws.com", one.stack, dead)


def _mail(assembly: Assembly) -> Iterator[Edge]:
    for one in assembly.resources("AWS::SES::ConfigurationSetEventDestination"):
        told = one.properties["EventDestination"]
        if "SnsDestination" in told:
            yield from _to(assembly, "ses.amazonaws.com", one.stack, told["SnsDestination"]["TopicARN"])
    for one in assembly.resources("AWS::SES::ReceiptRule"):
        for action in one.properties["Rule"]["Actions"]:
            for part in action.values():
                for name in ("BucketName", "TopicArn"):
                    if name in part:
                        yield from _to(assembly, "ses.amazonaws.com", one.stack, part[name])


def _files(assembly: Assembly) -> Iterator[Edge]:
    for bucket in assembly.resources("AWS::S3::Bucket"):
        told = bucket.properties.get("NotificationConfiguration", {})
        for kind, name in (("QueueConfigurations", "Queue"), ("TopicConfigurations", "Topic")):
            for one in told.get(kind, []):
                yield from _to(assembly, "s3.amazonaws.com", bucket.stack, one[name])


def _logs(assembly: Assembly) -> Iterator[Edge]:
    for group in assembly.resources("AWS::Logs::LogGroup"):
        yield Edge("logs.us-east-1.amazonaws.com", Target(group.stack, group.id))


def _trails(assembly: Assembly) -> Iterator[Edge]:
    for trail in assembly.resources("AWS::CloudTrail::Trail"):
        # By the trail's own key, which is not always its bucket's.
        yield Edge("cloudtrail.amazonaws.com", Target(trail.stack, trail.id))
        if "SnsTopicName" in trail.properties:
            yield from _to(assembly, "cloudtrail.amazonaws.com", trail.stack, trail.properties["SnsTopicName"])
    for one in assembly.resources("AWS::Config::DeliveryChannel"):
        yield from _to(assembly, "config.amazonaws.com", one.stack, one.properties["S3BucketName"])
        if "SnsTopicARN" in one.properties:
            yield from _to(assembly, "config.amazonaws.com", one.stack, one.properties["SnsTopicARN"])


def _money(assembly: Assembly) -> Iterator[Edge]:
    for budget in assembly.resources("AWS::Budgets::Budget"):
        for told in budget.properties.get("NotificationsWithSubscribers", []):
            for one in told["Subscribers"]:
                if one["SubscriptionType"] == "SNS":
                    yield from _to(assembly, "budgets.amazonaws.com", budget.stack, one["Address"])
    for told in assembly.resources("AWS::CE::AnomalySubscription"):
        for one in told.properties["Subscribers"]:
            if one["Type"] == "SNS":
                yield from _to(assembly, "costalerts.amazonaws.com", told.stack, one["Address"])


def _databases(assembly: Assembly) -> Iterator[Edge]:
    for one in assembly.resources("AWS::RDS::EventSubscription"):
        yield from _to(assembly, "events.rds.amazonaws.com", one.stack, one.properties["SnsTopicArn"])
    for one in assembly.resources("AWS::Backup::BackupVault"):
        if told := one.properties.get("Notifications"):
            yield from _to(assembly, "backup.amazonaws.com", one.stack, told["SNSTopicArn"])


@pytest.fixture(scope="module")
def written(assembly: Assembly) -> dict[Target, set[str]]:
    """By key: the services that write what it encrypts."""
    found: dict[Target, set[str]] = defaultdict(set)
    for service, into in edges(assembly):
        for key in key_of(assembly, assembly.at(into)):
            found[key].add(service)
    return found


def test_a_key_lets_in_the_services_that_write_to_what_it_encrypts(
    assembly: Assembly, written: dict[Target, set[str]]
) -> None:
    services = {service for one in written.values() for service in one}
    assert {"cloudwatch.amazonaws.com", "events.amazonaws.com", "sns.amazonaws.com", "ses.amazonaws.com"} <= services
    for target, wanted in written.items():
        key = assembly.at(target)
        for service in wanted:
            assert _may_write(key, service), f"{key}: what {service} writes would vanish"


def test_a_key_lets_in_no_other_service(assembly: Assembly, written: dict[Target, set[str]]) -> None:
    by_hand = {
        (Target(*key[:2]), service)
        for topic in assembly.resources("AWS::SNS::Topic")
        for name, service in BY_HAND
        if topic.id.startswith(name)
        for key in key_of(assembly, topic)
    }
    for key in assembly.resources("AWS::KMS::Key"):
        target = Target(key.stack, key.id)
        expected = written.get(target, set()) | {service for place, service in by_hand if place == target} | READERS
        # A stack's own key lets logs in from the first, whether or not it has any.
        assert _let_in(key) <= expected | {"logs.us-east-1.amazonaws.com"}, str(key)


def test_a_service_uses_a_key_for_this_account_only(assembly: Assembly) -> None:
    for key in assembly.resources("AWS::KMS::Key"):
        for statement in key.properties["KeyPolicy"]["Statement"]:
            if set(listed(statement["Principal"].get("Service", []))) - UNVOUCHED:
                said = str(statement["Condition"])
                assert (
                    "'aws:SourceAccount': '111111111111'" in said
                    or "aws:SourceArn" in said
                    or "'kms:EncryptionContext:aws:logs:arn': 'arn:aws:logs:us-east-1:111111111111:" in said
                ), f"{key}: {statement}"


def test_what_waits_says_or_keeps_anything_is_encrypted_by_a_key_of_ours(assembly: Assembly) -> None:
    for one in assembly.resources(*OURS):
        assert list(key_of(assembly, one)), f"{one}: not by a key of ours"
    for bucket in assembly.resources("AWS::S3::Bucket"):
        assert bool(list(key_of(assembly, bucket))) != (LOGS in bucket.id), str(bucket)


def test_a_key_is_in_the_stack_of_what_it_encrypts(assembly: Assembly) -> None:
    for template in assembly.templates.values():
        for type_ in {resource["Type"] for resource in template.get("Resources", {}).values()} & OURS:
            for one in assembly.resources(type_):
                assert {key.stack for key in key_of(assembly, one)} <= {one.stack}, str(one)


def _let_in(key: Resource) -> set[str]:
    return {
        service
        for statement in key.properties["KeyPolicy"]["Statement"]
        for service in listed(statement["Principal"].get("Service", []))
    }


def _may_write(key: Resource, service: str) -> bool:
    allowed = {
        action.rstrip("*")
        for statement in key.properties["KeyPolicy"]["Statement"]
        if service in listed(statement["Principal"].get("Service", []))
        # What EventBridge asks carries no account, so a statement with a condition does not let it in.
        and (service not in UNVOUCHED or "Condition" not in statement)
        for action in listed(statement["Action"])
    }
    return allowed >= (WRITING if service not in DESCRIBING else {"kms:GenerateDataKey"})
