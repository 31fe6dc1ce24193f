"""A function behind API Gateway is told by which name and path it was asked, as AWS tells it.

Here every API is below a path of the one gateway: what AWS calls a base path of a custom domain.
"""

from __future__ import annotations

from typing import Any

from ministack.services import apigateway_v1

from local.emulator.pinned import private, replace


def install(gateway_port: int) -> None:
    """Put `domainName` and the whole path into the request's context."""
    build = private(apigateway_v1, "_build_lambda_event_v1")

    def build_with_address(api_id: str, *arguments: Any, **named: Any) -> dict[str, Any]:
        event: dict[str, Any] = build(api_id, *arguments, **named)
        context = event["requestContext"]
        context["domainName"] = f"localhost:{gateway_port}"
        context["path"] = f"/_aws/execute-api/{api_id}{context['path']}"
        return event

    replace(apigateway_v1, "_build_lambda_event_v1", build_with_address)
