"""Aurora PostgreSQL, the door to it, and the migration that brings it to this version of the code."""

from __future__ import annotations

import json
from typing import Any

from aws_cdk import CfnOutput, CustomResource, Duration, RemovalPolicy, Stack, Token
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_rds as rds
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from stacks import assets
from stacks.constructs.acknowledgement import acknowledge
from stacks.constructs.cluster_parameters import cluster_parameters
from stacks.constructs.database_door import PORT, DatabaseDoor
from stacks.constructs.functions import Functions
from stacks.constructs.logs import kept_log_group, let_logs_encrypt, removal_policy
from stacks.constructs.readers import more_readers_under_load
from stacks.constructs.secret import may_read
from stacks.settings import Settings

OWNER = "loyalty_owner"
# Below the folder of outside parties' secrets.
ERP_SECRET = "erp"  # noqa: S105 - its name
# Comes past the proxy, by a password: Spark's JDBC knows no tokens.
LAKE_ROLE = "lake_reader"
ROTATED_DAYS = 30
# One PostgreSQL role an entry point, as the migrations make them.
ROLES = (
    "member_api",
    "quote_api",
    "manager_api",
    "catalogue_desk",
    "partner_api",
    "identity_trigger",
    "engine_step",
    "order_information",
    "sweeper",
    "catalogue_sync",
    "importer",
    "payments_worker",
    "payment_webhook",
    "orders_worker",
    "auditor",
    "outbox_relay",
    "shipment_notification",
    "notification_feedback",
    "points_notices",
    "wish_notices",
    "invoicing",
    "reconciliation",
    "readoption",
    "closure",
    "privacy",
    "webhook_sender",
    "integrations_desk",
    "simulation",
    "canary",
    "invoice_intake",
    "invoice_reading",
    "invoice_matching",
    "invoice_watch",
    "invoice_desk",
    "erp_gateway",
    "insight_loading",
    "demand_desk",
    "personalize_events",
)


