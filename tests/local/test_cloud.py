"""The product on the local cloud, from outside: deployed, migrated, guarded, and one redemption through all of it."""

from __future__ import annotations

import base64
import json
import os
import signal
import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from local import joining, trace
from local.connected import Connected
from local.people import MEMBERS, PASSWORD, STAFF
from loyalty.migration import DATABASE_FOLDER
from tests.cloud import ON_CLOUD
from tests.local.probe import eventually

pytestmark = ON_CLOUD

# What is recorded and does nothing here. Shorten it when the emulator learns a type; lengthen it knowingly.
PLACEHOLDERS = {
    "AWS::Cognito::ManagedLoginBranding",
    "AWS::EC2::EIP",
    "AWS::EC2::NatGateway",
    "AWS::EC2::SecurityGroupEgress",
    "AWS::EC2::SecurityGroupIngress",
    "AWS::ECS::ClusterCapacityProviderAssociations",
    "AWS::Glue::SecurityConfiguration",
    # Saved questions; there is nobody here who would answer them.
    "AWS::Logs::QueryDefinition",
    # Its Data API has a stand-in.
    "AWS::RedshiftServerless::Namespace",
    "AWS::RedshiftServerless::Workgroup",
    # What its jobs do, a stand-in does.
    "AWS::SageMaker::Model",
    "AWS::SageMaker::ModelCard",
    "AWS::SageMaker::ModelPackageGroup",
}
ADA = MEMBERS[0]


@pytest.fixture(scope="module")
def token(cloud: Connected) -> str:
    return joining.member_token(cloud, ADA.email)


@pytest.fixture
def door(cloud: Connected, token: str) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=cloud.api("Member"), headers=headers, timeout=40) as client:
        yield client


def test_the_list_of_placeholders_grows_only_knowingly(cloud: Connected) -> None:
    products = {
        kind
        for kind, resources in cloud.placeholders().items()
        if any(resource.startswith("loyalty-") for resource in resources)
    }
    assert products == PLACEHOLDERS


def test_the_portal_tells_a_browser_where_everything_is(cloud: Connected) -> None:
    answer = httpx.get(f"{cloud.portal}/config.json", timeout=30)
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "max-age=2")
    told = answer.json()
    assert told["api"] == cloud.api("Member")
    assert told["client_id"] == cloud.outputs["MemberClientId"]
    assert told["authority"] == f"{cloud.gateway}/{cloud.outputs['MemberPoolId']}"
    assert told["manager_origin"] == cloud.config["integrations"]["manager_origin"]
    discovered = httpx.get(f"{told['authority']}/.well-known/openid-configuration", timeout=30).json()
    assert discovered["token_endpoint"] == f"{cloud.gateway}/oauth2/token"
    allowed = answer.headers["content-security-policy"]
    for address in (told["api"], told["authority"], discovered["token_endpoint"], discovered["revocation_endpoint"]):
        assert "/".join(address.split("/")[:3]) in allowed, address
    asked = httpx.options(f"{told['api']}/me", headers={"Origin": cloud.portal}, timeout=30)
    assert asked.headers["access-control-allow-origin"] == cloud.portal


def test_every_migration_ran_in_the_database_that_the_functions_use(cloud: Connected) -> None:
    with cloud.query() as connection:
        applied = {row["name"] for row in connection.execute("select name from migration.applied").fetchall()}
    assert {f"migrations/{path.name}" for path in (DATABASE_FOLDER / "migrations").glob("*.sql")} <= applied


class TestTheFirstRoute:
    def _status(self, cloud: Connected, authorization: str | None) -> int:
        headers = {"Authorization": authorization} if authorization else {}
        return httpx.get(f"{cloud.api('Member')}/me", headers=headers, timeout=30).status_code

    def test_is_closed_without_a_token(self, cloud: Connected) -> None:
        assert self._status(cloud, None) == 401

    def test_is_closed_to_a_forged_token(self, cloud: Connected, token: str) -> None:
        head, body, signature = token.split(".")
        claims = json.loads(base64.urlsafe_b64decode(body + "=="))
        forged = base64.urlsafe_b64encode(json.dumps({**claims, "sub": "somebody else"}).encode()).rstrip(b"=").decode()
        assert self._status(cloud, f"Bearer {head}.{forged}.{signature}") == 401

    def test_is_closed_to_a_token_without_its_scope(self, cloud: Connected) -> None:
        """What a password buys without the sign-in page: an access token that is good for Cognito itself only."""
        tokens = cloud.client("cognito-idp").initiate_auth(
            ClientId=cloud.outputs["MemberClientId"],
            AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": ADA.email, "PASSWORD": PASSWORD},
        )["AuthenticationResult"]
        assert self._status(cloud, f"Bearer {tokens['AccessToken']}") == 401
        assert self._status(cloud, f"Bearer {tokens['IdToken']}") == 401

    def test_is_closed_to_staff(self, cloud: Connected) -> None:
        assert self._status(cloud, f"Bearer {joining.staff_token(cloud, STAFF[1].email)}") == 401

    def test_is_open_to_a_member(self, cloud: Connected, door: httpx.Client) -> None:
        answer = door.get("/me")
        assert answer.status_code == 200
        assert answer.json()["member_number"] == ADA.number


