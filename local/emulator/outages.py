"""Services that are switched off: whoever asks one of them is answered as by a service that is down.

What the emulator does within itself (a bus that fills a queue, a queue that calls a function) goes on. A service that
has a stand-in of its own is asked past the gateway, so the stand-in is told too.
"""

from __future__ import annotations

import json
import os
import re
import urllib.request
from dataclasses import dataclass, field
from typing import Any

# AWS4-HMAC-SHA256 Credential=<key>/<day>/<region>/<service>/aws4_request, …
_SIGNED_FOR = re.compile(rb"Credential=[^/]+/\d{8}/[^/]+/([a-z0-9-]+)/aws4_request")
# An address that was signed for somebody else's browser says it in the query.
_SIGNED_ADDRESS = re.compile(rb"Credential=[^&]+?%2F\d{8}%2F[^&]+?%2F([a-z0-9-]+)%2Faws4_request")
# Cognito's pages and its token endpoint are asked without a signature.
_SIGN_IN = ("/oauth2/", "/login", "/logout")
STAND_IN_SECONDS = 10


@dataclass(slots=True)
class Outages:
    """`off`: the services by the names that requests to them are signed for (`ses`, `sqs`, `states`, `cognito-idp`)."""

    off: set[str] = field(default_factory=set)

    def switch(self, method: str, service: str) -> list[str]:
        """PUT: off, DELETE: on again. All that are off now. Raises OSError if its stand-in does not do it."""
        if address := os.environ.get(f"AWS_ENDPOINT_URL_{service.upper().replace('-', '_')}"):
            _tell(address, off=method == "PUT")
        (self.off.add if method == "PUT" else self.off.discard)(service)
        return sorted(self.off)

    def concern(self, scope: dict[str, Any]) -> bool:
        """Whether the request is to a service that is off."""
        if not self.off or scope["type"] != "http":
            return False
        if scope["path"].startswith(_SIGN_IN):
            return "cognito-idp" in self.off
        authorization = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
        signed = _SIGNED_FOR.search(authorization) or _SIGNED_ADDRESS.search(scope.get("query_string", b""))
        return signed is not None and signed[1].decode() in self.off

    async def answer(self, send: Any) -> None:
        """503, which SDKs try again and then raise."""
        # Without words, which each of AWS's protocols has its own of.
        await send({"type": "http.response.start", "status": 503, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})


def _tell(address: str, *, off: bool) -> None:
    request = urllib.request.Request(  # noqa: S310 - the stand-in's own control plane
        f"{address}/_simulator/settings", method="PUT", data=json.dumps({"off": off}).encode()
    )
    urllib.request.urlopen(request, timeout=STAND_IN_SECONDS).close()  # noqa: S310 - the same
