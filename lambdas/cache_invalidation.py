"""Custom resource: who tells the gateway to forget a kept answer gets the kept one, with a warning; nobody may.

Not 403: a browser that loads a page anew may say `max-age=0` of its own accord, and a member did nothing wrong. The
gateway's own setting might be another one some day, and CloudFormation's stage knows none.
"""

from __future__ import annotations

from typing import Any

from lambdas.custom_resource import answered
from loyalty import aws

PHYSICAL_ID = "cache-invalidation"


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Properties: RestApiId, Stage, Methods (`/path/METHOD`); what else is there has CloudFormation ask again. Also
    returns what it answered."""
    properties = event["ResourceProperties"]
    return answered(
        event,
        PHYSICAL_ID,
        lambda: _refuse(properties["RestApiId"], properties["Stage"], properties["Methods"]),
    )


def _refuse(api: str, stage: str, methods: list[str]) -> dict[str, Any]:
    _gateway().update_stage(
        restApiId=api, stageName=stage, patchOperations=[patch for method in methods for patch in _patches(method)]
    )
    return {}


def _patches(method: str) -> list[dict[str, str]]:
    path, _, verb = method.rpartition("/")
    # A JSON pointer: the path's own slashes are spelled ~1.
    place = f"/{path.replace('~', '~0').replace('/', '~1')}/{verb}/caching"
    return [
        {"op": "replace", "path": f"{place}/{setting}", "value": value}
        for setting, value in (
            ("requireAuthorizationForCacheControl", "true"),
            ("unauthorizedCacheControlHeaderStrategy", "SUCCEED_WITH_RESPONSE_HEADER"),
        )
    ]


def _gateway() -> Any:
    return aws.client("apigateway")
