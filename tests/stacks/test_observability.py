"""What wakes somebody: alarms on metrics that are really written, and somebody is told."""

from __future__ import annotations

import json
import re
from typing import Any

from containers.telemetry import METRIC_NAMESPACE
from stacks.alarm import HANDBOOK
from stacks.settings import REPOSITORY
from tests.stacks.assembly import Assembly, listed
from tests.stacks.test_functions import runners

# Also those with dimensions of their own.
SAID = re.compile(r'(?:metric|add_metric|measured)\(\s*\{?"(\w+)"|values(?:\[| = \{)"(\w+)"')
WRITTEN = re.compile(r'\.(?:metric|add_metric)\(\s*"(\w+)"')


def test_every_alarm_on_a_metric_of_ours_is_on_one_that_its_service_writes(assembly: Assembly) -> None:
    services = {runner.environment["POWERTOOLS_SERVICE_NAME"] for runner in runners(assembly)}
    sources = [path for folder in ("lambdas", "containers") for path in (REPOSITORY / folder).rglob("*.py")]
    written = {name for path in sources for name in WRITTEN.findall(path.read_text())}
    alarms = [
        alarm.properties
        for alarm in assembly.resources("AWS::CloudWatch::Alarm")
        if alarm.properties.get("Namespace") == METRIC_NAMESPACE
    ]
    assert len(alarms) >= 3
    for alarm in alarms:
        assert alarm["MetricName"] in written, alarm["MetricName"]
        (dimension,) = alarm["Dimensions"]
        assert dimension["Name"] == "service"
        assert dimension["Value"] in services, alarm["MetricName"]


def test_the_alarm_about_paused_orders_lasts_until_they_go_on(assembly: Assembly) -> None:
    (alarm,) = [
        one
        for one in assembly.resources("AWS::CloudWatch::Alarm")
        if one.properties.get("MetricName") == "OrdersPaused"
    ]
    assert alarm.properties["TreatMissingData"] == "ignore", "it is said once"


def test_every_alarm_tells_the_operators_when_it_begins_and_when_it_is_over(assembly: Assembly) -> None:
    (topic,) = [one for one in assembly.resources("AWS::SNS::Topic") if one.id.startswith("Operators")]
    for alarm in assembly.resources("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm"):
        if not alarm.stack.endswith("observability"):
            continue  # a service's own, which makes it grow
        if alarm.properties["AlarmDescription"].startswith("Part of "):
            continue  # the composite alarm tells
        for when in ("AlarmActions", "OKActions"):
            (action,) = alarm.properties[when]
            assert assembly.follow(alarm.stack, action)[:2] == (topic.stack, topic.id), str(alarm)


def test_a_reconciliation_that_does_not_run_or_does_not_match_wakes_somebody(assembly: Assembly) -> None:
    alarms = {
        alarm.properties["MetricName"]: alarm.properties
        for alarm in assembly.resources("AWS::CloudWatch::Alarm")
        if alarm.properties.get("Dimensions") == [{"Name": "service", "Value": "reconciliation"}]
    }
    assert {name: alarm["Threshold"] for name, alarm in alarms.items()} == {
        "ReconciliationOldestHours": 72,
        "ReconciliationBehindHours": 8,
    }
    assert {alarm["TreatMissingData"] for alarm in alarms.values()} == {"breaching"}, (
        "silence means that it does not run"
    )


def test_more_papers_than_anybody_orders_wake_somebody(assembly: Assembly) -> None:
    (alarm,) = [
        one.properties
        for one in assembly.resources("AWS::CloudWatch::Alarm")
        if one.properties.get("MetricName") == "InvoiceDocumentsTaken"
    ]
    assert (alarm["Statistic"], alarm["Period"]) == ("Sum", 3600), "all of an hour, not the most in one mail"


