"""The web doors: one resolver, one answer to every bad request (RFC 9457), who is calling and for which member.

A route module reads like this::

    router = Router()

    @router.post("/claims", status_code=202)
    def start(body: Claim) -> Started: ...

Bodies are models with `model_config = STRICT`; ids and instants in them are `Id` and `Instant`, because strict models
take what JSON can say and nothing else. A model's own validators must not quote the value they refuse.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Annotated, Any, cast
from urllib.parse import unquote
from uuid import UUID

import psycopg
from aws_lambda_powertools.event_handler import APIGatewayRestResolver, CORSConfig, Response
from aws_lambda_powertools.event_handler.api_gateway import ResponseBuilder, Route
from aws_lambda_powertools.event_handler.api_gateway import Router as _Router
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.event_handler.openapi.exceptions import (
    RequestUnsupportedContentType,
    RequestValidationError,
)
from aws_lambda_powertools.metrics import MetricUnit
from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from lambdas import shared_answers
from lambdas.environment import environment
from lambdas.observed import correlation_id, log_failure, logger, measured, metrics, observed
from loyalty.database import Connection
from loyalty.invalid import words
from loyalty.refusal import Kind, Refusal

__all__ = [
    "KEYED", "STRICT", "Caller", "Id", "Instant", "Router", "View",
    "answered_with", "asked_at", "caller", "entry", "idempotency_key", "logger", "member", "resolver", "text",
]  # fmt: skip

# Models are built when their route is first used: a cold start pays for one request's, not for all.
STRICT = ConfigDict(extra="forbid", strict=True, frozen=True, defer_build=True)


class View(BaseModel):
    """The base of every answer."""

    model_config = ConfigDict(frozen=True, defer_build=True)


# A route's `openapi_extensions=KEYED` says in the document that it wants the Idempotency-Key header.
KEYED = {"x-idempotency-key": True}

MAX_BODY_BYTES = 64 * 1024
PROBLEM = "application/problem+json"
RETRY_AFTER_SECONDS = 2


def text(value: Any) -> Any:
    """For BeforeValidator: a strict model takes ids and dates as text only."""
    if not isinstance(value, str):
        raise ValueError("must be text")
    return value


Id = Annotated[UUID, Field(strict=False), BeforeValidator(text, json_schema_input_type=UUID)]


def _spelled(value: Any) -> Any:
    # A bare number would be taken for seconds since 1970.
    if not isinstance(value, str) or not re.match(r"\d{4}-", value):
        raise ValueError("must be a date and time with its zone, like 2026-01-31T12:00:00Z")
    return value


def _sensible(instant: datetime) -> datetime:
    # Calendar arithmetic and time zones have no room at the ends of the calendar.
    if not 1970 <= instant.year <= 9000:
        raise ValueError("is outside the years 1970 to 9000")
    return instant


Instant = Annotated[
    AwareDatetime,
    Field(strict=False),
    BeforeValidator(_spelled, json_schema_input_type=datetime),
    AfterValidator(_sensible),
]


class Router(_Router):
    """Routes of one subject, for a resolver to include."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, by the token that API Gateway has checked."""

    program_id: int
    subject: str
    client_id: str
    scopes: frozenset[str]
    groups: frozenset[str]


def caller(app: APIGatewayRestResolver | Router, scope: str, *groups: str) -> Caller:
    """The token's bearer. Raises Refusal (forbidden) without the scope, or one of the groups if any is named."""
    authorizer = (app.current_event.get("requestContext") or {}).get("authorizer") or {}
    claims = authorizer.get("claims") or {}
    client_id = str(claims.get("client_id", ""))
    scopes = frozenset(str(claims.get("scope", "")).split())
    theirs = frozenset(_listed(claims.get("cognito:groups")))
    if scope not in scopes:
        raise Refusal(Kind.FORBIDDEN, "wrong-scope", "This token does not allow that.")
    if groups and theirs.isdisjoint(groups):
        raise Refusal(Kind.FORBIDDEN, "wrong-group", "Your role does not allow that.")
    program_id = environment().program_by_client.get(client_id)
    if program_id is None:
        raise Refusal(Kind.FORBIDDEN, "unknown-client", "This client belongs to no programme.")
    return Caller(program_id, str(claims.get("sub") or client_id), client_id, scopes, theirs)


