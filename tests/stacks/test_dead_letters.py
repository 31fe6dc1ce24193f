"""Nothing that is sent and not waited for is lost: every such edge ends in a queue that somebody is woken for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from stacks.settings import REPOSITORY
from tests.stacks.assembly import Assembly, Resource

RUNBOOK = REPOSITORY / "docs" / "operations" / "dead-letters.md"
# Who may call a function. Those who do not wait for its answer are the rules; the others show their caller the failure.
WAITS_FOR_AN_ANSWER = {"apigateway.amazonaws.com", "cognito-idp.amazonaws.com"}
# Wakes itself, to go on with a long file.
CALL_THEMSELVES = {"importer"}

WHERE = pytest.mark.parametrize("where", ["assembly", "laptop"])


def _queues(templates: Assembly) -> set[tuple[str, str]]:
    return {(one.stack, one.id) for one in templates.resources("AWS::SQS::Queue")}


def _dead(templates: Assembly) -> set[tuple[str, str]]:
    """Queues that nobody works at: they hold what was given up."""
    worked = {
        templates.follow(one.stack, one.properties["EventSourceArn"])[:2]
        for one in templates.resources("AWS::Lambda::EventSourceMapping")
    } | {
        # The services' workers.
        (one.stack, one.id)
        for one in templates.resources("AWS::SQS::Queue")
        if "RedrivePolicy" in one.properties
    }
    return _queues(templates) - worked


def _ends(templates: Assembly, stack: str, configured: dict[str, Any] | None, key: str) -> bool:
    """Whether `configured` leads to dead letters."""
    return bool(configured) and templates.follow(stack, (configured or {})[key])[:2] in _dead(templates)


def _targets(templates: Assembly) -> Iterator[tuple[Resource, dict[str, Any]]]:
    """But logs: a line that could not be written is nobody's work, and there is nothing to begin again."""
    for rule in templates.resources("AWS::Events::Rule"):
        for target in rule.properties["Targets"]:
            if ":log-group:" not in str(target["Arn"]):
                yield rule, target


@WHERE
def test_what_a_rule_cannot_hand_over_is_kept_after_a_limited_number_of_tries(
    where: str, request: pytest.FixtureRequest
) -> None:
    templates: Assembly = request.getfixturevalue(where)
    targets = list(_targets(templates))
    assert len(targets) >= 10
    for rule, target in targets:
        assert _ends(templates, rule.stack, target.get("DeadLetterConfig"), "Arn"), str(rule)
        assert "MaximumRetryAttempts" in target.get("RetryPolicy", {}), f"{rule}: nobody said how often"
        assert target["RetryPolicy"]["MaximumEventAgeInSeconds"] <= 86_400, str(rule)


@WHERE
def test_a_function_that_is_woken_and_not_waited_for_keeps_what_it_failed_at(
    where: str, request: pytest.FixtureRequest
) -> None:
    templates: Assembly = request.getfixturevalue(where)
    kept = {
        templates.follow(one.stack, one.properties["FunctionName"])[:2]
        for one in templates.resources("AWS::Lambda::EventInvokeConfig")
        if _ends(templates, one.stack, one.properties.get("DestinationConfig", {}).get("OnFailure"), "Destination")
    } | {
        (one.stack, one.id)
        for one in templates.resources("AWS::Lambda::Function")
        if _ends(templates, one.stack, one.properties.get("DeadLetterConfig"), "TargetArn")
    }
    functions = {(one.stack, one.id): one for one in templates.resources("AWS::Lambda::Function")}
    woken = {
        found
        for rule, target in _targets(templates)
        if (found := templates.follow(rule.stack, target["Arn"])[:2]) in functions
    } | {place for place, one in functions.items() if one.properties["Handler"].split(".")[1] in CALL_THEMSELVES}
    assert len(woken) >= 8
    assert woken <= kept, sorted(woken - kept)


@WHERE
def test_functions_are_called_by_nobody_else_who_does_not_wait(where: str, request: pytest.FixtureRequest) -> None:
    templates: Assembly = request.getfixturevalue(where)
    callers = {one.properties["Principal"] for one in templates.resources("AWS::Lambda::Permission")}
    assert callers - WAITS_FOR_AN_ANSWER == {"events.amazonaws.com"}, "an edge that no test here knows"


def test_no_code_wakes_a_function_without_waiting_but_the_one_that_is_known() -> None:
    waking = {
        path.stem
        for folder in ("lambdas", "containers", "loyalty")
        for path in (REPOSITORY / folder).rglob("*.py")
        if re.search(r"InvocationType\s*=\s*[\"']Event", path.read_text())
    }
    assert waking == CALL_THEMSELVES


@WHERE
def test_a_queue_that_is_worked_at_gives_up_into_dead_letters(where: str, request: pytest.FixtureRequest) -> None:
    templates: Assembly = request.getfixturevalue(where)
    sources = list(templates.resources("AWS::Lambda::EventSourceMapping"))
    assert sources
    for source in sources:
        queue = templates.at(templates.follow(source.stack, source.properties["EventSourceArn"]))
        if queue.type != "AWS::SQS::Queue":
            failed = source.properties.get("DestinationConfig", {}).get("OnFailure")
            assert _ends(templates, source.stack, failed, "Destination"), str(source)
            continue
        redrive = queue.properties["RedrivePolicy"]
        assert _ends(templates, queue.stack, redrive, "deadLetterTargetArn"), str(queue)


