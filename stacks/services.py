"""The two services that talk to money and to orders, each eating its queue. ECS on Graviton, no open port."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aws_cdk import CfnOutput, Duration, Stack
from aws_cdk import aws_applicationautoscaling as scaling
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecr_assets as images
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from constructs import Construct

from stacks import assets
from stacks.constructs.acknowledgement import acknowledge
from stacks.constructs.database_door import DatabaseDoor
from stacks.constructs.logs import kept_log_group
from stacks.constructs.queue import QueueWithDeadLetters
from stacks.constructs.secret import may_read
from stacks.engine import EngineStack
from stacks.integrations import IntegrationsStack
from stacks.messaging import MessagingStack
from stacks.sections import Service
from stacks.settings import Settings

HEALTH_PORT = 8080
# Longer than a worker takes to finish what it has in hand or to give it back.
STOP_SECONDS = 60


class ServicesStack(Stack):
    """`payments` grows with its queue; `orders` keeps its count, because Amazon counts orders a connection."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        vpc: ec2.IVpc,
        database: DatabaseDoor,
        messaging: MessagingStack,
        integrations: IntegrationsStack,
        engine: EngineStack,
        settings: Settings,
        **kwargs: Any,
    ) -> None:
        super().__init__(scope, id, **kwargs)
        self._vpc = vpc
        self._database = database
        self._engine = engine
        self._settings = settings
        self.log_groups: dict[str, logs.LogGroup] = {}
        self.cluster = ecs.Cluster(
            self,
            "Cluster",
            vpc=vpc,
            enable_fargate_capacity_providers=True,
            container_insights_v2=ecs.ContainerInsights.ENABLED,
        )
        self.payments = self._service(
            "payments",
            settings.services.payments,
            messaging.payments,
            {
                "AMAZON_PAY_SECRET_ARN": integrations.amazon_pay.secret_arn,
                "AMAZON_PAY_URL": settings.integrations.amazon_pay_url,
                "STRIPE_SECRET_ARN": integrations.stripe.secret_arn,
                "STRIPE_URL": settings.integrations.stripe_url,
                "PORTAL_ORIGIN": settings.integrations.portal_origin,
            },
            spot_percent=settings.services.spot_percent,
        )
        may_read(integrations.amazon_pay, self.payments.task_definition.task_role)
        may_read(integrations.stripe, self.payments.task_definition.task_role)
        self.orders = self._service(
            "orders",
            settings.services.orders,
            messaging.orders,
            {
                **integrations.amazon_business_environment,
                "ORDER_INFORMATION_QUEUE_URL": messaging.order_information.queue.queue_url,
            },
            spot_percent=0,
        )
        may_read(integrations.amazon_business, self.orders.task_definition.task_role)
        messaging.order_information.may_send(self.orders.task_definition.task_role)
        self._scale_payments(messaging.payments)
        CfnOutput(self, "ClusterName", value=self.cluster.cluster_name)
        CfnOutput(self, "PaymentsServiceName", value=self.payments.service_name)
        CfnOutput(self, "OrdersServiceName", value=self.orders.service_name)

    def _service(
        self,
        name: str,
        service: Service,
        queue: QueueWithDeadLetters,
        environment: Mapping[str, str],
        *,
        spot_percent: int,
    ) -> ecs.FargateService:
        title = name.title()
        task = self._task(title, service)
        firewall = ec2.SecurityGroup(
            self, f"{title}Firewall", vpc=self._vpc, description=f"{title} service", allow_all_outbound=False
        )
        firewall.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(443), "AWS and the hosts of the config, by TLS")
        role = f"{name}_worker"
        log_group = self.log_groups[name] = kept_log_group(self, f"{title}Logs", settings=self._settings)
        container = task.add_container(
            name,
            container_name=name,
            image=self._image(name, service),
            command=["python", "-m", f"containers.{name}"],
            essential=True,
            readonly_root_filesystem=True,
            user="10001",
            stop_timeout=Duration.seconds(STOP_SECONDS),
            logging=ecs.LogDriver.aws_logs(
                stream_prefix=name, log_group=log_group, mode=ecs.AwsLogDriverMode.NON_BLOCKING
            ),
            health_check=ecs.HealthCheck(
                command=["CMD", "python", "-c", _health_check()],
                interval=Duration.seconds(15),
                timeout=Duration.seconds(5),
                retries=3,
                start_period=Duration.seconds(30),
            ),
            environment={
                "QUEUE_URL": queue.queue.queue_url,
                "HEALTH_PORT": str(HEALTH_PORT),
                "LOG_LEVEL": self._settings.observability.log_level,
                "POWERTOOLS_SERVICE_NAME": name,
                # OpenTelemetry's own switch.
                "OTEL_SDK_DISABLED": str(not self._settings.observability.tracing).lower(),
                **self._database.admit(role, task.task_role, firewall),
                **environment,
            },
        )
        assert isinstance(container, ecs.ContainerDefinition)
        queue.may_work(task.task_role)
        self._engine.state_machine.grant_task_response(task.task_role)
        self._may_trace(task)
        self._may_start(task, log_group)
        return ecs.FargateService(
            self,
            title,
            cluster=self.cluster,
            task_definition=task,
            desired_count=service.min_tasks,
            # Orders: the old task stops before the new one starts, so that there is never one too many.
            min_healthy_percent=0 if name == "orders" else 100,
            max_healthy_percent=100 if name == "orders" else 200,
            capacity_provider_strategies=_capacity(spot_percent),
            vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS),
            security_groups=[firewall],
            assign_public_ip=False,
            circuit_breaker=ecs.DeploymentCircuitBreaker(enable=True, rollback=True),
            enable_execute_command=False,
            propagate_tags=ecs.PropagatedTagSource.SERVICE,
        )

    def _task(self, title: str, service: Service) -> ecs.FargateTaskDefinition:
        principal = iam.ServicePrincipal("ecs-tasks.amazonaws.com")
        return ecs.FargateTaskDefinition(
            self,
            f"{title}Task",
            cpu=service.cpu,
            memory_limit_mib=service.memory_mb,
            runtime_platform=ecs.RuntimePlatform(
                cpu_architecture=ecs.CpuArchitecture.ARM64, operating_system_family=ecs.OperatingSystemFamily.LINUX
            ),
            task_role=iam.Role(self, f"{title}Role", assumed_by=principal, description=f"What {title} may do"),
            execution_role=iam.Role(
                self, f"{title}StartRole", assumed_by=principal, description=f"What ECS needs to start {title}"
            ),
        )

    def _image(self, name: str, service: Service) -> ecs.ContainerImage:
        if not service.image:
            return ecs.ContainerImage.from_asset(
                str(assets.image_context()),
                file=f"containers/{name}/Dockerfile",
                platform=images.Platform.LINUX_ARM64,
            )
        registry, digest = service.image.split("@")
        account, _, _, region, *_ = registry.split(".")
        repository = ecr.Repository.from_repository_attributes(
            self,
            f"{name.title()}Images",
            repository_name=registry.split("/", 1)[1],
            repository_arn=f"arn:aws:ecr:{region}:{account}:repository/{registry.split('/', 1)[1]}",
        )
        return ecs.ContainerImage.from_ecr_repository(repository, digest)

    def _may_trace(self, task: ecs.FargateTaskDefinition) -> None:
        if not self._settings.observability.tracing:
            return
        task.task_role.add_to_principal_policy(iam.PolicyStatement(actions=["xray:PutTraceSegments"], resources=["*"]))
        acknowledge(
            task.task_role,
            "X-Ray's writing takes no resource; it reaches no data of ours",
            "AwsSolutions-IAM5[Resource::*]",
        )

    def _may_start(self, task: ecs.FargateTaskDefinition, log_group: logs.LogGroup) -> None:
        assert task.execution_role is not None
        acknowledge(
            task.execution_role,
            "ecr:GetAuthorizationToken takes no resource; which images it opens is said by the other statements",
            "AwsSolutions-IAM5[Resource::*]",
        )
        acknowledge(
            task,
            "Addresses and ids only; every secret is fetched by its ARN at run time",
            "AwsSolutions-ECS2",
        )

    def _scale_payments(self, queue: QueueWithDeadLetters) -> None:
        services = self._settings.services
        if services.payments.min_tasks == services.payments.max_tasks:
            return
        target = self.payments.auto_scale_task_count(
            min_capacity=services.payments.min_tasks, max_capacity=services.payments.max_tasks
        )
        step = services.messages_per_task
        target.scale_on_metric(
            "Depth",
            metric=queue.queue.metric_approximate_number_of_messages_visible(
                period=Duration.minutes(1), statistic="Maximum"
            ),
            adjustment_type=scaling.AdjustmentType.CHANGE_IN_CAPACITY,
            cooldown=Duration.minutes(1),
            scaling_steps=[
                scaling.ScalingInterval(upper=0, change=-1),
                scaling.ScalingInterval(lower=step, change=1),
                scaling.ScalingInterval(lower=step * 5, change=3),
            ],
        )


def _capacity(spot_percent: int) -> list[ecs.CapacityProviderStrategy]:
    """The first task never runs on Spot."""
    strategies = [ecs.CapacityProviderStrategy(capacity_provider="FARGATE", base=1, weight=100 - spot_percent)]
    if spot_percent:
        strategies.append(ecs.CapacityProviderStrategy(capacity_provider="FARGATE_SPOT", weight=spot_percent))
    return strategies


def _health_check() -> str:
    """The image has no curl; urlopen raises on 503, and Python then ends with 1."""
    return f"import urllib.request; urllib.request.urlopen('http://127.0.0.1:{HEALTH_PORT}/', timeout=4)"
