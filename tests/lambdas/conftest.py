"""Calling a real handler as API Gateway does, against a module's own database.

def test_…(doors: Doors) -> None:
    answer = doors("member_api", "GET", "/me", token=member_token("subject-1"))
    assert answer.status == 200
    assert answer.body["…"] == …
"""

from __future__ import annotations

import importlib
import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from unittest import mock
from urllib.parse import parse_qs, urlsplit

import pytest

from lambdas.environment import environment
from loyalty.database import database as process_database
from tests.conftest import TestDatabase
from tests.domain import people
from tests.domain.people import Somebody

MEMBER_CLIENT, CANARY_CLIENT, STAFF_CLIENT, PARTNER_CLIENT = (
    "member-client",
    "canary-client",
    "staff-client",
    "partner1",
)
PROGRAM_BY_CLIENT = {MEMBER_CLIENT: 1, CANARY_CLIENT: 2, STAFF_CLIENT: 1, PARTNER_CLIENT: 1, "partner2": 1}

# Claims, as the authorizer hands them over: text, lists in brackets.
type Token = dict[str, str]


def member_token(subject: str, *, client: str = MEMBER_CLIENT, scope: str = "openid email loyalty/member") -> Token:
    """A member's access token. `client=CANARY_CLIENT` is the other programme."""
    return {"sub": subject, "client_id": client, "scope": scope, "token_use": "access"}


def staff_token(*groups: str, subject: str = "staff-1", scope: str = "openid loyalty/staff") -> Token:
    """A staff member's access token; groups catalogue-manager, business-operator, support, finance."""
    token = {"sub": subject, "client_id": STAFF_CLIENT, "scope": scope, "token_use": "access"}
    return {**token, "cognito:groups": f"[{' '.join(groups)}]"} if groups else token


def partner_token(*scopes: str, client: str = PARTNER_CLIENT) -> Token:
    """A partner's client-credentials token; scopes like `loyalty/accruals.write`."""
    return {"sub": client, "client_id": client, "scope": " ".join(scopes), "token_use": "access"}


@dataclass(frozen=True, slots=True)
class Answer:
    """A door's answer; `body` is the parsed JSON (or another type's text), `headers` have lower-case names."""

    status: int
    body: Any
    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class Doors:
    """Every function's handler, each as its own database role."""

    database: TestDatabase
    variables: dict[str, str] = field(default_factory=dict)

    def __call__(
        self,
        function: str,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: Token | None = None,
        headers: dict[str, str] | None = None,
        raw: dict[str, Any] | None = None,
    ) -> Answer:
        """Send one request. `path` may have a query; `raw` overrides parts of the event (bad bodies)."""
        event = proxy_event(method, path, body, token or {}, headers or {}) | (raw or {})
        answer = self.invoke(function, event)
        names = {name.lower(): values[0] for name, values in (answer.get("multiValueHeaders") or {}).items()}
        text = answer.get("body") or None
        spoken = "json" in names.get("content-type", "")
        return Answer(answer["statusCode"], json.loads(text) if text and spoken else text, names)

    def invoke(self, function: str, event: Any, context: Any = None, *, role: str | None = None) -> Any:
        """Invoke `lambdas.<function>.handler` with any event, in the function's environment."""
        variables = {
            **self.database.environment(role or function),
            "PROGRAM_BY_CLIENT": json.dumps(PROGRAM_BY_CLIENT),
            "MEMBER_CLIENT_ID": MEMBER_CLIENT,
            "AWS_DEFAULT_REGION": "eu-central-1",
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "MAIL_FROM": "programme@example.com",
            **self.variables,
        }
        with mock.patch.dict("os.environ", variables):
            process_database.cache_clear()
            environment.cache_clear()
            try:
                return importlib.import_module(f"lambdas.{function}").handler(event, context)
            finally:
                process_database().close()
                process_database.cache_clear()
                environment.cache_clear()


def proxy_event(method: str, path: str, body: Any, token: Token, headers: dict[str, str]) -> dict[str, Any]:
    """What API Gateway's Lambda proxy integration sends."""
    address = urlsplit(path)
    query = parse_qs(address.query, keep_blank_values=True)
    text = body if body is None or isinstance(body, str) else json.dumps(body)
    headers = ({"Content-Type": "application/json"} if text is not None else {}) | headers
    return {
        "resource": "/{proxy+}",
        "path": address.path,
        "httpMethod": method,
        "headers": headers or None,
        "multiValueHeaders": {name: [value] for name, value in headers.items()} or None,
        "queryStringParameters": {name: values[-1] for name, values in query.items()} or None,
        "multiValueQueryStringParameters": query or None,
        "pathParameters": {"proxy": address.path.lstrip("/")},
        "stageVariables": None,
        "requestContext": {
            "domainName": "member.example",
            "resourcePath": "/{proxy+}",
            "httpMethod": method,
            "path": f"/v1{address.path}",
            "stage": "v1",
            "requestId": str(uuid.uuid4()),
            "authorizer": {"claims": token},
        },
        "body": text,
        "isBase64Encoded": False,
    }


@pytest.fixture(scope="module")
def published(database: TestDatabase) -> TestDatabase:
    """The module's database with the initial programme documents published."""
    from loyalty.programme.publishing import publish_initial

    with database.owner() as owner:
        publish_initial(owner, {})
    return database


@pytest.fixture
def somebody(published: TestDatabase) -> Callable[..., Somebody]:
    """Make a member of the test's own: `somebody(claimed=True)` has signed in; see tests/domain/people.py."""

    def make(**options: Any) -> Somebody:
        with published.owner() as owner:
            return people.somebody(owner, **options)

    return make


@pytest.fixture
def doors(published: TestDatabase) -> Doors:
    """Call any function's handler; `doors.variables["NAME"] = …` adds to its environment."""
    return Doors(published)
