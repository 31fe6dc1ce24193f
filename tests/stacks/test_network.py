"""Firewalls say where to; whatever something calls, there is a way to it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.stacks.assembly import Assembly, Resource, Target
from tests.stacks.test_functions import Runner, runners, with_database

# What a variable of this ending makes its reader call, beside the database.
CALLS_BY_NAME = {
    "SECRET_ARN": "secretsmanager",
    "OUTSIDE_PARTIES": "secretsmanager",
    "QUEUE_URL": "sqs",
    "STATE_MACHINE_ARN": "states",
    "INVOICE_DESK_ARN": "states",
    "INVOICES_BUCKET": "s3",
    "LAKE_BUCKET": "s3",
    "TEXTRACT_PER_SECOND": "textract",
    "MAIL_FROM": "email",
    "REDSHIFT_WORKGROUP": "redshift-data",
    "EVENT_BUS_NAME": "events",
    "POOL_ID": "cognito-idp",
    "DATASET_GROUP_ARN": "personalize",
    "PERSONALIZE": "personalize-runtime",
    "_URL": "internet",
}


def _rules(assembly: Assembly, direction: str) -> Iterator[tuple[Resource, Target, dict[str, Any]]]:
    """Every rule of every firewall, whether written in the group or beside it."""
    for group in assembly.resources("AWS::EC2::SecurityGroup"):
        for rule in group.properties.get(f"SecurityGroup{direction}", []):
            yield group, Target(group.stack, group.id), rule
    for rule_resource in assembly.resources(f"AWS::EC2::SecurityGroup{direction}"):
        target = assembly.follow(rule_resource.stack, rule_resource.properties["GroupId"])
        yield rule_resource, Target(target.stack, target.id), rule_resource.properties


def _groups_and_subnets(assembly: Assembly, runner: Runner) -> tuple[list[Target], list[Target]]:
    stack = runner.resource.stack
    if runner.resource.type == "AWS::Lambda::Function":
        network = runner.resource.properties["VpcConfig"]
        groups, subnets = network["SecurityGroupIds"], network["SubnetIds"]
    else:
        (service,) = [
            one
            for one in assembly.resources("AWS::ECS::Service")
            if assembly.follow(one.stack, one.properties["TaskDefinition"]).id == runner.resource.id
        ]
        network = service.properties["NetworkConfiguration"]["AwsvpcConfiguration"]
        assert network["AssignPublicIp"] == "DISABLED"
        groups, subnets = network["SecurityGroups"], network["Subnets"]
    found = [assembly.follow(stack, group) for group in groups]
    return [Target(one.stack, one.id) for one in found], [assembly.follow(stack, subnet) for subnet in subnets]


def _calls(runner: Runner) -> set[str]:
    calls = {
        kind
        for name in runner.environment
        for ending, kind in CALLS_BY_NAME.items()
        if name.endswith(ending) and not name.startswith("DATABASE_")
    }
    # A worker answers the machine; the importer reads S3, the migration answers CloudFormation there.
    extra = {
        "payments": {"states"},
        "orders": {"states"},
        "importer": {"s3", "lambda"},
        "migrate": {"s3", "secretsmanager"},
        "invoicing": {"s3"},
        "publish_portal": {"amplify"},
        "receipt_rules": {"email"},
        "cache_invalidation": {"apigateway"},
        # Looks at what was uploaded to cases.
        "manager_api": {"s3"},
    }
    return calls | extra.get(runner.name, set())


def _goes_out_by_nat(assembly: Assembly, subnet: Target) -> bool:
    tables = {
        assembly.follow(one.stack, one.properties["RouteTableId"])[:2]
        for one in assembly.resources("AWS::EC2::SubnetRouteTableAssociation")
        if assembly.follow(one.stack, one.properties["SubnetId"])[:2] == subnet[:2]
    }
    return any(
        route.properties.get("DestinationCidrBlock") == "0.0.0.0/0" and "NatGatewayId" in route.properties
        for route in assembly.resources("AWS::EC2::Route")
        if assembly.follow(route.stack, route.properties["RouteTableId"])[:2] in tables
    )


def test_every_firewall_says_what_may_leave(assembly: Assembly) -> None:
    for group, _, rule in _rules(assembly, "Egress"):
        assert rule["IpProtocol"] != "-1", f"{group}: everything may leave"
        if rule.get("CidrIp") == "0.0.0.0/0":
            assert (rule["FromPort"], rule["ToPort"]) == (443, 443), f"{group}: only TLS goes anywhere"
    for group in assembly.resources("AWS::EC2::SecurityGroup"):
        outside = any(target[:2] == (group.stack, group.id) for _, target, _ in _rules(assembly, "Egress"))
        assert group.properties.get("SecurityGroupEgress") or outside, f"{group}: AWS would let everything out"


def test_no_firewall_lets_the_internet_in(assembly: Assembly) -> None:
    for group, _, rule in _rules(assembly, "Ingress"):
        assert rule.get("CidrIp") != "0.0.0.0/0", str(group)
        assert rule.get("CidrIpv6") != "::/0", str(group)
        assert rule["IpProtocol"] != "-1", str(group)


def test_everything_that_runs_is_in_a_subnet_with_a_way_out(assembly: Assembly) -> None:
    for runner in runners(assembly):
        _, subnets = _groups_and_subnets(assembly, runner)
        assert len(subnets) == 3, runner.name
        for subnet in subnets:
            assert _goes_out_by_nat(assembly, subnet), f"{runner.name} in {subnet.id}"


def test_whoever_calls_a_host_is_let_out_to_it(assembly: Assembly) -> None:
    tls = {target for _, target, rule in _rules(assembly, "Egress") if rule.get("FromPort") == 443}
    for runner in runners(assembly):
        groups, _ = _groups_and_subnets(assembly, runner)
        calls = _calls(runner)
        assert bool(tls & set(groups)) == bool(calls), f"{runner.name} calls {sorted(calls) or 'nobody'}"


def test_everybody_reaches_the_database_and_is_let_in(assembly: Assembly) -> None:
    leaves = {
        (source, assembly.follow(rule_resource.stack, rule["DestinationSecurityGroupId"])[:2])
        for rule_resource, source, rule in _rules(assembly, "Egress")
        if rule.get("FromPort") == 5432
    }
    enters = {
        (assembly.follow(rule_resource.stack, rule["SourceSecurityGroupId"])[:2], target[:2])
        for rule_resource, target, rule in _rules(assembly, "Ingress")
        if rule.get("FromPort") == 5432
    }
    assert {(source[:2], to) for source, to in leaves} == enters
    (proxy,) = assembly.resources("AWS::RDS::DBProxy")
    (cluster,) = assembly.resources("AWS::RDS::DBCluster")
    door = assembly.follow(proxy.stack, proxy.properties["VpcSecurityGroupIds"][0])[:2]
    inside = assembly.follow(cluster.stack, cluster.properties["VpcSecurityGroupIds"][0])[:2]
    assert (door, inside) in enters
    for runner in with_database(assembly):
        groups, _ = _groups_and_subnets(assembly, runner)
        wanted = inside if runner.name == "migrate" else door
        assert any((group, wanted) in leaves for group in groups), runner.name


def test_there_are_three_zones_and_a_gateway_in_each(assembly: Assembly) -> None:
    subnets = list(assembly.resources("AWS::EC2::Subnet"))
    assert len({subnet.properties["AvailabilityZone"] for subnet in subnets}) == 3
    assert len(subnets) == 9
    assert not any(subnet.properties.get("MapPublicIpOnLaunch") for subnet in subnets)
    assert len(list(assembly.resources("AWS::EC2::NatGateway"))) == 3


def test_data_is_where_no_route_leads_out(assembly: Assembly) -> None:
    (group,) = assembly.resources("AWS::RDS::DBSubnetGroup")
    for subnet in group.properties["SubnetIds"]:
        assert not _goes_out_by_nat(assembly, assembly.follow(group.stack, subnet))
