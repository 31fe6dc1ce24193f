"""The daily reconciliation, which moves nothing, and taking up what a restore lost, which nothing runs by itself."""

from __future__ import annotations

from typing import Any

from aws_cdk import ArnFormat, Duration, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as stepfunctions
from constructs import Construct

from stacks.constructs.acknowledgement import acknowledge
from stacks.constructs.database_door import DatabaseDoor
from stacks.constructs.functions import Functions
from stacks.constructs.queue import dead_letter_queue
from stacks.constructs.secret import may_read
from stacks.engine import EngineStack
from stacks.integrations import IntegrationsStack
from stacks.settings import Settings

# Lambda's longest: a day of a large programme takes several runs, and each goes on where the last one stopped.
TIMEOUT_SECONDS = 900


class ReconciliationStack(Stack):
    """`functions`, `dead_letters`: for the dashboards and alarms."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        vpc: ec2.IVpc,
        database: DatabaseDoor,
        integrations: IntegrationsStack,
        engine: EngineStack,
        settings: Settings,
        **kwargs: Any,
    ) -> None:
        super().__init__(scope, id, **kwargs)
        self._made = Functions(self, vpc=vpc, settings=settings)
        self._database = database
        self._outside = {
            **integrations.amazon_business_environment,
            "AMAZON_PAY_SECRET_ARN": integrations.amazon_pay.secret_arn,
            "AMAZON_PAY_URL": settings.integrations.amazon_pay_url,
            "STRIPE_SECRET_ARN": integrations.stripe.secret_arn,
            "STRIPE_URL": settings.integrations.stripe_url,
        }
        self.dead_letters = dead_letter_queue(self, "RunsDeadLetters", of_rules=True)
        acknowledge(self.dead_letters, "It is where dead letters end", "AwsSolutions-SQS3")
        daily = self._function("reconciliation", "Compares points, payments and Amazon's charges day by day", {})
        readoption = self._function(
            "readoption",
            "By operators after a restore: takes up orders and charges that the database has forgotten",
            {
                "PORTAL_ORIGIN": settings.integrations.portal_origin,
                "STATE_MACHINE_ARN": engine.state_machine.state_machine_arn,
            },
        )
        for function in (daily, readoption):
            for secret in (integrations.amazon_business, integrations.amazon_pay, integrations.stripe):
                may_read(secret, function)
        self._may_see_executions(readoption, engine)
        if minutes := settings.schedules.reconciliation_minutes:
            events.Rule(
                self,
                "Daily",
                description="Yesterday's reconciliation, until it is done",
                schedule=events.Schedule.rate(Duration.minutes(minutes)),
                targets=[
                    targets.LambdaFunction(
                        daily, dead_letter_queue=self.dead_letters, retry_attempts=1, max_event_age=Duration.minutes(30)
                    )
                ],
            )
        self.functions = [daily, readoption]

    def _function(self, name: str, description: str, environment: dict[str, str]) -> lambda_.Function:
        return self._made.add(
            name,
            description=description,
            timeout_seconds=TIMEOUT_SECONDS,
            memory_mb=512,
            database=self._database,
            environment={**self._outside, **environment},
            dead_letters=self.dead_letters,
            # Both payment providers' signatures and packages.
            packages="webhooks",
        )

    def _may_see_executions(self, function: lambda_.Function, engine: EngineStack) -> None:
        """Whether a redemption's machine has ended; nothing is started or stopped here."""
        machine = engine.state_machine
        executions = self.format_arn(
            service="states",
            resource="execution",
            resource_name=f"{machine.state_machine_name}:*",
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )
        function.add_to_role_policy(iam.PolicyStatement(actions=["states:DescribeExecution"], resources=[executions]))
        resource, role = machine.node.default_child, function.role
        assert isinstance(resource, stepfunctions.CfnStateMachine)
        assert role is not None
        acknowledge(
            role,
            "Executions of our own machine; each is named after a redemption, and they cannot be listed here",
            f"AwsSolutions-IAM5[Resource::{executions_shown(self, engine)}]",
        )


def executions_shown(stack: Stack, engine: EngineStack) -> str:
    """What cdk-nag calls the machine's executions in our policy: by the output that the CDK makes of its name.

    If that gets another name, synth refuses and says it."""
    machine = engine.state_machine.node.default_child
    assert isinstance(machine, stepfunctions.CfnStateMachine)
    output = f"PublishOutputFnGetAtt{engine.get_logical_id(machine)}Name200E7847"
    place = f'"StackName":"{engine.stack_name}","Region":"{engine.region}","OutputName":"{output}"'
    return f'arn:aws:states:{stack.region}:{stack.account}:execution:{{"Fn::GetStackOutput":{{{place}}}}}:*'
