"""QuickSight over the warehouse: what the metrics make of it, from inside the VPC, for the principals of the config.

The account is subscribed to QuickSight by hand, once, and there allowed to read the one secret.
"""

from __future__ import annotations

import json

from aws_cdk import CfnResource, RemovalPolicy, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_quicksight as quicksight
from aws_cdk import aws_secretsmanager as secretsmanager

from analytics.metrics.catalogue import metrics
from analytics.quicksight.data_sets import data_source
from analytics.quicksight.place import Place
from analytics.quicksight.resources import Resource, all_of, cloudformation
from stacks.constructs.acknowledgement import acknowledge
from stacks.constructs.functions import NETWORK_INTERFACE_ACTIONS
from stacks.constructs.lake_files import LakeFiles
from stacks.constructs.warehouse import DATABASE, PORT, Warehouse
from stacks.settings import Settings

READER = "quicksight_reader"


class Reports:
    """`secret`: the password of READER, which the night sets. `data_sets`: what is to be read anew after a load."""

    def __init__(
        self, stack: Stack, *, vpc: ec2.IVpc, warehouse: Warehouse, files: LakeFiles, settings: Settings
    ) -> None:
        self._stack = stack
        deployment = settings.deployment
        self._place = Place(
            deployment.account,
            deployment.region,
            settings.lake.quicksight.principals,
            name=f"loyalty-{deployment.name}",
        )
        self.data_sets = [self._place.id(metric.name) for metric in metrics()]
        self.secret = secretsmanager.Secret(
            stack,
            "ReportsReader",
            description=f"The warehouse's user {READER}, as QuickSight comes",
            encryption_key=files.key,
            removal_policy=RemovalPolicy.DESTROY,
            generate_secret_string=secretsmanager.SecretStringGenerator(
                secret_string_template=json.dumps({"username": READER}),
                generate_string_key="password",
                exclude_punctuation=True,
                password_length=32,
            ),
        )
        acknowledge(
            self.secret,
            "Every night sets what is in it: whoever puts another value there has changed the password",
            "AwsSolutions-SMG4",
        )
        source = self._source(warehouse, self._network(vpc, warehouse))
        made: dict[str, CfnResource] = {}
        for resource in all_of(self._place):
            made[resource.operation + str(len(made))] = self._add(resource, source, made)

    def _network(self, vpc: ec2.IVpc, warehouse: Warehouse) -> quicksight.CfnVPCConnection:
        firewall = ec2.SecurityGroup(
            self._stack, "ReportsFirewall", vpc=vpc, description="QuickSight", allow_all_outbound=False
        )
        firewall.connections.allow_to(warehouse.firewall, ec2.Port.tcp(PORT), "The warehouse")
        role = iam.Role(
            self._stack,
            "ReportsRole",
            assumed_by=iam.ServicePrincipal("quicksight.amazonaws.com"),
            description="QuickSight's network interfaces",
        )
        role.add_to_policy(
            iam.PolicyStatement(
                actions=[
                    *(one for one in NETWORK_INTERFACE_ACTIONS if "PrivateIp" not in one),
                    "ec2:DescribeSecurityGroups",
                ],
                resources=["*"],
            )
        )
        acknowledge(
            role,
            "EC2's network interface actions take no resource; they reach no data",
            "AwsSolutions-IAM5[Resource::*]",
        )
        connection = quicksight.CfnVPCConnection(
            self._stack,
            "ReportsNetwork",
            aws_account_id=self._place.account,
            vpc_connection_id=self._place.name,
            name=f"{self._place.name} warehouse",
            role_arn=role.role_arn,
            security_group_ids=[firewall.security_group_id],
            subnet_ids=vpc.select_subnets(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS).subnet_ids,
        )
        connection.node.add_dependency(role)
        return connection

    def _source(self, warehouse: Warehouse, network: quicksight.CfnVPCConnection) -> CfnResource:
        body = data_source(
            self._place,
            host=warehouse.workgroup.attr_workgroup_endpoint_address,
            port=PORT,
            database=DATABASE,
            secret_arn=self.secret.secret_arn,
            vpc_connection_arn=network.attr_arn,
        )
        kind, properties = cloudformation(Resource("CreateDataSource", body))
        return CfnResource(self._stack, "ReportsSource", type=kind, properties=properties)

    def _add(self, resource: Resource, source: CfnResource, before: dict[str, CfnResource]) -> CfnResource:
        """In the API's own words: the CDK's classes would spell them otherwise, and refuse a definition."""
        kind, properties = cloudformation(resource)
        name = str(properties.get("DataSetId", kind.rpartition("::")[2])).removeprefix(f"{self._place.name}-")
        made = CfnResource(self._stack, f"Reports{name.title().replace('-', '')}", type=kind, properties=properties)
        # A data set needs the source; the dashboard and the topic need all that came before.
        data_set = resource.operation == "CreateDataSet"
        for needed in [source] if data_set else list(before.values()):
            made.add_resource_dependency(needed)
        return made
