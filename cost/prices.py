"""The price file: what AWS charges for one unit of something, when that was so, and who says so."""

from __future__ import annotations

import datetime
import re
import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

FILE = Path(__file__).with_name("prices.toml")
# Older than this a price is shown with a warning.
FRESH_DAYS = 365


class PriceFileError(Exception):
    """A file of prices or assumptions that cannot be used: one line a mistake, `file:line: name.key: why (got …)`."""


class Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Price(Entry):
    """`usd` for `per` of `unit`, list price. `seen`: somewhere we could read; false: from memory, to be checked."""

    service: str = Field(min_length=2)
    usd: Decimal = Field(ge=0)
    per: Decimal = Field(default=Decimal(1), gt=0)
    unit: str = Field(min_length=2)
    region: str = Field(pattern=r"^([a-z]{2}(-[a-z]+)+-\d|global)$")
    date: datetime.date
    source: str = Field(pattern=r"^https://[^\s]+$")
    seen: bool
    note: str = ""

    def of(self, quantity: Decimal) -> Decimal:
        """Dollars for `quantity` of the unit."""
        return quantity * self.usd / self.per

    def stale(self, today: datetime.date) -> bool:
        """A year or more has gone by."""
        return (today - self.date).days > FRESH_DAYS


def load_prices(path: Path = FILE) -> dict[str, Price]:
    """Every price by its name. Raises PriceFileError with every mistake."""
    return {name: one for name, one in read_entries(path, Price).items() if isinstance(one, Price)}


def read_entries(path: Path, model: type[Entry]) -> dict[str, Entry]:
    """A TOML file of one table an entry, each checked by `model`; numbers are exact."""
    try:
        text = path.read_text()
        document = tomllib.loads(text, parse_float=Decimal)
    except (OSError, UnicodeDecodeError) as error:
        raise PriceFileError(f"{path.name}: cannot be read: {error}") from None
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"at line (\d+)", str(error))
        raise PriceFileError(f"{path.name}{f':{line[1]}' if line else ''}: {error}") from None
    entries: dict[str, Entry] = {}
    problems: list[str] = []
    for name, table in document.items():
        try:
            entries[name] = model.model_validate(table)
        except ValidationError as error:
            problems += [_problem(path, text, name, one) for one in error.errors()]
    if problems:
        raise PriceFileError("\n".join(problems))
    return entries


def _problem(path: Path, text: str, name: str, error: Any) -> str:
    key = str(error["loc"][0]) if error["loc"] else ""
    got = "" if isinstance(error["input"], dict) else f" (got {error['input']!r})"
    return f"{path.name}:{_line(text, name, key)}: {name}{f'.{key}' if key else ''}: {error['msg']}{got}"


def _line(text: str, name: str, key: str) -> int:
    """Of the key in the table `name`, or of the table itself."""
    table = 1
    inside = False
    for number, line in enumerate(text.splitlines(), start=1):
        if re.match(r"^\s*\[", line):
            inside = line.strip().strip("[]") == name
            table = number if inside else table
        elif inside and key and re.match(rf"^\s*{re.escape(key)}\s*=", line):
            return number
    return table