@WHERE
def test_what_a_topic_cannot_put_into_a_queue_is_kept(where: str, request: pytest.FixtureRequest) -> None:
    templates: Assembly = request.getfixturevalue(where)
    subscriptions = list(templates.resources("AWS::SNS::Subscription"))
    assert subscriptions
    for one in subscriptions:
        if one.properties["Protocol"] == "email":
            # An alarm's mail: letters about it would wake somebody by the same mail.
            assert one.id.startswith("Operators"), str(one)
            continue
        assert _ends(templates, one.stack, one.properties.get("RedrivePolicy"), "deadLetterTargetArn"), str(one)


@WHERE
def test_buckets_and_mails_speak_by_rules_and_topics_only(where: str, request: pytest.FixtureRequest) -> None:
    templates: Assembly = request.getfixturevalue(where)
    for bucket in templates.resources("AWS::S3::Bucket"):
        assert set(bucket.properties.get("NotificationConfiguration", {})) <= {"EventBridgeConfiguration"}, str(bucket)
    for rule in templates.resources("AWS::SES::ReceiptRule"):
        for action in rule.properties["Rule"]["Actions"]:
            assert set(action) == {"S3Action"}, f"{rule}: and the bucket speaks by a rule"
    for told in templates.resources("AWS::SES::ConfigurationSetEventDestination"):
        assert "SnsDestination" in told.properties["EventDestination"], str(told)
    others = ("Custom::S3BucketNotifications", "AWS::Lambda::Url", "AWS::Logs::SubscriptionFilter")
    assert not list(templates.resources(*others)), "an edge that no test here knows"


@WHERE
def test_schedules_and_pipes_would_keep_what_fails_too(where: str, request: pytest.FixtureRequest) -> None:
    templates: Assembly = request.getfixturevalue(where)
    for schedule in templates.resources("AWS::Scheduler::Schedule"):
        target = schedule.properties["Target"]
        assert _ends(templates, schedule.stack, target.get("DeadLetterConfig"), "Arn"), str(schedule)
        assert "MaximumRetryAttempts" in target.get("RetryPolicy", {}), str(schedule)
    for pipe in templates.resources("AWS::Pipes::Pipe"):
        queue = templates.at(templates.follow(pipe.stack, pipe.properties["Source"]))
        assert "RedrivePolicy" in queue.properties, str(pipe)


@WHERE
def test_who_sends_to_dead_letters_may(where: str, request: pytest.FixtureRequest) -> None:
    templates: Assembly = request.getfixturevalue(where)
    allowed = {
        (*templates.follow(policy.stack, queue)[:2], statement["Principal"].get("Service"))
        for policy in templates.resources("AWS::SQS::QueuePolicy")
        for queue in policy.properties["Queues"]
        for statement in policy.properties["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Allow" and "sqs:SendMessage" in statement["Action"]
        if isinstance(statement["Principal"], dict)
    }
    for rule, target in _targets(templates):
        queue = templates.follow(rule.stack, target["DeadLetterConfig"]["Arn"])[:2]
        assert (*queue, "events.amazonaws.com") in allowed, f"{rule}: it would vanish"
    for one in templates.resources("AWS::SNS::Subscription"):
        if "RedrivePolicy" in one.properties:
            queue = templates.follow(one.stack, one.properties["RedrivePolicy"]["deadLetterTargetArn"])[:2]
            assert (*queue, "sns.amazonaws.com") in allowed, f"{one}: it would vanish"


def _alarms(templates: Assembly) -> dict[tuple[str, str], Resource]:
    """By the queue whose waiting messages they watch, from the first message on."""
    found = {}
    for alarm in templates.resources("AWS::CloudWatch::Alarm"):
        stated = [one["MetricStat"]["Metric"] for one in alarm.properties.get("Metrics", []) if "MetricStat" in one]
        for metric in stated or [alarm.properties]:
            if metric.get("MetricName") != "ApproximateNumberOfMessagesVisible" or alarm.properties["Threshold"] != 0:
                continue
            (queue,) = [one["Value"] for one in metric["Dimensions"] if one["Name"] == "QueueName"]
            found[templates.follow(alarm.stack, queue)[:2]] = alarm
    return found


def test_somebody_is_woken_by_the_first_dead_letter_of_each_queue(assembly: Assembly) -> None:
    alarms = _alarms(assembly)
    dead = _dead(assembly)
    assert len(dead) >= 16
    assert dead <= set(alarms), sorted(dead - set(alarms))


def test_the_handbook_says_of_each_queue_of_dead_letters_how_to_go_on(assembly: Assembly) -> None:
    named = {alarm.id[:-8] for place, alarm in _alarms(assembly).items() if place in _dead(assembly)}
    text = RUNBOOK.read_text()
    rows = {
        name: row
        for row in re.findall(r"^\| `.*$", text, re.MULTILINE)
        for name in re.findall(r"`(\w+DeadLetters)`", row.split("|")[1])
    }
    assert set(rows) == named, "the handbook and the alarms name others"
    for name, row in rows.items():
        _, _, holds, what_to_do, _ = row.split("|")
        assert holds.strip(), name
        assert what_to_do.strip(), name
    assert "aws sqs start-message-move-task" in text
