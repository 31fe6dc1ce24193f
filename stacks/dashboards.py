"""What operators look at: business first, then the engine, the doors, the data. Each is read top to bottom."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_stepfunctions as stepfunctions
from constructs import Construct

from stacks import metrics
from stacks.metrics import FIVE_MINUTES, said
from stacks.watched import Watched

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
    yield (
        graph("Redemptions", _endings(watched.engine.state_machine)),
        graph("Waiting messages", [metrics.depth(name, queue) for name, queue in watched.queues.items()]),
        graph("Oldest message, seconds", [metrics.oldest(name, queue) for name, queue in watched.queues.items()]),
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
    yield (
        graph("Executions", _endings(watched.engine.state_machine)),
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
    )


def _api(watched: Watched) -> Iterator[Row]:
    apis = watched.apis.items()
    yield (
        graph("Requests", [metrics.requests(name, one) for name, one in apis]),
        graph("Refused and failed", [of(name, one) for name, one in apis for of in (metrics.refused, metrics.failed)]),
        graph("Slowest of a hundred (p99), ms", [metrics.latency(name, one) for name, one in apis]),
    )


def _data(watched: Watched) -> Iterator[Row]:
    cluster = watched.cluster
    yield (
        graph(
            "Aurora",
            [
                cluster.metric_cpu_utilization(label="CPU %"),
                cluster.metric_database_connections(label="connections"),
            ],
        ),
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
