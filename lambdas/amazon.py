"""The process's Amazon Business client, by AMAZON_BUSINESS_* and AMAZON_LWA_URL in the environment."""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING

from loyalty import aws

if TYPE_CHECKING:
    from loyalty.orders.amazon_business import AmazonBusiness


@cache
def amazon_business(region: str, locale: str, read_seconds: float) -> AmazonBusiness:
    """One client a store, so that its token and connections are shared; `read_seconds`: our patience with an answer."""
    from loyalty.orders.amazon_business import AmazonBusiness, RenewedCredentials, Timeouts

    secrets, secret_arn = aws.client("secretsmanager"), os.environ["AMAZON_BUSINESS_SECRET_ARN"]
    return AmazonBusiness(
        os.environ["AMAZON_BUSINESS_URL"],
        os.environ["AMAZON_LWA_URL"],
        RenewedCredentials(lambda: str(secrets.get_secret_value(SecretId=secret_arn)["SecretString"])),
        timeouts=Timeouts(connect=2, read=read_seconds, order=read_seconds),
        region=region,
        locale=locale,
    )