def member(app: APIGatewayRestResolver | Router, connection: Connection) -> tuple[Caller, int]:
    """The calling member as (caller, member_id). Raises Refusal `not-claimed` while the sign-in has no membership."""
    who = caller(app, "loyalty/member")
    row = connection.execute("select members.member_of(%s, %s) as member_id", (who.program_id, who.subject)).fetchone()
    if row is None or row["member_id"] is None:
        raise Refusal(Kind.FORBIDDEN, "not-claimed", "Claim your membership first.")
    return who, int(row["member_id"])


def asked_at(event: Mapping[str, Any], authority: str) -> str:
    """Where the API is, by a request for its /config: its own address is not in its own template.

    A gateway says its name and not its scheme, which is that of the sign-in: both have TLS, or neither (a laptop).
    """
    context = event["requestContext"]
    scheme = authority.partition("://")[0]
    return f"{scheme}://{context['domainName']}{context['path'].removesuffix('/config')}"


def idempotency_key(app: APIGatewayRestResolver | Router) -> UUID:
    """The request's Idempotency-Key. Raises Refusal (invalid) unless it is a UUIDv7."""
    try:
        key = UUID(app.current_event.headers.get("Idempotency-Key") or "")
    except ValueError:
        key = UUID(int=0)
    if key.version != 7:
        raise Refusal(Kind.INVALID, "invalid", "Send a UUIDv7.", field="Idempotency-Key")
    return key


def resolver(title: str, most_bytes: int = MAX_BODY_BYTES) -> APIGatewayRestResolver:
    """A validating resolver whose every error is a problem document. `title` names the API in its OpenAPI document,
    `most_bytes` is the largest body that it reads."""
    return _Resolver(title, most_bytes)


def entry(app: APIGatewayRestResolver) -> Callable[[dict[str, Any], Any], dict[str, Any]]:
    """The Lambda handler of a resolver: correlation id in and out, log, metrics."""
    shared = shared_answers.is_shared(app)

    def answer(event: dict[str, Any], context: Any) -> dict[str, Any]:
        started = time.perf_counter()
        request = _readable(event)
        kept = shared(request)
        response = app.resolve(shared_answers.keyed(request) if kept else request, context)
        status = int(response["statusCode"])
        metrics.add_metric(f"Answers{status // 100}xx", MetricUnit.Count, 1)
        _say_of_the_route(app, status, (time.perf_counter() - started) * 1000)
        if kept:
            # Without the correlation id: others will get this answer.
            headers = shared_answers.headers(response)
        else:
            headers = response.get("multiValueHeaders", {}) | {"x-correlation-id": [correlation_id(event, context)]}
        said = {name.lower() for name in headers}
        headers |= {name: [value] for name, value in ALWAYS.items() if name.lower() not in said}
        return {**response, "multiValueHeaders": headers}

    return cast(Callable[[dict[str, Any], Any], dict[str, Any]], observed(answer))


def _say_of_the_route(app: APIGatewayRestResolver, status: int, milliseconds: float) -> None:
    """Rate, errors and duration of each route: by its template, so that there are as many as there are routes. The rate
    is the number of durations; refusals and failures are there only where there are any."""
    values = {"RouteMilliseconds": (MetricUnit.Milliseconds, round(milliseconds, 3))}
    if status >= 500:
        values["RouteFailed"] = (MetricUnit.Count, 1)
    elif status >= 400:
        values["RouteRefused"] = (MetricUnit.Count, 1)
    assert isinstance(app, _Resolver)
    measured(values, route=app.route_template)


class _Resolver(APIGatewayRestResolver):
    # Of the request that was answered last.
    route_template = "none"

    def _call_route(self, route: Route, route_arguments: dict[str, str]) -> ResponseBuilder[Any]:
        known = route in self._static_routes or route in self._dynamic_routes
        self.route_template = f"{route.method} {route.openapi_path}" if known else "none"
        return super()._call_route(route, route_arguments)

    def __init__(self, title: str, most_bytes: int) -> None:
        super().__init__(
            cors=_cors(),
            debug=False,
            enable_validation=True,
            response_validation_error_http_code=500,
            json_body_deserializer=partial(strict_json, most_bytes=most_bytes),
        )
        self.title = title
        for failure, handle in (
            (Refusal, _refused),
            (RequestValidationError, _invalid),
            (RequestUnsupportedContentType, _unsupported),
            (NotFoundError, self._no_route),
            (psycopg.OperationalError, _unavailable),
            # Class 55 counts as operational, but a rule of ours that is broken stays broken in a moment.
            (psycopg.errors.ObjectNotInPrerequisiteState, _failed),
            (Exception, _failed),
        ):
            self.exception_handler(failure)(handle)

    def get_openapi_json_schema(self, **options: Any) -> str:
        """The document with every operation's problems in it (application/problem+json)."""
        from lambdas.openapi import with_problems

        document = json.loads(super().get_openapi_json_schema(**{"title": self.title, **options}))
        return json.dumps(with_problems(document), indent=2, ensure_ascii=False) + "\n"

    def _no_route(self, _: Exception) -> Response[Any]:
        path = self.current_event.path
        allowed = sorted(
            {route.method for route in self._static_routes + self._dynamic_routes if route.rule.match(path)}
        )
        if allowed:
            return problem(
                405, "method-not-allowed", "This address does not know that method.", allow=", ".join(allowed)
            )
        return problem(404, "not-found", "There is nothing at this address.")


