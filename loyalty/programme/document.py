"""The programme document: everything a company may decide about its programme, and what may not be decided.

Money is in minor units (cents), shares are whole percents or basis points, factors are points per major unit (dollar).
A document is validated as a whole; `Programme.model_validate_json` raises pydantic.ValidationError naming each field.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from datetime import datetime
from itertools import pairwise
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

Code = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9 &/_.-]{0,62}$")]
Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}$")]
Colour = Annotated[str, StringConstraints(pattern=r"^#[0-9a-fA-F]{6}$")]
Link = Annotated[str, StringConstraints(pattern=r"^https://[^\s\"'<>]{1,500}$")]
Text = Annotated[str, StringConstraints(min_length=1, max_length=20_000)]
Asin = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{10}$")]
# One line of print: a control character has no place in it.
DocumentLine = Annotated[
    str, StringConstraints(min_length=1, max_length=100, strip_whitespace=True, pattern=r"^[^\x00-\x1f\x7f]+$")
]
SecretReference = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9/_+=.@:-]{1,300}$")]
Factor = Annotated[int, Field(gt=0, le=1_000_000)]
Percent = Annotated[int, Field(ge=0, le=100)]
BasisPoints = Annotated[int, Field(ge=0, le=10_000)]
# Its millionths still fit a bigint whatever the currency.
Budget = Annotated[int, Field(ge=0, le=10**12)]
NOT_AT_STRIPE = frozenset({"BHD", "JOD", "KWD", "OMR", "TND"})


def _each_once(keys: Iterable[Hashable], place: str) -> None:
    seen: set[Hashable] = set()
    for key in keys:
        if key in seen:
            raise ValueError(f"{place} says something twice: {key}")
        seen.add(key)


def _is_time_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("is not a time zone of the IANA database, like Europe/Berlin") from None
    return name


TimeZone = Annotated[str, AfterValidator(_is_time_zone)]


class Part(BaseModel):
    """A part of the document: nothing unknown, nothing converted, nothing changed afterwards."""

    # Built at first use, as a whole: building each class at import was a tenth of a cold start.
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, defer_build=True)


class Brand(Part):
    """What members see of the company. Colours as entered; the portal derives the readable ones."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=60)]
    logo_url: Link | None = None
    accent: Colour = "#1f4b99"
    texts: dict[Language, dict[Code, Text]] = {}
    links: dict[Code, Link] = {}


class Store(Part):
    """The one Amazon store, currency and set of countries of a programme."""

    region: Country
    currency: Currency
    locale: Annotated[str, StringConstraints(pattern=r"^[a-z]{2}_[A-Z]{2}$")]
    delivery_countries: Annotated[tuple[Country, ...], Field(min_length=1, max_length=50)]


class Enrolment(Part):
    """How somebody becomes a member at first sign-in."""

    open_enrolment: bool = False
    default_tier: Code = "member"
    code_minutes: Annotated[int, Field(ge=5, le=60)] = 15
    code_failures: Annotated[int, Field(ge=3, le=10)] = 5
    lock_hours: Annotated[int, Field(ge=1, le=168)] = 24
    codes_per_day: Annotated[int, Field(ge=1, le=50)] = 10
    addresses_per_member: Annotated[int, Field(ge=1, le=50)] = 10


class EarnRate(Part):
    """Points per major unit for a partner, a category, or both; at least one is named."""

    partner: Code | None = None
    category: Code | None = None
    points_per_major: Annotated[int, Field(ge=0, le=100_000)]

    @model_validator(mode="after")
    def _names_something(self) -> Self:
        if self.partner is None and self.category is None:
            raise ValueError("name a partner, a category or both; the base rate is points.base_points_per_major")
        return self


class Expiry(Part):
    """Fixed: months after the purchase. Activity: months after the last one. Always the end of a month."""

    kind: Literal["fixed", "activity"] = "fixed"
    months: Annotated[int, Field(ge=1, le=120)] = 24


class PartnerTerms(Part):
    """Who pays for a partner's points and at what price a point."""

    funder: Code
    unit_cost_micros: Annotated[int, Field(ge=0, le=10**9)]


