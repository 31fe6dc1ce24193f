"""Answers that the gateway keeps for all: what they are found by, and who may have them forgotten (nobody)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from aws_cdk import CustomResource, Duration, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_

from stacks.routes import Route
from stacks.settings import Settings

if TYPE_CHECKING:
    from stacks.constructs.rest_api import RestApi


def is_kept(route: Route, settings: Settings) -> bool:
    """Whether this deployment keeps what the route answers."""
    return route.shared_by is not None and settings.api.cache_gb > 0


def key(route: Route) -> dict[str, bool]:
    """What a kept answer of this route is found by, and whether a request must have it."""
    parts = [part[1:-1] for part in route.path.split("/") if part.startswith("{")]
    return {
        **{f"method.request.path.{part}": True for part in parts},
        **{f"method.request.querystring.{name}": False for name in route.shared_by or ()},
    }


def refuse_invalidation(stack: Stack, door: RestApi, refuser: lambda_.Function, settings: Settings) -> None:
    """A request that wants a kept answer forgotten gets the kept one, by `refuser`: CloudFormation cannot say it."""
    api = door.api
    path = f"/restapis/{api.rest_api_id}/stages/{api.deployment_stage.stage_name}"
    refuser.add_to_role_policy(
        iam.PolicyStatement(
            actions=["apigateway:PATCH"],
            resources=[f"arn:{stack.partition}:apigateway:{stack.region}::{path}"],
        )
    )
    refused = CustomResource(
        stack,
        "InvalidationRefused",
        service_token=refuser.function_arn,
        resource_type="Custom::InvalidationRefused",
        service_timeout=Duration.minutes(2),
        properties={
            "RestApiId": api.rest_api_id,
            "Stage": api.deployment_stage.stage_name,
            "Methods": door.kept,
            # What changes the stage's methods may forget the setting: then it is made again.
            "Limits": json.dumps(settings.api.model_dump(), sort_keys=True),
        },
    )
    refused.node.add_dependency(api.deployment_stage, refuser)
