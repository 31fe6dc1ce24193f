"""The export: a Spark job in Glue that reads the writer by its cluster endpoint, as a role that sees views alone."""

from __future__ import annotations

from aws_cdk import Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_glue as glue
from aws_cdk import aws_iam as iam
from aws_cdk import aws_rds as rds
from aws_cdk import aws_s3_assets as s3_assets
from aws_cdk import aws_secretsmanager as secretsmanager

from stacks import assets
from stacks.constructs.acknowledgement import acknowledge
from stacks.constructs.database_door import PORT
from stacks.constructs.functions import NETWORK_INTERFACE_ACTIONS
from stacks.constructs.lake_files import BRONZE, STATE, LakeFiles
from stacks.settings import REPOSITORY, Settings

GLUE_VERSION = "5.1"
# What Glue looks up to put a worker's network interface into a subnet.
LOOKED_UP = (
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeRouteTables",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeVpcAttribute",
    "ec2:DescribeVpcEndpoints",
)


class GlueExport:
    """`job_name`; `arn` for who starts it."""

    def __init__(
        self,
        stack: Stack,
        *,
        vpc: ec2.IVpc,
        cluster: rds.DatabaseCluster,
        secret: secretsmanager.ISecret,
        files: LakeFiles,
        settings: Settings,
    ) -> None:
        self._stack = stack
        self._settings = settings
        self._files = files
        self.job_name = f"loyalty-{settings.deployment.name}-export"
        self.arn = stack.format_arn(service="glue", resource="job", resource_name=self.job_name)
        self._script = s3_assets.Asset(stack, "Script", path=str(REPOSITORY / "analytics" / "export" / "job.py"))
        self._modules = s3_assets.Asset(stack, "Modules", path=str(assets.lake_modules()))
        self._certificates = None
        if settings.database.authentication == "iam":
            self._certificates = s3_assets.Asset(
                stack, "Certificates", path=str(REPOSITORY / "loyalty" / "rds-ca-bundle.pem")
            )
        self.role = self._role(secret)
        connection = self._connection(vpc, cluster)
        self._job(secret, connection, self._security())

    def _role(self, secret: secretsmanager.ISecret) -> iam.Role:
        role = iam.Role(
            self._stack,
            "ExportRole",
            assumed_by=iam.ServicePrincipal(
                "glue.amazonaws.com", conditions={"StringEquals": {"aws:SourceAccount": self._stack.account}}
            ),
            description="The lake's export",
        )
        self._files.allow(role, ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"], BRONZE, STATE)
        self._files.allow_listing(role)
        self._files.allow_key(role, writing=True)
        key = secret.encryption_key
        assert key is not None
        # Not grant_read: it would write into the key's policy, and the database's stack must not know who reads.
        for action, resource in (("secretsmanager:GetSecretValue", secret.secret_arn), ("kms:Decrypt", key.key_arn)):
            role.add_to_policy(iam.PolicyStatement(actions=[action], resources=[resource]))
        for asset in filter(None, (self._script, self._modules, self._certificates)):
            role.add_to_policy(
                iam.PolicyStatement(
                    actions=["s3:GetObject"], resources=[asset.bucket.arn_for_objects(asset.s3_object_key)]
                )
            )
        connection = self._stack.format_arn(service="glue", resource="connection", resource_name=self.job_name)
        catalog = self._stack.format_arn(service="glue", resource="catalog")
        role.add_to_policy(iam.PolicyStatement(actions=["glue:GetConnection"], resources=[catalog, connection]))
        role.add_to_policy(
            iam.PolicyStatement(actions=sorted({*NETWORK_INTERFACE_ACTIONS, *LOOKED_UP}), resources=["*"])
        )
        self._may_tag_interfaces(role)
        self._may_write_logs(role)
        return role

    def _may_tag_interfaces(self, role: iam.Role) -> None:
        """Glue marks the network interfaces that are its own; nothing else may get a tag."""
        interfaces = self._stack.format_arn(service="ec2", resource="network-interface", resource_name="*")
        role.add_to_policy(
            iam.PolicyStatement(
                actions=["ec2:CreateTags", "ec2:DeleteTags"],
                resources=[interfaces],
                conditions={"ForAllValues:StringEquals": {"aws:TagKeys": ["aws-glue-service-resource"]}},
            )
        )
        acknowledge(
            role,
            "Interfaces have no name before they are made; only Glue's own tag may be set",
            f"AwsSolutions-IAM5[Resource::arn:aws:ec2:{self._stack.region}:{self._stack.account}:network-interface/*]",
        )

    def _may_write_logs(self, role: iam.Role) -> None:
        logs = self._stack.format_arn(service="logs", resource="log-group:/aws-glue/*")
        role.add_to_policy(
            iam.PolicyStatement(
                actions=["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents", "logs:AssociateKmsKey"],
                resources=[logs],
            )
        )
        role.add_to_policy(
            iam.PolicyStatement(
                actions=["cloudwatch:PutMetricData"],
                resources=["*"],
                conditions={"StringEquals": {"cloudwatch:namespace": "Glue"}},
            )
        )
        acknowledge(
            role,
            "Glue names its log groups and their streams itself; all of them are below this name",
            f"AwsSolutions-IAM5[Resource::arn:aws:logs:{self._stack.region}:{self._stack.account}"
            ":log-group:/aws-glue/*]",
        )
        acknowledge(
            role,
            "EC2's network interface actions and CloudWatch's metrics take no resource; they reach no data",
            "AwsSolutions-IAM5[Resource::*]",
        )

    def _connection(self, vpc: ec2.IVpc, cluster: rds.DatabaseCluster) -> glue.CfnConnection:
        firewall = ec2.SecurityGroup(
            self._stack, "ExportFirewall", vpc=vpc, description="The export of the lake", allow_all_outbound=False
        )
        # Glue insists: its workers talk to each other by ports of their choice.
        firewall.connections.allow_internally(ec2.Port.all_tcp(), "Workers of one run")
        firewall.connections.allow_to(cluster, ec2.Port.tcp(PORT), "PostgreSQL")
        firewall.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(443), "S3, Secrets Manager, Glue, by TLS")
        # Of one subnet: Glue takes no more. If its zone is away, the night comes again.
        subnet = vpc.private_subnets[0]
        connection = glue.CfnConnection(
            self._stack,
            "ExportNetwork",
            catalog_id=self._stack.account,
            connection_input=glue.CfnConnection.ConnectionInputProperty(
                name=self.job_name,
                connection_type="NETWORK",
                description="Where the export's workers run",
                physical_connection_requirements=glue.CfnConnection.PhysicalConnectionRequirementsProperty(
                    availability_zone=subnet.availability_zone,
                    subnet_id=subnet.subnet_id,
                    security_group_id_list=[firewall.security_group_id],
                ),
            ),
        )
        acknowledge(
            connection,
            "Zones come from the config: a look-up needs credentials at synth",
            "CloudFormation-Validate::W3010",
        )
        return connection

    def _security(self) -> glue.CfnSecurityConfiguration:
        """Everything that a run leaves behind is encrypted by the lake's key."""
        key = self._files.key
        key.grant_encrypt_decrypt(
            iam.ServicePrincipal(
                f"logs.{self._stack.region}.amazonaws.com",
                conditions={
                    "ArnLike": {
                        "kms:EncryptionContext:aws:logs:arn": self._stack.format_arn(
                            service="logs", resource="log-group:/aws-glue/*"
                        )
                    }
                },
            )
        )
        return glue.CfnSecurityConfiguration(
            self._stack,
            "ExportSecurity",
            name=self.job_name,
            encryption_configuration=glue.CfnSecurityConfiguration.EncryptionConfigurationProperty(
                cloud_watch_encryption=glue.CfnSecurityConfiguration.CloudWatchEncryptionProperty(
                    cloud_watch_encryption_mode="SSE-KMS", kms_key_arn=key.key_arn
                ),
                job_bookmarks_encryption=glue.CfnSecurityConfiguration.JobBookmarksEncryptionProperty(
                    job_bookmarks_encryption_mode="CSE-KMS", kms_key_arn=key.key_arn
                ),
                s3_encryptions=[
                    glue.CfnSecurityConfiguration.S3EncryptionProperty(
                        s3_encryption_mode="SSE-KMS", kms_key_arn=key.key_arn
                    )
                ],
            ),
        )

    def _job(
        self,
        secret: secretsmanager.ISecret,
        connection: glue.CfnConnection,
        security: glue.CfnSecurityConfiguration,
    ) -> None:
        lake = self._settings.lake
        certificates = {}
        if self._certificates is not None:
            # Glue copies it beside the script, by this name.
            name = self._certificates.s3_object_key
            certificates = {"--extra-files": self._certificates.s3_object_url, "--certificates": name}
        job = glue.CfnJob(
            self._stack,
            "Export",
            name=self.job_name,
            description="Rows of transactions that are over, since the last time, as Parquet",
            glue_version=GLUE_VERSION,
            role=self.role.role_arn,
            command=glue.CfnJob.JobCommandProperty(
                name="glueetl", python_version="3", script_location=self._script.s3_object_url
            ),
            connections=glue.CfnJob.ConnectionsListProperty(connections=[self.job_name]),
            execution_property=glue.CfnJob.ExecutionPropertyProperty(max_concurrent_runs=1),
            # The machine tries again, and tells when it stops trying.
            max_retries=0,
            number_of_workers=lake.workers,
            worker_type=lake.worker_type,
            timeout=lake.timeout_minutes,
            security_configuration=self.job_name,
            default_arguments={
                "--job-language": "python",
                "--job-bookmark-option": "job-bookmark-disable",
                "--enable-metrics": "true",
                "--enable-continuous-cloudwatch-log": "true",
                "--extra-py-files": self._modules.s3_object_url,
                "--lake": f"s3://{self._files.bucket.bucket_name}/",
                "--secret": secret.secret_arn,
                **certificates,
            },
        )
        for needed in (connection, security):
            job.add_resource_dependency(needed)