class DatabaseStack(Stack):
    """`door`: what an entry point is admitted by. `cluster`: what the dashboards watch. `key`: what it is encrypted by.
    `lake_secret`: how the export comes, if there is a lake."""

    def __init__(self, scope: Construct, id: str, *, vpc: ec2.IVpc, settings: Settings, **kwargs: Any) -> None:
        super().__init__(scope, id, **kwargs)
        self._vpc = vpc
        self._settings = settings
        self._name = f"loyalty-{settings.deployment.name}"
        self.key = kms.Key(
            self,
            "Key",
            description="Aurora: data, snapshots, insights, logs",
            enable_key_rotation=True,
            removal_policy=removal_policy(settings),
        )
        self.cluster = self._cluster()
        if settings.database.max_readers:
            more_readers_under_load(self, self.cluster, settings.database)
        self._acknowledge()
        secrets = self._role_secrets() if settings.database.authentication == "password" else {}
        self.door = self._door(secrets)
        self.lake_secret = self._lake_secret() if settings.lake.enabled else None
        self._migration({**secrets, **({LAKE_ROLE: self.lake_secret} if self.lake_secret else {})})

    def _cluster(self) -> rds.DatabaseCluster:
        database, deployment = self._settings.database, self._settings.deployment
        engine = rds.DatabaseClusterEngine.aurora_postgres(
            version=rds.AuroraPostgresEngineVersion.of(database.engine_version, database.engine_version.split(".")[0])
        )
        firewall = ec2.SecurityGroup(
            self, "Firewall", vpc=self._vpc, description="Aurora: answers, never calls", allow_all_outbound=False
        )
        cluster = rds.DatabaseCluster(
            self,
            "Cluster",
            # By a name, so that its log group is ours and not one that RDS makes, which would be kept for ever.
            cluster_identifier=self._name,
            engine=engine,
            parameter_group=cluster_parameters(self, engine=engine, settings=self._settings),
            credentials=rds.Credentials.from_generated_secret(OWNER, encryption_key=self.key),
            default_database_name=database.name,
            # The first reader is as large as the writer at any time, and is the next writer.
            writer=self._instance("Writer"),
            readers=[self._instance(f"Reader{number}", number) for number in range(1, database.readers + 1)],
            serverless_v2_min_capacity=database.min_acu if database.mode == "serverless" else None,
            serverless_v2_max_capacity=database.max_acu if database.mode == "serverless" else None,
            vpc=self._vpc,
            vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED),
            security_groups=[firewall],
            iam_authentication=True,
            storage_encrypted=True,
            storage_encryption_key=self.key,
            storage_type=rds.DBClusterStorageType.AURORA_IOPT1 if database.io_optimized else None,
            backup=rds.BackupProps(retention=Duration.days(database.backup_days)),
            copy_tags_to_snapshot=True,
            deletion_protection=deployment.durable,
            removal_policy=RemovalPolicy.SNAPSHOT if deployment.durable else RemovalPolicy.DESTROY,
            cloudwatch_logs_exports=["postgresql"],
        )
        if database.snapshot:
            _made_of(cluster, database.snapshot)
        # RDS writes into it from its first start.
        cluster.node.add_dependency(self._logs())
        return cluster

    def _logs(self) -> logs.LogGroup:
        """What PostgreSQL logs, the audit of statements among it."""
        name = f"/aws/rds/cluster/{self._name}/postgresql"
        let_logs_encrypt(self.key, name)
        return kept_log_group(self, "Logs", settings=self._settings, name=name, key=self.key)

    def _acknowledge(self) -> None:
        acknowledge(
            self.cluster,
            "Writer and readers stand in the config's zones, one after the other, as the subnets do",
            "CloudFormation-Validate::W3010",
        )
        if not self._settings.deployment.durable:
            acknowledge(
                self.cluster,
                "The config says that this deployment may be deleted with its data: it is a trial",
                "AwsSolutions-RDS10",
            )
        acknowledge(
            self.cluster.node.find_child("Secret"),
            "Read by the migration function alone, which nothing but a deployment can invoke",
            "AwsSolutions-SMG4",
        )

    def _instance(self, id: str, promotion_tier: int = 0) -> rds.IClusterInstance:
        database, zones = self._settings.database, self._settings.network.availability_zones
        common: dict[str, Any] = {
            # Writer and readers each in another, as far as they go.
            "availability_zone": zones[promotion_tier % len(zones)],
            "enable_performance_insights": database.performance_insights,
            "performance_insight_encryption_key": self.key if database.performance_insights else None,
            "auto_minor_version_upgrade": True,
        }
        if database.mode == "provisioned":
            return rds.ClusterInstance.provisioned(
                id,
                instance_type=ec2.InstanceType(database.instance_class),
                promotion_tier=promotion_tier if promotion_tier else None,
                **common,
            )
        if promotion_tier:
            return rds.ClusterInstance.serverless_v2(id, scale_with_writer=promotion_tier == 1, **common)
        return rds.ClusterInstance.serverless_v2(id, **common)

    def _lake_secret(self) -> secretsmanager.Secret:
        """Of the form that Secrets Manager's own rotation knows. The migration sets what is in it."""
        secret = secretsmanager.Secret(
            self,
            "LakeReader",
            description=f"PostgreSQL role {LAKE_ROLE}",
            encryption_key=self.key,
            removal_policy=RemovalPolicy.DESTROY,
            generate_secret_string=secretsmanager.SecretStringGenerator(
                secret_string_template=self.to_json_string(
                    {
                        "engine": "postgres",
                        "host": self.cluster.cluster_endpoint.hostname,
                        "port": self.cluster.cluster_endpoint.port,
                        "dbname": self._settings.database.name,
                        "username": LAKE_ROLE,
                    }
                ),
                generate_string_key="password",
                exclude_punctuation=True,
                password_length=32,
            ),
        )
        if self._settings.database.authentication == "iam":
            self._rotate(secret)
        return secret

    def _rotate(self, secret: secretsmanager.Secret) -> None:
        """Every month, by Secrets Manager's own function."""
        firewall = ec2.SecurityGroup(
            self, "RotationFirewall", vpc=self._vpc, description="Rotates a password", allow_all_outbound=False
        )
        firewall.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(443), "Secrets Manager, by TLS")
        firewall.connections.allow_to(self.cluster, ec2.Port.tcp(PORT), "PostgreSQL")
        secret.add_rotation_schedule(
            "Rotation",
            automatically_after=Duration.days(ROTATED_DAYS),
            # The migration sets the first one; a new one before that would meet a role that has none.
            rotate_immediately_on_update=False,
            hosted_rotation=secretsmanager.HostedRotation.postgre_sql_single_user(
                vpc=self._vpc,
                vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS),
                security_groups=[firewall],
            ),
        )

    def _role_secrets(self) -> dict[str, secretsmanager.ISecret]:
        return {
            role: secretsmanager.Secret(
                self,
                f"{role.title().replace('_', '')}Password",
                description=f"PostgreSQL role {role}",
                removal_policy=RemovalPolicy.DESTROY,
                generate_secret_string=secretsmanager.SecretStringGenerator(
                    secret_string_template=json.dumps({"username": role}),
                    generate_string_key="password",
                    exclude_punctuation=True,
                    password_length=32,
                ),
            )
            for role in ROLES
        }

    def _door(self, secrets: dict[str, secretsmanager.ISecret]) -> DatabaseDoor:
        database = self._settings.database
        if database.proxy:
            return self._proxy()
        endpoint = self.cluster.cluster_endpoint
        return DatabaseDoor(
            host=endpoint.hostname,
            port=Token.as_string(endpoint.port),
            database_name=database.name,
            listener=self.cluster,
            target=self.cluster,
            secrets=secrets,
            reader_host=self.cluster.cluster_read_endpoint.hostname if database.readers else None,
        )

    def _proxy(self) -> DatabaseDoor:
        firewall = ec2.SecurityGroup(
            self, "ProxyFirewall", vpc=self._vpc, description="RDS Proxy", allow_all_outbound=False
        )
        firewall.connections.allow_to(self.cluster, ec2.Port.tcp(PORT), "PostgreSQL")
        role = iam.Role(
            self, "ProxyRole", assumed_by=iam.ServicePrincipal("rds.amazonaws.com"), description="RDS Proxy to Aurora"
        )
        # End to end: the proxy comes to Aurora as the caller's own role, with a token of its own. No secret is kept.
        for name in ROLES:
            self.cluster.grant_connect(role, name)
        proxy = rds.DatabaseProxy(
            self,
            "Proxy",
            proxy_target=rds.ProxyTarget.from_cluster(self.cluster),
            default_auth_scheme=rds.DefaultAuthScheme.IAM_AUTH,
            iam_auth=True,
            require_tls=True,
            role=role,
            vpc=self._vpc,
            vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED),
            security_groups=[firewall],
            borrow_timeout=Duration.seconds(5),
            idle_client_timeout=Duration.minutes(15),
        )
        reader_host = None
        if self._settings.database.readers:
            read_only = rds.CfnDBProxyEndpoint(
                self,
                "ReadOnly",
                db_proxy_name=proxy.db_proxy_name,
                db_proxy_endpoint_name=f"{self.stack_name}-read-only",
                vpc_subnet_ids=self._vpc.select_subnets(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED).subnet_ids,
                vpc_security_group_ids=[firewall.security_group_id],
                target_role="READ_ONLY",
            )
            reader_host = read_only.attr_endpoint
            CfnOutput(self, "DatabaseReadOnlyHost", value=reader_host)
        return DatabaseDoor(
            host=proxy.endpoint,
            port=str(PORT),
            database_name=self._settings.database.name,
            listener=proxy,
            target=proxy,
            secrets={},
            reader_host=reader_host,
        )

    def _migration(self, secrets: dict[str, secretsmanager.ISecret]) -> None:
        owner = self.cluster.secret
        assert owner is not None
        functions = Functions(self, vpc=self._vpc, settings=self._settings)
        overrides = json.dumps(_programme_overrides(self._settings), sort_keys=True)
        function = functions.add(
            "migrate",
            description="Brings the schema to this version; runs as the schemas' owner, past the proxy",
            timeout_seconds=900,
            memory_mb=512,
            database=None,
            code=lambda_.Code.from_asset(str(assets.migration_code())),
            environment={
                "DATABASE_HOST": self.cluster.cluster_endpoint.hostname,
                "DATABASE_PORT": self.door.port,
                "DATABASE_NAME": self._settings.database.name,
                "DATABASE_ROLE": OWNER,
                "DATABASE_SSLMODE": "disable" if self.door.uses_passwords else "verify-full",
                "DATABASE_SECRET_ARN": owner.secret_arn,
                "PROGRAMME_OVERRIDES": overrides,
                "ROLE_SECRET_ARNS": self.to_json_string({role: secret.secret_arn for role, secret in secrets.items()}),
            },
        )
        may_read(owner, function)
        for secret in secrets.values():
            may_read(secret, function)
        function.connections.allow_to(self.cluster, ec2.Port.tcp(PORT), "PostgreSQL")
        migration = CustomResource(
            self,
            "Migration",
            service_token=function.function_arn,
            resource_type="Custom::Migration",
            service_timeout=Duration.minutes(16),
            # Any change here is an update of this resource, and an update is a migration.
            properties={"Database": assets.database_hash(), "Overrides": overrides},
        )
        migration.node.add_dependency(self.cluster)


def _made_of(cluster: rds.DatabaseCluster, snapshot: str) -> None:
    """Its owner's name and its database are the snapshot's; the owner's password becomes this deployment's."""
    resource = cluster.node.default_child
    assert isinstance(resource, rds.CfnDBCluster)
    resource.snapshot_identifier = snapshot
    for inherited in ("MasterUsername", "DatabaseName"):
        resource.add_property_deletion_override(inherited)


def _programme_overrides(settings: Settings) -> dict[str, Any]:
    chosen = settings.programme.model_dump(exclude_none=True)
    endpoint = chosen.pop("erp_endpoint", None)
    erp = {"integrations": {"erp": {"endpoint": endpoint, "secret": ERP_SECRET}}} if endpoint else {}
    above, limit = chosen.pop("step_up_above_points", None), chosen.pop("points_per_day", None)
    large = {"code": "large", "when": "points_spent", "over": above, "hours": 24, "action": "step_up"}
    return {
        **({"redemption": chosen} if chosen else {}),
        **erp,
        **({"screening": {"rules": [large]}} if above is not None else {}),
        **({"points": {"held_daily_limit": limit}} if limit is not None else {}),
    }
