"""What wakes somebody: alarms on metrics that are really written, and somebody is told."""

from __future__ import annotations

import re

from containers.telemetry import METRIC_NAMESPACE
from stacks.alarm import HANDBOOK
from stacks.settings import REPOSITORY
from tests.stacks.assembly import Assembly
from tests.stacks.test_functions import runners

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
    for alarm in assembly.resources("AWS::CloudWatch::Alarm"):
        if not alarm.stack.endswith("observability"):
            continue  # a service's own, which makes it grow
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
