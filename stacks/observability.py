"""What operators look at, and what wakes them: the wiring of dashboards, alarms and queries."""

from __future__ import annotations

from typing import Any

from aws_cdk import Stack
from aws_cdk import aws_rds as rds
from constructs import Construct

from stacks.alarm import wake
from stacks.api import ApiStack
from stacks.audit import AuditStack
from stacks.audit_alarms import audit_alarms, backup_alarms
from stacks.backup import BackupStack
from stacks.canary import CanaryStack
from stacks.canary_alarms import canary_alarms
from stacks.constructs.schedule import missed_in
from stacks.costs import watch_costs
from stacks.dashboards import dashboards
from stacks.documents import DocumentsStack
from stacks.engine import EngineStack
from stacks.engine_alarms import engine_alarms
from stacks.feeds import FeedsStack
from stacks.finance_alarms import finance_alarms
from stacks.insight import InsightStack
from stacks.insight_alarms import insight_alarms
from stacks.invoices import InvoicesStack
from stacks.lake import LakeStack
from stacks.lake_alarms import lake_alarms
from stacks.manager import ManagerStack
from stacks.messaging import MessagingStack
from stacks.notifications import NotificationsStack
from stacks.objectives import burn_alarms
from stacks.part_alarms import part_alarms
from stacks.queries import queries
from stacks.reconciliation import ReconciliationStack
from stacks.services import ServicesStack
from stacks.settings import Settings
from stacks.state_changes import state_changes
from stacks.watched import Watched


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
        watched = Watched(
            settings=settings,
            cluster=cluster,
            engine=engine,
            services=services,
            invoices=invoices,
            lake=lake,
            insight=insight,
            apis={**api.apis, "Manager": manager.api},
            queues=queues,
            dead=dead,
            functions=functions,
        )
        dashboards(self, watched)
        watch_costs(self, settings, messaging.operators)
        queries(self, watched, state_changes(self, watched))
        if settings.observability.alarms:
            for alarm in (
                *part_alarms(watched),
                *engine_alarms(watched),
                *finance_alarms(watched),
                *(lake_alarms(lake, settings.lake.schedule) if lake else ()),
                *(insight_alarms(insight) if insight else ()),
                *canary_alarms(settings.schedules.canary_minutes),
                *(audit_alarms(audit) if audit else ()),
                *(backup_alarms(backup) if backup else ()),
            ):
                wake(self, messaging.operators, alarm, settings.observability.repository_url)
            burn_alarms(self, messaging.operators, watched)
