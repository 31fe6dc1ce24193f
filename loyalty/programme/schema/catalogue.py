"""What is shown and what is not."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from loyalty.programme.schema.kinds import Asin, Code, Part


class CatalogueRules(Part):
    """What is shown and what is not."""

    offer_max_age_hours: Annotated[int, Field(ge=1, le=168)] = 24
    hidden_asins: tuple[Asin, ...] = ()
    hidden_categories: tuple[Code, ...] = ()
    featured_asins: Annotated[tuple[Asin, ...], Field(max_length=100)] = ()