class Points(Part):
    """Earning, lapsing, coming back, owing."""

    base_points_per_major: Annotated[int, Field(ge=0, le=100_000)] = 10
    earn_rates: Annotated[tuple[EarnRate, ...], Field(max_length=500)] = ()
    pending_days: Annotated[int, Field(ge=0, le=365)] = 0
    expiry: Expiry = Field(default_factory=Expiry)
    time_zone: TimeZone = "UTC"
    return_extension_days: Annotated[int, Field(ge=0, le=365)] = 30
    debt_policy: Literal["debt", "write_off"] = "debt"
    adjustment_limit: Annotated[int, Field(ge=0, le=10**9)] = 10_000
    # Members may give points to each other, so many in 24 hours.
    transfers_enabled: bool = False
    transfer_daily_limit: Annotated[int, Field(ge=0, le=10**12)] = 10_000
    # What a member may redeem in 24 hours; none: whatever there is.
    held_daily_limit: Annotated[int, Field(ge=1, le=10**12)] | None = None
    funder: Code = "programme"
    unit_cost_micros: Annotated[int, Field(ge=0, le=10**9)] = 4_000
    partners: dict[Code, PartnerTerms] = {}

    @model_validator(mode="after")
    def _is_sound(self) -> Self:
        _each_once(((rate.partner, rate.category) for rate in self.earn_rates), "earn_rates")
        return self


class Conversion(Part):
    """Price to points. One factor applies: campaign, else category, else tier, else the base; never a product."""

    points_per_major: Factor = 200
    by_tier: dict[Code, Factor] = {}
    by_category: dict[Code, Factor] = {}
    min_points_share_percent: Percent = 0
    max_points_share_percent: Percent = 100
    points_step: Annotated[int, Field(ge=1, le=100_000)] = 1
    margin_floor_basis_points: BasisPoints = 0
    drift_tolerance_basis_points: BasisPoints = 500

    @model_validator(mode="after")
    def _is_sound(self) -> Self:
        if self.min_points_share_percent > self.max_points_share_percent:
            raise ValueError("min_points_share_percent is above max_points_share_percent")
        return self


class Pricing(Part):
    """Who pays shipping and tax: the member inside the price (charged) or the programme (absorbed)."""

    included: Literal["charged", "absorbed"] = "charged"
    browse_tax_basis_points: BasisPoints = 0
    quote_minutes: Annotated[int, Field(ge=1, le=120)] = 15


class Redemption(Part):
    """The time to change one's mind, to approve a payment, and what happens when not everything can be sent."""

    release_delay_seconds: Annotated[int, Field(ge=0, le=86_400)] = 600
    approval_minutes: Annotated[int, Field(ge=5, le=1_440)] = 15
    partial_policy_default: Literal["send_what_you_can", "all_or_nothing"] = "send_what_you_can"


class Benefits(Part):
    """What a tier gives."""

    earn_multiplier_percent: Annotated[int, Field(ge=100, le=1_000)] = 100
    free_delivery: bool = False


class Tier(Part):
    """A level, reached with `qualifying_units` in the window."""

    code: Code
    names: dict[Language, Text]
    qualifying_units: Annotated[int, Field(ge=0, le=10**12)]
    benefits: Benefits = Field(default_factory=Benefits)

    def name_in(self, language: str) -> str:
        """What the level is called in a language, else in English, else its code."""
        return self.names.get(language) or self.names.get("en") or self.code


class Tiers(Part):
    """Levels from low to high. Units are base points or spend, never bonuses or adjustments."""

    unit: Literal["base_points", "spend_minor"] = "base_points"
    window_months: Annotated[int, Field(ge=1, le=36)] = 12
    levels: Annotated[tuple[Tier, ...], Field(min_length=1, max_length=20)]

    @model_validator(mode="after")
    def _climb(self) -> Self:
        _each_once((tier.code for tier in self.levels), "levels")
        units = [tier.qualifying_units for tier in self.levels]
        if units[0] != 0:
            raise ValueError("the first level must need 0 units: everybody is somewhere")
        if any(higher <= lower for lower, higher in pairwise(units)):
            raise ValueError("each level must need more units than the one below it")
        return self


class Segment(Part):
    """Whom a campaign is for; empty means everybody."""

    tiers: tuple[Code, ...] = ()
    countries: tuple[Country, ...] = ()
    audience: Code | None = None


class Scope(Part):
    """What a campaign is about; empty means everything."""

    categories: tuple[Code, ...] = ()
    asins: tuple[Asin, ...] = ()


