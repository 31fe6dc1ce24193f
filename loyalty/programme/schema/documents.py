"""What a member gets for an order."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from loyalty.programme.schema.kinds import BasisPoints, DocumentLine, Language, Part, wrong


class Seller(Part):
    """Who sells to the members, as a document names them. `registrations`: what the law wants to see below a letter."""

    name: DocumentLine | None = None
    address: Annotated[tuple[DocumentLine, ...], Field(max_length=6)] = ()
    registrations: Annotated[tuple[DocumentLine, ...], Field(max_length=6)] = ()


class Tax(Part):
    """How tax is shown. The prices hold it. `base`: what it is on, the money that members pay, or the whole price,
    points and all."""

    registration: DocumentLine | None = None
    base: Literal["money_paid", "whole_price"] | None = None
    rate_basis_points: BasisPoints | None = None
    names: dict[Language, DocumentLine] = Field(default_factory=dict)


class MemberDocuments(Part):
    """What a member gets for an order. A tax invoice needs a seller of record and what the tax is on; a receipt has no
    lines of tax."""

    member_document: Literal["receipt", "tax_invoice"] = "receipt"
    seller: Seller = Field(default_factory=Seller)
    tax: Tax = Field(default_factory=Tax)

    @model_validator(mode="after")
    def _can_be_written(self) -> Self:
        if self.member_document == "tax_invoice" and (missing := list(self.missing())):
            raise wrong("member_document", f"a tax_invoice cannot be written without {', '.join(missing)}")
        return self

    def missing(self) -> Iterable[str]:
        """The fields without which there is no tax invoice, by their place in the programme document."""
        for name, given in (
            ("seller.name", self.seller.name),
            ("seller.address", self.seller.address),
            ("seller.registrations", self.seller.registrations),
            ("tax.registration", self.tax.registration),
            ("tax.base", self.tax.base),
            ("tax.rate_basis_points", self.tax.rate_basis_points is not None),
        ):
            if not given:
                yield f"documents.{name}"
