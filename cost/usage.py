"""How much a month has of everything, for so many members: assumptions from a file, each with its reason and source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cached_property
from pathlib import Path

from pydantic import Field

from cost.prices import Entry, PriceFileError, read_entries

FILE = Path(__file__).with_name("usage.toml")
HOURS = Decimal(730)
DAYS = HOURS / 24
SECONDS = HOURS * 3600
MINUTES = HOURS * 60


class Assumption(Entry):
    """A number that nobody can read off a template. `source`: a document of this repository, or why it is a guess."""

    value: Decimal = Field(ge=0)
    unit: str = Field(min_length=1)
    source: str = Field(min_length=10)


def load_usage(path: Path = FILE, overrides: Mapping[str, str] | None = None) -> dict[str, Decimal]:
    """Every assumption's value by name; `overrides` take the place of the file's. Raises PriceFileError."""
    values = {name: one.value for name, one in read_entries(path, Assumption).items() if isinstance(one, Assumption)}
    for name, text in (overrides or {}).items():
        if name not in values:
            raise PriceFileError(f"{name}: no such assumption; there are {', '.join(sorted(values))}")
        try:
            values[name] = Decimal(text)
        except InvalidOperation:
            raise PriceFileError(f"{name}: not a number (got {text!r})") from None
        if not values[name].is_finite() or values[name] < 0:
            raise PriceFileError(f"{name}: not a number of nought or more (got {text!r})")
    return values


@dataclass(frozen=True)
class Month:
    """One month of `members`: counts are per month, sizes as their names say."""

    members: Decimal
    usage: Mapping[str, Decimal]

    def __getitem__(self, name: str) -> Decimal:
        return self.usage[name]

    @cached_property
    def redemptions(self) -> Decimal:
        return self.members * self["redemptions_per_member"]

    @cached_property
    def purchases(self) -> Decimal:
        return self.members * self["purchases_per_member"]

    @cached_property
    def active_members(self) -> Decimal:
        return self.members * self["active_share"]

    @cached_property
    def visits(self) -> Decimal:
        return self.active_members * self["visits_per_active_member"]

    @cached_property
    def member_requests(self) -> Decimal:
        return self.visits * self["requests_per_visit"]

    @cached_property
    def staff_requests(self) -> Decimal:
        return self["staff_requests"] + self.redemptions * self["staff_requests_per_redemption"]

    @cached_property
    def partner_requests(self) -> Decimal:
        return self.purchases * self["purchases_by_api_share"] + self.redemptions * self["webhooks_per_redemption"]

    @cached_property
    def mails(self) -> Decimal:
        return self.redemptions * self["mails_per_redemption"] + self.members * self["digests_per_member"]

    @cached_property
    def texts(self) -> Decimal:
        return self.redemptions * self["sms_per_redemption"]

    @cached_property
    def invoice_pages(self) -> Decimal:
        return self.redemptions * self["invoice_pages_per_redemption"]

    @cached_property
    def events(self) -> Decimal:
        return self.redemptions * self["events_per_redemption"] + self.members * self["digests_per_member"]

    @cached_property
    def documents(self) -> Decimal:
        return self.redemptions * self["documents_per_redemption"]

    @cached_property
    def interactions(self) -> Decimal:
        """What Personalize learns from at each training: looks, wishes and redemptions of the history kept."""
        return (self.visits * self["looks_per_visit"] + self.redemptions) * self["months_of_interactions"]

    @cached_property
    def files(self) -> Decimal:
        """Of partners: each has so many purchases at most, and there is one a day at least."""
        by_file = self.purchases * (1 - self["purchases_by_api_share"])
        return max(DAYS, by_file / self["purchases_per_file"])

    @cached_property
    def stored_gb(self) -> Decimal:
        """In Aurora, with all of the history that is kept."""
        history = self["months_of_history"]
        rows = (
            self.members * self["bytes_per_member"]
            + self.purchases * history * self["bytes_per_purchase"]
            + self.redemptions * history * self["bytes_per_redemption"]
        )
        return self["database_gb_at_least"] + rows / 10**9

    @cached_property
    def database_requests(self) -> Decimal:
        return self.member_requests + self.staff_requests + self.partner_requests

    @cached_property
    def database_vcpus(self) -> Decimal:
        """Processors that the database has busy on average over the month."""
        busy_ms = (
            self.database_requests * self["database_ms_per_request"]
            + self.redemptions * self["database_ms_per_redemption"]
            + self.purchases * self["database_ms_per_purchase"]
        )
        return busy_ms / 1000 / SECONDS

    @cached_property
    def database_ios(self) -> Decimal:
        """Reads that miss memory, and writes, as Aurora Standard bills them."""
        return (
            self["ios_at_least"]
            + self.database_requests * self["ios_per_request"]
            + self.redemptions * self["ios_per_redemption"]
            + self.purchases * self["ios_per_purchase"]
        )

    @cached_property
    def facts(self) -> Decimal:
        """New rows of the lake."""
        return self.purchases * self["facts_per_purchase"] + self.redemptions * self["facts_per_redemption"]
