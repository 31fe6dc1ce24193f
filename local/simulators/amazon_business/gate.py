"""What stands before and after every operation: faults, authorization, rates."""

from __future__ import annotations

import random
import secrets
import time
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from local.simulators import clock
from local.simulators.amazon_business.errors import Answer, Cut
from local.simulators.amazon_business.settings import DEFAULTS, PUBLISHED_RATES
from local.simulators.amazon_business.store import Store

# kind → what it does, told by GET /_simulator/faults. Operations: those of settings.PUBLISHED_RATES, "token",
# "trialOrder" (placeOrder in TrialMode; "placeOrder" means real orders only), "charge" (of a shipment), "invoice" (its
# mail), or "*" for all.
KINDS = {
    "error_500": "nothing done, 500",
    "error_503": "nothing done, 503",
    "error_429": "nothing done, 429 with Retry-After",
    "timeout_before": "nothing done; the connection is cut after timeout_seconds",
    "timeout_after_commit": "done; the connection is cut after timeout_seconds",
    "reset": "done; the connection is cut at once",
    "error_500_after_commit": "done, 500",
    "malformed_reply": "done, 200 with half a JSON text",
    "credentials_revoked": "tokens are refused with 403, the token endpoint answers invalid_grant",
    "duplicate_rejects": "a repeated externalId gets 200 with rejections, whatever the setting",
    "duplicate_replays": "a repeated externalId gets the stored result, whatever the setting",
    "charge_other_total": "operation charge: the next shipment is charged half as much again",
    "charge_duplicate": "operation charge: charged twice, under two ids",
    "charge_late": "operation charge: told five days later",
    "charge_missing": "operation charge: never charged",
    "invoice_wrong_price": "operation invoice: the next one is a tenth dearer than what was charged",
    "invoice_extra_unit": "operation invoice: the next one has a unit too many",
    "invoice_other_purchase_order": "operation invoice: the next one names another purchase order",
    "invoice_wrong_total": "operation invoice: the next one does not add up",
    "invoice_smudged": "operation invoice: the next one is a bad scan",
    "invoice_spoofed_sender": "operation invoice: the next one comes from a stranger who says that he is Amazon",
    "invoice_encrypted": "operation invoice: the next one opens with a password only",
    "invoice_held": "operation invoice: the next one is never mailed",
    "report_fatal": "operation createReport: the report fails",
}
BEFORE = ("credentials_revoked", "error_500", "error_503", "error_429", "timeout_before")
AFTER = ("timeout_after_commit", "reset", "error_500_after_commit", "malformed_reply")
# What the setting `faults_percent` draws from, one as often as the other.
BY_CHANCE_BEFORE, BY_CHANCE_AFTER = ("error_500", "error_429"), ("timeout_after_commit",)


