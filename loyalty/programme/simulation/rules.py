"""What two documents do to the same redemptions, as lists that SQL can look things up in.

The past 90 days stand for the coming 90: whatever happened at an instant is priced as if it happened 90 days later, so
that a campaign which is still to come counts on the days it will run. Within an epoch the same campaigns are on; products
of a kind have the same factor. Every factor is asked of the function that prices quotes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from loyalty.catalogue.prices import member_factor, minor_per_major
from loyalty.programme.document import Programme

DAYS = 90
WINDOW = timedelta(days=DAYS)
# More would be campaigns that begin and end every other day.
MAX_EPOCHS = 80


def as_published(document: Programme) -> Programme:
    """The document with campaigns that wait for their day as they will be on it."""
    campaigns = tuple(
        campaign.model_copy(update={"state": "running"}) if campaign.state == "scheduled" else campaign
        for campaign in document.campaigns
    )
    return document.model_copy(update={"campaigns": campaigns})


@dataclass(frozen=True, slots=True)
class Window:
    """The past that is replayed, and by how much it is moved ahead (nothing: to see whether it gives what is recorded)."""

    since: datetime
    until: datetime
    shift: timedelta = WINDOW

    @property
    def days(self) -> list[datetime]:
        """When each day of it begins."""
        return [self.since + timedelta(days=day) for day in range((self.until - self.since).days)]


@dataclass(frozen=True, slots=True)
class Kinds:
    """Products that are priced alike: by category, and alone those that a campaign names. The last is all others."""

    members: tuple[tuple[str | None, str | None], ...]
    of: Mapping[str, int]

    def __len__(self) -> int:
        return len(self.members)


def kinds(documents: Sequence[Programme], products: Mapping[str, str | None]) -> Kinds:
    """Of all products (asin → category)."""
    named = {asin for document in documents for campaign in document.campaigns for asin in campaign.scope.asins}
    numbers: dict[tuple[str | None, str | None], int] = {}
    of = {}
    for asin, category in products.items():
        kind = (category, asin if asin in named else None)
        of[asin] = numbers.setdefault(kind, len(numbers) + 1)
    return Kinds((*numbers, (None, None)), of)


def tier_codes(documents: Sequence[Programme]) -> tuple[str, ...]:
    """Every tier that either document knows; last, without a name, what neither does."""
    return (*dict.fromkeys(tier.code for document in documents for tier in document.tiers.levels), "")


def epochs(documents: Sequence[Programme], window: Window) -> list[datetime]:
    """When, in the replayed past, other campaigns begin to apply; the first is the window's beginning."""
    changes = {
        instant - window.shift
        for document in documents
        for campaign in document.campaigns
        if campaign.conversion_points_per_major is not None
        for instant in (campaign.starts_at, campaign.ends_at)
    }
    inside = sorted(one for one in changes if window.since < one < window.until)
    return [window.since, *inside[: MAX_EPOCHS - 1]]


def campaign_codes(documents: Sequence[Programme]) -> tuple[str, ...]:
    """Campaigns of either document; number 1 is the first."""
    return tuple(dict.fromkeys(campaign.code for document in documents for campaign in document.campaigns))


@dataclass(frozen=True, slots=True)
class Rules:
    """Two documents as SQL's `simulation.replay` takes them, and the lists that its numbers mean."""

    before: Programme
    after: Programme
    window: Window
    tiers: tuple[str, ...]
    kinds: Kinds
    epochs: list[datetime]
    campaigns: tuple[str, ...]

    def told(self, hidden: Sequence[str]) -> dict[str, Any]:
        """`hidden`: products that the draft would not show."""
        gone = set(hidden)
        return {
            "tiers": self.tiers,
            "asins": list(self.kinds.of),
            "kinds": list(self.kinds.of.values()),
            "kind_count": len(self.kinds),
            "epochs": [one.isoformat() for one in self.epochs],
            "days": [one.isoformat() for one in self.window.days],
            "minor_per_major": minor_per_major(self.before.store.currency),
            "sides": [
                self._side(document) | {"hidden": [asin in gone for asin in self.kinds.of]}
                for document in (self.before, self.after)
            ],
        }

    def _side(self, document: Programme) -> dict[str, Any]:
        factors, normals, campaigns = [], [], []
        numbers = {code: number for number, code in enumerate(self.campaigns, 1)}
        for epoch in self.epochs:
            for tier in self.tiers:
                for category, asin in self.kinds.members:
                    found = member_factor(document, tier, asin or "", category, epoch + self.window.shift)
                    factors.append(found.points_per_major)
                    normals.append(found.normal_points_per_major or 0)
                    campaigns.append(numbers[found.campaign] if found.campaign is not None else 0)
        conversion = document.conversion
        return {
            "charged": document.pricing.included == "charged",
            "free_delivery": [document.tier(tier).benefits.free_delivery for tier in self.tiers],
            "factors": factors,
            "normals": normals,
            "campaigns": campaigns,
            "least_percent": conversion.min_points_share_percent,
            "most_percent": conversion.max_points_share_percent,
            "step": conversion.points_step,
            "tolerance": conversion.drift_tolerance_basis_points,
        }


def rules(before: Programme, after: Programme, window: Window, products: Mapping[str, str | None]) -> Rules:
    """Of the current document and the draft, for these products (asin → category)."""
    documents = (as_published(before), as_published(after))
    return Rules(
        *documents,
        window,
        tier_codes(documents),
        kinds(documents, products),
        epochs(documents, window),
        campaign_codes(documents),
    )
