"""A campaign that is under way when the year ends: a quarter more points for every purchase, a fifth of the members
held out. The purchases are those of real households who never heard of it, so an honest report finds no uplift."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time, timedelta

from loyalty.campaigns import watching
from loyalty.database import Connection
from loyalty.programme import publishing, reading
from loyalty.programme.document import Programme

CODE = "a-quarter-more"
BEGAN_DAYS_AGO, DAYS_LEFT = 20, 14


def first_day(ends_before: date) -> date:
    """The day on which it begins, of a year that ends before that day."""
    return ends_before - timedelta(days=BEGAN_DAYS_AGO)


def begin(connection: Connection, program_id: int, ends_before: date) -> None:
    """Publish it and list its members at the session's instant, at once: the present never sees it unlisted."""
    published = reading.current(connection, program_id)
    if any(campaign.code == CODE for campaign in published.document.campaigns):
        return
    starts_at = datetime.combine(first_day(ends_before), time(), UTC)
    facts = json.loads(published.document.model_dump_json())
    facts["campaigns"] = [
        *facts["campaigns"],
        {
            "code": CODE,
            "name": "A quarter more points",
            "state": "running",
            "starts_at": starts_at.isoformat(),
            "ends_at": (datetime.combine(ends_before, time(), UTC) + timedelta(days=DAYS_LEFT)).isoformat(),
            "earn_multiplier_percent": 125,
            "budget_minor": 500_000,
            "funder": facts["points"]["funder"],
            "holdout_percent": 20,
        },
    ]
    document = Programme.model_validate_json(json.dumps(facts))
    with connection.transaction():
        publishing.publish(
            connection, program_id, document, based_on=published.version, actor="past:catalogue-manager",
            why="A campaign for three weeks",
        )  # fmt: skip
        watching.watch(connection)
        watching.measure(connection)
