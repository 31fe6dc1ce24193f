"""Where everything runs: three zones of public, private and isolated subnets, and the ways out."""

from __future__ import annotations

from typing import Any

import jsii
from aws_cdk import Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from constructs import Construct

from stacks.constructs.acknowledgement import acknowledge
from stacks.constructs.logs import kept_log_group
from stacks.sections import Network
from stacks.settings import Settings


class NetworkStack(Stack):
    """`vpc`: what runs is in the private subnets, which reach the internet by NAT; data is in the isolated ones."""

    def __init__(self, scope: Construct, id: str, *, settings: Settings, **kwargs: Any) -> None:
        self._zones = list(settings.network.availability_zones)
        super().__init__(scope, id, **kwargs)
        network = settings.network
        self.vpc = ec2.Vpc(
            self,
            "Vpc",
            ip_addresses=ec2.IpAddresses.cidr(network.cidr),
            availability_zones=self._zones,
            nat_gateways=network.nat_gateways,
            # The CDK would empty the default security group by a custom resource on Node; nothing here uses that group.
            restrict_default_security_group=False,
            subnet_configuration=[
                ec2.SubnetConfiguration(
                    name="public", subnet_type=ec2.SubnetType.PUBLIC, cidr_mask=24, map_public_ip_on_launch=False
                ),
                ec2.SubnetConfiguration(name="private", subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS, cidr_mask=22),
                ec2.SubnetConfiguration(name="isolated", subnet_type=ec2.SubnetType.PRIVATE_ISOLATED, cidr_mask=24),
            ],
            gateway_endpoints={"S3": ec2.GatewayVpcEndpointOptions(service=ec2.GatewayVpcEndpointAwsService.S3)},
        )
        acknowledge(
            self.vpc,
            "Zones come from the config: a look-up needs credentials at synth",
            "CloudFormation-Validate::W3010",
        )
        if network.flow_logs:
            self._flow_logs(settings)
        if network.interface_endpoints:
            self._interface_endpoints(network)

    # The CDK asks AWS for the zones even when it was given some; synth must work without credentials.
    @property
    @jsii.member(jsii_name="availabilityZones")
    def availability_zones(self) -> list[str]:
        return self._zones

    def _flow_logs(self, settings: Settings) -> None:
        log_group = kept_log_group(self, "FlowLogs", settings=settings, people=False)
        role = iam.Role(self, "FlowLogsRole", assumed_by=iam.ServicePrincipal("vpc-flow-logs.amazonaws.com"))
        self.vpc.add_flow_log(
            "Flows",
            destination=ec2.FlowLogDestination.to_cloud_watch_logs(log_group, role),
            traffic_type=ec2.FlowLogTrafficType.REJECT,
        )

    def _interface_endpoints(self, network: Network) -> None:
        firewall = ec2.SecurityGroup(
            self, "EndpointsFirewall", vpc=self.vpc, description="Interface endpoints", allow_all_outbound=False
        )
        firewall.add_ingress_rule(ec2.Peer.ipv4(network.cidr), ec2.Port.tcp(443), "From inside the VPC")
        for name in network.interface_endpoints:
            self.vpc.add_interface_endpoint(
                name.title().replace("-", "").replace(".", ""),
                service=ec2.InterfaceVpcEndpointAwsService(name),
                security_groups=[firewall],
                open=False,
                private_dns_enabled=True,
            )
