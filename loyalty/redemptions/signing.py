"""The quote's token: an HMAC over all that the member was promised, so that nobody promises himself another price."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

MIN_KEY_LENGTH = 32


def token(key: str, promised: Mapping[str, Any]) -> str:
    """Sign a quote's row and lines. Raises ValueError for a key that is too short to be one."""
    if len(key) < MIN_KEY_LENGTH:
        raise ValueError("the signing key must have 32 characters at least")
    digest = hmac.digest(key.encode(), canonical(promised), hashlib.sha256)
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def is_genuine(key: str, promised: Mapping[str, Any], given: str) -> bool:
    """Whether the token is this quote's; takes as long for a wrong one."""
    return hmac.compare_digest(token(key, promised).encode(), given.encode(errors="replace"))


def canonical(promised: Mapping[str, Any]) -> bytes:
    """One spelling for one quote: sorted keys, no spaces, times in UTC."""
    return json.dumps(promised, sort_keys=True, separators=(",", ":"), default=_spelled).encode()


def _spelled(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no one spelling")
