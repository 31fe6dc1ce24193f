"""What a fresh cloud needs before its first request: credentials of the outside parties, a settable clock, a catalogue,
and people who can sign in. Everything here may run twice."""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import psycopg
from botocore.exceptions import BotoCoreError, ClientError
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from local import joining
from local.connected import OWNER, Connected

# Who knows us by credentials, and all that runs.
KNOWING = ("amazon_business", "amazon_pay", "stripe")
SIMULATORS = (*KNOWING, "textract", "erp", "glue", "redshift", "sagemaker")
# As config/local.toml says.
ERP_HOST = "erp.loyalty.example"

type Say = Callable[[str], None]


class SeedFailed(Exception):
    """A part of the cloud refused what it was seeded with."""


def seed(cloud: Connected, say: Say, problems: list[str]) -> threading.Thread:
    """Do all of it and return the thread in which the catalogue still comes.

    What was refused is said and added to `problems`, and the rest is done nevertheless.
    """

    def run(*steps: Callable[[Connected], str]) -> None:
        for step in steps:
            try:
                say(step(cloud))
            except (SeedFailed, joining.Refused, httpx.HTTPError, BotoCoreError, ClientError, psycopg.Error) as error:
                problems.append(f"{step.__name__.strip('_').replace('_', ' ')}: {error}")
                say(f"NOT SEEDED  {problems[-1]}")

    run(_settable_clock, _credentials, _canary, _erp, _webhooks, _packages, _invoices)
    catalogue = threading.Thread(target=run, args=(sync_catalogue,), name="catalogue", daemon=True)
    catalogue.start()
    run(joining.staff, joining.members)
    return catalogue


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
    credentials = _new_credentials() | json.loads(file.read_text())
    file.write_text(json.dumps(credentials, indent=2))
    business, pay, stripe = (credentials[name] for name in KNOWING)
    manager = cloud.client("secretsmanager")
    for output, value in (
        ("AmazonBusinessSecretArn", business),
        ("AmazonPaySecretArn", {key: value for key, value in pay.items() if key != "public_key_pem"}),
        ("StripeSecretArn", {"api_key": stripe["api_key"]}),
        ("StripeWebhookSecretArn", {"signing_secret": stripe["webhook_secret"]}),
    ):
        manager.put_secret_value(SecretId=cloud.outputs[output], SecretString=json.dumps(value))
    registered = {
        "amazon_business": business,
        "amazon_pay": {k: v for k, v in pay.items() if k != "private_key_pem"},
        "stripe": stripe,
    }
    for name in KNOWING:
        answer = httpx.put(f"{cloud.simulator(name)}/_simulator/credentials", json=registered[name], timeout=10)
        _require(answer, f"the simulator {name} takes its credentials")
    return "the outside parties know us"


def _canary(cloud: Connected) -> str:
    """The secret of its client, as an operator takes it over from the pool: docs/operations/canary.md."""
    described = cloud.client("cognito-idp").describe_user_pool_client(
        UserPoolId=cloud.outputs["MemberPoolId"], ClientId=cloud.outputs["CanaryVisitorClientId"]
    )["UserPoolClient"]
    value = json.dumps({"client_secret": described["ClientSecret"]})
    cloud.client("secretsmanager").put_secret_value(SecretId=cloud.outputs["CanarySecretArn"], SecretString=value)
    return "the canary can sign in"


def _erp(cloud: Connected) -> str:
    """Its token: below the secrets of outside parties for us, as operators put it there, and at its control plane."""
    token = json.loads((cloud.state / "credentials.json").read_text())["erp"]["token"]
    name, value = "loyalty/local/outside/erp", json.dumps({"host": ERP_HOST, "token": token})
    manager = cloud.client("secretsmanager")
    try:
        manager.create_secret(Name=name, SecretString=value)
    except manager.exceptions.ResourceExistsException:
        manager.put_secret_value(SecretId=name, SecretString=value)
    answer = httpx.put(f"{cloud.simulator('erp')}/_simulator/credentials", json={"token": token}, timeout=10)
    _require(answer, "the simulator erp takes its token")
    return "the ERP knows us"


def _webhooks(cloud: Connected) -> str:
    """Where the payment providers' stand-ins send what happens there."""
    inbound = cloud.api("Inbound")
    for name, path in (("amazon_pay", "amazon-pay"), ("stripe", "stripe")):
        known = {"webhook_url": f"{inbound}/webhooks/{path}"}
        if name == "amazon_pay":
            known["public_url"] = cloud.simulator(name)
        answer = httpx.put(f"{cloud.simulator(name)}/_simulator/settings", json=known, timeout=10)
        _require(answer, f"the simulator {name} takes our webhook's address")
    return "the payment providers tell us what happens"


def _packages(cloud: Connected) -> str:
    """Amazon Business pushes packages' steps to our webhook, and hints at changed orders by our topic."""
    secret = cloud.client("secretsmanager").get_secret_value(SecretId=cloud.outputs["AmazonBusinessWebhookSecretArn"])
    settings = {
        "push_url": f"{cloud.api('Inbound')}/webhooks/amazon-business/packages",
        "push_secret": json.loads(secret["SecretString"])["current"],
        "hint_endpoint": cloud.gateway,
        "hint_topic_arn": cloud.outputs["OrderHintsTopicArn"],
    }
    answer = httpx.put(f"{cloud.simulator('amazon_business')}/_simulator/settings", json=settings, timeout=10)
    _require(answer, "the simulator amazon_business takes our webhook's address")
    return "Amazon Business tells us where packages are"


def _invoices(cloud: Connected) -> str:
    """Amazon Business mails its invoices to our door for mail."""
    settings = {"invoice_recipient": f"main@{cloud.outputs['InvoiceMailDomain']}", "mail_port": cloud.ports.mail}
    answer = httpx.put(f"{cloud.simulator('amazon_business')}/_simulator/settings", json=settings, timeout=10)
    _require(answer, "the simulator amazon_business takes the address of invoices")
    return "Amazon Business mails us invoices"


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
        "stripe": {
            "api_key": f"sk_test_{secrets.token_hex(24)}",
            "webhook_secret": f"whsec_{secrets.token_hex(16)}",
        },
        "erp": {"token": secrets.token_urlsafe(32)},
    }


def sync_catalogue(cloud: Connected) -> str:
    """At the pace that Amazon publishes, so it takes a while: 18 seconds for the simulator's shelf."""
    answer = cloud.client("lambda").invoke(
        FunctionName=cloud.outputs["CatalogueSyncFunctionName"], Payload=json.dumps({"full": True})
    )
    said = json.loads(answer["Payload"].read() or b"null")
    if answer.get("FunctionError"):
        raise SeedFailed(f"the catalogue cannot be synced: {said.get('errorType')}: {said.get('errorMessage')}")
    return f"the catalogue is synced: {json.dumps(said)}"


def _require(answer: httpx.Response, what: str) -> None:
    if answer.status_code >= 300:
        raise SeedFailed(f"{what}: {answer.status_code} {answer.text[:400]}")
