"""Outside parties; their secrets by reference only."""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from loyalty.programme.schema.kinds import Code, Link, Part, SecretReference, each_once, wrong


class AmazonBusiness(Part):
    """The buying connection; its limits are Amazon's, per connection."""

    connection: Code = "default"
    orders_per_second: Annotated[float, Field(gt=0, le=100)] = 0.5
    burst: Annotated[int, Field(ge=1, le=1_000)] = 10
    buying_group: Code | None = None
    purchase_order_prefix: Annotated[str, StringConstraints(pattern=r"^[A-Z0-9-]{0,10}$")] = ""
    secret: SecretReference | None = None


class Payment(Part):
    """Who takes the members' money, and when; and what is not worth running after."""

    provider: Literal["amazon_pay", "stripe"] = "amazon_pay"
    capture_at: Literal["acceptance", "shipment"] = "shipment"
    # Stripe has enabled multicapture for the account.
    multicapture: bool = False
    write_off_minor: Annotated[int, Field(ge=0, le=10_000)] = 100
    secret: SecretReference | None = None

    @model_validator(mode="after")
    def _is_possible(self) -> Self:
        if self.provider == "stripe" and self.capture_at == "shipment" and not self.multicapture:
            raise wrong(
                "capture_at",
                "Stripe takes a reservation once: choose acceptance, or multicapture if Stripe enabled it",
            )
        if self.multicapture and self.provider != "stripe":
            raise wrong("multicapture", "only Stripe has that")
        return self


# What receivers may ask for; docs/webhooks.md describes them, and a test compares.
Topic = Literal[
    "redemption.*", "shipment.*", "units.*", "payment.*", "points.*", "member.*", "case.*", "document.*", "invoice.*",
    "redemption.confirmed", "redemption.cancelled", "redemption.failed", "redemption.confirmation_asked",
    "shipment.shipped", "shipment.delayed", "shipment.out_for_delivery", "shipment.delivered",
    "shipment.undeliverable", "shipment.sent_back", "units.cancelled", "units.returned", "payment.failed",
    "payment.refunded", "points.earned", "points.expiring", "points.redeemed", "points.returned", "points.adjusted",
    "member.closing", "member.closed", "member.merged", "member.tier_changed", "member.blocked", "member.unblocked",
    "case.opened", "case.message", "case.decided", "document.ready", "invoice.posted", "invoice.review_opened",
]  # fmt: skip
_HOST = re.compile(r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]")


def is_public_host(host: str) -> bool:
    """A name that the internet could know; who it leads to is asked again before anything is sent."""
    return bool(_HOST.fullmatch(host)) and not host.endswith((".local", ".internal", ".localhost", ".arpa", ".test"))


def _reachable(url: str) -> str:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError("is no address") from None
    if parts.username is not None or parts.password is not None:
        raise ValueError("has a name or password in it: those belong into a secret")
    if port not in (None, 443):
        raise ValueError("has a port: only 443 is reached from here")
    if parts.fragment:
        raise ValueError("has a part after #, which is never sent")
    if not is_public_host(parts.hostname or ""):
        raise ValueError("is not on the internet: write a public host name")
    return url


class Erp(Part):
    """Where finance's system listens (docs/erp.md). `secret` names a token and the one host that may see it."""

    endpoint: Annotated[Link, AfterValidator(_reachable)]
    format: Literal["json", "ubl"] = "json"
    secret: SecretReference


class Webhook(Part):
    """A receiver of events. `secret`: the name of its key at Secrets Manager (docs/webhooks.md)."""

    code: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
    url: Annotated[Link, AfterValidator(_reachable)]
    topics: Annotated[tuple[Topic, ...], Field(min_length=1, max_length=40, strict=False)]
    secret: SecretReference
    active: bool = True


class Integrations(Part):
    """Outside parties. Secrets by reference only."""

    amazon_business: AmazonBusiness = Field(default_factory=AmazonBusiness)
    payment: Payment = Field(default_factory=Payment)
    erp: Erp | None = None
    webhooks: Annotated[tuple[Webhook, ...], Field(max_length=10, strict=False)] = ()

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        each_once([webhook.code for webhook in self.webhooks], "webhooks.{}.code")
        return self
