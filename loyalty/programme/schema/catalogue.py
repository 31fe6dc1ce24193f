"""What is shown and what is not; what is said of single products is kept beside the document (docs/catalogue.md)."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from loyalty.programme.schema.kinds import Asin, Code, Country, Language, Part

# A word of a title or a brand: one line, and nothing but printing characters.
Word = Annotated[
    str, StringConstraints(min_length=1, max_length=80, strip_whitespace=True, pattern=r"^[^\x00-\x1f\x7f]+$")
]
Tenths = Annotated[int, Field(ge=0, le=50)]
PriceMinor = Annotated[int, Field(ge=0, le=10**10)]


class Matching(Part):
    """Which products: every condition that is made must hold; of a list one is enough. At least one is made.

    `categories` are the programme's codes (Amazon's where it has no own), `keywords` are looked for in title and brand,
    prices are the shop's for one unit, stars are tenths (45 is 4.5). `by_amazon`: Amazon itself sends it (that is what
    Prime delivers).
    """

    categories: Annotated[tuple[Code, ...], Field(max_length=200)] = ()
    asins: Annotated[tuple[Asin, ...], Field(max_length=500)] = ()
    brands: Annotated[tuple[Word, ...], Field(max_length=200)] = ()
    keywords: Annotated[tuple[Word, ...], Field(max_length=100)] = ()
    price_from_minor: PriceMinor | None = None
    price_to_minor: PriceMinor | None = None
    min_stars_tenths: Tenths | None = None
    min_merchant_stars_tenths: Tenths | None = None
    by_amazon: bool | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not any(getattr(self, name) not in ((), None) for name in type(self).model_fields):
            raise ValueError("say which products: a category, a brand, a word, a price, stars, who sends it or numbers")
        low, high = self.price_from_minor, self.price_to_minor
        if low is not None and high is not None and low > high:
            raise ValueError("price_from_minor is above price_to_minor")
        return self


class Audience(Part):
    """Members of these levels and these countries; empty means all."""

    tiers: tuple[Code, ...] = ()
    countries: tuple[Country, ...] = ()


class Rule(Part):
    """`include`: only what some such rule names is shown. `exclude`: what it names is not. `limit`: only `audience`
    sees what it names."""

    code: Code
    effect: Literal["include", "exclude", "limit"]
    matching: Matching
    audience: Audience = Field(default_factory=Audience)

    @model_validator(mode="after")
    def _is_sound(self) -> Self:
        somebody = bool(self.audience.tiers or self.audience.countries)
        if somebody != (self.effect == "limit"):
            raise ValueError("a rule that limits says to whom, and no other rule does")
        return self


class Category(Part):
    """A category of the programme's own."""

    code: Code
    names: Annotated[dict[Language, Word], Field(min_length=1)]


class OwnStock(Part):
    """A product that the programme keeps itself: what it orders comes after so many days. It has enough on so many
    percent of the days."""

    asin: Asin
    lead_days: Annotated[int, Field(ge=1, le=90)]
    service_percent: Annotated[int, Field(ge=50, le=99)] = 95


class CatalogueRules(Part):
    """What is shown and what is not. `mapping`: Amazon's category → the programme's; `categories`: in this order.
    What is promised later than `slow_delivery_days` counts as slow."""

    offer_max_age_hours: Annotated[int, Field(ge=1, le=168)] = 24
    slow_delivery_days: Annotated[int, Field(ge=1, le=90)] = 10
    own_stock: Annotated[tuple[OwnStock, ...], Field(max_length=500)] = ()
    hidden_asins: tuple[Asin, ...] = ()
    hidden_categories: tuple[Code, ...] = ()
    featured_asins: Annotated[tuple[Asin, ...], Field(max_length=100)] = ()
    rules: Annotated[tuple[Rule, ...], Field(max_length=100)] = ()
    categories: Annotated[tuple[Category, ...], Field(max_length=200)] = ()
    mapping: Annotated[dict[Code, Code], Field(max_length=500)] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        for place, keys in (
            ("rules", [rule.code for rule in self.rules]),
            ("categories", [category.code for category in self.categories]),
            ("featured_asins", list(self.featured_asins)),
            ("own_stock", [one.asin for one in self.own_stock]),
        ):
            if len(set(keys)) < len(keys):
                raise ValueError(f"{place} names something twice")
        said: dict[str, str] = {}
        for rule in self.rules:
            if rule.effect != "limit":
                conditions = rule.matching.model_dump_json()
                if said.setdefault(conditions, rule.effect) != rule.effect:
                    raise ValueError("rules includes and excludes the same products")
        own = {category.code for category in self.categories}
        if set(self.mapping.values()) - own:
            raise ValueError("mapping names categories that categories does not have")
        return self
