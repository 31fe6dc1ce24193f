"""The warehouse: Redshift Serverless in subnets without a way out, by TLS only, encrypted by the lake's key."""

from __future__ import annotations

from aws_cdk import Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_redshiftserverless as redshift

from stacks.constructs.lake_files import BRONZE, INSIGHT, LakeFiles
from stacks.constructs.logs import removal_policy
from stacks.settings import Settings

DATABASE, ADMIN, PORT = "loyalty", "warehouse_admin", 5439


class Warehouse:
    """`name`: of the namespace and of the workgroup, `arn` the workgroup's. `firewall`: for who comes by its port.

    The administrator's password is Redshift's own secret, which it rotates; where it is, getNamespace tells.
    """

    def __init__(self, stack: Stack, *, vpc: ec2.IVpc, files: LakeFiles, settings: Settings) -> None:
        self._stack = stack
        self.name = f"loyalty-{settings.deployment.name}"
        self.role = self._role(files)
        self.firewall = ec2.SecurityGroup(
            stack, "WarehouseFirewall", vpc=vpc, description="Redshift", allow_all_outbound=False
        )
        # By the subnets' only way: the gateway to S3.
        self.firewall.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(443), "S3, by TLS")
        self.namespace = redshift.CfnNamespace(
            stack,
            "Namespace",
            namespace_name=self.name,
            db_name=DATABASE,
            admin_username=ADMIN,
            manage_admin_password=True,
            admin_password_secret_kms_key_id=files.key.key_id,
            kms_key_id=files.key.key_arn,
            default_iam_role_arn=self.role.role_arn,
            iam_roles=[self.role.role_arn],
            log_exports=["userlog", "connectionlog", "useractivitylog"],
        )
        self.namespace.apply_removal_policy(removal_policy(settings))
        self.namespace_arn = self.namespace.attr_namespace_namespace_arn
        workgroup = redshift.CfnWorkgroup(
            stack,
            "Workgroup",
            workgroup_name=self.name,
            namespace_name=self.name,
            base_capacity=settings.lake.base_rpu,
            max_capacity=settings.lake.max_rpu,
            enhanced_vpc_routing=True,
            publicly_accessible=False,
            port=PORT,
            subnet_ids=vpc.select_subnets(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED).subnet_ids,
            security_group_ids=[self.firewall.security_group_id],
            config_parameters=[
                redshift.CfnWorkgroup.ConfigParameterProperty(parameter_key=name, parameter_value=value)
                for name, value in (
                    ("require_ssl", "true"),
                    ("enable_user_activity_logging", "true"),
                    # A query without an end costs by the second.
                    ("max_query_execution_time", "3600"),
                )
            ],
        )
        workgroup.add_resource_dependency(self.namespace)
        self.workgroup = workgroup
        self.arn = workgroup.attr_workgroup_workgroup_arn

    def _role(self, files: LakeFiles) -> iam.Role:
        """What COPY reads and UNLOAD writes as: `iam_role default`."""
        role = iam.Role(
            self._stack,
            "WarehouseRole",
            assumed_by=iam.CompositePrincipal(
                *(
                    iam.ServicePrincipal(
                        service, conditions={"StringEquals": {"aws:SourceAccount": self._stack.account}}
                    )
                    for service in ("redshift.amazonaws.com", "redshift-serverless.amazonaws.com")
                )
            ),
            description="Redshift reads the lake's batches and writes what a night's analysis reads",
        )
        files.allow(role, ["s3:GetObject"], BRONZE)
        files.allow(role, ["s3:PutObject"], INSIGHT)
        files.allow_listing(role)
        files.allow_key(role, writing=True)
        return role
