"""Every bad request is a problem document that names the field, and says nothing that was sent."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError, ReadTimeoutError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lambdas.member_routes import profile
from tests.lambdas.conftest import (
    CANARY_CLIENT,
    Answer,
    Doors,
    member_token,
    partner_token,
    staff_token,
)

PURCHASE = {
    "partner_reference": "basket-1",
    "member_number": "nobody",
    "spend_minor": 1000,
    "currency": "USD",
    "category": "Dairy",
    "occurred_at": "2026-01-31T12:00:00Z",
}
PARTNER = partner_token("loyalty/accruals.write", "loyalty/members.write")


def fields(answer: Answer) -> list[str]:
    """The names of the fields a problem complains about."""
    return [error["field"] for error in answer.body.get("errors", [])]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"spend_minor": -1}, "spend_minor"),
        ({"spend_minor": 0}, "spend_minor"),
        ({"spend_minor": 2**63}, "spend_minor"),
        ({"spend_minor": 10**400}, "spend_minor"),
        ({"spend_minor": 10.0}, "spend_minor"),
        ({"spend_minor": "10"}, "spend_minor"),
        ({"spend_minor": True}, "spend_minor"),
        ({"spend_minor": None}, "spend_minor"),
        ({"spend_minor": [1]}, "spend_minor"),
        ({"currency": "usd"}, "currency"),
        ({"currency": "EUR"}, "currency"),
        ({"occurred_at": 1_700_000_000}, "occurred_at"),
        ({"occurred_at": "yesterday"}, "occurred_at"),
        ({"occurred_at": "2026-01-31T12:00:00"}, "occurred_at"),
        ({"category": {"a": 1}}, "category"),
        ({"partner_reference": "../../etc"}, "partner_reference"),
        ({"surprise": 1}, "surprise"),
        ({"category": "a\u0000b"}, "body"),
        ({"category": "\ud800"}, "body"),
    ],
)
def test_a_wrong_field_is_named(doors: Doors, change: dict[str, Any], field: str) -> None:
    answer = doors("partner_api", "POST", "/accruals", PURCHASE | change, token=PARTNER)
    assert answer.status == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.body["status"] == 400
    assert fields(answer) == [field]


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{",
        "null",
        "[]",
        "[{}]",
        '"text"',
        '{"spend_minor": NaN}',
        '{"spend_minor": Infinity}',
        '{"spend_minor": 1e999}',
        '{"spend_minor": ' + "9" * 5000 + "}",
        '{"a":' * 20_000 + "1" + "}" * 20_000,
        "[" * 30_000,
    ],
)
def test_what_is_no_json_object_is_refused(doors: Doors, body: str) -> None:
    answer = doors("partner_api", "POST", "/accruals", token=PARTNER, raw={"body": body})
    assert answer.status in (400, 413)
    assert answer.headers["content-type"] == "application/problem+json"


def test_bytes_that_are_no_utf8_are_refused(doors: Doors) -> None:
    for body in (base64.b64encode(b'{"a": "\xff\xfe"}').decode(), "not base64!"):
        answer = doors("partner_api", "POST", "/accruals", token=PARTNER, raw={"body": body, "isBase64Encoded": True})
        assert (answer.status, fields(answer)) == (400, ["body"])


def test_a_base64_body_is_read(doors: Doors) -> None:
    body = base64.b64encode(json.dumps(PURCHASE).encode()).decode()
    answer = doors("partner_api", "POST", "/accruals", token=PARTNER, raw={"body": body, "isBase64Encoded": True})
    assert (answer.status, fields(answer)) == (404, ["member_number"])


def test_a_body_of_more_than_64_kb_is_too_large(doors: Doors) -> None:
    answer = doors("partner_api", "POST", "/accruals", PURCHASE | {"category": "x" * 70_000}, token=PARTNER)
    assert answer.status == 413


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_only_json_is_spoken(doors: Doors, content_type: str) -> None:
    headers = {"content-type": content_type}
    assert doors("partner_api", "POST", "/accruals", PURCHASE, token=PARTNER, headers=headers).status == 415


def test_an_unknown_address_is_404_and_a_wrong_method_405(doors: Doors) -> None:
    token = member_token("somebody")
    assert doors("member_api", "GET", "/nowhere", token=token).status == 404
    assert doors("member_api", "GET", "/%00", token=token).status == 404
    answer = doors("member_api", "DELETE", "/me", token=token)
    assert (answer.status, answer.headers["allow"]) == (405, "GET")


def test_a_problem_never_echoes_what_was_sent(doors: Doors, capsys: pytest.CaptureFixture[str]) -> None:
    secret = "jane.doe@example.com"
    bodies = [
        PURCHASE | {"currency": secret},
        PURCHASE | {"category": [secret]},
        PURCHASE | {"occurred_at": secret},
        PURCHASE | {"spend_minor": secret},
        PURCHASE | {"member_number": secret},
    ]
    for body in bodies:
        answer = doors("partner_api", "POST", "/accruals", body, token=PARTNER)
        assert 400 <= answer.status < 500
        assert secret not in json.dumps(answer.body)
    output = capsys.readouterr()
    assert "jane" not in output.out + output.err


def test_a_database_that_is_away_is_503_with_a_time_to_come_back(doors: Doors) -> None:
    doors.variables["DATABASE_PORT"] = "1"
    answer = doors("partner_api", "POST", "/accruals", PURCHASE, token=PARTNER)
    assert answer.status == 503
    assert int(answer.headers["retry-after"]) > 0


def answered(status: int) -> ClientError:
    """What botocore makes of such an answer."""
    told: Any = {"ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(told, "GetSecretValue")


@pytest.mark.parametrize(
    ("failure", "status"),
    [
        (answered(503), 503),
        (answered(429), 503),
        (ReadTimeoutError(endpoint_url="https://secretsmanager"), 503),
        (EndpointConnectionError(endpoint_url="https://secretsmanager"), 503),
        (answered(400), 500),
        (NoCredentialsError(), 500),
    ],
)
def test_a_service_of_aws_that_is_away_is_503_with_a_time_to_come_back_and_our_own_mistake_is_500(
    doors: Doors, monkeypatch: pytest.MonkeyPatch, failure: Exception, status: int
) -> None:
    def asked(*_: Any) -> None:
        raise failure

    monkeypatch.setattr(profile, "member", asked)
    answer = doors("member_api", "GET", "/me/balance", token=member_token("anybody"))
    assert answer.status == status
    assert ("retry-after" in answer.headers) == (status == 503)


def test_the_callers_correlation_id_comes_back(doors: Doors) -> None:
    headers = {"X-Correlation-Id": "abcdef-123456"}
    answer = doors("member_api", "GET", "/terms", token=member_token("somebody"), headers=headers)
    assert answer.headers["x-correlation-id"] == "abcdef-123456"


ROUTES = [
    ("member_api", "GET", "/me"),
    ("member_api", "POST", "/claims"),
    ("member_api", "POST", "/claims/confirmation"),
    ("member_api", "GET", "/terms"),
    ("member_api", "POST", "/terms/acceptance"),
    ("member_api", "GET", "/me/balance"),
    ("member_api", "GET", "/me/statement"),
    ("member_api", "GET", "/me/lots"),
    ("member_api", "GET", "/me/addresses"),
    ("member_api", "POST", "/me/addresses"),
    ("manager_api", "POST", "/members"),
    ("manager_api", "GET", "/members/1"),
    ("manager_api", "POST", "/adjustments"),
    ("manager_api", "GET", "/adjustments"),
    ("manager_api", "POST", "/adjustments/0190a0b0-0000-7000-8000-000000000000/approval"),
    ("manager_api", "GET", "/redemptions/0190a0b0-0000-7000-8000-000000000000"),
    ("partner_api", "POST", "/members"),
    ("partner_api", "POST", "/accruals"),
    ("partner_api", "POST", "/accruals/1/reversals"),
]
BODIES: dict[str, Any] = {
    "/claims": {"member_number": "1"},
    "/claims/confirmation": {"member_number": "1", "code": "123456"},
    "/terms/acceptance": {"version": "2026-01"},
    "/me/addresses": {
        "full_name": "A", "phone": "+12065550100", "line1": "1 A St", "city": "B", "state_or_region": "WA",
        "postal_code": "98101", "country_code": "US",
    },
    "/members": {"member_number": "1", "email": "a@example.com", "country": "US"},
    "/adjustments": {"member_number": "1", "points": 5, "reason_code": "goodwill"},
    "/adjustments/0190a0b0-0000-7000-8000-000000000000/approval": {"decision": "approve"},
    "/accruals": PURCHASE,
    "/accruals/1/reversals": {"reversal_reference": "r", "points": 1},
}  # fmt: skip
EVERY_SCOPE = ("loyalty/member", "loyalty/staff", "loyalty/accruals.write", "loyalty/members.write")
WRONG_TOKENS = {
    "nobody": {},
    "a client of no programme": partner_token(*EVERY_SCOPE, client="unknown"),
    "a member": member_token("x"),
    "a member of the canary": member_token("x", client=CANARY_CLIENT),
    "a sign-in without the API's scope": member_token("x", scope="openid email"),
    "staff without a group": staff_token(),
    "a catalogue manager": staff_token("catalogue-manager"),
    "a partner who may do nothing": partner_token(),
    "staff in a member's clothes": staff_token("support", scope="loyalty/member "),
}  # fmt: skip
MEMBERS = {"a member", "a member of the canary", "staff in a member's clothes"}
CLOSED = [
    (*route, bearer) for route in ROUTES for bearer in WRONG_TOKENS if route[0] != "member_api" or bearer not in MEMBERS
]


@pytest.mark.parametrize(("function", "method", "path", "bearer"), CLOSED)
def test_each_route_is_closed_to_everybody_but_its_own(
    doors: Doors, function: str, method: str, path: str, bearer: str
) -> None:
    answer = doors(function, method, path, BODIES.get(path) if method == "POST" else None, token=WRONG_TOKENS[bearer])
    assert answer.status == 403
    assert answer.body["code"] in ("wrong-scope", "wrong-group", "unknown-client")


def test_support_may_not_decide_about_an_adjustment(doors: Doors) -> None:
    path = "/adjustments/0190a0b0-0000-7000-8000-000000000000/approval"
    answer = doors("manager_api", "POST", path, {"decision": "approve"}, token=staff_token("support"))
    assert (answer.status, answer.body["code"]) == (403, "wrong-group")


@pytest.mark.parametrize("path", ["/me", "/me/balance", "/me/statement", "/me/lots", "/me/addresses"])
def test_a_sign_in_without_membership_has_to_claim_first(doors: Doors, path: str) -> None:
    answer = doors("member_api", "GET", path, token=member_token("not a member"))
    assert (answer.status, answer.body["code"]) == (403, "not-claimed")


def test_groups_arrive_in_several_spellings(doors: Doors) -> None:
    for groups in ("[support catalogue-manager]", "support,catalogue-manager", "support"):
        token = staff_token() | {"cognito:groups": groups}
        assert doors("manager_api", "GET", "/adjustments", token=token).status == 200


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.sampled_from([*PURCHASE, "other"]), value=JSON)
def test_no_value_of_any_field_is_a_fault_of_ours(doors: Doors, name: str, value: Any) -> None:
    answer = doors("partner_api", "POST", "/accruals", PURCHASE | {name: value}, token=PARTNER)
    assert 400 <= answer.status < 500


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=st.text(max_size=30), limit=st.text(max_size=30), number=st.text(min_size=1, max_size=50))
def test_no_parameter_is_a_fault_of_ours(doors: Doors, before: str, limit: str, number: str) -> None:
    query = {"before": before, "limit": limit}
    raw = {"queryStringParameters": query, "multiValueQueryStringParameters": {k: [v] for k, v in query.items()}}
    assert doors("member_api", "GET", "/me/statement", token=member_token("x"), raw=raw).status < 500
    path = {"path": f"/members/{number}"}
    assert doors("manager_api", "GET", "/", token=staff_token("support"), raw=path).status < 500


def test_the_documents_say_what_goes_in_and_every_problem_that_comes_out() -> None:
    from lambdas.openapi import document

    for api in ("inbound", "manager"):
        for path in document(api)["paths"].values():
            for operation in path.values():
                assert "422" not in operation["responses"]
                for status in ("400", "401", "403", "404", "409", "429", "503"):
                    assert "application/problem+json" in operation["responses"][status]["content"]
    adjustment = document("manager")["paths"]["/adjustments"]["post"]
    assert [parameter["name"] for parameter in adjustment["parameters"]] == ["Idempotency-Key"]
    assert "requestBody" in adjustment
