"""Where people and partners come in: APIs, firewalls, sign-in, the web apps."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from cost.bill import Line, Rule, World
from cost.prices import PriceFileError
from cost.templates import Resource, referred
from cost.usage import HOURS

LOG_BYTES_OF_A_BLOCKED_REQUEST = 1500
# Machines ask for a token when theirs is an hour old; there are a few of each partner.
TOKENS_A_MONTH = 4 * HOURS


def _requests(stage: Resource, world: World) -> Decimal:
    """Of the API that this stage belongs to: the doors are told apart by their names."""
    api = referred(stage.properties.get("RestApiId")) or ""
    month = world.month
    for name, requests in (
        ("Member", month.member_requests),
        ("Manager", month.staff_requests),
        ("Inbound", month.partner_requests),
    ):
        if api.startswith(name):
            return requests
    raise PriceFileError(f"doors.py: {stage}: nobody knows who calls this API")


def _stage(resource: Resource, world: World) -> Iterator[Line]:
    requests = _requests(resource, world)
    yield world.line(resource, "api_gateway_requests", requests, variable=True)
    gb = requests * world.month["kb_per_answer"] / 10**6
    yield world.line(resource, "data_out_gb", gb, variable=True, what="answers")
    if "AccessLogSetting" in resource.properties:
        yield from world.logs(resource, requests * world.month["log_bytes_per_request"], variable=True)
    if resource.properties.get("CacheClusterEnabled"):
        size = str(resource.properties.get("CacheClusterSize", "0.5")).replace(".", "_")
        yield world.line(resource, f"api_gateway_cache_{size}_hour", HOURS)


def _firewall(resource: Resource, world: World) -> Iterator[Line]:
    """It sees what its stack's doors see; before the web apps, what they load."""
    month = world.month
    seen = {
        "api": month.member_requests if not resource.id.startswith("Partners") else month.partner_requests,
        "manager": month.staff_requests,
        "identity": month.visits,
        "edge": month.visits * 10,
    }.get(resource.part, Decimal(0))
    yield world.line(resource, "waf_acl", 1)
    yield world.line(resource, "waf_rule", len(resource.properties.get("Rules", [])))
    yield world.line(resource, "waf_requests", seen, variable=True)
    blocked = seen * month["blocked_share"] * LOG_BYTES_OF_A_BLOCKED_REQUEST
    yield from world.logs(resource, blocked, variable=True)


def _pool(resource: Resource, world: World) -> Iterator[Line]:
    tier = str(resource.properties.get("UserPoolTier", "ESSENTIALS")).lower()
    members = "staff" not in str(resource.properties.get("UserPoolName", "")).lower()
    active = world.month.active_members if members else world.month["report_readers"]
    yield world.line(resource, f"cognito_{tier}_active", active, variable=members)


def _client(resource: Resource, world: World) -> Iterator[Line]:
    if "client_credentials" in resource.properties.get("AllowedOAuthFlows", []):
        yield world.line(resource, "cognito_machine_client", 1)
        yield world.line(resource, "cognito_machine_tokens", TOKENS_A_MONTH)


def _web_app(resource: Resource, world: World) -> Iterator[Line]:
    visits = world.month.visits if resource.id.startswith("Portal") else world.month.staff_requests / 20
    gb = visits * world.month["kb_per_visit_of_the_portal"] / 10**6
    yield world.line(resource, "amplify_served_gb", gb, variable=True)
    yield world.line(resource, "amplify_stored_gb", Decimal("0.01"))


def _association(resource: Resource, world: World) -> Iterator[Line]:
    """Amplify asks for a firewall before an app by itself, and for it."""
    if resource.part == "edge":
        yield world.line(resource, "amplify_firewall", 1)


RULES: dict[str, Rule] = {
    "AWS::ApiGateway::Stage": _stage,
    "AWS::WAFv2::WebACL": _firewall,
    "AWS::WAFv2::WebACLAssociation": _association,
    "AWS::Cognito::UserPool": _pool,
    "AWS::Cognito::UserPoolClient": _client,
    "AWS::Amplify::App": _web_app,
}
