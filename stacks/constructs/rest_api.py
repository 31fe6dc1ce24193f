"""One REST API: explicit routes, each behind a Cognito scope or a secret; every refusal is a problem document."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from aws_cdk import Duration, Size
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_cognito as cognito
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from stacks.constructs.acknowledgement import acknowledge
from stacks.constructs.kept_answers import is_kept, key
from stacks.constructs.logs import kept_log_group
from stacks.routes import Route
from stacks.settings import Settings

STAGE = "v1"
# What is smaller than a packet gains nothing.
COMPRESSED_FROM_BYTES = 1_400
# A bucket of this door is fuller again after so long.
RETRY_AFTER_SECONDS = 1
_OBSERVED: dict[str, Any] = {
    # Of each route the functions say more, and cheaper: see docs/decisions.md.
    "metrics_enabled": False,
    "logging_level": apigateway.MethodLoggingLevel.ERROR,
    "data_trace_enabled": False,
}
# TLS 1.2 at least, with forward secrecy and keys that a quantum computer does not break; 1.3 for who speaks it.
SECURITY_POLICY = "SecurityPolicy_TLS13_1_2_PFS_PQ_2025_09"
ALLOWED_HEADERS = [
    *("Authorization", "Content-Type", "Idempotency-Key"),
    *("X-Amzn-Trace-Id", "X-Correlation-Id", "X-Device-Id"),
]


class RestApi(Construct):
    """`api` is the gateway's resource; `url` where its stage answers, `access_log` where it says so; `kept`: the
    methods whose answers it keeps.

    `default`: the function whose routes behind a scope share one greedy resource. Each route of its own would be three
    of the five hundred resources that a template has room for; the function knows its routes, and who may ask for them.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        description: str,
        routes: Sequence[Route],
        functions: Mapping[str, lambda_.IFunction],
        pool: cognito.IUserPool,
        origin: str | None,
        settings: Settings,
        default: str | None = None,
    ) -> None:
        super().__init__(scope, id)
        # The gateway may write logs only when its account has a role: see ApiStack.
        self.access_log = kept_log_group(self, "AccessLogs", settings=settings)
        self.kept = [f"{route.path}/{route.method}" for route in routes if is_kept(route, settings)]
        self.api = apigateway.RestApi(
            self,
            "Api",
            rest_api_name=f"loyalty-{settings.deployment.name}-{id.lower()}",
            description=description,
            cloud_watch_role=False,
            endpoint_types=[apigateway.EndpointType.REGIONAL],
            disable_execute_api_endpoint=False,
            min_compression_size=Size.bytes(COMPRESSED_FROM_BYTES),
            deploy_options=apigateway.StageOptions(
                stage_name=STAGE,
                throttling_rate_limit=settings.api.rate_limit,
                throttling_burst_limit=settings.api.burst_limit,
                **_OBSERVED,
                cache_cluster_enabled=bool(self.kept) or None,
                cache_cluster_size=f"{settings.api.cache_gb:g}" if self.kept else None,
                method_options=method_options(routes, default, settings),
                tracing_enabled=settings.observability.tracing,
                access_log_destination=apigateway.LogGroupLogDestination(self.access_log),
                access_log_format=_access_log_format(),
            ),
        )
        resource = self.api.node.default_child
        assert isinstance(resource, apigateway.CfnRestApi)
        resource.security_policy = SECURITY_POLICY
        # STRICT would ask of Amplify, which fetches the apps' configs here, what only browsers are sure to do.
        resource.endpoint_access_mode = "BASIC"
        acknowledge(
            self.api,
            "The functions check every body and parameter against strict models and name the field that is wrong; "
            "the gateway's own check would answer first and name none",
            "AwsSolutions-APIG2",
        )
        authorizer = apigateway.CognitoUserPoolsAuthorizer(self, "SignedIn", cognito_user_pools=[pool])
        integrations = {name: _integration(function) for name, function in functions.items()}
        methods: dict[str, list[str]] = {}
        for route in _gathered(routes, default):
            methods.setdefault(route.path, []).append(route.method)
            resource = self.api.root.resource_for_path(route.path)
            found_by = key(route) if is_kept(route, settings) else {}
            integration = (
                _integration(functions[route.function], found_by) if found_by else integrations[route.function]
            )
            if route.scope is None:
                method = resource.add_method(
                    route.method,
                    integration,
                    authorization_type=apigateway.AuthorizationType.NONE,
                    request_parameters=found_by or None,
                )
                acknowledge(
                    method,
                    "It says what every visitor may see, before anybody has signed in"
                    if route.public
                    else "An outside party knows no OAuth: the function reads nothing before it has seen the secret",
                    "AwsSolutions-APIG4",
                    "AwsSolutions-COG4",
                )
                continue
            resource.add_method(
                route.method,
                integration,
                authorizer=authorizer,
                authorization_type=apigateway.AuthorizationType.COGNITO,
                authorization_scopes=[route.scope],
                request_parameters=found_by or None,
            )
        if origin:
            for path, allowed in methods.items():
                self.api.root.resource_for_path(path).add_cors_preflight(
                    allow_origins=[origin],
                    allow_methods=apigateway.Cors.ALL_METHODS if allowed == ["ANY"] else [*allowed, "OPTIONS"],
                    allow_headers=ALLOWED_HEADERS,
                    # A browser asks before each call to an address it has not asked about lately.
                    max_age=Duration.minutes(10),
                )
        self._refusals(origin)
        self.url = self.api.url
        self.stage_arn = self.api.deployment_stage.stage_arn

    def _refusals(self, origin: str | None) -> None:
        """What the gateway itself answers, in the same shape as the functions' refusals."""
        headers = {
            "Content-Type": "'application/problem+json'",
            "Cache-Control": "'no-store'",
            "X-Content-Type-Options": "'nosniff'",
            "Strict-Transport-Security": "'max-age=63072000; includeSubDomains'",
        }
        if origin:
            headers["Access-Control-Allow-Origin"] = f"'{origin}'"
        too_many = {
            "type": "about:blank",
            "title": "Too many requests",
            "status": 429,
            "code": "too-many-requests",
            "request_id": "$context.requestId",
        }
        self.api.add_gateway_response(
            "TooMany",
            type=apigateway.ResponseType.THROTTLED,
            response_headers={
                **headers,
                "Retry-After": f"'{RETRY_AFTER_SECONDS}'",
                **({"Access-Control-Expose-Headers": "'Retry-After'"} if origin else {}),
            },
            templates={"application/json": json.dumps(too_many)},
        )
        for name, kind in {
            "Unauthorized": apigateway.ResponseType.UNAUTHORIZED,
            "Refused": apigateway.ResponseType.DEFAULT_4_XX,
            "Failed": apigateway.ResponseType.DEFAULT_5_XX,
        }.items():
            body = {"type": "about:blank", "title": "$context.error.message", "request_id": "$context.requestId"}
            self.api.add_gateway_response(
                name,
                type=kind,
                response_headers=headers,
                templates={
                    "application/json": json.dumps(body).replace(
                        '"$context.error.message"', "$context.error.messageString"
                    )
                },
            )


