"""Campaigns: what a version must say of them to be published, and what is fixed once one has started.

Whoever compares treated members with those held out needs both groups as they were picked, and whoever pays knows what
for: start, segment, scope, kind, funder and holdout stay. The end may move to any instant from now on; budgets may
grow, and the ledger refuses one below what is spent (points.set_budgets).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from loyalty.invalid import Problem
from loyalty.programme.document import Programme
from loyalty.programme.schema.campaigns import Campaign


@dataclass(frozen=True, slots=True)
class Standing:
    """What is so when a version is to be published. `used`: codes of campaigns that have spent or promised money."""

    at: datetime
    used: frozenset[str] = frozenset()


def problems(before: Programme | None, after: Programme, standing: Standing) -> Iterable[Problem]:
    """What keeps `after` from following `before`; each with its field."""
    yield from _of_document(after)
    known = {campaign.code: campaign for campaign in before.campaigns} if before else {}
    for place, campaign in enumerate(after.campaigns):
        field = f"campaigns.{place}"
        if (earlier := known.get(campaign.code)) is not None:
            yield from _of_change(earlier, campaign, field, standing.at)
        elif campaign.code in standing.used:
            yield Problem(f"{field}.code", "a campaign of this code has spent money before; take another code")
    if before is not None:
        yield from _of_audiences(before, after, standing.at)


def has_started(campaign: Campaign, at: datetime) -> bool:
    """Whether members may have had something of it."""
    return campaign.state != "draft" and campaign.starts_at <= at


def _of_document(document: Programme) -> Iterator[Problem]:
    audiences = {audience.code for audience in document.audiences}
    for place, campaign in enumerate(document.campaigns):
        field = f"campaigns.{place}"
        if campaign.segment.audience is not None and campaign.segment.audience not in audiences:
            yield Problem(f"{field}.segment.audience", "there is no such audience")
        if campaign.kind == "bonus" and campaign.scope.asins:
            yield Problem(f"{field}.scope.asins", "a purchase tells its categories, not single products")
        if campaign.state == "exhausted":
            yield Problem(f"{field}.state", "the budget says that; want it running, paused or ended")


def _of_change(before: Campaign, after: Campaign, field: str, at: datetime) -> Iterator[Problem]:
    if not has_started(before, at):
        return
    fixed = "the campaign has started; this stays as it is"
    if after.starts_at != before.starts_at:
        yield Problem(f"{field}.starts_at", fixed)
    if after.kind != before.kind:
        changed = "earn_multiplier_percent" if before.kind == "bonus" else "conversion_points_per_major"
        yield Problem(f"{field}.{changed}", fixed)
    if after.funder != before.funder:
        yield Problem(f"{field}.funder", fixed)
    if after.holdout_percent != before.holdout_percent:
        yield Problem(f"{field}.holdout_percent", fixed)
    for name in ("tiers", "countries", "audience"):
        if getattr(after.segment, name) != getattr(before.segment, name):
            yield Problem(f"{field}.segment.{name}", fixed)
    for name in ("categories", "asins"):
        if getattr(after.scope, name) != getattr(before.scope, name):
            yield Problem(f"{field}.scope.{name}", fixed)
    if after.state == "draft":
        yield Problem(f"{field}.state", "the campaign has started; pause or end it instead")
    if after.ends_at != before.ends_at and after.ends_at < at:
        yield Problem(f"{field}.ends_at", "this is over already; end it now or later")


def _of_audiences(before: Programme, after: Programme, at: datetime) -> Iterator[Problem]:
    """Who is in a running campaign does not change because somebody edits what its audience means."""
    asked = {
        campaign.segment.audience
        for campaign in before.campaigns
        if has_started(campaign, at) and campaign.state_at(at) != "ended"
    }
    meant = {audience.code: audience.conditions() for audience in before.audiences}
    for place, audience in enumerate(after.audiences):
        if audience.code in asked and meant.get(audience.code) != audience.conditions():
            yield Problem(f"audiences.{place}", "a campaign that has started asks for it; this stays as it is")