def problem(
    status: int,
    code: str,
    detail: str | None = None,
    *,
    errors: list[dict[str, str]] | None = None,
    retry_after_seconds: int | None = None,
    allow: str | None = None,
) -> Response[Any]:
    """A problem document (RFC 9457). `code` is stable; `errors` name fields."""
    body: dict[str, Any] = {"type": "about:blank", "title": TITLES[status], "status": status, "code": code}
    if detail:
        body["detail"] = detail
    if errors:
        body["errors"] = errors
    headers: dict[str, str | list[str]] = {"Cache-Control": "no-store"}
    if retry_after_seconds is not None:
        headers["Retry-After"] = str(retry_after_seconds)
    if allow:
        headers["Allow"] = allow
    return Response(status, content_type=PROBLEM, body=json.dumps(body, ensure_ascii=False), headers=headers)


# Beside what an answer says of itself: nobody between keeps it, nobody guesses what it is, nobody asks without TLS.
ALWAYS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
}
TITLES = {
    400: "Bad request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not found",
    405: "Method not allowed",
    409: "Conflict",
    413: "Content too large",
    415: "Unsupported media type",
    429: "Too many requests",
    500: "Internal error",
    503: "Unavailable",
}

_STATUS = {Kind.INVALID: 400, Kind.NOT_FOUND: 404, Kind.FORBIDDEN: 403, Kind.CONFLICT: 409, Kind.UNAVAILABLE: 503}


class _TooLarge(Refusal):
    def __init__(self, most_bytes: int) -> None:
        super().__init__(Kind.INVALID, "too-large", f"The body is larger than {most_bytes // 1024} kB.", field="body")


def answered_with(failure: Exception) -> tuple[int, str]:
    """Status and code of the problem document that a failure becomes."""
    if isinstance(failure, Refusal):
        return _STATUS[failure.kind], failure.code
    if isinstance(failure, psycopg.OperationalError) and not isinstance(
        failure, psycopg.errors.ObjectNotInPrerequisiteState
    ):
        return 503, "unavailable"
    return (503, "unavailable") if away(failure) else (500, "internal-error")


def away(failure: Exception) -> bool:
    """Whether a service of AWS gave no answer, or one that says another time; what else it says is our mistake."""
    # Who has asked one has imported it; nobody else pays for that.
    errors = sys.modules.get("botocore.exceptions")
    if errors is None:
        return False
    if isinstance(failure, errors.ClientError):
        status = failure.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return bool(status >= 500 or status == 429)
    return isinstance(failure, errors.ConnectionError | errors.HTTPClientError)


def _refused(refusal: Refusal) -> Response[Any]:
    logger.info("refused", extra={"code": refusal.code, "field": refusal.field})
    wait = refusal.retry_after_seconds
    if refusal.kind is Kind.UNAVAILABLE and wait is None:
        wait = RETRY_AFTER_SECONDS
    return problem(
        413 if isinstance(refusal, _TooLarge) else _STATUS[refusal.kind],
        refusal.code,
        refusal.detail,
        errors=_errors(refusal),
        retry_after_seconds=wait,
    )


def _errors(refusal: Refusal) -> list[dict[str, str]] | None:
    if refusal.problems:
        return [{"field": problem.field, "detail": problem.detail} for problem in refusal.problems]
    return [{"field": refusal.field, "detail": refusal.detail}] if refusal.field else None


def _invalid(failure: RequestValidationError) -> Response[Any]:
    errors = [{"field": _field(error["loc"]), "detail": words(error)} for error in failure.errors()[:20]]
    logger.info("refused", extra={"code": "invalid", "fields": [error["field"] for error in errors]})
    return problem(400, "invalid", "The request is not valid.", errors=errors)


def _unsupported(_: RequestUnsupportedContentType) -> Response[Any]:
    return problem(415, "unsupported-media-type", "Send application/json.")


