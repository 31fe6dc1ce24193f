"""Noting when what a member could have changes: what forecasts of stock learn from."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from loyalty.catalogue.prices import shelf_rules
from loyalty.catalogue.visibility import Everybody
from loyalty.database import Connection
from loyalty.programme import reading
from loyalty.refusal import Refusal


@dataclass(frozen=True, slots=True)
class Watch:
    """One programme's look at the shelf, by its rules of the moment it was made."""

    program_id: int
    rules: str
    slow_days: int

    def note(self, connection: Connection, asins: Sequence[str]) -> int:
        """Note those of these products that are not as they were; how many. Again notes nothing."""
        row = connection.execute(
            "select catalogue.note_availability(%s, %s::jsonb, %s, %s) as noted",
            (self.program_id, self.rules, self.slow_days, list(asins)),
        ).fetchone()
        assert row is not None
        return int(row["noted"])


def watch(connection: Connection, program_id: int) -> Watch | None:
    """Of the programme as it is published now; None while nothing is."""
    row = connection.execute("select clock.now() as now").fetchone()
    assert row is not None
    try:
        document = reading.current(connection, program_id).document
    except Refusal:
        return None
    rules = shelf_rules(document, row["now"], audience=Everybody())
    return Watch(program_id, json.dumps(rules), document.catalogue.slow_delivery_days)