def test_every_alarm_says_where_the_handbook_tells_what_to_do(assembly: Assembly) -> None:
    sections: dict[str, set[str]] = {}
    for page in (REPOSITORY / HANDBOOK).glob("*.md"):
        sections[page.name] = {_anchor(line) for line in re.findall(r"^#+ (.+)$", page.read_text(), re.M)}
    alarms = [
        one
        for one in assembly.resources("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm")
        if one.stack.endswith("observability")  # others make services grow
    ]
    assert len(alarms) > 50
    for alarm in alarms:
        said = alarm.properties.get("AlarmDescription", "")
        link = re.search(rf": {HANDBOOK}/([a-z-]+\.md)#([a-z0-9-]+)$", said)
        assert link, f"{alarm}: {said!r} ends with no section of {HANDBOOK}"
        assert link[2] in sections.get(link[1], ()), f"{alarm}: {link[0]} is not there"


def _anchor(heading: str) -> str:
    """As GitHub makes it."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def test_an_objectives_pages_need_both_windows_and_its_ticket_three_days(assembly: Assembly) -> None:
    alarms = {
        re.sub(r"[0-9A-F]{8}$", "", one.id): one.properties
        for one in assembly.resources("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm")
        if one.stack.endswith("observability")
    }
    for objective in ("MemberAvailable", "MemberQuick", "RedemptionsInTime", "InboundAvailable"):
        for page, burn, seconds in (("Fast", 14.4, (3600, 300)), ("Slow", 6, (21600, 1800))):
            rule = json.dumps(alarms[f"{objective}{page}"]["AlarmRule"])
            for window, period in zip(("Long", "Short"), seconds, strict=True):
                part = alarms[f"{objective}{page}{window}"]
                assert part["Threshold"] == burn
                assert _periods(part) == {period}, objective
                assert f"{objective}{page}{window}" in rule
            assert " AND " in rule
        ticket = alarms[f"{objective}Ticket"]
        assert (ticket["Threshold"], ticket["EvaluationPeriods"], _periods(ticket)) == (1, 3, {86400})


def test_what_an_objective_measures_is_what_the_config_promises(assembly: Assembly) -> None:
    parts = {
        one.id: json.dumps(one.properties["Metrics"])
        for one in assembly.resources("AWS::CloudWatch::Alarm")
        if "FastLong" in one.id
    }
    [quick] = [text for id, text in parts.items() if id.startswith("MemberQuick")]
    assert "PR(:1000)" in quick
    assert "/ 1, 0)" in quick, "one in a hundred may be slower"
    [available] = [text for id, text in parts.items() if id.startswith("MemberAvailable")]
    assert "5XXError" in available
    assert "/ 0.1, 0)" in available, "one in a thousand may fail"
    [redemptions] = [text for id, text in parts.items() if id.startswith("RedemptionsInTime")]
    assert "RedemptionsLate" in redemptions
    assert "RedemptionsEnded" in redemptions


def _periods(alarm: dict[str, Any]) -> set[int]:
    return {one["MetricStat"]["Period"] for one in alarm["Metrics"] if "MetricStat" in one}


# Packets and addresses of machines, no text of ours.
WITHOUT_MASKING = re.compile(r"FlowLogs")


def test_every_log_group_masks_and_counts_what_is_personal(assembly: Assembly) -> None:
    groups = list(assembly.resources("AWS::Logs::LogGroup"))
    assert len(groups) > 40
    for group in groups:
        if WITHOUT_MASKING.match(group.id):
            continue
        assert "DataProtectionPolicy" in group.properties, str(group)
        audit, masking = group.properties["DataProtectionPolicy"]["Statement"]
        assert "Audit" in audit["Operation"], str(group)
        assert "Deidentify" in masking["Operation"], str(group)
        for statement in (audit, masking):
            identifiers = json.dumps(statement["DataIdentifier"])
            for kind in (
                "EmailAddress",
                "Address",
                "PhoneNumber-DE",
                "PhoneNumber-US",
                "CreditCardNumber",
                "Telephone",
            ):
                assert kind in identifiers, f"{group}: {kind}"


def test_every_dashboard_reads_metrics_that_are_written(assembly: Assembly) -> None:
    boards = {
        one.properties["DashboardName"]: assembly.text(one.stack, one.properties["DashboardBody"])
        for one in assembly.resources("AWS::CloudWatch::Dashboard")
    }
    subjects = {"business", "engine", "api", "data"}
    assert {f"loyalty-full-{subject}" for subject in subjects} <= set(boards)
    sources = [path for folder in ("lambdas", "containers") for path in (REPOSITORY / folder).rglob("*.py")]
    written = {name for path in sources for names in SAID.findall(path.read_text()) for name in names}
    searched = {name for body in boards.values() for name in re.findall(r'MetricName=\\*"(\w+)\\*" service', body)}
    assert {"Endings", "MoneyMinor", "StepMilliseconds", "RouteMilliseconds", "RouteFailed", "Orders"} <= searched
    assert searched <= written, searched - written
    named = {name for body in boards.values() for name in re.findall(rf'"{METRIC_NAMESPACE}","(\w+)"', body)}
    assert {"HoldsOpen", "PointsHeld", "RedemptionsEnded", "PointsRedeemed", "RedemptionsOverdue"} <= named
    built = {"InvoicesApproved", "InvoicesReview", "InvoicesWaiting", "InvoicesRefused"}
    assert named - built <= written, named - built - written


def test_the_saved_queries_ask_groups_that_exist(assembly: Assembly) -> None:
    queries = {one.properties["Name"]: one for one in assembly.resources("AWS::Logs::QueryDefinition")}
    assert {
        "loyalty-full/one redemption",
        "loyalty-full/one correlation id",
        "loyalty-full/slowest routes",
        "loyalty-full/failures by reason",
        "loyalty-full/refused by rule",
    } <= set(queries)
    for query in queries.values():
        groups = query.properties["LogGroupNames"]
        assert 0 < len(groups) <= 50
        found = [assembly.at(assembly.follow(query.stack, group)) for group in groups]
        assert {one.type for one in found} == {"AWS::Logs::LogGroup"}
        assert len({str(one) for one in found}) == len(found), "each once"
    one = queries["loyalty-full/one correlation id"]
    asked = {assembly.follow(one.stack, group).id for group in one.properties["LogGroupNames"]}
    for part in ("MemberApi", "EngineStep", "LoyaltyEngine", "Orders", "Payments", "StateChanges"):
        assert any(id.startswith(part) for id in asked), part


def test_state_changes_of_every_machine_and_of_the_clusters_tasks_are_in_a_log(assembly: Assembly) -> None:
    rules = {one.id: one for one in assembly.resources("AWS::Events::Rule") if one.id.endswith("Changed")}
    executions = rules["ExecutionsChanged"].properties["EventPattern"]
    stack = rules["ExecutionsChanged"].stack
    machines = {str(one) for one in assembly.resources("AWS::StepFunctions::StateMachine")}
    heard = {str(assembly.at(assembly.follow(stack, one))) for one in executions["detail"]["stateMachineArn"]}
    assert heard == machines
    tasks = rules["TasksChanged"].properties["EventPattern"]
    assert {"ECS Task State Change", "ECS Deployment State Change"} <= set(tasks["detail-type"])
    (group,) = [one for one in assembly.resources("AWS::Logs::LogGroup") if one.id.startswith("StateChanges")]
    assert group.properties["LogGroupName"].startswith("/aws/events/"), "EventBridge writes to no other"
    (policy,) = assembly.resources("AWS::Logs::ResourcePolicy")
    assert "events.amazonaws.com" in json.dumps(policy.properties)
    for rule in rules.values():
        (target,) = rule.properties["Targets"]
        assert group.id in assembly.text(rule.stack, target["Arn"])


def test_services_may_send_their_spans_and_nothing_more_of_xray(assembly: Assembly) -> None:
    for task in assembly.resources("AWS::ECS::TaskDefinition"):
        role = assembly.follow(task.stack, task.properties["TaskRoleArn"])
        actions = {
            action
            for statement in assembly.statements(role.stack, role.id)
            for action in listed(statement["Action"])
            if action.startswith("xray:")
        }
        assert actions == {"xray:PutTraceSegments"}
        (container,) = task.properties["ContainerDefinitions"]
        variables = {one["Name"]: one["Value"] for one in container["Environment"]}
        assert variables["OTEL_SDK_DISABLED"] == "false"
