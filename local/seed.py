"""What a fresh cloud needs before its first request: credentials of the outside parties, a settable clock, a catalogue,
and people who can sign in. Everything here may run twice."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import psycopg
from botocore.exceptions import BotoCoreError, ClientError
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from local.connected import OWNER, Connected
from local.people import MEMBERS, PASSWORD, STAFF, Member

SIMULATORS = ("amazon_business", "amazon_pay")

type Say = Callable[[str], None]


class SeedFailed(Exception):
    """A part of the cloud refused what it was seeded with."""


def seed(cloud: Connected, say: Say) -> list[str]:
    """Do all of it; what was refused is said and returned, and the rest is done nevertheless."""
    problems = []
    steps: tuple[Callable[[Connected], str], ...] = (_settable_clock, _credentials, _catalogue, _staff, _members)
    for step in steps:
        try:
            say(step(cloud))
        except (SeedFailed, httpx.HTTPError, BotoCoreError, ClientError, psycopg.Error) as error:
            problems.append(f"{step.__name__.strip('_').replace('_', ' ')}: {error}")
            say(f"NOT SEEDED  {problems[-1]}")
    return problems


def _settable_clock(cloud: Connected) -> str:
    """Migrations may have put the plain clock back."""
    sql = (Path(__file__).parent / "settable_clock.sql").read_bytes()
    with cloud.database(OWNER) as connection:
        connection.execute(sql)
    return "the clock can be turned"


def _credentials(cloud: Connected) -> str:
    """Made once for a state folder; in Secrets Manager for us, at the simulators' control planes for them."""
    file = cloud.state / "credentials.json"
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(json.dumps(_new_credentials(), indent=2))
    credentials = json.loads(file.read_text())
    business, pay = credentials["amazon_business"], credentials["amazon_pay"]
    manager = cloud.client("secretsmanager")
    for output, value in (
        ("AmazonBusinessSecretArn", business),
        ("AmazonPaySecretArn", {key: value for key, value in pay.items() if key != "public_key_pem"}),
    ):
        manager.put_secret_value(SecretId=cloud.outputs[output], SecretString=json.dumps(value))
    registered = {"amazon_business": business, "amazon_pay": {k: v for k, v in pay.items() if k != "private_key_pem"}}
    for name in SIMULATORS:
        answer = httpx.put(f"{cloud.simulator(name)}/_simulator/credentials", json=registered[name], timeout=10)
        _require(answer, f"the simulator {name} takes its credentials")
    return "the outside parties know us"


def _new_credentials() -> dict[str, Any]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return {
        "amazon_business": {
            "client_id": f"amzn1.application-oa2-client.{secrets.token_hex(16)}",
            "client_secret": secrets.token_hex(32),
            "refresh_token": f"Atzr|{secrets.token_urlsafe(48)}",
            "buyer_email": "buyer@loyalty.example",
            "buying_group": "BuyingGroup-Loyalty",
        },
        "amazon_pay": {
            "public_key_id": f"SANDBOX-{secrets.token_hex(12).upper()}",
            "private_key_pem": private.decode(),
            "public_key_pem": public.decode(),
            "store_id": f"amzn1.application-oa2-client.{secrets.token_hex(16)}",
            "merchant_id": f"A{secrets.token_hex(6).upper()}",
        },
    }


def _catalogue(cloud: Connected) -> str:
    answer = cloud.client("lambda").invoke(
        FunctionName=cloud.outputs["CatalogueSyncFunctionName"], Payload=json.dumps({"full": True})
    )
    said = json.loads(answer["Payload"].read() or b"null")
    if answer.get("FunctionError"):
        raise SeedFailed(f"the catalogue cannot be synced: {said.get('errorType')}: {said.get('errorMessage')}")
    return f"the catalogue is synced: {json.dumps(said)}"


def _staff(cloud: Connected) -> str:
    identity, pool = cloud.client("cognito-idp"), cloud.outputs["StaffPoolId"]
    for person in STAFF:
        _user(identity, pool, person.email)
        identity.admin_add_user_to_group(UserPoolId=pool, Username=person.email, GroupName=person.group)
    return f"{len(STAFF)} staff can sign in"


def _user(identity: Any, pool: str, email: str) -> None:
    """A confirmed user with the known password, whether or not there is one."""
    with suppress(identity.exceptions.UsernameExistsException):
        identity.admin_create_user(
            UserPoolId=pool,
            Username=email,
            MessageAction="SUPPRESS",
            UserAttributes=[{"Name": "email", "Value": email}, {"Name": "email_verified", "Value": "true"}],
        )
    identity.admin_set_user_password(UserPoolId=pool, Username=email, Password=PASSWORD, Permanent=True)


def _members(cloud: Connected) -> str:
    """Registered by a partner, given points by it, then signed up: the post-confirmation function links the two."""
    with _partner(cloud) as partner:
        for member in MEMBERS:
            _register(partner, member)
            _sign_up(cloud, member)
    return f"{len(MEMBERS)} members can sign in"


@contextmanager
def _partner(cloud: Connected) -> Iterator[httpx.Client]:
    """A client of the inbound API with the partner's credentials."""
    identity, pool, client = (
        cloud.client("cognito-idp"),
        cloud.outputs["MemberPoolId"],
        cloud.outputs["PartnerClientId"],
    )
    described = identity.describe_user_pool_client(UserPoolId=pool, ClientId=client)["UserPoolClient"]
    basic = base64.b64encode(f"{client}:{described['ClientSecret']}".encode()).decode()
    token = httpx.post(
        f"{cloud.gateway}/oauth2/token",
        data={"grant_type": "client_credentials", "scope": "loyalty/members.write loyalty/accruals.write"},
        headers={"Authorization": f"Basic {basic}"},
        timeout=10,
    )
    _require(token, "the partner gets a token")
    headers = {"Authorization": f"Bearer {token.json()['access_token']}"}
    with httpx.Client(base_url=cloud.api("Inbound"), headers=headers, timeout=30) as partner:
        yield partner


def _register(partner: httpx.Client, member: Member) -> None:
    _require(partner.post("/members", json=member.registration()), f"member {member.number} is registered", also=(409,))
    _require(partner.post("/accruals", json=member.purchase()), f"member {member.number} gets points", also=(409,))


def _sign_up(cloud: Connected, member: Member) -> None:
    identity, pool = cloud.client("cognito-idp"), cloud.outputs["MemberPoolId"]
    client = cloud.outputs["MemberClientId"]
    try:
        identity.sign_up(
            ClientId=client,
            Username=member.email,
            Password=PASSWORD,
            UserAttributes=[
                {"Name": "email", "Value": member.email},
                {"Name": "custom:member_number", "Value": member.number},
            ],
        )
    except identity.exceptions.UsernameExistsException:
        return
    identity.admin_confirm_sign_up(UserPoolId=pool, Username=member.email)


def _require(answer: httpx.Response, what: str, also: tuple[int, ...] = ()) -> None:
    if answer.status_code >= 300 and answer.status_code not in also:
        raise SeedFailed(f"{what}: {answer.status_code} {answer.text[:400]}")
