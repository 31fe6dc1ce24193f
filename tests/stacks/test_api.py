"""The doors: every method behind its scope, every route answered by the function that knows it."""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from stacks import routes
from tests.stacks.assembly import Assembly, Resource, Target
from tests.stacks.test_functions import runners

SCOPES = {
    "Member": {"loyalty/member"},
    "Manager": {"loyalty/staff"},
    "Inbound": {"loyalty/accruals.write", "loyalty/members.write"},
}


class Method(NamedTuple):
    """One method of one API."""

    resource: Resource
    api: str
    path: str
    verb: str


def _methods(assembly: Assembly) -> Iterator[Method]:
    for method in assembly.resources("AWS::ApiGateway::Method"):
        api = assembly.follow(method.stack, method.properties["RestApiId"]).id
        path, at = "", assembly.follow(method.stack, method.properties["ResourceId"])
        while at.attribute != "RootResourceId":
            part = assembly.at(Target(at.stack, at.id)).properties
            path = f"/{part['PathPart']}{path}"
            at = assembly.follow(method.stack, part["ParentId"])
        name = next(name for name in SCOPES if api.startswith(name))
        yield Method(method, name, path, method.properties["HttpMethod"])


# Outside parties that know no OAuth, whose secret the function asks for before it reads anything; and what is public.
OPEN = {(route.method, route.path) for route in (*routes.INBOUND, *routes.MEMBER) if route.scope is None}


def test_only_webhooks_the_link_that_stops_spending_and_the_apps_configs_are_without_a_token() -> None:
    public = ["/config", "/brand/logos/{digest}"]
    assert [route.path for route in routes.MEMBER if not route.scope] == [*public, "/security/not-me"]
    assert [route.path for route in routes.MANAGER if not route.scope] == ["/config"]
    assert all(path.startswith("/webhooks/") for path in {path for _, path in OPEN} - {*public, "/security/not-me"})
    every = (*routes.MEMBER, *routes.MANAGER, *routes.INBOUND)
    assert [route.path for route in every if route.public] == [*public, "/config"]


def test_every_method_needs_a_token_with_a_scope_of_its_own_api(assembly: Assembly) -> None:
    pools = {"Member": "Members", "Manager": "Staff", "Inbound": "Members"}
    for method in _methods(assembly):
        properties = method.resource.properties
        if method.verb == "OPTIONS":
            continue
        if (method.verb, method.path) in OPEN:
            assert properties["AuthorizationType"] == "NONE", method
            continue
        assert properties["AuthorizationType"] == "COGNITO_USER_POOLS", method
        scopes = properties["AuthorizationScopes"]
        assert len(scopes) == 1, method
        assert set(scopes) <= SCOPES[method.api], method
        authorizer = assembly.at(assembly.follow(method.resource.stack, properties["AuthorizerId"]))
        (pool,) = authorizer.properties["ProviderARNs"]
        assert assembly.follow(authorizer.stack, pool).id.startswith(pools[method.api]), method


@pytest.mark.parametrize(
    ("api", "table"), [("Member", routes.MEMBER), ("Manager", routes.MANAGER), ("Inbound", routes.INBOUND)]
)
def test_the_gateway_has_the_routes_of_the_table_and_no_other(
    assembly: Assembly, api: str, table: tuple[routes.Route, ...]
) -> None:
    deployed = {
        (method.verb, method.path, *method.resource.properties.get("AuthorizationScopes", (None,)))
        for method in _methods(assembly)
        if method.api == api and method.verb != "OPTIONS"
    }
    # The staff's function has one greedy resource for all of its routes.
    own = [route for route in table if route.function != "manager_api" or route.public]
    greedy = {("ANY", "/{proxy+}", "loyalty/staff")} if len(own) < len(table) else set()
    assert deployed == {(route.method, route.path, route.scope) for route in own} | greedy


