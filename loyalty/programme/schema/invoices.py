"""Amazon's invoices: whose mail is believed, how exact a match has to be, and who the two parties are for the ERP."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from loyalty.programme.schema.kinds import Country, DocumentLine, Part, each_once

Domain = Annotated[str, StringConstraints(pattern=r"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,24}$")]
Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9:./ -]{0,59}$")]


class Party(Part):
    """As the ERP's documents name it. `endpoint`: the address in the network of electronic invoices, `scheme:id`."""

    name: DocumentLine
    tax_id: Id | None = None
    registration: Id | None = None
    endpoint: Annotated[str, StringConstraints(pattern=r"^[0-9]{4}:[A-Za-z0-9:._-]{1,50}$")] | None = None
    street: DocumentLine | None = None
    city: DocumentLine | None = None
    postal_code: DocumentLine | None = None
    country: Country


class Invoices(Part):
    """`senders`: the domains whose mail is believed once its signature is; a domain's own subdomains count too, but
    for `marketplace`, where Amazon passes on what its sellers write.

    `total_difference_minor` is what sums may be off by rounding; `price_difference_minor` is what a unit may cost more
    than was ordered without a person being asked.
    """

    senders: Annotated[tuple[Domain, ...], Field(min_length=1, max_length=20, strict=False)] = (
        "amazon.com",
        "amazon.co.uk",
        "amazon.de",
    )
    minimum_confidence: Annotated[int, Field(ge=50, le=100)] = 90
    total_difference_minor: Annotated[int, Field(ge=0, le=100)] = 2
    price_difference_minor: Annotated[int, Field(ge=0, le=100_000)] = 0
    # So long after a shipment an invoice is not waited for any more, but fetched.
    fetch_after_days: Annotated[int, Field(ge=1, le=60)] = 7
    vendor: Party = Field(default_factory=lambda: Party(name="Amazon Business", country="US"))
    buyer: Party | None = None

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        each_once(self.senders, "senders.{}")
        return self