class Campaign(Part):
    """A rule for a while, with a budget of somebody's money that it cannot pass."""

    code: Code
    state: Literal["draft", "scheduled", "running", "paused", "ended", "exhausted"]
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    time_zone: TimeZone = "UTC"
    segment: Segment = Field(default_factory=Segment)
    scope: Scope = Field(default_factory=Scope)
    earn_multiplier_percent: Annotated[int, Field(ge=100, le=10_000)] | None = None
    conversion_points_per_major: Factor | None = None
    budget_minor: Budget
    funder: Code
    member_cap_points: Annotated[int, Field(gt=0, le=10**12)] | None = None
    holdout_percent: Percent = 10

    @model_validator(mode="after")
    def _is_sound(self) -> Self:
        if self.ends_at <= self.starts_at:
            raise ValueError("ends_at must be after starts_at")
        if (self.earn_multiplier_percent is None) == (self.conversion_points_per_major is None):
            raise ValueError("a campaign changes either what is earned or what a reward costs")
        return self

    def applies(self, at: datetime) -> bool:
        """Whether it is on at that instant."""
        return self.state == "running" and self.starts_at <= at < self.ends_at


class CatalogueRules(Part):
    """What is shown and what is not."""

    offer_max_age_hours: Annotated[int, Field(ge=1, le=168)] = 24
    hidden_asins: tuple[Asin, ...] = ()
    hidden_categories: tuple[Code, ...] = ()
    featured_asins: Annotated[tuple[Asin, ...], Field(max_length=100)] = ()


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
            raise ValueError(
                "Stripe takes a reservation once: choose capture_at acceptance, or multicapture if Stripe enabled it"
            )
        if self.multicapture and self.provider != "stripe":
            raise ValueError("multicapture is Stripe's")
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


class Message(Part):
    """One message in one language; `{name}` marks what is filled in (messages.py says what). `sms`: its short form."""

    subject: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    text: Text
    sms: Annotated[str, StringConstraints(min_length=1, max_length=1_000)] | None = None


class Notifications(Part):
    """Whom a message may reach who has not chosen. E-mail about orders and points always is on until it is turned off,
    and advertising always off until it is turned on."""

    order_sms_by_default: bool = True


class Casework(Part):
    """Members' cases: how soon they are answered, and what one person may decide alone."""

    answer_hours: Annotated[int, Field(ge=1, le=720)] = 48
    # How long a member has to send goods back.
    return_days: Annotated[int, Field(ge=1, le=365)] = 30
    # Points out of goodwill that one agent may give in a month.
    goodwill_monthly_points: Annotated[int, Field(ge=0, le=10**9)] = 5_000
    # What may be refunded, and credited for a missing purchase, without a second person.
    refund_limit_points: Annotated[int, Field(ge=0, le=10**12)] = 50_000
    refund_limit_minor: Annotated[int, Field(ge=0, le=10**12)] = 20_000
    accrual_limit_points: Annotated[int, Field(ge=0, le=10**12)] = 5_000


# What a rule is about, and what it must say: `over` so much, within so many `hours`.
_SCREENED: Mapping[str, tuple[bool, bool]] = {
    "new_device": (False, False),
    "contact_changed": (False, True),
    "balance_share": (True, False),
    "points_spent": (True, True),
    "shared_address": (True, False),
}


class ScreeningRule(Part):
    """What makes a redemption suspicious, and how much: some points, or at once an action (allow: it is only noted).

    new_device: nothing was ordered or confirmed from it before. contact_changed: e-mail, telephone or this address is
    younger than `hours`. balance_share: over so many percent of the points. points_spent: over so many points in
    `hours`. shared_address: more than `over` members have things sent there.
    """

    code: Code
    when: Literal["new_device", "contact_changed", "balance_share", "points_spent", "shared_address"]
    over: Annotated[int, Field(ge=0, le=10**12)] | None = None
    hours: Annotated[int, Field(ge=1, le=8_760)] | None = None
    points: Annotated[int, Field(ge=1, le=1_000)] | None = None
    action: Literal["allow", "step_up", "review"] | None = None

    @model_validator(mode="after")
    def _is_sound(self) -> Self:
        for name, value, needed in zip(("over", "hours"), (self.over, self.hours), _SCREENED[self.when], strict=True):
            if needed and value is None:
                raise ValueError(f"{name} is missing: {self.when} needs it")
            if not needed and value is not None:
                raise ValueError(f"{name} means nothing for {self.when}")
        if self.when == "balance_share" and self.over is not None and self.over >= 100:
            raise ValueError("over is a share of all points: below 100 percent")
        if (self.points is None) == (self.action is None):
            raise ValueError("a rule gives either points or an action")
        return self