class Gate:
    """Faults and rates of one simulator."""

    def __init__(self, store: Store, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._monotonic = monotonic
        self._buckets: dict[str, tuple[float, float]] = {}
        self.met: Counter[str] = Counter()

    def setting(self, name: str) -> Any:
        return self._store.read_settings().get(name, DEFAULTS[name])

    def now(self) -> datetime:
        return clock.now()

    def take_fault(self, operation: str, *kinds: str) -> str | None:
        """Use up one of these faults, if one is set for this operation or for all."""
        for kind in kinds:
            for name in (operation, "*"):
                row = self._store.one("select times from faults where operation = ? and kind = ?", name, kind)
                if row is None:
                    continue
                if row["times"] is not None:
                    self._store.run("update faults set times = times - 1 where operation = ? and kind = ?", name, kind)
                    self._store.run("delete from faults where times <= 0")
                return kind
        return None

    def before(self, operation: str) -> None:
        """Raise Answer or Cut if a fault says so before anything is done."""
        match self.take_fault(operation, *BEFORE) or self._by_chance(BY_CHANCE_BEFORE):
            case "error_500":
                raise Answer(500, "SERVICE_ERROR", "Internal error")
            case "error_503":
                raise Answer(503, "SERVICE_ERROR", "Service unavailable")
            case "error_429":
                raise Answer(429, "TOO_MANY_REQUESTS", "Request rate exceeded", retry_after=1)
            case "timeout_before":
                raise Cut(self.setting("timeout_seconds"))
            case "credentials_revoked":
                if operation == "token":
                    raise Answer(400, "invalid_grant", "The refresh token was revoked")
                raise Answer(403, "UNAUTHORIZED", "Access denied")

    def after(self, operation: str) -> str | None:
        """Raise Answer or Cut if a fault says so although all is done; "malformed_reply" is given back."""
        match self.take_fault(operation, *AFTER) or self._by_chance(BY_CHANCE_AFTER, passed=len(BY_CHANCE_BEFORE)):
            case "timeout_after_commit":
                raise Cut(self.setting("timeout_seconds"))
            case "reset":
                raise Cut(0)
            case "error_500_after_commit":
                raise Answer(500, "SERVICE_ERROR", "Internal error")
            case kind:
                return kind

    def _by_chance(self, kinds: tuple[str, ...], passed: int = 0) -> str | None:
        """One of `kinds`, or none; `passed`: so many others have not been drawn for this call already."""
        share = self.setting("faults_percent") / 100 / len(BY_CHANCE_BEFORE + BY_CHANCE_AFTER)
        share /= 1 - passed * share
        number = int(random.random() / share) if share else len(kinds)
        if number >= len(kinds):
            return None
        self.met[kinds[number]] += 1
        return kinds[number]

    def issue_token(self, form: Mapping[str, str]) -> dict[str, Any]:
        """A new access token for the registered client's refresh token."""
        known = self._store.one("select * from credentials")
        if form.get("grant_type") != "refresh_token":
            raise Answer(400, "unsupported_grant_type", "grant_type must be refresh_token")
        if (
            known is None
            or form.get("client_id") != known["client_id"]
            or form.get("client_secret") != known["client_secret"]
        ):
            raise Answer(401, "invalid_client", "Client authentication failed")
        if form.get("refresh_token") != known["refresh_token"]:
            raise Answer(400, "invalid_grant", "The refresh token is invalid")
        token = f"Atza|{secrets.token_urlsafe(32)}"
        seconds = self.setting("token_seconds")
        expires = self.now() + timedelta(seconds=seconds)
        self._store.run("delete from tokens where expires_at < ?", self.now().isoformat())
        self._store.run("insert into tokens(access_token, expires_at) values (?, ?)", token, expires.isoformat())
        return {
            "access_token": token,
            "refresh_token": known["refresh_token"],
            "token_type": "bearer",
            "expires_in": seconds,
        }

    def authorize(self, headers: Mapping[str, str], *, buyer_in_header: bool) -> None:
        """Raise unless the token is good and, where it belongs, the buyer is known."""
        token = headers.get("x-amz-access-token", "")
        row = self._store.one("select expires_at from tokens where access_token = ?", token)
        if row is None or row["expires_at"] <= self.now().isoformat():
            raise Answer(403, "UNAUTHORIZED", "Access denied, or expired token")
        if "authorization" in headers:
            raise Answer(403, "UNAUTHORIZED", "Invalid signature: there is no Authorization header in this API")
        if not headers.get("user-agent") or not headers.get("x-amz-date"):
            raise Answer(400, "INVALID_REQUEST_PARAMETER", "user-agent and x-amz-date are required")
        known = self._store.one("select buyer_email from credentials")
        if buyer_in_header and (known is None or headers.get("x-amz-user-email") != known["buyer_email"]):
            raise Answer(400, "EMAIL_ID_NOT_FOUND", "x-amz-user-email is no user of this business")

    def throttle(self, operation: str) -> None:
        """Take a token from the operation's bucket; raise 429 if it is empty."""
        if not self.setting("enforce_rates"):
            return
        rate = self.rates()[operation]
        now = self._monotonic()
        left, since = self._buckets.get(operation, (rate["burst"], now))
        left = min(rate["burst"], left + (now - since) * rate["per_second"])
        if left < 1:
            self._buckets[operation] = (left, now)
            raise Answer(429, "TOO_MANY_REQUESTS", "Request rate exceeded", retry_after=(1 - left) / rate["per_second"])
        self._buckets[operation] = (left - 1, now)

    def rates(self) -> dict[str, dict[str, float]]:
        return {**PUBLISHED_RATES, **self._store.read_settings().get("rates", {})}

    def refill(self) -> None:
        """All buckets full again: after the rates were changed."""
        self._buckets.clear()
