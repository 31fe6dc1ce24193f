"""Every few minutes: be a member. Sign in, look, ask what it costs, redeem, see it ordered (as a trial), give it back.

It signs in as a client of its own with a secret of its own (OAuth client credentials): no person's password, no group,
and a token that is good for the programme whose orders are trials and for no other.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Mapping
from functools import cache
from typing import Any

import urllib3
from aws_lambda_powertools.metrics import MetricUnit

from lambdas.observed import log_failure, logger, measured, metrics, observed
from loyalty import aws
from loyalty.canary import reversing
from loyalty.canary.visiting import Answer, StepFailed, Visit
from loyalty.database import database

TIMEOUT = urllib3.Timeout(connect=5, read=30)
# Enough for the cheapest things that there are.
POINTS = 1_000_000
ORDERED_SECONDS = 60.0


@observed
def handler(event: Any, context: Any) -> dict[str, Any]:
    """The points it cost and gave back, and the seconds of each step; or the step that failed, and why. What stands by
    then is reversed, here or by the sweeper."""
    metrics.add_metric("CanaryRan", MetricUnit.Count, 1)
    client_id = os.environ["CANARY_CLIENT_ID"]
    connection = database().connection()
    prepared = reversing.prepare(connection, client_id, POINTS)
    token = ""

    def ask(
        method: str, path: str, body: Mapping[str, Any] | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        url = os.environ["MEMBER_API_URL"].rstrip("/") + path
        return _sent(method, url, body, {"Authorization": f"Bearer {token}", **(headers or {})})

    visit = Visit(ask, prepared.key, prepared.available, json.loads(os.environ["CANARY_ADDRESS"]))
    succeeded = False
    try:
        with visit.step("sign_in"):
            token = _token(client_id)
        try:
            points = visit.run()
        except Exception:  # whatever it was: what may stand is given back first
            if visit.redeemed:
                _give_back(connection, visit)
            raise
        with visit.step("reverse"):
            if (status := reversing.reverse(connection, visit.key, ORDERED_SECONDS)) != "reversed":
                raise StepFailed("reverse", status)
            visit.see_returned(points)
        succeeded = True
    except StepFailed as failure:
        # The alarm stands on the metric: one failure may be a product that has just gone.
        logger.error("the canary failed", extra={"step": failure.step, "why": failure.why, "id": str(visit.key)})
        return {"failed": failure.step, "why": failure.why, "seconds": _rounded(visit)}
    finally:
        metrics.add_metric("CanarySucceeded", MetricUnit.Count, int(succeeded))
        for step, seconds in _rounded(visit).items():
            measured({"CanarySeconds": (MetricUnit.Seconds, seconds)}, step=step)
    logger.info("the canary sings", extra={"points": points, "id": str(visit.key)})
    return {"points": points, "seconds": _rounded(visit)}


def _rounded(visit: Visit) -> dict[str, float]:
    return {step: round(seconds, 3) for step, seconds in visit.seconds.items()}


def _give_back(connection: Any, visit: Visit) -> None:
    """Whatever it was that failed is told, and not this."""
    try:
        status = reversing.reverse(connection, visit.key, ORDERED_SECONDS)
        logger.info("given back after a failure", extra={"status": status})
    except Exception as failure:
        log_failure(failure)


def _token(client_id: str) -> str:
    """An access token of the canary's own client. Raises StepFailed."""
    basic = base64.b64encode(f"{client_id}:{_client_secret()}".encode()).decode()
    try:
        response = _http().request(
            "POST",
            os.environ["TOKEN_URL"],
            fields={"grant_type": "client_credentials", "scope": "loyalty/member"},
            encode_multipart=False,
            headers={"Authorization": f"Basic {basic}"},
            timeout=TIMEOUT,
            retries=False,
        )
    except urllib3.exceptions.HTTPError as failure:
        raise StepFailed("sign_in", type(failure).__name__) from None
    if response.status != 200:
        # A secret that an operator has replaced since is read again the next time.
        _client_secret.cache_clear()
        raise StepFailed("sign_in", str(response.status))
    return str(response.json()["access_token"])


@cache
def _client_secret() -> str:
    value = aws.client("secretsmanager").get_secret_value(SecretId=os.environ["CANARY_SECRET_ARN"])["SecretString"]
    secret = str(json.loads(value).get("client_secret", ""))
    if not secret:
        raise StepFailed("sign_in", "its secret is not put in yet: docs/operations/canary.md")
    return secret


def _sent(method: str, url: str, body: Mapping[str, Any] | None, headers: Mapping[str, str]) -> Answer:
    try:
        response = _http().request(
            method,
            url,
            body=None if body is None else json.dumps(body),
            headers={"Content-Type": "application/json", **headers},
            timeout=TIMEOUT,
            retries=False,
        )
        told = json.loads(response.data or b"{}")
    except (urllib3.exceptions.HTTPError, ValueError) as failure:
        return Answer(599, {"code": type(failure).__name__})
    return Answer(response.status, told if isinstance(told, dict) else {})


@cache
def _http() -> urllib3.PoolManager:
    return urllib3.PoolManager()
