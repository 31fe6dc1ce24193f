"""What two documents do to the same redemptions, as lists that SQL can look things up in.

The past 90 days stand for the coming 90: whatever happened at an instant is priced as if it happened 90 days later,
so that a campaign which is still to come counts on the days it will run. Within an epoch the same campaigns are on;
products of a kind have the same factor; a campaign that is not for everybody is a door, and a class is who passes which
doors.
Every factor is asked of the function that prices quotes.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from loyalty.catalogue.prices import MemberFactor, member_factor, minor_per_major
from loyalty.programme.document import Programme
from loyalty.programme.schema.campaigns import Campaign, Segment, Shopper

DAYS = 90
WINDOW = timedelta(days=DAYS)
# Within one stretch of 90 days. More would be campaigns that begin and end every other day.
MAX_EPOCHS = 80
# Each doubles the classes.
MAX_DOORS = 5
# A country that no member lives in: for whoever has passed a door.
PASSED = "ZZ"


@dataclass(frozen=True, slots=True)
class Window:
    """The past that is replayed, and how far it is moved ahead (nothing: to see whether it gives what is recorded)."""

    since: datetime
    until: datetime
    shift: timedelta = WINDOW

    @property
    def days(self) -> list[datetime]:
        """When each day of it begins."""
        return [self.since + timedelta(days=day) for day in range(-(-(self.until - self.since) // timedelta(days=1)))]

    def sees(self, campaign: Campaign) -> bool:
        """Whether it is on at some time of the stretch that is priced."""
        starts, ends = self.since + self.shift, self.until + self.shift
        wanted = campaign.state in ("scheduled", "running")
        return wanted and campaign.starts_at < ends and campaign.ends_at > starts


class Kind(NamedTuple):
    """Products that are priced alike: by their category under each document, and alone those that a campaign names."""

    category_before: str | None
    category_after: str | None
    asin: str | None


class Door(NamedTuple):
    """Who gets what a campaign gives, beside its tiers."""

    campaign: str
    countries: tuple[str, ...]
    audience: str | None
    holdout_percent: int


@dataclass(frozen=True, slots=True)
class Rules:
    """Two documents as SQL's `simulation.replay` takes them, and the lists that its numbers mean.

    The last kind is all products that nobody knows; the last tier, without a name, all that neither document has.
    """

    before: Programme
    after: Programme
    window: Window
    tiers: tuple[str, ...]
    kinds: tuple[Kind, ...]
    kind_of: Mapping[str, int]
    epochs: tuple[datetime, ...]
    doors: tuple[Door, ...]
    campaigns: tuple[str, ...]

    def told(self, hidden: Collection[str]) -> dict[str, Any]:
        """`hidden`: products that the draft would not show."""
        gone = set(hidden)
        return {
            "tiers": self.tiers,
            "asins": list(self.kind_of),
            "kinds": list(self.kind_of.values()),
            "kind_count": len(self.kinds),
            "epochs": [one.isoformat() for one in self.epochs],
            "days": [one.isoformat() for one in self.window.days],
            "doors": [door._asdict() for door in self.doors],
            "minor_per_major": minor_per_major(self.before.store.currency),
            "sides": [
                self._side(0, self.before),
                self._side(1, self.after) | {"hidden": [asin in gone for asin in self.kind_of]},
            ],
        }

    def factor(self, side: int, epoch: datetime, tier: str, passed: Collection[Door], kind: Kind) -> MemberFactor:
        """What a member of that tier who passes these doors pays for a product of that kind."""
        document = _for_whom((self.before, self.after)[side], self.doors, passed)
        return _factor(document, epoch + self.window.shift, tier, kind, side)

    def classes(self) -> list[list[Door]]:
        """Every set of doors, by the number whose bits name them."""
        return [
            [door for place, door in enumerate(self.doors) if number >> place & 1]
            for number in range(1 << len(self.doors))
        ]

    def _side(self, side: int, document: Programme) -> dict[str, Any]:
        numbers = {code: number for number, code in enumerate(self.campaigns, 1)}
        meant = [_for_whom(document, self.doors, passed) for passed in self.classes()]
        factors, normals, campaigns = [], [], []
        # Most epochs, tiers and classes see the same campaigns as another.
        known: dict[tuple[tuple[str, ...], str, Kind], MemberFactor] = {}
        for epoch in self.epochs:
            at = epoch + self.window.shift
            for tier in self.tiers:
                for one in meant:
                    on = tuple(campaign.code for campaign in one.campaigns if campaign.applies(at))
                    for kind in self.kinds:
                        found = known.get((on, tier, kind))
                        if found is None:
                            found = known[on, tier, kind] = _factor(one, at, tier, kind, side)
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


def rules(
    before: Programme, after: Programme, window: Window, categories: Mapping[str, tuple[str | None, str | None]]
) -> Rules:
    """Of the current document and the draft; `categories`: of each product, under both."""
    documents = (before, after)
    seen = [
        campaign
        for document in documents
        for campaign in document.campaigns
        if campaign.kind == "discount" and window.sees(campaign)
    ]
    named = {asin for campaign in seen for asin in campaign.scope.asins}
    numbers: dict[Kind, int] = {}
    kind_of = {}
    for asin, (was, will) in categories.items():
        kind_of[asin] = numbers.setdefault(Kind(was, will, asin if asin in named else None), len(numbers) + 1)
    tiers = dict.fromkeys(tier.code for document in documents for tier in document.tiers.levels)
    changes = {instant - window.shift for campaign in seen for instant in (campaign.starts_at, campaign.ends_at)}
    inside = sorted(one for one in changes if window.since < one < window.until)
    doors = dict.fromkeys(door for campaign in seen if (door := door_of(campaign)))
    return Rules(
        before,
        after,
        window,
        (*tiers, ""),
        (*numbers, Kind(None, None, None)),
        kind_of,
        (window.since, *inside[: MAX_EPOCHS - 1]),
        tuple(doors)[:MAX_DOORS],
        tuple(dict.fromkeys(campaign.code for document in documents for campaign in document.campaigns)),
    )


def door_of(campaign: Campaign) -> Door | None:
    """What a member must be beside of a tier; None if nothing."""
    segment = campaign.segment
    if not segment.countries and segment.audience is None and campaign.holdout_percent == 0:
        return None
    return Door(campaign.code, tuple(sorted(segment.countries)), segment.audience, campaign.holdout_percent)


def _for_whom(document: Programme, doors: Collection[Door], passed: Collection[Door]) -> Programme:
    """The document for somebody who passes exactly these doors; what has a door that is not counted does nothing."""
    campaigns = []
    for campaign in document.campaigns:
        door = door_of(campaign)
        if door is None:
            campaigns.append(campaign)
        elif door in doors and door in passed:
            # Still a campaign that is not for everybody: those never set the price that all members see.
            segment = Segment(tiers=campaign.segment.tiers, countries=(PASSED,))
            campaigns.append(campaign.model_copy(update={"segment": segment, "holdout_percent": 0}))
    return document.model_copy(update={"campaigns": tuple(campaigns)})


def for_all(document: Programme) -> Programme:
    """The document as it is for whoever takes part in nothing that is not for everybody."""
    return _for_whom(document, (), ())


def _factor(document: Programme, at: datetime, tier: str, kind: Kind, side: int) -> MemberFactor:
    return member_factor(document, Shopper(0, tier, PASSED), kind.asin or "", kind[side], at)
