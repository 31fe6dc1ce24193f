"""An API as API Gateway shows it to the world, in process: a request becomes a proxy event for the function that
answers that address. A WSGI application, so that schemathesis can call it; `send` for everybody else."""

from __future__ import annotations

import base64
import importlib
import io
import json
import logging
import re
import sys
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from functools import cache
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from lambdas import openapi
from lambdas.observed import logger
from tests.lambdas.conftest import Token

METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD")


@dataclass(frozen=True)
class Request:
    """One request; `path` as on the wire (percent-encoded), `query` without its question mark."""

    method: str
    path: str
    body: bytes | None = None
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def json(cls, method: str, path: str, body: Any = None, key: Any = None) -> Request:
        headers = {} if body is None else {"Content-Type": "application/json"}
        if key is not None:
            headers["Idempotency-Key"] = str(key)
        return cls(method, path, None if body is None else json.dumps(body).encode(), headers=headers)


@dataclass(frozen=True)
class Reply:
    """What came back, and all that the function printed and logged while it worked on it."""

    status: int
    headers: dict[str, str]
    text: str
    log: str

    @property
    def body(self) -> Any:
        return json.loads(self.text) if self.text else None


class Door:
    """One of the three APIs, entered with one token."""

    def __init__(self, api: str, token: Token, watch: Callable[[Request, Callable[[], Reply]], Reply]) -> None:
        self.api, self.token, self._watch = api, token, watch
        self._functions = _functions(api)

    def send(self, request: Request, **raw: Any) -> Reply:
        """Send it; `raw` overrides parts of the event."""
        return self._watch(request, lambda: self._invoke(request, raw))

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        length = int(environ.get("CONTENT_LENGTH") or 0)
        headers = {
            name[5:].replace("_", "-").title(): value for name, value in environ.items() if name.startswith("HTTP_")
        }
        if environ.get("CONTENT_TYPE"):
            headers["Content-Type"] = environ["CONTENT_TYPE"]
        reply = self.send(
            Request(
                environ["REQUEST_METHOD"],
                quote(environ.get("PATH_INFO", "/").encode("latin-1")),
                environ["wsgi.input"].read(length) if length else None,
                environ.get("QUERY_STRING", ""),
                headers,
            )
        )
        start_response(f"{reply.status} {HTTPStatus(reply.status).phrase}", list(reply.headers.items()))
        return [reply.text.encode()]

    def _invoke(self, request: Request, raw: Mapping[str, Any]) -> Reply:
        function = next(
            (name for name, addresses in self._functions if any(a.fullmatch(request.path) for a in addresses)),
            self._functions[0][0],
        )
        handler = importlib.import_module(function).handler
        with captured() as log:
            answer = handler(proxy_event(request, self.token) | raw, None)
        headers = {name: values[0] for name, values in (answer.get("multiValueHeaders") or {}).items()}
        return Reply(answer["statusCode"], headers, answer.get("body") or "", log.getvalue())


def proxy_event(request: Request, token: Token) -> dict[str, Any]:
    """What API Gateway's Lambda proxy integration sends."""
    query = parse_qs(urlsplit(f"/?{request.query}").query, keep_blank_values=True)
    try:
        body, encoded = (None if request.body is None else request.body.decode()), False
    except UnicodeDecodeError:
        body, encoded = base64.b64encode(request.body or b"").decode(), True
    return {
        "resource": "/{proxy+}",
        "path": request.path,
        "httpMethod": request.method,
        "headers": dict(request.headers) or None,
        "multiValueHeaders": {name: [value] for name, value in request.headers.items()} or None,
        "queryStringParameters": {name: values[-1] for name, values in query.items()} or None,
        "multiValueQueryStringParameters": query or None,
        "pathParameters": {"proxy": request.path.lstrip("/")},
        "stageVariables": None,
        "requestContext": {
            "domainName": "member.example",
            "resourcePath": "/{proxy+}",
            "httpMethod": request.method,
            "path": f"/v1{request.path}",
            "stage": "v1",
            "requestId": str(uuid.uuid4()),
            "authorizer": {"claims": token} if token else None,
        },
        "body": body,
        "isBase64Encoded": encoded,
    }


@contextmanager
def captured() -> Iterator[io.StringIO]:
    """All that would be in the function's log: its own lines, other loggers' and whatever is printed."""
    told = io.StringIO()
    others = logging.StreamHandler(told)
    others.setLevel(logging.INFO)
    before = [(handler, handler.setStream(told)) for handler in logger.handlers if hasattr(handler, "setStream")]
    logging.getLogger().addHandler(others)
    try:
        with redirect_stdout(told), redirect_stderr(told):
            yield told
    finally:
        logging.getLogger().removeHandler(others)
        for handler, stream in before:
            handler.setStream(stream or sys.stdout)


@cache
def operations(api: str) -> list[tuple[str, str, dict[str, Any]]]:
    """Every (METHOD, path template, operation) of an API's document."""
    paths = openapi.document(api)["paths"]
    return [
        (method.upper(), path, operation) for path, methods in paths.items() for method, operation in methods.items()
    ]


@cache
def _functions(api: str) -> list[tuple[str, list[re.Pattern[str]]]]:
    found = []
    for name in openapi.APIS[api]:
        paths = json.loads(importlib.import_module(name).app.get_openapi_json_schema())["paths"]
        found.append((name, [re.compile(re.sub(r"\\\{.*?\\\}", "[^/]+", re.escape(path))) for path in paths]))
    return found
