"""The token of an ERP, and the one host that may see it.

Who edits the programme chooses the address and names the secret; the operator who filled the secret in has said where
it may go. Anything else of ours that has a name is no token, and is sent to nobody.
"""

from __future__ import annotations

import json
from urllib.parse import urlsplit

from loyalty.integrations.signing import PREFIX
from loyalty.programme.schema.integrations import Erp


class NoToken(Exception):
    """`code`: no-secret (it is not there), no-token (not JSON with host and token), other-host (for another one)."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def token_of(secret: str, where: Erp) -> str:
    """What its endpoint may be sent. Raises NoToken."""
    try:
        told = json.loads(secret)
    except ValueError:
        raise NoToken("no-token") from None
    if not isinstance(told, dict) or told.keys() != {"host", "token"}:
        raise NoToken("no-token")
    host, token = told["host"], told["token"]
    if not isinstance(host, str) or not isinstance(token, str) or not host or not token.strip():
        raise NoToken("no-token")
    if token.strip().startswith(PREFIX):
        # A key signs, and is never sent.
        raise NoToken("no-token")
    if host.strip().lower() != urlsplit(where.endpoint).hostname:
        raise NoToken("other-host")
    return token.strip()
