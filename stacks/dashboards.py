"""What operators look at: business first, then the engine, the doors, the data. Each is read top to bottom."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_stepfunctions as stepfunctions
from constructs import Construct

from stacks import metrics
from stacks.constructs.functions import METRIC_NAMESPACE
from stacks.metrics import FIVE_MINUTES, said
from stacks.objectives import PAGES, objectives
from stacks.watched import Watched

HOUR = Duration.hours(1)
# The functions that have routes.
DOORS = ("member_api", "quote_api", "partner_api", "webhook_api", "payment_webhook", "manager_api")

type Row = Sequence[cloudwatch.IWidget]


def dashboards(scope: Construct, watched: Watched) -> None:
    """One a subject, named `loyalty-<environment>-<subject>`."""
    for subject, rows in (
        ("business", _business(watched)),
        ("engine", _engine(watched)),
        ("api", _api(watched)),
        ("data", _data(watched)),
    ):
        dashboard = cloudwatch.Dashboard(
            scope,
            f"{subject.title()}Dashboard",
            dashboard_name=f"loyalty-{watched.settings.deployment.name}-{subject}",
            default_interval=Duration.hours(3),
        )
        for row in rows:
            dashboard.add_widgets(*row)


def _business(watched: Watched) -> Iterator[Row]:
    ended = partial(said, service="engine_step", statistic="Sum")
    under_way = partial(said, service="sweeper")
    yield (
        graph("Redemptions", _endings(watched.engine.state_machine)),
        graph("How they ended", [by("Endings", "engine_step", "outcome")]),
        graph("Ended, and late", [ended("RedemptionsEnded", label="ended"), ended("RedemptionsLate", label="late")]),
    )
    yield (
        graph("Points redeemed", [ended("PointsRedeemed", label="points")]),
        graph("Money redeemed, in minor units", [by("MoneyMinor", "engine_step", "currency")]),
        graph(
            "Under way",
            [
                under_way("RedemptionsOpen", label="open"),
                under_way("HoldsOpen", label="with points held"),
                under_way("RedemptionsOverdue", label="overdue"),
            ],
        ),
    )
    yield (
        graph("Points held", [under_way("PointsHeld", label="points")]),
        graph("Waiting messages", [metrics.depth(name, queue) for name, queue in watched.queues.items()]),
        graph("Oldest message, seconds", [metrics.oldest(name, queue) for name, queue in watched.queues.items()]),
    )
    fewest = watched.settings.observability.objectives.fewest_bad
    yield (
        cloudwatch.GraphWidget(
            title="Error budgets: how many times too fast they burn (1: gone in 30 days)",
            left=[one.burning(HOUR, fewest) for one in objectives(watched)],
            left_annotations=[
                cloudwatch.HorizontalAnnotation(value=window.burn, label=window.name) for window in PAGES
            ],
            width=24,
            height=6,
        ),
    )
    yield (
        graph("Invoices' papers", _endings(watched.invoices.state_machine)),
        graph(
            "Judged",
            [
                said(f"Invoices{state}", "invoice_matching", statistic="Sum")
                for state in ("Approved", "Review", "Waiting", "Refused")
            ],
        ),
        graph("Oldest on its way to the ERP", [said("ErpOldestSeconds", "erp_gateway")]),
    )


def _engine(watched: Watched) -> Iterator[Row]:
    services = watched.services
    machine = watched.engine.state_machine
    yield (
        graph("Executions", _endings(machine)),
        graph(
            "How long they take, ms",
            [machine.metric_time(label=one, period=FIVE_MINUTES, statistic=one) for one in ("p50", "p99")],
        ),
        graph("Steps of the saga (p99), ms", [by("StepMilliseconds", "engine_step", "step", "p99")]),
    )
    yield (
        graph(
            "Services' messages (p99), ms",
            [by("MessageMilliseconds", name, "task", "p99") for name in ("payments", "orders")],
        ),
        graph("Orders at Amazon", [by("Orders", "orders", "outcome")]),
        graph("Payments", [by("Payments", "payments", "outcome")]),
    )
    yield (
        graph("Waiting messages", [metrics.depth(name, queue) for name, queue in watched.queues.items()]),
        graph("Dead letters", [metrics.depth(name, queue) for name, queue in watched.dead.items()]),
        graph("Functions' errors", [metrics.errors(one) for one in watched.functions]),
    )
    yield (
        graph(
            "Services' processors",
            [
                services.payments.metric_cpu_utilization(label="payments"),
                services.orders.metric_cpu_utilization(label="orders"),
            ],
        ),
        graph("Events that wait, seconds", [said("OutboxOldestSeconds", "outbox_relay", label="oldest")]),
        graph(
            "The books are behind, seconds",
            [said("BooksBehindSeconds", "sweeper", label="books"), said("SumsBehindSeconds", "sweeper", label="sums")],
        ),
    )


def _api(watched: Watched) -> Iterator[Row]:
    apis = watched.apis.items()
    yield (
        graph("Requests", [metrics.requests(name, one) for name, one in apis]),
        graph("Refused and failed", [of(name, one) for name, one in apis for of in (metrics.refused, metrics.failed)]),
        graph("Slowest of a hundred (p99), ms", [metrics.latency(name, one) for name, one in apis]),
    )
    for service in DOORS:
        # Rate, errors and duration of each route that was called.
        yield (
            graph(f"{service}: requests", [by("RouteMilliseconds", service, "route", "SampleCount")]),
            graph(
                f"{service}: failed and refused",
                [by("RouteFailed", service, "route"), by("RouteRefused", service, "route")],
            ),
            graph(f"{service}: p99, ms", [by("RouteMilliseconds", service, "route", "p99")]),
        )


def _data(watched: Watched) -> Iterator[Row]:
    cluster = watched.cluster
    yield (
        graph(
            "Aurora",
            [
                cluster.metric_cpu_utilization(label="CPU %", period=FIVE_MINUTES),
                cluster.metric_database_connections(label="connections", period=FIVE_MINUTES),
            ],
        ),
        graph(
            "Aurora's capacity and memory",
            [
                cluster.metric_serverless_database_capacity(label="ACU", period=FIVE_MINUTES),
                cluster.metric_free_local_storage(label="free local storage", period=FIVE_MINUTES),
            ],
        ),
        graph(
            "Aurora's commits and deadlocks",
            [
                cluster.metric("CommitLatency", label="commit, ms", period=FIVE_MINUTES, statistic="Average"),
                cluster.metric_deadlocks(label="deadlocks", period=FIVE_MINUTES, statistic="Sum"),
            ],
        ),
    )
    nights = {name: one for name, one in watched.machines.items() if name not in ("Redemptions", "Invoices")}
    if nights:
        yield tuple(graph(name, _endings(machine)) for name, machine in nights.items())
    if watched.lake:
        yield (
            graph("Tables of the lake that were refused", [said("LakeTablesRefused", "lake_loading", label="tables")]),
            graph(
                "Forecasts no better than repeating", [said("InsightDrifted", "insight_loading", label="programmes")]
            ),
        )
    yield (
        graph(
            "Personal data that was masked in logs",
            [
                cloudwatch.MathExpression(
                    expression="SEARCH('Namespace=\"AWS/Logs\" MetricName=\"LogEventsWithFindings\"', 'Sum', 300)",
                    using_metrics={},
                    label="",
                    period=FIVE_MINUTES,
                )
            ],
        ),
    )


def by(name: str, service: str, dimension: str, statistic: str = "Sum") -> cloudwatch.MathExpression:
    """One line for each value of `dimension` that occurred lately."""
    search = f'{{{METRIC_NAMESPACE},service,{dimension}}} MetricName="{name}" service="{service}"'
    return cloudwatch.MathExpression(
        expression=f"SEARCH('{search}', '{statistic}', 300)", using_metrics={}, label="", period=FIVE_MINUTES
    )


def _endings(machine: stepfunctions.StateMachine) -> list[cloudwatch.IMetric]:
    return [
        machine.metric_started(label="started", period=FIVE_MINUTES),
        machine.metric_succeeded(label="ended", period=FIVE_MINUTES),
        machine.metric_failed(label="failed", period=FIVE_MINUTES),
        machine.metric_timed_out(label="timed out", period=FIVE_MINUTES),
    ]


def graph(title: str, lines: Sequence[cloudwatch.IMetric]) -> cloudwatch.GraphWidget:
    """A third of the width."""
    return cloudwatch.GraphWidget(title=title, left=list(lines), width=8, height=6)
