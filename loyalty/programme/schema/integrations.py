"""Outside parties; their secrets by reference only."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from loyalty.programme.schema.kinds import Code, Link, Part, SecretReference, wrong


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


class Erp(Part):
    """Where finance's system listens."""

    endpoint: Link
    format: Literal["json", "ubl"] = "json"
    secret: SecretReference


class Integrations(Part):
    """Outside parties. Secrets by reference only."""

    amazon_business: AmazonBusiness = Field(default_factory=AmazonBusiness)
    payment: Payment = Field(default_factory=Payment)
    erp: Erp | None = None
