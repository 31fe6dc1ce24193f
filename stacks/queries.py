"""The questions that operators ask of the logs, saved in CloudWatch Logs Insights as `loyalty-<environment>/<name>`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from aws_cdk import Stack
from aws_cdk import aws_logs as logs

from stacks.watched import Watched

# CloudWatch asks no more groups at once.
MOST_GROUPS = 50
# One question's answer for a person.
MOST_ROWS = 1_000
REDEEMING = (
    *("MemberApi", "QuoteApi", "EngineStep", "OrderInformation", "Sweeper", "OutboxRelay"),
    *("WebhookApi", "PaymentWebhook", "ShipmentNotification"),
)
DOORS = ("MemberApi", "QuoteApi", "PartnerApi", "WebhookApi", "PaymentWebhook", "ManagerApi")


class Query(NamedTuple):
    """In `text` REDEMPTION and CORRELATION stand for the id that the person puts in."""

    name: str
    text: str
    groups: Sequence[logs.ILogGroup]


def queries(stack: Stack, watched: Watched, changes: logs.ILogGroup) -> None:
    """Save them."""
    for query in _questions(watched, changes):
        logs.CfnQueryDefinition(
            stack,
            f"{''.join(word.title() for word in query.name.split())}Query",
            name=f"loyalty-{watched.settings.deployment.name}/{query.name}",
            query_string=query.text,
            log_group_names=[group.log_group_name for group in query.groups[:MOST_GROUPS]],
        )


def _questions(watched: Watched, changes: logs.ILogGroup) -> list[Query]:
    of_functions = {one.node.id: one.log_group for one in watched.functions}
    redeeming = [of_functions[name] for name in REDEEMING if name in of_functions]
    services = [watched.services.log_groups["payments"], watched.services.log_groups["orders"]]
    doors = [of_functions[name] for name in DOORS if name in of_functions]
    gateways = [api.access_log for api in watched.apis.values()]
    machine = watched.engine.log_group
    everything = [*doors, *redeeming, *services, machine, changes]
    every = list(dict.fromkeys(everything))
    return [
        Query(
            "one redemption",
            _lines("@message like /REDEMPTION/", "@timestamp, service, message, outcome, reason, correlation_id"),
            every,
        ),
        Query(
            "one correlation id",
            _lines('@message like "CORRELATION"', "@timestamp, service, message, redemption_id, outcome, code"),
            every,
        ),
        Query(
            "slowest routes",
            "filter ispresent(RouteMilliseconds.0)\n"
            "| stats count() as requests, pct(RouteMilliseconds.0, 50) as median_ms,"
            " pct(RouteMilliseconds.0, 99) as p99_ms, max(RouteMilliseconds.0) as slowest_ms by service, route\n"
            "| sort p99_ms desc\n| limit 50",
            doors,
        ),
        Query(
            "failures by reason",
            'filter message = "failed" or level = "ERROR"\n'
            "| stats count() as times, max(@timestamp) as last by service, coalesce(failure, error) as what, sqlstate,"
            " constraint\n| sort times desc\n| limit 100",
            every,
        ),
        Query(
            "refused by rule",
            'filter message = "refused"\n| stats count() as times by service, code, field'
            "\n| sort times desc\n| limit 100",
            doors,
        ),
        Query(
            "redemptions by outcome",
            "filter ispresent(Endings.0)\n| stats sum(Endings.0) as times by outcome, bin(1h)",
            [of_functions["EngineStep"]],
        ),
        Query(
            "gateway answers",
            "stats count() as times, pct(latency_ms, 99) as p99_ms by method, route, status, error\n"
            "| sort times desc\n| limit 100",
            gateways,
        ),
        Query(
            "tasks that stopped",
            'filter detail.lastStatus = "STOPPED" or `detail-type` like /Deployment|Action/\n'
            "| display @timestamp, `detail-type`, detail.group, detail.stoppedReason, detail.eventName, detail.reason\n"
            f"| sort @timestamp desc\n| limit {MOST_ROWS}",
            [changes],
        ),
        Query(
            "executions that failed",
            'filter detail.status in ["FAILED", "TIMED_OUT", "ABORTED"]\n'
            "| display @timestamp, detail.stateMachineArn, detail.name, detail.status, detail.error, detail.cause\n"
            f"| sort @timestamp desc\n| limit {MOST_ROWS}",
            [changes],
        ),
    ]


def _lines(which: str, fields: str) -> str:
    return f"filter {which}\n| display {fields}, @log\n| sort @timestamp asc\n| limit {MOST_ROWS}"
