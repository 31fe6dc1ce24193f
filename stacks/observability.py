"""What operators look at, and what wakes them: one dashboard a person reads top to bottom, and its alarms."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from aws_cdk import Duration, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_rds as rds
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from stacks.api import ApiStack
from stacks.audit import AuditStack
from stacks.audit_alarms import audit_alarms, backup_alarms
from stacks.backup import BackupStack
from stacks.canary import CanaryStack
from stacks.canary_alarms import canary_alarms
from stacks.constructs.functions import METRIC_NAMESPACE
from stacks.constructs.rest_api import RestApi
from stacks.constructs.schedule import missed_in
from stacks.costs import watch_costs
from stacks.documents import DocumentsStack
from stacks.engine import EngineStack
from stacks.feeds import FeedsStack
from stacks.insight import InsightStack
from stacks.insight_alarms import insight_alarms
from stacks.invoices import InvoicesStack
from stacks.lake import LakeStack
from stacks.lake_alarms import lake_alarms
from stacks.manager import ManagerStack
from stacks.messaging import MessagingStack
from stacks.notifications import NotificationsStack
from stacks.reconciliation import ReconciliationStack
from stacks.said import SAID, SAID_ONCE
from stacks.services import ServicesStack
from stacks.settings import Settings

MINUTE = Duration.minutes(1)
FIVE_MINUTES = Duration.minutes(5)
# An event waits this long only when the bus or the relay is away.
OLDEST_EVENT_SECONDS = 900
# The books and the daily sums are behind by so much only when their posting has stopped, or nothing sweeps.
OLDEST_BOOKING_SECONDS = 900
# A ticket of the reconciliation is to be settled in three days; a day is reconciled within hours of its end.
UNMATCHED_HOURS = 72
BEHIND_HOURS = 8
# An ERP may be away for a night's work.
OLDEST_FOR_ERP_SECONDS = 4 * 3600
# Papers by mail in an hour: each page that Textract reads is paid for.
MOST_PAPERS_AN_HOUR = 2_000
# A redemption waits this long in a queue only when its worker is down or Amazon holds orders back.
OLDEST_MESSAGE_SECONDS = 900


class ObservabilityStack(Stack):
    """Reads everybody's metrics; nobody reads anything of it."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        cluster: rds.DatabaseCluster,
        messaging: MessagingStack,
        engine: EngineStack,
        feeds: FeedsStack,
        services: ServicesStack,
        api: ApiStack,
        manager: ManagerStack,
        notifications: NotificationsStack,
        documents: DocumentsStack,
        reconciliation: ReconciliationStack,
        invoices: InvoicesStack,
        lake: LakeStack | None,
        insight: InsightStack | None,
        canary: CanaryStack,
        audit: AuditStack | None,
        backup: BackupStack | None,
        settings: Settings,
        **kwargs: Any,
    ) -> None:
        super().__init__(scope, id, **kwargs)
        self._settings = settings
        self._topic = messaging.operators
        queues = {
            "Payments": messaging.payments.queue,
            "Orders": messaging.orders.queue,
            "OrderInformation": messaging.order_information.queue,
            "Events": notifications.events.queue,
            "Feedback": notifications.feedback.queue,
            "Documents": documents.requests.queue,
            "Simulations": manager.simulations.queue,
            "InvoiceMails": invoices.arrivals.queue,
            **({"Personal": messaging.personal.queue} if messaging.personal else {}),
        }
        dead = {
            "Payments": messaging.payments.dead_letters,
            "Orders": messaging.orders.dead_letters,
            "OrderInformation": messaging.order_information.dead_letters,
            "Arrivals": feeds.dead_letters,
            "Events": notifications.events.dead_letters,
            "Feedback": notifications.feedback.dead_letters,
            "Documents": documents.requests.dead_letters,
            "Simulations": manager.simulations.dead_letters,
            "Reconciliation": reconciliation.dead_letters,
            "InvoiceMails": invoices.arrivals.dead_letters,
            **({"Analyses": insight.dead_letters} if insight else {}),
            **({"Personal": messaging.personal.dead_letters} if messaging.personal else {}),
        }
        by_the_clock: dict[str, Stack] = {"Api": api, "Engine": engine, "Feeds": feeds, "Invoices": invoices}
        by_the_clock["Canary"] = canary
        by_the_clock |= {"Notifications": notifications, **({"Lake": lake} if lake else {})}
        dead |= {f"{name}Missed": queue for name, one in by_the_clock.items() if (queue := missed_in(one))}
        functions = [
            *api.functions,
            *manager.functions,
            *engine.functions,
            *feeds.functions,
            *notifications.functions,
            *documents.functions,
            *reconciliation.functions,
            *invoices.functions,
            *(lake.functions if lake else []),
            *(insight.functions if insight else []),
            *canary.functions,
        ]
        apis = {**api.apis, "Manager": manager.api}
        dashboard = self._dashboard(cluster, queues, dead, functions, engine, services, apis)
        self._invoice_graphs(dashboard, invoices)
        watch_costs(self, settings, messaging.operators)
        if settings.observability.alarms:
            self._alarms(cluster, queues, dead, functions, engine, apis)
            self._invoice_alarms(invoices)
            for one in (*(audit_alarms(audit) if audit else ()), *(backup_alarms(backup) if backup else ())):
                self._alarm(one.id, one.metric, one.above, one.meaning, one.periods, one.silence)
            for one in lake_alarms(lake, settings.lake.schedule) if lake else ():
                self._alarm(one.id, one.metric, 0, one.meaning, one.periods, one.silence)
            for one in insight_alarms(insight) if insight else ():
                self._alarm(one.id, one.metric, 0, one.meaning, one.periods, one.silence)
            for one in canary_alarms(settings.schedules.canary_minutes):
                self._alarm(one.id, one.metric, 0, one.meaning, one.periods, one.silence)

    def _dashboard(
        self,
        cluster: rds.DatabaseCluster,
        queues: Mapping[str, sqs.IQueue],
        dead: Mapping[str, sqs.IQueue],
        functions: Iterable[lambda_.Function],
        engine: EngineStack,
        services: ServicesStack,
        apis: Mapping[str, RestApi],
    ) -> cloudwatch.Dashboard:
        machine = engine.state_machine
        dashboard = cloudwatch.Dashboard(
            self,
            "Dashboard",
            dashboard_name=f"loyalty-{self._settings.deployment.name}",
            default_interval=Duration.hours(3),
        )
        dashboard.add_widgets(
            _graph("Requests", [_requests(name, one) for name, one in apis.items()]),
            _graph("Refused and failed", [metric for name, one in apis.items() for metric in _refusals(name, one)]),
            _graph("Slowest of a hundred (p99)", [_latency(name, one) for name, one in apis.items()]),
        )
        dashboard.add_widgets(
            _graph(
                "Redemptions",
                [
                    machine.metric_started(label="started", period=FIVE_MINUTES),
                    machine.metric_succeeded(label="ended", period=FIVE_MINUTES),
                    machine.metric_failed(label="failed", period=FIVE_MINUTES),
                    machine.metric_timed_out(label="timed out", period=FIVE_MINUTES),
                ],
            ),
            _graph("Waiting messages", [_depth(name, queue) for name, queue in queues.items()]),
            _graph("Dead letters", [_depth(name, queue) for name, queue in dead.items()]),
        )
        dashboard.add_widgets(
            _graph("Functions' errors", [_errors(one) for one in functions]),
            _graph(
                "Services' processors",
                [
                    services.payments.metric_cpu_utilization(label="payments"),
                    services.orders.metric_cpu_utilization(label="orders"),
                ],
            ),
            _graph(
                "Aurora",
                [
                    cluster.metric_cpu_utilization(label="CPU %"),
                    cluster.metric_database_connections(label="connections"),
                ],
            ),
        )
        return dashboard

    @staticmethod
    def _invoice_graphs(dashboard: cloudwatch.Dashboard, invoices: InvoicesStack) -> None:
        machine = invoices.state_machine
        dashboard.add_widgets(
            _graph(
                "Invoices' papers",
                [
                    machine.metric_started(label="begun", period=FIVE_MINUTES),
                    machine.metric_succeeded(label="ended", period=FIVE_MINUTES),
                    machine.metric_failed(label="failed", period=FIVE_MINUTES),
                ],
            ),
            _graph(
                "Judged",
                [
                    _said(f"Invoices{state}", "invoice_matching").with_(statistic="Sum")
                    for state in ("Approved", "Review", "Waiting", "Refused")
                ],
            ),
            _graph("Oldest on its way to the ERP", [_said("ErpOldestSeconds", "erp_gateway")]),
        )

    def _alarms(
        self,
        cluster: rds.DatabaseCluster,
        queues: Mapping[str, sqs.IQueue],
        dead: Mapping[str, sqs.IQueue],
        functions: Iterable[lambda_.Function],
        engine: EngineStack,
        apis: Mapping[str, RestApi],
    ) -> None:
        for name, queue in dead.items():
            self._alarm(
                f"{name}DeadLetters",
                _depth(name, queue),
                0,
                "A message was given up: see docs/operations/dead-letters.md",
            )
        for name, queue in queues.items():
            oldest = queue.metric_approximate_age_of_oldest_message(period=MINUTE, statistic="Maximum")
            self._alarm(
                f"{name}Waits", oldest, OLDEST_MESSAGE_SECONDS, f"The {name.lower()} worker does not keep up", 5
            )
        for name, one in apis.items():
            self._alarm(f"{name}DoorFails", _failed(name, one), 5, f"The {name.lower()} API answers with 5xx", 2)
        for function in functions:
            self._alarm(f"{function.node.id}Fails", _errors(function), 5, f"{function.node.id} raises", 2)
        for name, metric, service, meaning in SAID:
            silence = cloudwatch.TreatMissingData.IGNORE if metric in SAID_ONCE else None
            self._alarm(name, _said(metric, service), 0, meaning, silence=silence)
        self._alarm(
            "EventsWait",
            _said("OutboxOldestSeconds", "outbox_relay"),
            OLDEST_EVENT_SECONDS,
            "What happened is not told: the event bus or the outbox's relay is away",
            2,
            # The relay says it every minute: silence means that it does not run.
            silence=cloudwatch.TreatMissingData.BREACHING,
        )
        # At least one run of the sweeper falls into each.
        sweep = Duration.minutes(max(5, 2 * self._settings.schedules.sweeper_minutes))
        for name, metric, what in (
            ("BooksBehind", "BooksBehindSeconds", "The books are"),
            ("SumsBehind", "SumsBehindSeconds", "The ledger's daily sums are"),
        ):
            self._alarm(
                name,
                _said(metric, "sweeper", sweep),
                OLDEST_BOOKING_SECONDS,
                f"{what} a quarter of an hour behind, or nothing sweeps: see docs/operations/books.md",
                2,
                # The sweeper says it each time it runs, if it does.
                silence=cloudwatch.TreatMissingData.BREACHING if self._settings.schedules.sweeper_minutes else None,
            )
        self._reconciliation_alarms()
        self._alarm(
            "RedemptionsFail",
            engine.state_machine.metric_failed(period=FIVE_MINUTES),
            0,
            "An execution ended as failed: the machine handles every known refusal, so this one is unknown",
        )
        self._alarm(
            "AuroraBusy",
            cluster.metric_cpu_utilization(period=FIVE_MINUTES),
            80,
            "Aurora is above 80 % for a quarter",
            3,
        )

    def _reconciliation_alarms(self) -> None:
        minutes = self._settings.schedules.reconciliation_minutes
        # At least one run falls into each.
        period = Duration.minutes(max(5, 2 * minutes))
        # It says both each time it runs, if it does.
        silence = cloudwatch.TreatMissingData.BREACHING if minutes else None
        for name, metric, hours, meaning in (
            (
                "UnmatchedForLong",
                "ReconciliationOldestHours",
                UNMATCHED_HOURS,
                "A redemption, charge or transaction has not matched for three days: see docs/reconciliation.md",
            ),
            (
                "ReconciliationBehind",
                "ReconciliationBehindHours",
                BEHIND_HOURS,
                "Yesterday is not reconciled, or nothing reconciles: see docs/reconciliation.md",
            ),
        ):
            self._alarm(name, _said(metric, "reconciliation", period), hours, meaning, silence=silence)

    def _invoice_alarms(self, invoices: InvoicesStack) -> None:
        self._alarm(
            "ErpWaits",
            _said("ErpOldestSeconds", "erp_gateway"),
            OLDEST_FOR_ERP_SECONDS,
            "A document has been on its way to the ERP for hours: see docs/erp.md",
            2,
        )
        self._alarm(
            "InvoicesGetStuck",
            invoices.state_machine.metric_failed(period=FIVE_MINUTES),
            0,
            "An invoice's execution ended as failed and not even a person was told: see docs/invoices.md",
        )
        self._alarm(
            "InvoicesFlood",
            _said("InvoiceDocumentsTaken", "invoice_intake", Duration.hours(1), "Sum"),
            MOST_PAPERS_AN_HOUR,
            "More papers come by mail than anybody orders; each page is paid for: see docs/operations/invoice-mail.md",
        )

    def _alarm(
        self,
        id: str,
        metric: cloudwatch.IMetric,
        above: float,
        meaning: str,
        periods: int = 1,
        silence: cloudwatch.TreatMissingData | None = None,
    ) -> None:
        alarm = cloudwatch.Alarm(
            self,
            id,
            alarm_description=meaning,
            metric=metric,
            threshold=above,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            evaluation_periods=periods,
            treat_missing_data=silence or cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        action = actions.SnsAction(self._topic)
        alarm.add_alarm_action(action)
        alarm.add_ok_action(action)


def _graph(title: str, metrics: list[cloudwatch.IMetric]) -> cloudwatch.GraphWidget:
    return cloudwatch.GraphWidget(title=title, left=metrics, width=8, height=6)


def _requests(name: str, api: RestApi) -> cloudwatch.Metric:
    return api.api.metric_count(label=name, period=FIVE_MINUTES)


def _refusals(name: str, api: RestApi) -> list[cloudwatch.IMetric]:
    return [api.api.metric_client_error(label=f"{name} 4xx", period=FIVE_MINUTES), _failed(name, api)]


def _failed(name: str, api: RestApi) -> cloudwatch.Metric:
    return api.api.metric_server_error(label=f"{name} 5xx", period=FIVE_MINUTES)


def _latency(name: str, api: RestApi) -> cloudwatch.Metric:
    return api.api.metric_latency(label=name, period=FIVE_MINUTES, statistic="p99")


def _depth(name: str, queue: sqs.IQueue) -> cloudwatch.Metric:
    return queue.metric_approximate_number_of_messages_visible(label=name, period=MINUTE, statistic="Maximum")


def _said(name: str, service: str, period: Duration = FIVE_MINUTES, statistic: str = "Maximum") -> cloudwatch.Metric:
    return cloudwatch.Metric(
        namespace=METRIC_NAMESPACE,
        metric_name=name,
        dimensions_map={"service": service},
        period=period,
        statistic=statistic,
    )


def _errors(function: lambda_.Function) -> cloudwatch.Metric:
    return function.metric_errors(label=function.node.id, period=FIVE_MINUTES)