def _unavailable(failure: Exception) -> Response[Any]:
    log_failure(failure)
    return problem(503, "unavailable", "Try again in a moment.", retry_after_seconds=RETRY_AFTER_SECONDS)


def _failed(failure: Exception) -> Response[Any]:
    if away(failure):
        return _unavailable(failure)
    log_failure(failure)
    return problem(500, "internal-error")


def strict_json(body: str, most_bytes: int = MAX_BODY_BYTES) -> Any:
    """Parse a request body as RFC 8259 says: an object, UTF-8, no NaN. Raises Refusal naming the field `body`."""
    if len(body) > most_bytes or len(body.encode("utf-8", "surrogatepass")) > most_bytes:
        raise _TooLarge(most_bytes)
    if _SURROGATE.search(body):
        raise Refusal(Kind.INVALID, "invalid", "The body is not UTF-8.", field="body")
    try:
        document = json.loads(body, parse_constant=_no_constant)
        # An escape can still smuggle in what no database column takes: half a surrogate pair, or NUL.
        spelled = json.dumps(document, ensure_ascii=False, allow_nan=False)
    except (ValueError, RecursionError):
        raise Refusal(Kind.INVALID, "invalid", "The body is not JSON.", field="body") from None
    if not isinstance(document, dict):
        raise Refusal(Kind.INVALID, "invalid", "The body must be a JSON object.", field="body")
    if _SURROGATE.search(spelled) or "\\u0000" in spelled.replace("\\\\", ""):
        raise Refusal(Kind.INVALID, "invalid", "The body has a character that is no character.", field="body")
    return document


_SURROGATE = re.compile("[\ud800-\udfff]")
_CONTROL = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def _readable(event: dict[str, Any]) -> dict[str, Any]:
    """The event with its body as text, its path decoded, and one spelling of the content type.

    What cannot be decoded becomes a lone surrogate, which `strict_json` refuses; the resolver then answers.
    """
    body = event.get("body")
    if event.get("isBase64Encoded") and isinstance(body, str):
        try:
            body = base64.b64decode(body, validate=True).decode("utf-8", "surrogateescape")
        except (binascii.Error, ValueError):
            body = "\udcff"
    headers = {name: value for name, value in (event.get("headers") or {}).items() if value is not None}
    for name, value in headers.items():
        if name.lower() == "content-type":
            # Only JSON is spoken here; the resolver would otherwise also try forms.
            json_is_meant = value.strip().lower().startswith("application/json")
            headers[name] = "application/json" if json_is_meant or not value.strip() else "application/octet-stream"
    path = unquote(event.get("path") or "/", errors="surrogateescape")
    queries = event.get("multiValueQueryStringParameters")
    return {
        **event,
        "body": body,
        "isBase64Encoded": False,
        "headers": headers,
        "multiValueHeaders": None,
        "path": "/\N{REPLACEMENT CHARACTER}" if _CONTROL.search(path) else path,
        "queryStringParameters": _printable(event.get("queryStringParameters")),
        "multiValueQueryStringParameters": queries and {name: _without_control(queries[name]) for name in queries},
    }


def _printable(parameters: dict[str, str] | None) -> dict[str, str] | None:
    return parameters and {name: _without_control([value])[0] for name, value in parameters.items()}


def _without_control(values: list[str]) -> list[str]:
    # A control character can only be a mistake or an attack; no parameter's rules accept U+FFFD for a number or id.
    return [_CONTROL.sub("\N{REPLACEMENT CHARACTER}", value) for value in values or []]


def _cors() -> CORSConfig | None:
    origins = environment().cors_origins
    if not origins:
        return None
    return CORSConfig(
        allow_origin=origins[0],
        extra_origins=list(origins[1:]),
        allow_headers=[
            "Authorization",
            "Content-Type",
            "Idempotency-Key",
            "X-Amzn-Trace-Id",
            "X-Correlation-Id",
            "X-Device-Id",
        ],
        expose_headers=["Retry-After", "X-Correlation-Id"],
        max_age=600,
    )


def _listed(value: Any) -> list[str]:
    # API Gateway hands a list claim on as text, "[a b]" or "a,b".
    if isinstance(value, list):
        return [str(item) for item in value]
    return re.split(r"[,\s]+", str(value or "").strip("[] "))


def _field(location: Any) -> str:
    parts = [part for part in location if part not in ("body", "query", "path", "header")] or ["body"]
    name = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts).lstrip(".")
    return re.sub(r"[^A-Za-z0-9_.\[\]-]", "?", name)[:80] or "?"
