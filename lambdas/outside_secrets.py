"""Secrets of outside parties that operators put below OUTSIDE_PARTIES (`loyalty/<environment>/outside/`), by name."""

from __future__ import annotations

import os
import time
from functools import cache
from typing import Any

from loyalty import aws
from loyalty.integrations.checking import NoSecret

# A new key is taken up after this time without a restart.
SECONDS = 300.0
_known: dict[str, tuple[float, str]] = {}


def secret(name: str, *, fresh: bool = False) -> str:
    """Its value. Raises NoSecret."""
    from botocore.exceptions import ClientError

    known = _known.get(name)
    if known and not fresh and time.monotonic() - known[0] < SECONDS:
        return known[1]
    try:
        value = str(_secrets().get_secret_value(SecretId=f"{os.environ['OUTSIDE_PARTIES']}{name}")["SecretString"])
    except (ClientError, KeyError) as failure:
        code = failure.response["Error"]["Code"] if isinstance(failure, ClientError) else ""
        if code and code not in ("ResourceNotFoundException", "AccessDeniedException", "InvalidRequestException"):
            raise
        raise NoSecret from None
    _known[name] = (time.monotonic(), value)
    return value


@cache
def _secrets() -> Any:
    return aws.client("secretsmanager")
