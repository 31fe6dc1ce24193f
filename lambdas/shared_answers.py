"""Answers that API Gateway keeps and gives to every member: of a request only what the kept answer's key holds reaches
their routes, so that an answer can depend on nothing else.

The key is the path and the query that `stacks/routes.py` names. Who asks, their client, language and device are not in
it; nor is a query's second value of one name, of which the gateway keys by the last. The gateway keeps refusals too, so
they are bare of the request as well. There is no ETag: the 304 that one browser asked for would be kept for all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayRestResolver

from lambdas.environment import environment

# Says in the OpenAPI document that the route's answer is for everybody.
SHARED = {"x-shared": True}


def is_shared(app: APIGatewayRestResolver) -> Callable[[Mapping[str, Any]], bool]:
    """Whether a request is for a route of `app` that says SHARED."""
    rules = [
        route.rule
        for route in [*app._static_routes, *app._dynamic_routes]
        if (route.openapi_extensions or {}).get("x-shared")
    ]
    return lambda event: event.get("httpMethod") == "GET" and any(rule.match(event["path"]) for rule in rules)


def keyed(event: dict[str, Any]) -> dict[str, Any]:
    """The request as the portal's client would send it for nobody in particular."""
    context = event.get("requestContext") or {}
    claims = (context.get("authorizer") or {}).get("claims") or {}
    known = environment()
    # Whoever the gateway lets in has the scope, and one of our clients, which all see the portal's programme here.
    ours = claims.get("client_id") in known.program_by_client
    anybody = {
        "scope": claims.get("scope", ""),
        "client_id": known.member_client_id if ours else claims.get("client_id", ""),
    }
    query = event.get("queryStringParameters")
    return {
        **event,
        "headers": {},
        "multiValueHeaders": None,
        "multiValueQueryStringParameters": query and {name: [value] for name, value in query.items()},
        "body": None,
        "requestContext": {"stage": context.get("stage"), "authorizer": {"claims": anybody}},
    }


def headers(answer: Mapping[str, Any]) -> dict[str, list[str]]:
    """What such an answer says to browsers: the portal's origin whoever asked, and how long to keep it."""
    told = answer.get("multiValueHeaders") or {}
    known = environment()
    fresh = known.shelf_seconds and answer["statusCode"] == 200 and "Cache-Control" not in told
    origins = known.cors_origins[:1]
    return {
        **told,
        **({"Cache-Control": [f"private, max-age={known.shelf_seconds}"]} if fresh else {}),
        **({"Access-Control-Allow-Origin": list(origins)} if origins else {}),
        **({"Access-Control-Expose-Headers": ["Retry-After"]} if origins else {}),
    }
