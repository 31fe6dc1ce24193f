"""What the gateway keeps is forgotten when it is old, and not because somebody says so."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from lambdas import cache_invalidation, custom_resource

PLACE = "/~1catalogue~1{version}~1products/GET/caching"
ASKED = {
    "restApiId": "api",
    "stageName": "v1",
    "patchOperations": [
        {"op": "replace", "path": f"{PLACE}/requireAuthorizationForCacheControl", "value": "true"},
        {
            "op": "replace",
            "path": f"{PLACE}/unauthorizedCacheControlHeaderStrategy",
            "value": "SUCCEED_WITH_RESPONSE_HEADER",
        },
    ],
}
PROPERTIES = {"RestApiId": "api", "Stage": "v1", "Methods": ["/catalogue/{version}/products/GET"], "Limits": "{}"}
IDS = {"StackId": "stack", "RequestId": "request", "LogicalResourceId": "Refused", "ResponseURL": "https://cfn.example"}


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stubber]:
    """Refuses what the service's own model does not know, and every call that was not expected."""
    client = boto3.client("apigateway", "eu-central-1", aws_access_key_id="testing", aws_secret_access_key="testing")
    monkeypatch.setattr(cache_invalidation, "_gateway", lambda: client)
    monkeypatch.setattr(custom_resource, "_send", lambda _, answer: None)
    with Stubber(client) as stubber:
        yield stubber


def tell(kind: str) -> dict[str, Any]:
    return cache_invalidation.handler({"RequestType": kind, "ResourceProperties": PROPERTIES, **IDS}, None)


@pytest.mark.parametrize("kind", ["Create", "Update"])
def test_a_wish_to_forget_is_refused_from_then_on(gateway: Stubber, kind: str) -> None:
    gateway.add_response("update_stage", {}, ASKED)
    assert tell(kind)["Status"] == "SUCCESS"
    gateway.assert_no_pending_responses()


def test_a_deployment_hears_that_it_could_not_be_said(gateway: Stubber) -> None:
    gateway.add_client_error("update_stage", "NotFoundException", expected_params=ASKED)
    assert tell("Create")["Status"] == "FAILED"


def test_with_the_stage_the_setting_goes_by_itself(gateway: Stubber) -> None:
    assert tell("Delete")["Status"] == "SUCCESS"