@pytest.mark.parametrize(
    "function",
    [
        *(
            "member_api",
            "quote_api",
            "manager_api",
            "catalogue_desk",
            "invoice_desk",
            "report_desk",
            "demand_desk",
            "partner_api",
            "webhook_api",
        ),
        "payment_webhook",
    ],
)
def test_a_function_answers_the_routes_that_lead_to_it_and_no_other(
    function: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", function)
    monkeypatch.setenv("POWERTOOLS_TRACE_DISABLED", "true")
    app = importlib.import_module(f"lambdas.{function}").app
    answered = {(verb, route.openapi_path.replace("<", "{").replace(">", "}")) for route, verb in _answered(app)}
    led = {
        (route.method, route.path)
        for route in (*routes.MEMBER, *routes.MANAGER, *routes.INBOUND)
        if route.function == function
    }
    assert answered == led


def _answered(app: object) -> Iterator[tuple[object, str]]:
    for route in [*app._static_routes, *app._dynamic_routes]:  # type: ignore[attr-defined]
        for verb in [route.method] if isinstance(route.method, str) else route.method:
            yield route, verb


def test_a_browser_may_ask_from_the_portal_and_from_nowhere_else(assembly: Assembly) -> None:
    origins = {"Member": "'https://rewards.loyalty.example'", "Manager": "'https://manager.loyalty.example'"}
    seen = set()
    for method in _methods(assembly):
        if method.verb == "OPTIONS":
            (response,) = method.resource.properties["Integration"]["IntegrationResponses"]
            allowed = response["ResponseParameters"]["method.response.header.Access-Control-Allow-Origin"]
            assert allowed == origins[method.api], method
            seen.add((method.api, method.path))
    wanted = {("Member", route.path) for route in routes.MEMBER} | {
        ("Manager", route.path if route.function != "manager_api" or route.public else "/{proxy+}")
        for route in routes.MANAGER
    }
    assert seen == wanted


def test_what_the_gateway_itself_refuses_is_a_problem_document_too(assembly: Assembly) -> None:
    for response in assembly.resources("AWS::ApiGateway::GatewayResponse"):
        headers = response.properties["ResponseParameters"]
        assert headers["gatewayresponse.header.Content-Type"] == "'application/problem+json'", str(response)
        assert headers["gatewayresponse.header.X-Content-Type-Options"] == "'nosniff'", str(response)
        assert headers["gatewayresponse.header.Strict-Transport-Security"].startswith("'max-age=63072000"), str(
            response
        )
        assert headers["gatewayresponse.header.Cache-Control"] == "'no-store'", str(response)
    kinds = [response.properties["ResponseType"] for response in assembly.resources("AWS::ApiGateway::GatewayResponse")]
    assert kinds.count("DEFAULT_4XX") == kinds.count("DEFAULT_5XX") == 3


def test_every_stage_is_throttled_logged_and_behind_the_firewall(assembly: Assembly) -> None:
    stages = list(assembly.resources("AWS::ApiGateway::Stage"))
    assert len(stages) == 3
    guarded = " ".join(
        assembly.text(one.stack, one.properties["ResourceArn"])
        for one in assembly.resources("AWS::WAFv2::WebACLAssociation")
    )
    for stage in stages:
        (every,) = [one for one in stage.properties["MethodSettings"] if one["HttpMethod"] == "*"]
        assert (every["ThrottlingRateLimit"], every["ThrottlingBurstLimit"]) == (500, 1000), str(stage)
        for settings in stage.properties["MethodSettings"]:
            assert settings["DataTraceEnabled"] is False, f"{stage}: bodies would be logged"
            # Of each route the functions say more, and for less: the gateway's own are of the whole stage.
            assert (settings["LoggingLevel"], settings["MetricsEnabled"]) == ("ERROR", False), str(stage)
            assert settings["ThrottlingRateLimit"] <= 500, str(stage)
            assert settings["ThrottlingBurstLimit"] <= 1000, str(stage)
        assert stage.properties["AccessLogSetting"]["DestinationArn"], str(stage)
        assert f"<{stage.id}>" in guarded, str(stage)


def test_too_many_from_one_address_are_asked_to_come_back_and_not_forbidden(assembly: Assembly) -> None:
    acls = list(assembly.resources("AWS::WAFv2::WebACL"))
    assert acls
    for acl in acls:
        answer = json.loads(acl.properties["CustomResponseBodies"]["TooMany"]["Content"])
        assert (answer["status"], answer["code"]) == (429, "too-many-requests")
        for rule in acl.properties["Rules"]:
            if "RateBasedStatement" not in rule["Statement"]:
                continue
            told = rule["Action"]["Block"]["CustomResponse"]
            assert (told["ResponseCode"], told["CustomResponseBodyKey"]) == (429, "TooMany"), f"{acl} {rule['Name']}"
            headers = {header["Name"]: header["Value"] for header in told["ResponseHeaders"]}
            # The portal's pages read it as they read the API's own answers.
            assert (headers["Retry-After"], headers["Access-Control-Allow-Origin"]) == ("60", "*")


def test_partners_may_send_more_from_one_address_than_people(assembly: Assembly) -> None:
    limits = {}
    for one in assembly.resources("AWS::WAFv2::WebACLAssociation"):
        acl = assembly.at(assembly.follow(one.stack, one.properties["WebACLArn"]))
        if acl.properties["Scope"] == "CLOUDFRONT":
            continue  # it stands before files
        (limit,) = [
            rule["Statement"]["RateBasedStatement"]["Limit"]
            for rule in acl.properties["Rules"]
            if rule["Name"] == "TooManyFromOneAddress"
        ]
        limits[assembly.text(one.stack, one.properties["ResourceArn"])] = limit
    inbound = {limit for door, limit in limits.items() if "Inbound" in door}
    assert inbound == {60_000}
    assert {limit for door, limit in limits.items() if "Inbound" not in door} == {2_000}
    assert len(limits) == 5


def test_a_person_or_partner_has_a_limit_from_however_many_addresses(assembly: Assembly) -> None:
    limits = {}
    for one in assembly.resources("AWS::WAFv2::WebACLAssociation"):
        acl = assembly.at(assembly.follow(one.stack, one.properties["WebACLArn"]))
        for rule in acl.properties["Rules"]:
            if rule["Name"] != "TooManyFromOneClient":
                continue
            rate = rule["Statement"]["RateBasedStatement"]
            (key,) = rate["CustomKeys"]
            assert key["Header"]["Name"] == "authorization", str(acl)
            changed = [one["Type"] for one in key["Header"]["TextTransformations"]]
            assert changed == ["MD5"], "what is counted by is logged, and a token is a secret"
            assert "ScopeDownStatement" not in rate
            limits[assembly.text(one.stack, one.properties["ResourceArn"])] = rate["Limit"]
    stages = {stage.id for stage in assembly.resources("AWS::ApiGateway::Stage")}
    assert len(limits) == len(stages) == 3
    assert all(any(f"<{stage}>" in door for door in limits) for stage in stages)
    assert {limit for door, limit in limits.items() if "Inbound" in door} == {30_000}
    assert {limit for door, limit in limits.items() if "Inbound" not in door} == {1_500}


def test_access_logs_hold_no_address_query_or_body(assembly: Assembly) -> None:
    for stage in assembly.resources("AWS::ApiGateway::Stage"):
        written = stage.properties["AccessLogSetting"]["Format"]
        for personal in ("sourceIp", "userAgent", "claims.sub", "claims.email", "querystring", "$context.path"):
            assert personal not in written, str(stage)


def test_cognito_knows_the_trigger_by_the_name_it_has(assembly: Assembly) -> None:
    (trigger,) = [
        one
        for one in assembly.resources("AWS::Lambda::Function")
        if one.properties["Handler"] == "lambdas.identity_trigger.handler"
    ]
    called = {
        assembly.text(pool.stack, pool.properties["LambdaConfig"]["PostConfirmation"])
        for pool in assembly.resources("AWS::Cognito::UserPool")
        if "LambdaConfig" in pool.properties
    }
    assert {arn.rsplit(":", 1)[1] for arn in called} == {trigger.properties["FunctionName"]}


def test_only_who_ends_accounts_or_erases_members_removes_sign_ins_and_only_members(assembly: Assembly) -> None:
    (pool,) = [
        one
        for one in assembly.resources("AWS::Cognito::UserPool")
        if one.properties["UserPoolName"].endswith("-members")
    ]
    may = {
        runner.name: assembly.follow(runner.resource.stack, statement["Resource"])[:2]
        for runner in runners(assembly)
        for statement in assembly.statements(runner.resource.stack, runner.role_id)
        if "cognito-idp:Admin" in str(statement["Action"])
    }
    assert may == dict.fromkeys(("closure", "privacy"), (pool.stack, pool.id))


def test_who_works_here_is_read_of_the_staff_pool_and_of_no_members(assembly: Assembly) -> None:
    (listed,) = [
        (runner.name, assembly.follow(runner.resource.stack, statement["Resource"]).id)
        for runner in runners(assembly)
        for statement in assembly.statements(runner.resource.stack, runner.role_id)
        if statement["Action"] == "cognito-idp:ListUsers"
    ]
    assert listed[0] == "manager_api"
    assert listed[1].startswith("Staff")


def test_partners_come_by_client_credentials_and_people_by_code_with_pkce(assembly: Assembly) -> None:
    clients = list(assembly.resources("AWS::Cognito::UserPoolClient"))
    for client in clients:
        properties = client.properties
        if properties["AllowedOAuthFlows"] == ["client_credentials"]:
            assert properties["GenerateSecret"] is True
        else:
            assert properties["AllowedOAuthFlows"] == ["code"], str(client)
            assert properties["GenerateSecret"] is False, f"{client}: a browser keeps no secret, so PKCE stands for it"
            assert "ALLOW_USER_PASSWORD_AUTH" not in properties["ExplicitAuthFlows"], str(client)
    assert len(clients) == 6, "portal, canary, the canary's visitor, manager and two partners"


def test_staff_have_a_second_factor_and_nobody_enrols_themselves_among_them(assembly: Assembly) -> None:
    (staff,) = [one for one in assembly.resources("AWS::Cognito::UserPool") if one.id.startswith("Staff")]
    assert staff.properties["MfaConfiguration"] == "ON"
    assert staff.properties["AdminCreateUserConfig"]["AllowAdminCreateUserOnly"] is True


def test_each_partners_client_is_known_by_its_name(assembly: Assembly) -> None:
    functions = [
        function
        for function in assembly.resources("AWS::Lambda::Function")
        if function.properties.get("Handler", "").startswith("lambdas.partner_api")
    ]
    assert len(functions) == 1
    names = json.dumps(functions[0].properties["Environment"]["Variables"]["PARTNER_BY_CLIENT"])
    assert all(f'\\":\\"{name}\\"' in names or f'\\"{name}\\"' in names for name in ("partner-one", "partner-two"))
