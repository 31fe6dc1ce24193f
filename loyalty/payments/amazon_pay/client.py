"""Calls of the Amazon Pay Checkout v2 API: sign, send once, and say what the answer means. Nothing is retried here.

A retry is the business of who stored the idempotency key; the documents in and out are Amazon's own.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlsplit

import urllib3

from loyalty.payments.amazon_pay.errors import error_of
from loyalty.payments.amazon_pay.signing import authorization, load_private_key
from loyalty.payments.provider import NotSent, OutcomeUnknown, Throttled

CONNECT_TIMEOUT_SECONDS = 3.0
READ_TIMEOUT_SECONDS = 15.0
REGIONS = {"pay-api.amazon.eu": "eu", "pay-api.amazon.jp": "jp"}
LARGEST_ANSWER_BYTES = 1_000_000

type Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Credentials:
    """The merchant's keys. `public_key_id` begins with LIVE or SANDBOX and decides the environment."""

    public_key_id: str
    private_key_pem: str = field(repr=False)
    store_id: str
    merchant_id: str

    @classmethod
    def from_json(cls, text: str) -> Credentials:
        """Read the secret. Raises KeyError for a missing name."""
        secret = json.loads(text)
        names = ("public_key_id", "private_key_pem", "store_id", "merchant_id")
        return cls(*(str(secret[name]) for name in names))


class AmazonPayClient:
    """One merchant account. Safe for several threads. Raises the kinds of `provider.PaymentError`."""

    def __init__(
        self,
        base_url: str,
        credentials: Credentials,
        *,
        http: urllib3.PoolManager | None = None,
        connect_timeout_seconds: float = CONNECT_TIMEOUT_SECONDS,
        read_timeout_seconds: float = READ_TIMEOUT_SECONDS,
        utc_now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        if not credentials.public_key_id.upper().startswith(("LIVE", "SANDBOX")):
            raise ValueError("public_key_id must begin with LIVE or SANDBOX: older keys name no environment")
        self._base_url = base_url.rstrip("/")
        self._host = urlsplit(base_url).netloc
        self._region = REGIONS.get(self._host, "na")
        self._public_key_id = credentials.public_key_id
        self._key = load_private_key(credentials.private_key_pem)
        self._http = http or urllib3.PoolManager(maxsize=8)
        self._timeout = urllib3.Timeout(connect=connect_timeout_seconds, read=read_timeout_seconds)
        # A signature's date is the machine's: it proves freshness to Amazon and decides nothing here.
        self._utc_now = utc_now

    # ---- checkout sessions ---------------------------------------------------------------------------------------

    def create_checkout_session(self, key: str, request: str) -> Document:
        """Open a session; the same key and request give the same session."""
        return self._call("POST", "/v2/checkoutSessions", request, key)

    def get_checkout_session(self, session_id: str) -> Document:
        """The session as it is now."""
        return self._call("GET", f"/v2/checkoutSessions/{_segment(session_id)}")

    def update_checkout_session(self, session_id: str, request: str) -> Document:
        """Complete what the session's constraints say is missing."""
        return self._call("PATCH", f"/v2/checkoutSessions/{_segment(session_id)}", request)

    def complete_checkout_session(self, session_id: str, key: str, request: str) -> Document:
        """Reserve the money of an approved session; the amount must be the session's."""
        return self._call("POST", f"/v2/checkoutSessions/{_segment(session_id)}/complete", request, key)

    # ---- charge permissions and charges --------------------------------------------------------------------------

    def get_charge_permission(self, permission_id: str) -> Document:
        """What the member allowed, and what is left of it."""
        return self._call("GET", f"/v2/chargePermissions/{_segment(permission_id)}")

    def close_charge_permission(self, permission_id: str, reason: str) -> Document:
        """Nothing more may be charged; what is reserved stays as it is."""
        request = json.dumps({"closureReason": reason[:255], "cancelPendingCharges": False})
        return self._call("DELETE", f"/v2/chargePermissions/{_segment(permission_id)}/close", request)

    def create_charge(self, key: str, request: str) -> Document:
        """Reserve money on a permission."""
        return self._call("POST", "/v2/charges", request, key)

    def get_charge(self, charge_id: str) -> Document:
        """The charge as it is now."""
        return self._call("GET", f"/v2/charges/{_segment(charge_id)}")

    def capture_charge(self, charge_id: str, key: str, request: str) -> Document:
        """Take all or a part of what is reserved, once; the rest is given back."""
        return self._call("POST", f"/v2/charges/{_segment(charge_id)}/capture", request, key)

    def cancel_charge(self, charge_id: str, reason: str) -> Document:
        """Give back what is reserved."""
        request = json.dumps({"cancellationReason": reason[:255]})
        return self._call("DELETE", f"/v2/charges/{_segment(charge_id)}/cancel", request)

    # ---- refunds -------------------------------------------------------------------------------------------------

    def create_refund(self, key: str, request: str) -> Document:
        """Send captured money back; decided later."""
        return self._call("POST", "/v2/refunds", request, key)

    def get_refund(self, refund_id: str) -> Document:
        """The refund as it is now."""
        return self._call("GET", f"/v2/refunds/{_segment(refund_id)}")

    # ---- one call ------------------------------------------------------------------------------------------------

    def _call(self, method: str, path: str, request: str | None = None, key: str | None = None) -> Document:
        body = request.encode() if request is not None else b""
        response = self._send(method, path, self._headers(method, path, body, key), body)
        changes = method != "GET"
        document = _document(response.data)
        if response.status >= 400:
            reason = str((document or {}).get("reasonCode") or "")
            raise error_of(response.status, reason, response.headers.get("retry-after"), changes=changes)
        if document is None:
            raise OutcomeUnknown("MalformedAnswer") if changes else Throttled("MalformedAnswer", 1)
        return document

    def _headers(self, method: str, path: str, body: bytes, key: str | None) -> Mapping[str, str]:
        signed = {
            "accept": "application/json",
            "content-type": "application/json",
            "x-amz-pay-date": self._utc_now().strftime("%Y%m%dT%H%M%SZ"),
            "x-amz-pay-host": self._host,
            "x-amz-pay-region": self._region,
        }
        if key is not None:
            signed["x-amz-pay-idempotency-key"] = key
        return signed | {"authorization": authorization(self._key, self._public_key_id, method, path, {}, signed, body)}

    def _send(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> urllib3.BaseHTTPResponse:
        try:
            return self._http.request(
                method,
                self._base_url + path,
                body=body or None,
                headers=headers,
                timeout=self._timeout,
                retries=False,
                redirect=False,
            )
        except (urllib3.exceptions.NewConnectionError, urllib3.exceptions.ConnectTimeoutError) as error:
            raise NotSent(type(error).__name__) from error
        except (urllib3.exceptions.HTTPError, OSError) as error:
            if method == "GET":
                raise Throttled(type(error).__name__, 1) from error
            raise OutcomeUnknown(type(error).__name__) from error


def _segment(identifier: str) -> str:
    return quote(identifier, safe="-_.~")


def _document(data: bytes) -> Document | None:
    if len(data) > LARGEST_ANSWER_BYTES:
        return None
    try:
        document = json.loads(data)
    except ValueError:
        return None
    return document if isinstance(document, dict) else None
