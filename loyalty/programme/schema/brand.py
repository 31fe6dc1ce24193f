"""Who the company is: brand, store, how one becomes a member, the terms."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from loyalty.programme.schema.kinds import Code, Colour, Country, Currency, Language, Link, Part, Text


class Brand(Part):
    """What members see of the company. Colours as entered; the portal derives the readable ones."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=60)]
    # An uploaded logo by its digest; else one from somewhere else.
    logo: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")] | None = None
    logo_url: Link | None = None
    accent: Colour = "#1f4b99"
    texts: dict[Language, dict[Code, Text]] = Field(default_factory=dict)
    links: dict[Code, Link] = Field(default_factory=dict)


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


class Terms(Part):
    """What members accept; a new version is accepted again."""

    version: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9.-]{1,20}$")]
    url: Link
    text: dict[Language, Text]
