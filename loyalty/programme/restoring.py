"""What rolling back to an earlier version would publish: its settings, but what was done with a campaign stays done.

A campaign that has begun is not started, resumed, ended or removed by it: its state, start, end and what is fixed of it
are today's, and one that has left does not come back. Rate, budget, cap and name are those of the earlier version.
What is switched off stays off: whoever rolls back a price does not know why redeeming was stopped.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from loyalty.database import Connection
from loyalty.programme import messages, reading
from loyalty.programme.changes.campaigns import has_started
from loyalty.programme.comparing import Change, changes
from loyalty.programme.document import Programme
from loyalty.programme.schema.campaigns import Audience, Campaign

# What publishing would refuse to change once a campaign has begun, and what was done with it.
KEPT = ("state", "starts_at", "ends_at", "time_zone", "segment", "scope", "funder", "holdout_percent")


@dataclass(frozen=True, slots=True)
class Kept:
    """A campaign that is not as that version has it. `now`: with its state and times of today; `stays`: that version
    does not know it; `gone`: it has left and does not come back."""

    code: str
    name: str | None
    how: Literal["now", "stays", "gone"]


@dataclass(frozen=True, slots=True)
class Restored:
    """The document that would follow, and the campaigns that it does not take from the earlier version."""

    document: Programme
    kept: tuple[Kept, ...]


def restored(current: reading.Published, old: reading.Published, at: datetime) -> Restored:
    """What `old` says, where `current` is published."""
    campaigns, kept = _campaigns(current.document.campaigns, old.document.campaigns, at)
    # A version from before a message existed has no text for it: today's.
    texts = {key: (current if key in old.lacking else old).document.messages[key] for key in messages.TEMPLATES}
    document = old.document.model_copy(
        update={
            "messages": texts,
            "campaigns": campaigns,
            "features": current.document.features,
            "audiences": _audiences(current.document, old.document, campaigns, at),
        }
    )
    return Restored(document, kept)


def preview(
    connection: Connection, program_id: int, old: reading.Published
) -> tuple[tuple[Change, ...], tuple[Kept, ...]]:
    """What rolling back to it would change of what is published now, and what it would leave."""
    current = reading.current(connection, program_id)
    would = restored(current, old, now(connection))
    before, after = (one.model_dump(mode="json") for one in (current.document, would.document))
    return tuple(changes(before, after)), would.kept


def now(connection: Connection) -> datetime:
    """The database's time."""
    row = connection.execute("select clock.now() as now").fetchone()
    assert row is not None
    at: datetime = row["now"]
    return at


def _campaigns(
    today: tuple[Campaign, ...], then: tuple[Campaign, ...], at: datetime
) -> tuple[tuple[Campaign, ...], tuple[Kept, ...]]:
    known = {campaign.code: campaign for campaign in today}
    found: list[Campaign] = []
    kept: list[Kept] = []
    for old in then:
        campaign = known.pop(old.code, None)
        if campaign is None:
            if has_started(old, at):
                kept.append(Kept(old.code, old.name, "gone"))
            else:
                found.append(old)
            continue
        back = _back(campaign, old, at)
        found.append(back)
        if any(getattr(back, name) != getattr(old, name) for name in KEPT):
            kept.append(Kept(old.code, campaign.name, "now"))
    for campaign in known.values():
        if has_started(campaign, at):
            found.append(campaign)
            kept.append(Kept(campaign.code, campaign.name, "stays"))
    return tuple(found), tuple(kept)


def _back(today: Campaign, old: Campaign, at: datetime) -> Campaign:
    if today.state == old.state and not has_started(today, at) and not has_started(old, at):
        return old
    if today.kind != old.kind:
        return today
    return old.model_copy(update={name: getattr(today, name) for name in KEPT})


def _audiences(today: Programme, old: Programme, campaigns: tuple[Campaign, ...], at: datetime) -> tuple[Audience, ...]:
    """That version's; those that campaigns which have begun ask for mean what they mean today."""
    asked = {campaign.segment.audience for campaign in campaigns if has_started(campaign, at)}
    known = {audience.code: audience for audience in today.audiences if audience.code in asked}
    return (
        *(known.pop(audience.code, audience) for audience in old.audiences),
        *known.values(),
    )