class Screening(Part):
    """What is looked at before a redemption becomes an order, and how long it may wait for an answer. The strictest of
    the rules that hit decides, and the sum of their points. Who does not answer gets the points back."""

    # Behind _as_before JSON's array comes as a list.
    rules: Annotated[tuple[ScreeningRule, ...], Field(max_length=20, strict=False)] = ()
    step_up_points: Annotated[int, Field(ge=1, le=10_000)] = 50
    review_points: Annotated[int, Field(ge=1, le=10_000)] = 100
    step_up_minutes: Annotated[int, Field(ge=5, le=1_440)] = 60
    review_hours: Annotated[int, Field(ge=1, le=168)] = 48
    code_minutes: Annotated[int, Field(ge=2, le=60)] = 10
    code_attempts: Annotated[int, Field(ge=1, le=5)] = 5
    codes: Annotated[int, Field(ge=1, le=5)] = 3
    codes_per_day: Annotated[int, Field(ge=1, le=50)] = 10

    @model_validator(mode="after")
    def _is_sound(self) -> Self:
        _each_once((rule.code for rule in self.rules), "rules")
        if self.review_points < self.step_up_points:
            raise ValueError("review_points is below step_up_points")
        return self


def _as_before(value: object) -> object:
    # Versions from before there was screening say so with an empty list.
    return {} if value in ([], ()) else value


class Terms(Part):
    """What members accept; a new version is accepted again."""

    version: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9.-]{1,20}$")]
    url: Link
    text: dict[Language, Text]


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
    names: dict[Language, DocumentLine] = {}


class MemberDocuments(Part):
    """What a member gets for an order. A tax invoice needs a seller of record and what the tax is on; a receipt has no
    lines of tax."""

    member_document: Literal["receipt", "tax_invoice"] = "receipt"
    seller: Seller = Field(default_factory=Seller)
    tax: Tax = Field(default_factory=Tax)

    @model_validator(mode="after")
    def _can_be_written(self) -> Self:
        if self.member_document == "tax_invoice" and (missing := list(self.missing())):
            raise ValueError(f"a tax_invoice cannot be written without {', '.join(missing)}")
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
    campaigns: Annotated[tuple[Campaign, ...], Field(max_length=200)] = ()
    catalogue: CatalogueRules = Field(default_factory=CatalogueRules)
    integrations: Integrations = Field(default_factory=Integrations)
    messages: dict[Code, dict[Language, Message]] = {}
    notifications: Notifications = Field(default_factory=Notifications)
    documents: MemberDocuments = Field(default_factory=MemberDocuments)
    screening: Annotated[Screening, BeforeValidator(_as_before)] = Field(default_factory=Screening)
    casework: Casework = Field(default_factory=Casework)
    terms: Terms

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        tiers = {tier.code for tier in self.tiers.levels}
        for place, named in (
            ("enrolment.default_tier", {self.enrolment.default_tier}),
            ("conversion.by_tier", set(self.conversion.by_tier)),
            *((f"campaigns.{campaign.code}.segment.tiers", set(campaign.segment.tiers)) for campaign in self.campaigns),
        ):
            if unknown := named - tiers:
                raise ValueError(f"{place} names tiers that do not exist: {', '.join(sorted(unknown))}")
        if self.integrations.payment.provider == "stripe" and self.store.currency in NOT_AT_STRIPE:
            raise ValueError(f"{self.store.currency} has three decimals, of which Stripe takes only two")
        _each_once((campaign.code for campaign in self.campaigns), "campaigns")
        return self

    @property
    def zone(self) -> ZoneInfo:
        """The programme's time zone: where its months end."""
        return ZoneInfo(self.points.time_zone)

    def tier(self, code: str) -> Tier:
        """The tier of that code; the first one if the document no longer has it."""
        return next((tier for tier in self.tiers.levels if tier.code == code), self.tiers.levels[0])
