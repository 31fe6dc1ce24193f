"""The Loyalty Engine: one execution a redemption, the functions it calls, and the sweeper that starts what was left."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from aws_cdk import ArnFormat, CfnOutput, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as stepfunctions
from constructs import Construct

from stacks.constructs.acknowledgement import acknowledge
from stacks.constructs.database_door import DatabaseDoor
from stacks.constructs.functions import Functions
from stacks.constructs.logs import kept_log_group
from stacks.constructs.queue import QueueWithDeadLetters
from stacks.constructs.schedule import every
from stacks.settings import Settings

DEFINITION = Path(__file__).with_name("loyalty_engine.asl.json")


class EngineStack(Stack):
    """`state_machine`: started by the member API and the sweeper, answered by the workers."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        vpc: ec2.IVpc,
        database: DatabaseDoor,
        payments: QueueWithDeadLetters,
        orders: QueueWithDeadLetters,
        heard: QueueWithDeadLetters,
        settings: Settings,
        **kwargs: Any,
    ) -> None:
        super().__init__(scope, id, **kwargs)
        self._settings = settings
        functions = Functions(self, vpc=vpc, settings=settings)
        memory = settings.engine.memory_mb
        late = {"REDEMPTION_MINUTES": str(settings.observability.objectives.redemption_minutes)}
        step = functions.add(
            "engine_step",
            description="One step of a redemption: one SQL function",
            timeout_seconds=30,
            memory_mb=memory,
            database=database,
            environment=late,
            calls_out=False,
        )
        order_information = functions.add(
            "order_information",
            description="Writes what Amazon Business says of orders",
            timeout_seconds=30,
            memory_mb=memory,
            database=database,
            calls_out=False,
        )
        # A record that fails comes again alone; two at once are enough for what Amazon has to say.
        heard.feed(order_information, at_once=10, concurrent=2)
        self.log_group = kept_log_group(self, "LoyaltyEngineLogs", settings=settings)
        self.state_machine = stepfunctions.StateMachine(
            self,
            "LoyaltyEngine",
            state_machine_type=stepfunctions.StateMachineType.STANDARD,
            definition_body=stepfunctions.DefinitionBody.from_string(DEFINITION.read_text()),
            definition_substitutions={
                "EngineStepFunction": step.function_arn,
                "OrderInformationFunction": order_information.function_arn,
                "PaymentsQueueUrl": payments.queue.queue_url,
                "OrdersQueueUrl": orders.queue.queue_url,
            },
            logs=stepfunctions.LogOptions(
                destination=self.log_group,
                level=stepfunctions.LogLevel[settings.engine.log_level],
                # Ids only ever pass through the machine, so its data may be logged.
                include_execution_data=True,
            ),
            tracing_enabled=settings.observability.tracing,
        )
        # Not grant_invoke: it would allow every version and alias as well.
        called = [step.function_arn, order_information.function_arn]
        self.state_machine.add_to_role_policy(iam.PolicyStatement(actions=["lambda:InvokeFunction"], resources=called))
        acknowledge(
            self.state_machine,
            "Log delivery's and X-Ray's actions take no resource; they reach no data of ours",
            "AwsSolutions-IAM5[Resource::*]",
        )
        for queue in (payments, orders):
            queue.may_send(self.state_machine)
        sweeper = functions.add(
            "sweeper",
            description="Starts, closes and expires what nobody else did",
            timeout_seconds=55,
            memory_mb=memory,
            database=database,
            environment={
                "STATE_MACHINE_ARN": self.state_machine.state_machine_arn,
                "PAYMENTS_QUEUE_URL": payments.queue.queue_url,
                **late,
            },
        )
        self._may_sweep(sweeper, payments)
        every(self, "Sweep", "The sweeper's rules", settings.schedules.sweeper_minutes, sweeper)
        self.functions = [step, order_information, sweeper]
        CfnOutput(self, "StateMachineArn", value=self.state_machine.state_machine_arn)

    def _may_sweep(self, sweeper: lambda_.Function, payments: QueueWithDeadLetters) -> None:
        """Start what was not started, see what has ended, tell payments whom nobody waits for any more."""
        self.state_machine.grant_start_execution(sweeper)
        payments.may_send(sweeper)
        machine, role = self.state_machine.node.default_child, sweeper.role
        assert isinstance(machine, stepfunctions.CfnStateMachine)
        assert role is not None
        executions = self.format_arn(
            service="states",
            resource="execution",
            resource_name=f"{self.state_machine.state_machine_name}:*",
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )
        sweeper.add_to_role_policy(iam.PolicyStatement(actions=["states:DescribeExecution"], resources=[executions]))
        where = f"arn:aws:states:{self.region}:{self.account}:execution"
        acknowledge(
            role,
            "Executions of our own machine; each is named after a redemption, and they cannot be listed here",
            f"AwsSolutions-IAM5[Resource::{where}:<{self.get_logical_id(machine)}.Name>:*]",
        )
