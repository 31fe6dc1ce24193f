"""The functions of one stack: same runtime, layer, code and network; each with its own role, log group and firewall."""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import CfnOutput, Duration, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs

from stacks import assets
from stacks.connections import reserved
from stacks.constructs.acknowledgement import acknowledge
from stacks.constructs.database_door import DatabaseDoor
from stacks.constructs.logs import kept_log_group
from stacks.constructs.own_key import WRITE, may_use
from stacks.settings import Settings

METRIC_NAMESPACE = "Loyalty"
NETWORK_INTERFACE_ACTIONS = (
    "ec2:CreateNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:DeleteNetworkInterface",
    "ec2:AssignPrivateIpAddresses",
    "ec2:UnassignPrivateIpAddresses",
)


class Functions:
    """Makes functions in `stack`. `add("member_api", …)` runs `lambdas/member_api.py`."""

    def __init__(self, stack: Stack, *, vpc: ec2.IVpc, settings: Settings) -> None:
        self._stack = stack
        self._vpc = vpc
        self._settings = settings
        # The laptop runs functions on its own processor.
        host = settings.layer.platform == "host"
        self._architecture = lambda_.Architecture.X86_64 if host else lambda_.Architecture.ARM_64
        self._code = lambda_.Code.from_asset(str(assets.code()))
        self._layers = {"api": self._layer("api")}

    def _layer(self, group: str) -> lambda_.LayerVersion:
        """One layer version a stack, of one asset: a shared one could never be replaced while others import it."""
        return lambda_.LayerVersion(
            self._stack,
            "Packages" if group == "api" else f"{group.title()}Packages",
            code=lambda_.Code.from_asset(str(assets.layer(self._settings.layer.platform, group))),
            compatible_runtimes=[lambda_.Runtime.PYTHON_3_13],
            compatible_architectures=[self._architecture],
            description=f"The packages of the group `{group}` in uv.lock",
        )

    def add(
        self,
        name: str,
        *,
        description: str,
        timeout_seconds: int,
        memory_mb: int,
        database: DatabaseDoor | None,
        environment: Mapping[str, str] | None = None,
        calls_out: bool = True,
        function_name: str | None = None,
        dead_letters: sqs.IQueue | None = None,
        packages: str = "api",
        code: lambda_.Code | None = None,
    ) -> lambda_.Function:
        """A function named like its module and its PostgreSQL role. `calls_out`: it talks to more than the database.

        `dead_letters`: where an event goes that nobody waits for and that failed to the last of Lambda's tries.
        `packages`: the group of uv.lock that its layer holds. `code`: other than what all functions share.
        """
        title = name.title().replace("_", "")
        if packages not in self._layers:
            self._layers[packages] = self._layer(packages)
        observability = self._settings.observability
        role = iam.Role(
            self._stack,
            f"{title}Role",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            description=description,
        )
        log_group = kept_log_group(self._stack, f"{title}Logs", settings=self._settings)
        log_group.grant_write(role)
        role.add_to_policy(iam.PolicyStatement(actions=[*NETWORK_INTERFACE_ACTIONS], resources=["*"]))
        if dead_letters is not None:
            may_use(role, dead_letters.encryption_master_key, WRITE)
        firewall = ec2.SecurityGroup(
            self._stack, f"{title}Firewall", vpc=self._vpc, description=f"{title} function", allow_all_outbound=False
        )
        if calls_out or (database is not None and database.uses_passwords):
            firewall.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(443), "AWS and the hosts of the config, by TLS")
        function = lambda_.Function(
            self._stack,
            title,
            function_name=function_name,
            description=description,
            runtime=lambda_.Runtime.PYTHON_3_13,
            architecture=self._architecture,
            handler=f"lambdas.{name}.handler",
            code=code or self._code,
            layers=[self._layers[packages]],
            role=role,
            vpc=self._vpc,
            vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS),
            security_groups=[firewall],
            timeout=Duration.seconds(timeout_seconds),
            memory_size=memory_mb,
            reserved_concurrent_executions=reserved(name, self._settings.api.reserved_concurrency),
            log_group=log_group,
            dead_letter_queue=dead_letters,
            tracing=lambda_.Tracing.ACTIVE if observability.tracing else lambda_.Tracing.DISABLED,
            environment={
                "LOG_LEVEL": observability.log_level,
                "POWERTOOLS_SERVICE_NAME": name,
                "POWERTOOLS_METRICS_NAMESPACE": METRIC_NAMESPACE,
                **(database.admit(name, role, firewall) if database else {}),
                **(environment or {}),
            },
        )
        CfnOutput(self._stack, f"{title}FunctionName", value=function.function_name)
        self._acknowledge(function, role)
        return function

    @staticmethod
    def _acknowledge(function: lambda_.Function, role: iam.Role) -> None:
        acknowledge(
            function,
            "Python 3.13 is supported by Lambda until 2029 and is what every locked package was tested with",
            "AwsSolutions-L1",
        )
        acknowledge(
            role,
            "EC2's network interface actions and X-Ray's two write actions take no resource; they reach no data",
            "AwsSolutions-IAM5[Resource::*]",
        )
