"""What is watched: every queue, function, door and machine by its name on dashboards and alarms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_rds as rds
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_stepfunctions as stepfunctions

from stacks.constructs.rest_api import RestApi
from stacks.engine import EngineStack
from stacks.insight import InsightStack
from stacks.invoices import InvoicesStack
from stacks.lake import LakeStack
from stacks.services import ServicesStack
from stacks.settings import Settings


@dataclass(frozen=True)
class Watched:
    """`queues` have somebody who works them off; `dead` ought to be empty."""

    settings: Settings
    cluster: rds.DatabaseCluster
    engine: EngineStack
    services: ServicesStack
    invoices: InvoicesStack
    lake: LakeStack | None
    insight: InsightStack | None
    apis: Mapping[str, RestApi]
    queues: Mapping[str, sqs.IQueue]
    dead: Mapping[str, sqs.IQueue]
    functions: Sequence[lambda_.Function]

    @property
    def machines(self) -> Mapping[str, stepfunctions.StateMachine]:
        """Every machine of this deployment."""
        return {
            "Redemptions": self.engine.state_machine,
            "Invoices": self.invoices.state_machine,
            **({"Night": self.lake.state_machine} if self.lake else {}),
            **({"Analysis": self.insight.state_machine} if self.insight else {}),
            **(
                {"Personalize": self.insight.personalize.state_machine}
                if self.insight and self.insight.personalize
                else {}
            ),
        }
