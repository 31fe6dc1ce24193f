"""The programme document: everything a company may decide about its programme, and what may not be decided.

Money is in minor units (cents), shares are whole percents or basis points, factors are points per major unit (dollar).
A document is validated as a whole; `Programme.model_validate_json` raises pydantic.ValidationError naming each field.
"""

from __future__ import annotations

from typing import Annotated, Self
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, model_validator

from loyalty.programme.schema.brand import Brand, Enrolment, Store, Terms
from loyalty.programme.schema.campaigns import Audience, Campaign
from loyalty.programme.schema.casework import Casework
from loyalty.programme.schema.catalogue import CatalogueRules
from loyalty.programme.schema.documents import MemberDocuments
from loyalty.programme.schema.features import Features
from loyalty.programme.schema.integrations import Integrations
from loyalty.programme.schema.invoices import Invoices
from loyalty.programme.schema.kinds import Code, Language, Part, each_once, wrong
from loyalty.programme.schema.messages import Message, Notifications
from loyalty.programme.schema.points import Points
from loyalty.programme.schema.pricing import Conversion, Pricing, Redemption
from loyalty.programme.schema.screening import Screening, as_before
from loyalty.programme.schema.tiers import Tier, Tiers

NOT_AT_STRIPE = frozenset({"BHD", "JOD", "KWD", "OMR", "TND"})


class Programme(Part):
    """The whole document."""

    brand: Brand
    store: Store
    enrolment: Enrolment = Field(default_factory=Enrolment)
    points: Points = Field(default_factory=Points)
    conversion: Conversion = Field(default_factory=Conversion)
    pricing: Pricing = Field(default_factory=Pricing)
    redemption: Redemption = Field(default_factory=Redemption)
    tiers: Tiers
    audiences: Annotated[tuple[Audience, ...], Field(max_length=50)] = ()
    campaigns: Annotated[tuple[Campaign, ...], Field(max_length=200)] = ()
    catalogue: CatalogueRules = Field(default_factory=CatalogueRules)
    integrations: Integrations = Field(default_factory=Integrations)
    invoices: Invoices = Field(default_factory=Invoices)
    messages: dict[Code, dict[Language, Message]] = Field(default_factory=dict)
    notifications: Notifications = Field(default_factory=Notifications)
    documents: MemberDocuments = Field(default_factory=MemberDocuments)
    screening: Annotated[Screening, BeforeValidator(as_before)] = Field(default_factory=Screening)
    casework: Casework = Field(default_factory=Casework)
    terms: Terms
    features: Features = Field(default_factory=Features)

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        tiers = {tier.code for tier in self.tiers.levels}
        for place, named in (
            ("enrolment.default_tier", {self.enrolment.default_tier}),
            *((f"conversion.by_tier.{code}", {code}) for code in self.conversion.by_tier),
            *(
                (f"campaigns.{number}.segment.tiers", set(campaign.segment.tiers))
                for number, campaign in enumerate(self.campaigns)
            ),
        ):
            if named - tiers:
                raise wrong(place, "names a tier that does not exist")
        if self.integrations.payment.provider == "stripe" and self.store.currency in NOT_AT_STRIPE:
            raise wrong("store.currency", "has three decimals, of which Stripe takes only two")
        each_once((campaign.code for campaign in self.campaigns), "campaigns.{}.code")
        each_once((audience.code for audience in self.audiences), "audiences.{}.code")
        return self

    @property
    def zone(self) -> ZoneInfo:
        """The programme's time zone: where its months end."""
        return ZoneInfo(self.points.time_zone)

    def tier(self, code: str) -> Tier:
        """The tier of that code, or what stands for it; the first one if the document no longer has it."""
        code = self.tiers.replaced.get(code, code)
        return next((tier for tier in self.tiers.levels if tier.code == code), self.tiers.levels[0])
