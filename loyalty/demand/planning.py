"""What a night begins with: its last whole day, the model, and what campaigns will take off, as far as is planned."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, timedelta

from loyalty.database import Connection
from loyalty.programme import reading
from loyalty.programme.document import Programme
from loyalty.programme.schema.campaigns import Campaign
from loyalty.refusal import Refusal


@dataclass(frozen=True, slots=True)
class Plan:
    """`model`, `artefact`, `days_old`: of the model that forecasts, None while there is none. `earlier`: a night whose
    forecasts can be held against what happened since. `slow_days`: later than that is slow, by programme.
    `own_stock`: what the programmes keep themselves."""

    as_of: date
    model: str | None
    artefact: str | None
    days_old: float | None
    drifted: bool
    earlier: str | None
    slow_days: dict[int, int]
    own_stock: tuple[Kept, ...]
    campaigns: tuple[Cheaper, ...]


@dataclass(frozen=True, slots=True)
class Kept:
    """A product that a programme keeps itself: what is ordered comes after `lead_days`."""

    program_id: int
    asin: str
    lead_days: int
    service_percent: int


@dataclass(frozen=True, slots=True)
class Cheaper:
    """A campaign that makes products cheaper by a `share` of their price, from the first day to the last, UTC.

    `category` or `asin` '': of any.
    """

    program_id: int
    campaign: str
    from_on: date
    until_on: date
    category: str
    asin: str
    share: float


def plan(connection: Connection) -> Plan:
    """Tonight's. Programmes that have not been published yet have neither campaigns nor days."""
    row = connection.execute("select * from demand.plan_night()").fetchone()
    assert row is not None
    documents = dict(_documents(connection, row["program_ids"] or []))
    return Plan(
        as_of=row["as_of"],
        model=row["model"],
        artefact=row["artefact"],
        days_old=row["days_old"],
        drifted=row["drifted"],
        earlier=row["earlier"],
        slow_days={program: document.catalogue.slow_delivery_days for program, document in documents.items()},
        own_stock=tuple(
            Kept(program, one.asin, one.lead_days, one.service_percent)
            for program, document in documents.items()
            for one in document.catalogue.own_stock
        ),
        campaigns=tuple(one for program, document in documents.items() for one in cheaper(program, document)),
    )


def cheaper(program_id: int, document: Programme) -> Iterator[Cheaper]:
    """What the document's campaigns take off. The base factor is what they are held against: most members pay it."""
    for campaign in document.campaigns:
        factor = campaign.conversion_points_per_major
        share = 0.0 if factor is None else 1 - factor / document.conversion.points_per_major
        if campaign.state == "draft" or share <= 0:
            continue
        since = campaign.starts_at.astimezone(UTC).date()
        until = (campaign.ends_at - timedelta(microseconds=1)).astimezone(UTC).date()
        for category, asin in _about(campaign):
            yield Cheaper(program_id, campaign.code, since, until, category, asin, share)


def _about(campaign: Campaign) -> list[tuple[str, str]]:
    """Categories and products, each '' where any."""
    categories = campaign.scope.categories or ("",)
    return [(category, asin) for category in categories for asin in campaign.scope.asins or ("",)]


def _documents(connection: Connection, program_ids: list[int]) -> Iterator[tuple[int, Programme]]:
    for program_id in program_ids:
        try:
            yield program_id, reading.current(connection, program_id).document
        except Refusal:
            continue
