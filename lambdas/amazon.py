"""The process's Amazon Business client, by AMAZON_BUSINESS_* and AMAZON_LWA_URL in the environment."""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.metrics import MetricUnit

from lambdas.observed import logger, metrics
from loyalty import aws

if TYPE_CHECKING:
    from loyalty.orders.amazon_business import AmazonBusiness


@cache
def amazon_business(region: str, locale: str, read_seconds: float, *, for_members: bool = False) -> AmazonBusiness:
    """One client a store, so that its token and connections are shared; `read_seconds`: our patience with an answer.

    `for_members`: somebody waits, so that after failures in a row nobody is asked for a while (`Breaker`); each request
    sets its limit over all it asks by `within`.
    """
    from loyalty.orders.amazon_business import AmazonBusiness, RenewedCredentials, Timeouts
    from loyalty.orders.amazon_business.breaker import Breaker

    # Whoever waits has no half a minute for a secret that is known already.
    patience: dict[str, Any] = {"connect_seconds": 1, "read_seconds": 2, "attempts": 2} if for_members else {}
    secrets, secret_arn = aws.client("secretsmanager", **patience), os.environ["AMAZON_BUSINESS_SECRET_ARN"]
    return AmazonBusiness(
        os.environ["AMAZON_BUSINESS_URL"],
        os.environ["AMAZON_LWA_URL"],
        RenewedCredentials(lambda: str(secrets.get_secret_value(SecretId=secret_arn)["SecretString"])),
        timeouts=Timeouts(connect=2, read=read_seconds, order=read_seconds),
        region=region,
        locale=locale,
        breaker=Breaker(opened=_opened) if for_members else None,
    )


def _opened() -> None:
    logger.warning("Amazon Business does not answer, and is not asked for a while")
    metrics.add_metric("AmazonUnanswered", MetricUnit.Count, 1)