def method_options(
    routes: Sequence[Route], default: str | None, settings: Settings
) -> dict[str, apigateway.MethodDeploymentOptions]:
    """What routes have otherwise than their stage, by `/path/METHOD`: costly ones their own limit, shared ones a kept
    answer. A method's own settings take the place of the stage's altogether, so they say all of them."""
    told = {}
    for route in _gathered(routes, default):
        shared = is_kept(route, settings)
        if not shared and not route.costly:
            continue
        prefix = "costly_" if route.costly else ""
        told[f"{route.path}/{route.method}"] = apigateway.MethodDeploymentOptions(
            throttling_rate_limit=getattr(settings.api, f"{prefix}rate_limit"),
            throttling_burst_limit=getattr(settings.api, f"{prefix}burst_limit"),
            **_OBSERVED,
            caching_enabled=shared,
            cache_ttl=Duration.seconds(settings.api.cache_seconds) if shared else None,
            cache_data_encrypted=True if shared else None,
        )
    return told


def _integration(
    function: lambda_.IFunction, found_by: Mapping[str, bool] | None = None
) -> apigateway.LambdaIntegration:
    return apigateway.LambdaIntegration(
        function, scope_permission_to_method=False, cache_key_parameters=list(found_by) if found_by else None
    )


def _gathered(routes: Sequence[Route], default: str | None) -> Iterator[Route]:
    """What the gateway has a resource for: routes of `default` behind one scope are one."""
    greedy = {route.scope: route for route in routes if route.function == default and route.scope}
    yield from (route for route in routes if route.function != default or not route.scope)
    for scope, route in greedy.items():
        yield Route("ANY", "/{proxy+}", route.function, scope)


def _access_log_format() -> apigateway.AccessLogFormat:
    """Ids, times and outcomes: no address of a person, no query (it may hold what they search for)."""
    fields = {
        "request_id": "$context.requestId",
        "time": "$context.requestTime",
        "method": "$context.httpMethod",
        "route": "$context.resourcePath",
        "status": "$context.status",
        "latency_ms": "$context.responseLatency",
        "integration_ms": "$context.integrationLatency",
        "client_id": "$context.authorizer.claims.client_id",
        "error": "$context.error.responseType",
    }
    return apigateway.AccessLogFormat.custom(json.dumps(fields))
