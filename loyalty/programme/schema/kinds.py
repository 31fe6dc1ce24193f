"""What every part of the document is made of: codes, links, shares, and `Part` itself."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

Code = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9 &/_.-]{0,62}$")]

Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]

Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]

Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}$")]


def _is_colour(value: str) -> str:
    if not re.fullmatch("#[0-9a-fA-F]{6}", value):
        raise ValueError("is no colour: write it like #1f4b99")
    return value


Colour = Annotated[str, AfterValidator(_is_colour)]

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


def wrong(field: str, words: str) -> PydanticCustomError:
    """For a model's own rules: what is wrong, and at which field below the model. `words` never quote a value."""
    return PydanticCustomError("wrong", "{words}", {"field": field, "words": words})


def each_once(keys: Iterable[Hashable], place: str) -> None:
    """`place` is the field of one, with `{}` for its number. Raises what `wrong` makes."""
    seen: set[Hashable] = set()
    for number, key in enumerate(keys):
        if key in seen:
            raise wrong(place.format(number), "is there already, further up")
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