class TestSigningUp:
    def _sign_up(self, cloud: Connected, email: str) -> None:
        cloud.client("cognito-idp").sign_up(
            ClientId=cloud.outputs["MemberClientId"],
            Username=email,
            Password=PASSWORD,
            UserAttributes=[{"Name": "email", "Value": email}],
        )

    def test_needs_the_code_that_was_mailed(self, cloud: Connected) -> None:
        identity, email = cloud.client("cognito-idp"), f"{uuid.uuid4().hex}@members.example"
        self._sign_up(cloud, email)
        right = joining.mailed_code(cloud, email)
        wrong = f"{(int(right) + 1) % 1_000_000:06}"
        client = cloud.outputs["MemberClientId"]
        with pytest.raises(identity.exceptions.CodeMismatchException):
            identity.confirm_sign_up(ClientId=client, Username=email, ConfirmationCode=wrong)
        identity.confirm_sign_up(ClientId=client, Username=email, ConfirmationCode=right)

    def test_calls_the_post_confirmation_function_and_verifies_the_address(self, cloud: Connected) -> None:
        identity, email = cloud.client("cognito-idp"), f"{uuid.uuid4().hex}@members.example"
        calls = len(cloud.function_log(cloud.outputs["IdentityTriggerFunctionName"]))
        self._sign_up(cloud, email)
        identity.confirm_sign_up(
            ClientId=cloud.outputs["MemberClientId"],
            Username=email,
            ConfirmationCode=joining.mailed_code(cloud, email),
        )
        assert len(cloud.function_log(cloud.outputs["IdentityTriggerFunctionName"])) > calls
        user = identity.admin_get_user(UserPoolId=cloud.outputs["MemberPoolId"], Username=email)
        assert {"Name": "email_verified", "Value": "true"} in user["UserAttributes"]


def test_staff_keep_their_group_and_time_of_sign_in_over_a_refresh(cloud: Connected) -> None:
    client = cloud.outputs["StaffClientId"]
    first = cloud.client("cognito-idp").initiate_auth(
        ClientId=client,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": STAFF[1].email, "PASSWORD": PASSWORD},
    )["AuthenticationResult"]
    again = httpx.post(
        f"{cloud.gateway}/oauth2/token",
        data={"grant_type": "refresh_token", "client_id": client, "refresh_token": first["RefreshToken"]},
        timeout=10,
    ).json()
    before, after = _claims(first["AccessToken"]), _claims(again["access_token"])
    assert after["cognito:groups"] == before["cognito:groups"] == ["business-operator"]
    assert after["auth_time"] == before["auth_time"]


def test_a_service_that_dies_is_started_again(cloud: Connected) -> None:
    def orders() -> dict[str, Any]:
        services = cloud.emulator("GET", "/_local/services")
        return next(one for one in services if one["name"] == "orders")

    assert eventually(lambda: orders()["pid"] is not None, 20)
    before = orders()
    os.kill(before["pid"], signal.SIGKILL)
    assert eventually(lambda: orders()["pid"] not in (None, before["pid"]), 20)
    assert orders()["starts"] == before["starts"] + 1


@pytest.fixture(scope="module")
def redemption(cloud: Connected, token: str) -> dict[str, Any]:
    """Points only, through the machine and the orders service, to its end."""
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=cloud.api("Member"), headers=headers, timeout=40) as door:
        quote = _quote(door)
        split = {"points": quote["points_max"]}
        chosen = door.post(f"/quotes/{quote['quote_id']}/split", json=split).json()
        with cloud.query() as connection:
            row = connection.execute("select clock.new_id()::text as key").fetchone()
        assert row is not None
        body = {
            "quote_id": quote["quote_id"],
            "quote_token": quote["quote_token"],
            "points": chosen["points_charged"],
            "money_minor": chosen["money_minor"],
        }
        accepted = door.post("/redemptions", json=body, headers={"Idempotency-Key": row["key"]})
        assert accepted.status_code == 202, accepted.text
        ended: dict[str, Any] = {}

        def completed() -> bool:
            ended.update(door.get(f"/redemptions/{row['key']}").json())
            return ended["status"] == "completed"

        assert eventually(completed, 40), ended
    return ended


def _quote(door: httpx.Client) -> dict[str, Any]:
    """Of the cheapest thing that is there: the catalogue may still be coming."""
    found: list[Any] = []

    def there() -> bool:
        version = door.get("/catalogue").json()["programme_version"]
        answer = door.get(f"/catalogue/{version}/products", params={"sort": "points"})
        found[:] = answer.json()["products"]
        return bool(found)

    assert eventually(there, 40)
    answer = door.post("/quotes", json={"lines": [{"asin": found[0]["asin"], "quantity": 1}]})
    assert answer.status_code == 201, answer.text
    quote: dict[str, Any] = answer.json()
    return quote


class TestARedemption:
    def test_is_completed_and_its_machine_succeeded(self, cloud: Connected, redemption: dict[str, Any]) -> None:
        arn = cloud.outputs["StateMachineArn"].replace(":stateMachine:", ":execution:")
        states = cloud.client("stepfunctions")
        name = f"{arn}:{redemption['redemption_id']}"
        assert eventually(lambda: states.describe_execution(executionArn=name)["status"] == "SUCCEEDED")

    def test_is_traced_through_every_part(self, cloud: Connected, redemption: dict[str, Any]) -> None:
        entries = trace.trace(cloud, uuid.UUID(redemption["redemption_id"]))
        parts = {"member_api", "redemption", "ledger", "order", "orders", "machine", "Amazon Business"}
        assert parts <= {entry.part for entry in entries}
        assert [entry.at for entry in entries] == sorted(entry.at for entry in entries)
        assert list(trace.text(entries))

    def test_leaves_every_invariant_standing(self, cloud: Connected, redemption: dict[str, Any]) -> None:
        with cloud.query() as connection:
            broken = connection.execute("select name from points.invariants where violations > 0").fetchall()
        assert broken == []


def _claims(token: str) -> dict[str, Any]:
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    return claims
