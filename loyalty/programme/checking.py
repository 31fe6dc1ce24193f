"""Whether a document may follow the one that is published: by itself, and after what members have done meanwhile."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError

from loyalty.database import Connection
from loyalty.invalid import MOST, Problem, problems_of
from loyalty.programme import logo, messages
from loyalty.programme.changes import campaigns
from loyalty.programme.document import Programme


def parsed(document: Any) -> tuple[Programme | None, list[Problem]]:
    """The document if it is one, else what is wrong with it."""
    try:
        return Programme.model_validate_json(json.dumps(document)), []
    except ValidationError as failure:
        return None, problems_of(failure)


def problems(connection: Connection, program_id: int, before: Programme, after: Programme) -> list[Problem]:
    """Every reason not to publish `after` where `before` is current, by path into `after`; none: it may be."""
    found = [Problem(wrong.field, wrong.reason) for wrong in messages.problems(after)]
    found += not_carried_out(after)
    found += _logo(connection, program_id, before, after)
    found += _store(connection, program_id, before, after)
    found += _tiers(connection, program_id, before, after)
    found += _campaigns(connection, program_id, before, after)
    found += _budgets(connection, program_id, before, after)
    return found[:MOST]


def not_carried_out(document: Programme) -> Iterator[Problem]:
    """What the document can say and nothing would follow from."""
    if document.points.expiry.kind == "activity":
        yield Problem("points.expiry.kind", "points lapse at a fixed time only: expiry by activity is not carried out")


def _logo(connection: Connection, program_id: int, before: Programme, after: Programme) -> Iterator[Problem]:
    digest = after.brand.logo
    if digest and digest != before.brand.logo and logo.read(connection, program_id, digest) is None:
        yield Problem("brand.logo", "nobody uploaded this logo: upload it again")


def _store(connection: Connection, program_id: int, before: Programme, after: Programme) -> Iterator[Problem]:
    changed = [name for name in ("region", "currency") if getattr(before.store, name) != getattr(after.store, name)]
    if changed and _redeemed(connection, program_id):
        for name in changed:
            yield Problem(f"store.{name}", "cannot change any more: members have redeemed in this store")


def _redeemed(connection: Connection, program_id: int) -> bool:
    row = connection.execute("select redemptions.any_yet(%s) as redeemed", (program_id,)).fetchone()
    return row is not None and bool(row["redeemed"])


def _tiers(connection: Connection, program_id: int, before: Programme, after: Programme) -> Iterator[Problem]:
    known = {tier.code for tier in after.tiers.levels} | set(after.tiers.replaced)
    gone = ({tier.code for tier in before.tiers.levels} | set(before.tiers.replaced)) - known
    if not gone:
        return
    row = connection.execute("select members.tiers_in_use(%s, %s) as codes", (program_id, sorted(gone))).fetchone()
    for code in sorted(row["codes"] if row is not None else ()):
        yield Problem(f"tiers.replaced.{code}", "members are in this level: say which level stands for it")


def _campaigns(connection: Connection, program_id: int, before: Programme, after: Programme) -> Iterator[Problem]:
    """What may not change of campaigns that have started, and what no campaign may ask for."""
    row = connection.execute(
        "select clock.now() as now, array(select b.campaign from points.budgets(%s) b"
        " where b.spent_minor + b.reserved_minor > 0) as used",
        (program_id,),
    ).fetchone()
    assert row is not None
    yield from campaigns.problems(before, after, campaigns.Standing(row["now"], frozenset(row["used"])))


def _budgets(connection: Connection, program_id: int, before: Programme, after: Programme) -> Iterator[Problem]:
    """What publishing itself would refuse (points.set_budgets), said beforehand and all at once."""
    known = {campaign.code: campaign for campaign in before.campaigns}
    changed = [
        (number, campaign)
        for number, campaign in enumerate(after.campaigns)
        if (was := known.get(campaign.code)) is None
        or was.budget_minor > campaign.budget_minor
        or was.funder != campaign.funder
    ]
    if not changed and before.store.currency == after.store.currency:
        return
    rows = connection.execute("select * from points.budgets(%s)", (program_id,)).fetchall()
    used = {row["campaign"]: row for row in rows if row["spent_minor"] + row["reserved_minor"] > 0}
    for number, campaign in changed:
        if (row := used.get(campaign.code)) is None:
            continue
        if campaign.funder != row["funder"]:
            yield Problem(f"campaigns.{number}.funder", "has paid already: another funder needs another campaign")
        elif campaign.budget_minor < row["spent_minor"] + row["reserved_minor"]:
            yield Problem(
                f"campaigns.{number}.budget_minor", "is below what is spent or promised in open quotes already"
            )
