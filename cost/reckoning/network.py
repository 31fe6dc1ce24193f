"""Ways out, addresses, endpoints, and what goes through them."""

from __future__ import annotations

from collections.abc import Iterator

from cost.bill import Line, Rule, World
from cost.templates import Resource
from cost.usage import HOURS


def _nat_gateway(resource: Resource, world: World) -> Iterator[Line]:
    """Traffic is reckoned with the first of them: it is the same however many share it."""
    month = world.month
    yield world.line(resource, "nat_gateway_hour", HOURS)
    if resource == next(world.templates.of(resource.type)):
        yield world.line(resource, "nat_gateway_gb", month["nat_gb_at_least"], what="images, catalogue")
        gb = month.redemptions * month["nat_kb_per_redemption"] / 10**6
        yield world.line(resource, "nat_gateway_gb", gb, variable=True, what="calls to outside parties")


def _address(resource: Resource, world: World) -> Iterator[Line]:
    yield world.line(resource, "public_address_hour", HOURS)


def _endpoint(resource: Resource, world: World) -> Iterator[Line]:
    """A gateway endpoint is free."""
    if resource.properties.get("VpcEndpointType") == "Interface":
        yield world.line(resource, "interface_endpoint_hour", HOURS * len(resource.properties.get("SubnetIds", [])))


def _flow_log(resource: Resource, world: World) -> Iterator[Line]:
    yield from world.logs(resource, world.month["flow_log_gb"] * 10**9, variable=False)


RULES: dict[str, Rule] = {
    "AWS::EC2::NatGateway": _nat_gateway,
    "AWS::EC2::EIP": _address,
    "AWS::EC2::VPCEndpoint": _endpoint,
    "AWS::EC2::FlowLog": _flow_log,
}
