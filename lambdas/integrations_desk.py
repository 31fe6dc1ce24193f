"""The staff's test of a connection. Apart from the rest of the manager API, because only this one holds the keys."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime
from functools import cache
from typing import Annotated, Any, Literal

from aws_lambda_powertools.event_handler.openapi.params import Path

from lambdas import outside_secrets
from lambdas.amazon import amazon_business
from lambdas.http import Router, View, entry
from lambdas.staff import staff, staff_resolver
from loyalty import aws
from loyalty.database import database
from loyalty.integrations import checking
from loyalty.integrations.checking import Finding
from loyalty.integrations.outside import Outside, elsewhere
from loyalty.programme import reading
from loyalty.programme.document import Programme
from loyalty.refusal import Kind, Refusal

app = staff_resolver("Integrations desk")
router = Router()

# A token and a search, one after the other, fit into API Gateway's 29 seconds.
READ_SECONDS = 8.0


class CheckFinding(View):
    """`code` is stable; `detail` is for a person."""

    level: Literal["ok", "note", "warning", "failed"]
    code: str
    detail: str


class ConnectionCheck(View):
    """What a test said, the worst first of all in `outcome`."""

    connection: str
    outcome: Literal["ok", "warning", "failed"]
    findings: list[CheckFinding]
    checked_by: str
    checked_at: datetime


Name = Annotated[str, Path(pattern=r"^(amazon-business|payment|erp|webhook-[a-z][a-z0-9-]{0,39})$")]


@router.post("/integrations/<connection>/test", summary="Test a connection as it is published")
def post_test(connection: Name) -> ConnectionCheck:
    who = staff(router)
    actor = f"staff:{who.subject}"
    door = database().connection()
    document = reading.current(door, who.program_id).document
    row = door.execute("select clock.now() as now, clock.new_id() as id").fetchone()
    assert row is not None
    findings = _test(document, connection, str(row["id"]), row["now"])
    at = checking.note(door, who.program_id, connection, findings, actor)
    return ConnectionCheck(
        connection=connection,
        outcome=checking.outcome(findings),
        findings=[CheckFinding(level=one.level, code=one.code, detail=one.detail) for one in findings],
        checked_by=actor,
        checked_at=at,
    )


def _outside() -> Outside:
    return Outside(hosts=elsewhere(os.environ.get("OUTSIDE_HOSTS")))


def _test(document: Programme, connection: str, message_id: str, now: datetime) -> list[Finding]:
    settings = document.integrations
    if connection == "amazon-business":
        store = document.store
        client = amazon_business(store.region, store.locale, READ_SECONDS)
        return checking.amazon_business(
            client, settings.amazon_business.buying_group, settings.amazon_business.purchase_order_prefix
        )
    if connection == "payment":
        return _amazon_pay() if settings.payment.provider == "amazon_pay" else _stripe()
    if connection == "erp":
        if settings.erp is None:
            raise Refusal(Kind.NOT_FOUND, "no-such-connection", "No ERP is set up.")
        return checking.erp(_outside(), _fresh, settings.erp)
    code = connection.removeprefix("webhook-")
    for hook in settings.webhooks:
        if hook.code == code:
            return checking.webhook(_outside(), _fresh, hook, message_id, now)
    raise Refusal(Kind.NOT_FOUND, "no-such-connection", "The published programme has no such webhook.")


def _fresh(name: str) -> str:
    return outside_secrets.secret(name, fresh=True)


def _amazon_pay() -> list[Finding]:
    from loyalty.payments.amazon_pay.client import AmazonPayClient, Credentials

    def ask(secret: str) -> Any:
        client = AmazonPayClient(
            os.environ["AMAZON_PAY_URL"], Credentials.from_json(secret), read_timeout_seconds=READ_SECONDS
        )
        return client.get_charge_permission(checking.NO_PERMISSION)

    return _payment("Amazon Pay", "AMAZON_PAY_SECRET_ARN", ask)


def _stripe() -> list[Finding]:
    from loyalty.payments.stripe.client import Credentials, StripeApi

    def ask(secret: str) -> Any:
        api = StripeApi(os.environ["STRIPE_URL"], Credentials.from_json(secret), read_timeout_seconds=READ_SECONDS)
        return api.read(lambda client: client.v1.payment_intents.retrieve(checking.NO_INTENT))

    return _payment("Stripe", "STRIPE_SECRET_ARN", ask)


def _payment(name: str, arn: str, ask: Callable[[str], Any]) -> list[Finding]:
    secret = str(_secrets().get_secret_value(SecretId=os.environ[arn])["SecretString"])
    if not checking.is_filled_in(secret):
        return checking.no_key(name)
    try:
        return checking.payment(lambda: ask(secret), name)
    except (KeyError, TypeError, ValueError):
        return [Finding("failed", "secret", f"The secret of {name} is not as docs/operations/secrets.md says.")]


@cache
def _secrets() -> Any:
    return aws.client("secretsmanager")


app.include_router(router)

handler = entry(app)
