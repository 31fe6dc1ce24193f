"""Amazon and the payment providers as the environment names them, built when they are first asked."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

from loyalty import aws
from loyalty.database import Connection
from loyalty.payments.providers import Providers, amazon_pay, stripe

if TYPE_CHECKING:
    from loyalty.orders.amazon_business import AmazonBusiness

READ_SECONDS = 20.0


def _secret(variable: str) -> Callable[[], str]:
    def read() -> str:
        answer = aws.client("secretsmanager").get_secret_value(SecretId=os.environ[variable])
        return str(answer["SecretString"])

    return read


@cache
def providers() -> Providers:
    """By AMAZON_PAY_* and STRIPE_*. A secret that nobody has filled in is NotTrusted when it is asked for."""
    return Providers(
        amazon_pay=amazon_pay(os.environ["AMAZON_PAY_URL"], _secret("AMAZON_PAY_SECRET_ARN")),
        stripe=stripe(os.environ["STRIPE_URL"], _secret("STRIPE_SECRET_ARN")),
    )


@cache
def _amazon(region: str, locale: str) -> AmazonBusiness:
    from loyalty.orders.amazon_business import AmazonBusiness, RenewedCredentials, Timeouts

    return AmazonBusiness(
        os.environ["AMAZON_BUSINESS_URL"],
        os.environ["AMAZON_LWA_URL"],
        RenewedCredentials(_secret("AMAZON_BUSINESS_SECRET_ARN")),
        timeouts=Timeouts(connect=2, read=READ_SECONDS, order=READ_SECONDS),
        region=region,
        locale=locale,
    )


def stores(connection: Connection) -> Callable[[int], AmazonBusiness]:
    """The store of each programme; KeyError for one that has published nothing."""
    rows = connection.execute("select program_id, region, locale from catalogue.stores()").fetchall()
    known = {row["program_id"]: (row["region"], row["locale"]) for row in rows}
    return lambda program_id: _amazon(*known[program_id])
