"""What the portal reads before anybody has signed in."""

from __future__ import annotations

import json
from typing import Any

import pytest

from loyalty.programme import publishing, reading
from loyalty.programme.document import Programme
from tests.conftest import TestDatabase
from tests.lambdas.conftest import MEMBER_CLIENT, STAFF_CLIENT, Doors, member_token

AUTHORITY = "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Pool"


@pytest.fixture
def doors(published: TestDatabase) -> Doors:
    variables = {
        "MEMBER_AUTHORITY": AUTHORITY,
        "MEMBER_CLIENT_ID": MEMBER_CLIENT,
        "MANAGER_ORIGIN": "https://manager.loyalty.example",
    }
    return Doors(published, variables)


def asked(doors: Doors, **context: str) -> dict[str, Any]:
    answer = doors("member_api", "GET", "/config", raw={"requestContext": {"httpMethod": "GET", **context}})
    assert answer.status == 200, answer.body
    body: dict[str, Any] = answer.body
    return body


def test_everybody_is_told_the_same_and_may_keep_it_for_two_seconds(doors: Doors) -> None:
    answer = doors("member_api", "GET", "/config")
    assert answer.headers["cache-control"] == "max-age=2"
    assert answer.headers["content-type"] == "application/json"
    assert answer.body == {
        "authority": AUTHORITY,
        "client_id": MEMBER_CLIENT,
        "scope": "openid email loyalty/member",
        "api": "https://member.example/v1",
        "brand": {
            "name": "Journey Rewards",
            "logo_url": None,
            "accent": "#0b6e4f",
            "texts": {
                "de": {"tagline": "Punkte für das, was Sie ohnehin kaufen. Prämien, die Sie aussuchen."},
                "en": {"tagline": "Points for what you buy anyway. Rewards you choose."},
            },
            "links": {},
        },
        "store": {"currency": "USD", "locale": "en_US", "countries": ["US"]},
        "mix": {"min_percent": 0, "max_percent": 100, "points_step": 1, "money_min_minor": 1},
        "languages": ["de", "en"],
        "default_language": "en",
        "manager_origin": "https://manager.loyalty.example",
    }
    assert doors("member_api", "GET", "/config", token=member_token("somebody")).body == answer.body


@pytest.mark.parametrize(
    ("name", "path", "api"),
    [
        ("a1b2.execute-api.eu-central-1.amazonaws.com", "/v1/config", "a1b2.execute-api.eu-central-1.amazonaws.com/v1"),
        ("api.loyalty.example", "/config", "api.loyalty.example"),
        ("api.loyalty.example", "/config/config", "api.loyalty.example/config"),
    ],
)
def test_the_api_is_where_it_was_asked(doors: Doors, name: str, path: str, api: str) -> None:
    assert asked(doors, domainName=name, path=path)["api"] == f"https://{api}"


def test_without_tls_at_the_sign_in_there_is_none_at_the_api(doors: Doors) -> None:
    doors.variables["MEMBER_AUTHORITY"] = "http://localhost:4566/pool"
    told = asked(doors, domainName="localhost:4566", path="/_aws/execute-api/a1b2/v1/config")
    assert told["api"] == "http://localhost:4566/_aws/execute-api/a1b2/v1"


def test_a_new_brand_is_told_at_once_and_the_language_follows_the_store(doors: Doors, published: TestDatabase) -> None:
    with published.owner() as owner:
        before = reading.current(owner, 1)
        document = json.loads(before.document.model_dump_json())
        document["brand"] |= {"accent": "#e2001a", "links": {"help": "https://help.loyalty.example/"}}
        document["store"]["locale"] = "de_DE"
        changed = Programme.model_validate_json(json.dumps(document))
        version = publishing.publish(owner, 1, changed, based_on=before.version, actor="test", why="test")
        told = doors("member_api", "GET", "/config").body
        publishing.publish(owner, 1, before.document, based_on=version, actor="test", why="test")
    assert told["brand"]["accent"] == "#e2001a"
    assert told["brand"]["links"] == {"help": "https://help.loyalty.example/"}
    assert told["default_language"] == "de"


def test_the_manager_app_is_told_where_staff_sign_in_and_whose_programme_it_is(doors: Doors) -> None:
    doors.variables.update(
        STAFF_AUTHORITY=f"{AUTHORITY}-staff",
        STAFF_CLIENT_ID=STAFF_CLIENT,
        PORTAL_ORIGIN="https://rewards.loyalty.example",
    )
    answer = doors("manager_api", "GET", "/config")
    assert (answer.status, answer.headers["cache-control"]) == (200, "max-age=2")
    assert answer.body == {
        "authority": f"{AUTHORITY}-staff",
        "client_id": STAFF_CLIENT,
        "scope": "openid email loyalty/staff",
        "api": "https://member.example/v1",
        "portal_origin": "https://rewards.loyalty.example",
        "brand": {"name": "Journey Rewards", "accent": "#0b6e4f"},
        "currency": "USD",
        "locale": "en_US",
        "languages": ["de", "en"],
    }
