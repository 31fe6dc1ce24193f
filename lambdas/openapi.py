"""The OpenAPI documents that the resolvers emit: `python -m lambdas.openapi <folder>` writes one file an API, and for
the manager app who of the staff may do what (allowed.json) and what each of its routes is called (summaries.json)."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any

from lambdas.manager_routes.allowed import ALLOWED

# Which functions answer each API. The web apps' types and the fuzz run are made from these documents.
APIS = {
    "member": ("lambdas.member_api", "lambdas.quote_api"),
    "manager": (
        "lambdas.manager_api",
        *("lambdas.catalogue_desk", "lambdas.integrations_desk", "lambdas.invoice_desk", "lambdas.report_desk"),
        "lambdas.demand_desk",
    ),
    "inbound": ("lambdas.partner_api", "lambdas.webhook_api", "lambdas.payment_webhook"),
}

# Which scope the token must have, by API and path; API Gateway asks for the same, and so does the route itself.
SCOPES = {
    "member": {"": "loyalty/member"},
    "manager": {"": "loyalty/staff"},
    "inbound": {"": "loyalty/accruals.write", "/members": "loyalty/members.write"},
}

_TOKEN: dict[str, Any] = {
    "type": "http",
    "scheme": "bearer",
    "bearerFormat": "JWT",
    "description": "An access token of the user pool with the scope that the operation names.",
}

_SECRET: dict[str, Any] = {
    "type": "apiKey",
    "in": "header",
    "name": "X-Loyalty-Webhook-Secret",
    "description": "What the outside party and we agreed on; while it is changed the previous one is good as well.",
}

_SIGNATURE: dict[str, Any] = {
    "type": "apiKey",
    "in": "header",
    "name": "Stripe-Signature",
    "description": "The sender's signature over the very bytes of the body; Amazon SNS puts its own into the body.",
}

_LINK: dict[str, Any] = {
    "type": "apiKey",
    "in": "query",
    "name": "token",
    "description": "The signed token of a link in a message; it is in the body, as `token`, never in the address.",
}

_PROBLEMS = (400, 401, 403, 404, 409, 413, 415, 429, 500, 503)

_PROBLEM_SCHEMA: dict[str, Any] = {
    "type": "object",
    "title": "Problem",
    "description": "RFC 9457. `code` is stable; `errors` name the fields that are wrong.",
    "required": ["type", "title", "status"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "detail"],
                "properties": {"field": {"type": "string"}, "detail": {"type": "string"}},
            },
        },
    },
}

_KEY_PARAMETER: dict[str, Any] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "description": "A UUIDv7 minted by the client for this one intention, and sent again with every retry of it.",
    "schema": {"type": "string", "format": "uuid"},
}


def with_problems(document: dict[str, Any]) -> dict[str, Any]:
    """The resolver's document with problem responses instead of its own validation errors."""
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError", "ResponseValidationError"):
        schemas.pop(unused, None)
    schemas["Problem"] = _PROBLEM_SCHEMA
    for path in document.get("paths", {}).values():
        for operation in path.values():
            responses = operation["responses"]
            responses.pop("422", None)
            for status in _PROBLEMS:
                responses[str(status)] = {
                    "description": "Problem",
                    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
                }
            if operation.pop("x-idempotency-key", False):
                operation.setdefault("parameters", []).append(_KEY_PARAMETER)
    whole: dict[str, Any] = _whole(document)
    return whole


def _whole(value: Any) -> Any:
    """The bounds of whole numbers as whole numbers: the resolver spells them 1.0."""
    if isinstance(value, dict):
        return {name: _whole(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_whole(inner) for inner in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def document(api: str) -> dict[str, Any]:
    """One API's document, merged from the functions that answer it."""
    merged: dict[str, Any] = {}
    for name in APIS[api]:
        part = json.loads(importlib.import_module(name).app.get_openapi_json_schema())
        if not merged:
            merged = part
            continue
        for path, operations in part["paths"].items():
            merged["paths"].setdefault(path, {}).update(operations)
        for schema, meaning in part["components"]["schemas"].items():
            if merged["components"]["schemas"].setdefault(schema, meaning) != meaning:
                raise ValueError(f"two functions of the {api} API mean different things by {schema}")
    merged["components"]["securitySchemes"] = {"token": _TOKEN}
    for path, operations in merged["paths"].items():
        scope = SCOPES[api].get(path, SCOPES[api][""])
        for operation in operations.values():
            if operation.pop("x-public", False):
                operation["security"] = []
            elif operation.pop("x-webhook-secret", False):
                merged["components"]["securitySchemes"]["secret"] = _SECRET
                operation["security"] = [{"secret": []}]
            elif operation.pop("x-signed-link", False):
                merged["components"]["securitySchemes"]["link"] = _LINK
                operation["security"] = [{"link": []}]
            elif operation.pop("x-signature", False):
                merged["components"]["securitySchemes"]["signature"] = _SIGNATURE
                operation["security"] = [{"signature": []}]
            else:
                operation["security"] = [{"token": [scope]}]
    return merged


def write(folder: Path) -> list[Path]:
    """Write every document into `folder` and say which."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for api in APIS:
        path = folder / f"{api}.json"
        path.write_text(json.dumps(document(api), indent=2, ensure_ascii=False) + "\n")
        written.append(path)
    for name, table in (
        ("allowed", {route: sorted(groups) for route, groups in sorted(ALLOWED.items())}),
        ("summaries", _summaries(json.loads((folder / "manager.json").read_text()))),
    ):
        path = folder / f"{name}.json"
        path.write_text(json.dumps(table, indent=2, ensure_ascii=False) + "\n")
        written.append(path)
    return written


def _summaries(whole: dict[str, Any]) -> dict[str, str]:
    """What each route is for, in a few words: the audit log's own words of it."""
    return {
        f"{method.upper()} {path}": operation["summary"]
        for path, operations in whole["paths"].items()
        for method, operation in operations.items()
    }


if __name__ == "__main__":
    for path in write(Path(sys.argv[1])):
        sys.stdout.write(f"{path}\n")
